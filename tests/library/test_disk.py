"""A disk that refuses is one sentence a player understands, and leaves nothing half done."""

import errno
import os
import resource
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from firmware.errors import LibraryError
from firmware.library.places import check_folder, explained
from firmware.library.records import CompositionRecord
from firmware.library.store import (
    Library,
)


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
    library: Library,
    monkeypatch: pytest.MonkeyPatch,
    *,
    code: int,
    said: str,
    call: str,
    record: CompositionRecord,
) -> None:
    """Whichever step fails: the message names the place, no half composition stays behind."""
    library.root.mkdir()

    def refuse(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(os, call, refuse)
        with pytest.raises(LibraryError) as caught:
            library.save(record)
    assert said.replace("{root}", str(library.root)) in caught.value.message
    assert "the composition was not saved" in caught.value.message
    assert list(library.root.iterdir()) == []
    assert library.load(library.save(record)) == record


def test_a_full_disk_is_told_and_the_next_save_works(
    library: Library, record: CompositionRecord
) -> None:
    """The kernel itself refuses to let a file grow in the middle of a write."""
    library.root.mkdir()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (60, limits[1]))
    try:
        with pytest.raises(
            LibraryError, match=r"was not saved: files in .* may not become"
        ) as full:
            library.save(record)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert full.value.remedy
    assert list(library.root.iterdir()) == []
    assert library.load(library.save(record)) == record


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


def test_a_read_only_folder_is_told(record: CompositionRecord) -> None:
    with tempfile.TemporaryDirectory() as folder, as_ordinary_user(Path(folder)):
        root = Path(folder, "music")
        library = Library(root)
        name = library.save(record)
        root.chmod(0o555)
        try:
            with pytest.raises(LibraryError, match=r"was not saved: .* must not be written to"):
                library.save(record)
            with pytest.raises(LibraryError, match=r"was not deleted: .* must not be written to"):
                library.delete(name)
            assert library.load(name) == record
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


def test_a_library_in_place_of_a_file_is_told(tmp_path: Path, record: CompositionRecord) -> None:
    path = tmp_path / "file"
    path.write_text("not a folder")
    with pytest.raises(LibraryError, match="was not saved"):
        Library(path).save(record)
    with pytest.raises(LibraryError, match="cannot be read"):
        Library(path).list()
