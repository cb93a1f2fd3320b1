"""List, show, delete and export compositions."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from firmware.cli.answer import Answer, table
from firmware.cli.arguments import Parser, UsageError
from firmware.cli.changes import count_changes
from firmware.config import load_config
from firmware.library.records import CompositionRecord
from firmware.library.store import Library

MELODY_WIDTH = 60
"""Characters of a melody's name in the list."""


def add_arguments(parser: Parser) -> None:
    """Describe the command line."""
    parser.epilog = (
        "examples:\n"
        "  continuo library list\n"
        "  continuo library show 2025-11-20_14-02-11_ode-to-joy_enhance\n"
        "  continuo library export 2025-11-20_14-02-11_ode-to-joy_enhance --to /media/stick\n"
        "  continuo library delete 2025-11-20_14-02-11_ode-to-joy_enhance\n\n"
        "A composition is a folder with composition.mid, input.mid and composition.json.\n"
        "The library is ~/Continuo unless CONTINUO_HOME or the settings file say otherwise."
    )
    parser.add_argument("action", choices=list(_ACTIONS), help="what to do")
    parser.add_argument("names", nargs="*", metavar="NAME", help="compositions, as listed")
    parser.add_argument(
        "--to", type=Path, metavar="DIR", help="where to export to (default: the current folder)"
    )


def run(arguments: argparse.Namespace) -> Answer:
    """Do it."""
    action = arguments.action
    if action == "list" and arguments.names:
        raise UsageError("list takes no name", remedy="continuo library show NAME")
    if action != "list" and not arguments.names:
        raise UsageError(f"{action} wants a name", remedy="continuo library list")
    if action != "export" and arguments.to is not None:
        raise UsageError("--to is for export only")
    return _ACTIONS[action](Library(load_config().library), arguments)


def _list(library: Library, _: argparse.Namespace) -> Answer:
    entries = library.list()
    rows = [
        [entry.name, *_summary(entry.outline)]
        if entry.outline is not None
        else [entry.name, "-", "-", f"unreadable: {entry.problem}"]
        for entry in entries
    ]
    content = [
        {"name": entry.name, "problem": entry.problem}
        | (_details(entry.outline) if entry.outline else {})
        for entry in entries
    ]
    empty = [f"no composition yet in {library.root}"]
    return Answer(
        content={"library": str(library.root), "compositions": content},
        lines=table(["name", "technique", "seed", "melody"], rows) if rows else empty,
    )


def _show(library: Library, arguments: argparse.Namespace) -> Answer:
    lines: list[str] = []
    content: list[dict[str, Any]] = []
    for name in arguments.names:
        record = library.load(name)
        details = _details(record) | {
            "notes": count_changes(record),
            "tracks": [
                {"name": t.name, "program": t.program, "notes": len(t.notes)}
                for t in record.composition.tracks
            ],
        }
        content.append({"name": name, "folder": str(library.root / name)} | details)
        lines += [f"{key:<14} {_said(value)}" for key, value in content[-1].items()] + [""]
    return Answer(content={"compositions": content}, lines=lines)


def _delete(library: Library, arguments: argparse.Namespace) -> Answer:
    names = _all_there(library, arguments.names)
    for name in names:
        library.delete(name)
    return Answer(content={"deleted": names}, lines=[f"deleted {name}" for name in names])


def _export(library: Library, arguments: argparse.Namespace) -> Answer:
    target = arguments.to or Path()
    paths = [library.export(name, target) for name in _all_there(library, arguments.names)]
    return Answer(
        content={"exported": [str(path) for path in paths]},
        lines=[f"exported {path}" for path in paths],
    )


def _all_there(library: Library, names: list[str]) -> list[str]:
    """The names, each once. A slip in the last one is seen before anything is done to the first."""
    for name in names:
        library.require(name)
    return list(dict.fromkeys(names))


def _summary(record: CompositionRecord) -> list[str]:
    return [record.technique, str(record.seed), record.melody.name[:MELODY_WIDTH]]


def _details(record: CompositionRecord) -> dict[str, Any]:
    return {
        "melody": record.melody.name,
        "created_at": record.created_at,
        "technique": record.technique,
        "parameters": dict(record.parameters),
        "seed": record.seed,
        "bundle": record.bundle,
        "bundle_sha256": record.bundle_sha256,
        "tempo_bpm": record.composition.tempo_bpm,
        "parent": record.parent,
    }


def _said(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {part}" for key, part in value.items())
    if isinstance(value, list):
        return "; ".join(_said(part) for part in value)
    return "-" if value is None else str(value)


_ACTIONS: dict[str, Callable[[Library, argparse.Namespace], Answer]] = {
    "list": _list,
    "show": _show,
    "delete": _delete,
    "export": _export,
}
