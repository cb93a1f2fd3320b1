"""A header without a Pi: fingers are calls."""

from collections.abc import Callable
from time import monotonic_ns
from typing import Final

from firmware.devices.gpio_header import EdgeListener

LINES: Final = 28
"""The header's."""


class SimulatedHeader:
    """See `Header`. An edge is told by whoever makes it, before that goes on.

    Attributes:
        levels: Which lines are high, of those that are not as they are at rest.
        taken: The lines that somebody has.
    """

    def __init__(self) -> None:
        self.levels: dict[int, bool] = {}
        self.taken: set[int] = set()
        self._listeners: dict[int, EdgeListener] = {}

    def watch(self, number: int, listener: EdgeListener) -> Callable[[], bool]:
        """See `Header.watch`."""
        self._take(number)
        self._listeners[number] = listener
        return lambda: self.levels.get(number, True)

    def drive(self, number: int) -> Callable[[bool], None]:
        """See `Header.drive`."""
        self._take(number)
        self.levels[number] = False

        def set_level(high: bool) -> None:  # noqa: FBT001 - a level is what it sets
            self.levels[number] = high

        return set_level

    def move(self, number: int, *, high: bool, at_ns: int | None = None) -> None:
        """Close or open a contact; a level that it has already makes no edge.

        Args:
            number: GPIO line.
            high: Whether it is open.
            at_ns: When; now by default.
        """
        if self.levels.get(number, True) == high:
            return
        self.levels[number] = high
        if number in self._listeners:
            self._listeners[number](high, monotonic_ns() if at_ns is None else at_ns)

    def close(self) -> None:
        """See `Header.close`."""
        self._listeners.clear()
        self.taken.clear()

    def _take(self, number: int) -> None:
        if number >= LINES or number in self.taken:
            raise OSError(f"there is no line {number}, or somebody has it")
        self.taken.add(number)
