"""A tiny corpus that the tests make themselves."""

import json
from pathlib import Path

import mido
import numpy as np
import pytest

_VOICE_PITCHES = (72, 65, 60, 48)
_PIECE_STEPS = 160


@pytest.fixture(scope="session")
def tiny_corpora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two invented pieces a split in the JSB file's format, and one synthetic MIDI piece."""
    folder = tmp_path_factory.mktemp("corpora")
    rng = np.random.default_rng(5)
    splits = {split: [_piece(rng) for _ in range(2)] for split in ("train", "valid", "test")}
    (folder / "bach-jsb").mkdir()
    (folder / "bach-jsb" / "Jsb16thSeparated.json").write_text(json.dumps(splits))
    (folder / "bach-jsfakes" / "midi").mkdir(parents=True)
    _write_repeated_notes(folder / "bach-jsfakes" / "midi" / "0.mid")
    return folder


def _piece(rng: np.random.Generator) -> list[list[int]]:
    """Quarter notes around each voice's middle, with a rest in the second beat."""
    beats = np.array(_VOICE_PITCHES) + rng.integers(-2, 3, size=(_PIECE_STEPS // 4, 4))
    beats[1] = -1
    piece: list[list[int]] = np.repeat(beats, 4, axis=0).tolist()
    return piece


def _write_repeated_notes(path: Path) -> None:
    """Four tracks; each strikes its one pitch again on every beat."""
    file = mido.MidiFile(ticks_per_beat=96)
    for pitch in _VOICE_PITCHES:
        track = mido.MidiTrack()
        for _ in range(_PIECE_STEPS // 4):
            track.append(mido.Message("note_on", note=pitch, velocity=80, time=0))
            track.append(mido.Message("note_off", note=pitch, velocity=0, time=96))
        file.tracks.append(track)
    file.save(path)
