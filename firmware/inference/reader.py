"""What the Extend technique needs of a model: something that reads tokens and says what follows."""

from collections.abc import Sequence
from typing import Any, Protocol

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


class KeepingReader(TokenReader, Protocol):
    """A reader whose place in the piece can be kept.

    Attributes:
        texture: Index into `TokenSpec.textures` of what is read next; it may change.
    """

    texture: int

    def keep(self) -> Any:
        """All that is remembered at this place, for `KeepingModel.go_on`."""
        ...


class KeepingModel(Protocol):
    """A `TokenModel` that can go back to a place."""

    def begin(self, *, style: int, texture: int) -> KeepingReader:
        """See `TokenModel.begin`."""
        ...

    def go_on(self, place: Any) -> KeepingReader:
        """Go on from a place, whatever was read since; it can be gone on from again."""
        ...
