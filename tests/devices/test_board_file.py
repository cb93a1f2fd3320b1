"""A board file says what is wired where; what cannot be wired like that is one sentence."""

import os
from pathlib import Path

import pytest

from firmware.config import Config
from firmware.devices import header
from firmware.devices.board_file import (
    BOARDS,
    MAX_BYTES,
    load_board,
    read_board,
    shipped_boards,
)
from firmware.devices.controls import Button, Knob, Led
from firmware.devices.quadrature import Detent
from firmware.devices.wiring import BoardFile, Bus, Controller, Enclosure, Screen
from firmware.errors import ConfigError

HEAD = 'name = "x"\nmodels = ["Raspberry Pi 4"]\n'
OLED = '[display]\ncontroller = "ssd1306"\n'
LEAST = HEAD + OLED
SPI_OLED = HEAD + ('[display]\ncontroller = "sh1106"\nbus = "spi"\ndata_command = 24\nreset = 25\n')
AT = "position_mm = [10, 20]\n"
BOX = HEAD + "[enclosure]\npanel_mm = [100, 50]\nheight_mm = 40\n"


def button(pin: int, name: str = "one", more: str = "") -> str:
    return f"[buttons.{name}]\npin = {pin}\n{more}\n"


@pytest.mark.parametrize("name", shipped_boards())
def test_every_board_that_ships_can_be_wired(name: str) -> None:
    board = load_board(name)
    assert board.name == name
    pins = [pin for pin, _ in board.pins()]
    assert len(set(pins)) == len(pins)
    taken = {pin for _, lines in board.buses() for pin in lines}
    assert not taken & set(pins)
    # Pulled up at boot, a light would glow before anything runs.
    assert not {led.pin for led in board.leds} & header.PULLED_UP_AT_BOOT


def test_the_default_board_is_the_designs() -> None:
    """Four buttons, four encoders with push, two lights: the menu, risk, two parameters."""
    board = load_board(Config(library=Path("/music")).board)
    assert (len(board.buttons), len(board.encoders), len(board.leds)) == (4, 4, 2)
    assert all(encoder.push is not None for encoder in board.encoders)
    pressed = {c for s in board.switches for c in (s.press, s.long_press) if c is not None}
    assert pressed == set(Button)
    turned = {encoder.turns for encoder in board.encoders}
    assert turned == {Knob.SELECT, Knob.RISK, Knob.FIRST, Knob.SECOND}
    assert {light for led in board.leds for light in led.lights} == set(Led)


def test_the_small_board_has_two_encoders_and_three_buttons() -> None:
    board = load_board("small")
    assert (len(board.buttons), len(board.encoders), len(board.leds)) == (3, 2, 0)
    pressed = {c for s in board.switches for c in (s.press, s.long_press) if c is not None}
    assert pressed == set(Button), "nothing is out of reach"
    assert {encoder.turns for encoder in board.encoders} == {Knob.SELECT, Knob.VALUE}


def test_the_full_boards_variant_with_potentiometers_can_be_wired() -> None:
    """What the comment at the end of its file says."""
    text = (BOARDS / "full.toml").read_text()
    begin, end = text.index("[encoders.first]"), text.index("[leds.record]")
    text = text[:begin] + text[end:]
    text = text.replace("pin = 9\n", "pin = 12\n").replace("pin = 10\n", "pin = 16\n")
    text = text.replace("[display]", "converter_select = 1\n[display]", 1)
    text += '[potentiometers.first]\nchannel = 0\nturns = "tempo"\nposition_mm = [62, 62]\n'
    text += "[potentiometers.second]\nchannel = 1\nposition_mm = [102.5, 62]\n"
    board = read_board(text)
    assert board.uses_spi
    assert [(p.channel, p.turns) for p in board.potentiometers] == [(0, Knob.TEMPO), (1, None)]


