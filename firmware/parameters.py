"""Every knob of the instrument, once.

The panel, knobs, MIDI control changes, the command line, the control socket and saved
presets all read this table; nothing else knows a range, a default or a meaning.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from firmware.errors import ParameterError

Number = float | int
"""A parameter's value."""


class Technique(StrEnum):
    """What can be done to a melody."""

    ENHANCE = "enhance"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterSpec:
    """One parameter.

    Attributes:
        key: Its name on the command line, in JSON and in presets.
        label: What the player reads, 16 characters at most.
        techniques: Where it has an effect.
        low: Smallest value.
        high: Largest value.
        default: What an untouched knob stands for.
        step: One click of a knob; an integer step makes an integer parameter.
        unit: What it counts, or an empty string.
        meaning: One sentence a player understands.
    """

    key: str
    label: str
    techniques: frozenset[Technique]
    low: Number
    high: Number
    default: Number
    step: Number
    unit: str
    meaning: str

    @property
    def is_integer(self) -> bool:
        """Whether only whole numbers make sense."""
        return isinstance(self.step, int)

    def clamped(self, value: float) -> Number:
        """The nearest value that a knob can reach: on the step grid, inside of the range."""
        inside = min(max(value, self.low), self.high)
        value = self.low + round((inside - self.low) / self.step) * self.step
        return int(value) if self.is_integer else round(value, 6)

    def checked(self, value: object) -> Number:
        """The value as given by a person, or a refusal that names the range.

        Raises:
            ParameterError: If it is no number, not whole where it must be, or out of range.
        """
        number = _number(value)
        inside = self.low <= number <= self.high
        if not inside or (self.is_integer and number != int(number)):
            kind = "a whole number" if self.is_integer else "a number"
            unit = f" {self.unit}" if self.unit else ""
            raise ParameterError(
                f"{self.key} must be {kind} in {self.low:g}..{self.high:g}{unit}, got {value}"
            )
        return int(number) if self.is_integer else float(number)

    def text(self, value: Number) -> str:
        """The value as the player reads it."""
        number = f"{value:d}" if isinstance(value, int) else f"{value:.2f}".rstrip("0").rstrip(".")
        return f"{number}{self.unit}" if self.unit == "%" else f"{number} {self.unit}".strip()


PARAMETERS: tuple[ParameterSpec, ...] = (
    ParameterSpec(
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
    ParameterSpec(
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
    ParameterSpec(
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
    ParameterSpec(
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
)

PARAMETERS_BY_KEY: Mapping[str, ParameterSpec] = MappingProxyType({p.key: p for p in PARAMETERS})


@dataclass(frozen=True, slots=True)
class Parameters:
    """A full set of values for one technique. Made by `parameters_for`; reads like a mapping."""

    technique: Technique
    values: tuple[tuple[str, Number], ...]

    def __getitem__(self, key: str) -> Number:
        return dict(self.values)[key]

    def integer(self, key: str) -> int:
        """The value of a parameter that counts something."""
        return int(self[key])

    def as_dict(self) -> dict[str, Number]:
        """For JSON."""
        return dict(self.values)


def specs_of(technique: Technique) -> tuple[ParameterSpec, ...]:
    """The parameters that have an effect on a technique, in the order they are shown."""
    return tuple(spec for spec in PARAMETERS if technique in spec.techniques)


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
