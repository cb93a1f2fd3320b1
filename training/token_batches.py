"""Training batches of the Transformer-XL: windows of pieces, transposed as they are drawn.

Letters: B batch, T tokens of a window.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware.errors import ConfigError
from firmware.music.token_state import token_features
from firmware.music.tokens import TOKEN_ENCODING, Texture, TokenSpec
from training.shards import TokenPiece

DEFAULT_SHARES: Final = (
    ("chorale:full", 0.10),
    ("chorale:line", 0.02),
    ("synthetic:full", 0.06),
    ("synthetic:line", 0.01),
    ("piano:full", 0.22),
    ("piano:line", 0.07),
    ("song:full", 0.18),
    ("song:line", 0.07),
    ("quartet:full", 0.12),
    ("quartet:line", 0.05),
    ("folk:full", 0.04),
    ("folk:line", 0.06),
)
"""Share of the windows by style and texture: more even than the corpora's sizes."""

_LOWEST_SHIFT: Final = -6
_HIGHEST_SHIFT: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenBatchConfig:
    """How training windows are drawn.

    Attributes:
        batch_size: B.
        window: T.
        shares: Share of the windows of each style and texture, as `style:texture`.
        from_start_share: Share of the windows that begin where their piece begins.
        no_bars_share: Share of the windows whose bar lines are hidden, as when somebody
            plays without a metronome.
        octave_share: Share of the melodies that are moved by an octave as well.
    """

    batch_size: int = 64
    window: int = 1024
    shares: tuple[tuple[str, float], ...] = DEFAULT_SHARES
    from_start_share: float = 0.2
    no_bars_share: float = 0.15
    octave_share: float = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenBatch:
    """One batch of windows.

    Attributes:
        tokens: (B, T + 1) int32; `TokenSpec.pad` behind the end of a piece.
        styles: (B,) int32.
        textures: (B,) int32.
        first_judged: (B,) int32, index of the first token after the window's first that
            counts: tokens before it are there to be remembered only.
    """

    tokens: NDArray[np.int32]
    styles: NDArray[np.int32]
    textures: NDArray[np.int32]
    first_judged: NDArray[np.int32]

    def inputs(self, *, spec: TokenSpec = TOKEN_ENCODING) -> dict[str, NDArray[np.int32]]:
        """What the training graph reads."""
        seen = self.tokens[:, :-1]
        features = token_features(seen, spec=spec)
        return {
            "tokens": seen,
            "positions": features.positions,
            "time_steps": features.time_steps,
            "note_pitches": features.note_pitches,
            "note_ends": features.note_ends,
            "styles": self.styles,
            "textures": self.textures,
        }

    def targets(self, *, spec: TokenSpec = TOKEN_ENCODING) -> NDArray[np.float32]:
        """The token after each one and its weight, 0 or 1: (B, T, 2)."""
        after = self.tokens[:, 1:]
        number = np.arange(after.shape[1])
        judged = (after != spec.pad) & (number >= self.first_judged[:, None])
        return np.stack([after, judged], axis=-1).astype(np.float32)


