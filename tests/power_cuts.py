"""Power that fails after so many changes of the disk, for tests that try every step."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_CHANGES = frozenset({"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.symlink"})


class PowerCut(BaseException):
    """From here on nothing reaches the disk."""


class _Mains:
    """Lets so many changes of the disk through, and none after them."""

    def __init__(self) -> None:
        self.left: int | None = None
        self.passed = 0
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.left is None:
            return
        is_written = event == "open" and isinstance(arguments[2], int) and arguments[2] & os.O_CREAT
        if is_written or event in _CHANGES:
            if self.passed >= self.left:
                raise PowerCut
            self.passed += 1


MAINS = _Mains()


@contextmanager
def power(changes: int) -> Iterator[None]:
    """Let the power fail after so many changes of the disk."""
    MAINS.left, MAINS.passed = changes, 0
    try:
        yield
    finally:
        MAINS.left = None
