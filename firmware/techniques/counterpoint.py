"""Parallel fifths and octaves: found, and kept out of what the model writes.

Models do not unlearn them by growing, so the sampler forbids them.

Letters: R rows, V voices, M cells to be written, P pitch classes of the grid, Q pairs of voices,
H parallels found.
"""

from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware.inference.sampling import FORBIDDEN
from firmware.music.encoding import CellMask, Cells

VOICE_PAIRS: Final = tuple(combinations(range(4), 2))
"""(upper, lower) voices, from soprano and alto to tenor and bass."""

UNISON: Final = 0
FIFTH: Final = 7
_UPPER: Final = np.array([upper for upper, _ in VOICE_PAIRS])
_LOWER: Final = np.array([lower for _, lower in VOICE_PAIRS])
_ROUNDS: Final = 8


def similar_motion(cells: Cells, linked: NDArray[np.bool_], *, rest: int) -> NDArray[np.bool_]:
    """Where two voices move in the same direction.

    Args:
        cells: (R, V) grid classes.
        linked: (R,) whether a row follows on the row before it.
        rest: Grid class of silence.

    Returns:
        (R, Q) bool; row r tells of the step from r - 1 to r, the first is False.
    """
    sounding = cells != rest
    motion = np.zeros(cells.shape, dtype=np.int8)
    motion[1:] = np.sign(cells[1:] - cells[:-1])
    motion[1:] *= sounding[1:] & sounding[:-1] & linked[1:, None]
    return np.asarray(motion[:, _UPPER] * motion[:, _LOWER] > 0)


def parallels(
    cells: Cells, linked: NDArray[np.bool_], *, rest: int, interval: int | None = None
) -> NDArray[np.bool_]:
    """Where two voices move in the same direction from one perfect interval to the same.

    Args:
        cells: (R, V) grid classes.
        linked: (R,) whether a row follows on the row before it.
        rest: Grid class of silence.
        interval: `FIFTH`, `UNISON` (octaves count as unisons), or None for either.

    Returns:
        (R, Q) bool, as in `similar_motion`.
    """
    interval_classes = np.abs(cells[:, _UPPER] - cells[:, _LOWER]) % 12
    if interval is None:
        perfect = (interval_classes == UNISON) | (interval_classes == FIFTH)
    else:
        perfect = interval_classes == interval
    perfect[1:] &= interval_classes[1:] == interval_classes[:-1]
    return np.asarray(perfect & similar_motion(cells, linked, rest=rest))


def write_without_parallels(
    cells: Cells,
    mask: CellMask,
    scores: NDArray[np.float32],
    linked: NDArray[np.bool_],
    *,
    rest: int,
) -> None:
    """Write the best-scored class into each masked cell, but no parallel where it can be helped.

    Where a parallel would arise, that one of its cells that are being written takes its next
    best class which loses the least; other cells stay as they are.

    Args:
        cells: (R, V), changed in place.
        mask: (R, V) bool, the M cells to write.
        scores: (M, P) noisy scores of the cells in row-major order; changed in place.
        linked: (R,) whether a row follows on the row before it.
        rest: Grid class of silence.
    """
    number = np.full(mask.shape, -1, dtype=np.int64)
    number[mask] = np.arange(len(scores))
    cells[mask] = scores.argmax(axis=1)
    for _ in range(_ROUNDS):
        rows, pairs = np.nonzero(parallels(cells, linked, rest=rest))
        # (H, 4): the corners of each parallel, two now and two a row before.
        at = (
            np.stack([rows, rows, rows - 1, rows - 1], axis=1),
            np.stack([_UPPER[pairs], _LOWER[pairs]] * 2, axis=1),
        )
        corners = number[at]
        losses = _losses(scores, corners, cells[at])
        easiest = losses.argmin(axis=1)
        curable = losses.min(axis=1, initial=np.inf) <= -FORBIDDEN / 2
        changed = _apart(corners, easiest, curable)
        if not changed:
            return
        hits = np.array(changed)
        # (C,) cells that give way.
        own = corners[hits, easiest[hits]]
        place = (at[0][hits, easiest[hits]], at[1][hits, easiest[hits]])
        scores[own, cells[place]] = FORBIDDEN
        cells[place] = scores[own].argmax(axis=1)


def _losses(
    scores: NDArray[np.float32], corners: NDArray[np.int64], chosen: Cells
) -> NDArray[np.float32]:
    """(H, 4): how much worse each corner's next best class is; infinite where none may change."""
    losses = np.full(corners.shape, np.inf, dtype=np.float32)
    writable = corners >= 0
    own, classes = scores[corners[writable]], chosen[writable].astype(np.int64)[:, None]
    kept = np.take_along_axis(own, classes, axis=1)[:, 0]
    np.put_along_axis(own, classes, FORBIDDEN, axis=1)
    losses[writable] = kept - own.max(axis=1)
    return losses


def _apart(
    corners: NDArray[np.int64], easiest: NDArray[np.int64], curable: NDArray[np.bool_]
) -> list[int]:
    """The parallels to be cured at once: none has a corner that another one changes."""
    taken: list[int] = []
    changed: set[int] = set()
    rows = zip(corners.tolist(), easiest.tolist(), curable.tolist(), strict=True)
    for hit, (numbers, best, is_curable) in enumerate(rows):
        # Whatever was changed a moment ago may already have cured this one.
        if is_curable and changed.isdisjoint(numbers):
            taken.append(hit)
            changed.add(numbers[best])
    return taken
