"""How far a stick is: written by the process that copies, read by the instrument, in one file.

The panel's side is `sticks`: what is plugged in, how far it is, and the melodies that it offers.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from firmware.errors import LibraryError
from firmware.library.store import read_file

STICKS: Final = Path("/run/continuo-offered")
"""A folder for each stick that is plugged in."""

STATUS_FILE: Final = "status.json"
MELODIES_FOLDER: Final = "melodies"


class Phase(StrEnum):
    """What is being done with a stick."""

    COPYING = "copying"
    READY = "ready"  # it may be pulled out
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class StickStatus:
    """One stick.

    Attributes:
        phase: What is being done.
        done: Compositions that are on it.
        total: Compositions that are to be.
        name: The composition at work, or an empty string.
        problem: What went wrong, or an empty string.
        remedy: What helps.
    """

    phase: Phase
    done: int = 0
    total: int = 0
    name: str = ""
    problem: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stick:
    """One stick as the panel shows it.

    Attributes:
        key: What the kernel calls it, such as `sda1`.
        status: How far it is.
        melodies: Its MIDI files, to be imported with `ImportSandbox`; they stay there until the
            stick is pulled out.
    """

    key: str
    status: StickStatus
    melodies: tuple[Path, ...]


def sticks(folder: Path = STICKS) -> tuple[Stick, ...]:
    """Every stick that is plugged in; quick, it reads memory and not the sticks."""
    try:
        keys = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir())
    except OSError:
        return ()
    found = ((key, read_status(folder / key)) for key in keys)
    return tuple(
        Stick(key=key, status=status, melodies=_melodies(folder / key / MELODIES_FOLDER))
        for key, status in found
        if status is not None
    )


def read_status(folder: Path) -> StickStatus | None:
    """One stick's, or None if nothing is known of it yet, or not any more."""
    try:
        content = json.loads(read_file(folder / STATUS_FILE))
    except (LibraryError, ValueError, RecursionError):
        return None
    return _status(content) if isinstance(content, Mapping) else None


def write_status(folder: Path, status: StickStatus) -> None:
    """Tell how far it is; a reader sees the one before or this one."""
    growing = folder / f".{STATUS_FILE}"
    growing.write_text(json.dumps(asdict(status)))
    os.replace(growing, folder / STATUS_FILE)


def _status(content: Mapping[str, Any]) -> StickStatus | None:
    known = {name: content[name] for name in _KINDS if name in content}
    if any(type(value) is not _KINDS[name] for name, value in known.items()):
        return None
    try:
        status = StickStatus(phase=Phase(str(content.get("phase"))), **known)
    except ValueError:
        return None
    return status if 0 <= status.done <= status.total else None


_KINDS: Final = {"done": int, "total": int, "name": str, "problem": str, "remedy": str}


def _melodies(folder: Path) -> tuple[Path, ...]:
    try:
        names = sorted(entry.name for entry in os.scandir(folder) if entry.is_file())
    except OSError:
        return ()
    return tuple(folder / name for name in names)
