"""From cells back to notes, within the number of notes that the player allows.

Letters: R rows, V voices.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware.music.encoding import CHORALE_ENCODING, Cells, EncodingSpec
from firmware.music.notes import MAX_VELOCITY, Composition, Melody, Note, Track
from firmware.music.timing import ticks_per_step
from firmware.techniques.ensembles import SURPLUS_NAME, Ensemble
from firmware.techniques.score import NOBODY, Score
from firmware.techniques.splitting import NO_VOICE

_OWN_VOICE_SHARE: Final = 0.1  # of the rows: below, a voice counts as not the player's
_TOUCH_UP_ORDER: Final = (3, 0, 2, 1)  # bass first: it says most about the harmony
_INNER_LOUDNESS: Final = 0.85  # generated notes stay behind the player's


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A note that the model would add.

    Attributes:
        voice: 0 for the soprano to 3 for the bass.
        first: First row.
        last: Its last row.
        grid_class: Pitch class of the grid.
        confidence: Mean log-probability of its cells.
        replaces: Indices of removed notes in whose place it stands.
    """

    voice: int
    first: int
    last: int
    grid_class: int
    confidence: float
    replaces: frozenset[int] = frozenset()

    @property
    def length(self) -> int:
        """Rows that it lasts."""
        return self.last - self.first + 1


def proposals(
    score: Score,
    cells: Cells,
    struck: NDArray[np.bool_],
    confidence: NDArray[np.float32],
    removed: Collection[int],
    *,
    spec: EncodingSpec = CHORALE_ENCODING,
) -> Generator[None, None, list[Proposal]]:
    """Read the cells that are not the player's as notes; yield after each voice.

    Args:
        score: The player's notes.
        cells: (R, V) all grid classes.
        struck: (R, V), whether a pitch that goes on is struck again there.
        confidence: (R, V) log-probabilities.
        removed: Indices of the player's notes whose cells the model has written.
        spec: The model's encoding.
    """
    found: list[Proposal] = []
    for voice, (firsts, lasts) in enumerate(_runs(score, cells, struck, removed, spec)):
        owners = score.owners[:, voice]
        columns = (
            firsts.tolist(),
            lasts.tolist(),
            cells[firsts, voice].tolist(),
            _means(confidence[:, voice], firsts, lasts).tolist(),
            _count_owned(owners, firsts, lasts).tolist(),
        )
        for first, last, grid_class, sure, owned in zip(*columns, strict=True):
            replaced = owners[first : last + 1].tolist() if owned else ()
            found.append(
                Proposal(
                    voice=voice,
                    first=first,
                    last=last,
                    grid_class=grid_class,
                    confidence=sure,
                    replaces=frozenset(owner for owner in replaced if owner != NOBODY),
                )
            )
        yield
    return found


def count_replacements(
    score: Score,
    cells: Cells,
    struck: NDArray[np.bool_],
    removed: Collection[int],
    *,
    spec: EncodingSpec = CHORALE_ENCODING,
) -> int:
    """How many of the `proposals` would stand in the place of removed notes."""
    return sum(
        int(np.count_nonzero(_count_owned(score.owners[:, voice], firsts, lasts)))
        for voice, (firsts, lasts) in enumerate(_runs(score, cells, struck, removed, spec))
    )


