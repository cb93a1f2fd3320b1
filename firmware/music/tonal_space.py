"""Tonal space: pitch classes on the circles of fifths, minor thirds and major thirds.

Reference:
    C. Harte, M. Sandler, M. Gasser, "Detecting harmonic change in musical audio", AMCMM 2006.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

OCTAVE: Final = 12


def _circles() -> NDArray[np.float64]:
    """(12, 6): each pitch class on three circles, the radii of which are 1, 1 and 0.5."""
    classes = np.arange(OCTAVE)
    circles = ((7 / 6, 1.0), (3 / 2, 1.0), (2 / 3, 0.5))
    columns = [
        radius * turn(classes * angle * np.pi)
        for angle, radius in circles
        for turn in (np.sin, np.cos)
    ]
    return np.stack(columns, axis=-1)


CIRCLES: Final = _circles()
"""(12, 6): where each pitch class is, 0 being C."""
