"""Compositions to a USB stick, and a stick's MIDI files offered for import.

A stick may be pulled out at any instant. Each file is written under another name, synced and
renamed, and a composition's description last: what is not whole is done again the next time.
"""

import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from firmware.errors import LibraryError
from firmware.library.places import explained
from firmware.library.records import Description, description_from_json
from firmware.library.store import (
    COMPOSITION_FILE,
    INPUT_FILE,
    RECORD_FILE,
    Library,
    read_file,
    sync_folder,
)

FOLDER: Final = "Continuo"
"""On the stick, with a folder in it for each composition."""

ENDINGS: Final = (".mid", ".midi")
MAX_OFFERED: Final = 200
MAX_OFFERED_BYTES: Final = 64 * 1024 * 1024
"""Together: they lie in memory until the stick is gone."""
MAX_FILE_BYTES: Final = 10 * 1024 * 1024
MAX_DEPTH: Final = 4
MAX_LOOKED_AT: Final = 20_000
"""Files and folders; a stick that holds a whole computer is not looked through to its end."""

_FILES: Final = (COMPOSITION_FILE, INPUT_FILE, RECORD_FILE)  # the description is the last
_GROWING: Final = ".continuo-growing"
_UNKNOWN_CLUSTER: Final = 32 * 1024

Report = Callable[[int, int, str], None]
"""Told how many compositions are done, of how many, and the name of the one at work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What a stick got.

    Attributes:
        copied: Compositions that were not on it, or not whole.
        present: Compositions that were.
        unreadable: Compositions of the library that are damaged, and were left out.
    """

    copied: int
    present: int
    unreadable: tuple[str, ...]


def bring(library: Library, stick: Path, report: Report = lambda *_: None) -> Brought:
    """Bring every composition that is not on a stick yet.

    Args:
        library: Where they are.
        stick: The stick's folder.
        report: Told how far it is.

    Raises:
        LibraryError: If there is too little room for all of them, before anything is written; or if
            the stick was pulled out, is full or broken: what was copied stays.
    """
    target = stick / FOLDER
    unreadable: list[str] = []
    missing: list[tuple[str, str]] = []  # name, and the folder's on the stick
    sizes: list[list[int]] = []
    names = library.names()
    with explained("nothing was copied: {reason}", target):
        for name in names:
            try:
                files = _read(library, name)
            except LibraryError:
                unreadable.append(name)
                continue
            place = _place(target, name, files[RECORD_FILE])
            if not _is_whole(target / place, files):
                missing.append((name, place))
                sizes.append([len(content) for content in files.values()])
        _see_that_it_fits(stick, sizes)
        target.mkdir(exist_ok=True)
    for number, (name, place) in enumerate(missing):
        report(number, len(missing), name)
        with explained("the stick did not take everything: {reason}", target):
            _copy(target / place, _read(library, name))
    report(len(missing), len(missing), "")
    return Brought(
        copied=len(missing),
        present=len(names) - len(missing) - len(unreadable),
        unreadable=tuple(unreadable),
    )


def midi_files_on(stick: Path) -> tuple[Path, ...]:
    """The MIDI files on a stick that are not what we brought, by name.

    Links, hidden files and those that are too large to be a melody are left out.
    """
    found = (path for path in _walk(stick, MAX_DEPTH) if path.suffix.lower() in ENDINGS)
    return tuple(sorted(found)[:MAX_OFFERED])


def offer(stick: Path, folder: Path) -> tuple[Path, ...]:
    """Copy a stick's MIDI files to where they are when it is gone.

    Args:
        stick: The stick's folder.
        folder: Where to; it is there.

    Returns:
        The copies, named as on the stick, with their folders' names before.
    """
    offered: list[Path] = []
    room = MAX_OFFERED_BYTES
    for path in midi_files_on(stick):
        name = " - ".join(path.relative_to(stick).parts)
        try:
            content = read_file(path)
            room -= len(content)
            if room < 0:
                break
            (folder / name).write_bytes(content)
        except OSError:  # it cannot be read, or its name is too long with its folders'
            continue
        offered.append(folder / name)
    return tuple(offered)


def _read(library: Library, name: str) -> dict[str, bytes]:
    return {file: read_file(library.root / name / file) for file in _FILES}


def _place(target: Path, name: str, description: bytes) -> str:
    """The composition's folder on the stick; another instrument's namesake is left alone."""
    for number in range(1, 1000):
        place = name if number == 1 else f"{name}-{number}"
        try:
            theirs = read_file(target / place / RECORD_FILE)
        except LibraryError:
            return place  # not there, or not whole
        if theirs == description or _is_same(theirs, description):
            return place
    raise LibraryError(f"there are too many compositions named {name} on the stick")


def _is_same(theirs: bytes, ours: bytes) -> bool:
    """Whether two descriptions are of one composition, which has another title since."""
    try:
        one, other = (_untitled(text.decode()) for text in (theirs, ours))
    except (LibraryError, UnicodeDecodeError):
        return False
    return one == other


def _untitled(text: str) -> Description:
    description = description_from_json(text)
    outline = description.outline
    untitled = replace(
        outline,
        composition=replace(outline.composition, name=""),
        melody=replace(outline.melody, name=""),
    )
    return replace(description, outline=untitled)


def _is_whole(folder: Path, files: dict[str, bytes]) -> bool:
    """Whether all is there; a file has its name only since it was whole."""
    try:
        is_there = all((folder / file).stat().st_size == len(files[file]) for file in _FILES)
        return is_there and read_file(folder / RECORD_FILE) == files[RECORD_FILE]
    except (OSError, LibraryError):
        return False


def _see_that_it_fits(stick: Path, compositions: list[list[int]]) -> None:
    state = os.statvfs(stick)
    cluster = state.f_frsize or _UNKNOWN_CLUSTER
    # Each file fills whole clusters, a folder has one, and the file that grows may be one more.
    clusters = sum(1 + sum(math.ceil(size / cluster) for size in sizes) for sizes in compositions)
    needed = (clusters + 2) * cluster if compositions else 0
    room = state.f_bavail * state.f_frsize
    if needed > room:
        raise LibraryError(
            f"the stick has room for {room / 1e6:.1f} MB, {needed / 1e6:.1f} MB are needed",
            remedy="make room on it, or take another one",
        )


def _copy(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir(exist_ok=True)
    growing = folder / _GROWING
    for file in _FILES:
        with growing.open("wb") as new:
            new.write(files[file])
            new.flush()
            os.fsync(new.fileno())
        os.replace(growing, folder / file)
    sync_folder(folder)
    sync_folder(folder.parent)


def _walk(stick: Path, depth: int) -> Iterator[Path]:
    """Every plain file of a size that can be a melody, near folders first."""
    waiting = [(stick, depth)]
    looked_at = 0
    while waiting and looked_at < MAX_LOOKED_AT:
        folder, depth = waiting.pop(0)
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:  # a damaged folder hides no other
            continue
        for entry in entries:
            looked_at += 1
            if entry.name.startswith(".") or (folder == stick and entry.name == FOLDER):
                continue
            try:
                if entry.is_dir(follow_symlinks=False):
                    if depth > 1:
                        waiting.append((Path(entry.path), depth - 1))
                elif _can_be_a_melody(entry):
                    yield Path(entry.path)
            except OSError:
                continue


def _can_be_a_melody(entry: "os.DirEntry[str]") -> bool:
    is_plain = entry.is_file(follow_symlinks=False)
    return is_plain and entry.stat(follow_symlinks=False).st_size <= MAX_FILE_BYTES
