"""The corpora of the Extend model: which files, in which style, on which side of the split.

Every score is written twice: as the full texture and as its melody alone, so that a single
line is answered as a line. Bach's chorales keep their standard split; every other corpus
is split by piece, versions of one piece together, before anything is cut.
"""

import csv
import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from firmware.errors import MidiFileError
from firmware.music.tokens import (
    TOKEN_ENCODING,
    GridNote,
    Texture,
    TokenSpec,
    encode,
    parts_in_order,
    written,
)
from training.corpora import JSB_FILE, JSFAKES_FOLDER, CorporaError
from training.duplicates import groups_of_versions
from training.scores import (
    Part,
    Score,
    highest_line,
    read_midi_score,
    read_musicxml_score,
    without_long_silences,
)
from training.shards import SPLITS, TokenPiece, shard_path, with_borders, write_shard

_STEPS_PER_SIXTEENTH: Final = TOKEN_ENCODING.beat_resolution // 4
_FEWEST_NOTES: Final = 24
_PIANO_LIKE: Final = frozenset({"piano", "harpsichord", "clavichord"})
_NOT_CLASSICAL: Final = frozenset({"Jazz", "Technique", "Popular / Dance"})
_SPLIT_PARTS: Final = 20

Tick = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcedScore:
    """A score with what the corpus knows about it.

    Attributes:
        corpus: Name of the corpus, which is its folder's.
        score: The notes.
        style: Name of its style.
        melody: Index of the part that has the melody, or None for the highest line of all.
        apart: Whether the parts are written apart, as in the chorales.
        split: The side it must be on, or an empty string where it is free.
        training_only: Whether it may be used for training alone.
    """

    corpus: str
    score: Score
    style: str
    melody: int | None = None
    apart: bool = False
    split: str = ""
    training_only: bool = False

    def line(self) -> list[GridNote]:
        """The melody's notes."""
        parts = self.score.parts
        if self.melody is not None:
            return highest_line(parts[self.melody].notes)
        return highest_line(note for part in parts for note in part.notes)


def read_all(folder: Path, *, tick: Tick = lambda *_: None) -> list[SourcedScore]:
    """Read every corpus that is there.

    Args:
        folder: The folder of the corpora.
        tick: Told after each file.

    Raises:
        CorporaError: If Bach's chorales are missing; the others may be.
    """
    jsb_file(folder)
    files = [(corpus, path) for corpus in _CORPORA for path in corpus.files(folder / corpus.folder)]
    found: list[SourcedScore] = []
    for number, (corpus, path) in enumerate(files, start=1):
        found.extend(
            sourced
            for sourced in corpus.read(path)
            if sum(len(part.notes) for part in sourced.score.parts) >= _FEWEST_NOTES
        )
        tick("reading scores", number, len(files))
    return found


def jsb_file(folder: Path) -> Path:
    """The file of Bach's chorales.

    Raises:
        CorporaError: If it is not there.
    """
    path = folder / JSB_FILE
    if not path.is_file():
        raise CorporaError(
            f"there is no {JSB_FILE} in {folder}",
            remedy="training/README.md says where to get it",
        )
    return path


def make_shards(folder: Path, shards: Path, *, tick: Tick = lambda *_: None) -> dict[str, int]:
    """Read every corpus and write one shard a split.

    Args:
        folder: The folder of the corpora.
        shards: Where the shards go.
        tick: Told after each file and each score.

    Returns:
        The number of tokens by split.
    """
    pieces = split_pieces(read_all(folder, tick=tick), tick=tick)
    # The training shard is written last: what looks for it finds all three.
    for split in reversed(SPLITS):
        write_shard(shard_path(shards, split), pieces[split])
    return {split: sum(len(piece.tokens) for piece in mine) for split, mine in pieces.items()}


