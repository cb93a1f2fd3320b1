"""Compositions are saved whole or not at all, and found again as they were."""

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.errors import CompositionNotFoundError, LibraryError
from firmware.library import store
from firmware.library.records import CompositionRecord
from firmware.library.store import (
    Library,
    files_of,
    read_folder,
    write_files,
)
from firmware.music.notes import Composition, Melody, Note, Track
from firmware.parameters import Technique, parameters_for

NAME = "2025-11-20_14-02-11_ode-to-joy_enhance"


notes = st.builds(
    Note,
    start_ticks=st.integers(0, 100_000),
    pitch=st.integers(0, 127),
    duration_ticks=st.integers(1, 5000),
    velocity=st.integers(1, 127),
)
titles = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
tempos = st.floats(40, 220, allow_nan=False)
bars = st.integers(1, 32)
_numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
records = st.builds(
    CompositionRecord,
    composition=st.builds(
        Composition,
        tracks=st.lists(
            st.builds(
                Track,
                name=titles,
                notes=st.lists(notes, max_size=8).map(tuple),
                program=st.integers(0, 127),
                is_drum=st.booleans(),
            ),
            max_size=5,
        ).map(tuple),
        tempo_bpm=tempos,
        beats_per_bar=bars,
        name=titles,
    ),
    melody=st.builds(
        Melody,
        notes=st.lists(notes, max_size=12).map(tuple),
        tempo_bpm=tempos,
        beats_per_bar=bars,
        name=titles,
    ),
    technique=st.sampled_from(Technique),
    parameters=st.dictionaries(titles, _numbers | titles, max_size=4)
    | st.sampled_from([parameters_for(technique).as_dict() for technique in Technique]),
    seed=st.integers(0, 2**63),
    bundle=titles,
    bundle_sha256=titles,
    created_at=st.datetimes().map(lambda when: when.isoformat()),
    parent=st.none() | titles,
)


@given(record=records)
@settings(max_examples=60)
def test_what_is_loaded_equals_what_was_saved(record: CompositionRecord) -> None:
    """Also names that no file system likes, two notes on one key, and tempos like 97.3."""
    with tempfile.TemporaryDirectory() as folder:
        library = Library(Path(folder))
        name = library.save(record)
        assert library.load(name) == record
        (entry,) = library.list()
        assert (entry.name, entry.problem) == (name, "")
        assert entry.outline is not None
        assert entry.outline.melody.name == record.melody.name


def test_a_composition_is_a_folder_that_anyone_can_read(
    library: Library, record: CompositionRecord
) -> None:
    name = library.save(record)
    folder = library.root / name
    assert name == NAME
    assert sorted(os.listdir(folder)) == ["composition.json", "composition.mid", "input.mid"]
    assert (folder / "composition.mid").read_bytes().startswith(b"MThd")
    written = json.loads((folder / "composition.json").read_text())
    assert written["parameters"] == {"creative_risk": 1.5, "max_notes_added": 20}
    assert (written["seed"], written["bundle"]["name"]) == (7, "bach-arcnn")
    assert written["parent"] == record.parent
    assert written["composition"]["tempo_bpm"] == 96.5


def test_names_are_unique_and_the_newest_comes_first(
    library: Library, record: CompositionRecord
) -> None:
    later = replace(record, created_at="2025-11-21T00:00:00+00:00")
    names = [library.save(each) for each in (record, record, later, record)]
    assert names[0] == NAME
    assert names[1:2] + names[3:] == [f"{NAME}-2", f"{NAME}-3"]
    assert len(set(names)) == 4
    assert library.list()[0].name == names[2]


def test_an_empty_folder_of_the_same_name_is_left_alone(
    library: Library, record: CompositionRecord
) -> None:
    (library.root / NAME).mkdir(parents=True)
    assert library.save(record) == f"{NAME}-2"
    assert list((library.root / NAME).iterdir()) == []


def test_a_library_that_does_not_exist_yet_is_empty(library: Library) -> None:
    assert library.list() == ()
    assert not library.root.exists()


def test_what_was_deleted_is_gone_and_nothing_else(
    library: Library, record: CompositionRecord
) -> None:
    first, second = library.save(record), library.save(record)
    library.delete(first)
    assert [entry.name for entry in library.list()] == [second]
    assert [path.name for path in library.root.iterdir()] == [second]
    with pytest.raises(CompositionNotFoundError, match=first):
        library.load(first)
    with pytest.raises(CompositionNotFoundError, match=first):
        library.delete(first)


def test_an_export_is_the_same_composition_and_never_replaces_one(
    library: Library, tmp_path: Path, record: CompositionRecord
) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    name = library.save(record)
    assert library.export(name, stick) == stick / name
    assert read_folder(stick / name) == record
    assert library.export(name, stick) == stick / f"{name}-2"
    with pytest.raises(LibraryError, match="there is no folder"):
        library.export(name, tmp_path / "unplugged")


@pytest.mark.parametrize("name", ["..", "../music/x", "/etc", "", ".continuo-x", "a\0b"])
@pytest.mark.parametrize("verb", ["load", "delete", "export"])
def test_no_name_leads_out_of_the_library(
    library: Library, tmp_path: Path, name: str, verb: str, record: CompositionRecord
) -> None:
    library.save(record)
    calls: dict[str, Callable[[], object]] = {
        "load": lambda: library.load(name),
        "delete": lambda: library.delete(name),
        "export": lambda: library.export(name, tmp_path),
    }
    with pytest.raises(CompositionNotFoundError):
        calls[verb]()
    assert library.root.is_dir()


def test_links_are_not_followed(
    library: Library, tmp_path: Path, record: CompositionRecord
) -> None:
    """Neither a link to a folder nor one to a file may lead a reader or a delete elsewhere."""
    elsewhere = Library(tmp_path / "elsewhere")
    name = elsewhere.save(record)
    library.root.mkdir()
    (library.root / "linked").symlink_to(elsewhere.root / name)
    assert library.list() == ()
    for call in (library.load, library.delete):
        with pytest.raises(CompositionNotFoundError):
            call("linked")
    inside = library.save(record)
    secret = library.root / inside / "input.mid"
    secret.unlink()
    secret.symlink_to(elsewhere.root / name / "input.mid")
    with pytest.raises(LibraryError, match=r"input\.mid cannot be read"):
        library.load(inside)
    assert elsewhere.load(name) == record


def test_a_sweep_takes_the_dead_and_leaves_the_living(
    library: Library, record: CompositionRecord
) -> None:
    library.save(record)
    dead = library.root / ".continuo-dead"
    dead.mkdir()
    (dead / "composition.mid").write_bytes(b"half")
    with store.temporary_folder(library.root) as living:
        assert library.sweep() == 1
        assert living.is_dir()
        assert not dead.exists()
    assert [path.name for path in library.root.iterdir()] == [NAME]
    assert Library(library.root / "nowhere").sweep() == 0


def test_files_are_replaced_whole(tmp_path: Path, record: CompositionRecord) -> None:
    folder = tmp_path / "out"
    write_files(folder, files_of(record))
    write_files(folder, files_of(replace(record, seed=8)))
    assert read_folder(folder).seed == 8
    assert len(list(folder.iterdir())) == 3
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(LibraryError, match="nothing was written"):
        write_files(blocked, files_of(record))


def test_a_copied_folder_is_a_composition(library: Library, record: CompositionRecord) -> None:
    """Whoever copies a folder by hand, over SSH or from a stick, finds it in the list."""
    name = library.save(record)
    shutil.copytree(library.root / name, library.root / "My best one")
    assert library.load("My best one") == record
