"""Musical metrics with the names and definitions of muspy 0.5.0.

Pieces of any length are measured from the starts and ends of their notes, never from a piano
roll as long as the piece. Where there is nothing to measure the result is not-a-number, as in
muspy (which raises for a piece without tracks).

Three definitions surprise: the song ends where its last note ends, so that rests after it do not
count; a note that ends on a bar line makes the bar after it non-empty, and that bar counts even
if the song ends there; and `polyphony_rate` counts instants with *more* pitches than its
threshold.

Reference:
    H.-W. Dong, K. Chen, J. McAuley, T. Berg-Kirkpatrick: MusPy, ISMIR 2020, section 5.
"""

import math
from collections.abc import Iterable, Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from firmware.errors import MusicError
from firmware.music.notes import Composition, Note
from firmware.music.timing import TICKS_PER_BEAT

Mode = Literal["major", "minor"]
Meter = Literal["duple", "triple"]

_SCALES: Final[Mapping[str, frozenset[int]]] = MappingProxyType(
    {
        # Pitch classes above the root; minor is natural minor.
        "major": frozenset({0, 2, 4, 5, 7, 9, 11}),
        "minor": frozenset({0, 2, 3, 5, 7, 8, 10}),
    }
)
_DRUM_GRIDS: Final[Mapping[str, int]] = MappingProxyType({"duple": 4, "triple": 3})
"""Places in a beat that belong to the pattern."""


def n_pitches_used(composition: Composition) -> int:
    """How many different pitches there are, drums left out."""
    return len({note.pitch for note in _pitched(composition)})


def n_pitch_classes_used(composition: Composition) -> int:
    """How many different pitch classes there are (12 at most), drums left out."""
    return len({note.pitch % 12 for note in _pitched(composition)})


def pitch_entropy(composition: Composition) -> float:
    """Shannon entropy of the pitches of all notes, in bits, drums left out."""
    return _entropy([note.pitch for note in _pitched(composition)])


def pitch_class_entropy(composition: Composition) -> float:
    """Shannon entropy of the pitch classes of all notes, in bits, drums left out."""
    return _entropy([note.pitch % 12 for note in _pitched(composition)])


def pitch_in_scale_rate(composition: Composition, root: int, mode: Mode) -> float:
    """Share of the notes that belong to a scale, drums left out.

    Args:
        composition: The music.
        root: Pitch class the scale begins on, 0..11 (0 is C).
        mode: `major` or `minor` (natural minor).

    Raises:
        MusicError: If there is no such scale.
    """
    if mode not in _SCALES or not 0 <= root < 12:
        raise MusicError(f"a scale has a root in 0..11 and is major or minor, got {root} {mode}")
    inside = [(note.pitch - root) % 12 in _SCALES[mode] for note in _pitched(composition)]
    return _mean(inside)


def scale_consistency(composition: Composition) -> float:
    """The largest `pitch_in_scale_rate` of all 24 scales."""
    modes: tuple[Mode, ...] = ("major", "minor")
    return max(pitch_in_scale_rate(composition, root, mode) for mode in modes for root in range(12))


def polyphony(composition: Composition) -> float:
    """How many pitches sound together on average, over the time in which any does."""
    ticks, pitches = _texture(composition)
    sounding = int(ticks[pitches > 0].sum())
    return int((ticks * pitches).sum()) / sounding if sounding else math.nan


def polyphony_rate(composition: Composition, threshold: int = 2) -> float:
    """Share of the song's time in which more than `threshold` pitches sound, drums left out.

    The song's length counts drums too.
    """
    ticks, pitches = _texture(composition)
    length = composition.end_ticks
    return int(ticks[pitches > threshold].sum()) / length if length else math.nan


def empty_measure_rate(composition: Composition) -> float:
    """Share of the bars in which no note sounds, drums included."""
    return _empty_rate(composition, composition.beats_per_bar * TICKS_PER_BEAT)


