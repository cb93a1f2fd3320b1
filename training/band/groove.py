"""Human drumming by style, and drums lent to pieces that have none.

The Groove recordings were played to a metronome on an electronic kit. Each becomes bars of the
band's nine drums: its own lag behind the metronome is taken out, strokes too soft to be heard as
more than a ghost are left out, because the rolls know no loudness, and what remains goes to the
nearest time step. A recording that swings is read on triplets and written straight: its third of
a beat on the first time step, its two thirds on the half beat.

Jazz borrows drumming that swings, pop and rock drumming that does not. Only the recordings of
the official training split are lent.
"""

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import symusic
from numpy.typing import NDArray

from firmware.errors import MidiFileError
from firmware.music.band import BAND_ENCODING, BandNote, Role
from training.band.shards import BandPiece

FOLDER: Final = "drums-groove"

# Roland TD-11 keys to rows of the drums' roll.
_ROWS: Final[Mapping[int, int]] = {
    key: row
    for row, keys in enumerate(
        (
            (36,),
            (37, 38, 40),
            (22, 42, 44),
            (26, 46),
            (43, 58),
            (45, 47),
            (48, 50),
            (49, 52, 55, 57),
            (51, 53, 59),
        )
    )
    for key in keys
}
# Styles of the recordings that a genre borrows.
_STYLES: Final[Mapping[str, str]] = {
    "jazz": r"jazz(/swing|/mediumfast|/fast)?|blues/shuffle",
    "pop": r"(pop|soul|dance|country|highlife|hiphop)(/.*)?",
    "rock": r"(rock|punk)(/.*)?",
}
_SWINGING: Final = frozenset({"jazz"})
_SWINGING_STYLE: Final = re.compile(r"swing|shuffle")
_SOFTEST: Final = 32
_FEWEST_STROKES: Final = 3
_FEWEST_BARS: Final = 4
_PHRASE_BARS: Final = 8
_FILL_CHANCE: Final = 0.5

_BEAT: Final = BAND_ENCODING.beat_resolution

