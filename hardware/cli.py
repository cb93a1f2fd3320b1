"""`python -m hardware`: bring every file that is made from a board file up to date."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from firmware.devices.board_file import load_board, shipped_boards
from firmware.errors import ContinuoError
from hardware.documents import HERE, stale_documents, write_documents
from hardware.drawings import PICTURES, STAMP, draw, stale_pictures


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; an error is one line with its remedy and exit code 2."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if (options.board is None) != (options.out is None):
        parser.error("a board of your own needs both --board and --out")
    try:
        changed = list(_bring_up_to_date(options))
    except ContinuoError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"error: {error.filename}: {error.strerror}\n")
        return 2
    for path in changed:
        sys.stdout.write(f"{'stale' if options.check else 'written'}: {path}\n")
    if not changed:
        sys.stdout.write("Every file says what its board file says.\n")
    return int(options.check and bool(changed))


def _bring_up_to_date(options: argparse.Namespace) -> Iterator[Path]:
    if options.board is not None:
        targets = [(options.board, options.out)]
    else:
        targets = [(name, HERE / name) for name in shipped_boards()]
    for name, folder in targets:
        board = load_board(name)
        if options.check:
            names: Sequence[str] = (*stale_documents(board, folder), *stale_pictures(folder))
        else:
            names = write_documents(board, folder)
            if options.redraw or stale_pictures(folder):
                draw(folder)
                names = (*names, *PICTURES, STAMP)
        yield from (folder / file for file in names)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m hardware", description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say what is stale")
    parser.add_argument("--redraw", action="store_true", help="draw the wiring even if it is not")
    parser.add_argument("--board", metavar="FILE", help="a board file of your own")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where its files go")
    return parser
