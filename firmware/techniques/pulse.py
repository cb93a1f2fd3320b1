"""The beat that a melody is heard in: its own, or one found in free playing."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware.music.notes import Melody, Note
from firmware.music.tempo import beat_numbers, find_beats, likeness
from firmware.music.timing import MAX_TEMPO_BPM, MIN_TEMPO_BPM, TICKS_PER_BEAT

_EXACT_TICKS: Final = 5
_EXACT_SHARE: Final = 0.9
"""So many onsets so near to twelfths of a beat: written, not played."""

_FOUND_CONFIDENCE: Final = 0.45
_FOUND_BETTER: Final = 0.25
"""Below this, or not so much above the likeness to it, the melody's own beat is as good.

Of 30 s of 533 held-out pieces and melodies, made uneven by 18 ms as if played to a metronome,
529 keep their beat; of the same played freely (60 to 150 bpm, 15 ms, drifting by 2 %) 524 lose
it, and in 382 the player's very beats are found, in most others every second or half ones.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """Where the beats lie in a melody's ticks.

    Attributes:
        beat_ticks: (n,) float64, ticks of the beats 0..n-1, 2 or more; before and after them
            the pulse goes on evenly.
        has_bars: Whether bars are known: then one begins with beat 0.
        is_played: Whether the notes miss the grid, as a hand does.
    """

    beat_ticks: NDArray[np.float64]
    has_bars: bool
    is_played: bool

    @property
    def period_ticks(self) -> float:
        """Ticks from beat to beat at the end."""
        return float(self.beat_ticks[-1] - self.beat_ticks[-2])

    def beats_at(self, ticks: NDArray[np.float64]) -> NDArray[np.float64]:
        """Ticks as numbers of beats, fractions between two beats."""
        return beat_numbers(self.beat_ticks, ticks)

    def beat_at(self, tick: float) -> float:
        """A tick as a number of beats."""
        return float(self.beats_at(np.array([tick], dtype=np.float64))[0])

    def tick_of_step(self, step: int, resolution: int) -> int:
        """The tick nearest to a time step, of which `resolution` make a beat."""
        beats, last = step / resolution, len(self.beat_ticks) - 1
        if beats >= last:
            tick = self.beat_ticks[-1] + (step - last * resolution) * self.period_ticks / resolution
        elif beats < 0:
            tick = self.beat_ticks[0] + beats * (self.beat_ticks[1] - self.beat_ticks[0])
        else:
            tick = np.interp(beats, np.arange(last + 1), self.beat_ticks)
        return math.floor(float(tick) + 0.5)

    def step_after(self, tick: int, resolution: int) -> int:
        """The first time step whose tick is not before a tick."""
        step = math.floor(self.beat_at(tick) * resolution)
        while self.tick_of_step(step, resolution) < tick:
            step += 1
        return step


def ticks_per_s(melody: Melody) -> float:
    """Ticks that pass in a second."""
    return melody.tempo_bpm * TICKS_PER_BEAT / 60


def pulse_of(melody: Melody, *, since_ticks: float) -> Pulse:
    """Tell whether the end of a melody follows its own beat, and find another where it does not.

    It follows its own where nine tenths of its onsets are exactly on the grid. Else somebody
    may have played without the metronome: the beat is looked for, and taken if the onsets
    cling clearly better to it and its parts (`likeness`) than to the melody's own.

    Args:
        melody: At least one note.
        since_ticks: What begins before is not looked at.
    """
    notes = [note for note in melody.notes if note.start_ticks >= since_ticks]
    onsets = np.array([note.start_ticks for note in notes], dtype=np.float64)
    line = TICKS_PER_BEAT / 12
    exact = np.abs((onsets + line / 2) % line - line / 2) <= _EXACT_TICKS
    is_exact = not notes or bool(np.mean(exact) >= _EXACT_SHARE)
    own = Pulse(beat_ticks=np.array([0.0, TICKS_PER_BEAT]), has_bars=True, is_played=not is_exact)
    if is_exact:
        return own
    own_likeness = likeness(onsets / TICKS_PER_BEAT)
    enough = max(_FOUND_CONFIDENCE, own_likeness + _FOUND_BETTER)
    return _found(melody, notes, onsets, enough) or own


def _found(
    melody: Melody, notes: list[Note], onsets: NDArray[np.float64], enough: float
) -> Pulse | None:
    """The pulse of free playing, or None where one cannot be told with enough confidence."""
    per_s = ticks_per_s(melody)
    # Long and loud notes tend to be on beats.
    lengths_s = np.array([note.duration_ticks for note in notes]) / per_s
    loudness = np.array([note.velocity for note in notes]) / 80
    weights = (0.3 + np.minimum(lengths_s, 1.5)) * loudness
    beats = find_beats(onsets / per_s, weights=weights)
    if beats is None or beats.confidence < enough:
        return None
    if not MIN_TEMPO_BPM <= beats.tempo_bpm <= MAX_TEMPO_BPM:
        return None
    return Pulse(beat_ticks=beats.times_s * per_s, has_bars=False, is_played=True)