Bar = tuple[tuple[int, int], ...]
"""(time step, row of the drums' roll) of each stroke of a bar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Groove:
    """Consecutive bars of one recording.

    Attributes:
        style: Family, or family and style.
        beats_per_bar: Quarter notes a bar.
        swings: Whether it was played so; it is written straight.
        bars: The strokes, in order.
    """

    style: str
    beats_per_bar: int
    swings: bool
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grooves:
    """What there is to borrow.

    Attributes:
        beats: Recordings of four bars and more, by genre and beats a bar.
        fills: Single bars that end a phrase, by style and beats a bar.
    """

    beats: Mapping[tuple[str, int], Sequence[Groove]] = field(default_factory=dict)
    fills: Mapping[tuple[str, int], Sequence[Bar]] = field(default_factory=dict)


def read_grooves(folder: Path) -> Grooves:
    """Read the recordings of the official training split.

    Args:
        folder: The folder of the corpora; without this corpus in it there is nothing to borrow.

    Raises:
        MidiFileError: If a recording cannot be read.
    """
    index = folder / FOLDER / "info.csv"
    if not index.is_file():
        return Grooves()
    with index.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "train"]
    beats: dict[tuple[str, int], list[Groove]] = defaultdict(list)
    fills: dict[tuple[str, int], list[Bar]] = defaultdict(list)
    for row in rows:
        genre = genre_of(row["style"])
        above, below = map(int, row["time_signature"].split("-"))
        if genre is None or 4 * above % below:
            continue
        groove = read_groove(
            folder / FOLDER / row["midi_filename"],
            style=row["style"],
            beats_per_bar=4 * above // below,
        )
        if not groove.bars or groove.swings != (genre in _SWINGING):
            continue
        if row["beat_type"] == "fill":
            fills[_family(row["style"]), groove.beats_per_bar].append(groove.bars[0])
        elif len(groove.bars) >= _FEWEST_BARS:
            beats[genre, groove.beats_per_bar].append(groove)
    return Grooves(beats=beats, fills=fills)


def genre_of(style: str) -> str | None:
    """The genre that borrows drumming of a style, or None where none does."""
    return next((g for g, styles in _STYLES.items() if re.fullmatch(styles, style)), None)


def read_groove(path: Path, *, style: str, beats_per_bar: int) -> Groove:
    """Read one recording; its empty bars before the first and after the last stroke are left out.

    Raises:
        MidiFileError: If it is no MIDI file.
    """
    try:
        file: Any = symusic.Score(path, ttype="tick")
    except (RuntimeError, ValueError, OSError) as error:
        raise MidiFileError(f"{path.name} cannot be read: {error}") from error
    strokes = [
        (note.start / file.ticks_per_quarter, _ROWS[note.pitch])
        for track in file.tracks
        for note in track.notes
        if note.pitch in _ROWS and note.velocity >= _SOFTEST
    ]
    return groove_of(strokes, style=style, beats_per_bar=beats_per_bar)


def groove_of(strokes: Sequence[tuple[float, int]], *, style: str, beats_per_bar: int) -> Groove:
    """Put strokes on the grid.

    Args:
        strokes: (beats since the first bar line, row of the drums' roll) of each.
        style: The recording's style.
        beats_per_bar: Quarter notes a bar.
    """
    times = np.array([time for time, _ in strokes])
    lag = _lag(times)
    # At a fast tempo swing is nearly even, and only its name tells.
    swings = _SWINGING_STYLE.search(style) is not None or _swings((times - lag) % 1)
    bar = beats_per_bar * _BEAT
    bars: dict[int, set[tuple[int, int]]] = defaultdict(set)
    for time, row in strokes:
        step = _step(time - lag, swings=swings)
        if step >= 0:
            bars[step // bar].add((step % bar, row))
    full = [number for number, mine in bars.items() if len(mine) >= _FEWEST_STROKES]
    whole = range(min(full), max(full) + 1) if full else range(0)
    return Groove(
        style=style,
        beats_per_bar=beats_per_bar,
        swings=swings,
        bars=tuple(tuple(sorted(bars[number])) for number in whole),
    )


def with_borrowed_drums(
    pieces: Iterable[BandPiece], folder: Path, rng: np.random.Generator
) -> Iterator[BandPiece]:
    """Lend drums to pieces of jazz, pop and rock that have none; others pass as they are.

    A piece gets consecutive bars of one recording of its genre and metre, begun again where the
    recording ends; the last bar of a phrase of eight is a fill of the same family half of the
    time. The drums stop with the piece's last note. A metre that nobody has drummed stays
    without drums.

    Args:
        pieces: The pieces.
        folder: The folder of the corpora.
        rng: It chooses the recordings.
    """
    grooves = read_grooves(folder)
    for piece in pieces:
        wanted = piece.genre in _STYLES and all(n.role is not Role.DRUMS for n in piece.notes)
        groove = _choose(grooves, piece, rng) if wanted else None
        yield piece if groove is None else _lent(piece, groove, grooves, rng)


def _choose(grooves: Grooves, piece: BandPiece, rng: np.random.Generator) -> Groove | None:
    fitting = [
        groove
        for (genre, beats), mine in grooves.beats.items()
        if genre == piece.genre and 0 in (piece.beats_per_bar % beats, beats % piece.beats_per_bar)
        for groove in mine
    ]
    return fitting[rng.integers(len(fitting))] if fitting else None


def _lent(
    piece: BandPiece, groove: Groove, grooves: Grooves, rng: np.random.Generator
) -> BandPiece:
    bar = groove.beats_per_bar * _BEAT
    needed = -(-piece.steps // bar)
    bars = groove.bars
    # What is begun again is a number of whole phrases.
    loop = len(bars) if len(bars) >= needed else len(bars) // _FEWEST_BARS * _FEWEST_BARS
    first = int(rng.integers(max(len(bars) - needed, 0) + 1))
    fills = grooves.fills.get((_family(groove.style), groove.beats_per_bar), ())
    last = max(note.end for note in piece.notes)
    drums: list[BandNote] = []
    for number in range(needed):
        strokes = bars[(first + number) % loop]
        if fills and number % _PHRASE_BARS == _PHRASE_BARS - 1 and rng.random() < _FILL_CHANCE:
            strokes = fills[int(rng.integers(len(fills)))]
        drums += [
            BandNote(Role.DRUMS, number * bar + step, number * bar + step + 1, row)
            for step, row in strokes
            if number * bar + step < last
        ]
    notes = sorted([*piece.notes, *drums], key=lambda note: (note.start, note.role, note.pitch))
    return replace(piece, notes=tuple(notes), made=piece.made | {Role.DRUMS})


def _family(style: str) -> str:
    return style.partition("/")[0]


def _lag(times: NDArray[np.float64]) -> float:
    """Median distance in beats from the beat, of what is played near one."""
    from_beat = (times + 0.5) % 1 - 0.5
    near = from_beat[np.abs(from_beat) < 1 / 6]
    return float(np.median(near)) if len(near) else 0.0


def _swings(places: NDArray[np.float64]) -> bool:
    """Whether more is played near thirds of a beat than near its quarters and half."""
    off = places[(places > 1 / 6) & (places < 5 / 6)]
    from_thirds = np.abs(off[:, None] - np.array([1 / 3, 2 / 3])).min(axis=1)
    from_quarters = np.abs(off[:, None] - np.array([0.25, 0.5, 0.75])).min(axis=1)
    return bool(np.sum(from_thirds < from_quarters) > np.sum(from_quarters < from_thirds))


def _step(time: float, *, swings: bool) -> int:
    if not swings:
        return int(np.floor(time * _BEAT + 0.5))
    beat, third = divmod(int(np.floor(time * 3 + 0.5)), 3)
    return beat * _BEAT + third
