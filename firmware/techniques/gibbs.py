"""Blocked Gibbs sampling of four voices with a model that fills in masked cells.

Letters: R rows, V voices, P pitch classes of the grid, T steps of the model's window,
M masked cells.

Reference:
    L. Yao et al., "On the Equivalence between Gibbs Sampling and Generative Stochastic
    Networks" (2014), for the annealed masks; C.-Z. A. Huang et al., "Counterpoint by
    Convolution" (ISMIR 2017).
"""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware.inference.runtime import Model
from firmware.inference.sampling import FORBIDDEN, log_softmax, noisy_scores
from firmware.music.encoding import CHORALE_ENCODING, CellMask, EncodingSpec, encode_planes
from firmware.techniques.counterpoint import parallels, write_without_parallels
from firmware.techniques.score import Score
from firmware.techniques.splitting import VOICE_RANGES

Pausing = Generator[None, None, None]
"""Work that yields every few milliseconds, so that it can be stopped there."""

Look = Generator[None, None, NDArray[np.float32]]
"""The model going over a score: yields after each window, returns what it said of them all."""

_MARGIN_STEPS: Final = 16
"""Context that a window has at least on each side of the part that is taken from it."""

_BLOCK: Final = 4096
"""Cells that are drawn without a pause."""

_CHOICES: Final = 8
"""Pitches to try for a note before a parallel is accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One window of a section.

    Attributes:
        window: Rows that the model sees.
        core: Rows whose result is taken: a part of the window.
    """

    window: range
    core: range


def tiles(section: range, rng: np.random.Generator, *, time_steps: int) -> Iterator[Tile]:
    """Cover a section with overlapping windows, at other places each time it is asked for.

    Args:
        section: The rows to cover.
        rng: Chooses where the borders are.
        time_steps: T.
    """
    if len(section) <= time_steps:
        yield Tile(window=section, core=section)
        return
    hop = time_steps - 2 * _MARGIN_STEPS
    last_window = section.stop - time_steps
    start = section.start
    # The first window needs no context on its left, so it may give up to a margin more.
    stop = start + int(rng.integers(_MARGIN_STEPS, _MARGIN_STEPS + hop)) + 1
    while start < section.stop:
        # What is left may fit into the last window together with this core.
        if section.stop - start <= time_steps - _MARGIN_STEPS:
            stop = section.stop
        first = min(max(start - _MARGIN_STEPS, section.start), last_window)
        yield Tile(window=range(first, first + time_steps), core=range(start, stop))
        start, stop = stop, min(stop + hop, section.stop)


