"""Token shards: every piece of the Extend corpora as tokens, in one file a split.

A shard is an `.npz` with `tokens` (uint16, all pieces one after another), `offsets`
(int64, one more than pieces), `styles` and `textures` (uint8, indices into the spec's
names), `sixteenths` (int32, of a chorale, else 0), `notes` (int32), `names` and `corpora`;
and the fingerprint of the encoding, which must be the reader's.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from firmware.errors import ConfigError
from firmware.music.tokens import TOKEN_ENCODING, Tokens, TokenSpec

SPLITS: Final = ("train", "valid", "test")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPiece:
    """One piece, or the melody of one.

    Attributes:
        corpus: Name of the corpus that it comes from.
        name: Corpus and piece.
        style: Index into `TokenSpec.styles`.
        texture: Index into `TokenSpec.textures`.
        tokens: START … END.
        notes: Notes in it.
        sixteenths: Length of a chorale in sixteenths, for the figure per step and voice;
            0 for what is no chorale in four kept parts.
    """

    corpus: str
    name: str
    style: int
    texture: int
    tokens: Tokens
    notes: int
    sixteenths: int = 0

    def cut(self, tokens: int) -> "TokenPiece":
        """Its first tokens; what it counts is then more than it holds."""
        return replace(self, tokens=self.tokens[:tokens])


def write_shard(
    path: Path, pieces: Sequence[TokenPiece], *, spec: TokenSpec = TOKEN_ENCODING
) -> None:
    """Write pieces into one file."""
    lengths = [len(piece.tokens) for piece in pieces]
    arrays: dict[str, Any] = {
        "fingerprint": np.array(spec.fingerprint()),
        "tokens": np.concatenate([piece.tokens for piece in pieces]).astype(np.uint16),
        "offsets": np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        "styles": np.array([piece.style for piece in pieces], dtype=np.uint8),
        "textures": np.array([piece.texture for piece in pieces], dtype=np.uint8),
        "notes": np.array([piece.notes for piece in pieces], dtype=np.int32),
        "sixteenths": np.array([piece.sixteenths for piece in pieces], dtype=np.int32),
        "names": np.array([piece.name for piece in pieces]),
        "corpora": np.array([piece.corpus for piece in pieces]),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"new-{path.name}")
    np.savez_compressed(fresh, **arrays)
    fresh.replace(path)


def read_shard(path: Path, *, spec: TokenSpec = TOKEN_ENCODING) -> tuple[TokenPiece, ...]:
    """Read the pieces of one file.

    Raises:
        ConfigError: If there is none, or it was written for another encoding.
    """
    try:
        with np.load(path, allow_pickle=False) as shard:
            arrays = {name: shard[name] for name in shard.files}
    except OSError as error:
        raise ConfigError(
            f"there is no readable shard {path}", remedy="python -m training shards makes it"
        ) from error
    found = str(arrays["fingerprint"])
    if found != spec.fingerprint():
        raise ConfigError(
            f"{path} was written for encoding {found}, this code has {spec.fingerprint()}",
            remedy="python -m training shards makes it again",
        )
    bounds = arrays["offsets"].tolist()
    return tuple(
        TokenPiece(
            corpus=str(arrays["corpora"][at]),
            name=str(arrays["names"][at]),
            style=int(arrays["styles"][at]),
            texture=int(arrays["textures"][at]),
            tokens=arrays["tokens"][bounds[at] : bounds[at + 1]],
            notes=int(arrays["notes"][at]),
            sixteenths=int(arrays["sixteenths"][at]),
        )
        for at in range(len(bounds) - 1)
    )


def shard_path(folder: Path, split: str) -> Path:
    """Where a split's shard lies."""
    return folder / f"{split}.npz"


def with_borders(tokens: Iterable[int], *, spec: TokenSpec = TOKEN_ENCODING) -> Tokens:
    """Put START before a piece and END behind it."""
    return np.array([spec.start, *tokens, spec.end], dtype=np.uint16)
