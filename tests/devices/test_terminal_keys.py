"""What the keys of a computer's keyboard do to the simulated devices."""

import pytest
from PIL import Image

from firmware.devices.board import simulated_board
from firmware.devices.controls import Button, Knob, Led
from firmware.devices.terminal import as_blocks
from firmware.devices.terminal_keys import ACTIONS, TerminalHands
from firmware.devices.terminal_picture import LEAST_COLUMNS, LEAST_ROWS, Sight, Style, picture
from firmware.engine.clock import VirtualClock
from firmware.midi.messages import MidiMessage, NoteOff, NoteOn

MS = 1_000_000


class Desk:
    """Hands on a board, and everything that comes of a key."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        board = simulated_board(self.clock.now_ns)
        self.heard: list[tuple[int, MidiMessage]] = []
        self.pressed: list[Button] = []
        self.held: list[Button] = []
        self.turned: list[tuple[Knob, int]] = []
        self.stops = 0
        board.keyboard.open(lambda m, at_ns: self.heard.append((at_ns // MS, m)))
        board.buttons.open(
            lambda button, _: self.pressed.append(button),
            lambda button, _: self.held.append(button),
        )
        board.knobs.open(lambda knob, clicks, _: self.turned.append((knob, clicks)))
        self.hands = TerminalHands(
            keyboard=board.keyboard,
            buttons=board.buttons,
            knobs=board.knobs,
            now_ns=self.clock.now_ns,
            stop=self._stop,
        )

    def _stop(self) -> None:
        self.stops += 1

    def at(self, ms: int, key: str = "") -> None:
        """Press a key at a millisecond."""
        self.clock.advance_to(ms * MS)
        self.hands.run_due()
        self.hands.press(key)


def test_a_note_ends_by_itself() -> None:
    desk = Desk()
    desk.at(0, "a")
    desk.at(399)
    assert desk.heard == [(0, NoteOn(pitch=60, velocity=80))]
    desk.at(400)
    assert desk.heard[1:] == [(400, NoteOff(pitch=60))]
    assert desk.hands.left_s() is None


def test_a_note_that_is_struck_again_ends_before() -> None:
    desk = Desk()
    desk.at(0, "k")
    desk.at(200, "k")
    assert [type(m) for _, m in desk.heard] == [NoteOn, NoteOff, NoteOn]


def test_a_key_that_repeats_because_it_is_held_prolongs_its_note() -> None:
    desk = Desk()
    for ms in range(0, 1500, 30):
        desk.at(ms, "d")
    assert len(desk.heard) == 1
    desk.at(1469 + 400)
    assert len(desk.heard) == 1
    desk.at(1470 + 400)
    assert desk.heard[1:] == [(1870, NoteOff(pitch=64))]


def test_octaves_stay_within_the_keyboard() -> None:
    desk = Desk()
    for _ in range(20):
        desk.at(0, "x")
    desk.at(0, "k")
    for _ in range(20):
        desk.at(0, "z")
    desk.at(0, "a")
    assert [m.pitch for _, m in desk.heard if isinstance(m, NoteOn)] == [120, 0]


def test_all_fingers_come_off() -> None:
    desk = Desk()
    for key in "adg":
        desk.at(0, key)
    desk.hands.release_all()
    assert [m.pitch for _, m in desk.heard if isinstance(m, NoteOff)] == [60, 64, 67]


def test_every_button_and_dial_has_a_key_and_unknown_keys_have_none() -> None:
    desk = Desk()
    for key in ACTIONS:
        desk.at(0, key)
    assert set(desk.pressed) == set(Button)
    assert {(knob, clicks) for knob, clicks in desk.turned} == {
        (knob, clicks) for knob in Knob for clicks in (-1, 1)
    }
    assert desk.held == [Button.STOP]
    assert desk.stops == 3
    before = len(desk.heard)
    for key in ("é", "f12", "", "Q"):
        desk.at(0, key)
    assert len(desk.heard) == before


def shown(sight: Sight, columns: int, rows: int, *, is_unicode: bool = True) -> list[str]:
    lines = picture(sight, columns, rows, is_unicode=is_unicode)
    assert len(lines) <= rows
    texts = ["".join(piece.text for piece in line) for line in lines]
    assert all(len(text) <= columns for text in texts)
    return texts


def test_half_blocks_are_two_pixels_high() -> None:
    image = Image.new("1", (4, 2))
    image.putpixel((1, 0), 255)
    image.putpixel((2, 1), 255)
    image.paste(255, (3, 0, 4, 2))
    assert as_blocks(image) == " ▀▄█"


@pytest.mark.parametrize(("columns", "rows", "full"), [(128, 40, "█" * 128), (80, 24, "⣿" * 64)])
def test_the_screen_is_as_large_as_the_window_allows(columns: int, rows: int, full: str) -> None:
    texts = shown(Sight(frame=Image.new("1", (128, 64), 255), news=("No sound",)), columns, rows)
    assert texts.count(full) == 64 // (2 if columns == 128 else 4)
    assert texts[-1] == " No sound"


@pytest.mark.parametrize("size", [(LEAST_COLUMNS - 1, 40), (200, LEAST_ROWS - 1), (1, 1)])
def test_a_window_that_is_too_small_says_so(size: tuple[int, int]) -> None:
    texts = shown(Sight(), *size)
    if size != (1, 1):
        assert f"{size[0]} by {size[1]}" in " ".join(texts)
    assert shown(Sight(), LEAST_COLUMNS, LEAST_ROWS)[0].startswith(" ○ record")


def test_lights_are_told_apart_and_ascii_is_enough() -> None:
    lit = picture(Sight(lit=frozenset({Led.PLAY})), 80, 24)[0]
    assert [piece.style for piece in lit] == [Style.DARK, Style.DARK, Style.PLAY]
    assert "".join(shown(Sight(lit=frozenset({Led.PLAY})), 130, 50, is_unicode=False)).isascii()
