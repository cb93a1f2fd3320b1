"""What is bought and mounted on the panel: outlines, with where each figure is from.

Makers differ, above all those of displays: a figure is the largest that the sources name, and the
panel leaves room for the smaller ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from firmware.devices.wiring import Screen


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelPart:
    """Something that is put through a round hole of the panel.

    Attributes:
        what: What it is.
        thread_mm: Diameter of what goes through the hole.
        panel_mm: Thinnest and thickest panel at the hole, nut and washer allowed for.
        cap_mm: Diameter and height of what is in front of the panel: knob, cap or dome.
        body_mm: Width and depth of the body behind the panel; equal ones are a diameter if `round`.
        behind_mm: From the mounting face to the end of the soldered wires.
        pocket: Whether the body sinks into a pocket, which keeps it from turning.
        round: Whether the body is round.
        source: Where the figures are from.
    """

    what: str
    thread_mm: float
    panel_mm: tuple[float, float]
    cap_mm: tuple[float, float]
    body_mm: tuple[float, float]
    behind_mm: float
    pocket: bool = False
    round: bool = False
    source: str


NUT_AND_WASHER_MM = 2.0 + 0.5
"""Of an M7 bushing. Bourns PEC11H datasheet, "Hardware"."""

ENCODER = PanelPart(
    what="rotary encoder of the EC11 kind, bushing M7, with a 20 mm knob",
    thread_mm=7.0,
    panel_mm=(1.2, 5.0 - NUT_AND_WASHER_MM),
    cap_mm=(20.0, 16.0),
    body_mm=(12.5, 13.4),
    behind_mm=16.0,
    pocket=True,
    source="Bourns PEC11R datasheet, product dimensions: 12.5 × 13.4, 6.5 deep with switch, "
    "bushing M7 × 0.75, 5 or 7 long; the EC11 of other makers is 11.7 × 12",
)
POTENTIOMETER = PanelPart(
    what="16 mm potentiometer, bushing M7, with a 20 mm knob",
    thread_mm=7.0,
    panel_mm=(1.2, 6.0 - NUT_AND_WASHER_MM),
    cap_mm=(20.0, 16.0),
    body_mm=(17.0, 17.0),
    behind_mm=20.0,
    round=True,
    source="Omeg PC16BU datasheet: body 16.9, bushing M7 × 0.75, 6 long",
)
BUTTON = PanelPart(
    what="push button with a 12 mm bushing",
    thread_mm=12.0,
    panel_mm=(1.5, 4.0),
    cap_mm=(18.2, 8.0),
    body_mm=(18.2, 18.2),
    behind_mm=24.0,
    round=True,
    source="APEM IS series datasheet: bushing 12, panel 1.5 to 4, 13 behind the panel; APEM "
    "hardware: nut 18.2 across. Room for the longer bodies of other makers",
)
LED = PanelPart(
    what="5 mm light-emitting diode",
    thread_mm=5.0,
    panel_mm=(1.2, 4.0),
    cap_mm=(5.0, 4.7),
    body_mm=(9.0, 9.0),
    behind_mm=20.0,
    round=True,
    source="The T-1¾ package: 5.0 across, 8.7 high, flange 5.9 across; its resistor is in the wire",
)
LED_FLANGE_MM = 5.9


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayModule:
    """A display on its board, which lies behind the panel with the glass towards the player.

    Attributes:
        what: What it is.
        lit_mm: Width and height of the pixels together.
        glass_mm: Width, height and thickness of the glass; its front is the front of the module.
        board_mm: Width, height and thickness of the largest board on sale.
        narrowest_mm: Width of the narrowest.
        header_mm: Width and depth of the plug, at the board's upper edge.
        behind_mm: From the back of the board to the end of a plugged wire.
        source: Where the figures are from.
    """

    what: str
    lit_mm: tuple[float, float]
    glass_mm: tuple[float, float, float]
    board_mm: tuple[float, float, float]
    narrowest_mm: float
    header_mm: tuple[float, float] = (10.5, 3.0)
    behind_mm: float = 21.0
    source: str


DISPLAYS: Mapping[Screen, DisplayModule] = MappingProxyType(
    {
        Screen.INCH_0_96: DisplayModule(
            what='0.96" display of 128 × 64, I²C, four pins',
            lit_mm=(21.74, 10.86),
            glass_mm=(26.7, 19.26, 1.42),
            board_mm=(27.8, 28.0, 1.6),
            narrowest_mm=27.0,
            source="SunFounder Pironman 5 manual, OLED screen: lit 21.74 × 10.86, glass 26.70 × "
            "19.26 × 1.42; boards on sale: 27.3 × 27.8 (LCKFB), 27.4 × 28.0 (JMD0.96A-2), 27 × 27",
        ),
        Screen.INCH_1_3: DisplayModule(
            what='1.3" display of 128 × 64, I²C, four pins',
            lit_mm=(29.42, 14.7),
            glass_mm=(34.5, 23.0, 1.6),
            board_mm=(35.5, 33.7, 1.6),
            narrowest_mm=35.0,
            source="Waveshare Pico-OLED-1.3: lit 29.42 × 14.70; boards on sale: about 35 × 33 "
            "(Silicon Chip, October 2023), 35.05 wide (Adafruit 938); glass to be measured",
        ),
    }
)

SLIDE_MM = 3.0
"""How far a display can be moved up and down behind its window: where on its board the lit area
is differs between makers by about as much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundModule:
    """A converter on a board of its own, its jack at one end.

    Attributes:
        board_mm: Width and length.
        height_mm: From the underside of the board to the end of a plugged wire.
        jack_mm: Height of the jack's axis over the underside of the board.
        source: Where the figures are from.
    """

    board_mm: tuple[float, float] = (18.0, 32.0)
    height_mm: float = 22.0
    jack_mm: float = 4.1
    source: str = "PCM5102A board with a 3.5 mm jack, measured by a buyer: 32 × 18"


SOUND_MODULE = SoundModule()
