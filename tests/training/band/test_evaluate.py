"""`evaluate` of a bundle of Accompany, by genre."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware.inference.band_habits import Habits
from firmware.inference.bundle import Bundle, read_bundle, shipped_bundles
from firmware.music.band import BAND_ENCODING, BandNote, Role
from training import report_card
from training.band.figures import Effort
from training.band.shards import BandPiece, write_band_shard
from training.cli import main
from training.figures import overclaimed

BAR = 16


class NoisyModel:
    """Says anything of two genres."""

    genres = ("bach", "pop")
    habits: Mapping[str, Habits] = {}

    def said(
        self, inputs: Mapping[str, NDArray[np.float32]]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Noise, another one for other noise."""
        rng = np.random.default_rng(int(1000 * abs(inputs["noise"].sum())))
        band = rng.normal(-2.0, 1.5, (64, 64, 6))
        return band.astype(np.float32), rng.normal(-1.0, 1.5, (64, 9)).astype(np.float32)


def song(seed: int, genre: str) -> BandPiece:
    """Eight bars around one chord."""
    root = int(np.random.default_rng(seed).integers(12))
    notes = []
    for start in range(0, 8 * BAR, BAR):
        notes += [
            BandNote(Role.MELODY, start, start + 8, 60 + root),
            BandNote(Role.MELODY, start + 8, start + 16, 67 + root),
            BandNote(Role.BASS, start, start + 16, 36 + root),
            BandNote(Role.HARMONY, start, start + 16, 52 + root),
            BandNote(Role.COUNTER, start + 4, start + 16, 55 + root),
            BandNote(Role.DRUMS, start, start + 1, 0),
        ]
    return BandPiece(
        corpus="invented",
        name=f"{genre}/{seed}",
        genre=genre,
        notes=tuple(notes),
        beats_per_bar=4,
        steps=8 * BAR,
    )


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    folder = tmp_path / "rolls"
    for split, seeds in (("train", range(8)), ("test", range(50, 52))):
        pieces = [song(seed, genre) for genre in ("bach", "pop") for seed in seeds]
        write_band_shard(folder / f"{split}.npz", pieces)
    return folder


@pytest.fixture
def bundle_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bundle that says it is one of Accompany; its model is none of a file."""
    folder = Path(shutil.copytree(shipped_bundles()["bach-arcnn"], tmp_path / "musegan-small"))
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text()) | {
        "name": "musegan-small",
        "technique": "accompany",
        "encoding": BAND_ENCODING.name,
        "fingerprint": BAND_ENCODING.fingerprint(),
        "serves": {"genre": ["bach", "pop"]},
        "quality": {},
    }
    path.write_text(json.dumps(manifest))
    monkeypatch.setattr(Bundle, "load_band", lambda _self, **_: NoisyModel())
    effort = Effort(bars=16, followed=8, varied=1, risked=1)
    for name in ("BAND_QUICK", "BAND_FULL"):
        monkeypatch.setattr(report_card, name, effort)
    return folder


def evaluate(bundle: Path, shards: Path, *options: str) -> int:
    return main(["evaluate", str(bundle), "--shards", str(shards), *options])


def test_one_genre_is_an_object_of_its_figures(
    bundle_folder: Path, shards: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(bundle_folder, shards, "--genre", "pop", "--json") == 0
    captured = capsys.readouterr()
    found = json.loads(captured.out)
    assert found.keys() >= {
        *("empty_bars", "empty_bars_corpus", "pitch_classes_per_bar", "qualified_notes"),
        *("drum_pattern", "drum_pattern_corpus", "tonal_distance", "consonance_shuffled"),
        *("consonance", "consonance_real", "key_follow_rate", "take_distance"),
        *("take_distance_real", "groove_consistency", "groove_consistency_corpus"),
        *("onsets_on_grid", "risks", "judged", "bars", "bars_held_out"),
    }
    assert "float is not measured" in captured.err


def test_without_a_genre_all_are_measured(
    bundle_folder: Path, shards: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(bundle_folder, shards, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found) == ["bach", "pop"]
    assert "drum_pattern" in found["pop"]
    assert "drum_pattern" not in found["bach"]


def test_the_tables_say_what_holds(
    bundle_folder: Path, shards: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(bundle_folder, shards) == 0
    shown = capsys.readouterr().out
    assert "musegan-small: bach" in shown
    assert "pitch_classes_per_bar" in shown
    assert "harmony-counter" in shown
    assert "16 bars, 16 of them in their own key; 64 of the corpus" in " ".join(shown.split())
    assert "NO" in shown
    assert "distance from safe" in shown


def test_what_is_written_is_claimed_and_better_claims_fail(
    bundle_folder: Path, shards: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(bundle_folder, shards, "--genre", "pop", "--write") == 0
    assert evaluate(bundle_folder, shards, "--genre", "pop", "--check") == 0
    quality = dict(read_bundle(bundle_folder).manifest.quality)
    assert list(quality) == ["pop"]
    assert evaluate(bundle_folder, shards, "--check") == 1
    assert "musegan-small claims no bach" in capsys.readouterr().err
    quality["pop"]["judged"]["tonal_distance"]["gap"] = 0.0
    path = bundle_folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"quality": quality}))
    assert evaluate(bundle_folder, shards, "--genre", "pop", "--check") == 1
    assert "claims pop.judged.tonal_distance.gap 0.0000, measured" in capsys.readouterr().err


def test_a_claim_that_the_corpus_is_like_noise_is_none(bundle_folder: Path) -> None:
    """What is told beside is no merit, a rounder gap is."""
    bundle = read_bundle(bundle_folder)
    found: dict[str, Any] = {"mine": {"bars": 9, "judged": {"empty_bars": {"gap": 0.2}}}}
    same = {"mine": {"bars": 3, "judged": {"empty_bars": {"gap": 0.16}}}}
    boast = {"mine": {"bars": 9, "judged": {"empty_bars": {"gap": 0.1}}}}
    assert not overclaimed(same, found, name="mine", bundle=bundle)
    assert "mine.judged.empty_bars.gap" in overclaimed(boast, found, name="mine", bundle=bundle)


def test_a_genre_of_a_bundle_without_genres_is_refused(
    shards: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shipped_bundles()["bach-arcnn"]
    assert evaluate(folder, shards, "--genre", "bach") == 2
    assert "bach-arcnn has no genres" in capsys.readouterr().err


def test_a_genre_that_the_bundle_does_not_know_is_refused(
    bundle_folder: Path, shards: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(bundle_folder, shards, "--genre", "polka") == 2
    said = capsys.readouterr().err
    assert "knows no genre 'polka'" in said
    assert "bach, pop" in said


def test_neither_shards_nor_corpora_is_one_line(
    bundle_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = str(tmp_path / "nowhere")
    assert evaluate(bundle_folder, tmp_path / "none", "--corpora", nowhere) == 2
    said = capsys.readouterr().err
    assert said.startswith(
        f"error: there are no band shards in {tmp_path / 'none'} and none can be"
    )
    assert said.count("\n") == 1
