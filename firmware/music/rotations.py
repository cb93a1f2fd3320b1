"""Where a token stands, as turns: by the number of tokens and by musical time.

A network that compares turned vectors feels distances alone. Some pairs of numbers turn with
each token, others at the periods of music (a beat, bars of three and four, phrases), so that
"the same place in the bar before" is one direction at any density.

R = pairs that turn.

Reference:
    J. Su et al., "RoFormer: Enhanced Transformer with Rotary Position Embedding" (2021).
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

MUSICAL_PERIODS: Final = (4.0, 6.0, 12.0, 24.0, 36.0, 48.0, 96.0, 192.0, 768.0, 3072.0)
"""Time steps in which a pair that follows musical time turns once (12 are a beat)."""

TOKEN_PERIODS: Final = (6.0, 18.0, 54.0, 162.0, 486.0, 1458.0)
"""Tokens in which a pair that follows the number of the token turns once."""


def rotations(
    token_numbers: NDArray[np.integer], time_steps: NDArray[np.integer]
) -> NDArray[np.float32]:
    """Cosines and sines for tokens (...,) as (..., 2, R)."""
    turns = np.concatenate(
        [
            time_steps[..., None] / np.array(MUSICAL_PERIODS),
            token_numbers[..., None] / np.array(TOKEN_PERIODS),
        ],
        axis=-1,
    )
    angle = 2.0 * math.pi * (turns % 1.0)
    return np.stack([np.cos(angle), np.sin(angle)], axis=-2).astype(np.float32)
