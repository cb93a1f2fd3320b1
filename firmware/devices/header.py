"""The Raspberry Pi's 40-pin header: which GPIO lines it has, where, and what else they do."""

from collections.abc import Mapping
from types import MappingProxyType

PIN_OF_GPIO: Mapping[int, int] = MappingProxyType(
    {
        # GPIO line: pin of the header
        0: 27, 1: 28, 2: 3, 3: 5, 4: 7, 5: 29, 6: 31, 7: 26, 8: 24, 9: 21, 10: 19, 11: 23,
        12: 32, 13: 33, 14: 8, 15: 10, 16: 36, 17: 11, 18: 12, 19: 35, 20: 38, 21: 40, 22: 15,
        23: 16, 24: 18, 25: 22, 26: 37, 27: 13,
    }
)  # fmt: skip
"""The same on every Pi with 40 pins. Reference: the Raspberry Pi documentation, "GPIO"."""

HAT_EEPROM: Mapping[int, str] = MappingProxyType({0: "ID_SD", 1: "ID_SC"})
"""Read at power-up to find out which HAT is mounted: for nothing else."""

I2C: Mapping[int, str] = MappingProxyType({2: "SDA", 3: "SCL"})
UART: Mapping[int, str] = MappingProxyType({14: "TXD", 15: "RXD"})
I2S: Mapping[int, str] = MappingProxyType({18: "BCLK", 19: "LRCLK", 20: "DIN", 21: "DOUT"})
# The kernel takes both chip selects, whether a chip is there or not.
SPI: Mapping[int, str] = MappingProxyType({7: "CE1", 8: "CE0", 9: "MISO", 10: "MOSI", 11: "SCLK"})

PULLED_UP_AT_BOOT = frozenset(range(9))
"""Lines that are pulled up until a program says otherwise; all others are pulled down."""
