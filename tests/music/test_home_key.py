"""The key at home: the same notes of the same melody in whatever key it is played."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.music.home_key import LOWEST_MEAN, home_shift, way_back

_NOTES = st.lists(st.tuples(st.integers(30, 90), st.integers(1, 2000)), min_size=1, max_size=40)


@given(_NOTES, st.integers(-30, 30))
def test_a_melody_in_another_key_comes_to_the_same_notes(
    notes: list[tuple[int, int]], semitones: int
) -> None:
    """So many semitones higher, it is moved by so many fewer; ties break alike."""
    moved = [(pitch + semitones, duration) for pitch, duration in notes]
    assert home_shift(moved) == home_shift(notes) - semitones


@given(_NOTES)
def test_at_home_the_mean_pitch_is_in_one_octave(notes: list[tuple[int, int]]) -> None:
    shift = home_shift(notes)
    pitches, durations = np.array(notes).T
    assert LOWEST_MEAN <= np.average(pitches + shift, weights=durations) < LOWEST_MEAN + 12


@pytest.mark.parametrize(
    ("pitches", "tonic"),
    [
        ((60, 62, 64, 65, 67, 64, 60), 0),  # C major
        ((67, 69, 71, 72, 74, 78, 79, 67), 7),  # G major, its leading tone too
        ((69, 72, 76, 74, 72, 71, 69, 68, 69), 0),  # A minor, by its relative major
        ((62, 65, 69, 67, 65, 64, 62, 61, 62), 5),  # D minor
    ],
)
def test_the_key_of_the_white_keys_is_home(pitches: tuple[int, ...], tonic: int) -> None:
    assert (tonic + home_shift((pitch, 4) for pitch in pitches)) % 12 == 0


def test_the_unit_of_the_durations_is_no_matter() -> None:
    notes = [(61, 3), (64, 1), (68, 5), (70, 2)]
    assert home_shift(notes) == home_shift([(pitch, 480 * long) for pitch, long in notes])


@pytest.mark.parametrize("shift", range(-30, 31))
def test_the_way_back_is_the_shortest(shift: int) -> None:
    """To the same pitch classes, six down to five up."""
    assert -6 <= way_back(shift) <= 5
    assert (shift + way_back(shift)) % 12 == 0
