"""The MCP3008: eight voltages over SPI."""

from firmware.devices.spi_bus import Spi
from firmware.errors import DeviceError

HERTZ = 1_000_000
"""Its data sheet (Microchip DS21295) allows 1.35 MHz at 2.7 V."""


class Mcp3008:
    """One converter.

    Args:
        spi: Its bus, with so many hertz; this owns it.
    """

    def __init__(self, spi: Spi) -> None:
        self._spi = spi

    def read(self, channel: int) -> int:
        """A channel's voltage against its ground.

        Args:
            channel: 0..7.

        Returns:
            0..1023.

        Raises:
            DeviceError: If the bus fails, or nothing is there.
        """
        try:
            # A start bit; single-ended, the channel; then ten bits of answer after a zero.
            _, high, low = self._spi.transfer([0x01, 0x80 | channel << 4, 0x00])
        except Exception as error:
            raise DeviceError(f"the MCP3008 cannot be read: {error}") from error
        if high & 0x04:
            raise DeviceError("there is no MCP3008 on the SPI bus", remedy="check its wiring")
        return int((high & 0x03) << 8 | low)

    def close(self) -> None:
        """Let go of the bus."""
        self._spi.close()
