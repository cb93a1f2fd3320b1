"""Show the last lines of the instrument's log.

They come from the journal where the instrument is a service, else from the instrument that runs,
else from the file that `log` in the settings names.
"""

import argparse
import shutil
import subprocess
from collections import deque
from pathlib import Path
from typing import Final

from firmware.cli.answer import Answer
from firmware.cli.arguments import Parser, checked_count
from firmware.config import load_config
from firmware.engine.control.client import ControlClient
from firmware.engine.control.log import MOST_ASKED
from firmware.errors import ContinuoError, ControlError, LibraryError

UNIT: Final = "continuo"
MOST_LINES: Final = 100_000
_JOURNAL_S: Final = 30.0


def add_arguments(parser: Parser) -> None:
    """Describe the command line."""
    parser.epilog = (
        "examples:\n  continuo log\n  continuo log -n 500\n"
        f"  journalctl -u {UNIT} -f            to see lines as they come"
    )
    parser.add_argument(
        "-n", "--lines", default="50", metavar="N", help="how many (default: %(default)s)"
    )


def run(arguments: argparse.Namespace) -> Answer:
    """Look where there is one."""
    count = checked_count("--lines", arguments.lines, 1, MOST_LINES)
    lines = _journal(count)
    if lines is not None:
        return _answer(f"journal of {UNIT}", lines)
    config = load_config()
    try:
        with ControlClient(config.control) as client:
            lines = client.ask("log", {"lines": min(count, MOST_ASKED)})["lines"]
        return _answer("the instrument", lines)
    except ControlError as error:
        if config.log is None:
            raise _nowhere(error) from error
        return _answer(str(config.log), _tail(config.log, count))


def _answer(source: str, lines: list[str]) -> Answer:
    nothing = [f"nothing is in the log yet ({source})"]
    return Answer(content={"source": source, "lines": lines}, lines=lines or nothing)


def _journal(count: int) -> list[str] | None:
    """The journal of the service; None where it has none, or may not be read."""
    program = shutil.which("journalctl")
    if program is None:
        return None
    command = [program, "-u", UNIT, "-n", str(count), "-o", "short-iso", "--no-pager", "-q"]
    try:
        found = subprocess.run(  # noqa: S603 - the words are ours
            command, capture_output=True, timeout=_JOURNAL_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = found.stdout.decode(errors="replace").splitlines()
    return lines if found.returncode == 0 and lines else None


def _tail(path: Path, count: int) -> list[str]:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return [line.rstrip("\n") for line in deque(file, maxlen=count)]
    except OSError as error:
        raise LibraryError(
            f"the log {path} cannot be read: {error.strerror}", remedy="start the instrument first"
        ) from error


def _nowhere(error: ControlError) -> ContinuoError:
    return ControlError(
        f"there is no log: no journal of {UNIT} that you may read, and {error.message}",
        remedy="sudo continuo log, start the instrument, or set log in the settings to a file",
    )
