"""Compositions are saved whole or not at all, and whatever lies in the folder is survived."""

import errno
import hashlib
import json
import os
import resource
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.errors import CompositionNotFoundError, LibraryError
from firmware.library import store
from firmware.library.places import check_folder, explained
from firmware.library.records import CompositionRecord
from firmware.library.store import Library, files_of, read_folder, write_files
from firmware.music.notes import Composition, Melody, Note, Track
from firmware.parameters import Technique

NOTES = (
    Note(start_ticks=0, pitch=60, duration_ticks=480),
    Note(start_ticks=480, pitch=64, duration_ticks=960, velocity=33),
)
RECORD = CompositionRecord(
    composition=Composition(
        tracks=(
            Track(name="soprano", notes=NOTES, program=52),
            Track(name="bass", notes=NOTES[:1], program=58),
        ),
        tempo_bpm=96.5,
        beats_per_bar=3,
        name="Ode to Joy, enhanced",
    ),
    melody=Melody(notes=NOTES, tempo_bpm=96.5, beats_per_bar=3, name="Ode to Joy"),
    technique=Technique.ENHANCE,
    parameters={"creative_risk": 1.5, "max_notes_added": 20},
    seed=7,
    bundle="bach-arcnn",
    bundle_sha256="ab" * 32,
    created_at="2025-11-20T14:02:11+00:00",
    parent="2025-11-19_10-00-00_ode-to-joy_enhance",
)
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
    parameters=st.dictionaries(titles, _numbers, max_size=4),
    seed=st.integers(0, 2**63),
    bundle=titles,
    bundle_sha256=titles,
    created_at=st.datetimes().map(lambda when: when.isoformat()),
    parent=st.none() | titles,
)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "music")


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


def test_a_composition_is_a_folder_that_anyone_can_read(library: Library) -> None:
    name = library.save(RECORD)
    folder = library.root / name
    assert name == NAME
    assert sorted(os.listdir(folder)) == ["composition.json", "composition.mid", "input.mid"]
    assert (folder / "composition.mid").read_bytes().startswith(b"MThd")
    written = json.loads((folder / "composition.json").read_text())
    assert written["parameters"] == {"creative_risk": 1.5, "max_notes_added": 20}
    assert (written["seed"], written["bundle"]["name"]) == (7, "bach-arcnn")
    assert written["parent"] == RECORD.parent
    assert written["composition"]["tempo_bpm"] == 96.5


def test_names_are_unique_and_the_newest_comes_first(library: Library) -> None:
    later = replace(RECORD, created_at="2025-11-21T00:00:00+00:00")
    names = [library.save(record) for record in (RECORD, RECORD, later, RECORD)]
    assert names[0] == NAME
    assert names[1:2] + names[3:] == [f"{NAME}-2", f"{NAME}-3"]
    assert len(set(names)) == 4
    assert library.list()[0].name == names[2]


def test_an_empty_folder_of_the_same_name_is_left_alone(library: Library) -> None:
    (library.root / NAME).mkdir(parents=True)
    assert library.save(RECORD) == f"{NAME}-2"
    assert list((library.root / NAME).iterdir()) == []


def test_a_library_that_does_not_exist_yet_is_empty(library: Library) -> None:
    assert library.list() == ()
    assert not library.root.exists()


def test_what_was_deleted_is_gone_and_nothing_else(library: Library) -> None:
    first, second = library.save(RECORD), library.save(RECORD)
    library.delete(first)
    assert [entry.name for entry in library.list()] == [second]
    assert [path.name for path in library.root.iterdir()] == [second]
    with pytest.raises(CompositionNotFoundError, match=first):
        library.load(first)
    with pytest.raises(CompositionNotFoundError, match=first):
        library.delete(first)


def test_an_export_is_the_same_composition_and_never_replaces_one(
    library: Library, tmp_path: Path
) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    name = library.save(RECORD)
    assert library.export(name, stick) == stick / name
    assert read_folder(stick / name) == RECORD
    assert library.export(name, stick) == stick / f"{name}-2"
    with pytest.raises(LibraryError, match="there is no folder"):
        library.export(name, tmp_path / "unplugged")


