"""The corpora of four-part chorales, read into cells and attacks.

Letters: L time steps of a piece, V voices. Training never sees a piece of the test or
validation split; the synthetic chorales are for training only.
"""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import mido
import numpy as np

from firmware.errors import ContinuoError
from firmware.music.encoding import (
    ATTACK_HELD,
    ATTACK_STRUCK,
    ATTACK_UNKNOWN,
    CHORALE_ENCODING,
    Attacks,
    Cells,
    EncodingSpec,
)
from firmware.music.timing import divide_rounded

CORPORA_VARIABLE: Final = "CONTINUO_CORPORA"
JSB_FILE: Final = "bach-jsb/Jsb16thSeparated.json"
JSFAKES_FOLDER: Final = "bach-jsfakes"
_JSB_SILENCE: Final = -1


class CorporaError(ContinuoError, FileNotFoundError):
    """The corpora are not where they were looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chorale:
    """One piece in four voices.

    Attributes:
        name: Corpus, split and number.
        cells: (L, V) int16 grid classes.
        attacks: (L, V) int8; all unknown where the corpus cannot tell a held note from
            one that is struck again.
    """

    name: str
    cells: Cells
    attacks: Attacks


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoraleCorpora:
    """Everything a chorale model is trained and judged on.

    Attributes:
        train: Bach, the standard training split (229 pieces).
        valid: Bach, the standard validation split (76): it chooses between models.
        test: Bach, the standard test split (77): it is looked at once.
        synthetic: JS Fake Chorales, for training only, with known attacks.
    """

    train: tuple[Chorale, ...]
    valid: tuple[Chorale, ...]
    test: tuple[Chorale, ...]
    synthetic: tuple[Chorale, ...]


def corpora_folder(chosen: Path | None) -> Path:
    """Find the folder of the corpora.

    Args:
        chosen: What the command line said, or None to look at the environment.

    Raises:
        CorporaError: If neither names a folder that exists.
    """
    named = chosen if chosen is not None else os.environ.get(CORPORA_VARIABLE)
    if named is None:
        raise CorporaError(
            "no folder of corpora was named",
            remedy=f"give --corpora DIR or set {CORPORA_VARIABLE}; see training/README.md",
        )
    folder = Path(named)
    if not folder.is_dir():
        raise CorporaError(
            f"there is no folder of corpora at {folder}",
            remedy="training/README.md says where to get them",
        )
    return folder


def read_chorales(folder: Path, *, spec: EncodingSpec = CHORALE_ENCODING) -> ChoraleCorpora:
    """Read both corpora of chorales.

    Raises:
        CorporaError: If Bach's chorales are missing. The synthetic ones may be.
    """
    splits = read_jsb(folder, spec=spec)
    return ChoraleCorpora(
        train=splits["train"],
        valid=splits["valid"],
        test=splits["test"],
        synthetic=read_jsfakes(folder, spec=spec),
    )


def read_jsb(
    folder: Path, *, spec: EncodingSpec = CHORALE_ENCODING
) -> dict[str, tuple[Chorale, ...]]:
    """Read Bach's chorales with their standard split.

    Args:
        folder: The folder that holds `bach-jsb`.
        spec: The encoding; a pitch outside its grid is an error.

    Returns:
        The pieces of `train`, `valid` and `test`, with unknown attacks.
    """
    path = folder / JSB_FILE
    if not path.is_file():
        raise CorporaError(
            f"there is no {JSB_FILE} in {folder}",
            remedy="training/README.md says where to get it",
        )
    splits = json.loads(path.read_text())
    return {
        split: tuple(
            _jsb_chorale(f"jsb-{split}-{number}", steps, spec)
            for number, steps in enumerate(splits[split])
        )
        for split in ("train", "valid", "test")
    }


def read_jsfakes(folder: Path, *, spec: EncodingSpec = CHORALE_ENCODING) -> tuple[Chorale, ...]:
    """Read the JS Fake Chorales; an empty tuple where they are absent.

    Pieces that do not have four monophonic tracks within the grid are left out.
    """
    paths = sorted((folder / JSFAKES_FOLDER).glob("*/*.mid"))
    pieces = (_midi_chorale(path, spec) for path in paths)
    return tuple(piece for piece in pieces if piece is not None)


def _jsb_chorale(name: str, steps: Sequence[Sequence[int]], spec: EncodingSpec) -> Chorale:
    pitches = np.asarray(steps, dtype=np.int16)
    silent = pitches == _JSB_SILENCE
    sounding = pitches[~silent]
    if sounding.min() < spec.lowest_pitch or sounding.max() > spec.highest_pitch:
        raise CorporaError(f"{name} has pitches outside {spec.lowest_pitch}..{spec.highest_pitch}")
    cells = np.where(silent, spec.rest, pitches - spec.lowest_pitch).astype(np.int16)
    return Chorale(
        name=name, cells=cells, attacks=np.full(cells.shape, ATTACK_UNKNOWN, dtype=np.int8)
    )


def _midi_chorale(path: Path, spec: EncodingSpec) -> Chorale | None:
    file = mido.MidiFile(path)
    voices = [notes for track in file.tracks if (notes := _track_notes(track))]
    if len(voices) != len(spec.voices):
        return None
    per_step = file.ticks_per_beat // spec.beat_resolution
    steps = max(divide_rounded(notes[-1][1], per_step) for notes in voices)
    cells = np.full((steps, len(voices)), spec.rest, dtype=np.int16)
    attacks = np.full(cells.shape, ATTACK_UNKNOWN, dtype=np.int8)
    for voice, notes in enumerate(voices):
        for start_tick, end_tick, pitch in notes:
            if not spec.lowest_pitch <= pitch <= spec.highest_pitch:
                return None
            start, end = (divide_rounded(tick, per_step) for tick in (start_tick, end_tick))
            cells[start:end, voice] = pitch - spec.lowest_pitch
            attacks[start:end, voice] = ATTACK_HELD
            attacks[start : min(start + 1, end), voice] = ATTACK_STRUCK
    return Chorale(name=f"jsfakes-{path.parent.name}-{path.stem}", cells=cells, attacks=attacks)


def _track_notes(track: Iterable[mido.Message]) -> list[tuple[int, int, int]]:
    """(start tick, end tick, pitch) of a monophonic track, in order."""
    notes: list[tuple[int, int, int]] = []
    now = 0
    struck: dict[int, int] = {}
    for message in track:
        now += message.time
        if message.type == "note_on" and message.velocity > 0:
            struck[message.note] = now
        elif message.type in ("note_on", "note_off") and message.note in struck:
            notes.append((struck.pop(message.note), now, message.note))
    return sorted(notes)
