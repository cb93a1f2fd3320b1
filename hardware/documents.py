"""Every file that is made from a board file, as text."""

from collections.abc import Mapping
from pathlib import Path

from firmware.devices.wiring import BoardFile
from hardware.boot import config_txt
from hardware.harness import wireviz
from hardware.parts import bill_csv
from hardware.picture import header_svg
from hardware.pins import check_pins
from hardware.sheets import acceptance_sheet, board_page
from hardware.steps import steps

HERE = Path(__file__).parent

WIRING = "wiring.yml"
"""What the pictures of the wiring are drawn from."""


def documents(board: BoardFile) -> Mapping[str, str]:
    """The files of a board by their names.

    Args:
        board: A board that `read_board` accepts.

    Raises:
        ConfigError: If its pins are badly chosen, or a part counts what is not there.
    """
    check_pins(board)
    return {
        "README.md": board_page(board),
        "acceptance.md": acceptance_sheet(board),
        "config.txt": config_txt(board),
        "header.svg": header_svg(board),
        "parts.csv": bill_csv(board),
        "steps.md": steps(board),
        WIRING: wireviz(board),
    }


def stale_documents(board: BoardFile, folder: Path) -> tuple[str, ...]:
    """Names of the files that are missing or say something else than the board file does."""
    return tuple(name for name, text in documents(board).items() if _read(folder / name) != text)


def write_documents(board: BoardFile, folder: Path) -> tuple[str, ...]:
    """Bring a board's files up to date; the names of those that changed."""
    stale = stale_documents(board, folder)
    made = documents(board)
    folder.mkdir(parents=True, exist_ok=True)
    for name in stale:
        (folder / name).write_bytes(made[name].encode())
    return stale


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        return None
