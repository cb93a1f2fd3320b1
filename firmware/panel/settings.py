"""What the player has set: tempo, technique and its parameters, changed click by click."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from firmware.errors import ParameterError
from firmware.music.timing import MAX_TEMPO_BPM, MIN_TEMPO_BPM
from firmware.parameters import (
    ChoiceSpec,
    Parameters,
    ParameterSpec,
    Technique,
    Value,
    parameters_for,
    specs_of,
)

MAX_BEATS_PER_BAR = 32

DUET = "Duet"
"""The last choice of the technique: to extend what is played, again and again, in turn."""

TECHNIQUE = ChoiceSpec(
    key="technique",
    label="Technique",
    techniques=frozenset(Technique),
    choices=(*(technique.capitalize() for technique in Technique), DUET),
    default=Technique.ENHANCE.capitalize(),
    meaning="What the generate button does.",
)
"""What is set first; the technique's parameters come after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that the knobs change.

    Attributes:
        technique: What the generate button does.
        is_duet: Whether it begins a duet; the technique is `EXTEND` then.
        values: Of each technique's parameters, by `ParameterSpec.key`; what is missing has its
            default. Each technique keeps its own while another one is chosen.
        tempo_bpm: Quarter notes a minute, 40..220.
        beats_per_bar: Quarter notes a bar, 1..32.
        installed: Values that models bring, by `ParameterSpec.key`, for knobs to go through.

    Raises:
        ParameterError: If tempo or bar is out of range.
    """

    technique: Technique = Technique.ENHANCE
    is_duet: bool = False
    values: Mapping[Technique, Mapping[str, Value]] = field(default_factory=dict)
    tempo_bpm: float = 100.0
    beats_per_bar: int = 4
    installed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not MIN_TEMPO_BPM <= self.tempo_bpm <= MAX_TEMPO_BPM:
            low, high = MIN_TEMPO_BPM, MAX_TEMPO_BPM
            raise ParameterError(f"tempo must be in {low:g}..{high:g}, got {self.tempo_bpm:g}")
        if not 1 <= self.beats_per_bar <= MAX_BEATS_PER_BAR:
            raise ParameterError(
                f"beats_per_bar must be in 1..{MAX_BEATS_PER_BAR}, got {self.beats_per_bar}"
            )

    @property
    def specs(self) -> tuple[ParameterSpec, ...]:
        """The technique and its parameters, in the order in which they are shown."""
        return (TECHNIQUE, *specs_of(self.technique, installed=self.installed))

    def parameters(self) -> Parameters:
        """The values for a generation."""
        return parameters_for(self.technique, self.values.get(self.technique))

    def value(self, key: str) -> Value:
        """What the technique, or one of its parameters, is set to.

        Raises:
            KeyError: If the technique has no such parameter.
        """
        if key == TECHNIQUE.key:
            return DUET if self.is_duet else self.technique.capitalize()
        return self.parameters()[key]


def set_value(settings: Settings, key: str, value: Value) -> Settings:
    """Set the technique or one of its parameters.

    A parameter that the technique has not changes nothing.

    Raises:
        ParameterError: If there is no such value.
    """
    spec = next((spec for spec in settings.specs if spec.key == key), None)
    if spec is None:
        return settings
    if spec is TECHNIQUE:
        choice = TECHNIQUE.checked(value)
        is_duet = choice == DUET
        technique = Technique.EXTEND if is_duet else Technique(choice.lower())
        return replace(settings, technique=technique, is_duet=is_duet)
    values = {**settings.values.get(settings.technique, {}), key: spec.checked(value)}
    return replace(settings, values={**settings.values, settings.technique: values})


def with_parameters(settings: Settings, parameters: Parameters) -> Settings:
    """Choose a technique and set all of its parameters; a duet stays one if it extends."""
    technique = parameters.technique
    return replace(
        settings,
        technique=technique,
        is_duet=settings.is_duet and technique is Technique.EXTEND,
        values={**settings.values, technique: parameters.as_dict()},
    )


def change_tempo(settings: Settings, clicks: int) -> Settings:
    """Change the tempo by whole beats a minute, within its range."""
    tempo = round(settings.tempo_bpm) + clicks
    return replace(settings, tempo_bpm=float(min(max(tempo, MIN_TEMPO_BPM), MAX_TEMPO_BPM)))
