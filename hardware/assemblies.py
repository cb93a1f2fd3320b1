"""What a board is made of: each part with its terminals, and where each of them goes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from firmware.devices import header as lines
from firmware.devices.controls import Knob
from firmware.devices.wiring import (
    BoardFile,
    Bus,
    DisplayWiring,
    EncoderWiring,
    LedWiring,
    Sound,
)

LED_OHM = 330


class Kind(StrEnum):
    """What a group of parts is; the name by which `continuo doctor --only` checks it."""

    DISPLAY = "display"
    SOUND = "sound"
    BUTTONS = "buttons"
    LEDS = "leds"
    ENCODERS = "encoders"
    POTENTIOMETERS = "potentiometers"


class Colour(StrEnum):
    """A wire's colour, as IEC 60757 abbreviates it."""

    BLACK = "BK"
    RED = "RD"
    ORANGE = "OG"
    YELLOW = "YE"
    GREEN = "GN"
    BLUE = "BU"
    VIOLET = "VT"
    WHITE = "WH"
    PINK = "PK"


SUPPLY_COLOURS: Mapping[str, Colour] = MappingProxyType(
    {"GND": Colour.BLACK, "3V3": Colour.RED, "5V": Colour.ORANGE}
)
"""Kept for supplies: a signal never has one of them."""

TURNS: Mapping[Knob, str] = MappingProxyType(
    {
        Knob.SELECT: "chooses a row",
        Knob.VALUE: "changes a value",
        Knob.TEMPO: "tempo",
        Knob.RISK: "creative risk",
        Knob.FIRST: "first parameter",
        Knob.SECOND: "second parameter",
    }
)
"""What a knob is for, in a word or two."""