def test_a_board_is_read_to_the_last_key() -> None:
    board = read_board(
        HEAD
        + 'sound = "usb"\nserial_console = true\nconverter_select = 1\n'
        + '[display]\ncontroller = "ssd1309"\nbus = "spi"\nchip_select = 0\n'
        + "data_command = 24\nreset = 25\nupside_down = true\n"
        + button(5, more='press = "play"\nlong_press = "stop"')
        + '[encoders.menu]\na = 17\nb = 27\ndetent = "half"\nturns = "select"\n'
        + 'push_pin = 22\npush = "back"\npush_long = "keep"\n'
        + '[leds.work]\npin = 12\nlights = ["generate", "play"]\n'
        + '[potentiometers.risk]\nchannel = 7\nturns = "value"\n'
    )
    assert (board.display.controller, board.display.bus) == (Controller.SSD1309, Bus.SPI)
    assert board.encoders[0].detent is Detent.HALF
    assert [(s.name, s.pin, s.press, s.long_press) for s in board.switches] == [
        ("one", 5, Button.PLAY, Button.STOP),
        ("menu push", 22, Button.BACK, Button.KEEP),
    ]
    assert board.leds[0].lights == (Led.GENERATE, Led.PLAY)
    assert board.potentiometers[0].channel == 7


