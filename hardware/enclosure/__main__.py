"""`python -m hardware.enclosure`: bring the enclosure's files up to date with the board files."""

import argparse
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path

from firmware.devices.board_file import load_board, shipped_boards
from firmware.errors import ContinuoError
from hardware.enclosure import stamp
from hardware.enclosure.checks import problems
from hardware.enclosure.layout import Layout, lay_out


def main(arguments: Sequence[str] | None = None) -> int:
    """Check every board, and build what is stale.

    Args:
        arguments: Of the command line, by default this process's.

    Returns:
        0 when everything fits and is up to date, else 1.
    """
    parser = argparse.ArgumentParser(prog="python -m hardware.enclosure", description=__doc__)
    parser.add_argument("boards", nargs="*", default=shipped_boards(), help="default: all")
    parser.add_argument("--force", action="store_true", help="build what is up to date, too")
    parser.add_argument("-o", "--out", type=Path, help="build into this folder instead")
    options = parser.parse_args(arguments)
    try:
        return max([_bring_up_to_date(board, options) for board in options.boards], default=0)
    except ContinuoError as error:
        _say(str(error))
        return 1


def _bring_up_to_date(board: str, options: argparse.Namespace) -> int:
    layout = lay_out(load_board(board))
    found = problems(layout)
    for problem in found:
        _say(f"{layout.name}: {problem}")
    if found:
        return 1
    where = stamp.folder(layout.name) if options.out is None else options.out / layout.name
    stale = stamp.stale(layout, where)
    if not stale and not options.force:
        _say(f"{layout.name}: up to date")
        return 0
    if importlib.util.find_spec("cadquery") is None:
        _say(f"{stale or layout.name}: CadQuery is needed (pip install -e '.[enclosure]')")
        return 1
    return _build(layout, where)


def _build(layout: Layout, where: Path) -> int:
    # CadQuery takes seconds to import, and most installations have none.
    from hardware.enclosure.build import build  # noqa: PLC0415

    for path in build(layout, where):
        _say(f"{path} ({path.stat().st_size / 1000:.0f} kB)")
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
