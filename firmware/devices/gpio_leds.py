"""Lights on GPIO lines."""

import logging
from collections.abc import Callable, Iterable

from firmware.devices.controls import Led
from firmware.devices.gpio_lines import Lines
from firmware.devices.wiring import LedWiring
from firmware.errors import DeviceError

_LOG = logging.getLogger(__name__)


class GpioLeds:
    """The lights of a board. One that stands for several shines while any of them does.

    Args:
        lines: The Pi's GPIO lines.
        wirings: Which light is where; one that is not on the board stays dark, silently.

    Raises:
        DeviceError: If a line cannot be had.
    """

    def __init__(self, lines: Lines, wirings: Iterable[LedWiring]) -> None:
        self._lamps = [_Lamp(lines.output(w.pin), frozenset(w.lights)) for w in wirings]

    def light(self, led: Led, *, on: bool) -> None:
        """See `Leds.light`."""
        for lamp in self._lamps:
            lamp.light(led, on=on)

    def close(self) -> None:
        """See `Leds.close`. The line itself is let go of with the others."""
        for lamp in self._lamps:
            for led in Led:
                lamp.light(led, on=False)


class _Lamp:
    """One light of the board."""

    def __init__(self, set_level: Callable[[bool], None], shows: frozenset[Led]) -> None:
        self._set_level = set_level
        self._shows = shows
        self._lit: set[Led] = set()

    def light(self, led: Led, *, on: bool) -> None:
        if led not in self._shows:
            return
        (self._lit.add if on else self._lit.discard)(led)
        try:
            self._set_level(bool(self._lit))
        except DeviceError as error:  # the music goes on without a light
            _LOG.warning("%s", error)
