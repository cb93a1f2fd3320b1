"""Panels with the chips SSD1306, SSD1309 and SH1106, set up by luma.oled, on I²C or SPI."""

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from firmware.devices.display import WIDTH
from firmware.devices.gpio_lines import Lines
from firmware.devices.oled import Light, Panel
from firmware.devices.spi_bus import Spi, open_spi
from firmware.devices.wiring import Bus, Controller, DisplayWiring
from firmware.errors import DeviceError

I2C_PORT = 1
SPI_HZ = 8_000_000
_SH1106_LEFT = 2  # its memory is 132 pixels wide, the glass sits in the middle
_COLUMN_ADDRESS, _PAGE_ADDRESS, _PAGE_START = 0x21, 0x22, 0xB0
_DISPLAY_OFF = 0xAE


class LumaPanel:
    """One panel, set up and blank.

    Args:
        wiring: Which chip, and how it is connected.
        serial: luma's serial interface; this owns it.

    Raises:
        DeviceError: If luma.oled is missing or the panel does not answer.
    """

    def __init__(self, wiring: DisplayWiring, serial: Any) -> None:
        device = getattr(_library("luma.oled.device"), wiring.controller.value)
        self._has_pages = wiring.controller is Controller.SH1106
        try:
            with _as_device_error():
                # luma registers something for the end of the program before it says a word to the
                # panel: one that does not answer must not get that far, however often it is tried.
                serial.command(_DISPLAY_OFF)
                self._device = device(serial, width=WIDTH)
        except DeviceError:
            with suppress(Exception):
                serial.cleanup()
            raise
        self._serial = serial
        self._is_upside_down = wiring.upside_down

    def write(self, page: int, content: bytes) -> None:
        """See `Panel.write`. Not luma's `display`, which looks at every pixel in Python."""
        if self._is_upside_down:
            page = 7 - page
            content = bytes(_MIRRORED[byte] for byte in reversed(content))
        with _as_device_error():
            if self._has_pages:
                self._device.command(_PAGE_START + page, _SH1106_LEFT, 0x10)
            else:
                self._device.command(_COLUMN_ADDRESS, 0, WIDTH - 1, _PAGE_ADDRESS, page, page)
            self._device.data(list(content))

    def light(self, light: Light) -> None:
        """See `Panel.light`."""
        with _as_device_error():
            if light is Light.OFF:
                self._device.hide()
                return
            self._device.contrast(light.value)
            self._device.show()

    def close(self) -> None:
        """See `Panel.close`."""
        with suppress(Exception):
            self._device.hide()
        with suppress(Exception):
            self._serial.cleanup()
        # What luma does at the end of the program keeps the device alive until then; empty, it is
        # small, and cannot speak on a bus that somebody else has by now.
        self._device.__dict__.clear()


_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def panel_maker(wiring: DisplayWiring, lines: Lines) -> Callable[[], Panel]:
    """What sets a panel up, as often as it is needed.

    Args:
        wiring: Which chip, and how it is connected.
        lines: The Pi's GPIO lines.

    Raises:
        DeviceError: If luma.oled is missing.
    """
    serials = _library("luma.core.interface.serial")
    _library("luma.oled.device")
    if wiring.bus is Bus.I2C:

        def over_i2c() -> Panel:
            with _as_device_error("check its cable, and that `raspi-config` has I²C enabled"):
                serial = serials.i2c(port=I2C_PORT, address=wiring.address)
            return LumaPanel(wiring, serial)

        return over_i2c
    gpio = _Levels(lines)

    def over_spi() -> Panel:
        with _as_device_error():
            serial = serials.spi(
                spi=_Spi(wiring.chip_select),
                gpio=gpio,
                bus_speed_hz=SPI_HZ,
                gpio_DC=wiring.data_command,
                gpio_RST=wiring.reset,
            )
        return LumaPanel(wiring, serial)

    return over_spi


class _Spi:
    """What luma wants of spidev, on the same library as everything else."""

    def __init__(self, chip_select: int) -> None:
        self._chip_select = chip_select
        self._spi: Spi | None = None
        self.max_speed_hz = 0  # luma sets it after it has opened the bus

    def open(self, _port: int, _device: int) -> None:
        self._spi = open_spi(self._chip_select, SPI_HZ)

    def writebytes(self, content: list[int]) -> None:
        assert self._spi is not None
        self._spi.transfer(content)

    def close(self) -> None:
        if self._spi is not None:
            self._spi.close()


class _Levels:
    """What luma wants of RPi.GPIO, which a Raspberry Pi 5 does not have."""

    OUT, LOW, HIGH = "out", False, True

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._set_level: dict[int, Callable[[bool], None]] = {}

    def setup(self, number: int, _direction: str) -> None:
        if number not in self._set_level:
            self._set_level[number] = self._lines.output(number)

    def output(self, number: int, level: bool) -> None:  # noqa: FBT001 - RPi.GPIO's
        self._set_level[number](level)


def _library(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise DeviceError(
            f"the library {error.name or name} is missing, without which there is no display",
            remedy="pip install continuo[device], or Debian's python3-luma.oled",
        ) from error


@contextmanager
def _as_device_error(remedy: str = "check its cable") -> Iterator[None]:
    """luma, smbus2 and the lines raise errors of three trees."""
    try:
        yield
    except DeviceError:
        raise
    except Exception as error:
        raise DeviceError(f"the display does not answer: {error}", remedy=remedy) from error
