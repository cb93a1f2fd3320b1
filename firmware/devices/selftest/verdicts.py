"""What the wires say of a part: a verdict, a sentence and the remedy. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from firmware.devices.header import PIN_OF_GPIO
from firmware.devices.potentiometers import END, FULL_SCALE
from firmware.devices.selftest.heard import Heard
from firmware.devices.selftest.parts import Kind, Part
from firmware.devices.wires import line

FEW_MOVES: Final = 3
"""More of a line that nobody touches, and nothing holds it."""

JITTER: Final = 60
"""More of a reading that nobody touches, of 0..1023, and nothing holds it."""

STILL: Final = 20
"""A reading that changed by less did not change."""


class Outcome(StrEnum):
    """How a part is, in the doctor's words."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"
    NOT_ASKED = "not asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The verdict on a part.

    Attributes:
        part: Which one.
        outcome: How it is.
        sentence: What was seen.
        remedy: What helps, or an empty string.
    """

    part: Part
    outcome: Outcome
    sentence: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AtRest:
    """What was seen while no hand was near.

    Attributes:
        restless: Wires that moved by themselves.
        low: Lines that were low, as if pressed.
    """

    restless: frozenset[str] = frozenset()
    low: frozenset[str] = frozenset()


def at_rest(heard: Heard) -> AtRest:
    """What the hands-off question showed."""
    spans = heard.spans
    return AtRest(
        restless=frozenset(
            wire
            for wire, (low, high) in spans.items()
            if (high - low > JITTER if high > 1 else heard.moves.get(wire, 0) > FEW_MOVES)
        ),
        low=frozenset(wire for wire, level in heard.levels.items() if level == 0),
    )


def not_asked(part: Part) -> Result:
    """Nothing is known of it."""
    return Result(part=part, outcome=Outcome.NOT_ASKED, sentence="it was not asked for")


def judge(part: Part, heard: Sequence[Heard], rest: AtRest, owners: Mapping[str, Part]) -> Result:
    """The verdict on a part.

    Args:
        part: The part.
        heard: What came of its questions, the first of them at least.
        rest: What was seen before.
        owners: What each wire of the board belongs to.
    """
    found = _restless(part, rest) or _JUDGES[part.kind](_Case(part, tuple(heard), rest, owners))
    outcome, sentence, remedy = found
    return Result(part=part, outcome=outcome, sentence=sentence, remedy=remedy)


_Found = tuple[Outcome, str, str]


@dataclass(frozen=True, slots=True)
class _Case:
    part: Part
    heard: tuple[Heard, ...]
    rest: AtRest
    owners: Mapping[str, Part]

    @property
    def wire(self) -> str:
        return self.part.wires[0]

    @property
    def last(self) -> Heard:
        return self.heard[-1]

    def moves(self, wire: str) -> int:
        return sum(heard.moves.get(wire, 0) for heard in self.heard)


def _ok(sentence: str) -> _Found:
    return Outcome.OK, sentence, ""


def _warning(sentence: str, remedy: str) -> _Found:
    return Outcome.WARNING, sentence, remedy


def _fault(sentence: str, remedy: str) -> _Found:
    return Outcome.FAULT, sentence, remedy


def _restless(part: Part, rest: AtRest) -> _Found | None:
    wires = [wire for wire in part.wires if wire in rest.restless]
    if not wires:
        return None
    if part.kind is Kind.POTENTIOMETERS:
        return _fault(
            f"{wires[0]} jumps without being touched", "its wiper, the middle leg, is open"
        )
    return _fault(
        f"{_places(wires)} moves without being touched: nothing pulls it up",
        "its wire is loose, is on another pin, or lies beside one that carries a signal",
    )


def _switch(case: _Case) -> _Found:
    heard, wire = case.last, case.wire
    is_low = heard.levels.get(wire) == 0
    if is_low and (wire in case.rest.low or not heard.moves.get(wire)):
        return _stuck(wire)
    if is_low:
        return _fault(
            f"{_place(wire)} stayed low after it was let go", "the switch is jammed or broken"
        )
    if not heard.moves.get(wire):
        return _another(case, [wire]) if heard.strangers else _open(wire)
    if heard.together:
        return _fault(
            f"{_names(case, heard.together)} answers as well",
            f"look for solder between {_pins([wire, *heard.together])}",
        )
    if heard.chatters:
        return _warning(
            f"its contact chatters: {heard.moves[wire]} moves of one press",
            "solder its wires anew; if that does not help, the switch is worn",
        )
    return _ok(f"{_place(wire)} answers")


def _open(wire: str) -> _Found:
    return _fault(
        f"nothing came from {_place(wire)}",
        f"join its other leg to ground, and its wire to {_pin(wire)}",
    )


def _stuck(wire: str) -> _Found:
    return _fault(
        f"{_place(wire)} reads as pressed without being touched",
        f"look for a short between {_pin(wire)} and ground; of four legs take two that a meter "
        "joins only while it is pressed",
    )


def _encoder(case: _Case) -> _Found:
    silent = [wire for wire in case.part.wires if not case.moves(wire)]
    if silent:
        return _silent_contacts(case, silent)
    far = case.part.quarters
    first, last = case.heard[0].quarters, case.last.quarters
    if first <= -far < far <= last:
        return _fault(
            "it turns the other way: A and B are swapped",
            f"exchange the wires at {_pins(case.part.wires)}",
        )
    if any(heard.chatters for heard in case.heard):
        return _warning("its contacts chatter", "join C to ground anew; else the encoder is worn")
    if last <= -far < far <= first:
        return _ok(f"{_places(case.part.wires)} answer, the right way round")
    if abs(first) >= far and abs(last) >= far:
        return _warning(
            "both turns were heard as one way", "ask again, and turn it clockwise, then back"
        )
    return _warning(
        "it is heard only now and then", "join C to ground anew, and ask again, turning slowly"
    )


def _silent_contacts(case: _Case, silent: list[str]) -> _Found:
    heard = case.heard[0]
    if heard.strangers and not all(heard.levels.get(wire) == 0 for wire in silent):
        return _another(case, silent)
    names = dict(zip(case.part.wires, "AB", strict=True))
    said = " and ".join(f"{names[wire]}, {_place(wire)}," for wire in silent)
    if all(heard.levels.get(wire) == 0 for wire in silent):
        return _fault(
            f"{said} stays low".replace(", stays", " stays"),
            f"look for a short between {_pins(silent)} and ground",
        )
    if len(silent) == 2:
        return _fault(
            f"nothing came from {_places(silent)}",
            f"join C, between A and B, to ground, and A and B to {_pins(silent)}",
        )
    return _fault(
        f"{names[silent[0]]}, {_place(silent[0])}, did not move, the other contact did",
        f"join its wire to {_pin(silent[0])}",
    )


def _light(case: _Case) -> _Found:
    if case.last.is_seen is None:
        return _warning("nobody said whether it shines", "ask again, and answer")
    if case.last.is_seen:
        return _ok("it was seen")
    return _fault(
        f"it was not seen on {_place(case.wire)}",
        "turn it round: its longer leg goes to the resistor; if another one shone, exchange their "
        "wires",
    )


def _potentiometer(case: _Case) -> _Found:
    heard, wire = case.heard, case.wire
    spans = [one.span for one in heard if one.span is not None]
    if not spans:
        return _fault(
            f"nothing came from {wire}: the MCP3008 does not answer",
            "sudo continuo doctor --only potentiometers, and check its wires",
        )
    low, high = min(span[0] for span in spans), max(span[1] for span in spans)
    if high - low < STILL:
        strangers = [stranger for one in heard for stranger in one.strangers]
        if strangers:
            return _fault(
                f"{_names(case, strangers)} answered in its place",
                f"exchange the wires at {' and '.join([wire, *dict.fromkeys(strangers)])}",
            )
        return _fault(f"{wire} stands still at {low}", f"join its middle leg to {wire}")
    begins, ends = heard[0].levels[wire], case.last.levels[wire]
    right = FULL_SCALE - END
    if begins >= right and ends <= END:
        return _fault("it turns the other way", "exchange its two outer legs")
    if low > END or high < right:
        lacks = "its left end" if low > END else "its right end"
        lacks = "either end" if low > END and high < right else lacks
        return _fault(
            f"it does not reach {lacks}: {low} to {high} of 0 to {FULL_SCALE}",
            "join its outer legs to 3V3 and to ground, straight",
        )
    return _ok(f"{wire} reaches both ends")


def _another(case: _Case, silent: list[str]) -> _Found:
    """The wires of another part moved instead."""
    strangers = list(case.heard[0].strangers)
    names = _names(case, strangers)
    if len(silent) == len(case.part.wires):
        sentence = f"{names} answered in its place"
    else:
        side = "A" if silent[0] == case.part.wires[0] else "B"
        sentence = f"{names} answered in the place of {side}"
    if len(silent) == len(strangers) == 1:
        return _fault(sentence, f"exchange the wires at {_pins([*silent, *strangers])}")
    return _fault(sentence, f"exchange the wires at {_pins(silent)} with {_pins(strangers)}")


def _names(case: _Case, wires: Iterable[str]) -> str:
    return " and ".join(dict.fromkeys(case.owners[wire].name for wire in wires))


def _place(wire: str) -> str:
    return f"{wire} ({_pin(wire)})"


def _places(wires: Iterable[str]) -> str:
    return " and ".join(_place(wire) for wire in wires)


def _pin(wire: str) -> str:
    return f"pin {_PINS[wire]}" if wire in _PINS else wire


def _pins(wires: Iterable[str]) -> str:
    return " and ".join(_pin(wire) for wire in wires)


_PINS: Final = MappingProxyType({line(gpio): pin for gpio, pin in PIN_OF_GPIO.items()})

_JUDGES: Final[Mapping[Kind, Callable[[_Case], _Found]]] = MappingProxyType(
    {
        Kind.BUTTONS: _switch,
        Kind.ENCODERS: lambda case: _switch(case) if len(case.part.wires) == 1 else _encoder(case),
        Kind.LEDS: _light,
        Kind.POTENTIOMETERS: _potentiometer,
    }
)
