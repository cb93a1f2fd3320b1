"""A melody on the model's grid: what the player wrote, what is free, and where.

Letters: R rows (the time steps in which there is music), V voices.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware.music.encoding import CHORALE_ENCODING, Cells, EncodingSpec
from firmware.techniques.splitting import NO_VOICE
from firmware.techniques.voices import Casting, Part

NOBODY: Final = -1
"""Owner of a cell that the player left open."""

_LONGEST_REST_STEPS: Final = 32
"""A longer silence parts the melody into sections that know nothing of each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The player's notes in rows and voices. Silence of more than two bars takes no rows.

    Attributes:
        steps: (R,) int64, the time step of the melody at each row.
        sections: Ranges of rows; each is a piece of its own.
        owners: (R, V) int32, index of the player's note that holds a cell, or `NOBODY`.
        cells: (R, V) int16, grid classes of the player's notes; rest where nobody's.
        sounding: (R,) bool, whether anything of the player's sounds, surplus included.
        casting: Which voice sings which note.
    """

    steps: NDArray[np.int64]
    sections: tuple[range, ...]
    owners: NDArray[np.int32]
    cells: Cells
    sounding: NDArray[np.bool_]
    casting: Casting

    @property
    def linked(self) -> NDArray[np.bool_]:
        """(R,) bool, whether a row follows on the row before it."""
        linked = np.ones(len(self.steps), dtype=np.bool_)
        linked[[section.start for section in self.sections]] = False
        return linked


def score_of(casting: Casting, *, spec: EncodingSpec = CHORALE_ENCODING) -> Score:
    """Lay out at least one note on rows and voices."""
    spans = _sections([(part.start, max(part.end, part.start + 1)) for part in casting.parts])
    sections: list[range] = []
    for start, end in spans:
        first = sections[-1].stop if sections else 0
        sections.append(range(first, first + end - start))
    steps = np.concatenate([np.arange(start, end) for start, end in spans])
    row_of_section = [
        (start, section.start) for (start, _), section in zip(spans, sections, strict=True)
    ]
    owners = np.full((len(steps), len(spec.voices)), NOBODY, dtype=np.int32)
    cells = np.full(owners.shape, spec.rest, dtype=np.int16)
    sounding = np.zeros(len(steps), dtype=np.bool_)
    for part, offset in _with_offsets(casting.parts, row_of_section):
        rows = slice(part.start + offset, max(part.end, part.start + 1) + offset)
        sounding[rows] = True
        if part.voice != NO_VOICE:
            owners[rows, part.voice] = part.index
            cells[rows, part.voice] = part.grid_class
    return Score(
        steps=steps,
        sections=tuple(sections),
        owners=owners,
        cells=cells,
        sounding=sounding,
        casting=casting,
    )


def _sections(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join spans whose gap is short."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start - joined[-1][1] <= _LONGEST_REST_STEPS:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _with_offsets(
    parts: Sequence[Part], row_of_section: Sequence[tuple[int, int]]
) -> list[tuple[Part, int]]:
    """Each part with what turns its time steps into rows."""
    starts = np.array([start for start, _ in row_of_section])
    at = np.searchsorted(starts, [part.start for part in parts], side="right") - 1
    offsets = [row - start for start, row in row_of_section]
    return [(part, offsets[section]) for part, section in zip(parts, at.tolist(), strict=True)]
