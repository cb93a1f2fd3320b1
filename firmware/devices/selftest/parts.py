"""What can be asked for: the parts of a board file, and what a hand is to do with each."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from firmware.devices.controls import Led
from firmware.devices.quadrature import QUARTERS
from firmware.devices.wires import channel, line
from firmware.devices.wiring import BoardFile, ButtonWiring, EncoderWiring, Position
from firmware.errors import DeviceError


class Kind(StrEnum):
    """The kinds of parts, as board file and `continuo doctor` call them."""

    BUTTONS = "buttons"
    ENCODERS = "encoders"
    LEDS = "leds"
    POTENTIOMETERS = "potentiometers"


class Gesture(StrEnum):
    """What a hand is asked to do."""

    REST = "rest"
    PRESS = "press"
    PUSH = "push"
    CLOCKWISE = "clockwise"
    BACK = "back"
    LEFT = "left"
    RIGHT = "right"
    LOOK = "look"


WORDS: Final[Mapping[Gesture, tuple[str, str]]] = MappingProxyType(
    {
        Gesture.REST: ("Hands off", "wait 3 seconds"),
        Gesture.PRESS: ("Press", "and let go"),
        Gesture.PUSH: ("Push", "and let go"),
        Gesture.CLOCKWISE: ("Turn", "clockwise, 4 clicks"),
        Gesture.BACK: ("Turn", "back again, 4 clicks"),
        Gesture.LEFT: ("Turn", "to its left end"),
        Gesture.RIGHT: ("Turn", "to its right end"),
        Gesture.LOOK: ("Look at", "does it shine?"),
    }
)
"""What to do, before and behind the part's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Something that is asked for by itself.

    Attributes:
        key: What it is called in the board file.
        kind: What it is.
        name: What the maker calls it.
        gestures: What is asked, one after the other.
        wires: What it is wired to; of an encoder A first.
            quarters: Of an encoder, between two detents.
        lights: Of a light: what it shows.
        position_mm: Where it is on the panel, or None without an enclosure.
    """

    key: str
    kind: Kind
    name: str
    gestures: tuple[Gesture, ...]
    wires: tuple[str, ...] = ()
    quarters: int = 4
    lights: tuple[Led, ...] = ()
    position_mm: Position | None = None

    @property
    def control(self) -> str:
        """What the maker puts a hand to."""
        name = self.key.partition(".")[2]
        return name.removesuffix(".push") if Gesture.PUSH in self.gestures else name


def parts_of(board: BoardFile) -> tuple[Part, ...]:
    """Every part of a board, in the order in which it is wired."""
    return tuple(_parts(board))


def chosen_parts(parts: Iterable[Part], names: Iterable[str]) -> tuple[Part, ...]:
    """Parts by the names of the board file: `buttons`, `encoders.menu`, `leds.work`.

    Args:
        parts: To choose from.
        names: Which; all of them if there are none.

    Raises:
        DeviceError: If the board has none of a name.
    """
    parts, names = tuple(parts), tuple(names)
    for name in names:
        if not any(_is_called(part, name) for part in parts):
            known = dict.fromkeys(key for part in parts for key in (part.kind.value, part.key))
            raise DeviceError(f"the board has no {name[:40]}", remedy=f"it has {', '.join(known)}")
    return tuple(part for part in parts if not names or any(_is_called(part, n) for n in names))


def _is_called(part: Part, name: str) -> bool:
    return f"{part.key}.".startswith(f"{name}.")


def _parts(board: BoardFile) -> Iterator[Part]:
    for button in board.buttons:
        yield _switch(f"buttons.{button.name}", Kind.BUTTONS, Gesture.PRESS, button)
    for led in board.leds:
        yield Part(
            key=f"leds.{led.name}",
            kind=Kind.LEDS,
            name=f"{led.name} light",  # its button may be called the same
            gestures=(Gesture.LOOK,),
            wires=(line(led.pin),),
            lights=led.lights,
            position_mm=led.position_mm,
        )
    for encoder in board.encoders:
        yield from _encoder(encoder)
    for potentiometer in board.potentiometers:
        yield Part(
            key=f"potentiometers.{potentiometer.name}",
            kind=Kind.POTENTIOMETERS,
            name=potentiometer.name,
            gestures=(Gesture.LEFT, Gesture.RIGHT),
            wires=(channel(potentiometer.channel),),
            position_mm=potentiometer.position_mm,
        )


def _encoder(encoder: EncoderWiring) -> Iterator[Part]:
    key = f"encoders.{encoder.name}"
    yield Part(
        key=key,
        kind=Kind.ENCODERS,
        name=encoder.name,
        gestures=(Gesture.CLOCKWISE, Gesture.BACK),
        wires=(line(encoder.a), line(encoder.b)),
        quarters=QUARTERS[encoder.detent],
        position_mm=encoder.position_mm,
    )
    if encoder.push is not None:
        push = _switch(f"{key}.push", Kind.ENCODERS, Gesture.PUSH, encoder.push)
        yield replace(push, position_mm=encoder.position_mm)


def _switch(key: str, kind: Kind, gesture: Gesture, switch: ButtonWiring) -> Part:
    return Part(
        key=key,
        kind=kind,
        name=switch.name,
        gestures=(gesture,),
        wires=(line(switch.pin),),
        position_mm=switch.position_mm,
    )
