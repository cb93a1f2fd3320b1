"""Chips on the Pi's SPI bus, through python-periphery."""

import importlib
from collections.abc import Sequence
from typing import Any, Protocol

from firmware.errors import DeviceError


class Spi(Protocol):
    """One chip."""

    def transfer(self, content: Sequence[int]) -> Sequence[int]:
        """Send bytes, and receive as many meanwhile."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


def open_spi(chip_select: int, hertz: int) -> Spi:
    """A chip of the header's bus, in SPI's mode 0.

    Args:
        chip_select: 0 or 1.
        hertz: Bits a second.

    Raises:
        DeviceError: If the library is missing, or the bus cannot be had.
    """
    try:
        spi: Any = importlib.import_module("periphery").SPI
    except ImportError as error:
        raise DeviceError(
            "the library periphery is missing, without which there is nothing on SPI",
            remedy="pip install continuo[device]",
        ) from error
    try:
        chip: Spi = spi(f"/dev/spidev0.{chip_select}", mode=0, max_speed=hertz)
    except Exception as error:  # an error tree of its own
        raise DeviceError(
            f"the SPI bus cannot be opened: {error}", remedy="`raspi-config` enables it"
        ) from error
    return chip
