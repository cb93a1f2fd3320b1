"""How fast somebody plays who follows no metronome, told from the keys."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from firmware.midi.pairing import PairedNote
from firmware.music.tempo import Beats, find_beats, likeness
from firmware.music.timing import MAX_TEMPO_BPM, MIN_TEMPO_BPM

LAST_S: Final = 20.0
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
    heard = [note for note in played if played[-1].start - note.start <= LAST_S * 1e9]
    if len(heard) < _FEWEST:
        return None
    onsets_s = np.array([(note.start - played[0].start) / 1e9 for note in heard])
    # Long and loud notes tend to be on beats.
    lengths_s = np.array([(note.end - note.start) / 1e9 for note in heard])
    loudness = np.array([note.velocity / 80 for note in heard])
    beats = find_beats(onsets_s, weights=(0.3 + np.minimum(lengths_s, 1.5)) * loudness)
    enough = likeness((onsets_s - onsets_s[0]) * tempo_bpm / 60.0) + _CLEARLY_BETTER
    if beats is None or beats.confidence < max(enough, _CONFIDENT):
        return None
    return beats if MIN_TEMPO_BPM <= beats.tempo_bpm <= MAX_TEMPO_BPM else None
