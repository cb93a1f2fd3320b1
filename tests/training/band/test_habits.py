"""How habits are found: by playing, and by nothing but the training split."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware.errors import BundleSchemaError, ConfigError
from firmware.inference.band_habits import PAIRS, Habits
from firmware.inference.bundle import MANIFEST_FILE, read_bundle, shipped_bundles
from firmware.music.band import BAND_ENCODING as SPEC
from firmware.music.band import PITCHED_ROLES, BandNote, Role
from training.band import habits as search
from training.band.habits import found_habits
from training.band.shards import BandPiece

_TOLD: list[tuple[int, int]] = []


class Timid:
    """Says of everything the same: hardly anything is likely, and what is not is never struck.

    Args:
        sure: The logit of the likelier half of the pitches.
    """

    genres = ("rock",)
    habits: Mapping[str, Habits] = {}

    def __init__(self, sure: float) -> None:
        rng = np.random.default_rng(0)
        shape = (SPEC.time_steps, SPEC.pitches, SPEC.planes)
        self._band = rng.normal(sure, 2.0, size=shape).astype(np.float32)
        self._drums = rng.normal(sure, 2.0, size=(SPEC.time_steps, len(SPEC.drums)))

    def said(
        self, inputs: Mapping[str, NDArray[np.float32]]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The same each time, but for the noise."""
        stray = np.float32(inputs["noise"].mean())
        return self._band + stray, self._drums.astype(np.float32) + stray


def _songs(count: int) -> tuple[BandPiece, ...]:
    """Eight bars each: chords on every beat, a bass on every other, and straight drums."""
    rng = np.random.default_rng(3)
    songs = []
    for number in range(count):
        notes = []
        for beat in range(32):
            at = 4 * beat
            tune, chord = 60 + int(rng.choice((0, 2, 4, 5, 7, 9))), int(rng.choice((48, 53, 55)))
            notes.append(BandNote(Role.MELODY, at, at + 4, tune + 12))
            notes += [BandNote(Role.HARMONY, at, at + 4, chord + up) for up in (0, 4, 7)]
            notes.append(BandNote(Role.COUNTER, at, at + 4, chord + 12))
            notes += [BandNote(Role.DRUMS, at, at + 1, 0)]
            if beat % 2 == 0:
                notes.append(BandNote(Role.BASS, at, at + 8, chord - 12))
        songs.append(
            BandPiece(
                corpus="invented",
                name=f"invented {number}",
                genre="rock",
                notes=tuple(notes),
                beats_per_bar=4,
                steps=128,
            )
        )
    return tuple(songs)


@pytest.fixture(autouse=True)
def _few_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "ROUNDS", 6)
    monkeypatch.setattr(search, "AT_A_TIME", 3)


def _found(sure: float) -> Habits:
    return found_habits(Timid(sure), "rock", _songs(9), advance=_tell)


def _tell(done: int, total: int) -> None:
    _TOLD.append((done, total))


def test_every_habit_of_every_player_is_found() -> None:
    """And it is told how far the search is."""
    _TOLD.clear()
    found = _found(-4.0)
    assert set(found.presence) == set(found.resting) == {*PITCHED_ROLES, Role.DRUMS}
    assert set(found.movement) == set(found.foreign) == set(PITCHED_ROLES)
    assert set(found.nearness) == set(PAIRS)
    assert len(_TOLD) == 6
    assert _TOLD[-1] == (6, 6)


def test_the_timid_are_encouraged_and_the_busy_held_back() -> None:
    timid, busy = _found(-8.0), _found(0.0)
    assert timid.presence[Role.HARMONY] > 0.5
    assert busy.presence[Role.DRUMS] < -0.5
    assert busy.off_eighths[Role.DRUMS] < 0.0


def test_without_music_of_the_genre_nothing_is_found() -> None:
    with pytest.raises(ConfigError, match="rock"):
        found_habits(Timid(0.0), "rock", (), advance=_tell)


def test_what_is_found_stands_in_the_manifest_and_is_played_by(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of every genre that the bundle knows; nothing else of it is changed."""
    shutil.copytree(shipped_bundles()["accompany-unet"], tmp_path / "accompany-unet")
    before = read_bundle(tmp_path / "accompany-unet").manifest
    found = Habits(presence={Role.BASS: 0.25}, nearness={PAIRS[0]: -1.5})
    monkeypatch.setattr(search, "found_habits", lambda *_, **__: found)
    search.settle(read_bundle(tmp_path / "accompany-unet"), (), tell=lambda *_: None)
    bundle = read_bundle(tmp_path / "accompany-unet")
    assert replace(bundle.manifest, habits=before.habits) == before
    assert bundle.load_band().habits == dict.fromkeys(before.serves["genre"], found)


def test_habits_that_no_band_has_are_refused(tmp_path: Path) -> None:
    shutil.copytree(shipped_bundles()["accompany-unet"], tmp_path / "accompany-unet")
    path = tmp_path / "accompany-unet" / MANIFEST_FILE
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps(manifest | {"habits": {"jazz": {"shyness": {"bass": 1.0}}}}))
    with pytest.raises(BundleSchemaError, match="shyness"):
        read_bundle(tmp_path / "accompany-unet").load_band()
