"""What the player has set: tempo and the technique's parameters, changed click by click."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from firmware.errors import ParameterError
from firmware.music.timing import MAX_TEMPO_BPM, MIN_TEMPO_BPM
from firmware.parameters import (
    Number,
    Parameters,
    ParameterSpec,
    Technique,
    parameters_for,
    specs_of,
)

MAX_BEATS_PER_BAR = 32

# Turning a parameter of a hundred steps from end to end takes no more than this many clicks.
_CLICKS_END_TO_END = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that the knobs change.

    Attributes:
        technique: What the generate button does.
        values: Of its parameters, by `ParameterSpec.key`; what is missing has its default.
        selected: Which of them the value knob changes.
        tempo_bpm: Quarter notes a minute, 40..220.
        beats_per_bar: Quarter notes a bar, 1..32.

    Raises:
        ParameterError: If tempo or bar is out of range.
    """

    technique: Technique = Technique.ENHANCE
    values: Mapping[str, Number] = field(default_factory=dict)
    selected: int = 0
    tempo_bpm: float = 100.0
    beats_per_bar: int = 4

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
        """The technique's parameters in the order in which they are shown."""
        return specs_of(self.technique)

    def parameters(self) -> Parameters:
        """The values for a generation."""
        return parameters_for(self.technique, self.values)

    def rows(self) -> tuple[tuple[str, str], ...]:
        """Label and value of each parameter, as the player reads them."""
        parameters = self.parameters()
        return tuple((spec.label, spec.text(parameters[spec.key])) for spec in self.specs)


def select(settings: Settings, clicks: int) -> Settings:
    """Move to another parameter; the ends are stops, so that a finger finds them blindly."""
    last = len(settings.specs) - 1
    return replace(settings, selected=min(max(settings.selected + clicks, 0), last))


def adjust(settings: Settings, clicks: int) -> Settings:
    """Change the selected parameter."""
    spec = settings.specs[settings.selected]
    stride = max(round((spec.high - spec.low) / spec.step / _CLICKS_END_TO_END), 1)
    value = settings.parameters()[spec.key] + clicks * stride * spec.step
    return set_value(settings, spec.key, value)


def set_value(settings: Settings, key: str, value: float) -> Settings:
    """Set a parameter of the technique, clamped to what a knob can reach.

    A parameter that the technique has not changes nothing.
    """
    spec = next((spec for spec in settings.specs if spec.key == key), None)
    if spec is None:
        return settings
    return replace(settings, values={**settings.values, key: spec.clamped(value)})


def change_tempo(settings: Settings, clicks: int) -> Settings:
    """Change the tempo by whole beats a minute, within its range."""
    tempo = round(settings.tempo_bpm) + clicks
    return replace(settings, tempo_bpm=float(min(max(tempo, MIN_TEMPO_BPM), MAX_TEMPO_BPM)))
