"""The evaluate command: prints, checks and keeps what was measured."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from firmware.inference.bundle import read_bundle, shipped_bundles
from firmware.parameters import Technique
from training import report_card
from training.cli import main
from training.figures import FULL, QUICK, Figures, overclaimed
from training.musical import ITERATIONS, RISKS
from training.token_figures import TokenJudged

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
    name = "bach-arcnn"
    folder = shipped_bundles()[name]
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
    return evaluate_whole(folder, corpora, "--quick", *options)


def evaluate_whole(folder: Path, corpora: Path, *options: str) -> int:
    return main(["evaluate", str(folder), "--corpora", str(corpora), *options])


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
    assert "texture.triads 0.9000, measured 0.6400" in sentence


@pytest.mark.parametrize(
    ("figure", "boast", "sentence"),
    [
        (
            {"iterations": [{"iterations": 1, "nll": 4.0}, {"iterations": 200, "nll": 0.05}]},
            {"iterations": [{"iterations": 1, "nll": 4.0}, {"iterations": 200, "nll": 0.02}]},
            "iterations[1].nll 0.0200, measured 0.0500",
        ),
        (
            {"iterations": [{"iterations": 1, "nll": 4.0}, {"iterations": 200, "nll": 0.05}]},
            {"iterations": [{"iterations": 1, "nll": 4.0}]},
            "claims no iterations[1].nll",
        ),
        (
            {"seam": {"near": 0.08, "elsewhere": 0.06, "difference": 0.33}},
            {"seam": {"near": 0.06, "elsewhere": 0.06, "difference": 0.0}},
            "seam.difference 0.0000, measured 0.3300",
        ),
        ({"masked_cell_nll": 0.4}, {"masked_cell_nll": float("nan")}, "claims masked_cell_nll nan"),
        ({"masked_cell_nll": 0.4}, {"masked_cell_nll": "low"}, "claims no masked_cell_nll"),
    ],
)
def test_rows_of_tables_and_claims_that_are_no_numbers_are_checked_too(
    bundle_folder: Path, figure: Figures, boast: Figures, sentence: str
) -> None:
    bundle = read_bundle(bundle_folder)
    (name,) = figure
    assert sentence in overclaimed(boast, figure, name=name, bundle=bundle)
    assert not overclaimed(figure, figure, name=name, bundle=bundle)


TABLE: Figures = {
    "TopK": {
        "extensions": 8,
        "notes_in_scale": {
            "extension": 0.84,
            "human": 0.8,
            "difference": 0.05,
            "error": 0.02,
        },
        "empty_measures": {"extension": 0.0, "human": 0.0, "difference": None, "error": None},
        "pitches": {"extension": 0.9, "human": 1.0, "difference": -0.1},
    }
}


@pytest.fixture
def extend_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of a shipped bundle of Extend; it has been trained on what it says it was."""

    def measured(judged: TokenJudged, _advance: object) -> Figures:
        pieces = {"pieces": [len(judged.train), len(judged.test)]}
        return {**pieces, "continuations": TABLE}

    parts: Mapping[str, Any] = {"everything": measured}
    for name in ("TOKEN_QUICK", "TOKEN_FULL"):
        monkeypatch.setattr(report_card, name, parts)
    folder = next(
        folder
        for folder in shipped_bundles().values()
        if read_bundle(folder).manifest.technique is Technique.EXTEND
    )
    copy = Path(shutil.copytree(folder, tmp_path / folder.name))
    claim(copy, {})
    return copy


