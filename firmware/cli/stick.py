"""Bring every composition to a USB stick, and take its MIDI files along for import.

systemd calls it when a stick is plugged in.
"""

import argparse
import os
from pathlib import Path

from firmware.cli.answer import Answer
from firmware.cli.arguments import Parser
from firmware.cli.progress import LATE_S, progress_bar
from firmware.config import load_config
from firmware.errors import LibraryError
from firmware.library.stick import Brought, bring, offer
from firmware.library.stick_status import MELODIES_FOLDER, Phase, StickStatus, write_status
from firmware.library.store import Library


def add_arguments(parser: Parser) -> None:
    """Describe the command line."""
    parser.epilog = "example:\n  continuo stick /media/stick"
    parser.add_argument("stick", type=Path, help="the stick's folder")


def run(arguments: argparse.Namespace) -> Answer:
    """Bring them; the panel is told how far it is, if systemd said where."""
    stick: Path = arguments.stick
    if not stick.is_dir():
        raise LibraryError(f"there is no folder {stick}", remedy="plug the stick in")
    library = Library(load_config().library)
    folder = os.environ.get("RUNTIME_DIRECTORY", "")
    return _told(library, stick, Path(folder)) if folder else _shown(library, stick)


def _told(library: Library, stick: Path, folder: Path) -> Answer:
    """Tell the panel how far it is.

    What fails is told there; for systemd the stick was served, until it is pulled out.
    """

    def report(done: int, total: int, name: str) -> None:
        write_status(folder, StickStatus(phase=Phase.COPYING, done=done, total=total, name=name))

    report(0, 0, "")
    try:
        brought = bring(library, stick, report)
        answer = _answer(brought)
        on_it = brought.copied + brought.present
        last = StickStatus(phase=Phase.READY, done=on_it, total=on_it + len(brought.unreadable))
    except LibraryError as error:
        answer = Answer(content={"error": error.message}, lines=[str(error)])
        last = StickStatus(phase=Phase.FAILED, problem=error.message, remedy=error.remedy)
    melodies = folder / MELODIES_FOLDER
    melodies.mkdir(exist_ok=True)
    offered = offer(stick, melodies)
    write_status(folder, last)
    return Answer(
        content={**answer.content, "offered": len(offered)},
        lines=[*answer.lines, f"{len(offered)} MIDI files offered for import"],
    )


def _shown(library: Library, stick: Path) -> Answer:
    with progress_bar("Copying", after_s=LATE_S) as bar:
        return _answer(bring(library, stick, lambda done, total, _: bar(done, total)))


def _answer(brought: Brought) -> Answer:
    lines = [f"{brought.copied} compositions copied, {brought.present} were there already"]
    lines += [f"left out, as it cannot be read: {name}" for name in brought.unreadable]
    content = {
        "copied": brought.copied,
        "present": brought.present,
        "unreadable": list(brought.unreadable),
    }
    return Answer(content=content, lines=lines)
