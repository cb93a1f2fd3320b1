"""Drawing classes from logits: generator passed in, any number at once.

Tokens are drawn in this order: what is not allowed gets probability 0 and the rest is shared
out at the temperature (`probabilities`), the player's sampling technique cuts off the
improbable (`SAMPLING_TECHNIQUES`), and one is drawn of what is left (`draw`). Limits come
before the cut, so that there is always something left, and so that a threshold means a share
of what can happen.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

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


def probabilities(
    logits: NDArray[np.float32] | NDArray[np.float64],
    temperature: float,
    *,
    allowed: NDArray[np.bool_] | None = None,
) -> NDArray[np.float64]:
    """softmax(logits / temperature) over the last axis, shared out among what is allowed.

    Args:
        logits: (..., V).
        temperature: Above 0.
        allowed: Broadcasts to the logits, or None for all; what is not gets 0. At least one
            of every V must be.

    Raises:
        ParameterError: If the temperature is not above 0, or nothing is allowed.
    """
    if not temperature > 0:
        raise ParameterError(f"temperature must be above 0, got {temperature:g}")
    scores = logits.astype(np.float64) / temperature
    if allowed is not None:
        if not allowed.any(axis=-1).all():
            raise ParameterError("nothing is allowed to be drawn")
        scores = np.where(allowed, scores, -np.inf)
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=-1, keepdims=True))


_TINY = 1e-7
"""Sums of probabilities, and shares of a vocabulary, are as exact as this."""


def top_k(shares: NDArray[np.float64], threshold: float) -> NDArray[np.float64]:
    """Keep the K = ceil(threshold · V) most probable classes.

    K counts all V classes, also those of probability 0, so that it means the same everywhere
    in a piece. Of equally probable ones those that come first are kept.

    Args:
        shares: (..., V) probabilities.
        threshold: Above 0, at most 1.

    Returns:
        (..., V) probabilities: 0 for what is not kept, the rest shared out among what is.

    Raises:
        ParameterError: If the threshold is out of its range.
    """
    _check_threshold(threshold)
    # 0.07 · 100 is a little more than 7 in floating point.
    keep = max(int(np.ceil(threshold * shares.shape[-1] - _TINY)), 1)
    if keep >= shares.shape[-1]:
        return shares
    order = np.argsort(-shares, axis=-1, kind="stable")
    kept = shares.copy()
    np.put_along_axis(kept, order[..., keep:], 0.0, axis=-1)
    return np.asarray(kept / kept.sum(axis=-1, keepdims=True))


def nucleus(shares: NDArray[np.float64], threshold: float) -> NDArray[np.float64]:
    """Keep the smallest set of classes whose probabilities sum to at least the threshold.

    Arguments, result and errors are those of `top_k`.

    Reference:
        A. Holtzman et al., "The Curious Case of Neural Text Degeneration" (ICLR 2020).
    """
    _check_threshold(threshold)
    if threshold >= 1.0:  # also what is too improbable to be seen in a sum
        return shares
    order = np.argsort(-shares, axis=-1, kind="stable")
    ordered = np.take_along_axis(shares, order, axis=-1)
    before = np.cumsum(ordered, axis=-1) - ordered
    kept = shares.copy()
    np.put_along_axis(kept, order, np.where(before < threshold - _TINY, ordered, 0.0), axis=-1)
    return np.asarray(kept / kept.sum(axis=-1, keepdims=True))


def everything(shares: NDArray[np.float64], threshold: float) -> NDArray[np.float64]:
    """Keep all classes, whatever the threshold."""
    _check_threshold(threshold)
    return shares


SAMPLING_TECHNIQUES: Mapping[str, Callable[[NDArray[np.float64], float], NDArray[np.float64]]] = (
    MappingProxyType({"TopK": top_k, "Nucleus": nucleus, "Random": everything})
)
"""What is kept before a class is drawn, by the parameter `sampling_technique`."""


def draw(shares: NDArray[np.float64], *, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw one class of each (..., V) probabilities; takes one number of the generator each."""
    sums = np.cumsum(shares, axis=-1)
    total = sums[..., -1:]  # 1 but for rounding
    return np.asarray((sums > rng.random(total.shape) * total).argmax(axis=-1))


def _check_threshold(threshold: float) -> None:
    if not 0.0 < threshold <= 1.0:
        raise ParameterError(f"sampling_threshold must be in 0.01..1, got {threshold:g}")