class TokenSampler:
    """Draws training batches; batch number n of a seed is always the same.

    Args:
        pieces: The training split.
        config: How to draw.
        seed: Start of all randomness.
        spec: The encoding.
    """

    def __init__(
        self,
        pieces: Sequence[TokenPiece],
        *,
        config: TokenBatchConfig,
        seed: int,
        spec: TokenSpec = TOKEN_ENCODING,
    ) -> None:
        self._config, self._seed, self._spec = config, seed, spec
        self._pieces = tuple(pieces)
        lengths = np.array([len(piece.tokens) for piece in pieces], dtype=np.float64)
        kinds = np.array([kind_of(piece, spec) for piece in pieces])
        self._weights = np.zeros(len(pieces))
        for kind, share in config.shares:
            mine = kinds == kind
            if mine.any():
                self._weights[mine] = share * lengths[mine] / lengths[mine].sum()
        if not self._weights.any():
            raise ConfigError("no piece is of a style and texture that has a share")
        self._weights /= self._weights.sum()
        self._line = spec.textures.index(Texture.LINE)

    def batch(self, number: int) -> TokenBatch:
        """Draw batch `number`."""
        rng = np.random.default_rng((self._seed, number))
        size, window = self._config.batch_size, self._config.window
        chosen = rng.choice(len(self._pieces), size=size, p=self._weights)
        tokens = np.full((size, window + 1), self._spec.pad, dtype=np.int32)
        for row, at in enumerate(chosen):
            piece = self._pieces[int(at)]
            cut = self._cut(rng, piece.tokens.astype(np.int32))
            tokens[row, : len(cut)] = self._moved(rng, cut, line=piece.texture == self._line)
        pieces = [self._pieces[at] for at in chosen]
        return TokenBatch(
            tokens=tokens,
            styles=np.array([piece.style for piece in pieces], dtype=np.int32),
            textures=np.array([piece.texture for piece in pieces], dtype=np.int32),
            first_judged=np.zeros(size, dtype=np.int32),
        )

    def _cut(self, rng: np.random.Generator, tokens: NDArray[np.int32]) -> NDArray[np.int32]:
        window = self._config.window
        last = len(tokens) - window // 2
        if last <= 0 or rng.random() < self._config.from_start_share:
            return tokens[: window + 1]
        beats = np.flatnonzero((tokens == self._spec.beat) | (tokens == self._spec.bar))
        after = int(np.searchsorted(beats, rng.integers(last)))
        start = int(beats[min(after, len(beats) - 1)])
        return tokens[start : start + window + 1]

    def _moved(
        self, rng: np.random.Generator, tokens: NDArray[np.int32], *, line: bool
    ) -> NDArray[np.int32]:
        octave = 12 * rng.choice((-1, 1)) if rng.random() < self._config.octave_share else 0
        shift = rng.integers(_LOWEST_SHIFT, _HIGHEST_SHIFT + 1) + (octave if line else 0)
        tokens = transposed(tokens, int(shift), spec=self._spec)
        if rng.random() < self._config.no_bars_share:
            tokens = np.where(tokens == self._spec.bar, self._spec.beat, tokens)
        return tokens


def kind_of(piece: TokenPiece, spec: TokenSpec = TOKEN_ENCODING) -> str:
    """Style and texture of a piece as `style:texture`."""
    return f"{spec.styles[piece.style]}:{spec.textures[piece.texture]}"


def transposed(
    tokens: NDArray[np.int32], semitones: int, *, spec: TokenSpec = TOKEN_ENCODING
) -> NDArray[np.int32]:
    """Shift every pitch token, by less where a pitch would leave the vocabulary."""
    is_pitch = (tokens >= spec.first_pitch) & (tokens < spec.rest)
    pitches = tokens[is_pitch]
    if not len(pitches):
        return tokens
    lowest, highest = int(pitches.min()), int(pitches.max())
    semitones = min(max(semitones, spec.first_pitch - lowest), spec.rest - 1 - highest)
    return np.where(is_pitch, tokens + semitones, tokens)


def evaluation_batches(
    pieces: Sequence[TokenPiece],
    *,
    window: int,
    stride: int,
    batch_size: int,
    spec: TokenSpec = TOKEN_ENCODING,
) -> Iterator[tuple[TokenBatch, NDArray[np.int64]]]:
    """Every token of every piece once, with at least `window - stride` tokens before it.

    Yields:
        Batches, the last filled up with pads, and (B,) the index of each window's piece,
        -1 for filling.
    """
    cuts: list[tuple[int, int, int]] = []
    for number, piece in enumerate(pieces):
        start = 0
        while True:
            cuts.append((number, start, window - stride if start else 0))
            if start + window + 1 >= len(piece.tokens):
                break
            start += stride
    for at in range(0, len(cuts), batch_size):
        mine = cuts[at : at + batch_size]
        tokens = np.full((batch_size, window + 1), spec.pad, dtype=np.int32)
        numbers = np.full(batch_size, -1, dtype=np.int64)
        styles, textures, judged = (np.zeros(batch_size, dtype=np.int32) for _ in range(3))
        for row, (number, start, first) in enumerate(mine):
            piece = pieces[number]
            cut = piece.tokens[start : start + window + 1]
            tokens[row, : len(cut)] = cut
            numbers[row], judged[row] = number, first
            styles[row], textures[row] = piece.style, piece.texture
        yield (
            TokenBatch(tokens=tokens, styles=styles, textures=textures, first_judged=judged),
            numbers,
        )
