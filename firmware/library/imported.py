"""MIDI files to be worked on, that anyone puts into a folder of the library's or a stick brings."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from firmware.errors import LibraryError, MidiFileError
from firmware.library.importing import ImportSandbox, read_midi
from firmware.library.names import MELODIES_FOLDER
from firmware.library.places import explained
from firmware.library.stick import ENDINGS
from firmware.library.store import read_file, write_files
from firmware.music.notes import Melody

MOST_NAMESAKES: Final = 1000


def melody_files(library: Path) -> tuple[str, ...]:
    """The names of those that there are.

    Args:
        library: The library's folder.

    Raises:
        LibraryError: If their folder cannot be read.
    """
    folder = library / MELODIES_FOLDER
    with explained("the melodies cannot be read: {reason}", folder):
        try:
            names = sorted(path.name for path in folder.iterdir())
        except FileNotFoundError:
            return ()
    return tuple(
        name for name in names if Path(name).suffix.lower() in ENDINGS and not name.startswith(".")
    )


def melody_from_stick(path: Path, sandbox: ImportSandbox) -> Melody:
    """Read a file that a stick has brought.

    Raises:
        MidiFileError: If it is no music.
        LibraryError: If the stick is gone.
    """
    with _while_it_is_there(path):
        return sandbox.import_melody(path)


def keep_melody(library: Path, path: Path, sandbox: ImportSandbox) -> str:
    """Add a file that a stick has brought; one that is there already is not added again.

    Args:
        library: The library's folder.
        path: The file.
        sandbox: Reads it: what is no music is not kept.

    Returns:
        The name that it has among those that there are.

    Raises:
        MidiFileError: If it is no music.
        LibraryError: If the stick is gone, or the disk refuses.
    """
    with _while_it_is_there(path):
        sandbox.import_melody(path)
        content = read_midi(path)
    folder = library / MELODIES_FOLDER
    for number in range(1, MOST_NAMESAKES):
        name = path.name if number == 1 else f"{path.stem} {number}{path.suffix}"
        if not os.path.lexists(folder / name):
            write_files(folder, {name: content})
            return name
        if _is(folder / name, content):
            return name
    raise LibraryError(f"there are too many melodies named {path.stem}")


@contextlib.contextmanager
def _while_it_is_there(path: Path) -> Iterator[None]:
    """Tell a file that is no music from one whose stick is gone."""
    try:
        yield
    except MidiFileError:
        if path.exists():
            raise
        raise LibraryError("the stick was pulled out", remedy="plug it in again") from None


def _is(path: Path, content: bytes) -> bool:
    try:
        return read_file(path) == content
    except LibraryError:  # a folder, a link, or it cannot be read
        return False