def split_pieces(
    scores: Sequence[SourcedScore],
    *,
    tick: Tick = lambda *_: None,
    spec: TokenSpec = TOKEN_ENCODING,
) -> dict[str, list[TokenPiece]]:
    """Write scores as tokens and choose each one's side.

    A version of a piece of the standard validation or test split is left out; otherwise a
    group's side is the hash of its name, so that adding a corpus moves no piece.
    """
    tick("writing tokens", 0, len(scores))
    groups = groups_of_versions({s.score.name: s.line() for s in scores})
    fixed: dict[str, set[str]] = {}
    for sourced in scores:
        if sourced.split:
            fixed.setdefault(groups[sourced.score.name], set()).add(sourced.split)
    pieces: dict[str, list[TokenPiece]] = {split: [] for split in SPLITS}
    for number, sourced in enumerate(scores, start=1):
        tick("writing tokens", number, len(scores))
        group = groups[sourced.score.name]
        held_out = fixed.get(group, set()) - {"train"}
        if sourced.split:
            split = sourced.split
        elif held_out:
            continue
        else:
            split = "train" if group in fixed else _side(group)
            if sourced.training_only and split != "train":
                split = "train" if _alone(group, groups, scores) else ""
        if split:
            pieces[split].extend(token_pieces(sourced, spec=spec))
    return pieces


def token_pieces(
    sourced: SourcedScore, *, spec: TokenSpec = TOKEN_ENCODING
) -> Iterator[TokenPiece]:
    """The full texture and the melody of a score as tokens."""
    style = spec.styles.index(sourced.style)
    score = sourced.score
    line = written(sourced.line(), spec=spec)
    if len(score.parts) > 1 or len(line) < sum(len(part.notes) for part in score.parts):
        sixteenths = 0
        if sourced.apart:
            notes = parts_in_order([part.notes for part in score.parts], end=score.end, spec=spec)
            sixteenths = score.end // _STEPS_PER_SIXTEENTH
        else:
            score = without_long_silences(score)
            notes = score.texture(spec=spec)
        tokens = encode(notes, bars=score.bars, spec=spec)
        yield TokenPiece(
            corpus=sourced.corpus,
            name=score.name,
            style=style,
            texture=spec.textures.index(Texture.FULL),
            tokens=with_borders(tokens, spec=spec),
            notes=len(notes),
            sixteenths=sixteenths,
        )
    if len(line) >= _FEWEST_NOTES // 2:
        melody = without_long_silences(
            replace(sourced.score, parts=(Part(name="melody", notes=tuple(line)),))
        )
        notes = melody.texture(spec=spec)
        yield TokenPiece(
            corpus=sourced.corpus,
            name=f"{score.name}:melody",
            style=style,
            texture=spec.textures.index(Texture.LINE),
            tokens=with_borders(encode(notes, bars=melody.bars, spec=spec), spec=spec),
            notes=len(notes),
        )


def _side(group: str) -> str:
    number = int(hashlib.sha256(group.encode()).hexdigest(), 16) % _SPLIT_PARTS
    return {0: "valid", 1: "test"}.get(number, "train")


def _alone(group: str, groups: dict[str, str], scores: Sequence[SourcedScore]) -> bool:
    """Whether everything in a group is for training only."""
    return all(s.training_only for s in scores if groups[s.score.name] == group)


def read_jsb_scores(path: Path) -> Iterator[SourcedScore]:
    """Read Bach's chorales, in parts kept apart, with their standard split."""
    for split, chorales in json.loads(path.read_text()).items():
        for number, steps in enumerate(chorales):
            parts = tuple(
                Part(name=name, notes=tuple(_runs([step[voice] for step in steps])))
                for voice, name in enumerate(("soprano", "alto", "tenor", "bass"))
            )
            yield SourcedScore(
                corpus="bach-jsb",
                score=Score(name=f"jsb-{split}-{number}", parts=parts, bars=()),
                style="chorale",
                melody=0,
                apart=True,
                split=split,
            )


def _runs(pitches: Sequence[int]) -> Iterator[GridNote]:
    start = 0
    for at in range(1, len(pitches) + 1):
        if at == len(pitches) or pitches[at] != pitches[start]:
            if pitches[start] >= 0:
                yield GridNote(
                    start=start * _STEPS_PER_SIXTEENTH,
                    pitch=pitches[start],
                    duration=(at - start) * _STEPS_PER_SIXTEENTH,
                )
            start = at


def _jsfake(path: Path) -> Iterator[SourcedScore]:
    score = read_midi_score(path, name=f"jsfakes-{path.parent.name}-{path.stem}")
    # Bach's chorales have no bar lines and no struck-again notes here; nor shall these.
    parts = tuple(replace(part, notes=tuple(_joined(part.notes))) for part in score.parts)
    if len(parts) == 4:
        yield SourcedScore(
            corpus=JSFAKES_FOLDER,
            score=replace(score, parts=parts, bars=()),
            style="synthetic",
            melody=0,
            apart=True,
            training_only=True,
        )


