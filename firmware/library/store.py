"""Compositions on disk: folders that anyone can read, saved whole or not at all.

A save writes a temporary folder, syncs each file and the folder, renames it and syncs the
parent; a delete renames first and removes then. A kill at any instant therefore leaves a
composition as it was or as it shall be. Whoever has a temporary folder open holds a lock on
it, which the kernel lets go of when the process dies; that is how dead ones are told apart.
"""

import contextlib
import errno
import fcntl
import hashlib
import os
import secrets
import shutil
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from firmware.errors import CompositionNotFoundError, ContinuoError, LibraryError, MidiFileError
from firmware.library.names import NOT_OURS, TEMPORARY_PREFIX, checked_name, folder_name
from firmware.library.places import explained
from firmware.library.records import (
    CompositionRecord,
    Description,
    description_from_json,
    description_to_json,
    fill,
    outline_of,
)
from firmware.midi.files import read_composition, write_composition, write_melody

COMPOSITION_FILE = "composition.mid"
INPUT_FILE = "input.mid"
RECORD_FILE = "composition.json"

MAX_FILE_BYTES = 64 * 1024 * 1024
"""Anything larger in a composition's folder is not read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the library's list.

    Attributes:
        name: The folder's name, for `load`, `delete` and `export`.
        outline: The record without its notes, or None where it cannot be read.
        problem: Why it cannot be read, or an empty string.
    """

    name: str
    outline: CompositionRecord | None
    problem: str


class Library:
    """The compositions in one folder, which is made by the first save.

    Args:
        root: The folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def save(self, record: CompositionRecord) -> str:
        """Keep a composition.

        Returns:
            The name it was given.

        Raises:
            LibraryError: If it cannot be written; nothing of it is left then, and the caller
                still has it in memory.
        """
        with explained("the composition was not saved: {reason}", self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            return _write_folder(self.root, folder_name(record), files_of(record))

    def list(self) -> tuple[Entry, ...]:
        """What is there, newest first; a folder that cannot be read is listed with the reason.

        Raises:
            LibraryError: If the library's folder itself cannot be read.
        """
        return tuple(self._entry(name) for name in self.names())

    def names(self) -> tuple[str, ...]:
        """The names of what is there, newest first, readable or not.

        Raises:
            LibraryError: If the library's folder itself cannot be read.
        """
        with explained("the library cannot be read: {reason}", self.root):
            try:
                found = sorted(os.scandir(self.root), key=lambda e: e.name, reverse=True)
            except FileNotFoundError:
                return ()
        return tuple(item.name for item in found if _is_candidate(item))

    def load(self, name: str) -> CompositionRecord:
        """Read a composition.

        Raises:
            CompositionNotFoundError: If there is none of this name.
            LibraryError: If it cannot be read.
        """
        folder = self._folder(name)
        with _naming(name):
            return read_folder(folder)

    def require(self, name: str) -> None:
        """See that there is a composition of this name, readable or not.

        Raises:
            CompositionNotFoundError: If there is none.
        """
        self._folder(name)

    def delete(self, name: str) -> None:
        """Remove a composition.

        Raises:
            CompositionNotFoundError: If there is none of this name.
            LibraryError: If the disk refuses.
        """
        folder = self._folder(name)
        sentence = f"{name} was not deleted: {{reason}}"
        with explained(sentence, self.root), temporary_folder(self.root) as grave:
            # Gone for every reader with the rename; a kill after it leaves rubbish to sweep.
            os.rename(folder, grave / "composition")
            sync_folder(self.root)

    def export(self, name: str, target: Path) -> Path:
        """Copy a composition's folder into another folder, a stick's for instance.

        Args:
            name: Of the composition.
            target: An existing folder.

        Returns:
            The copy's folder, whole and synced to the disk.

        Raises:
            CompositionNotFoundError: If there is none of this name.
            LibraryError: If the target cannot be written to.
        """
        folder = self._folder(name)
        with _naming(name):
            files = _read_files(folder)
        if not target.is_dir():
            raise LibraryError(f"there is no folder {target}", remedy="make it, or plug it in")
        with explained(f"{name} was not exported: {{reason}}", target):
            return target / _write_folder(target, name, files)

    def sweep(self) -> int:
        """Remove the temporary folders of processes that are dead; called at start-up.

        Returns:
            How many there were. What cannot be removed stays: readers do not see it anyway.
        """
        removed = 0
        with contextlib.suppress(OSError):
            for path in sorted(self.root.glob(f"{TEMPORARY_PREFIX}*")):
                lock = lock_folder(path)
                if lock is not None:
                    shutil.rmtree(path, ignore_errors=True)
                    os.close(lock)
                    removed += not path.exists()
        return removed

    def _folder(self, name: str) -> Path:
        folder = self.root / checked_name(name)
        try:
            is_folder = stat.S_ISDIR(folder.lstat().st_mode)
        except OSError:
            is_folder = False
        if not is_folder:
            raise CompositionNotFoundError(
                f"there is no composition {name!r} in {self.root}",
                remedy="`library list` shows what there is",
            )
        return folder

    def _entry(self, name: str) -> Entry:
        try:
            description, _ = _read_checked(self.root / checked_name(name))
        except ContinuoError as error:
            return Entry(name=name, outline=None, problem=error.message)
        return Entry(name=name, outline=description.outline, problem="")


def files_of(record: CompositionRecord) -> dict[str, bytes]:
    """The files of a composition's folder, by name."""
    composition = write_composition(record.composition)
    melody = write_melody(record.melody)
    description = Description(
        outline=outline_of(record),
        composition_sha256=hashlib.sha256(composition).hexdigest(),
        input_sha256=hashlib.sha256(melody).hexdigest(),
    )
    return {
        COMPOSITION_FILE: composition,
        INPUT_FILE: melody,
        RECORD_FILE: description_to_json(description).encode(),
    }


