"""The simplest model that writes melodies: a second-order Markov chain for each voice.

Letters: L time steps of a piece, V voices, P pitch classes of the grid.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from firmware.music.encoding import CHORALE_ENCODING, CellMask, Cells, EncodingSpec

_BACK_OFF = 4.0  # observations that the first-order chain counts for
_FLATTEN = 0.5  # observations of every class that the uniform distribution counts for


class VoiceChains:
    """What comes after two sixteenths of a voice.

    Args:
        pieces: (L, V) grid classes to learn from.
        spec: Their encoding.
    """

    def __init__(self, pieces: Iterable[Cells], *, spec: EncodingSpec = CHORALE_ENCODING) -> None:
        size, voices = spec.grid_pitches, len(spec.voices)
        first = np.full((voices, size, size), _FLATTEN)
        second = np.zeros((voices, size, size, size))
        for cells in pieces:
            for voice in range(voices):
                own = cells[:, voice]
                np.add.at(first[voice], (own[:-1], own[1:]), 1.0)
                np.add.at(second[voice], (own[:-2], own[1:-1], own[2:]), 1.0)
        first /= first.sum(axis=-1, keepdims=True)
        second += _BACK_OFF * first[:, None]
        second /= second.sum(axis=-1, keepdims=True)
        self._log_first = np.log(first).astype(np.float32)
        self._log_second = np.log(second).astype(np.float32)

    def filled(self, cells: Cells, free: CellMask) -> Cells:
        """The likeliest way to fill the free cells, voice by voice, with all others given.

        Args:
            cells: (L, V) grid classes.
            free: (L, V), True where a cell is to be filled.
        """
        done = cells.copy()
        for voice in range(cells.shape[1]):
            done[:, voice] = self._likeliest(cells[:, voice], free[:, voice], voice)
        return done

    def _likeliest(
        self, line: NDArray[np.int16], free: NDArray[np.bool_], voice: int
    ) -> NDArray[np.int16]:
        """Viterbi over pairs of neighbouring classes."""
        size = self._log_first.shape[1]
        steps = len(line)
        if steps < 2 or not free.any():
            return line

        def evidence(step: int) -> NDArray[np.float32]:
            allowed = np.zeros(size, dtype=np.float32)
            if not free[step]:
                allowed -= 1e9
                allowed[line[step]] = 0.0
            return allowed

        # score[a, b]: best log-probability of a line that ends with a, b.
        score = self._log_first[voice] + evidence(0)[:, None] + evidence(1)[None, :]
        came_from = np.zeros((steps, size, size), dtype=np.int8)
        for step in range(2, steps):
            through = score[:, :, None] + self._log_second[voice]
            came_from[step] = through.argmax(axis=0)
            score = through.max(axis=0) + evidence(step)[None, :]
        last, final = np.unravel_index(int(score.argmax()), score.shape)
        found = np.empty(steps, dtype=np.int16)
        found[-2:] = last, final
        for step in range(steps - 1, 1, -1):
            found[step - 2] = came_from[step, found[step - 1], found[step]]
        return found
