"""Parallel fifths and octaves, found and avoided."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from firmware.techniques.counterpoint import (
    FIFTH,
    UNISON,
    VOICE_PAIRS,
    parallels,
    similar_motion,
    write_without_parallels,
)

REST = 47


def linked(rows: int) -> NDArray[np.bool_]:
    found = np.ones(rows, dtype=np.bool_)
    found[0] = False
    return found


def cells(*rows: tuple[int, int, int, int]) -> NDArray[np.int16]:
    return np.array(rows, dtype=np.int16)


@pytest.mark.parametrize(
    ("before", "after", "interval", "expected"),
    [
        ((31, 24, REST, REST), (33, 26, REST, REST), FIFTH, True),
        ((31, 24, REST, REST), (33, 26, REST, REST), UNISON, False),
        ((36, 24, REST, REST), (38, 26, REST, REST), UNISON, True),
        ((43, 24, REST, REST), (45, 26, REST, REST), FIFTH, True),  # a twelfth is a fifth
        ((31, 24, REST, REST), (31, 24, REST, REST), FIFTH, False),  # nobody moves
        ((31, 24, REST, REST), (36, 17, REST, REST), FIFTH, False),  # contrary motion
        ((31, 24, REST, REST), (33, 25, REST, REST), FIFTH, False),  # into a sixth
        ((31, REST, REST, REST), (33, 26, REST, REST), FIFTH, False),  # a voice enters
    ],
)
def test_what_a_parallel_is(
    before: tuple[int, int, int, int],
    after: tuple[int, int, int, int],
    interval: int,
    expected: bool,  # noqa: FBT001
) -> None:
    found = parallels(cells(before, after), linked(2), rest=REST, interval=interval)
    assert found[0].sum() == 0
    assert found[1].tolist() == [expected] + [False] * (len(VOICE_PAIRS) - 1)


def test_rows_that_do_not_follow_on_each_other_are_never_parallel() -> None:
    both = cells((31, 24, REST, REST), (33, 26, REST, REST))
    assert not parallels(both, np.array([False, False]), rest=REST).any()
    assert not similar_motion(both, np.array([False, False]), rest=REST).any()


def test_the_second_best_pitch_is_written_where_the_best_would_be_parallel() -> None:
    score = cells((31, 24, REST, REST), (33, REST, REST, REST))
    mask = np.zeros(score.shape, dtype=np.bool_)
    mask[1, 1] = True
    scores = np.full((1, 48), -5.0, dtype=np.float32)
    scores[0, [26, 21]] = 3.0, 2.0
    write_without_parallels(score, mask, scores, linked(2), rest=REST)
    assert score[1].tolist() == [33, 21, REST, REST]


@settings(max_examples=60)
@given(seed=st.integers(0, 10_000))
def test_random_writing_leaves_next_to_no_parallels(seed: int) -> None:
    """Cells that are not to be written stay; hardly any parallel is left among free cells."""
    rng = np.random.default_rng(seed)
    score = rng.integers(10, 40, size=(64, 4)).astype(np.int16)
    before = score.copy()
    mask = rng.random(score.shape) < 0.8
    scores = rng.normal(size=(int(mask.sum()), 48)).astype(np.float32)
    write_without_parallels(score, mask, scores, linked(64), rest=REST)
    assert (score[~mask] == before[~mask]).all()
    rows, pairs = np.nonzero(parallels(score, linked(64), rest=REST))
    corners = [
        mask[[row, row, row - 1, row - 1], [*VOICE_PAIRS[pair], *VOICE_PAIRS[pair]]]
        for row, pair in zip(rows.tolist(), pairs.tolist(), strict=True)
    ]
    assert sum(bool(own.any()) for own in corners) <= 1
