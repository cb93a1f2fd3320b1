"""Written music taken apart: sections of one metre, a leading part, a bass, playable layers.

All notes are on the band's grid unless a name says otherwise. What is cut away is the doubling
and the thickness of an orchestra or a piano, never the time at which something is struck.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware.music.band import BAND_ENCODING, BandNote, Role
from firmware.music.timing import divide_rounded
from firmware.music.tokens import TOKEN_ENCODING, GridNote
from training.band.shards import BandPiece
from training.scores import Score, highest_line

SplitPiece = tuple[BandPiece, str]
"""A piece and the side of the split that it must be on, or an empty text where it is free."""

FEWEST_BARS: Final = 8
MOST_NOTES: Final = {Role.HARMONY: 4, Role.COUNTER: 3}
_FEWEST_MELODY_NOTES: Final = 8
_FINE_BEAT: Final = TOKEN_ENCODING.beat_resolution
_BEAT: Final = BAND_ENCODING.beat_resolution
_MIDDLE: Final = 64
# A bass note may lie this far above the lowest one around it: alone, or under a chord.
_BASS_REACH: Final = (12, 4)
_SWITCHING: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Whole bars of one metre.

    Attributes:
        start: Time step of the score's grid; below 0 where the first bar is a pickup.
        end: The time step after it.
        beats_per_bar: Quarter notes a bar.
    """

    start: int
    end: int
    beats_per_bar: int


def metre_sections(score: Score) -> Iterator[Section]:
    """Find the sections of one metre that are long enough.

    A bar that a repeat sign has cut in two counts as one. A pickup before the first bar line
    becomes a bar that begins with silence. Metres of half beats (3/8) come as pairs of bars,
    because the score knows only bar lines that lie on a beat.
    """
    lines = [*score.bars, score.end]
    if len(score.bars) < FEWEST_BARS:
        return
    lengths = [b - a for a, b in pairwise(score.bars)]
    at = 0
    while at < len(lengths):
        bar = lengths[at]
        until, within = at + 1, 0
        for number in range(at + 1, len(lengths)):
            within += lengths[number]
            if within > bar:
                break
            if within == bar:
                until, within = number + 1, 0
        start, end = lines[at], lines[until]
        if until == len(lengths) and score.end > end:
            end += bar
        if (at == 0 and start > 0) or (at == 1 and lengths[0] < bar):
            start -= bar
        beats, rest = divmod(bar, _FINE_BEAT)
        if (
            rest == 0
            and beats > 1
            and BAND_ENCODING.bars(beats)
            and end - start >= FEWEST_BARS * bar
        ):
            yield Section(start=start, end=end, beats_per_bar=beats)
        at = until


def in_section(notes: Iterable[GridNote], section: Section) -> list[GridNote]:
    """Notes of the score's grid that begin in a section, on the band's grid from its start."""
    steps = _band_step(section.end - section.start)
    found: dict[tuple[int, int], GridNote] = {}
    for note in notes:
        if section.start <= note.start < section.end:
            start = _band_step(note.start - section.start)
            end = min(_band_step(note.end - section.start), steps)
            key = start, note.pitch
            longest = max(end - start, 1, found[key].duration if key in found else 0)
            if start < steps:
                found[key] = GridNote(start=start, pitch=note.pitch, duration=longest)
    return sorted(found.values())


def lowest_line(notes: Iterable[GridNote]) -> list[GridNote]:
    """The bass of a part: the lowest note at each start, ended by the next one."""
    upside_down = highest_line(note._replace(pitch=-note.pitch) for note in notes)
    return [note._replace(pitch=-note.pitch) for note in upside_down]


def bass_of_hand(notes: Sequence[GridNote]) -> tuple[list[GridNote], list[GridNote]]:
    """Part a left hand into its bass and what it plays above it.

    A note is bass if it is the lowest struck at its time and no more than an octave above the
    lowest one struck within two beats; under a chord, no more than a third. Its octave is left
    out.
    """
    struck: dict[int, list[int]] = defaultdict(list)
    for note in notes:
        struck[note.start].append(note.pitch)
    low = {start: min(pitches) for start, pitches in struck.items()}

    def is_bass(note: GridNote) -> bool:
        if note.pitch != low[note.start]:
            return False
        around = range(note.start - 2 * _BEAT, note.start + 2 * _BEAT + 1)
        ground = min(low[start] for start in around if start in low)
        is_chord = len({pitch % 12 for pitch in struck[note.start]}) > 1
        return note.pitch - ground <= _BASS_REACH[is_chord]

    bass = [note for note in notes if is_bass(note)]
    octaves = {(note.start, note.pitch + 12) for note in bass}
    taken = set(bass)
    above = [n for n in notes if n not in taken and (n.start, n.pitch) not in octaves]
    return lowest_line(bass), above


def without_doubles(
    notes: Iterable[GridNote], of: Iterable[GridNote], *, octaves: bool = False
) -> list[GridNote]:
    """Leave out what strikes the same pitch, or its octaves too, at the same time as `of`."""
    period = 12 if octaves else 128
    taken = {(note.start, note.pitch % period) for note in of}
    return [note for note in notes if (note.start, note.pitch % period) not in taken]