_BUTTON_COLOURS = (Colour.BLUE, Colour.GREEN, Colour.YELLOW, Colour.WHITE, Colour.VIOLET)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One wire between two parts of a group.

    Attributes:
        part: The part that is not on the header.
        terminal: Its terminal.
        to: Terminals of the group's first part, or supplies, that it is joined to.
        colour: The one that the drawings give it.
    """

    part: str
    terminal: str
    to: str
    colour: Colour


End = tuple[str, int | str, Colour]
"""What is written at a terminal, the GPIO line or the supply it goes to, and its wire's colour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """Parts that are wired in one go, with one ground wire between them.

    Attributes:
        name: As the board file calls it, such as `encoders.menu`.
        title: For people.
        detail: Which part it is, or what it is for.
        kind: What it is.
        ends: Its terminals, in their order.
        links: Wires between its own parts.
        notes: What else is to be known, a sentence each.
    """

    name: str
    title: str
    detail: str
    kind: Kind
    ends: tuple[End, ...]
    links: tuple[Link, ...] = ()
    notes: tuple[str, ...] = ()


def assemblies(board: BoardFile) -> Iterator[Assembly]:
    """Everything that is wired to the header, in the order in which a maker should do it.

    Args:
        board: A board that `read_board` accepts.
    """
    yield _display(board.display)
    if board.sound is Sound.I2S:
        yield _converter_of_sound()
    if board.buttons:
        yield _buttons(board)
    if board.leds:
        yield _leds(board.leds)
    for encoder in board.encoders:
        yield _encoder(encoder)
    if board.potentiometers:
        yield _potentiometers(board)


def _display(display: DisplayWiring) -> Assembly:
    names = {Bus.I2C: "I²C", Bus.SPI: "SPI"}
    notes = ["Modules differ in the order of their pins: go by what is printed beside them."]
    if display.bus is Bus.I2C:
        notes.append(
            f"The address is 0x{display.address:02X}; some modules print it doubled, as "
            f"0x{display.address * 2:02X}."
        )
    return Assembly(
        name="display",
        title="Display",
        detail=f"{display.controller.value.upper()}, {names[display.bus]}",
        kind=Kind.DISPLAY,
        ends=(
            ("GND", "GND", Colour.BLACK),
            ("VCC", "3V3", Colour.RED),
            *(_i2c_ends() if display.bus is Bus.I2C else _spi_ends(display)),
        ),
        notes=tuple(notes),
    )


def _i2c_ends() -> tuple[End, ...]:
    return (
        ("SCL", _line(lines.I2C, "SCL"), Colour.YELLOW),
        ("SDA", _line(lines.I2C, "SDA"), Colour.BLUE),
    )


def _spi_ends(display: DisplayWiring) -> tuple[End, ...]:
    assert display.data_command is not None
    assert display.reset is not None
    return (
        ("D0 (clock)", _line(lines.SPI, "SCLK"), Colour.YELLOW),
        ("D1 (data)", _line(lines.SPI, "MOSI"), Colour.BLUE),
        ("RES", display.reset, Colour.WHITE),
        ("DC", display.data_command, Colour.GREEN),
        ("CS", _line(lines.SPI, f"CE{display.chip_select}"), Colour.VIOLET),
    )


def _converter_of_sound() -> Assembly:
    return Assembly(
        name="sound",
        title="Sound",
        detail="PCM5102A, I²S",
        kind=Kind.SOUND,
        ends=(
            ("VIN", "5V", Colour.ORANGE),
            ("GND", "GND", Colour.BLACK),
            ("LCK", _line(lines.I2S, "LRCLK"), Colour.GREEN),
            ("DIN", _line(lines.I2S, "DOUT"), Colour.BLUE),
            ("BCK", _line(lines.I2S, "BCLK"), Colour.YELLOW),
        ),
        notes=(
            "SCK goes to the module's own GND, where a blob of solder may already join them: the "
            "chip then makes its clock from BCK.",
            "FLT, DEMP and FMT low and XSMT high, by the module's solder bridges.",
            "GPIO20 (I²S input) belongs to the driver, too: nothing goes there.",
        ),
    )


def _buttons(board: BoardFile) -> Assembly:
    colours = _cycled(_BUTTON_COLOURS, len(board.buttons))
    return Assembly(
        name="buttons",
        title="Buttons",
        detail="line to ground",
        kind=Kind.BUTTONS,
        ends=(
            *(
                (button.name, button.pin, colour)
                for button, colour in zip(board.buttons, colours, strict=True)
            ),
            ("all other lugs", "GND", Colour.BLACK),
        ),
        notes=(
            "One lug of each button, whichever, to its line; the other lugs joined by one wire to "
            "ground.",
            "A button with four legs has two for each contact: take two that beep on a meter only "
            "while it is pressed.",
        ),
    )


def _encoder(encoder: EncoderWiring) -> Assembly:
    ends: list[End] = [
        ("A (CLK)", encoder.a, Colour.GREEN),
        ("B (DT)", encoder.b, Colour.YELLOW),
    ]
    if encoder.push is not None:
        ends.append(("switch (SW)", encoder.push.pin, Colour.BLUE))
    common = "C and switch" if encoder.push is not None else "C"
    ends.append((f"{common} (GND)", "GND", Colour.BLACK))
    return Assembly(
        name=f"encoders.{encoder.name}",
        title=f"Encoder {encoder.name}",
        detail=_use(encoder),
        kind=Kind.ENCODERS,
        ends=tuple(ends),
        notes=(
            "C, between A and B, and the switch's other leg are joined and go to ground.",
            "On a module with resistors of its own, + stays open or goes to 3V3, never to 5V.",
        ),
    )


def _use(encoder: EncoderWiring) -> str:
    turns = TURNS[encoder.turns] if encoder.turns is not None else "nothing yet"
    if encoder.push is None or encoder.push.press is None:
        return turns
    return f"{turns}; push: {encoder.push.press.value}"


def _leds(leds: tuple[LedWiring, ...]) -> Assembly:
    colours = _cycled((Colour.YELLOW, Colour.GREEN, Colour.BLUE), len(leds))
    return Assembly(
        name="leds",
        title="Lights",
        detail="line to ground",
        kind=Kind.LEDS,
        ends=(
            *(
                (f"{led.name} + ({LED_OHM} Ω)", led.pin, colour)
                for led, colour in zip(leds, colours, strict=True)
            ),
            ("all −", "GND", Colour.BLACK),
        ),
        notes=(
            f"Each light has its own resistor of {LED_OHM} Ω, in the wire to its longer leg (+).",
            "The shorter legs (−) are joined and go to ground.",
        ),
    )


def _potentiometers(board: BoardFile) -> Assembly:
    links = []
    for knob in board.potentiometers:
        part = f"Potentiometer {knob.name}"
        for terminal, to, colour in (
            ("left end", "AGND", Colour.BLACK),
            ("wiper", f"CH{knob.channel}", Colour.PINK),
            ("right end", "VREF", Colour.RED),
        ):
            links.append(Link(part=part, terminal=terminal, to=to, colour=colour))
    return Assembly(
        name="potentiometers",
        title="MCP3008",
        detail="for the potentiometers, SPI",
        kind=Kind.POTENTIOMETERS,
        ends=(
            ("VDD, VREF", "3V3", Colour.RED),
            ("AGND, DGND", "GND", Colour.BLACK),
            ("DIN", _line(lines.SPI, "MOSI"), Colour.BLUE),
            ("DOUT", _line(lines.SPI, "MISO"), Colour.GREEN),
            ("CLK", _line(lines.SPI, "SCLK"), Colour.YELLOW),
            ("CS", _line(lines.SPI, f"CE{board.converter_select}"), Colour.VIOLET),
        ),
        links=tuple(links),
        notes=(
            "Legs of the MCP3008, from the notch: CH0..CH7 are 1..8; DGND 9, CS 10, DIN 11, "
            "DOUT 12, CLK 13, AGND 14, VREF 15, VDD 16.",
            "100 nF between VDD and DGND, close to the chip.",
        ),
    )


def _line(bus: Mapping[int, str], function: str) -> int:
    return next(line for line, name in bus.items() if name == function)


def _cycled(colours: tuple[Colour, ...], count: int) -> tuple[Colour, ...]:
    return tuple(colours[index % len(colours)] for index in range(count))
