"""Figures of texture, counted by hand."""

import numpy as np
import pytest
from numpy.typing import NDArray

from training.texture import texture

REST = 47


def piece(*rows: tuple[int, int, int, int]) -> NDArray[np.int16]:
    return np.array(rows, dtype=np.int16)


def test_held_counts_cells_that_stay() -> None:
    """Of eight cells that have a step before, five stay, a rest among them."""
    found = texture([piece((30, 20, 10, REST), (30, 21, 10, REST), (31, 21, 12, REST))])
    assert found.held == pytest.approx(5 / 8)


def test_triads_are_exact_sets_of_pitch_classes() -> None:
    """C major in any octave; not with a seventh, not without its third, not augmented."""
    found = texture(
        [
            piece(
                (36, 31, 28, 24),  # C major
                (24, 43, 16, 0),  # C major, other octaves, crossed
                (34, 31, 28, 24),  # C seventh
                (36, 31, 24, 12),  # no third
                (32, 28, 24, 12),  # augmented
                (30, 27, 24, REST),  # C diminished in three voices
            )
        ]
    )
    assert found.triads == pytest.approx(3 / 6)


def test_dissonance_counts_pairs_of_sounding_voices() -> None:
    """Second, seventh, tritone are; thirds, fourths, fifths, unisons and rests are not."""
    found = texture([piece((26, 24, REST, REST), (28, 24, REST, REST))])
    assert found.dissonance == pytest.approx(1 / 2)
    found = texture([piece((30, 24, 19, 14), (30, 24, 19, 14))])
    # 30-24 tritone, 30-19 seventh, 30-14 third, 24-19 fourth, 24-14 seventh, 19-14 fourth.
    assert found.dissonance == pytest.approx(3 / 6)


def test_register_order_skips_rests_and_allows_unisons() -> None:
    found = texture([piece((30, 30, 20, 10), (30, REST, 31, 10), (30, REST, 20, 10))])
    assert found.register_order == pytest.approx(2 / 3)


def test_parallels_are_counted_by_kind_among_similar_motion() -> None:
    """Four pairs move alike in the first step, one is a fifth; an octave in the second."""
    found = texture(
        [
            piece((31, 24, REST, REST), (33, 26, REST, REST)),
            piece((36, 24, REST, REST), (38, 26, REST, REST)),
            piece((36, 24, REST, REST), (38, 27, REST, REST)),
        ]
    )
    assert found.parallels_per_1000["fifths"] == pytest.approx(1000 / 3)
    assert found.parallels_per_1000["octaves"] == pytest.approx(1000 / 3)
