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
    bundle = next(
        folder
        for folder in shipped_bundles().values()
        if read_bundle(folder).manifest.technique is kind
    )
    assert main(["sheet", str(bundle), "-o", str(tmp_path)]) == 0
    before = read_melody((tmp_path / f"{first.key}-before.mid").read_bytes(), name="before")
    after = read_composition((tmp_path / f"{first.key}-after.mid").read_bytes())
    assert before.notes == first.melody.notes
    assert len(after.tracks) == tracks
    assert (tmp_path / f"{first.key}.png").stat().st_size > 1000
    text = (tmp_path / "README.md").read_text()
    assert f"({first.key}-after.mid)" in text
    assert f"({first.key}.png)" in text
