"""How well a chorale model predicts: figures that any runtime of the model can compute.

Everything here takes a `Predict`, so that the trained float model and the shipped int8
bundle are judged by the same code. The inputs never tell attacks: in the test corpus they
are unknown, and a "held" would give a neighbour away.

Letters: B batch, T time steps of a window, P pitch classes of the grid, V voices,
C planes, M orderings.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware.music.encoding import CHORALE_ENCODING, EncodingSpec, encode_planes
from training.batches import mask_count
from training.corpora import Chorale

Predict = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""From planes (B, T, P, C) to pitch logits (B, T, P, V)."""

Advance = Callable[[int, int], None]
"""Told how many pieces of how many are done."""

_CROPS_AT_ONCE: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Crop:
    """A window of a piece.

    Attributes:
        cells: (T, V) int16 true grid classes; rest beyond the piece.
        inside: (T,) bool, False beyond the end of the piece.
    """

    cells: NDArray[np.int16]
    inside: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameNll:
    """Nats a frame by Coconet's Algorithm 1.

    Attributes:
        mixed: With M random orderings averaged per frame. No likelihood of a piece: it
            falls as M grows, whatever the model.
        single: With one random ordering (the mean over the same M orderings).
    """

    mixed: float
    single: float


def fixed_crops(
    chorales: Sequence[Chorale], *, seed: int, spec: EncodingSpec = CHORALE_ENCODING
) -> tuple[Crop, ...]:
    """Choose one window of each piece, starting on a beat, the same ones for a seed."""
    rng = np.random.default_rng(seed)
    crops = []
    for chorale in chorales:
        latest = max(len(chorale.cells) - spec.time_steps, 0)
        start = spec.beat_resolution * int(rng.integers(latest // spec.beat_resolution + 1))
        cells = np.full((spec.time_steps, len(spec.voices)), spec.rest, dtype=np.int16)
        found = chorale.cells[start : start + spec.time_steps]
        cells[: len(found)] = found
        crops.append(Crop(cells=cells, inside=np.arange(spec.time_steps) < len(found)))
    return tuple(crops)


def masked_cell_nll(
    predict: Predict,
    chorales: Sequence[Chorale],
    *,
    seed: int = 0,
    draws: int = 8,
    spec: EncodingSpec = CHORALE_ENCODING,
) -> float:
    """Nats per masked cell.

    One 128-step crop a piece, starting on a beat, chosen by the seed. For each crop and
    each of `draws` draws, k cells are masked at random, k uniform in 1..512 (in 1..n where
    the piece has only n cells in the window); the negative log-likelihood of the true
    classes is averaged over the k masked cells, then over draws, then over pieces. To make
    the figure steady with few draws, a crop's draws take k from equal parts of the range.

    Args:
        predict: The model.
        chorales: Pieces that it was not trained on.
        seed: Chooses crops and masks.
        draws: Masks a crop.
        spec: The encoding.
    """
    rng = np.random.default_rng(seed + 1)
    per_piece = []
    for crop in fixed_crops(chorales, seed=seed, spec=spec):
        free = np.repeat(crop.inside[:, None], len(spec.voices), axis=1)
        share = (np.arange(draws) + rng.random(draws)) / draws
        count = 1 + np.floor(share * free.sum()).astype(np.int64)
        masked = mask_count(rng, np.repeat(free[None], draws, axis=0), count)
        nll = _cell_nll(predict, [crop] * draws, masked, spec)
        per_piece.append(np.mean((nll * masked).sum(axis=(1, 2)) / count))
    return float(np.mean(per_piece))


def frame_nll(
    predict: Predict,
    chorales: Sequence[Chorale],
    *,
    orderings: int = 5,
    seed: int = 0,
    advance: Advance | None = None,
    spec: EncodingSpec = CHORALE_ENCODING,
) -> FrameNll:
    """Nats a frame by Coconet's Algorithm 1 (one 128-step crop a piece, as above).

    Frames are visited in random order; frames already visited hold the truth. Within a
    frame the voices are visited in random order, and a voice already visited holds what
    the model itself thinks likeliest, so that errors add up within a frame. The likelihood
    of a frame is the product over its voices. With M orderings, the likelihoods of each
    frame are averaged over the orderings before the logarithm; then the mean over frames,
    then over pieces.

    Args:
        predict: The model.
        chorales: Pieces that it was not trained on.
        orderings: M.
        seed: Chooses crops and orderings.
        advance: Told of the progress.
        spec: The encoding.

    Reference:
        C.-Z. A. Huang et al., "Counterpoint by Convolution" (ISMIR 2017), section 5.
    """
    crops = fixed_crops(chorales, seed=seed, spec=spec)
    rng = np.random.default_rng(seed + 2)
    orders = [
        [rng.permutation(np.flatnonzero(crop.inside)) for _ in range(orderings)] for crop in crops
    ]
    return _frame_nll(predict, crops, orders, rng, advance=advance, spec=spec)


def frame_nll_chronological(
    predict: Predict,
    chorales: Sequence[Chorale],
    *,
    seed: int = 0,
    advance: Advance | None = None,
    spec: EncodingSpec = CHORALE_ENCODING,
) -> float:
    """Nats a frame as in `frame_nll` with M = 1 and the frames in the order of time."""
    crops = fixed_crops(chorales, seed=seed, spec=spec)
    orders = [[np.flatnonzero(crop.inside)] for crop in crops]
    rng = np.random.default_rng(seed + 3)
    return _frame_nll(predict, crops, orders, rng, advance=advance, spec=spec).single


def _frame_nll(
    predict: Predict,
    crops: Sequence[Crop],
    orders: Sequence[Sequence[NDArray[np.int64]]],
    rng: np.random.Generator,
    *,
    advance: Advance | None,
    spec: EncodingSpec,
) -> FrameNll:
    mixed, single = [], []
    for first in range(0, len(crops), _CROPS_AT_ONCE):
        group = slice(first, first + _CROPS_AT_ONCE)
        for log_likelihood in _frame_log_likelihoods(
            predict, crops[group], orders[group], rng, spec
        ):
            mixed.append(-np.mean(_log_mean_exp(log_likelihood)))
            single.append(-np.mean(log_likelihood))
        if advance is not None:
            advance(min(first + _CROPS_AT_ONCE, len(crops)), len(crops))
    return FrameNll(mixed=float(np.mean(mixed)), single=float(np.mean(single)))


def _frame_log_likelihoods(
    predict: Predict,
    crops: Sequence[Crop],
    orders: Sequence[Sequence[NDArray[np.int64]]],
    rng: np.random.Generator,
    spec: EncodingSpec,
) -> list[NDArray[np.float64]]:
    """For each crop (M, frames): log-likelihood of each frame in each ordering."""
    # One row a crop and ordering; all rows go through the model together.
    rows = [(crop, order) for crop, own in zip(crops, orders, strict=True) for order in own]
    voices = len(spec.voices)
    cells = np.stack([crop.cells for crop, _ in rows])
    masked = np.stack([np.repeat(crop.inside[:, None], voices, axis=1) for crop, _ in rows])
    insides = np.stack([crop.inside for crop, _ in rows])
    planes = _encode(cells, masked, insides, spec)
    log_likelihood = np.zeros(insides.shape)

    def place(row: int, step: int) -> None:
        one = slice(step, step + 1)
        planes[row, step] = encode_planes(
            cells[row, one],
            masked[row, one],
            np.zeros((1, voices), dtype=np.int8),
            first_step=step,
            inside=insides[row, one],
            spec=spec,
        )[0]

    for visit in range(max(len(order) for _, order in rows)):
        steps = {
            row: int(order[visit]) for row, (_, order) in enumerate(rows) if visit < len(order)
        }
        turns = {row: rng.permutation(voices) for row in steps}
        for turn in range(voices):
            logits = predict(planes)
            for row, step in steps.items():
                voice = turns[row][turn]
                said = _log_softmax(logits[row, step, :, voice].astype(np.float64))
                log_likelihood[row, step] += said[rows[row][0].cells[step, voice]]
                cells[row, step, voice] = said.argmax()
                masked[row, step, voice] = False
                place(row, step)
        for row, step in steps.items():
            cells[row, step] = rows[row][0].cells[step]
            place(row, step)
    of_each = np.split(log_likelihood, np.cumsum([len(own) for own in orders])[:-1])
    return [own[:, crop.inside] for crop, own in zip(crops, of_each, strict=True)]


def _cell_nll(
    predict: Predict, crops: Sequence[Crop], masked: NDArray[np.bool_], spec: EncodingSpec
) -> NDArray[np.float64]:
    """(B, T, V) negative log-likelihood of every true cell."""
    cells = np.stack([crop.cells for crop in crops])
    planes = _encode(cells, masked, np.stack([crop.inside for crop in crops]), spec)
    # (B, T, P, V) -> (B, T, V, P)
    log_probability = _log_softmax(predict(planes).astype(np.float64).transpose(0, 1, 3, 2))
    truth = cells.astype(np.int64)[..., None]
    said = np.take_along_axis(log_probability, truth, axis=-1)[..., 0]
    return np.asarray(-said)


def _encode(
    cells: NDArray[np.int16],
    masked: NDArray[np.bool_],
    inside: NDArray[np.bool_],
    spec: EncodingSpec,
) -> NDArray[np.float32]:
    """Planes (B, T, P, C) of a batch of windows that start on a beat, attacks unknown."""
    unknown = np.zeros(cells.shape[1:], dtype=np.int8)
    return np.stack(
        [
            encode_planes(row, mask, unknown, first_step=0, inside=within, spec=spec)
            for row, mask, within in zip(cells, masked, inside, strict=True)
        ]
    )


def _log_softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


def _log_mean_exp(values: NDArray[np.float64]) -> NDArray[np.float64]:
    highest = values.max(axis=0)
    return np.asarray(highest + np.log(np.mean(np.exp(values - highest), axis=0)))