def layer(notes: Iterable[GridNote], *, at_once: int) -> list[GridNote]:
    """Make notes playable by one hand: so many at once.

    Of what is struck together octaves go first, then what lies farthest from the middle of the
    keyboard; what still sounds from before yields to what is struck, the oldest first.
    """
    groups: dict[int, dict[int, GridNote]] = defaultdict(dict)
    for note in notes:
        others = groups[note.start]
        if note.pitch not in others or others[note.pitch].duration < note.duration:
            others[note.pitch] = note
    done: list[GridNote] = []
    sounding: list[GridNote] = []
    for start in sorted(groups):
        struck = _thinned(groups[start].values(), at_once)
        pitches = {note.pitch for note in struck}
        held = [note for note in sounding if note.end > start]
        spare = at_once - len(struck)
        kept = [note for note in held if note.pitch not in pitches]
        kept = kept[len(kept) - min(spare, len(kept)) :]
        done += [n for n in sounding if n.end <= start]
        done += [n._replace(duration=start - n.start) for n in held if n not in kept]
        sounding = [*kept, *struck]
    return sorted([*done, *sounding])


def leading_parts(
    parts: Sequence[Sequence[GridNote]], *, bar: int, bars: int, favour: Sequence[float]
) -> list[int]:
    """Choose for each bar the part that has the melody.

    A part leads the better, the higher it lies, the more of the bar it sounds and the more
    different notes it strikes; notes struck again and again are accompaniment. A change of the
    leader costs as much as it must gain, so that phrases stay in one hand (a shortest path).

    Args:
        parts: Notes of each part.
        bar: Time steps of a bar.
        bars: How many there are.
        favour: Of each part, what is added where it plays.

    Returns:
        The index of the leading part of each bar.
    """
    worth = np.stack([_leading_worth(part, bar, bars) for part in parts])
    worth += np.where(worth > 0, np.asarray(favour, dtype=np.float64)[:, None], 0)
    best = worth[:, 0]
    came_from = np.zeros((bars, len(parts)), dtype=np.int64)
    for number in range(1, bars):
        richest = int(best.argmax())
        stays = best >= best[richest] - _SWITCHING
        came_from[number] = np.where(stays, np.arange(len(parts)), richest)
        best = np.where(stays, best, best[richest] - _SWITCHING) + worth[:, number]
    path = [int(best.argmax())]
    for number in range(bars - 1, 0, -1):
        path.append(int(came_from[number, path[-1]]))
    return path[::-1]


def played_by(
    parts: Sequence[Sequence[GridNote]], leaders: Sequence[int], *, bar: int
) -> list[GridNote]:
    """The notes of whoever leads in each bar."""
    last = len(leaders) - 1
    return sorted(
        note
        for number, part in enumerate(parts)
        for note in part
        if leaders[min(note.start // bar, last)] == number
    )


def band_piece(
    *,
    corpus: str,
    name: str,
    genre: str,
    beats_per_bar: int,
    steps: int,
    layers: dict[Role, Sequence[GridNote]],
    made: frozenset[Role] = frozenset(),
) -> BandPiece | None:
    """Put a piece together, or None where it has too little melody or nothing beside it.

    Args:
        corpus: Name of the corpus.
        name: The piece's name in it.
        genre: Name of the genre.
        beats_per_bar: Quarter notes a bar.
        steps: Its length, whole bars.
        layers: The notes of each role.
        made: Roles that rules wrote.
    """
    notes = [
        BandNote(role, max(note.start, 0), min(note.end, steps), note.pitch)
        for role, mine in layers.items()
        for note in mine
        if note.start < steps and note.end > 0
    ]
    count = Counter(note.role for note in notes)
    if count[Role.MELODY] < _FEWEST_MELODY_NOTES or len(count) < 2:
        return None
    return BandPiece(
        corpus=corpus,
        name=f"{corpus}/{name}",
        genre=genre,
        notes=tuple(sorted(notes, key=lambda note: (note.start, note.role, note.pitch))),
        beats_per_bar=beats_per_bar,
        steps=steps,
        made=made & frozenset(count),
    )


def _band_step(fine: int) -> int:
    return divide_rounded(fine * _BEAT, _FINE_BEAT)


def _thinned(notes: Iterable[GridNote], at_once: int) -> list[GridNote]:
    ranked = sorted(notes, key=lambda note: (abs(note.pitch - _MIDDLE), note.pitch))
    first = {note.pitch % 12: note for note in reversed(ranked)}
    octaves = [note for note in ranked if first[note.pitch % 12] is not note]
    return sorted([*sorted(first.values(), key=ranked.index), *octaves][:at_once])


def _leading_worth(part: Sequence[GridNote], bar: int, bars: int) -> NDArray[np.float64]:
    """(bars,) how well a part would lead; 0 where it is silent."""
    by_bar: list[list[GridNote]] = [[] for _ in range(bars)]
    for note in highest_line(part):
        by_bar[min(note.start // bar, bars - 1)].append(note)
    worth = np.zeros(bars)
    for number, line in enumerate(by_bar):
        sounding = sum(note.duration for note in line) / bar
        if sounding < 0.125:
            continue
        pitches = [note.pitch for note in line]
        height = min(max((sum(pitches) / len(pitches) - 40) / 45, 0), 1)
        movement = min(len(set(pitches)) / 4, 1)
        again = sum(a == b for a, b in pairwise(pitches)) / len(pitches)
        worth[number] = 0.1 + 1.5 * height + min(sounding, 1) + movement - 0.7 * again
    return worth
