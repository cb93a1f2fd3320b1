"""Inputs as the model meets them in use: for calibration, golden arrays and parity."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from firmware.music.encoding import CHORALE_ENCODING, CellMask, EncodingSpec, encode_planes
from training.batches import BatchConfig, ChoraleSampler
from training.corpora import Chorale


def calibration_windows(
    natural: Sequence[Chorale],
    synthetic: Sequence[Chorale],
    count: int,
    *,
    seed: int,
    spec: EncodingSpec = CHORALE_ENCODING,
) -> tuple[NDArray[np.float32], CellMask]:
    """Draw windows as the training does: crops, transposition, masks, told attacks.

    Args:
        natural: Bach's chorales of the training split.
        synthetic: More chorales; may be empty.
        count: N, how many.
        seed: Chooses them.
        spec: The model's encoding.

    Returns:
        (N, T, P, C) planes and (N, T, V) which cells are masked.
    """
    config = BatchConfig(batch_size=count)
    batch = ChoraleSampler(natural, synthetic, config=config, seed=seed, spec=spec).batch(0)
    planes = np.stack(
        [
            encode_planes(
                batch.cells[window].astype(np.int16),
                batch.masked[window],
                batch.attacks[window],
                first_step=0,
                inside=batch.inside[window],
                spec=spec,
            )
            for window in range(count)
        ]
    )
    return planes, batch.masked
