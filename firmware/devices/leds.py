"""Lights: the protocol and a simulator."""

from typing import Protocol

from firmware.devices.controls import Led


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

    Attributes:
        lit: The ones that are on.
    """

    def __init__(self) -> None:
        self.lit: set[Led] = set()

    def light(self, led: Led, *, on: bool) -> None:
        """See `Leds.light`."""
        if on:
            self.lit.add(led)
        else:
            self.lit.discard(led)

    def close(self) -> None:
        """See `Leds.close`."""
        self.lit.clear()
