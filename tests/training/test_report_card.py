"""The evaluate command: prints, checks and keeps what was measured."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from firmware.inference.bundle import read_bundle, shipped_bundles
from training import report_card
from training.cli import main
from training.figures import FULL, QUICK, Figures, overclaimed

MEASURED: Figures = {
    "masked_cell_nll": 0.4,
    "repair_f1": 0.7,
    "texture": {
        "held": 0.78,
        "triads": 0.64,
        "dissonance": 0.1,
        "register_order": 0.98,
        "parallels_per_1000": {"fifths": 0.0, "octaves": 0.0},
    },
}


@pytest.fixture
def bundle_folder(tmp_path: Path) -> Path:
    """A copy of a shipped bundle that claims nothing yet."""
    name, folder = next(iter(shipped_bundles().items()))
    copy = Path(shutil.copytree(folder, tmp_path / name))
    claim(copy, {})
    return copy


@pytest.fixture(autouse=True)
def one_quick_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is measured costs nothing here."""
    parts: Mapping[str, Any] = {"everything": lambda _judged, _advance: dict(MEASURED)}
    monkeypatch.setattr(report_card, "QUICK", parts)
    monkeypatch.setattr(report_card, "_float", lambda _run, _notes: None)


def claim(folder: Path, quality: Figures) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"quality": quality}))


def evaluate(folder: Path, corpora: Path, *options: str) -> int:
    return main(["evaluate", str(folder), "--quick", "--corpora", str(corpora), *options])


def test_json_is_one_object_and_nothing_else(
    bundle_folder: Path, tiny_corpora: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(bundle_folder, tiny_corpora, "--json") == 0
    assert json.loads(capsys.readouterr().out) == MEASURED


def test_without_json_there_is_a_table(
    bundle_folder: Path, tiny_corpora: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(bundle_folder, tiny_corpora) == 0
    shown = capsys.readouterr().out
    assert "texture.held" in shown
    assert "0.7800" in shown


def test_write_keeps_the_figures_in_the_manifest(bundle_folder: Path, tiny_corpora: Path) -> None:
    """And the bundle is still one; what was claimed beside them stays."""
    claim(bundle_folder, {"frame_nll_m5": 0.5})
    assert evaluate(bundle_folder, tiny_corpora, "--write") == 0
    quality = read_bundle(bundle_folder).manifest.quality
    assert quality == {"frame_nll_m5": 0.5, **MEASURED}


def test_check_passes_an_honest_manifest_and_fails_a_boastful_one(
    bundle_folder: Path, tiny_corpora: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    claim(bundle_folder, MEASURED)
    assert evaluate(bundle_folder, tiny_corpora, "--check") == 0
    claim(bundle_folder, {**MEASURED, "masked_cell_nll": 0.3, "repair_f1": 0.9})
    assert evaluate(bundle_folder, tiny_corpora, "--check") == 1
    complaints = capsys.readouterr().err
    assert "claims masked_cell_nll 0.3000, measured 0.4000" in complaints
    assert "claims repair_f1 0.9000, measured 0.7000" in complaints


def test_a_manifest_may_be_modest(bundle_folder: Path, tiny_corpora: Path) -> None:
    claim(bundle_folder, {**MEASURED, "masked_cell_nll": 0.5, "repair_f1": 0.5})
    assert evaluate(bundle_folder, tiny_corpora, "--check") == 0


def test_a_figure_that_is_not_claimed_is_missed(bundle_folder: Path) -> None:
    bundle = read_bundle(bundle_folder)
    assert "claims no repair_f1" in overclaimed({}, MEASURED, name="repair_f1", bundle=bundle)


def test_texture_is_claimed_too_well_when_it_is_another_one(bundle_folder: Path) -> None:
    other = {**MEASURED, "texture": {**MEASURED["texture"], "triads": 0.9}}
    sentence = overclaimed(other, MEASURED, name="texture", bundle=read_bundle(bundle_folder))
    assert "texture.triads 0.900, measured 0.640" in sentence


def test_the_quick_part_is_a_part_of_the_whole() -> None:
    """It measures nothing that the whole does not."""
    assert {name.split(" (")[0] for name in QUICK} <= set(FULL)


def test_missing_corpora_are_one_line(
    bundle_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(bundle_folder, tmp_path / "nowhere") == 2
    assert capsys.readouterr().err.startswith("error: ")