@pytest.mark.parametrize("name", ["..", "../music/x", "/etc", "", ".continuo-x", "a\0b"])
@pytest.mark.parametrize("verb", ["load", "delete", "export"])
def test_no_name_leads_out_of_the_library(
    library: Library, tmp_path: Path, name: str, verb: str
) -> None:
    library.save(RECORD)
    calls: dict[str, Callable[[], object]] = {
        "load": lambda: library.load(name),
        "delete": lambda: library.delete(name),
        "export": lambda: library.export(name, tmp_path),
    }
    with pytest.raises(CompositionNotFoundError):
        calls[verb]()
    assert library.root.is_dir()


def test_links_are_not_followed(library: Library, tmp_path: Path) -> None:
    """Neither a link to a folder nor one to a file may lead a reader or a delete elsewhere."""
    elsewhere = Library(tmp_path / "elsewhere")
    name = elsewhere.save(RECORD)
    library.root.mkdir()
    (library.root / "linked").symlink_to(elsewhere.root / name)
    assert library.list() == ()
    for call in (library.load, library.delete):
        with pytest.raises(CompositionNotFoundError):
            call("linked")
    inside = library.save(RECORD)
    secret = library.root / inside / "input.mid"
    secret.unlink()
    secret.symlink_to(elsewhere.root / name / "input.mid")
    with pytest.raises(LibraryError, match=r"input\.mid cannot be read"):
        library.load(inside)
    assert elsewhere.load(name) == RECORD


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
        (edit("parameters", {"x": "y"}), "parameters.x is missing or of a wrong kind"),
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
    library: Library, damage: Callable[[Path], object], reason: str
) -> None:
    """Its neighbour is as readable as before, and loading it is one named error."""
    good = library.save(RECORD)
    bad = library.save(RECORD)
    damage(library.root / bad)
    entries = {entry.name: entry for entry in library.list()}
    assert entries[good].problem == ""
    assert entries[bad].outline is None
    assert reason in entries[bad].problem
    with pytest.raises(LibraryError):
        library.load(bad)
    library.delete(bad)
    assert library.load(good) == RECORD


@given(garbage=st.binary(max_size=300), which=st.sampled_from(sorted(files_of(RECORD))))
@settings(max_examples=60)
def test_any_bytes_in_a_file_are_survived(garbage: bytes, which: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        library = Library(Path(folder))
        name = library.save(RECORD)
        (library.root / name / which).write_bytes(garbage)
        (entry,) = library.list()
        assert entry.problem
        with pytest.raises(LibraryError):
            library.load(name)


def test_a_track_too_many_or_too_few_is_noticed(library: Library) -> None:
    """A description that was edited together with the hash of another MIDI file."""
    name = library.save(RECORD)
    other = files_of(replace(RECORD, composition=Composition(tracks=())))["composition.mid"]
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


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (errno.ENOSPC, "there is no room left on the disk of {root}"),
        (errno.EROFS, "the disk of {root} is read-only"),
        (errno.EACCES, "{root} must not be written to"),
        (errno.EIO, "the disk of {root} does not work"),
        (errno.EMFILE, "{root}: Too many open files"),
    ],
)
@pytest.mark.parametrize("call", ["mkdir", "fsync", "rename"])
def test_a_disk_that_refuses_is_one_sentence_and_leaves_nothing(
    library: Library, monkeypatch: pytest.MonkeyPatch, code: int, said: str, call: str
) -> None:
    """Whichever step fails: the message names the place, no half composition stays behind."""
    library.root.mkdir()

    def refuse(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(os, call, refuse)
        with pytest.raises(LibraryError) as caught:
            library.save(RECORD)
    assert said.replace("{root}", str(library.root)) in caught.value.message
    assert "the composition was not saved" in caught.value.message
    assert list(library.root.iterdir()) == []
    assert library.load(library.save(RECORD)) == RECORD


def test_a_full_disk_is_told_and_the_next_save_works(library: Library) -> None:
    """The kernel itself refuses to let a file grow in the middle of a write."""
    library.root.mkdir()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (60, limits[1]))
    try:
        with pytest.raises(
            LibraryError, match=r"was not saved: files in .* may not become"
        ) as full:
            library.save(RECORD)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert full.value.remedy
    assert list(library.root.iterdir()) == []
    assert library.load(library.save(RECORD)) == RECORD


