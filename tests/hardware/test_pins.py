"""Every pin of a board is one that can be used like that, and says so if it is not."""

from typing import TYPE_CHECKING

import pytest

from firmware.devices import header
from firmware.devices.board_file import load_board, shipped_boards
from firmware.devices.wiring import BoardFile, LedWiring
from firmware.errors import ConfigError
from hardware.header import (
    DRIVEN_AT_BOOT,
    FUNCTIONS,
    HEADER,
    SUPPLY,
    Pull,
    pin_of_line,
    supply_pins,
)
from hardware.pins import check_pins, contacts

if TYPE_CHECKING:
    from tests.hardware.conftest import BoardOf


def test_the_header_has_forty_pins_and_each_is_one_thing() -> None:
    """Twelve supply pins and lines 0 to 27, as the Raspberry Pi documentation has them."""
    assert [pin.number for pin in HEADER] == list(range(1, 41))
    assert sorted(pin.line for pin in HEADER if pin.line is not None) == list(range(28))
    assert {pin.number for pin in HEADER if pin.line is None} == set(SUPPLY)
    assert (supply_pins("3V3"), supply_pins("5V")) == ((1, 17), (2, 4))
    assert supply_pins("GND") == (6, 9, 14, 20, 25, 30, 34, 39)


@pytest.mark.parametrize(
    ("number", "line", "functions", "pull"),
    [
        (3, 2, ("I²C1 SDA",), Pull.UP),
        (7, 4, ("GPCLK0",), Pull.UP),
        (8, 14, ("UART0 TXD",), Pull.DOWN),
        (12, 18, ("I²S BCLK", "PWM0"), Pull.DOWN),
        (19, 10, ("SPI0 MOSI",), Pull.DOWN),
        (24, 8, ("SPI0 CE0",), Pull.UP),
        (27, 0, ("HAT EEPROM ID_SD",), Pull.UP),
        (37, 26, (), Pull.DOWN),
        (40, 21, ("I²S DOUT",), Pull.DOWN),
    ],
)
def test_a_pin_is_what_the_data_sheets_say(
    number: int, line: int, functions: tuple[str, ...], pull: Pull
) -> None:
    pin = HEADER[number - 1]
    assert (pin.line, pin.functions, pin.pull) == (line, functions, pull)
    assert pin_of_line(line) is pin


def test_a_function_names_lines_of_the_header_only() -> None:
    for _, lines in FUNCTIONS:
        assert set(lines) <= set(header.PIN_OF_GPIO)


@pytest.mark.parametrize("name", shipped_boards())
def test_every_pin_of_a_board_that_ships_is_well_chosen(name: str) -> None:
    """On the header, once, of no bus in use, dark and harmless until the firmware runs."""
    board = load_board(name)
    check_pins(board)
    lines = [line for line, _ in board.pins()]
    assert len(set(lines)) == len(lines)
    assert set(lines) <= set(header.PIN_OF_GPIO)
    assert not {line for _, bus in board.buses() for line in bus} & set(lines)
    assert all(pin_of_line(led.pin).pull is Pull.DOWN for led in board.leds)
    assert not set(lines) & set(DRIVEN_AT_BOOT)
    assert not set(lines) & set(header.UART), "a console can be had on any board"
    leds = {led.pin for led in board.leds}
    assert {line for _, line in contacts(board)} == set(lines) - leds


@pytest.mark.parametrize(
    ("more", "top", "display", "both"),
    [
        ("[buttons.one]\npin = 3", "", "i2c", ("buttons.one.pin is GPIO3", "SCL of I²C")),
        ("[buttons.one]\npin = 1", "", "i2c", ("buttons.one.pin is GPIO1", "ID_SC of the HAT")),
        (
            "[encoders.e]\na = 19\nb = 5",
            'sound = "i2s"',
            "i2c",
            ("encoders.e.a is GPIO19", "LRCLK of I²S"),
        ),
        (
            "[encoders.e]\na = 5\nb = 9\n[potentiometers.p]\nchannel = 0",
            "",
            "i2c",
            ("encoders.e.b is GPIO9", "MISO of SPI"),
        ),
        ("[buttons.one]\npin = 8", "", "spi", ("buttons.one.pin is GPIO8", "CE0 of SPI")),
        (
            "[buttons.one]\npin = 25",
            "",
            "spi",
            ("display.reset is GPIO25", "buttons.one.pin already"),
        ),
        (
            "[buttons.one]\npin = 15",
            "serial_console = true",
            "i2c",
            ("buttons.one.pin is GPIO15", "RXD of the serial console"),
        ),
        (
            "[encoders.e]\na = 5\nb = 6\npush_pin = 12\n[leds.l]\npin = 12\nlights = ['play']",
            "",
            "i2c",
            ("leds.l.pin is GPIO12", "encoders.e.push_pin already"),
        ),
        ("[buttons.one]\npin = 40", "", "i2c", ("buttons.one.pin is GPIO40", "40-pin header")),
    ],
)
def test_a_planted_clash_is_refused_with_both_its_users(
    board_of: "BoardOf", more: str, top: str, display: str, both: tuple[str, str]
) -> None:
    """Each kind: a bus in use, the EEPROM, the console, another part, no pin at all."""
    with pytest.raises(ConfigError) as caught:
        board_of(more, top=top, display=display)
    for user in both:
        assert user in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_light_that_would_glow_by_itself_is_refused(board_of: "BoardOf") -> None:
    board = board_of('[leds.work]\npin = 7\nlights = ["play"]')
    with pytest.raises(ConfigError, match=r"leds\.work\.pin is GPIO7.*pulled up.*from 9 on"):
        check_pins(board)


@pytest.mark.parametrize(
    ("more", "user"),
    [
        ("[buttons.one]\npin = 14", r"buttons\.one\.pin"),
        ("[encoders.e]\na = 14\nb = 15", r"encoders\.e\.a"),
        ("[encoders.e]\na = 5\nb = 6\npush_pin = 14", r"encoders\.e\.push_pin"),
    ],
)
def test_a_contact_that_would_short_the_console_is_refused(
    board_of: "BoardOf", more: str, user: str
) -> None:
    with pytest.raises(ConfigError, match=rf"{user} is GPIO14.*TXD high.*short it to ground"):
        check_pins(board_of(more))


def test_a_light_on_the_consoles_output_is_refused(board_of: "BoardOf") -> None:
    with pytest.raises(ConfigError, match=r"leds\.work\.pin is GPIO14, but a serial console"):
        check_pins(board_of('[leds.work]\npin = 14\nlights = ["play"]'))


def test_a_contact_on_a_line_that_the_pi_itself_pulls_up_is_refused(board_of: "BoardOf") -> None:
    """Without I²C lines 2 and 3 can be had, but not for a contact that expects 50 kΩ."""
    board = board_of("[buttons.one]\npin = 2", display="spi")
    with pytest.raises(ConfigError, match=r"buttons\.one\.pin is GPIO2.*1800 Ω"):
        check_pins(board)


def test_the_error_names_the_board_or_its_file() -> None:
    board = load_board("small")
    leds = (LedWiring(name="x", pin=4, lights=()),)
    changed = BoardFile(name="mine", models=board.models, display=board.display, leds=leds)
    with pytest.raises(ConfigError, match=r"^board mine: leds\.x\.pin is GPIO4"):
        check_pins(changed)
    with pytest.raises(ConfigError, match=r"^my\.toml: leds\.x"):
        check_pins(changed, source="my.toml")
