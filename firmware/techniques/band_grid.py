"""A melody on the band's grid, and the band's time steps in the melody's time.

The melody itself stays as it was played; the grid is how the band hears it, and where the band
plays. It follows the beat of the melody, or the one that is found in free playing.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware.music.band import BAND_ENCODING, BandNote, BandSpec, Role, band_rolls
from firmware.music.notes import Melody
from firmware.techniques.pulse import Pulse, pulse_of, ticks_per_s

_SWUNG: Final = 2 / 3
"""Where in a beat its second half begins where music swings."""

_NEAR: Final = 1 / 12
"""So near to half a beat an onset is straight, so near to two thirds of it swung."""

_FIRST_BEAT_BONUS: Final = 1.1
"""Of two beats that stand out alike the one with which the music begins is taken for the first."""

_LONGEST_CHORD_BEATS: Final = 4
"""How long the last chord is held where the melody does not hold its last note."""


class BandGrid:
    """Where a melody lies on the grid.

    Args:
        melody: At least one note.
        may_swing: Whether half beats come late, unless the melody plays them straight.
        spec: The encoding.

    Attributes:
        pulse: Where the beats are.
        first_beat: Beat of the pulse at step 0, with which a bar begins.
        swings: Whether half beats come late.
        steps: Whole bars, up to that in which the melody ends.
        final: The time step of the last chord, on a beat of the last bar, and where it ends.
        last_tick: Where it ends in ticks; nothing of the band sounds from there on.
    """

    def __init__(self, melody: Melody, *, may_swing: bool, spec: BandSpec = BAND_ENCODING) -> None:
        self._melody, self._spec = melody, spec
        self.pulse = pulse_of(melody, since_ticks=0)
        bounds = np.array([(n.start_ticks, n.end_ticks) for n in melody.notes], dtype=np.float64)
        # (2, n): starts and ends in beats.
        beats = np.stack([self.pulse.beats_at(column) for column in bounds.T])
        self.swings = may_swing and not _is_straight(beats[0])
        self.first_beat = _first_beat(melody, beats[0], self.pulse)
        places = self._steps(beats - self.first_beat)
        end = max(int(self._ceiling(self.pulse.beat_at(melody.end_ticks) - self.first_beat)), 1)
        self._starts = np.clip(places[0], 0, end - 1)
        self._ends = np.clip(places[1], self._starts + 1, end)
        self.steps = -(-end // self._bar) * self._bar
        self.final, self.last_tick = self._ending(end)

    @property
    def _bar(self) -> int:
        return self._melody.beats_per_bar * self._spec.beat_resolution

    def melody_roll(self, shift: int = 0) -> NDArray[np.bool_]:
        """(S, P, 2): sounding and struck, so many semitones higher than it is played."""
        notes = [
            BandNote(Role.MELODY, start, end, note.pitch + shift)
            for note, start, end in zip(
                self._melody.notes, self._starts.tolist(), self._ends.tolist(), strict=True
            )
        ]
        beats_per_bar = self._melody.beats_per_bar
        rolls = band_rolls(notes, beats_per_bar=beats_per_bar, steps=self.steps, spec=self._spec)
        return rolls.melody

    def tick(self, step: int) -> int:
        """The tick at which a time step begins."""
        beat, part = divmod(step, self._spec.beat_resolution)
        share = part / self._spec.beat_resolution
        # Twelfths of a beat hold sixteenths and swung ones alike.
        twelfths = round(12 * (_swung(share) if self.swings else share))
        return self.pulse.tick_of_step((self.first_beat + beat) * 12 + twelfths, 12)

    def _steps(self, beats: NDArray[np.float64]) -> NDArray[np.int64]:
        """The nearest time steps."""
        return np.floor(self._even(beats) * self._spec.beat_resolution + 0.5).astype(np.int64)

    def _ceiling(self, beat: float) -> float:
        even = float(self._even(np.array([beat]))[0])
        return float(np.ceil(even * self._spec.beat_resolution - 1e-6))

    def _even(self, beats: NDArray[np.float64]) -> NDArray[np.float64]:
        """Beats as they are written: a swung half beat is half of one."""
        if not self.swings:
            return beats
        whole = np.floor(beats)
        return np.asarray(whole + np.interp(beats - whole, (0, _SWUNG, 1), (0, 0.5, 1)))

    def _ending(self, end: int) -> tuple[tuple[int, int], int]:
        beat = self._spec.beat_resolution
        last_onset = int(self._starts.max())
        final = max(last_onset // beat * beat, self.steps - self._bar)
        if end - final >= beat:
            return (final, end), self._melody.end_ticks
        stop = min(self.steps, final + _LONGEST_CHORD_BEATS * beat)
        return (final, stop), max(self.tick(stop), self._melody.end_ticks)


def _is_straight(beats: NDArray[np.float64]) -> bool:
    """Whether notes that begin between beats rather lie on half of one than on two thirds."""
    shares = beats - np.floor(beats)
    straight = np.abs(shares - 0.5) <= _NEAR
    swung = np.abs(shares - _SWUNG) < _NEAR
    return bool(straight.sum() > swung.sum())


def _swung(share: float) -> float:
    """Where a written share of a beat is played."""
    return float(np.interp(share, (0, 0.5, 1), (0, _SWUNG, 1)))


def _first_beat(melody: Melody, onsets: NDArray[np.float64], pulse: Pulse) -> int:
    """The beat of the bar line before the first onset, or at it.

    Where no bars are known, they begin with the beats on which the longest and loudest notes
    do, which players tend to feel as the first.
    """
    beats_per_bar = melody.beats_per_bar
    # Somewhat early is still on the beat.
    begins = int(np.floor(onsets[0] + 1 / 8))
    if pulse.has_bars:
        return begins // beats_per_bar * beats_per_bar
    nearest = np.floor(onsets + 0.5)
    hits = np.abs(onsets - nearest) <= 1 / 8
    lengths_s = np.array([note.duration_ticks for note in melody.notes]) / ticks_per_s(melody)
    loudness = np.array([note.velocity for note in melody.notes]) / 80
    weights = (0.3 + np.minimum(lengths_s, 1.5)) * loudness * hits
    phases = ((nearest - begins) % beats_per_bar).astype(np.int64)
    scores = np.bincount(phases, weights=weights, minlength=beats_per_bar)
    scores[0] *= _FIRST_BEAT_BONUS
    first = int(scores.argmax())
    return begins + first - beats_per_bar if first else begins
