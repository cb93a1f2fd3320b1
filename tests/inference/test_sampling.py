"""Drawing from logits."""

import numpy as np
import pytest

from firmware.errors import ParameterError
from firmware.inference.sampling import (
    SAMPLING_TECHNIQUES,
    draw,
    log_softmax,
    noisy_scores,
    nucleus,
    probabilities,
    top_k,
)

WORKED_EXAMPLE = np.array([0.3, 0.3, 0.2, 0.1, 0.05, 0.05])


def test_draws_have_the_probabilities_of_the_softmax() -> None:
    """60,000 draws at once, at two temperatures."""
    logits = np.log(np.array([0.5, 0.3, 0.2], dtype=np.float32))
    many = np.tile(logits, (60_000, 1))
    for temperature in (1.0, 0.5):
        drawn = noisy_scores(many, temperature, rng=np.random.default_rng(1))
        share = np.bincount(drawn.argmax(axis=1), minlength=3) / len(many)
        expected = np.exp(logits / temperature)
        assert share == pytest.approx(expected / expected.sum(), abs=0.01)


def test_the_second_best_score_is_a_draw_from_what_is_left() -> None:
    logits = np.tile(np.log(np.array([0.5, 0.3, 0.2], dtype=np.float32)), (60_000, 1))
    scores = noisy_scores(logits, 1.0, rng=np.random.default_rng(2))
    without_first = scores[scores.argmax(axis=1) == 0][:, 1:].argmax(axis=1)
    assert without_first.mean() == pytest.approx(0.4, abs=0.01)


def test_a_temperature_of_nothing_is_refused() -> None:
    with pytest.raises(ParameterError, match="above 0"):
        noisy_scores(np.zeros(3, np.float32), 0.0, rng=np.random.default_rng(0))


def test_log_softmax_is_the_logarithm_of_probabilities() -> None:
    logits = np.array([[1000.0, 999.0], [-3.0, 2.0]], dtype=np.float32)
    assert np.exp(log_softmax(logits)).sum(axis=1) == pytest.approx([1.0, 1.0])
    assert log_softmax(logits)[0, 0] == pytest.approx(-np.log1p(np.exp(-1.0)), rel=1e-5)


def test_the_designs_worked_example() -> None:
    """Threshold 0.5 over six tokens: TopK keeps three of them and Nucleus two."""
    assert top_k(WORKED_EXAMPLE, 0.5) == pytest.approx([0.375, 0.375, 0.25, 0, 0, 0])
    assert nucleus(WORKED_EXAMPLE, 0.5) == pytest.approx([0.5, 0.5, 0, 0, 0, 0])
    for at in range(1, 100):
        kept = np.count_nonzero(top_k(WORKED_EXAMPLE, at / 100))
        assert kept == -(-at * 6 // 100)


def test_sums_that_floating_point_misses_are_met() -> None:
    """0.1 + 0.2 is more than 0.3, 0.7 + 0.1 less than 0.8, and 0.07 · 100 more than 7."""
    assert np.count_nonzero(nucleus(np.array([0.2, 0.1, 0.7]), 0.8)) == 2
    assert np.count_nonzero(nucleus(np.array([0.7, 0.1, 0.2]), 0.9)) == 2
    assert np.count_nonzero(nucleus(np.array([0.3, 0.2, 0.2, 0.3]), 0.8)) == 3
    assert np.count_nonzero(nucleus(np.full(10, 0.1), 0.3)) == 3
    assert np.count_nonzero(top_k(np.full(100, 0.01), 0.07)) == 7


def test_cuts_work_on_many_at_once_and_keep_the_likeliest() -> None:
    rng = np.random.default_rng(0)
    many = rng.dirichlet(np.full(40, 0.3), size=(5, 7))
    for cut, threshold in ((top_k, 0.2), (nucleus, 0.6)):
        kept = cut(many, threshold)
        assert kept.sum(axis=-1) == pytest.approx(np.ones((5, 7)))
        for row, before in zip(kept.reshape(-1, 40), many.reshape(-1, 40), strict=True):
            assert (row == cut(before, threshold)).all()
            assert before[row > 0].min() >= before[row == 0].max()
            chosen = before[row > 0].sum()
            if cut is nucleus:
                assert chosen >= threshold > chosen - before[row > 0].min()
            else:
                assert np.count_nonzero(row) == 8


def test_k_counts_the_whole_vocabulary_also_where_little_is_allowed() -> None:
    """A tenth of 40 classes are four, of which the limits leave three: all three are kept."""
    allowed = np.zeros(40, dtype=np.bool_)
    allowed[[3, 17, 30]] = True
    shares = probabilities(np.zeros(40, np.float32), 1.0, allowed=allowed)
    assert shares[allowed] == pytest.approx([1 / 3] * 3)
    assert top_k(shares, 0.1) == pytest.approx(shares)


@pytest.mark.parametrize("technique", SAMPLING_TECHNIQUES)
def test_threshold_one_draws_what_random_draws(technique: str) -> None:
    """Draw for draw with the same generator, the most improbable class included."""
    rng = np.random.default_rng(4)
    shares = probabilities(rng.normal(scale=20, size=(500, 240)).astype(np.float32), 1.0)
    cut, free = SAMPLING_TECHNIQUES[technique], SAMPLING_TECHNIQUES["Random"]
    assert (cut(shares, 1.0) == shares).all()
    assert shares.min() < 1e-30
    drawn = draw(cut(shares, 1.0), rng=np.random.default_rng(5))
    assert (drawn == draw(free(shares, 1.0), rng=np.random.default_rng(5))).all()


def test_what_is_not_allowed_is_never_drawn() -> None:
    """However likely the model thinks it, and whatever the generator gives."""
    logits = np.array([50.0, 0.0, 1.0, 50.0], np.float32)
    allowed = np.array([False, True, True, False])
    shares = np.tile(probabilities(logits, 2.0, allowed=allowed), (60_000, 1))
    drawn = draw(shares, rng=np.random.default_rng(6))
    assert set(drawn.tolist()) == {1, 2}
    assert (drawn == 2).mean() == pytest.approx(1 / (1 + np.exp(-0.5)), abs=0.01)


@pytest.mark.parametrize("technique", SAMPLING_TECHNIQUES)
@pytest.mark.parametrize("threshold", [0.0, -0.5, 1.01, float("nan")])
def test_thresholds_out_of_range_are_refused(technique: str, threshold: float) -> None:
    with pytest.raises(ParameterError, match="sampling_threshold must be in"):
        SAMPLING_TECHNIQUES[technique](WORKED_EXAMPLE, threshold)


def test_probabilities_refuse_what_has_no_answer() -> None:
    with pytest.raises(ParameterError, match="temperature must be above 0"):
        probabilities(np.zeros(3, np.float32), 0.0)
    with pytest.raises(ParameterError, match="nothing is allowed"):
        probabilities(np.zeros(3, np.float32), 1.0, allowed=np.zeros(3, dtype=np.bool_))