def read_folder(folder: Path) -> CompositionRecord:
    """Read one composition's folder.

    Raises:
        LibraryError: If a file is missing, changed or damaged.
    """
    description, files = _read_checked(folder)
    # The hashes say that this firmware wrote the files, so that no sandbox is needed here.
    try:
        composition = read_composition(files[COMPOSITION_FILE])
        melody = read_composition(files[INPUT_FILE]).as_melody()
    except MidiFileError as error:
        raise LibraryError(error.message) from error
    return fill(description.outline, composition=composition, melody=melody)


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files into a folder, each one whole or not at all, replacing what is there.

    Raises:
        LibraryError: If the folder cannot be made or written to.
    """
    with explained("nothing was written: {reason}", folder):
        folder.mkdir(parents=True, exist_ok=True)
        with temporary_folder(folder) as temporary:
            for name, content in files.items():
                write_synced(temporary / name, content)
            for name in files:
                os.replace(temporary / name, folder / name)
        sync_folder(folder)


def _write_folder(parent: Path, wanted: str, files: Mapping[str, bytes]) -> str:
    """Make a folder with these files under the wanted name, or the next free one like it."""
    with temporary_folder(parent) as temporary:
        for name, content in files.items():
            write_synced(temporary / name, content)
        sync_folder(temporary)
        for number in range(1, 10_000):
            name = wanted if number == 1 else f"{wanted}-{number}"
            # Looked at first, because a rename would take the place of an empty folder.
            if os.path.lexists(parent / name):
                continue
            try:
                os.rename(temporary, parent / name)
            except OSError as error:
                if error.errno in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
                    continue
                raise
            sync_folder(parent)
            return name
    raise LibraryError(f"there are too many compositions named {wanted}")


def _read_checked(folder: Path) -> tuple[Description, dict[str, bytes]]:
    files = _read_files(folder)
    try:
        text = files[RECORD_FILE].decode()
    except UnicodeDecodeError as error:
        raise LibraryError(f"{RECORD_FILE} is not UTF-8 text") from error
    description = description_from_json(text)
    hashes = {
        COMPOSITION_FILE: description.composition_sha256,
        INPUT_FILE: description.input_sha256,
    }
    for name, expected in hashes.items():
        if hashlib.sha256(files[name]).hexdigest() != expected:
            raise LibraryError(
                f"{name} was changed or damaged after it was saved",
                remedy="import the file as a melody to go on with it",
            )
    return description, files


def _read_files(folder: Path) -> dict[str, bytes]:
    return {name: read_file(folder / name) for name in (COMPOSITION_FILE, INPUT_FILE, RECORD_FILE)}


def read_file(path: Path) -> bytes:
    """Read a file of ours: no link, no pipe, and not larger than any that was written.

    Raises:
        LibraryError: If it is not there, is something else, or cannot be read.
    """
    # A link could lead out of the library, and a pipe would keep the reader waiting.
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError as error:
        raise LibraryError(f"it has no {path.name}") from error
    except OSError as error:
        raise LibraryError(f"its {path.name} cannot be read: {error.strerror}") from error
    state = os.fstat(descriptor)
    if not stat.S_ISREG(state.st_mode) or state.st_size > MAX_FILE_BYTES:
        os.close(descriptor)
        raise LibraryError(f"its {path.name} is not a file that Continuo wrote")
    with os.fdopen(descriptor, "rb") as file:
        try:
            return file.read(MAX_FILE_BYTES)
        except OSError as error:
            raise LibraryError(f"its {path.name} cannot be read: {error.strerror}") from error


def write_synced(path: Path, content: bytes) -> None:
    """Write a file where none is, and wait until it is on the disk."""
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until what was renamed or removed in a folder is on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def temporary_folder(parent: Path) -> Iterator[Path]:
    """A locked folder that readers do not see; removed at the end unless it was renamed."""
    lock = None
    while lock is None:
        path = parent / f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}"
        path.mkdir()
        lock = lock_folder(path)  # None if a sweep elsewhere came between the two
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(lock)


def lock_folder(folder: Path) -> int | None:
    """An open descriptor that holds the folder's lock, or None where that cannot be had."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), folder.lstat()):
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def _is_candidate(item: "os.DirEntry[str]") -> bool:
    hidden = item.name.startswith(".") or item.name.lower() in NOT_OURS
    return not hidden and item.is_dir(follow_symlinks=False)


@contextlib.contextmanager
def _naming(name: str) -> Iterator[None]:
    """Say of which composition an error speaks."""
    try:
        yield
    except LibraryError as error:
        raise LibraryError(f"{name}: {error.message}", remedy=error.remedy) from error
