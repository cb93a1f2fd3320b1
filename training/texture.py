"""What four-part music is like as a whole: the figures that generated music is compared by.

Letters: L time steps of a piece, V voices. Everything is counted over time steps (sixteenths)
and over all pieces together, so a piece weighs as much as it is long.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np

from firmware.music.encoding import CHORALE_ENCODING, Cells, EncodingSpec
from firmware.techniques.counterpoint import (
    FIFTH,
    UNISON,
    VOICE_PAIRS,
    parallels,
    similar_motion,
)

_TRIADS: Final = ((0, 4, 7), (0, 3, 7), (0, 3, 6))
_DISSONANT: Final = (1, 2, 6, 10, 11)


@dataclass(frozen=True, slots=True, kw_only=True)
class Texture:
    """Figures of some pieces. On Bach's training split: 0.780, 0.653, 0.100, 0.976, 1.34 + 1.21.

    Attributes:
        held: Share of cells that hold what stood in their voice one step before (a pitch or
            a rest; a note struck again counts as held, since the corpus cannot tell).
        triads: Share of time steps whose pitch classes are exactly those of a major, minor
            or diminished triad.
        dissonance: Share of pairs of sounding voices that are a second, a tritone or a
            seventh apart, octaves not counted.
        register_order: Share of time steps at which no voice sounds above a higher one.
        parallels_per_1000: Parallel fifths and octaves (`fifths`, `octaves`) per 1,000 pairs
            of voices that move in the same direction from one step to the next.
    """

    held: float
    triads: float
    dissonance: float
    register_order: float
    parallels_per_1000: dict[str, float]

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return asdict(self)


def texture(pieces: Iterable[Cells], *, spec: EncodingSpec = CHORALE_ENCODING) -> Texture:
    """Count the figures of pieces (L, V) of at least two steps.

    Args:
        pieces: Grid classes; no cell beyond the end of a piece.
        spec: Their encoding.
    """
    counts: dict[str, list[int]] = {}

    def count(name: str, hits: int, of: int) -> None:
        total = counts.setdefault(name, [0, 0])
        total[0] += hits
        total[1] += of

    triads = _triads()
    for cells in pieces:
        sounding = cells != spec.rest
        steps = len(cells)
        count("held", int((cells[1:] == cells[:-1]).sum()), cells[1:].size)
        classes = [
            frozenset((row[heard] + spec.lowest_pitch).tolist())
            for row, heard in zip(cells % 12, sounding, strict=True)
        ]
        count("triads", sum(frozenset(c % 12 for c in own) in triads for own in classes), steps)
        # A rest stands neither above nor below anything.
        lowest_so_far = np.minimum.accumulate(np.where(sounding, cells, spec.rest), axis=1)
        ordered = (cells[:, 1:] <= lowest_so_far[:, :-1]) | ~sounding[:, 1:]
        count("register_order", int(ordered.all(axis=1).sum()), steps)
        for upper, lower in VOICE_PAIRS:
            both = sounding[:, upper] & sounding[:, lower]
            interval = np.abs(cells[:, upper] - cells[:, lower]) % 12
            count("dissonance", int((np.isin(interval, _DISSONANT) & both).sum()), int(both.sum()))
        linked = np.ones(steps, dtype=np.bool_)
        linked[0] = False
        moving = int(similar_motion(cells, linked, rest=spec.rest).sum())
        for name, kind in (("fifths", FIFTH), ("octaves", UNISON)):
            found = parallels(cells, linked, rest=spec.rest, interval=kind)
            count(name, int(found.sum()), moving)
    share = {name: hits / max(of, 1) for name, (hits, of) in counts.items()}
    return Texture(
        held=share["held"],
        triads=share["triads"],
        dissonance=share["dissonance"],
        register_order=share["register_order"],
        parallels_per_1000={name: 1000 * share[name] for name in ("fifths", "octaves")},
    )


def _triads() -> frozenset[frozenset[int]]:
    return frozenset(
        frozenset((root + offset) % 12 for offset in shape)
        for root in range(12)
        for shape in _TRIADS
    )
