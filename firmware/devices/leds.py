"""Lights: the protocol and a simulator."""

from collections.abc import Callable
from typing import Protocol

from firmware.devices.controls import Led

LightListener = Callable[[frozenset[Led]], None]


class Leds(Protocol):
    """The lights of the front panel."""

    def light(self, led: Led, *, on: bool) -> None:
        """Switch a light; returns at once."""
        ...

    def close(self) -> None:
        """Switch all of them off and let go of the lines."""
        ...


class SimulatedLeds:
    """Lights to look at.

    Args:
        listener: Called with the ones that are on, when another one is or is no more.

    Attributes:
        lit: The ones that are on.
    """

    def __init__(self, listener: LightListener | None = None) -> None:
        self._listener = listener
        self.lit: set[Led] = set()

    def light(self, led: Led, *, on: bool) -> None:
        """See `Leds.light`."""
        if on:
            self.lit.add(led)
        else:
            self.lit.discard(led)
        if self._listener is not None:
            self._listener(frozenset(self.lit))

    def close(self) -> None:
        """See `Leds.close`."""
        self.lit.clear()