def _runs(
    score: Score,
    cells: Cells,
    struck: NDArray[np.bool_],
    removed: Collection[int],
    spec: EncodingSpec,
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """For each voice the first and the last row of what would be heard as one note."""
    free = np.ones(len(score.casting.parts) + 1, dtype=np.bool_)
    free[:-1] = False
    free[list(removed)] = True
    # The owner NOBODY is -1 and finds the last entry.
    ours = free[score.owners] & (cells != spec.rest)
    goes_on = np.zeros_like(ours)
    goes_on[1:] = ours[1:] & ours[:-1] & (cells[1:] == cells[:-1]) & ~struck[1:]
    goes_on &= score.linked[:, None]
    for voice in range(cells.shape[1]):
        own = goes_on[:, voice]
        firsts = np.flatnonzero(ours[:, voice] & ~own)
        lasts = np.flatnonzero(ours[:, voice] & ~np.append(own[1:], [False]))
        yield firsts, lasts


def _count_owned(
    owners: NDArray[np.int32], firsts: NDArray[np.int64], lasts: NDArray[np.int64]
) -> NDArray[np.int64]:
    """How many cells of each run are the player's."""
    owned = np.concatenate([[0], np.cumsum(owners != NOBODY)])
    return np.asarray(owned[lasts + 1] - owned[firsts])


def _means(
    values: NDArray[np.float32], firsts: NDArray[np.int64], lasts: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Mean of each run; runs of one length at once, because there are thousands of them."""
    means = np.empty(len(firsts), dtype=np.float32)
    lengths = lasts - firsts + 1
    for length in np.unique(lengths).tolist():
        own = lengths == length
        # (runs, length)
        means[own] = values[firsts[own, None] + np.arange(length)].mean(axis=1)
    return means


def select(
    score: Score,
    offered: Sequence[Proposal],
    budget: int,
    *,
    spec: EncodingSpec = CHORALE_ENCODING,
) -> list[Proposal]:
    """Choose at most `budget` notes: replacements, the player's own voices, whole voices, the rest.

    Args:
        score: The player's notes.
        offered: What the model would add.
        budget: How many notes may be added.
        spec: The model's encoding.
    """
    if len(offered) <= budget:
        return list(offered)
    groups: dict[tuple[int, int], list[Proposal]] = defaultdict(list)
    coverage = (score.owners != NOBODY).mean(axis=0)
    for proposal in offered:
        own = coverage[proposal.voice] >= _OWN_VOICE_SHARE
        if proposal.replaces:
            groups[(0, 0)].append(proposal)
        elif own:
            groups[(1, 0)].append(proposal)
        else:
            groups[(2, _TOUCH_UP_ORDER.index(proposal.voice))].append(proposal)
    chosen: list[Proposal] = []
    for key in sorted(groups):
        left = budget - len(chosen)
        if not left:
            break
        group = groups[key]
        chosen += group if len(group) <= left else _best_spread(score, group, left, spec)
    return chosen


def _best_spread(
    score: Score, group: Sequence[Proposal], count: int, spec: EncodingSpec
) -> list[Proposal]:
    """The most valuable notes, taken from equal parts of the piece in turn."""
    # A layer takes one note of each part: first the best of each, then the second best.
    layers: dict[int, list[Proposal]] = defaultdict(list)
    taken: dict[int, int] = defaultdict(int)
    for proposal in sorted(group, key=lambda own: (-_value(score, own, spec), own.first)):
        part = proposal.first * count // len(score.steps)
        layers[taken[part]].append(proposal)
        taken[part] += 1
    return [proposal for depth in sorted(layers) for proposal in layers[depth]][:count]


def _value(score: Score, proposal: Proposal, spec: EncodingSpec) -> float:
    """Long notes on strong beats that the model is sure of."""
    step = int(score.steps[proposal.first])
    beat = spec.beat_resolution
    strength = 1.0 if step % (2 * beat) == 0 else 0.7 if step % beat == 0 else 0.3
    length = min(proposal.length, 4 * beat)
    return float(strength * length**0.5 * np.exp(proposal.confidence))


def compose(
    melody: Melody,
    score: Score,
    chosen: Iterable[Proposal],
    removed: Collection[int],
    ensemble: Ensemble,
    *,
    spec: EncodingSpec = CHORALE_ENCODING,
) -> Composition:
    """Write tracks: the player's kept notes as they were played, and the chosen ones on the grid.

    Args:
        melody: What was played.
        score: Its notes in rows and voices.
        chosen: What is added.
        removed: Indices of the notes that are left out.
        ensemble: Who plays.
        spec: The model's encoding.
    """
    tracks: dict[int, list[Note]] = defaultdict(list)
    gone = frozenset(removed)
    for part in score.casting.parts:
        if part.index not in gone:
            tracks[part.voice].append(melody.notes[part.index])
    loudness = _Loudness(melody)
    step = ticks_per_step(spec.beat_resolution)
    added: dict[int, list[Note]] = defaultdict(list)
    for proposal in chosen:
        start = int(score.steps[proposal.first]) * step
        note = Note(
            start_ticks=start,
            pitch=proposal.grid_class + spec.lowest_pitch - score.casting.shift,
            duration_ticks=proposal.length * step,
            velocity=loudness.at(start),
        )
        added[proposal.voice].append(note)
    for voice, notes in added.items():
        tracks[voice] += _clear_of(notes, tracks[voice], step)
    named = [(voice, name, ensemble.programs[voice]) for voice, name in enumerate(spec.voices)]
    named.append((NO_VOICE, SURPLUS_NAME, ensemble.surplus_program))
    return Composition(
        tracks=tuple(
            Track(name=name, notes=tuple(tracks[voice]), program=program)
            for voice, name, program in named
            if tracks[voice]
        ),
        tempo_bpm=melody.tempo_bpm,
        beats_per_bar=melody.beats_per_bar,
        name=melody.name,
    )


def _clear_of(added: Iterable[Note], kept: Sequence[Note], step: int) -> list[Note]:
    """Shorten, on the grid, what would strike a key of the same track that is still down.

    A note off the grid may reach into the next time step, and a MIDI channel cannot hold one
    pitch twice.
    """
    by_pitch: dict[int, list[Note]] = defaultdict(list)
    for note in kept:
        by_pitch[note.pitch].append(note)
    clear: list[Note] = []
    for note in added:
        start, end = note.start_ticks, note.end_ticks
        for other in by_pitch[note.pitch]:
            if other.start_ticks < end and start < other.end_ticks:
                if other.start_ticks <= start:
                    start = -(-other.end_ticks // step) * step
                else:
                    end = other.start_ticks // step * step
        if start < end:
            clear.append(replace(note, start_ticks=start, duration_ticks=end - start))
    return clear


class _Loudness:
    """How loud an added note is: a little softer than the player's at that moment."""

    def __init__(self, melody: Melody) -> None:
        self._starts = [note.start_ticks for note in melody.notes]
        self._velocities = [note.velocity for note in melody.notes]

    def at(self, tick: int) -> int:
        nearest = max(bisect_right(self._starts, tick) - 1, 0)
        return max(1, min(MAX_VELOCITY, round(self._velocities[nearest] * _INNER_LOUDNESS)))
