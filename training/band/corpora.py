"""The corpora of the Accompany models: which files, in which genre, on which side of the split.

What there is, in bars, and from where:

    genre         train  valid   test
    symphony     71,648  2,218  8,110  orchestras, quartets
    songwriter  109,414  5,071  8,881  songs with piano, tunes; lead sheets; games' acoustic music
    jazz         11,028    646  2,625  games' music, rags; lead sheets
    pop           3,405    446  2,008  games' music
    rock          5,373    756  2,091  games' music
    bach         18,597  1,242  1,257  chorales with their standard split; synthetic ones in train

Accompaniments that rules wrote are among them: of jazz 8,055 bars of train, 363 of valid and
1,229 of test, so that 1,396 bars of test have a real band. The lead sheets' melodies are real
and may be accompanied when a model is judged; what rules made for them is never what it is
judged by. Of bach 14,851 bars of train are synthetic, melody and all; the 1,257 of test are all
that the standard split holds out, and 2,000 are reached with melodies in other keys.

Shares are held out such that a genre has 2,000 bars to be judged by and keeps more to learn from.

The genres of the games' music are those that `index.csv` supposes from the programs; see
`_GENRE_OF_HINT` for what is made of them. Where jazz, pop or rock have no drums, they are lent
some.
"""

import csv
import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np

from firmware.errors import MidiFileError
from firmware.music.band import PITCHED_ROLES, Role
from firmware.music.tokens import GridNote
from firmware.techniques.bands import band_of
from training.band.groove import with_borrowed_drums
from training.band.layers import SplitPiece
from training.band.midi import read_band_midi
from training.band.roles import NoBandError
from training.band.rules import lead_sheets
from training.band.scores import (
    chorales,
    orchestras,
    quartets,
    rags,
    songs,
    synthetic_chorales,
    tunes,
)
from training.band.shards import BandPiece, write_band_shard
from training.corpora import CorporaError
from training.duplicates import groups_of_versions
from training.shards import SPLITS, shard_path

Tick = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is."""

BarCounts = Mapping[str, Mapping[str, int]]
"""Bars by split, by genre."""

_DRUMS_SEED: Final = 1

_GENRE_OF_HINT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "rock": "rock",
        "pop": "pop",
        # Synthesizers with bass and drums.
        "electronic": "pop",
        "jazz": "jazz",
        "acoustic": "songwriter",
        # "orchestral" is left out: synthetic strings over rock riffs, 700 bars beside 70,000.
    }
)
_GENRE_OF_UNLISTED: Final[Mapping[str, str]] = MappingProxyType(
    # Their broken key signature kept them out of the index; symusic passes over it.
    {"05-Boring-afternoon.mid": "pop", "30-On-the-waterfront.mid": "pop"}
)

_ARRANGED: Final = "arranged"
_HELD_OUT: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {
        "symphony": (0.05, 0.06),
        "jazz": (0.14, 0.26),
        "pop": (0.15, 0.3),
        "rock": (0.05, 0.312),
        "songwriter": (0.04, 0.05),
        _ARRANGED: (0.04, 0.11),
    }
)
"""Shares of the tunes of a genre that choose between models and that judge them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Corpus:
    """A corpus: its folder, how its pieces are read, and which files of it are pieces."""

    folder: str
    read: Callable[[Path], Iterator[SplitPiece]]
    files: str


def make_band_shards(folder: Path, shards: Path, *, tick: Tick = lambda *_: None) -> BarCounts:
    """Read every corpus that is there and write one shard a split.

    Args:
        folder: The folder of the corpora.
        shards: Where the shards go.
        tick: Told after each piece.

    Returns:
        The number of bars by genre and split.

    Raises:
        CorporaError: If there is no corpus at all.
    """
    found = read_all(folder, tick=tick)
    if not found:
        raise CorporaError(
            f"there is no corpus in {folder}", remedy="training/README.md says where to get them"
        )
    rng = np.random.default_rng(_DRUMS_SEED)
    pieces = {
        split: list(with_borrowed_drums(mine, folder, rng))
        for split, mine in split_pieces(found, tick=tick).items()
    }
    write_shards(pieces, shards)
    return bar_counts(pieces)


def read_all(folder: Path, *, tick: Tick = lambda *_: None) -> list[SplitPiece]:
    """Read every corpus that is there, each piece with the side that its corpus fixes."""
    found: list[SplitPiece] = []
    for corpus in _CORPORA:
        files = len(list((folder / corpus.folder).glob(corpus.files)))
        for number, piece in enumerate(corpus.read(folder), start=1):
            found.append(piece)
            # A file may be several pieces, or none.
            tick(f"reading {corpus.folder}", min(number, files - 1), files)
        if files:
            tick(f"reading {corpus.folder}", files, files)
    return found


