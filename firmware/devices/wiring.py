"""What can be wired to which pin: the values that drivers open and documents are drawn from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from firmware.devices import header
from firmware.devices.controls import Button, Knob, Led
from firmware.devices.quadrature import Detent


class Controller(StrEnum):
    """The chip of a display."""

    SSD1306 = "ssd1306"
    SSD1309 = "ssd1309"
    SH1106 = "sh1106"


class Bus(StrEnum):
    """How a display is connected."""

    I2C = "i2c"
    SPI = "spi"


class Screen(StrEnum):
    """The size of a display, across its corners: which module lies behind the panel's window."""

    INCH_0_96 = "0.96 inch"
    INCH_1_3 = "1.3 inch"


class Sound(StrEnum):
    """What makes the sound."""

    USB = "usb"
    I2S = "i2s"


Position = tuple[float, float]
"""Where the middle of a part is on the panel: mm to the right of its left edge, mm behind the
edge that is nearest to the player."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ButtonWiring:
    """A push button between a line and ground, or the switch in an encoder's shaft.

    Attributes:
        name: What it is called on the board.
        pin: Its GPIO line.
        press: What it does, or None while the firmware has no use for it.
        long_press: What holding it does besides, or None.
        position_mm: Where it is on the panel, or None without an enclosure.
    """

    name: str
    pin: int
    press: Button | None = None
    long_press: Button | None = None
    position_mm: Position | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderWiring:
    """A rotary encoder, its common contact at ground.

    Attributes:
        name: What it is called on the board.
        a: GPIO line of the contact that leads clockwise.
        b: GPIO line of the other.
        detent: How much of a cycle there is between two detents.
        turns: What it turns, or None while the firmware has no use for it.
        push: The switch in its shaft, or None.
        position_mm: Where it is on the panel, or None without an enclosure.
    """

    name: str
    a: int
    b: int
    detent: Detent = Detent.FULL
    turns: Knob | None = None
    push: ButtonWiring | None = None
    position_mm: Position | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LedWiring:
    """A light between a line and ground, with its resistor.

    Attributes:
        name: What it is called on the board.
        pin: Its GPIO line.
        lights: What it shows: one or more of the instrument's lights.
        position_mm: Where it is on the panel, or None without an enclosure.
    """

    name: str
    pin: int
    lights: tuple[Led, ...]
    position_mm: Position | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayWiring:
    """The screen of 128 by 64 pixels.

    Attributes:
        controller: Its chip.
        bus: How it is connected.
        address: On I²C, 0x3C or 0x3D for these chips.
        chip_select: On SPI, 0 or 1.
        data_command: GPIO line of D/C, on SPI only.
        reset: GPIO line of RES, on SPI only.
        upside_down: Whether it is mounted with its connector below.
        screen: The module's size.
        position_mm: Where the middle of its lit area is on the panel, or None without an enclosure.
    """

    controller: Controller
    bus: Bus = Bus.I2C
    address: int = 0x3C
    chip_select: int = 0
    data_command: int | None = None
    reset: int | None = None
    upside_down: bool = False
    screen: Screen = Screen.INCH_0_96
    position_mm: Position | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PotentiometerWiring:
    """A potentiometer at a channel of the MCP3008.

    Attributes:
        name: What it is called on the board.
        channel: 0..7.
        turns: What it turns, or None while the firmware has no use for it.
        position_mm: Where it is on the panel, or None without an enclosure.
    """

    name: str
    channel: int
    turns: Knob | None = None
    position_mm: Position | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """The printed box.

    Attributes:
        panel_mm: Width and depth of the panel.
        height_mm: From the table to the top of the panel.
        title_mm: Middle of the instrument's name on the panel, or None for no name.
    """

    panel_mm: Position
    height_mm: float
    title_mm: Position | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardFile:
    """One board.

    Attributes:
        name: What it is called.
        models: The Raspberry Pis that it is made for.
        display: Its screen.
        sound: What makes the sound; I²S takes lines of its own.
        serial_console: Whether the UART's lines are left to a console.
        buttons: Its push buttons, without those in the encoders.
        encoders: Its rotary encoders.
        leds: Its lights.
        converter_select: Chip select of the MCP3008, 0 or 1; only with potentiometers.
        potentiometers: At the MCP3008.
        enclosure: The box that the kit prints for it, or None.
    """

    name: str
    models: tuple[str, ...]
    display: DisplayWiring
    sound: Sound = Sound.USB
    serial_console: bool = False
    buttons: tuple[ButtonWiring, ...] = ()
    encoders: tuple[EncoderWiring, ...] = ()
    leds: tuple[LedWiring, ...] = ()
    converter_select: int = 1
    potentiometers: tuple[PotentiometerWiring, ...] = ()
    enclosure: Enclosure | None = None

    @property
    def switches(self) -> tuple[ButtonWiring, ...]:
        """Everything that can be pressed."""
        return (*self.buttons, *(e.push for e in self.encoders if e.push is not None))

    @property
    def uses_spi(self) -> bool:
        """Whether anything is on the SPI bus."""
        return self.display.bus is Bus.SPI or bool(self.potentiometers)

    def positions(self) -> Iterator[tuple[Position | None, str]]:
        """Where each part is on the panel, with what it is called."""
        yield self.display.position_mm, "display"
        for button in self.buttons:
            yield button.position_mm, f"buttons.{button.name}"
        for encoder in self.encoders:
            yield encoder.position_mm, f"encoders.{encoder.name}"
        for led in self.leds:
            yield led.position_mm, f"leds.{led.name}"
        for potentiometer in self.potentiometers:
            yield potentiometer.position_mm, f"potentiometers.{potentiometer.name}"

    def pins(self) -> Iterator[tuple[int, str]]:
        """Every GPIO line that the board itself uses, with what for."""
        for button in self.buttons:
            yield button.pin, f"buttons.{button.name}.pin"
        for encoder in self.encoders:
            yield encoder.a, f"encoders.{encoder.name}.a"
            yield encoder.b, f"encoders.{encoder.name}.b"
            if encoder.push is not None:
                yield encoder.push.pin, f"encoders.{encoder.name}.push_pin"
        for led in self.leds:
            yield led.pin, f"leds.{led.name}.pin"
        if self.display.data_command is not None:
            yield self.display.data_command, "display.data_command"
        if self.display.reset is not None:
            yield self.display.reset, "display.reset"

    def buses(self) -> Iterator[tuple[str, Mapping[int, str]]]:
        """The functions of the header that are in use, each with its lines."""
        yield "the HAT's EEPROM", header.HAT_EEPROM
        if self.display.bus is Bus.I2C:
            yield "I²C", header.I2C
        if self.uses_spi:
            yield "SPI", header.SPI
        if self.sound is Sound.I2S:
            yield "I²S", header.I2S
        if self.serial_console:
            yield "the serial console", header.UART
