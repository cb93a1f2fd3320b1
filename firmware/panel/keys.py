"""What a hand can do at the panel, by the panel's own names: keys are pressed, dials are turned.

Every board has keys and dials of its own; which of these they are, its board file says.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType

from firmware.parameters import ParameterSpec


class Key(StrEnum):
    """Something to press."""

    RECORD = "record"
    GENERATE = "generate"
    PLAY = "play"
    STOP = "stop"
    BACK = "back"
    KEEP = "keep"
    ENTER = "enter"


class Dial(StrEnum):
    """Something to turn, click by click."""

    SELECT = "select"  # which row
    VALUE = "value"  # what the row is set to; creative risk where there are no rows
    TEMPO = "tempo"
    RISK = "risk"
    FIRST = "first"  # the technique's two main parameters
    SECOND = "second"


_PARAMETERS: Mapping[Dial, tuple[str, ...]] = MappingProxyType(
    {
        Dial.RISK: ("creative_risk",),
        Dial.FIRST: ("max_input_notes_removed", "style", "genre"),
        Dial.SECOND: ("max_notes_added", "track_extension_duration", "seed"),
    }
)
"""What a dial of its own turns: of these keys the one that the technique has."""


def spec_of(dial: Dial, specs: Iterable[ParameterSpec]) -> ParameterSpec | None:
    """The parameter that a dial turns whatever the page, of a technique's; None if it has none."""
    keys = _PARAMETERS.get(dial, ())
    return next((spec for spec in specs if spec.key in keys), None)
