"""What is written on the panel: what each control does, in the firmware's own words."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from firmware.devices.controls import Knob
from firmware.devices.wiring import BoardFile, ButtonWiring
from hardware.enclosure.lettering import Label
from hardware.enclosure.parts import BUTTON, ENCODER

LARGE_MM, SMALL_MM, TITLE_MM = 3.6, 2.8, 7.0
STROKE_MM: Mapping[float, float] = MappingProxyType({LARGE_MM: 0.8, SMALL_MM: 0.6, TITLE_MM: 1.2})
TITLE = "CONTINUO"

_KNOBS: Mapping[Knob, str] = MappingProxyType({Knob.SELECT: "MENU"})
"""Where the word on the panel is another than the control's own."""


def labels(board: BoardFile) -> Iterator[Label]:
    """The title, and under each control what it does; below that, what pushing and holding it does.

    Raises:
        ConfigError: If a name has a character that cannot be engraved.
    """
    if board.enclosure is not None and board.enclosure.title_mm is not None:
        yield _label(TITLE, board.enclosure.title_mm, TITLE_MM)
    for button in board.buttons:
        first = button.press.value if button.press is not None else button.name
        yield from _below(button.position_mm, BUTTON.cap_mm[0], [first, *_held(button)])
    for encoder in board.encoders:
        lines = [_turned(encoder.turns, encoder.name)]
        if encoder.push is not None and encoder.push.press is not None:
            lines.append(encoder.push.press.value)
        if encoder.push is not None:
            lines.extend(_held(encoder.push))
        yield from _below(encoder.position_mm, ENCODER.cap_mm[0], lines)
    for potentiometer in board.potentiometers:
        line = _turned(potentiometer.turns, potentiometer.name)
        yield from _below(potentiometer.position_mm, ENCODER.cap_mm[0], [line])


def _turned(knob: Knob | None, name: str) -> str:
    return name if knob is None else _KNOBS.get(knob, knob.value)


def _held(button: ButtonWiring) -> list[str]:
    return [] if button.long_press is None else [f"hold {button.long_press.value}"]


def _below(
    position: tuple[float, float] | None, cap_mm: float, lines: list[str]
) -> Iterator[Label]:
    assert position is not None  # the board file's own check
    x, y = position
    below = y - cap_mm / 2 - 1.4
    for line in lines:
        height = LARGE_MM if line == lines[0] else SMALL_MM
        below -= height / 2
        yield _label(line, (x, round(below, 3)), height)
        below -= height / 2 + 1.6


def _label(text: str, middle: tuple[float, float], height: float) -> Label:
    return Label(text=text.upper(), middle=middle, height_mm=height, stroke_mm=STROKE_MM[height])