def split_pieces(
    found: Sequence[SplitPiece], *, tick: Tick = lambda *_: None
) -> dict[str, list[BandPiece]]:
    """Choose each piece's side.

    Pieces of one name up to `#`, and versions of one tune, go to one side: that which a corpus
    fixes for one of them, else the hash of the group's name decides, so that adding a corpus
    moves no piece. What shares its tune with a validation or test piece of a standard split is
    left out, but for that split's own training pieces.
    """
    tick("finding versions", 0, 1)
    groups = tune_groups([piece for piece, _ in found])
    tick("finding versions", 1, 1)
    fixed: dict[str, set[str]] = defaultdict(set)
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    for piece, split in found:
        kinds[groups[tune_of(piece)]][_kind(piece)] += 1
        if split:
            fixed[groups[tune_of(piece)]].add(split)
    # Who fixes more than one side has a standard split, which stays as it is.
    standard = {piece.corpus for piece, split in found if split not in ("", "train")}
    pieces: dict[str, list[BandPiece]] = {split: [] for split in SPLITS}
    for piece, own in found:
        group = groups[tune_of(piece)]
        if piece.corpus not in standard and fixed.get(group, set()) - {"train"}:
            continue
        split = own or ("train" if group in fixed else _side(group, kinds[group]))
        pieces[split].append(piece)
    return pieces


def tune_groups(pieces: Iterable[BandPiece]) -> dict[str, str]:
    """The group of versions of each tune, by `tune_of` its pieces."""
    melodies: dict[str, list[GridNote]] = defaultdict(list)
    for piece in pieces:
        melodies[tune_of(piece)] += _melody(piece)
    return groups_of_versions(melodies)


def tune_of(piece: BandPiece) -> str:
    """A piece's name without the number of its section or arrangement."""
    return piece.name.partition("#")[0]


def write_shards(pieces: Mapping[str, Sequence[BandPiece]], shards: Path) -> None:
    """Write one shard a split."""
    # The training shard is written last: what looks for it finds all three.
    for split in reversed(SPLITS):
        write_band_shard(shard_path(shards, split), pieces[split])


def bar_counts(pieces: Mapping[str, Iterable[BandPiece]]) -> BarCounts:
    """Bars by genre and split."""
    counts: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(SPLITS, 0))
    for split, mine in pieces.items():
        for piece in mine:
            counts[piece.genre][split] += piece.bars
    return counts


def _melody(piece: BandPiece) -> list[GridNote]:
    return [
        GridNote(start=note.start, pitch=note.pitch, duration=note.end - note.start)
        for note in piece.notes
        if note.role is Role.MELODY
    ]


def _kind(piece: BandPiece) -> str:
    """Whose shares decide where a piece goes."""
    return _ARRANGED if piece.made.issuperset(PITCHED_ROLES) else piece.genre


def _side(group: str, kinds: Counter[str]) -> str:
    # Written music is rarer than arranged tunes, and decides.
    kind = max(sorted(kinds), key=lambda kind: (kind != _ARRANGED, kinds[kind]))
    valid, test = _HELD_OUT[kind]
    place = int(hashlib.sha256(group.encode()).hexdigest(), 16) / 2**256
    if place < test:
        return "test"
    return "valid" if place < test + valid else "train"


def _indexed(corpus: str) -> Callable[[Path], Iterator[SplitPiece]]:
    """A reader of a corpus of MIDI files whose `index.csv` says what they sound like."""

    def read(folder: Path) -> Iterator[SplitPiece]:
        for path, genre in _listed(folder / corpus):
            name = f"{corpus}/{path.stem}"
            has_drums = band_of(genre).has_drums
            try:
                found = read_band_midi(path, corpus=corpus, name=name, genre=genre, drums=has_drums)
            except (MidiFileError, NoBandError):
                continue
            for piece in found:
                yield piece, ""

    return read


def _listed(folder: Path) -> Iterator[tuple[Path, str]]:
    """The files of a corpus that have a genre, in order of their names."""
    index = folder / "index.csv"
    if not index.is_file():
        return
    with index.open(newline="") as file:
        hints = {row["file"]: row["genre_hint"] for row in csv.DictReader(file)}
    genres = {name: _GENRE_OF_HINT[hint] for name, hint in hints.items() if hint in _GENRE_OF_HINT}
    for path in sorted(folder.glob("**/*.mid")):
        genre = {**_GENRE_OF_UNLISTED, **genres}.get(path.relative_to(folder).as_posix())
        if genre is not None:
            yield path, genre


_CORPORA: Final = (
    _Corpus(folder="bach-jsb", read=chorales, files="*.json"),
    _Corpus(folder="bach-jsfakes", read=synthetic_chorales, files="*/*.mid"),
    _Corpus(folder="symphony-openscore-orchestra", read=orchestras, files="**/*.mxl"),
    _Corpus(folder="symphony-openscore-quartets", read=quartets, files="**/*.mxl"),
    _Corpus(folder="song-openscore-lieder", read=songs, files="**/*.mxl"),
    _Corpus(folder="folk-nottingham", read=tunes, files="MIDI/*.mid"),
    _Corpus(folder="leadsheets-openewld", read=lead_sheets, files="**/*.mxl"),
    _Corpus(folder="mutopia", read=rags, files="index.csv"),
    *(
        _Corpus(folder=folder, read=_indexed(folder), files="**/*.mid")
        for folder in (
            "rock-freedoom",
            "game-simutrans",
            "game-openmsx",
            "game-easyrpg-rtp",
            "game-blasphemer",
        )
    ),
)
