"""Drawing classes from logits: float32, generator passed in, any number at once."""

import numpy as np
from numpy.typing import NDArray

from firmware.errors import ParameterError

FORBIDDEN = np.float32(-1e9)
"""A logit that is never drawn while another one is possible."""


def noisy_scores(
    logits: NDArray[np.float32],
    temperature: float | NDArray[np.float32],
    *,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Scores whose argmax is a draw from softmax(logits / temperature) (the Gumbel trick).

    The second best score is a draw from what is left when the best is ruled out, and so on,
    so that a draw can be refused without drawing again.

    Args:
        logits: (..., classes); the noise is independent for every number.
        temperature: Above 0; one for all, or an array that broadcasts to the logits.
        rng: Source of the noise.

    Raises:
        ParameterError: If the temperature is not above 0.
    """
    if not np.all(np.asarray(temperature) > 0):
        raise ParameterError(f"temperature must be above 0, got {np.min(temperature):g}")
    noise = rng.standard_exponential(logits.shape, dtype=np.float32)
    # An exponential of exactly 0 (one in 2**24) would make an infinite score.
    np.maximum(noise, np.float32(1e-30), out=noise)
    np.log(noise, out=noise)
    return np.asarray(logits / np.float32(temperature) - noise)


def log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logarithms of the probabilities over the last axis."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))
