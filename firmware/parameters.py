"""Every knob of the instrument, once.

The panel, knobs, MIDI control changes, the command line, the control socket and saved
presets all read this table; nothing else knows a range, a default or a meaning.
"""

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar, Final

from firmware.errors import ParameterError

Number = float | int
Value = Number | str
"""A parameter's value: what is counted or measured, or the choice that was made."""

# Turning a parameter of many steps from end to end takes no more than this many clicks.
_CLICKS_END_TO_END = 100

OWN_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")
"""What a trainer may call a value of their own, such as a genre."""


class Technique(StrEnum):
    """What can be done to a melody."""

    ENHANCE = "enhance"
    ACCOMPANY = "accompany"
    EXTEND = "extend"

    @property
    def past(self) -> str:
        """What a melody is afterwards: enhanced, accompanied, extended."""
        return _PAST[self]

    @property
    def is_continuation(self) -> bool:
        """Whether what is new comes after the melody: there one begins to listen."""
        return self is Technique.EXTEND


_PAST: Mapping[Technique, str] = MappingProxyType(
    {
        Technique.ENHANCE: "enhanced",
        Technique.ACCOMPANY: "accompanied",
        Technique.EXTEND: "extended",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterSpec(ABC):
    """One parameter, a number or a choice: its users need not ask which.

    Attributes:
        key: Its name on the command line, in JSON and in presets.
        label: What the player reads, 16 characters at most.
        techniques: Where it has an effect.
        default: What an untouched knob stands for.
        meaning: One sentence a player understands.
        kinds: What its values are in Python and in JSON.
    """

    kinds: ClassVar[tuple[type, ...]]
    key: str
    label: str
    techniques: frozenset[Technique]
    default: Value
    meaning: str

    @property
    @abstractmethod
    def range_text(self) -> str:
        """The values that there are, for a person who is about to give one."""

    @abstractmethod
    def checked(self, value: object) -> Value:
        """The value as given by a person, or a refusal that names those that there are.

        Raises:
            ParameterError: If there is no such value.
        """

    @abstractmethod
    def turned(self, value: Value, clicks: int) -> Value:
        """The value after some clicks of a knob without end stops; the ends of the range stop it.

        Raises:
            ParameterError: If the value to start from is none of this parameter.
        """

    @abstractmethod
    def at(self, position: float) -> Value:
        """The value of a knob with end stops, from 0.0 at the left one to 1.0 at the right one."""

    @abstractmethod
    def position(self, value: Value) -> float:
        """Where a knob with end stops would stand for a value, from 0.0 to 1.0.

        Raises:
            ParameterError: If the value is none of this parameter.
        """

    @abstractmethod
    def text(self, value: Value) -> str:
        """The value as the player reads it; `checked` reads it back.

        Raises:
            ParameterError: If the value is none of this parameter.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberSpec(ParameterSpec):
    """A parameter that is counted or measured.

    Attributes:
        default: What an untouched knob stands for.
        low: Smallest value.
        high: Largest value.
        step: One click of a knob; an integer step makes an integer parameter.
        unit: What it counts, or an empty string.
    """

    kinds: ClassVar[tuple[type, ...]] = (int, float)
    default: Number
    low: Number
    high: Number
    step: Number
    unit: str

    @property
    def is_integer(self) -> bool:
        """Whether only whole numbers make sense."""
        return isinstance(self.step, int)

    @property
    def range_text(self) -> str:
        """The smallest and the largest value."""
        return f"{self.low:g} to {self.high:g}"

    def checked(self, value: object) -> Number:
        """A number in the range; text may carry the unit."""
        number = _number(value.strip().removesuffix(self.unit) if isinstance(value, str) else value)
        inside = self.low <= number <= self.high
        if not inside or (self.is_integer and number != int(number)):
            kind = "a whole number" if self.is_integer else "a number"
            unit = f" {self.unit}" if self.unit else ""
            raise ParameterError(
                f"{self.key} must be {kind} in {self.low:g}..{self.high:g}{unit}, got {value!s:.80}"
            )
        return int(number) if self.is_integer else float(number)

    def turned(self, value: Value, clicks: int) -> Number:
        """So many steps further; of a long range, several steps for each click."""
        stride = max(round((self.high - self.low) / self.step / _CLICKS_END_TO_END), 1)
        return self._nearest(self.checked(value) + clicks * stride * self.step)

    def at(self, position: float) -> Number:
        """In proportion to the way that the knob was turned."""
        return self._nearest(self.low + position * (self.high - self.low))

    def position(self, value: Value) -> float:
        """In proportion to the value."""
        return (self.checked(value) - self.low) / (self.high - self.low)

    def text(self, value: Value) -> str:
        """The number to two decimals, and its unit."""
        known = self.checked(value)
        number = f"{known:d}" if isinstance(known, int) else f"{known:.2f}".rstrip("0").rstrip(".")
        return f"{number}{self.unit}" if self.unit == "%" else f"{number} {self.unit}".strip()

    def _nearest(self, value: float) -> Number:
        """The nearest value that a knob can reach: on the step grid, inside of the range."""
        inside = min(max(value, self.low), self.high)
        value = self.low + round((inside - self.low) / self.step) * self.step
        return int(value) if self.is_integer else round(value, 6)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceSpec(ParameterSpec):
    """A parameter with a few named values.

    Attributes:
        default: What an untouched knob stands for.
        choices: The values in the order in which a knob goes through them, two or more.
        is_open: Whether a model may bring values of its own. Any `OWN_NAME` is one then as far
            as this table knows; who looks for the model knows whether it is installed.
    """

    kinds: ClassVar[tuple[type, ...]] = (str,)
    default: str
    choices: tuple[str, ...]
    is_open: bool = False

    @property
    def range_text(self) -> str:
        """The choices."""
        last = "your own" if self.is_open else self.choices[-1]
        others = self.choices if self.is_open else self.choices[:-1]
        return f"{', '.join(others)} or {last}"

    def with_more(self, names: Iterable[str]) -> "ChoiceSpec":
        """The same parameter with what is installed behind the choices that it has.

        Raises:
            ParameterError: If a name cannot be a value of this parameter.
        """
        found = dict.fromkeys((*self.choices, *sorted(map(self.checked, names))))
        return replace(self, choices=tuple(found))

    def checked(self, value: object) -> str:
        """The choice as the table writes it; capital and small letters are the same."""
        wanted = value.strip().casefold() if isinstance(value, str) else ""
        for choice in self.choices:
            if choice.casefold() == wanted:
                return choice
        if self.is_open and OWN_NAME.fullmatch(wanted):
            return wanted
        raise ParameterError(f"{self.key} must be {self.range_text}, got {value!s:.80}")

    def turned(self, value: Value, clicks: int) -> str:
        """So many choices further; what is none of them lies behind the last."""
        found = self.checked(value)
        places = self.choices if found in self.choices else (*self.choices, found)
        index = places.index(found) + clicks
        return places[min(max(index, 0), len(places) - 1)]

    def at(self, position: float) -> str:
        """Each choice has an equal part of the way."""
        index = int(position * len(self.choices))
        return self.choices[min(max(index, 0), len(self.choices) - 1)]

    def position(self, value: Value) -> float:
        """The middle of the choice's part; what is none of them is beyond the last."""
        found = self.checked(value)
        if found not in self.choices:
            return 1.0
        return (self.choices.index(found) + 0.5) / len(self.choices)

    def text(self, value: Value) -> str:
        """The choice itself."""
        return self.checked(value)


PARAMETERS: tuple[ParameterSpec, ...] = (
    NumberSpec(
        key="creative_risk",
        label="Creative risk",
        techniques=frozenset(Technique),
        low=0.1,
        high=6.0,
        default=1.0,
        step=0.1,
        unit="",
        meaning="How far the model strays from what it thinks most likely.",
    ),
    NumberSpec(
        key="max_input_notes_removed",
        label="Remove at most",
        techniques=frozenset({Technique.ENHANCE}),
        low=0,
        high=100,
        default=50,
        step=1,
        unit="%",
        meaning="Never more than this share of your notes is missing from the result.",
    ),
    NumberSpec(
        key="max_notes_added",
        label="Add at most",
        techniques=frozenset({Technique.ENHANCE}),
        low=0,
        high=500,
        default=90,
        step=1,
        unit="notes",
        meaning="Never more new notes than this are in the result.",
    ),
    NumberSpec(
        key="sampling_iterations",
        label="Iterations",
        techniques=frozenset({Technique.ENHANCE}),
        low=1,
        high=200,
        default=100,
        step=1,
        unit="passes",
        meaning="How often the melody goes through the model: more is calmer and slower.",
    ),
    ChoiceSpec(
        key="ensemble",
        label="Ensemble",
        techniques=frozenset({Technique.ENHANCE}),
        choices=("choir", "strings", "organ", "piano"),
        default="choir",
        meaning="Who plays the four voices.",
    ),
    ChoiceSpec(
        key="model",
        label="Model",
        techniques=frozenset({Technique.ACCOMPANY}),
        choices=("musegan", "unet"),
        default="musegan",
        meaning="Which kind of network makes up the band.",
    ),
    ChoiceSpec(
        key="genre",
        label="Genre",
        techniques=frozenset({Technique.ACCOMPANY}),
        choices=("symphony", "jazz", "pop", "rock", "songwriter", "bach"),
        default="symphony",
        is_open=True,
        meaning="What kind of band plays along.",
    ),
    NumberSpec(
        key="seed",
        label="Take",
        techniques=frozenset({Technique.ACCOMPANY}),
        low=0,
        high=999,
        default=0,
        step=1,
        unit="",
        meaning="Another number is another take of the band.",
    ),
    ChoiceSpec(
        key="style",
        label="Style",
        techniques=frozenset({Technique.EXTEND}),
        choices=("chorale", "piano", "song", "quartet"),
        default="piano",
        meaning="In whose manner the music goes on.",
    ),
    NumberSpec(
        key="track_extension_duration",
        label="Extend by",
        techniques=frozenset({Technique.EXTEND}),
        low=1.0,
        high=60.0,
        default=20.0,
        step=1.0,
        unit="s",
        meaning="How much music is added at the end.",
    ),
    NumberSpec(
        key="input_duration",
        label="Listen to last",
        techniques=frozenset({Technique.EXTEND}),
        low=1.0,
        high=60.0,
        default=30.0,
        step=1.0,
        unit="s",
        meaning="How much of the end of your melody the model hears.",
    ),
    ChoiceSpec(
        key="sampling_technique",
        label="Sampling",
        techniques=frozenset({Technique.EXTEND}),
        choices=("TopK", "Nucleus", "Random"),
        default="Nucleus",
        meaning="What may follow: the likeliest few, the likeliest share, or anything.",
    ),
    NumberSpec(
        key="sampling_threshold",
        label="Threshold",
        techniques=frozenset({Technique.EXTEND}),
        low=0.01,
        high=1.0,
        default=0.95,
        step=0.01,
        unit="",
        meaning="How much TopK and Nucleus choose from; at 1 from all, as Random does.",
    ),
    NumberSpec(
        key="max_rest_time",
        label="Longest rest",
        techniques=frozenset({Technique.EXTEND}),
        low=0.25,
        high=10.0,
        # Two bars of four at 100 beats a minute, and an upbeat: the longest silence that there is
        # in what the models learned from. Two seconds were shorter than a bar, so that no bar
        # could be silent.
        default=6.0,
        step=0.25,
        unit="s",
        meaning="No silence that is added is longer than this.",
    ),
    NumberSpec(
        key="max_note_length",
        label="Longest note",
        techniques=frozenset({Technique.EXTEND}),
        low=0.25,
        high=10.0,
        default=4.0,
        step=0.25,
        unit="s",
        meaning="No note that is added is longer than this.",
    ),
)

PARAMETERS_BY_KEY: Mapping[str, ParameterSpec] = MappingProxyType({p.key: p for p in PARAMETERS})


@dataclass(frozen=True, slots=True)
class Parameters:
    """A full set of values for one technique. Made by `parameters_for`; reads like a mapping."""

    technique: Technique
    values: tuple[tuple[str, Value], ...]

    def __getitem__(self, key: str) -> Value:
        return dict(self.values)[key]

    def number(self, key: str) -> float:
        """The value of a parameter that measures something.

        Raises:
            TypeError: If the parameter is a choice.
        """
        value = self[key]
        if isinstance(value, str):
            raise TypeError(f"{key} is a choice, not a number")
        return float(value)

    def integer(self, key: str) -> int:
        """The value of a parameter that counts something.

        Raises:
            TypeError: If the parameter is a choice.
        """
        return int(self.number(key))

    def choice(self, key: str) -> str:
        """The value of a parameter that is a choice, as the table writes it.

        Raises:
            TypeError: If the parameter is a number.
        """
        value = self[key]
        if not isinstance(value, str):
            raise TypeError(f"{key} is a number, not a choice")
        return value

    def as_dict(self) -> dict[str, Value]:
        """For JSON."""
        return dict(self.values)


def specs_of(
    technique: Technique, *, installed: Mapping[str, Iterable[str]] | None = None
) -> tuple[ParameterSpec, ...]:
    """The parameters that have an effect on a technique, in the order they are shown.

    Args:
        technique: Which one.
        installed: Values that models bring, by `ParameterSpec.key`: a knob goes through them
            as well where a parameter is open.
    """
    installed = installed or {}
    return tuple(
        spec.with_more(installed[spec.key])
        if isinstance(spec, ChoiceSpec) and spec.is_open and spec.key in installed
        else spec
        for spec in PARAMETERS
        if technique in spec.techniques
    )


def parameters_for(technique: Technique, given: Mapping[str, object] | None = None) -> Parameters:
    """Defaults, with what a person gave in their place.

    Raises:
        ParameterError: If a key is unknown to the technique or a value out of range.
    """
    given = dict(given or {})
    specs = specs_of(technique)
    values = tuple((spec.key, spec.checked(given.pop(spec.key, spec.default))) for spec in specs)
    if given:
        known = ", ".join(spec.key for spec in specs)
        raise ParameterError(
            f"{technique} has no parameter {next(iter(given))!r}", remedy=f"it has {known}"
        )
    return Parameters(technique=technique, values=values)


def _number(value: object) -> float:
    """What a person wrote as a number; not-a-number, which is in no range, where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return math.nan
    try:
        return float(value)
    except (ValueError, OverflowError):
        return math.nan
