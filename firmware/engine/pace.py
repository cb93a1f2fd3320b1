"""How fast somebody plays who follows no metronome, told from the keys."""

from bisect import bisect_left
from collections.abc import Sequence
from operator import attrgetter
from typing import Final

import numpy as np

from firmware.midi.pairing import PairedNote
from firmware.music.tempo import Beats, find_beats, likeness
from firmware.music.timing import MAX_TEMPO_BPM, MIN_TEMPO_BPM

LAST_NS: Final = 20_000_000_000
"""Of what was played, so much of the end tells the pace: more would keep the music waiting."""

_FEWEST: Final = 12
"""Beats can be laid through any few notes."""

_CONFIDENT: Final = 0.5
_CLEARLY_BETTER: Final = 0.25
"""The beats fit so much better than those of the tempo that is set, or that one is kept."""


def beats_of(played: Sequence[PairedNote], *, tempo_bpm: float) -> Beats | None:
    """Find the beats of what was played.

    Args:
        played: In order of start, in nanoseconds.
        tempo_bpm: What is set.

    Returns:
        The beats at the end, in seconds from the first note's start; None where no other beat
        than that of the tempo that is set can be told with confidence.
    """
    since_ns = played[-1].start - LAST_NS
    heard = played[bisect_left(played, since_ns, key=attrgetter("start")) :]
    if len(heard) < _FEWEST:
        return None
    starts, ends, _, velocities = np.array(heard, dtype=np.int64).T
    onsets_s = (starts - played[0].start) / 1e9
    own_likeness = likeness((onsets_s - onsets_s[0]) * tempo_bpm / 60.0)
    enough = max(own_likeness + _CLEARLY_BETTER, _CONFIDENT)
    if enough > 1.0:  # nothing can be so much better: the player keeps to the tempo that is set
        return None
    # Long and loud notes tend to be on beats.
    weights = (0.3 + np.minimum((ends - starts) / 1e9, 1.5)) * (velocities / 80)
    beats = find_beats(onsets_s, weights=weights)
    if beats is None or beats.confidence < enough:
        return None
    return beats if MIN_TEMPO_BPM <= beats.tempo_bpm <= MAX_TEMPO_BPM else None
