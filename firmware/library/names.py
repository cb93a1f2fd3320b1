"""Names of composition folders: readable, and possible on every file system, FAT included."""

import re
import unicodedata

from firmware.errors import CompositionNotFoundError
from firmware.library.records import CompositionRecord

MAX_PART = 40
"""Characters of the melody's name that are taken over."""

TEMPORARY_PREFIX = ".continuo-"
"""What the name of a folder begins with while it is being written or deleted."""

MELODIES_FOLDER = "melodies"
"""In the library's folder: MIDI files that anyone puts there, to be imported."""

PRESETS_FOLDER = "presets"
"""In the library's folder: parameters under a name, a file each."""

MODELS_FOLDER = "models"
"""In the library's folder: bundles that were installed besides those that ship."""

FOREIGN = frozenset({"lost+found", "system volume information"})
"""Folders that file systems have, in lower case."""

NOT_OURS = FOREIGN | {MELODIES_FOLDER, PRESETS_FOLDER, MODELS_FOLDER}
"""Folders in the library's that are no compositions, in lower case."""

# Letters that do not come apart into a plain letter and an accent.
_SPELLED_OUT = str.maketrans(
    {"ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "ł": "l", "đ": "d", "’": "'", "–": "-", "—": "-"}
    | {"Æ": "AE", "Ø": "O", "Œ": "OE", "Ł": "L", "Đ": "D", "♯": "#", "♭": "b"}
)


def folder_name(record: CompositionRecord) -> str:
    """A name such as `2025-11-20_14-02-11_ode-to-joy_enhance`, in UTC like the record.

    It has lower-case ASCII letters, digits and `-_` only, so that two names never differ by
    what FAT does not tell apart, and begins with a digit, so that it is no reserved name.
    """
    digits = re.sub(r"\D", "", record.created_at[:19]).ljust(14, "0")[:14]
    day = f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}"
    clock = f"{digits[8:10]}-{digits[10:12]}-{digits[12:14]}"
    return f"{day}_{clock}_{plain(record.melody.name) or 'melody'}_{record.technique}"


def plain(text: str) -> str:
    """A text as lower-case ASCII words joined by hyphens, possibly empty."""
    return re.sub(r"[^a-z0-9]+", "-", to_ascii(text).lower())[:MAX_PART].strip("-")


def to_ascii(text: str) -> str:
    """A text without accents, and without the letters that cannot be had that way."""
    spelled = text.translate(_SPELLED_OUT)
    return unicodedata.normalize("NFKD", spelled).encode("ascii", "ignore").decode()


def checked_name(name: str) -> str:
    """Give back a name that can only mean a folder directly inside of the library.

    Raises:
        CompositionNotFoundError: If it could mean anything else.
    """
    if not name or name.startswith(".") or re.search(r"[/\\\x00-\x1f\x7f\ud800-\udfff]", name):
        raise CompositionNotFoundError(
            f"{name!r} is not a composition's name", remedy="a name as `library list` shows it"
        )
    return name