def test_a_folder_that_cannot_be_written_to_is_told_before_the_work(tmp_path: Path) -> None:
    """And looking leaves nothing behind."""
    (tmp_path / "file").write_text("in the way")
    check_folder(tmp_path)
    check_folder(tmp_path / "new" / "newer")
    with pytest.raises(LibraryError, match="file is a file, not a folder"):
        check_folder(tmp_path / "file")
    with pytest.raises(LibraryError, match="is not in a folder but in a file"):
        check_folder(tmp_path / "file" / "new")
    with pytest.raises(LibraryError, match="too long"):
        check_folder(tmp_path / ("x" * 300))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    with tempfile.TemporaryDirectory() as folder, as_ordinary_user(Path(folder)):
        Path(folder).chmod(0o555)
        try:
            with pytest.raises(LibraryError, match="must not be written to"):
                check_folder(Path(folder, "new"))
        finally:
            Path(folder).chmod(0o755)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_no_room_left_is_told_by_its_name(tmp_path: Path) -> None:
    with (
        pytest.raises(LibraryError, match="there is no room left on the disk"),
        explained("{reason}", tmp_path),
        Path("/dev/full").open("wb") as full,
    ):
        full.write(b"music")


def test_a_read_only_folder_is_told() -> None:
    with tempfile.TemporaryDirectory() as folder, as_ordinary_user(Path(folder)):
        root = Path(folder, "music")
        library = Library(root)
        name = library.save(RECORD)
        root.chmod(0o555)
        try:
            with pytest.raises(LibraryError, match=r"was not saved: .* must not be written to"):
                library.save(RECORD)
            with pytest.raises(LibraryError, match=r"was not deleted: .* must not be written to"):
                library.delete(name)
            assert library.load(name) == RECORD
            assert library.sweep() == 0
        finally:
            root.chmod(0o755)


@contextmanager
def as_ordinary_user(folder: Path) -> Iterator[None]:
    """Give up root's rights, to which no folder is read-only, if we have them."""
    if os.geteuid():
        yield
        return
    nobody = 65534
    os.chown(folder, nobody, nobody)
    os.seteuid(nobody)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_library_in_place_of_a_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("not a folder")
    with pytest.raises(LibraryError, match="was not saved"):
        Library(path).save(RECORD)
    with pytest.raises(LibraryError, match="cannot be read"):
        Library(path).list()


def test_a_sweep_takes_the_dead_and_leaves_the_living(library: Library) -> None:
    library.save(RECORD)
    dead = library.root / ".continuo-dead"
    dead.mkdir()
    (dead / "composition.mid").write_bytes(b"half")
    with store._temporary_folder(library.root) as living:
        assert library.sweep() == 1
        assert living.is_dir()
        assert not dead.exists()
    assert [path.name for path in library.root.iterdir()] == [NAME]
    assert Library(library.root / "nowhere").sweep() == 0


def test_files_are_replaced_whole(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    write_files(folder, files_of(RECORD))
    write_files(folder, files_of(replace(RECORD, seed=8)))
    assert read_folder(folder).seed == 8
    assert len(list(folder.iterdir())) == 3
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(LibraryError, match="nothing was written"):
        write_files(blocked, files_of(RECORD))


def test_a_copied_folder_is_a_composition(library: Library) -> None:
    """Whoever copies a folder by hand, over SSH or from a stick, finds it in the list."""
    name = library.save(RECORD)
    shutil.copytree(library.root / name, library.root / "My best one")
    assert library.load("My best one") == RECORD
