"""The Raspberry Pi's 40-pin header, pin by pin: what each is, can be, and does while it starts.

Which line is on which pin and which lines the buses take, the firmware knows already; this adds
supply pins, the other functions, and how a line behaves before a program has touched it.

Reference:
    Raspberry Pi documentation, "GPIO and the 40-pin header" and "Configuring UARTs".
    BCM2835 ARM Peripherals, section 6.2 (alternative functions and pull at reset); BCM2711 ARM
    Peripherals, section 5.3; RP1 Peripherals (Raspberry Pi 5), the pads' reset values.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from firmware.devices import header

PINS = range(1, 41)

SUPPLY: Mapping[int, str] = MappingProxyType(
    {
        # pin: what it is joined to
        1: "3V3", 17: "3V3", 2: "5V", 4: "5V",
        6: "GND", 9: "GND", 14: "GND", 20: "GND", 25: "GND", 30: "GND", 34: "GND", 39: "GND",
    }
)  # fmt: skip

PWM: Mapping[int, str] = MappingProxyType({12: "PWM0", 13: "PWM1", 18: "PWM0", 19: "PWM1"})
GPCLK: Mapping[int, str] = MappingProxyType({4: "GPCLK0", 5: "GPCLK1", 6: "GPCLK2"})

FUNCTIONS: tuple[tuple[str, Mapping[int, str]], ...] = (
    ("HAT EEPROM", header.HAT_EEPROM),
    ("I²C1", header.I2C),
    ("SPI0", header.SPI),
    ("I²S", header.I2S),
    ("UART0", header.UART),
    ("PWM", PWM),
    ("GPCLK", GPCLK),
)
"""What a line is besides an input and an output, each with the lines that it takes."""

BOARD_PULL_UP_OHM: Mapping[int, int] = MappingProxyType({2: 1800, 3: 1800})
"""Resistors on the Pi itself, which no program takes off."""

PULL_UP_OHM = (33_000, 73_000)
"""Every line's own pull-up, smallest and largest: BCM2711; on BCM2837 50 to 65 kΩ."""

DRIVEN_AT_BOOT: Mapping[int, str] = MappingProxyType(
    {
        0: "the Pi's boot code looks for a HAT's EEPROM",
        1: "the Pi's boot code looks for a HAT's EEPROM",
        14: "a serial console holds its TXD high",
    }
)
"""Lines that something else than the firmware may drive, with what does."""


class Pull(StrEnum):
    """Where a line is drawn to from power-up until a program says otherwise."""

    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One pin of the header.

    Attributes:
        number: 1..40; odd ones are the row away from the board's edge.
        name: `GPIO17`, `3V3`, `5V` or `GND`.
        line: GPIO line, or None for a supply pin.
        functions: What the line can be besides, such as `SPI0 MOSI`.
        pull: Of the line from power-up on, or None for a supply pin.
    """

    number: int
    name: str
    line: int | None = None
    functions: tuple[str, ...] = ()
    pull: Pull | None = None


def _pins() -> Iterator[Pin]:
    line_of_pin = {pin: line for line, pin in header.PIN_OF_GPIO.items()}
    for number in PINS:
        if number in SUPPLY:
            yield Pin(number=number, name=SUPPLY[number])
            continue
        line = line_of_pin[number]
        yield Pin(
            number=number,
            name=f"GPIO{line}",
            line=line,
            functions=tuple(
                f"{name} {lines[line]}" if name not in ("PWM", "GPCLK") else lines[line]
                for name, lines in FUNCTIONS
                if line in lines
            ),
            pull=Pull.UP if line in header.PULLED_UP_AT_BOOT else Pull.DOWN,
        )


HEADER: tuple[Pin, ...] = tuple(_pins())
"""All 40, by number. The same on the Raspberry Pi 4, 5 and Zero 2 W."""


def pin_of_line(line: int) -> Pin:
    """The pin that a GPIO line is on."""
    return HEADER[header.PIN_OF_GPIO[line] - 1]


def supply_pins(name: str) -> tuple[int, ...]:
    """The pins of one supply: `3V3`, `5V` or `GND`."""
    return tuple(number for number, supply in SUPPLY.items() if supply == name)