def empty_beat_rate(composition: Composition) -> float:
    """Share of the beats in which no note sounds, drums included."""
    return _empty_rate(composition, TICKS_PER_BEAT)


def groove_consistency(composition: Composition) -> float:
    """How alike neighbouring bars are in the places where notes begin; 1 is the same rhythm.

    One minus the mean Hamming distance between the onset vectors of neighbouring bars, of one
    element a tick. Not-a-number for less than two bars.
    """
    bar = composition.beats_per_bar * TICKS_PER_BEAT
    bars = composition.end_ticks // bar + 1
    if bars < 2:
        return math.nan
    onsets: list[set[int]] = [set() for _ in range(bars)]
    for note in composition.notes:
        onsets[note.start_ticks // bar].add(note.start_ticks % bar)
    distance = sum(len(before ^ after) for before, after in pairwise(onsets))
    return 1 - distance / (bar * (bars - 1))


def drum_in_pattern_rate(composition: Composition, meter: Meter) -> float:
    """Share of the drum notes that begin on a plain subdivision of a beat.

    Args:
        composition: The music.
        meter: `duple` for the four sixteenths of a beat, `triple` for its three triplets.

    Raises:
        MusicError: If the metre is another one.
    """
    if meter not in _DRUM_GRIDS:
        raise MusicError(f"a metre is duple or triple, got {meter}")
    grid = TICKS_PER_BEAT // _DRUM_GRIDS[meter]
    return _mean([note.start_ticks % grid == 0 for note in _drums(composition)])


def drum_pattern_consistency(composition: Composition) -> float:
    """The larger `drum_in_pattern_rate` of both metres."""
    return max(
        drum_in_pattern_rate(composition, "duple"), drum_in_pattern_rate(composition, "triple")
    )


def _pitched(composition: Composition) -> Iterable[Note]:
    return (note for track in composition.tracks if not track.is_drum for note in track.notes)


def _drums(composition: Composition) -> Iterable[Note]:
    return (note for track in composition.tracks if track.is_drum for note in track.notes)


def _mean(truths: list[bool]) -> float:
    return sum(truths) / len(truths) if truths else math.nan


def _entropy(values: list[int]) -> float:
    if not values:
        return math.nan
    counts = np.unique(np.asarray(values), return_counts=True)[1]
    shares = counts / counts.sum()
    # Plus zero, because a single value would give minus zero.
    return float(-(shares * np.log2(shares)).sum()) + 0.0


def _empty_rate(composition: Composition, span_ticks: int) -> float:
    """Share of the spans of one length that no note touches, its end tick included."""
    if not composition.end_ticks:
        return math.nan
    spans = composition.end_ticks // span_ticks + 1
    # +1 where a note reaches a span first, -1 after its last one; the running sum is above
    # zero in the spans that a note touches.
    steps = np.zeros(spans + 1, dtype=np.int64)
    for note in composition.notes:
        steps[note.start_ticks // span_ticks] += 1
        steps[note.end_ticks // span_ticks + 1] -= 1
    touched = int(np.count_nonzero(np.cumsum(steps[:-1]) > 0))
    return 1 - touched / spans


def _texture(composition: Composition) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How many pitches sound, and for how long, drums left out.

    Returns:
        Two arrays of one length: ticks of each stretch in which nothing changes, and different
        pitches that sound in it.
    """
    changes: list[tuple[int, int]] = []
    sounds_until: dict[int, int] = {}
    for note in sorted(_pitched(composition)):
        # Notes that overlap on one pitch count as one.
        start = max(note.start_ticks, sounds_until.get(note.pitch, 0))
        if start < note.end_ticks:
            changes += [(start, 1), (note.end_ticks, -1)]
            sounds_until[note.pitch] = note.end_ticks
    events = np.asarray(sorted(changes), dtype=np.int64).reshape(-1, 2)
    return np.diff(events[:, 0]), np.cumsum(events[:, 1])[:-1]
