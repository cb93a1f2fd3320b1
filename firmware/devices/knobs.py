"""Rotary encoders: the protocol and a simulator."""

from collections.abc import Callable
from typing import Protocol

from firmware.devices.controls import Knob

KnobListener = Callable[[Knob, int, int], None]
"""Called with the knob, its clicks (clockwise positive) and the nanosecond; returns at once."""


class Knobs(Protocol):
    """The knobs of the front panel."""

    def open(self, listener: KnobListener) -> None:
        """Hand on every turn from now on."""
        ...

    def close(self) -> None:
        """Let go of the lines; the listener is not called afterwards."""
        ...


class SimulatedKnobs:
    """Knobs under a program's fingers.

    Args:
        now_ns: The clock that stamps the turns.
    """

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self._listener: KnobListener | None = None

    def open(self, listener: KnobListener) -> None:
        """See `Knobs.open`."""
        self._listener = listener

    def close(self) -> None:
        """See `Knobs.close`."""
        self._listener = None

    def turn(self, knob: Knob, clicks: int) -> None:
        """Turn a knob by so many detents, one after the other."""
        for _ in range(abs(clicks)):
            if self._listener:
                self._listener(knob, 1 if clicks > 0 else -1, self._now_ns())
