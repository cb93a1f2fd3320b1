"""Whether the loop of a thread still turns: it says when it works and when it rests."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Loop:
    """One thread's. The thread alone writes it, anyone may ask.

    A thread that ends as it should rests for good; one that dies never rests again, so that it
    looks as stuck as one that hangs.

    Args:
        name: Of the thread.
        now_ns: The clock.
    """

    def __init__(self, name: str, now_ns: Callable[[], int]) -> None:
        self.name = name
        self._now_ns = now_ns
        self._since_ns: int | None = None

    def begin(self) -> None:
        """A turn begins."""
        self._since_ns = self._now_ns()

    def rest(self) -> None:
        """There is nothing to do, for however long."""
        self._since_ns = None

    @contextmanager
    def resting(self) -> Iterator[None]:
        """Rest while the block waits for something; a turn begins at its end."""
        self.rest()
        try:
            yield
        finally:
            self.begin()

    def busy_ns(self, now_ns: int) -> int:
        """How long the present turn has taken; 0 while the loop rests."""
        since_ns = self._since_ns
        return 0 if since_ns is None else max(now_ns - since_ns, 0)
