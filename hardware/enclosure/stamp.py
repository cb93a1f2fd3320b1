"""What a built file was made from: so that a stale one is noticed without the CAD library."""

import dataclasses
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from hardware.enclosure.layout import Layout

PACKAGE = Path(__file__).parent
NAME = "stamp.json"

SHAPING = (
    "drawing.py",
    "geometry.py",
    "lettering.py",
    "meshes.py",
    "parts.py",
    "pictures.py",
    "printing.py",
    "render.py",
    "solids.py",
    "things.py",
)
"""Modules that turn a layout into files; what the others decide is in the layout itself."""


def folder(board: str) -> Path:
    """Where a board's files are."""
    return PACKAGE / board


def inputs(layout: Layout) -> str:
    """A digest of everything that the files are made from."""
    digest = hashlib.sha256()
    for name in SHAPING:
        digest.update((PACKAGE / name).read_bytes())
    values = _rounded(dataclasses.asdict(layout))
    digest.update(json.dumps(values, sort_keys=True).encode())
    return digest.hexdigest()


def write(made_from: str, files: Iterable[Path], where: Path) -> None:
    """Leave a stamp beside the files.

    Args:
        made_from: What `inputs` said before they were built.
        files: What was built.
        where: Their folder.
    """
    stamp = {
        "inputs": made_from,
        "files": {path.name: _hash(path) for path in sorted(files)},
    }
    (where / NAME).write_text(json.dumps(stamp, indent=1) + "\n")


def stale(layout: Layout, where: Path) -> str:
    """Why the files do not belong to a layout, in a sentence; or an empty string.

    Args:
        layout: As the board file has it now.
        where: The folder of the files.
    """
    try:
        stamp = json.loads((where / NAME).read_text())
    except FileNotFoundError:
        return f"{layout.name} has not been built yet"
    if stamp["inputs"] != inputs(layout):
        return f"{layout.name} was built from another board file or other sources than today's"
    for name, digest in stamp["files"].items():
        path = where / name
        if not path.is_file():
            return f"{layout.name}/{name} is missing"
        if _hash(path) != digest:
            return f"{layout.name}/{name} is not the file that was built"
    return ""


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _rounded(value: object) -> object:
    """The same without the noise in a number's last digits."""
    if isinstance(value, float):
        return round(value, 4) + 0.0
    if isinstance(value, dict):
        return {key: _rounded(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(entry) for entry in value]
    return value
