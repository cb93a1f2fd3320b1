"""A few small texts that one program keeps for its next start: each is whole at any instant.

They lie in a hidden folder of the library, so that they are where there is room to write, and go
along when the library is moved.
"""

import os
from itertools import count
from pathlib import Path
from typing import Final

from firmware.errors import LibraryError
from firmware.library.places import explained
from firmware.library.store import Library, lock_folder, read_file, sync_folder, write_files

MEMORY_FOLDER: Final = ".memory"
"""In the library's folder."""

_MOST_BYTES: Final = 16 * 1024 * 1024


class Notebook:
    """The texts in one folder, which one program at a time has open.

    Args:
        folder: The folder; it is made when it is opened.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock: int | None = None

    def open(self) -> None:
        """Take it, and sweep what a kill left of a write.

        Raises:
            LibraryError: If another program has it, or the folder cannot be made.
        """
        with explained("nothing will be remembered: {reason}", self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = lock_folder(self.folder)
        if self._lock is None:
            raise LibraryError(
                "another instrument remembers in the same place, so this one will not",
                remedy="switch one off, or set another library",
            )
        Library(self.folder).sweep()

    def close(self) -> None:
        """Let others have it."""
        lock, self._lock = self._lock, None
        if lock is not None:
            os.close(lock)

    def read(self, name: str) -> str | None:
        """A text, or None if there is none of this name.

        Raises:
            LibraryError: If it is there and cannot be read.
        """
        path = self.folder / name
        if not os.path.lexists(path):
            return None
        content = read_file(path)
        if len(content) > _MOST_BYTES:
            raise LibraryError(f"{name} is larger than any that was written")
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            raise LibraryError(f"{name} is not UTF-8 text") from error

    def write(self, name: str, text: str) -> None:
        """Put a text in the place of the one of this name.

        Raises:
            LibraryError: If the disk refuses; the one before is there then.
        """
        write_files(self.folder, {name: text.encode()})

    def rename(self, name: str, other: str) -> None:
        """Give a text another name, in the place of the one that has that.

        Raises:
            LibraryError: If the disk refuses.
        """
        with explained(f"{name} was not renamed: {{reason}}", self.folder):
            os.replace(self.folder / name, self.folder / other)
            sync_folder(self.folder)

    def remove(self, name: str) -> None:
        """Remove a text, if there is one of this name.

        Raises:
            LibraryError: If the disk refuses.
        """
        with explained(f"{name} was not removed: {{reason}}", self.folder):
            (self.folder / name).unlink(missing_ok=True)
            sync_folder(self.folder)

    def put_aside(self, name: str) -> str:
        """Keep a text that makes no sense under a name that nobody reads; that name.

        Raises:
            LibraryError: If the disk refuses.
        """
        numbered = (f"{name}.damaged-{number}" for number in count(1))
        other = next(n for n in numbered if not os.path.lexists(self.folder / n))
        self.rename(name, other)
        return other
