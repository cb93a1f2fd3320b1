"""What the Extend technique needs of a model: something that reads tokens and says what follows."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class TokenReader(Protocol):
    """One piece being read; remembers what it has read."""

    def read(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        """Read on.

        Args:
            tokens: One or more, that follow those read before.

        Returns:
            (V,) logits of the token after the last one.
        """
        ...


class TokenModel(Protocol):
    """A model of token sequences."""

    def begin(self, *, style: int, texture: int) -> TokenReader:
        """Start a new piece, with nothing remembered.

        Args:
            style: Index into `TokenSpec.styles`.
            texture: Index into `TokenSpec.textures`.
        """
        ...
