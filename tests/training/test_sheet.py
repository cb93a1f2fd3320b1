"""The sheet of examples."""

from dataclasses import replace
from pathlib import Path

import pytest

from firmware.inference.bundle import read_bundle, shipped_bundles
from firmware.midi.files import read_composition, read_melody
from firmware.parameters import Technique
from training import sheet
from training.cli import main


@pytest.mark.parametrize("technique", sheet.SHEETS)
def test_there_are_ten_different_melodies_of_each_technique(technique: Technique) -> None:
    examples = list(sheet.SHEETS[technique].examples())
    assert len({example.key for example in examples}) == len(examples) == 10
    assert all(example.melody.notes for example in examples)


@pytest.mark.parametrize(("technique", "tracks"), [("enhance", 4), ("extend", 2)])
def test_the_sheet_has_a_picture_and_both_midi_files_of_each(
    technique: str, tracks: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what it says was kept is in the file."""
    kind = Technique(technique)
    page = sheet.SHEETS[kind]
    first = next(page.examples())
    shortened = replace(page, examples=lambda: iter([first]))
    monkeypatch.setattr(sheet, "SHEETS", {kind: shortened})
    bundles = [
        str(folder)
        for folder in shipped_bundles().values()
        if read_bundle(folder).manifest.technique is kind
    ]
    assert main(["sheet", *bundles, "-o", str(tmp_path)]) == 0
    before = read_melody((tmp_path / f"{first.key}-before.mid").read_bytes(), name="before")
    after = read_composition((tmp_path / f"{first.key}-after.mid").read_bytes())
    assert before.notes == first.melody.notes
    assert len(after.tracks) == tracks
    assert (tmp_path / f"{first.key}.png").stat().st_size > 1000
    text = (tmp_path / "README.md").read_text()
    assert f"({first.key}-after.mid)" in text
    assert f"({first.key}.png)" in text


def test_a_melody_that_no_bundle_serves_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A chorale's model is not asked to write piano music."""
    chorale = shipped_bundles()["extend-chorale"]
    assert main(["sheet", str(chorale), "-o", str(tmp_path)]) == 2
    assert "serves style piano" in capsys.readouterr().err
    assert (
        main(["sheet", str(chorale), str(shipped_bundles()["bach-arcnn"]), "-o", str(tmp_path)])
        == 2
    )
    assert "of one technique" in capsys.readouterr().err
