"""The end that the player asks for: the screen says first when the plug may be pulled."""

from collections.abc import Callable
from typing import Final

READ_NS: Final = 3_500_000_000
"""How long that is seen before everything ends."""


class Farewell:
    """At most one an instrument.

    Args:
        stop: Ends the engine.
        tell: Tells the player: a sentence, and what helps.
        loses_power: Whether the computer is switched off with the instrument; else there is nothing
            to say, and it ends at once.
    """

    def __init__(
        self,
        stop: Callable[[], None],
        tell: Callable[[str, str, int], None],
        *,
        loses_power: bool,
    ) -> None:
        self._stop = stop
        self._tell = tell
        self._loses_power = loses_power
        self._ends_ns: int | None = None

    def begin(self, now_ns: int) -> None:
        """Say it, and end when it was read."""
        if not self._loses_power:
            self._stop()
        elif self._ends_ns is None:
            self._ends_ns = now_ns + READ_NS
            remedy = "pull the plug ten seconds after the screen is dark"
            self._tell("it is switching itself off", remedy, now_ns)

    def next_ns(self) -> int | None:
        """When `run_due` is to be called, or None."""
        return self._ends_ns

    def run_due(self, now_ns: int) -> None:
        """End, if it is time."""
        if self._ends_ns is not None and now_ns >= self._ends_ns:
            self._ends_ns = None
            self._stop()
