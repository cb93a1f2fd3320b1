"""The compositions as single MIDI files, for computers and sticks that know no Continuo."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from firmware.library.store import COMPOSITION_FILE, Library, read_file

STILL_S: Final = 2.0
"""A library that has not changed for so long is taken for finished with changing."""

Signature = tuple[tuple[str, int, int], ...]
"""Name, size in bytes and time of the last change in nanoseconds, of every composition."""


def signature_of(library: Library) -> Signature:
    """What changes whenever a composition comes, goes or is another."""
    found = []
    for name in library.names():
        try:
            state = (library.root / name / COMPOSITION_FILE).lstat()
        except OSError:  # it was deleted meanwhile, or is damaged
            continue
        found.append((name, state.st_size, state.st_mtime_ns))
    return tuple(found)


def wait_until_still(library: Library, sleep: Callable[[float], None]) -> Signature:
    """Wait until the library has not changed for `STILL_S` seconds; what it is then."""
    before = signature_of(library)
    while True:
        sleep(STILL_S)
        after = signature_of(library)
        if after == before:
            return after
        before = after


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOut:
    """A composition as one file.

    Attributes:
        name: The composition's, with the ending of MIDI files.
        content: All of it.
        modified_s: When it was kept, in seconds since 1970.
    """

    name: str
    content: bytes
    modified_s: float


def midi_files(library: Library) -> tuple[HandedOut, ...]:
    """Every composition that can be read, as a MIDI file with the composition's name."""
    files: list[HandedOut] = []
    for name in library.names():
        path = library.root / name / COMPOSITION_FILE
        try:
            content, modified_s = read_file(path), path.lstat().st_mtime
        except OSError:  # `continuo library list` says what is wrong with it
            continue
        files.append(HandedOut(name=f"{name}.mid", content=content, modified_s=modified_s))
    return tuple(files)
