"""The simulated screen in a terminal."""

import io

from PIL import Image

from firmware.devices.terminal import ROWS, TerminalScreen, as_text

WIDTH, HEIGHT = 128, 64


def test_every_pixel_of_a_cell_is_one_dot_of_a_braille_character() -> None:
    """Unicode numbers the dots 1 to 8 down the left, down the right, then the bottom row."""
    for bit, (x, y) in enumerate([(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)]):
        image = Image.new("1", (4, 4))
        image.putpixel((2 + x, y), 255)
        assert as_text(image) == chr(0x2800) + chr(0x2800 + (1 << bit))


def test_without_braille_a_cell_is_as_dark_as_it_has_pixels() -> None:
    image = Image.new("1", (4, 4))
    image.paste(255, (2, 0, 4, 4))
    assert as_text(image, braille=False) == " #"


def test_a_frame_is_drawn_and_the_last_one_is_not_lost_on_closing() -> None:
    stream = io.StringIO()
    screen = TerminalScreen(stream)
    screen.show(Image.new("1", (WIDTH, HEIGHT), 255))
    screen.close()
    lines = stream.getvalue().split("\n")
    assert len([line for line in lines if line]) == ROWS
    assert set("".join(lines)) == {"⣿"} or set("".join(lines)) == {"#"}


def test_a_stream_that_nobody_reads_any_more_is_no_error() -> None:
    stream = io.StringIO()
    stream.close()
    closed = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    screen = TerminalScreen(closed)
    closed.close()
    screen.show(Image.new("1", (WIDTH, HEIGHT)))
    screen.close()
