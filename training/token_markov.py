"""The simplest model that writes tokens: a chain of the second order, smoothed.

Letters: V vocabulary, n tokens.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from firmware.music.tokens import TOKEN_ENCODING, Tokens, TokenSpec


class TokenChain:
    """What comes after two tokens, by Witten-Bell interpolation of orders 2, 1 and 0.

    An order gives to the next lower one as much of the probability as befits a context after
    which new tokens turned up so often: P(w | h) = (c(h w) + t(h) P(w | h')) / (c(h) + t(h)),
    where t(h) counts the different tokens seen after h. Below order 0 all tokens are alike.

    Args:
        pieces: (n,) tokens each, START … END.
        spec: Their encoding.

    Reference:
        T. C. Bell, J. G. Cleary, I. H. Witten, "Text Compression" (1990); S. F. Chen,
        J. Goodman, "An Empirical Study of Smoothing Techniques for Language Modeling" (1998).
    """

    def __init__(self, pieces: Iterable[Tokens], *, spec: TokenSpec = TOKEN_ENCODING) -> None:
        self._spec = spec
        size = spec.vocabulary
        second = np.zeros((size, size, size), dtype=np.int32)
        for tokens in pieces:
            before, last, after = self._contexts(tokens)
            np.add.at(second, (before, last, after), 1)
        # The contexts of lower orders are those of the second, shortened.
        counts = (second.sum(axis=(0, 1)), second.sum(axis=0), second)
        self._orders = [(count, count.sum(axis=-1), (count > 0).sum(axis=-1)) for count in counts]

    def nats(self, tokens: Tokens) -> NDArray[np.float64]:
        """(n - 1,) nats of each token after the first."""
        contexts = self._contexts(tokens)
        after = contexts[2]
        probability = np.full(len(after), 1.0 / self._spec.vocabulary)
        for order, (count, seen, kinds) in enumerate(self._orders):
            context = contexts[2 - order : 2]
            weight = kinds[context]
            given = seen[context] + weight
            # After a context that never turned up, the lower order speaks alone.
            mixed = (count[(*context, after)] + weight * probability) / np.maximum(given, 1)
            probability = np.where(given > 0, mixed, probability)
        return np.asarray(-np.log(probability))

    def _contexts(
        self, tokens: Tokens
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Of each token after the first: the one before the last, the last, and itself."""
        padded = np.concatenate([[self._spec.pad], tokens]).astype(np.int64)
        return padded[:-2], padded[1:-1], padded[2:]
