"""A genre of the trainer's own: a folder of MIDI files becomes its band shards, or is refused."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from firmware.errors import MidiFileError
from training.band.corpora import (
    BarCounts,
    Tick,
    bar_counts,
    tune_groups,
    tune_of,
    write_shards,
)
from training.band.midi import read_band_midi
from training.band.roles import NoBandError
from training.band.shards import BandPiece
from training.shards import SPLITS

FEWEST_BARS: Final = 200
FEWEST_TUNES: Final = 3
_ENDINGS: Final = (".mid", ".midi")
_HELD_OUT_SHARE: Final = 0.1
_NAMED: Final = 3


def make_genre_shards(
    midi: Path, name: str, shards: Path, *, tick: Tick = lambda *_: None
) -> BarCounts:
    """Write the shards of an own genre: train, and of its tunes at least one valid, one test.

    Args:
        midi: Folder of the MIDI files.
        name: Name of the genre.
        shards: Where the shards go.
        tick: Told after each file.

    Returns:
        The number of bars by genre and split.

    Raises:
        NoBandError: See `genre_pieces`.
    """
    pieces = split_own_tunes(genre_pieces(midi, name, tick=tick))
    write_shards(pieces, shards)
    return bar_counts(pieces)


def genre_pieces(folder: Path, name: str, *, tick: Tick = lambda *_: None) -> tuple[BandPiece, ...]:
    """Read the pieces of an own genre.

    Args:
        folder: MIDI files, in folders below it too.
        name: Name of the genre, which is that of the corpus too.
        tick: Told after each file.

    Raises:
        NoBandError: If there are no MIDI files, or too little in them that a band can learn
            from; the message says what is missing.
    """
    paths = sorted(p for p in folder.glob("**/*") if p.suffix.lower() in _ENDINGS and p.is_file())
    if not paths:
        raise NoBandError(
            f"there are no MIDI files in {folder}", remedy="put files that end in .mid there"
        )
    found: list[BandPiece] = []
    refusals: list[str] = []
    for number, path in enumerate(paths, start=1):
        piece_name = f"{name}/{path.relative_to(folder).with_suffix('').as_posix()}"
        # A `#` would make one tune of two files.
        piece_name = piece_name.replace("#", "-")
        try:
            found.extend(read_band_midi(path, corpus=name, name=piece_name, genre=name))
        except (MidiFileError, NoBandError) as refusal:
            refusals.append(refusal.message)
        tick("reading MIDI files", number, len(paths))
    missing = _missing(found)
    if missing:
        raise NoBandError(
            "; ".join(
                [f"{folder} is too little to learn {name} from: {missing}", *_told(refusals)]
            ),
            remedy="add more MIDI files that have a melody, a bass and chords",
        )
    return tuple(found)


def split_own_tunes(pieces: Sequence[BandPiece]) -> dict[str, list[BandPiece]]:
    """A tenth of the tunes, at least one, chooses between models; as many judge them."""
    groups = tune_groups(pieces)
    tunes = sorted(set(groups.values()), key=lambda tune: hashlib.sha256(tune.encode()).digest())
    held_out = max(round(len(tunes) * _HELD_OUT_SHARE), 1)
    splits = ["test"] * held_out + ["valid"] * held_out + ["train"] * len(tunes)
    split_of = dict(zip(tunes, splits, strict=False))
    found: dict[str, list[BandPiece]] = {split: [] for split in SPLITS}
    for piece in pieces:
        found[split_of[groups[tune_of(piece)]]].append(piece)
    return found


def _missing(pieces: Sequence[BandPiece]) -> str:
    """What there is too little of, or an empty text."""
    bars, tunes = sum(piece.bars for piece in pieces), len(set(tune_groups(pieces).values()))
    found = []
    if bars < FEWEST_BARS:
        found.append(f"{bars} bars with melody and band, {FEWEST_BARS} are needed")
    if tunes < FEWEST_TUNES:
        # One is learned from, one chooses between models, one judges them.
        found.append(f"different tunes: {tunes}, {FEWEST_TUNES} are needed")
    return ", ".join(found)


def _told(refusals: Sequence[str]) -> list[str]:
    """Why files cannot be used, the first of them by name."""
    if not refusals:
        return []
    more = [f"and {len(refusals) - _NAMED} more"] if len(refusals) > _NAMED else []
    return ["cannot be used: " + ", ".join([*refusals[:_NAMED], *more])]
