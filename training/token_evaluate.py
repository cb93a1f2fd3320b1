"""How well a token model predicts pieces that it has never seen.

Figures are natural logarithms. Every token of a piece counts once, START not, END yes; what
a chorale costs is divided by its sixteenths and its four voices, so that it can be compared
with models that say every voice at every sixteenth.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from firmware.music.tokens import TOKEN_ENCODING, TokenSpec
from training.shards import TokenPiece
from training.token_batches import TokenBatch, evaluation_batches, kind_of

TokenNll = Callable[[TokenBatch], NDArray[np.float32]]
"""A batch -> (B, T) nats of each token after the first, whatever it weighs."""

VOICES = 4


def piece_nats(
    nll: TokenNll,
    pieces: Sequence[TokenPiece],
    *,
    window: int,
    stride: int,
    batch_size: int,
) -> NDArray[np.float64]:
    """Nats of whole pieces: (number of pieces,)."""
    total = np.zeros(len(pieces))
    for batch, numbers in evaluation_batches(
        pieces, window=window, stride=stride, batch_size=batch_size
    ):
        weighted = nll(batch) * batch.targets()[:, :, 1]
        real = numbers >= 0
        np.add.at(total, numbers[real], weighted.sum(axis=1, dtype=np.float64)[real])
    return total


def figures(
    nats: NDArray[np.float64],
    pieces: Sequence[TokenPiece],
    *,
    spec: TokenSpec = TOKEN_ENCODING,
) -> dict[str, float]:
    """Sum up the nats of pieces by style and texture.

    Returns:
        `nats_per_token KIND` and `nats_per_note KIND` for each kind that there is, and
        `jsb_nll_per_step_voice` over the chorales in four parts, each step weighing alike.
    """
    sums: Mapping[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    chorale_nats = steps = 0.0
    for cost, piece in zip(nats.tolist(), pieces, strict=True):
        entry = sums[kind_of(piece, spec)]
        entry[0] += cost
        entry[1] += len(piece.tokens) - 1
        entry[2] += piece.notes
        if piece.sixteenths and spec.styles[piece.style] == "chorale":
            chorale_nats += cost
            steps += piece.sixteenths
    found = {}
    for kind, (cost, tokens, notes) in sums.items():
        found[f"nats_per_token {kind}"] = cost / tokens
        found[f"nats_per_note {kind}"] = cost / notes
    if steps:
        found["jsb_nll_per_step_voice"] = chorale_nats / (VOICES * steps)
    return found
