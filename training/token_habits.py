"""Counting how surely music goes on repeating, or resting: `firmware.inference.recall`.

Counted is what follows in windows of held-out pieces as long as what Extend hears and writes:
the first half is read, and of the second it is noted what was suggested and whether it came
true. Windows, because how often a whole sonata repeats its exposition tells nothing about how
often the next phrase repeats the last.

Letters: n observations, F features.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware.inference.recall import (
    FEATURES,
    KINDS,
    SILENCES,
    Recall,
    TokenHabits,
    chance_of,
    evidence,
    kind_of_token,
    silence_row,
)
from firmware.inference.ring import RingModel
from firmware.inference.sampling import probabilities
from firmware.music.tokens import TOKEN_ENCODING, Texture, Tokens, TokenSpec
from training.shards import TokenPiece
from training.token_batches import kind_of

WINDOW_BEATS: Final = 100
"""A minute at 100 beats a minute, of which half is prompt."""

_FEWEST_BEATS: Final = 40
_WINDOWS_OF_A_KIND: Final = 40
_BARLESS_BEATS: Final = 4
_DOUBT: Final = 2.0
"""Precision of the belief that the network is right, for what was seldom seen."""

_NETWORK_IS_RIGHT: Final = TokenHabits(
    copying={kind: tuple(float(name == "chance") for name in FEATURES) for kind in KINDS},
    resting=((0.0, 1.0),) * len(SILENCES),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A part of a piece.

    Attributes:
        tokens: START, and so many beats.
        first_counted: Number of the first token that counts.
    """

    tokens: Tokens
    first_counted: int


@dataclass(slots=True)
class _Observed:
    """What was suggested, and whether it came true."""

    seen: list[tuple[float, ...]] = field(default_factory=list)
    came_true: list[bool] = field(default_factory=list)

    def note(self, seen: tuple[float, ...], *, came_true: bool) -> None:
        self.seen.append(seen)
        self.came_true.append(came_true)

    def fitted(self, chance: int, features: int) -> tuple[float, ...]:
        """Weights, the belief being that the feature `chance` says all."""
        seen = np.array(self.seen, dtype=np.float64).reshape(-1, features)
        prior = np.eye(features)[chance]
        return tuple(_regression(seen, np.array(self.came_true, dtype=np.float64), prior).tolist())


def count_habits(
    model: RingModel, pieces: Sequence[TokenPiece], *, styles: Sequence[str], seed: int = 0
) -> TokenHabits:
    """Count on pieces that the network has not learned from.

    Args:
        model: The bundle's model.
        pieces: Of the validation split.
        styles: What the bundle is for. Of each style and texture up to 40 windows count.
        seed: Chooses them.

    Returns:
        The weights, rounded to what a manifest holds. Where nothing was seen, the network is
        right.
    """
    copying = {kind: _Observed() for kind in KINDS}
    resting = [_Observed() for _ in SILENCES]
    chosen = _chosen(pieces, styles, seed)
    read = [(window, _said(model, piece, window)) for piece, window in chosen]
    for window, said in read:
        _count_resting(said, window, resting)
    rests = [_rounded(each.fitted(1, 2)) for each in resting]
    habits = TokenHabits(
        copying=_NETWORK_IS_RIGHT.copying,
        resting=tuple((constant, weight) for constant, weight in rests),
    )
    for window, said in read:
        _count_copying(said, window, habits, copying)
    chance = FEATURES.index("chance")
    weights = {kind: _rounded(each.fitted(chance, len(FEATURES))) for kind, each in copying.items()}
    return TokenHabits(copying=weights, resting=habits.resting)


