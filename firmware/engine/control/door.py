"""The socket in the file system: in the place of a dead instrument's, never of a living one's."""

import fcntl
import os
import selectors
import socket
import stat
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from firmware.engine.control.lines import checked_path
from firmware.errors import ControlError

MODE: Final = 0o660
"""Who may speak to the instrument: its user, and the group of that."""

BACKLOG: Final = 64
_PROBE_S: Final = 2.0


@dataclass(slots=True)
class Door:
    """What is open.

    Attributes:
        path: Where.
        listening: The socket.
        lock: Says that it is ours.
        ears: Hears the bell.
        bell: Wakes who waits at the selector.
        selector: Waits for all of them.
    """

    path: Path
    listening: socket.socket
    lock: int
    ears: socket.socket
    bell: socket.socket
    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)

    def ring(self) -> None:
        """Wake who waits; from any thread."""
        with suppress(OSError):  # full of rings that were not heard yet, or closed
            self.bell.send(b"!")

    def close(self) -> None:
        """Take the socket away."""
        # While the lock is held, nobody else's is there.
        self.path.unlink(missing_ok=True)
        self.selector.close()
        for end in (self.listening, self.ears, self.bell):
            end.close()
        os.close(self.lock)


def open_door(path: Path) -> Door:
    """Listen.

    Args:
        path: Where; its folder is made if that of it is there.

    Raises:
        ControlError: If another instrument does there, or nothing can be there.
    """
    name = checked_path(path)
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        lock = _lock(path)
        try:
            listening = _listening(path, name)
        except BaseException:
            os.close(lock)
            raise
    except OSError as error:
        if isinstance(error, ControlError):
            raise
        raise ControlError(
            f"no program can speak to the instrument: {path}: {error.strerror}",
            remedy="set control in the settings to a place that can be written to",
        ) from error
    ears, bell = socket.socketpair()
    for end in (listening, ears, bell):
        end.settimeout(0)
    return Door(path=path, listening=listening, lock=lock, ears=ears, bell=bell)


def _lock(path: Path) -> int:
    """What only one instrument can have, and none that is dead.

    Raises:
        ControlError: If another one has it.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    lock = os.open(path.with_name(f"{path.name}.lock"), flags, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock)
        raise _taken(path) from error
    return lock


def _listening(path: Path, name: str) -> socket.socket:
    """A socket there, in the place of a dead process's."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if os.path.lexists(path):
            _see_that_it_is_dead(path, name)
            path.unlink()
        listening.bind(name)
        # Before anybody can connect, which needs somebody who listens.
        path.chmod(MODE)
        listening.listen(BACKLOG)
    except BaseException:
        listening.close()
        raise
    return listening


def _see_that_it_is_dead(path: Path, name: str) -> None:
    if not stat.S_ISSOCK(path.lstat().st_mode):
        raise ControlError(
            f"{path} is no socket, and is left alone", remedy="move it away, or set control"
        )
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(_PROBE_S)
        try:
            probe.connect(name)
        except ConnectionRefusedError:
            return
    raise _taken(path)


def _taken(path: Path) -> ControlError:
    return ControlError(
        f"another instrument answers on {path}",
        remedy="switch that off, or set control in the settings to another path",
    )