def test_a_position_is_read_for_every_part() -> None:
    board = read_board(
        BOX
        + "title_mm = [50, 25.5]\n"
        + OLED
        + 'screen = "1.3 inch"\nposition_mm = [1, 2]\n'
        + button(5, more="position_mm = [3, 4.5]")
        + "[encoders.menu]\na = 17\nb = 27\npush_pin = 22\nposition_mm = [5, 6]\n"
        + '[leds.work]\npin = 12\nlights = ["play"]\nposition_mm = [7, 8]\n'
        + "[potentiometers.risk]\nchannel = 7\nposition_mm = [9, 10]\n"
    )
    assert {what: at for at, what in board.positions()} == {
        "display": (1, 2),
        "buttons.one": (3, 4.5),
        "encoders.menu": (5, 6),
        "leds.work": (7, 8),
        "potentiometers.risk": (9, 10),
    }
    assert board.enclosure == Enclosure(panel_mm=(100, 50), height_mm=40, title_mm=(50, 25.5))
    assert board.display.screen is Screen.INCH_1_3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (OLED, "name is missing"),
        (HEAD, "display is missing"),
        ("colour = 1\n" + LEAST, "unknown key 'colour'"),
        (LEAST + "colour = 1\n", r"display\.unknown key 'colour'"),
        (LEAST + button(5, more="colour = 1"), r"buttons\.one\.unknown key 'colour'"),
        (LEAST + "[buttons.one]\n", r"buttons\.one\.pin is missing"),
        (LEAST + "[buttons]\none = 3\n", r"buttons\.one must be a table"),
        ("buttons = 3\n" + LEAST, "buttons must be a table"),
        ("encoders = { x = 3 }\n" + LEAST, r"encoders\.x must be a table"),
        (LEAST + "[encoders.x]\na = 5\n", r"encoders\.x\.b is missing"),
        (LEAST + '[encoders.x]\na = 5\nb = 6\npush = "back"\n', "push_pin is missing"),
        (LEAST + "[encoders.x]\na = 5\nb = 6\nc = 7\n", r"encoders\.x\.unknown key 'c'"),
        (LEAST + button(28), "is GPIO28, which is not on the 40-pin header"),
        (LEAST + button(-1), "is GPIO-1, which is not on the 40-pin header"),
        (LEAST + button(2), "is GPIO2, which is SDA of I²C in use"),
        (LEAST + button(0), "is GPIO0, which is ID_SD of the HAT's EEPROM in use"),
        ('sound = "i2s"\n' + LEAST + button(21), "is GPIO21, which is DOUT of I²S in use"),
        ("serial_console = true\n" + LEAST + button(14), "GPIO14, which is TXD of the serial"),
        (SPI_OLED + button(8), "is GPIO8, which is CE0 of SPI in use"),
        (SPI_OLED + button(24), "is GPIO24|already"),
        (
            LEAST + "[potentiometers.x]\nchannel = 0\n" + button(7),
            "is GPIO7, which is CE1 of SPI in use",
        ),
        (
            LEAST + button(5) + button(5, "two"),
            r"buttons\.two\.pin is GPIO5, which is buttons\.one\.pin already",
        ),
        (LEAST + "[encoders.x]\na = 5\nb = 5\n", r"x\.b is GPIO5, which is encoders\.x\.a already"),
        (LEAST + button(5, more='press = "sing"'), "press must be one of record, generate"),
        (
            LEAST + button(5, more='press = "play"') + button(6, "two", 'long_press = "play"'),
            "'play' is pressed in two places",
        ),
        (LEAST + "reset = 5\n", "a display on I²C has no"),
        (LEAST.replace("ssd1306", "ssd1306'") + 'bus = "spi"\n', "controller must be one of"),
        (LEAST + 'bus = "spi"\n', "a display on SPI needs"),
        (LEAST + "address = 100\n", r"address must be a whole number in 60\.\.61"),
        (
            SPI_OLED.replace("[display]", "converter_select = 0\n[display]")
            + "[potentiometers.x]\nchannel = 0\n",
            "share chip select 0",
        ),
        (
            LEAST + "[potentiometers.x]\nchannel = 0\n[potentiometers.y]\nchannel = 0\n",
            r"potentiometers\.y\.channel is 0, which is that of x already",
        ),
        (LEAST + button(5).replace("5", "true"), "must be the number of a GPIO line"),
        (LEAST + button(5).replace("5", "0x" + "f" * 5000), "must be the number of a GPIO line"),
        (LEAST + "[leds.x]\npin = 5\nlights = []\n", "must be a list of texts"),
        ("models = 3\n" + 'name = "x"\n' + OLED, "models must be a list of texts"),
        (BOX + OLED, r"display\.position_mm is missing, and there is an enclosure"),
        (BOX + OLED + "position_mm = [10, 51]\n", "10, 51, which is off the panel of 100 by 50 mm"),
        (BOX + OLED + AT + button(5), r"buttons\.one\.position_mm is missing"),
        (LEAST + "position_mm = [10]\n", r"display\.position_mm must be two lengths in mm"),
        (LEAST + "position_mm = [10, nan]\n", "must be a length in mm up to 1000, got nan"),
        (LEAST + "position_mm = [0, 5]\n", "must be a length in mm up to 1000, got 0"),
        (LEAST + 'screen = "2 inch"\n', r"screen must be one of 0\.96 inch, 1\.3 inch"),
        (LEAST + "[enclosure]\npanel_mm = [9, 9]\n", r"enclosure\.height_mm is missing"),
        (BOX + "colour = 1\n" + OLED, r"enclosure\.unknown key 'colour'"),
        ("name = ", "is not TOML"),
    ],
)
def test_what_cannot_be_wired_is_one_sentence(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        read_board(text)
    assert "\n" not in str(caught.value)


def test_a_board_is_found_by_name_or_by_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(LEAST)
    assert load_board(str(path)) == read_board(LEAST)
    assert isinstance(load_board("small"), BoardFile)
    with pytest.raises(ConfigError, match=r"there is no board 'large' \(full, small, or the path"):
        load_board("large")
    with pytest.raises(ConfigError, match="there is no board"):
        load_board(str(tmp_path / "none.toml"))
    path.write_bytes(b"\xff\xfe")
    for unreadable in (path, tmp_path.with_name("x.toml")):
        if unreadable.exists():
            with pytest.raises(ConfigError, match="cannot be read"):
                load_board(str(unreadable))
    (tmp_path / "folder.toml").mkdir()
    os.mkfifo(tmp_path / "pipe.toml")
    path.write_text(LEAST + "#" + "x" * MAX_BYTES)
    for name in ("folder.toml", "pipe.toml", "mine.toml"):
        with pytest.raises(ConfigError, match="cannot be read"):
            load_board(str(tmp_path / name))
    with pytest.raises(ConfigError, match=r"~nobody-at-all/x\.toml cannot be read"):
        load_board("~nobody-at-all/x.toml")