def windows(piece: TokenPiece, *, spec: TokenSpec = TOKEN_ENCODING) -> Iterator[Window]:
    """Windows of `WINDOW_BEATS` beats that begin with bars, each half a window after the last."""
    tokens = piece.tokens[piece.tokens != spec.end]
    moves = np.flatnonzero((tokens == spec.beat) | (tokens == spec.bar))
    bars = np.flatnonzero(tokens[moves] == spec.bar)
    if not len(bars):
        bars = np.arange(0, len(moves), _BARLESS_BEATS)
    bounds = [*moves.tolist(), len(tokens)]
    earliest = 0
    for first in bars.tolist():
        beats = min(WINDOW_BEATS, len(moves) - first)
        if first < earliest or beats < _FEWEST_BEATS:
            continue
        earliest = first + WINDOW_BEATS // 2
        start, half, end = bounds[first], bounds[first + beats // 2], bounds[first + beats]
        yield Window(
            tokens=np.concatenate([[spec.start], tokens[start:end]]).astype(tokens.dtype),
            first_counted=half - start + 1,
        )


def recalled_nats(habits: TokenHabits, said: NDArray[np.float32], piece: TokenPiece) -> float:
    """Nats of all tokens of a piece but the first, by network and recall together.

    Args:
        habits: Of the bundle.
        said: (n, V) logits of the network after each token.
        piece: Of n tokens.
    """
    recall, nats = Recall(habits), 0.0
    for (token, following), logits in zip(pairwise(piece.tokens.tolist()), said[:-1], strict=True):
        recall.read((token,))
        nats -= float(np.log(recall.expected(logits)[following]))
    return nats


def _chosen(
    pieces: Sequence[TokenPiece], styles: Sequence[str], seed: int, spec: TokenSpec = TOKEN_ENCODING
) -> Iterator[tuple[TokenPiece, Window]]:
    rng = np.random.default_rng(seed)
    for style in styles:
        for texture in Texture:
            # A line of a chorale is one of its parts, which nobody wrote to be heard alone.
            if style == "chorale" and texture is Texture.LINE:
                continue
            mine = [piece for piece in pieces if kind_of(piece, spec) == f"{style}:{texture}"]
            found = [(piece, window) for piece in mine for window in windows(piece)]
            order = rng.permutation(len(found))[:_WINDOWS_OF_A_KIND]
            yield from (found[number] for number in order)


def _said(model: RingModel, piece: TokenPiece, window: Window) -> NDArray[np.float32]:
    reader = model.begin(style=piece.style, texture=piece.texture)
    return reader.read_each(window.tokens.tolist())


def _count_resting(said: NDArray[np.float32], window: Window, resting: Sequence[_Observed]) -> None:
    spec, tokens = TOKEN_ENCODING, window.tokens.tolist()
    moves = (spec.beat, spec.bar)
    recall = Recall(_NETWORK_IS_RIGHT)
    for number, (token, following) in enumerate(pairwise(tokens)):
        recall.read((token,))
        row = silence_row(recall.memory.silence_beats)
        if row is not None and number + 1 >= window.first_counted:
            chance = chance_of(float(probabilities(said[number], 1.0)[list(moves)].sum()))
            resting[row].note((1.0, chance), came_true=following in moves)


def _count_copying(
    said: NDArray[np.float32], window: Window, habits: TokenHabits, copying: dict[str, _Observed]
) -> None:
    tokens = window.tokens.tolist()
    recall = Recall(habits)
    for number, (token, following) in enumerate(pairwise(tokens)):
        recall.read((token,))
        suggested = recall.memory.suggestion()
        if suggested is not None and number + 1 >= window.first_counted:
            share = float(probabilities(recall.rested(said[number]), 1.0)[suggested.token])
            copying[kind_of_token(suggested.token)].note(
                evidence(suggested, chance_of(share)), came_true=following == suggested.token
            )


def _regression(
    seen: NDArray[np.float64], came_true: NDArray[np.float64], prior: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Weights (F,) of a logistic regression of (n, F) by Newton's method, steps halved."""

    def loss(weights: NDArray[np.float64]) -> float:
        judged = seen @ weights
        doubt = _DOUBT / 2 * np.sum((weights - prior) ** 2)
        return float(np.sum(np.logaddexp(0.0, judged) - came_true * judged) + doubt)

    weights, best = prior.copy(), loss(prior)
    for _ in range(100):
        shares = 1.0 / (1.0 + np.exp(-np.clip(seen @ weights, -500.0, 500.0)))
        slope = seen.T @ (shares - came_true) + _DOUBT * (weights - prior)
        bend = (seen * (shares * (1.0 - shares))[:, None]).T @ seen + _DOUBT * np.eye(len(prior))
        step = np.asarray(np.linalg.solve(bend, slope), dtype=np.float64)
        while loss(weights - step) > best and np.abs(step).max() > 1e-9:
            step /= 2
        weights = weights - step
        before, best = best, loss(weights)
        if before - best < 1e-6:
            break
    return weights


def _rounded(values: Sequence[float]) -> tuple[float, ...]:
    return tuple(round(value, 4) for value in values)
