"""A tiny corpus that the tests make themselves."""

import json
from pathlib import Path

import mido
import numpy as np
import pytest

from firmware.music.band import BandNote, Role
from training.band.shards import BandPiece

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


@pytest.fixture(scope="session")
def band_songs() -> tuple[BandPiece, ...]:
    """Rock with drums and a chorale without; in both a chord a bar and a melody above it."""
    return tuple(
        _band_song(np.random.default_rng(number), genre, number)
        for number, genre in enumerate(("rock", "rock", "rock", "bach", "bach"))
    )


def _band_song(rng: np.random.Generator, genre: str, number: int) -> BandPiece:
    notes: list[BandNote] = []
    bars = 10
    for bar in range(bars):
        start = 16 * bar
        root = int(rng.choice((0, 5, 7)))
        notes.append(BandNote(Role.BASS, start, start + 16, 36 + root))
        notes += [BandNote(Role.HARMONY, start, start + 16, 60 + root + of) for of in (0, 4, 7)]
        if genre != "bach":
            for beat in range(4):
                at = start + 4 * beat
                notes.append(BandNote(Role.COUNTER, at + 2, at + 4, 72 + root))
                notes.append(BandNote(Role.DRUMS, at, at + 1, beat % 2))
        for beat in range(4):
            pitch = 72 + root + int(rng.choice((0, 4, 7, 12)))
            notes.append(BandNote(Role.MELODY, start + 4 * beat, start + 4 * beat + 4, pitch))
    return BandPiece(
        corpus="invented",
        name=f"invented {number}",
        genre=genre,
        notes=tuple(notes),
        beats_per_bar=4,
        steps=16 * bars,
    )
