"""Boards for the tests of the hardware kit."""

from typing import Protocol

import pytest

from firmware.devices.board_file import BOARDS, read_board
from firmware.devices.wiring import BoardFile

_DISPLAYS = {
    "i2c": '[display]\ncontroller = "ssd1306"\n',
    "spi": '[display]\ncontroller = "sh1106"\nbus = "spi"\ndata_command = 24\nreset = 25\n',
}


class BoardOf(Protocol):
    """What makes a board of a few lines."""

    def __call__(self, more: str, *, top: str = "", display: str = "i2c") -> BoardFile:
        """A Raspberry Pi 4's board.

        Args:
            more: Tables after the display's.
            top: Keys before it.
            display: The bus of its display.
        """


@pytest.fixture
def board_of() -> BoardOf:
    """Boards of a few lines."""

    def read(more: str, *, top: str = "", display: str = "i2c") -> BoardFile:
        return read_board(
            f'name = "x"\nmodels = ["Raspberry Pi 4"]\n{top}\n{_DISPLAYS[display]}{more}'
        )

    return read


@pytest.fixture
def knobs_board() -> BoardFile:
    """The full board with potentiometers, as the comment at the end of its file says."""
    text = (BOARDS / "full.toml").read_text()
    begin, end = text.index("[encoders.first]"), text.index("[leds.record]")
    text = text[:begin] + text[end:]
    text = text.replace("pin = 9\n", "pin = 12\n").replace("pin = 10\n", "pin = 16\n")
    text = text.replace("[display]", "converter_select = 1\n[display]", 1)
    for channel, name in enumerate(("first", "second")):
        text += f'[potentiometers.{name}]\nchannel = {channel}\nturns = "{name}"\n'
        if "position_mm" in text:
            text += f"position_mm = [{40 + 30 * channel}, 30]\n"
    return read_board(text)


@pytest.fixture
def spi_board(board_of: BoardOf) -> BoardFile:
    """A board whose display is on SPI."""
    return board_of("[buttons.one]\npin = 5\n", display="spi")
