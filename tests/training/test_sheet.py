"""The sheet of examples."""

from pathlib import Path

import pytest

from firmware.inference.bundle import shipped_bundles
from firmware.midi.files import read_composition, read_melody
from training import sheet
from training.cli import main


def test_there_are_ten_different_melodies_of_one_line_and_of_two() -> None:
    examples = list(sheet.examples())
    assert len({example.key for example in examples}) == len(examples) == 10
    assert all(example.melody.notes for example in examples)


def test_the_sheet_has_a_picture_and_both_midi_files_of_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what it says was kept is in the file."""
    first = next(sheet.examples())
    monkeypatch.setattr(sheet, "examples", lambda: iter([first]))
    bundle = next(iter(shipped_bundles().values()))
    assert main(["sheet", str(bundle), "-o", str(tmp_path)]) == 0
    before = read_melody((tmp_path / f"{first.key}-before.mid").read_bytes(), name="before")
    after = read_composition((tmp_path / f"{first.key}-after.mid").read_bytes())
    assert before.notes == first.melody.notes
    assert len(after.tracks) == 4
    assert (tmp_path / f"{first.key}.png").stat().st_size > 1000
    page = (tmp_path / "README.md").read_text()
    assert f"({first.key}-after.mid)" in page
    assert f"({first.key}.png)" in page