def window_count(sections: Sequence[range], *, time_steps: int) -> int:
    """About how many windows cover the sections; where their borders are moves it by a few."""
    hop = time_steps - 2 * _MARGIN_STEPS
    return sum(1 if len(section) <= time_steps else -(-len(section) // hop) for section in sections)


class Sampler:
    """The cells of a score being written by a model.

    Attributes:
        cells: (R, V) int16 grid classes as they stand.
        free: (R, V) bool, the cells that may be written.
        confidence: (R, V) float32, log-probability of what was last written in a cell.
        borders: Rows at which the windows of the last look met.

    Args:
        score: The player's notes and what is open.
        model: Takes `planes`, gives `pitch_logits` and `attack_logits`.
        rng: Source of all randomness.
        spec: The model's encoding.
    """

    def __init__(
        self,
        score: Score,
        model: Model,
        rng: np.random.Generator,
        *,
        spec: EncodingSpec = CHORALE_ENCODING,
    ) -> None:
        self.cells = score.cells.copy()
        self.free = score.owners < 0
        self.confidence = np.zeros(self.cells.shape, dtype=np.float32)
        self.borders: tuple[int, ...] = ()
        self._score = score
        self._linked = score.linked
        self._model = model
        self._rng = rng
        self._spec = spec
        self._penalty = _penalties(score, spec)

    def look(self, mask: CellMask, sections: tuple[range, ...] | None = None) -> Look:
        """Ask the model what stands in the masked cells, window by window.

        Args:
            mask: (R, V), True where the model is not told.
            sections: Where to look, if not everywhere; no cell is masked elsewhere.

        Returns:
            (M, P) logits of the masked cells, in row-major order.
        """
        logits = np.zeros((*mask.shape, self._spec.grid_pitches), dtype=np.float32)
        borders: list[int] = []
        for section in sections or self._score.sections:
            for tile in tiles(section, self._rng, time_steps=self._spec.time_steps):
                core = slice(tile.core.start, tile.core.stop)
                if tile.core.start > section.start:
                    borders.append(tile.core.start)
                if not mask[core].any():
                    continue
                found = self._run(tile.window, mask, None)["pitch_logits"]
                offset = tile.window.start
                # (T, P, V) -> (T, V, P)
                logits[core] = found[core.start - offset : core.stop - offset].transpose(0, 2, 1)
                yield
        self.borders = tuple(borders)
        return logits[mask]

    def write(
        self, mask: CellMask, logits: NDArray[np.float32], *, temperatures: NDArray[np.float32]
    ) -> Pausing:
        """Draw the masked cells from logits and keep how sure the model was.

        Args:
            mask: (R, V), a part of `free`.
            logits: (M, P), in row-major order.
            temperatures: (V,) one a voice, above 0.
        """
        rows, voices = np.nonzero(mask)
        blocks = [slice(first, first + _BLOCK) for first in range(0, len(rows), _BLOCK)]
        scores = np.empty_like(logits)
        for block in blocks:
            own = voices[block]
            allowed = logits[block] + self._penalty[own]
            # No voice is silent while the player plays.
            allowed[self._score.sounding[rows[block]], self._spec.rest] = FORBIDDEN
            scores[block] = noisy_scores(allowed, temperatures[own, None], rng=self._rng)
            yield
        write_without_parallels(self.cells, mask, scores, self._linked, rest=self._spec.rest)
        yield
        chosen = self.cells[mask].astype(np.int64)[:, None]
        for block in blocks:
            said = np.take_along_axis(log_softmax(logits[block]), chosen[block], axis=1)
            self.confidence[rows[block], voices[block]] = said[:, 0]
            yield

    def write_as_one(self, rows: slice, voice: int, logits: NDArray[np.float32]) -> None:
        """Write neighbouring cells of one voice as one note: the likeliest without parallels.

        Args:
            rows: The cells' rows.
            voice: Their voice.
            logits: (M, P) of these cells.
        """
        said = log_softmax(logits).mean(axis=0)
        scores = said + self._penalty[voice]
        scores[self._spec.rest] = FORBIDDEN
        order = np.argsort(-scores, kind="stable")[:_CHOICES]
        for choice in (*order.tolist(), int(order[0])):
            self.cells[rows, voice] = choice
            if not self._has_parallels_at(rows):
                break
        self.confidence[rows, voice] = said[choice]

    def _has_parallels_at(self, rows: slice) -> bool:
        around = slice(max(rows.start - 1, 0), rows.stop + 1)
        found = parallels(self.cells[around], self._linked[around], rest=self._spec.rest)
        return bool(found[1:].any())

    def struck_again(self, attacks: NDArray[np.int8]) -> Look:
        """Ask the model where a pitch that goes on is struck again.

        Args:
            attacks: (R, V) what is known, as in `firmware.music.encoding.Attacks`.

        Returns:
            (R, V) logit that the cell's pitch is struck there.
        """
        logits = np.zeros(self.cells.shape, dtype=np.float32)
        nothing = np.zeros(self.cells.shape, dtype=np.bool_)
        for section in self._score.sections:
            for tile in tiles(section, self._rng, time_steps=self._spec.time_steps):
                found = self._run(tile.window, nothing, attacks)["attack_logits"]
                core = np.arange(tile.core.start, tile.core.stop)
                classes = self.cells[core].astype(np.int64)[:, None, :]
                own = found[core - tile.window.start]
                logits[core] = np.take_along_axis(own, classes, axis=1)[:, 0]
                yield
        return logits

    def _run(
        self, window: range, mask: CellMask, attacks: NDArray[np.int8] | None
    ) -> dict[str, NDArray[np.float32]]:
        steps = self._spec.time_steps
        rows = slice(window.start, window.stop)
        cells = np.full((steps, self.cells.shape[1]), self._spec.rest, dtype=np.int16)
        masked = np.zeros(cells.shape, dtype=np.bool_)
        known = np.zeros(cells.shape, dtype=np.int8)
        cells[: len(window)] = self.cells[rows]
        masked[: len(window)] = mask[rows]
        if attacks is not None:
            known[: len(window)] = attacks[rows]
        planes = encode_planes(
            cells,
            masked,
            known,
            first_step=int(self._score.steps[window.start]),
            inside=np.arange(steps) < len(window),
            spec=self._spec,
        )
        return self._model.run(planes=planes)


def _penalties(score: Score, spec: EncodingSpec) -> NDArray[np.float32]:
    """(V, P): 0 for what a voice can sing, else `FORBIDDEN`."""
    pitches = spec.lowest_pitch + np.arange(spec.grid_pitches)
    heard = pitches - score.casting.shift
    penalties = np.full((len(VOICE_RANGES), spec.grid_pitches), FORBIDDEN, dtype=np.float32)
    for voice, (low, high) in enumerate(VOICE_RANGES):
        singable = (pitches >= low) & (pitches <= high) & (heard >= 0) & (heard <= 127)
        penalties[voice, singable] = 0.0
    penalties[:, spec.rest] = 0.0
    return penalties
