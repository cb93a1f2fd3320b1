"""The key in which a band hears every melody: C major or A minor, whatever key it is played in.

A melody that is played some semitones higher has its key so many semitones higher, and its
pitches too. So it is moved to the very same notes, and what a band makes of these is the very
same music. Everything is counted in whole numbers, so that this holds to the last digit.

Reference:
    C. Krumhansl, E. Kessler, "Tracing the dynamic changes in perceived tonal organization in a
    spatial representation of musical keys" (1982), for the profiles.
"""

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

_OCTAVE: Final = 12
_MINOR_THIRD: Final = 3

_MAJOR: Final = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
_MINOR: Final = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
"""How well each pitch class fits a key, from its tonic upwards, as listeners rated it."""

WHITE_KEYS: Final = (0, 2, 4, 5, 7, 9, 11)
"""Pitch classes of the key at home."""

LOWEST_MEAN: Final = 65
"""At home a melody's mean pitch is this or higher, by less than an octave."""

Sounding = tuple[int, int]
"""A pitch, and how long it sounds, in any unit."""


def home_shift(sounding: Iterable[Sounding]) -> int:
    """How many semitones a melody is moved to be at home.

    Args:
        sounding: Pitch and duration of each note of the melody, at least one, in order of time.
            The unit of the durations is no matter.

    Returns:
        The one shift that brings its major key, or the major key of the same scale, to C, and
        its mean pitch into the octave from `LOWEST_MEAN` on. For the same melody k semitones
        higher it is k less.
    """
    notes = [(int(pitch), int(duration)) for pitch, duration in sounding]
    weights = np.zeros(_OCTAVE, dtype=np.int64)
    for pitch, duration in notes:
        weights[pitch % _OCTAVE] += duration
    tonic = _tonic(weights, nearest=notes[-1][0])
    total = sum(duration for _, duration in notes)
    moment = sum(pitch * duration for pitch, duration in notes)
    # The first shift that reaches the octave, and from there up to the key.
    least = -((moment - LOWEST_MEAN * total) // total)
    return least + (-tonic - least) % _OCTAVE


def way_back(shift: int) -> int:
    """How many semitones a band at home is moved to the melody's key: six down to five up.

    Instruments keep their registers, so that it is the way of the least.
    """
    return (-shift + 6) % _OCTAVE - 6


def _tonic(weights: NDArray[np.int64], *, nearest: int) -> int:
    """The tonic of the major key, or of the minor key's relative major, that fits best.

    Args:
        weights: (12,) how long each pitch class sounds.
        nearest: Of keys that fit alike, that with the tonic the least above this pitch.
    """
    keys = (np.arange(_OCTAVE) + nearest) % _OCTAVE
    # (12 keys, 12 pitch classes from the tonic upwards)
    above = weights[(keys[:, None] + np.arange(_OCTAVE)) % _OCTAVE]
    major, minor = (above @ profile for profile in _PROFILES)
    # The relative minor's tonic is a minor third below: three places before.
    fits = np.maximum(major, np.roll(minor, _MINOR_THIRD))
    return int(keys[fits.argmax()])


def _profiles() -> NDArray[np.int64]:
    """(2, 12): both profiles with a mean of nothing and the same variance, in millionths."""
    ratings = np.array([_MAJOR, _MINOR])
    ratings -= ratings.mean(axis=1, keepdims=True)
    scaled = ratings / ratings.std(axis=1, keepdims=True) * 1e6
    return np.asarray(np.rint(scaled), dtype=np.int64)


_PROFILES: Final = _profiles()
