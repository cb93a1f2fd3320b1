"""Whatever lies in the library's folder is survived, and listed with what is wrong with it."""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.errors import LibraryError
from firmware.library.records import CompositionRecord
from firmware.library.store import (
    COMPOSITION_FILE,
    INPUT_FILE,
    RECORD_FILE,
    Library,
    files_of,
)
from firmware.music.notes import Composition


def put_pipe(folder: Path) -> None:
    """A pipe in place of a file would keep a careless reader waiting for ever."""
    (folder / "input.mid").unlink()
    os.mkfifo(folder / "input.mid")


def put_folder(folder: Path) -> None:
    """A folder in place of a file opens like one."""
    (folder / "input.mid").unlink()
    (folder / "input.mid").mkdir()


def edit(key: str, value: object) -> Callable[[Path], object]:
    """A hand that changes one field of composition.json."""

    def change(folder: Path) -> None:
        path = folder / "composition.json"
        content = json.loads(path.read_text())
        *parts, last = key.split(".")
        target = content
        for part in parts:
            target = target[part]
        target[last] = value
        path.write_text(json.dumps(content))

    return change


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda f: (f / "composition.json").unlink(), "has no composition.json"),
        (lambda f: (f / "composition.mid").unlink(), "has no composition.mid"),
        (lambda f: (f / "composition.json").write_bytes(b"\xff{"), "not UTF-8"),
        (lambda f: (f / "composition.json").write_text("{"), "not JSON"),
        (lambda f: (f / "composition.json").write_text("[" * 100_000), "not JSON"),
        (lambda f: (f / "composition.json").write_text("[]"), "the whole is not an object"),
        (lambda f: (f / "composition.json").write_text("{}"), "format is missing"),
        (lambda f: (f / "composition.mid").write_bytes(b"MThd"), "changed or damaged"),
        (lambda f: (f / "input.mid").write_bytes(b""), "changed or damaged"),
        (put_pipe, "not a file that"),
        (lambda f: os.truncate(f / "input.mid", 1 << 40), "not a file that"),
        (edit("format", 99), "has format 99"),
        (edit("format", 1.0), "format is missing or of a wrong kind"),
        (edit("seed", "seven"), "seed is missing or of a wrong kind"),
        (edit("technique", "improve"), "'improve' is not a valid Technique"),
        (edit("parameters", []), "parameters is not an object"),
        (edit("parameters", {"x": []}), "parameters.x is missing or of a wrong kind"),
        (edit("parameters", {"creative_risk": "1"}), "creative_risk is missing or of a wrong kind"),
        (edit("parameters", {"creative_risk": True}), "risk is missing or of a wrong kind"),
        (edit("parameters", {"style": 1}), "parameters.style is missing or of a wrong kind"),
        (edit("parameters", {"style": "\ud800"}), "style is missing or of a wrong kind"),
        (edit("composition.tempo_bpm", 1e9), "tempo_bpm must be in 40..220"),
        (edit("composition.tempo_bpm", float("nan")), "tempo_bpm must be in 40..220"),
        (edit("composition.tracks", 3), "composition.tracks is missing or of a wrong kind"),
        (edit("input.beats_per_bar", 0), "beats_per_bar must be in 1..32"),
        (edit("input.sha256", "00"), "input.mid was changed or damaged"),
        (edit("bundle", None), "bundle is not an object"),
        (edit("input.name", "\ud800"), "input.name is missing or of a wrong kind"),
        (edit("composition.tempo_bpm", 10**400), "far too large"),
        (edit("parameters", {"creative_risk": float("inf")}), "parameters.creative_risk is inf"),
        (put_folder, "input.mid is not a file that"),
    ],
)
def test_a_damaged_composition_is_listed_with_the_reason(
    library: Library, damage: Callable[[Path], object], reason: str, record: CompositionRecord
) -> None:
    """Its neighbour is as readable as before, and loading it is one named error."""
    good = library.save(record)
    bad = library.save(record)
    damage(library.root / bad)
    entries = {entry.name: entry for entry in library.list()}
    assert entries[good].problem == ""
    assert entries[bad].outline is None
    assert reason in entries[bad].problem
    with pytest.raises(LibraryError):
        library.load(bad)
    library.delete(bad)
    assert library.load(good) == record


@given(
    garbage=st.binary(max_size=300),
    which=st.sampled_from((COMPOSITION_FILE, INPUT_FILE, RECORD_FILE)),
)
@settings(max_examples=60)
def test_any_bytes_in_a_file_are_survived(
    garbage: bytes, which: str, record: CompositionRecord
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        library = Library(Path(folder))
        name = library.save(record)
        (library.root / name / which).write_bytes(garbage)
        (entry,) = library.list()
        assert entry.problem
        with pytest.raises(LibraryError):
            library.load(name)


def test_a_track_too_many_or_too_few_is_noticed(
    library: Library, record: CompositionRecord
) -> None:
    """A description that was edited together with the hash of another MIDI file."""
    name = library.save(record)
    other = files_of(replace(record, composition=Composition(tracks=())))["composition.mid"]
    folder = library.root / name
    (folder / "composition.mid").write_bytes(other)
    edit("composition.sha256", hashlib.sha256(other).hexdigest())(folder)
    with pytest.raises(LibraryError, match="0 tracks instead of 2"):
        library.load(name)


def test_what_file_systems_and_desktops_leave_behind_is_not_listed(library: Library) -> None:
    library.root.mkdir()
    for folder in ("lost+found", "System Volume Information", ".Trash-1000", ".continuo-abc"):
        (library.root / folder).mkdir()
    (library.root / "notes.txt").write_text("mine")
    assert library.list() == ()
