"""A stick gets every composition, whole or not at all, however often it is pulled out."""

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from firmware.errors import LibraryError
from firmware.library import stick as stick_module
from firmware.library.handing_out import midi_files, signature_of, wait_until_still
from firmware.library.records import CompositionRecord
from firmware.library.renaming import rename_composition
from firmware.library.stick import FOLDER, MAX_OFFERED, bring, midi_files_on, offer
from firmware.library.stick_status import (
    MELODIES_FOLDER,
    STATUS_FILE,
    Phase,
    StickStatus,
    read_status,
    sticks,
    write_status,
)
from firmware.library.store import COMPOSITION_FILE, RECORD_FILE, Library, read_folder


class PulledOut(BaseException):
    """Power of the stick: nothing after it happens."""


@pytest.fixture
def names(library: Library, record: CompositionRecord) -> list[str]:
    """Three compositions in the library."""
    hours = ("10", "11", "12")
    return [
        library.save(replace(record, created_at=f"2025-11-20T{hour}:00:00+00:00")) for hour in hours
    ]


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    (tmp_path / "stick").mkdir()
    return tmp_path / "stick"


def tree(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_what_is_on_the_stick_is_what_is_in_the_library(
    library: Library, stick: Path, names: list[str]
) -> None:
    told: list[tuple[int, int, str]] = []
    brought = bring(library, stick, lambda *far: told.append(far))
    assert (brought.copied, brought.present, brought.unreadable) == (3, 0, ())
    assert tree(stick / FOLDER) == tree(library.root)
    newest_first = sorted(names, reverse=True)
    assert told == [(n, 3, name) for n, name in enumerate(newest_first)] + [(3, 3, "")]
    for name in names:
        assert read_folder(stick / FOLDER / name) == library.load(name)


def test_the_second_time_only_what_is_new_is_copied(
    library: Library, stick: Path, names: list[str], record: CompositionRecord
) -> None:
    bring(library, stick)
    before = {path: path.stat().st_ino for path in (stick / FOLDER).rglob("*")}
    library.save(replace(record, created_at="2025-11-21T10:00:00+00:00"))
    brought = bring(library, stick)
    assert (brought.copied, brought.present) == (1, len(names))
    assert {path: path.stat().st_ino for path in before} == before


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_pulled_out_at_any_step_nothing_is_torn_and_the_rest_comes_the_next_time(
    library: Library,
    stick: Path,
    names: list[str],
    monkeypatch: pytest.MonkeyPatch,
    call: str,
) -> None:
    real: Callable[..., Any] = getattr(os, call)
    steps = 0
    for last in range(100):
        steps = 0

        def until_pulled(*arguments: Any, last: int = last) -> Any:
            nonlocal steps
            steps += 1
            if steps > last:
                raise PulledOut
            return real(*arguments)

        with monkeypatch.context() as patch:
            patch.setattr(os, call, until_pulled)
            try:
                bring(library, stick)
            except PulledOut:
                pass
            else:
                break
        mine = tree(library.root)
        for path, content in tree(stick / FOLDER).items():
            assert path.endswith(".continuo-growing") or content == mine[path]
        for folder in (stick / FOLDER).iterdir():
            if (folder / RECORD_FILE).exists():
                assert read_folder(folder) == library.load(folder.name)
    assert steps > 0 or last > 0
    bring(library, stick)
    assert tree(stick / FOLDER) == tree(library.root)
    assert len(names) == 3


def test_a_stick_that_breaks_is_one_sentence(
    library: Library, stick: Path, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(LibraryError, match=r"did not take everything.*does not work"):
        bring(library, stick)
    assert names


def test_too_little_room_is_said_before_anything_is_written(
    library: Library, stick: Path, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    room = SimpleNamespace(f_frsize=32768, f_bavail=9)
    monkeypatch.setattr(os, "statvfs", lambda _: room)
    # Three compositions of a folder and three files, a cluster each, and two more: 14.
    with pytest.raises(LibraryError, match=r"room for 0\.3 MB, 0\.5 MB are needed"):
        bring(library, stick)
    assert list(stick.iterdir()) == []
    room.f_bavail = 14
    assert bring(library, stick).copied == len(names)
    room.f_bavail = 0
    assert bring(library, stick).copied == 0, "a full stick that has all needs no room"


def test_another_instruments_namesake_stays_and_ours_gets_a_number(
    library: Library, stick: Path, names: list[str], tmp_path: Path
) -> None:
    other = Library(tmp_path / "other")
    theirs = replace(library.load(names[0]), seed=99)
    assert other.save(theirs) == names[0]
    bring(other, stick)
    bring(library, stick)
    assert read_folder(stick / FOLDER / names[0]) == theirs
    assert read_folder(stick / FOLDER / f"{names[0]}-2") == library.load(names[0])
    assert bring(library, stick).copied == 0
    assert bring(other, stick).copied == 0


@pytest.mark.parametrize("title", ["Evening", "Evening in June"])
def test_a_composition_with_another_name_is_no_second_one(
    library: Library, stick: Path, names: list[str], title: str
) -> None:
    """Its title on the stick is the new one then, as long as the old one or not."""
    bring(library, stick)
    rename_composition(library, names[0], title)
    brought = bring(library, stick)
    assert (brought.copied, brought.present) == (1, 2)
    assert sorted(path.name for path in (stick / FOLDER).iterdir()) == sorted(names)
    assert read_folder(stick / FOLDER / names[0]).composition.name == title
    assert bring(library, stick).copied == 0


def test_a_damaged_composition_is_left_out_and_named(
    library: Library, stick: Path, names: list[str]
) -> None:
    (library.root / names[1] / COMPOSITION_FILE).unlink()
    brought = bring(library, stick)
    assert (brought.copied, brought.unreadable) == (2, (names[1],))


def test_midi_files_are_found_and_nothing_else(stick: Path, tmp_path: Path) -> None:
    (stick / "hymns/old").mkdir(parents=True)
    (stick / FOLDER / "take").mkdir(parents=True)
    (stick / ".Trashes").mkdir()
    (tmp_path / "elsewhere.mid").write_bytes(b"MThd")
    for name in ("a.mid", "hymns/B.MIDI", "hymns/old/c.Mid"):
        (stick / name).write_bytes(b"MThd")
    for name in ("notes.txt", f"{FOLDER}/take/composition.mid", ".Trashes/d.mid", ".e.mid"):
        (stick / name).write_bytes(b"MThd")
    (stick / "link.mid").symlink_to(tmp_path / "elsewhere.mid")
    os.mkfifo(stick / "pipe.mid")
    with (stick / "huge.mid").open("wb") as huge:
        huge.truncate(stick_module.MAX_FILE_BYTES + 1)
    found = [str(path.relative_to(stick)) for path in midi_files_on(stick)]
    assert found == ["a.mid", "hymns/B.MIDI", "hymns/old/c.Mid"]
    (tmp_path / "offered").mkdir()
    offered = offer(stick, tmp_path / "offered")
    assert [path.name for path in offered] == ["a.mid", "hymns - B.MIDI", "hymns - old - c.Mid"]
    assert {path.read_bytes() for path in offered} == {b"MThd"}


def test_a_stick_of_thousands_offers_the_first_and_no_more_than_memory_allows(
    stick: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(MAX_OFFERED + 5):
        (stick / f"{number:04}.mid").write_bytes(b"x" * 10)
    assert len(midi_files_on(stick)) == MAX_OFFERED
    (tmp_path / "offered").mkdir()
    monkeypatch.setattr(stick_module, "MAX_OFFERED_BYTES", 55)
    assert [path.name for path in offer(stick, tmp_path / "offered")] == [
        f"{number:04}.mid" for number in range(5)
    ]


def test_the_panel_sees_how_far_each_stick_is_and_what_it_offers(tmp_path: Path) -> None:
    assert sticks(tmp_path / "none") == ()
    for key, status in (
        ("sda1", StickStatus(phase=Phase.COPYING, done=3, total=40, name="ode")),
        ("sdb1", StickStatus(phase=Phase.FAILED, problem="it broke", remedy="take another")),
    ):
        (tmp_path / key).mkdir()
        write_status(tmp_path / key, status)
        assert read_status(tmp_path / key) == status
    (tmp_path / "sdb1" / MELODIES_FOLDER).mkdir()
    (tmp_path / "sdb1" / MELODIES_FOLDER / "a.mid").touch()
    (tmp_path / "sdc1").mkdir()  # systemd has just made it
    first, second = sticks(tmp_path)
    assert (first.key, first.status.done, first.melodies) == ("sda1", 3, ())
    assert second.melodies == (tmp_path / "sdb1" / MELODIES_FOLDER / "a.mid",)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"phase": "flying"}', "{}"])
def test_a_status_that_makes_no_sense_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / STATUS_FILE).write_text(text)
    assert read_status(tmp_path) is None


def test_single_midi_files_are_handed_out_once_the_library_stands_still(
    library: Library, names: list[str], record: CompositionRecord
) -> None:
    (library.root / names[2] / COMPOSITION_FILE).unlink()
    late = replace(record, created_at="2025-11-21T10:00:00+00:00")
    saves = iter([late])

    def sleep(_: float) -> None:
        for composition in saves:
            library.save(composition)
            break

    before = signature_of(library)
    after = wait_until_still(library, sleep)
    assert len(after) == len(before) + 1
    files = midi_files(library)
    assert [file.name for file in files] == [f"{name}.mid" for name in (after[0][0], *names[1::-1])]
    original = library.root / names[0] / COMPOSITION_FILE
    assert files[-1].content == original.read_bytes()
    assert files[-1].modified_s == original.stat().st_mtime