def _joined(notes: Iterable[GridNote]) -> list[GridNote]:
    joined: list[GridNote] = []
    for note in notes:
        if joined and joined[-1].end > note.start:
            duration = note.end - joined[-1].end
            if duration < 1:
                continue
            free = GridNote(start=joined[-1].end, pitch=note.pitch, duration=duration)
        else:
            free = note
        if joined and joined[-1].end == free.start and joined[-1].pitch == free.pitch:
            joined[-1] = joined[-1]._replace(duration=free.end - joined[-1].start)
        else:
            joined.append(free)
    return joined


def _piano_midi_de(path: Path) -> Iterator[SourcedScore]:
    score = _readable(read_midi_score, path, f"piano-midi-de-{path.parent.name}-{path.stem}")
    if score is not None:
        yield SourcedScore(
            corpus="piano-midi-de", score=score, style="piano", melody=_highest_part(score)
        )


def _mutopia_files(folder: Path) -> list[Path]:
    index = folder / "index.csv"
    if not index.is_file():
        return []
    with index.open(newline="") as file:
        return [folder / row["file"] for row in csv.DictReader(file) if _is_free_piano(row)]


def _is_free_piano(row: dict[str, str]) -> bool:
    instruments = set(re.split(r"[,/ ]+(?:and +)?", row["instrument"].lower().strip()))
    played = instruments <= _PIANO_LIKE | {"organ"} and bool(instruments & _PIANO_LIKE)
    free = row["file"].startswith(("public-domain/", "cc-by/"))
    return played and free and row["style"] not in _NOT_CLASSICAL


def _mutopia(path: Path) -> Iterator[SourcedScore]:
    score = _readable(read_midi_score, path, f"mutopia-{path.stem}")
    if score is not None:
        yield SourcedScore(
            corpus="mutopia", score=score, style="piano", melody=_highest_part(score)
        )


def _lied(path: Path) -> Iterator[SourcedScore]:
    score = _readable(read_musicxml_score, path, f"lieder-{path.stem}")
    if score is not None:
        voices = [n for n, part in enumerate(score.parts) if part.staves == 1]
        yield SourcedScore(
            corpus="song-openscore-lieder",
            score=score,
            style="song",
            melody=voices[0] if voices else None,
        )


def _quartet(path: Path) -> Iterator[SourcedScore]:
    score = _readable(read_musicxml_score, path, f"quartets-{path.stem}")
    if score is not None:
        yield SourcedScore(
            corpus="symphony-openscore-quartets", score=score, style="quartet", melody=0
        )


def _tune(path: Path) -> Iterator[SourcedScore]:
    score = _readable(read_midi_score, path, f"nottingham-{path.stem}")
    if score is not None:
        yield SourcedScore(corpus="folk-nottingham", score=score, style="folk", melody=0)


def _readable(read: Callable[..., Score], path: Path, name: str) -> Score | None:
    """A corpus' file, or None where it is broken or has no notes."""
    try:
        score = read(path, name=unicodedata.normalize("NFC", name))
    except MidiFileError:
        return None
    return score if score.parts else None


def _highest_part(score: Score) -> int:
    def height(part: Part) -> float:
        return sum(note.pitch for note in part.notes) / len(part.notes)

    return max(range(len(score.parts)), key=lambda number: height(score.parts[number]))


def _all(pattern: str) -> Callable[[Path], list[Path]]:
    return lambda folder: sorted(folder.glob(pattern))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Corpus:
    """A corpus: its folder, the files in it that are taken, and how one is read."""

    folder: str
    files: Callable[[Path], list[Path]]
    read: Callable[[Path], Iterator[SourcedScore]]


_CORPORA: Final = (
    _Corpus(folder="bach-jsb", files=_all(Path(JSB_FILE).name), read=read_jsb_scores),
    _Corpus(folder=JSFAKES_FOLDER, files=_all("*/*.mid"), read=_jsfake),
    _Corpus(folder="piano-midi-de", files=_all("midis/*/*.mid"), read=_piano_midi_de),
    _Corpus(folder="mutopia", files=_mutopia_files, read=_mutopia),
    _Corpus(folder="song-openscore-lieder", files=_all("**/*.mxl"), read=_lied),
    _Corpus(folder="symphony-openscore-quartets", files=_all("**/*.mxl"), read=_quartet),
    _Corpus(folder="folk-nottingham", files=_all("MIDI/*.mid"), read=_tune),
)
