"""Drawing from logits."""

import numpy as np
import pytest

from firmware.errors import ParameterError
from firmware.inference.sampling import log_softmax, noisy_scores


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
