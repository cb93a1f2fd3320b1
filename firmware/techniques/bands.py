"""Who plays along, by genre: instruments, drums, swing, and how loud each is where in the bar."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from firmware.music.band import Role

MELODY_PROGRAM: Final = 0
"""The player's own track is a piano until the player wants something else."""

DRUM_LEVELS: Final[Mapping[int, float]] = MappingProxyType(
    {36: 1.0, 38: 0.95, 42: 0.65, 46: 0.75, 45: 0.9, 47: 0.9, 50: 0.9, 49: 0.95, 51: 0.7}
)
"""Loudness of the General MIDI percussion keys beside each other: hats and rides murmur."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BandPart:
    """One instrument of a band.

    Attributes:
        name: What the player reads.
        program: General MIDI program, 0..127.
        level: Its loudness beside the melody's.
    """

    name: str
    program: int
    level: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Accents:
    """How much louder or softer a note is by where in the bar it begins.

    Attributes:
        downbeat: On the bar line.
        beat: On another beat.
        half_beat: Half a beat after one.
        between: Anywhere else.
    """

    downbeat: float
    beat: float
    half_beat: float
    between: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Everything that a genre is beside its model.

    Attributes:
        parts: The instruments of the roles with pitches.
        drum_level: Loudness of the drums beside the melody's; 0 where the genre has none.
        swings: Whether half beats come late, at two thirds of a beat.
        accents: By place in the bar.
    """

    parts: Mapping[Role, BandPart]
    drum_level: float = 0.0
    swings: bool = False
    accents: Accents

    @property
    def has_drums(self) -> bool:
        """Whether somebody drums."""
        return self.drum_level > 0.0


def band_of(genre: str) -> Band:
    """The band of a genre; of one that only a trainer knows a small band with drums."""
    return BANDS.get(genre, _ANY_BAND)


def _parts(
    bass: tuple[str, int, float],
    harmony: tuple[str, int, float],
    counter: tuple[str, int, float],
) -> Mapping[Role, BandPart]:
    roles = zip((Role.BASS, Role.HARMONY, Role.COUNTER), (bass, harmony, counter), strict=True)
    return MappingProxyType(
        {role: BandPart(name=name, program=p, level=level) for role, (name, p, level) in roles}
    )


_EVEN: Final = Accents(downbeat=1.0, beat=0.97, half_beat=0.94, between=0.92)
_BACKBEAT: Final = Accents(downbeat=1.05, beat=1.0, half_beat=0.9, between=0.82)
_LILT: Final = Accents(downbeat=1.0, beat=0.95, half_beat=0.98, between=0.8)

BANDS: Final[Mapping[str, Band]] = MappingProxyType(
    {
        "symphony": Band(
            parts=_parts(("basses", 43, 0.85), ("strings", 48, 0.7), ("horns and winds", 60, 0.72)),
            accents=_EVEN,
        ),
        "jazz": Band(
            parts=_parts(
                ("double bass", 32, 0.9), ("jazz guitar", 26, 0.68), ("vibraphone", 11, 0.66)
            ),
            drum_level=0.75,
            swings=True,
            accents=_LILT,
        ),
        "pop": Band(
            parts=_parts(
                ("bass guitar", 33, 0.88), ("electric piano", 4, 0.7), ("synth strings", 50, 0.58)
            ),
            drum_level=0.85,
            accents=_BACKBEAT,
        ),
        "rock": Band(
            parts=_parts(
                ("bass guitar", 34, 0.92), ("overdriven guitar", 29, 0.66), ("organ", 18, 0.6)
            ),
            drum_level=0.95,
            accents=_BACKBEAT,
        ),
        "songwriter": Band(
            parts=_parts(
                ("double bass", 32, 0.8), ("steel guitar", 25, 0.72), ("strings", 48, 0.55)
            ),
            accents=_EVEN,
        ),
        "bach": Band(
            parts=_parts(("cello", 42, 0.85), ("organ", 19, 0.62), ("oboe", 68, 0.7)),
            accents=_EVEN,
        ),
    }
)
"""Of the genres that Continuo knows by name, in the order in which a knob goes through them."""

_ANY_BAND: Final = Band(
    parts=_parts(("bass guitar", 33, 0.88), ("electric piano", 4, 0.7), ("strings", 48, 0.6)),
    drum_level=0.8,
    accents=_BACKBEAT,
)
