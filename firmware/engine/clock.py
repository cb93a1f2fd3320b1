"""Where the engine's time comes from: the system, or a clock that a test turns by hand."""

import time
from typing import Protocol


class Clock(Protocol):
    """Monotonic time."""

    def now_ns(self) -> int:
        """Nanoseconds since some fixed instant, never going back."""
        ...


class SystemClock:
    """The time of this machine."""

    def now_ns(self) -> int:
        """`time.monotonic_ns`, whose zero is arbitrary and which no time server moves."""
        return time.monotonic_ns()


class VirtualClock:
    """Time that only passes when told to, so that a minute of music takes no minute.

    Args:
        start_ns: What it shows at first.
    """

    def __init__(self, start_ns: int = 0) -> None:
        self._now_ns = start_ns

    def now_ns(self) -> int:
        """What it was last set to."""
        return self._now_ns

    def advance_to(self, at_ns: int) -> None:
        """Let time pass until an instant; an instant in the past changes nothing."""
        self._now_ns = max(self._now_ns, at_ns)
