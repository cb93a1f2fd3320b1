"""Texts that are whole at any instant, one program's at a time."""

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.errors import LibraryError
from firmware.library.notebook import Notebook

KILLS = 60


@pytest.fixture
def notebook(folder: Path) -> Iterator[Notebook]:
    """An open one."""
    made = Notebook(folder / "notes")
    made.open()
    yield made
    made.close()


def test_a_kill_at_any_instant_leaves_the_old_text_or_the_new_one(folder: Path) -> None:
    """SIGKILL at 60 random instants of writing: whole, and nothing that was written is lost."""
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("dying_writer.py"), folder, str(KILLS), "1"],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    faults, writes, cut = done.stdout.splitlines()
    assert faults == "[]"
    assert int(writes) > KILLS, "others had time to finish"
    assert int(cut) > 0, "some were killed in the middle"


def test_a_text_is_read_back_and_can_be_renamed_and_removed(notebook: Notebook) -> None:
    assert notebook.read("a") is None
    notebook.write("a", "Für Elise")
    notebook.write("a", "Für Elise, 2")
    assert notebook.read("a") == "Für Elise, 2"
    notebook.rename("a", "b")
    assert (notebook.read("a"), notebook.read("b")) == (None, "Für Elise, 2")
    notebook.remove("b")
    notebook.remove("b")
    assert list(notebook.folder.iterdir()) == []


def test_what_is_put_aside_is_not_lost_however_often(notebook: Notebook) -> None:
    for text in ("one", "two"):
        notebook.write("a", text)
        notebook.put_aside("a")
    assert notebook.read("a") is None
    assert {p.name: p.read_text() for p in notebook.folder.iterdir()} == {
        "a.damaged-1": "one",
        "a.damaged-2": "two",
    }


def test_only_one_program_at_a_time_has_it(notebook: Notebook) -> None:
    other = Notebook(notebook.folder)
    with pytest.raises(LibraryError, match="another instrument"):
        other.open()
    notebook.close()
    other.open()
    other.close()


@pytest.mark.parametrize("call", ["mkdir", "fsync", "replace"])
def test_a_disk_that_refuses_leaves_the_text_before(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    notebook.write("a", "old")

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, call, refuse)
        with pytest.raises(LibraryError, match="there is no room left on the disk"):
            notebook.write("a", "new")
    assert notebook.read("a") == "old"
    assert [path.name for path in notebook.folder.iterdir()] == ["a"]


def test_what_is_no_text_is_refused(notebook: Notebook) -> None:
    (notebook.folder / "a").write_bytes(b"\xff\xfe")
    (notebook.folder / "b").symlink_to("/etc/hostname")
    (notebook.folder / "c").mkdir()
    (notebook.folder / "d").write_bytes(b" " * (17 * 1024 * 1024))
    for name in "abcd":
        with pytest.raises(LibraryError, match=name):
            notebook.read(name)