def test_a_bundle_of_extend_is_measured_on_shards_which_are_made_once(
    extend_folder: Path, tiny_corpora: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The corpora are not needed where there are shards."""
    shards = ("--shards", str(tmp_path / "shards"), "--json")
    assert evaluate_whole(extend_folder, tiny_corpora, *shards) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["pieces"] == [4, 4]
    assert evaluate_whole(extend_folder, tmp_path / "nowhere", *shards) == 0
    assert json.loads(capsys.readouterr().out) == made


def test_neither_shards_nor_corpora_is_one_line(
    extend_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        evaluate_whole(extend_folder, tmp_path / "corpora", "--shards", str(tmp_path / "no")) == 2
    )
    said = capsys.readouterr().err
    assert said.startswith(f"error: there are no token shards in {tmp_path / 'no'} and none can be")
    assert f"no folder of corpora at {tmp_path / 'corpora'}" in said
    assert said.count("\n") == 1


def test_what_cannot_be_measured_without_the_run_is_said(
    extend_folder: Path, tiny_corpora: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "no-run"
    options = ("--shards", str(tmp_path / "shards"), "--run", str(missing))
    assert evaluate_whole(extend_folder, tiny_corpora, *options) == 0
    said = capsys.readouterr().err
    assert "quantized_delta, top1_agreement and max_logit_difference are not measured" in said
    assert str(missing) in said


def test_continuations_are_a_table_of_their_own(
    extend_folder: Path, tiny_corpora: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate_whole(extend_folder, tiny_corpora, "--shards", str(tmp_path / "shards")) == 0
    shown = capsys.readouterr().out
    assert "8 extensions beside human continuations" in shown
    assert "0.840 +5±2%" in shown
    assert "0.900 -10%" in shown
    assert "continuations.TopK" not in shown


def test_the_quick_part_needs_the_chorales_alone_and_makes_no_shards(
    extend_folder: Path, tiny_corpora: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shards = tmp_path / "shards"
    options = ("--shards", str(shards), "--json")
    assert evaluate(extend_folder, tiny_corpora, *options) == 0
    assert json.loads(capsys.readouterr().out)["pieces"] == [0, 2]
    assert not shards.exists()
    assert evaluate(extend_folder, tmp_path, *options) == 2
    assert "there is no bach-jsb" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("figure", "boast", "sentence"),
    [
        (
            {"nats_per_note": {"song": 3.0}},
            {"nats_per_note": {"song": 2.9}},
            "nats_per_note.song 2.9000, measured 3.0000",
        ),
        ({"top1_agreement": 0.98}, {"top1_agreement": 0.99}, "claims top1_agreement 0.9900"),
        ({"quantized_delta": 0.006}, {"quantized_delta": 0.001}, "claims quantized_delta 0.0010"),
        (
            {"continuations": {"TopK": {"pitches": {"extension": 0.8}}}},
            {"continuations": {"TopK": {"pitches": {"extension": 0.9}}}},
            "continuations.TopK.pitches.extension 0.9000, measured 0.8000",
        ),
    ],
)
def test_figures_of_extend_are_checked(
    bundle_folder: Path, figure: Figures, boast: Figures, sentence: str
) -> None:
    bundle = read_bundle(bundle_folder)
    (name,) = figure
    assert sentence in overclaimed(boast, figure, name=name, bundle=bundle)
    assert not overclaimed(figure, figure, name=name, bundle=bundle)


def test_a_shipped_manifest_has_every_figure_down_to_the_last_row() -> None:
    quality = read_bundle(shipped_bundles()["bach-arcnn"]).manifest.quality
    assert sorted(quality) == sorted(
        (
            "masked_cell_nll",
            "int8_delta",
            "frame_nll_m5",
            "frame_nll_m1",
            "frame_nll_chronological",
            "repair_f1",
            "repair_f1_corrupted",
            "repair_f1_markov",
            "texture",
            "texture_corpus",
            "seam",
            "risks",
            "iterations",
        )
    )
    assert tuple(row["iterations"] for row in quality["iterations"]) == ITERATIONS
    assert tuple(row["risk"] for row in quality["risks"]) == RISKS
    assert set(quality["texture"]) == set(quality["texture_corpus"]) == set(MEASURED["texture"])


def test_the_quick_part_is_a_part_of_the_whole() -> None:
    """It measures nothing that the whole does not."""
    assert {name.split(" (")[0] for name in QUICK} <= set(FULL)


def test_missing_corpora_are_one_line(
    bundle_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(bundle_folder, tmp_path / "nowhere") == 2
    assert capsys.readouterr().err.startswith("error: ")
