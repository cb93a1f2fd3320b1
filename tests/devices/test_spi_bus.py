"""A chip on the SPI bus is opened as the header has it, and what fails is one sentence."""

import sys
from types import SimpleNamespace

import pytest

from firmware.devices.spi_bus import open_spi
from firmware.errors import DeviceError


def test_the_bus_is_the_headers_and_the_mode_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[tuple[str, int, float]] = []

    chip = object()

    def open_bus(path: str, *, mode: int, max_speed: float) -> object:
        opened.append((path, mode, max_speed))
        return chip

    monkeypatch.setitem(sys.modules, "periphery", SimpleNamespace(SPI=open_bus))
    assert open_spi(1, 8_000_000) is chip
    assert opened == [("/dev/spidev0.1", 0, 8_000_000)]


def test_what_fails_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise LookupError("no such device")

    monkeypatch.setitem(sys.modules, "periphery", SimpleNamespace(SPI=fail))
    with pytest.raises(DeviceError, match=r"SPI bus cannot be opened: no such device \(`raspi"):
        open_spi(0, 1)
    monkeypatch.setitem(sys.modules, "periphery", None)
    with pytest.raises(DeviceError, match="periphery is missing"):
        open_spi(0, 1)
