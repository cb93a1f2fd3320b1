"""What the Extend technique needs of a model: something that reads tokens and says what follows."""

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from firmware.inference.recall import Recall


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


@runtime_checkable
class RecallingReader(Protocol):
    """A reader that counts as well.

    Attributes:
        recall: What was read, and what it says about the next token; None where the model brings
            no numbers for it.
    """

    recall: Recall | None


def recall_of(reader: TokenReader) -> Recall | None:
    """What a reader recalls, if it is one that does."""
    return reader.recall if isinstance(reader, RecallingReader) else None


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
