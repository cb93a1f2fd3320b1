"""The instrument as a service of systemd: it says that it is ready, how it is, and that it lives.

The watchdog is fed by the engine's owner, between two of its turns, and only while the loops of
the other threads turn as well: whichever hangs, the feeding ends, and systemd starts the
instrument again. Without systemd all of this does nothing.

Reference:
    sd_notify(3), sd_watchdog_enabled(3).
"""

import logging
import os
import socket
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from firmware.devices.loops import Loop
from firmware.engine.clock import Clock
from firmware.engine.engine import Engine

STUCK_NS: Final = 5_000_000_000
"""Longer than a turn of any loop takes, a bus that does not answer and a slow disk included."""

POWER_OFF_FILE: Final = "power-off"
"""In the service's folder below /run: asks systemd to switch the machine off."""

SOUND_AGAIN_FILE: Final = "sound-again"
"""In the same folder: asks systemd to start the synthesizer again."""

_BEATS: Final = 4  # within the time that systemd allows
_LOG = logging.getLogger(__name__)


class Service:
    """What is said to systemd. All methods but `start_sound_again` belong to the engine's owner.

    Args:
        clock: The time.
        environ: Where systemd says how it is reached; the process's own by default.
    """

    def __init__(self, clock: Clock, environ: Mapping[str, str] | None = None) -> None:
        environ = os.environ if environ is None else environ
        self._clock = clock
        self._runtime_folder = environ.get("RUNTIME_DIRECTORY", "")
        self._address = _address(environ.get("NOTIFY_SOCKET", ""))
        self._socket: socket.socket | None = None
        if self._address is not None:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.setblocking(False)  # noqa: FBT003 - it takes no keyword
        self._beat_ns = _watchdog_ns(environ) // _BEATS
        self._again_ns = 0
        self._status = ""
        self._stuck: tuple[str, ...] = ()
        self._is_failing = False

    @property
    def is_ours(self) -> bool:
        """Whether systemd started this process and listens."""
        return self._socket is not None

    @property
    def can_switch_machine_off(self) -> bool:
        """Whether there is somebody who would do it."""
        return self._socket is not None and bool(self._runtime_folder)

    def ready(self, status: str) -> None:
        """The instrument can be played."""
        self._status = status
        self._send(f"READY=1\nSTATUS={_line(status)}")

    def turned(self, status: str, loops: Iterable[Loop]) -> None:
        """The owner's loop has turned once more; cheap, and to be called often.

        Args:
            status: What the instrument does, for `systemctl status`.
            loops: Of the other threads.
        """
        if self._socket is None:
            return
        if status != self._status:
            self._status = status
            self._send(f"STATUS={_line(status)}")
        now_ns = self._clock.now_ns()
        if self._beat_ns and now_ns >= self._again_ns and not self._hangs(loops, now_ns):
            self._again_ns = now_ns + self._beat_ns
            self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """The instrument is being switched off, which may take as long as the last save."""
        self._send("STOPPING=1")

    def switch_machine_off(self) -> None:
        """Ask systemd to switch the machine off, as the player switched the instrument off."""
        self._ask(POWER_OFF_FILE, "the machine cannot be switched off")

    def start_sound_again(self) -> None:
        """Ask systemd to start the synthesizer again, which is not heard; from any thread."""
        self._ask(SOUND_AGAIN_FILE, "the synthesizer cannot be started again")

    def close(self) -> None:
        """Say no more."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def run(self, engine: Engine, status: Callable[[], str]) -> None:
        """Have the engine play, and tell systemd about it, until it is stopped.

        Args:
            engine: Is open already.
            status: What is to be seen of it.
        """

        def turned() -> None:
            if engine.is_stopping:
                self.stopping()
            else:
                self.turned(status(), engine.loops)

        self.ready(status())
        engine.run(turned)

    def _ask(self, name: str, refusal: str) -> None:
        """A unit of ours waits for the file; the instrument itself has no right to anything."""
        if self._socket is None or not self._runtime_folder:
            return
        try:
            (Path(self._runtime_folder) / name).write_text("asked for by the instrument\n")
        except OSError as error:
            _LOG.warning("%s: %s", refusal, error.strerror)

    def _hangs(self, loops: Iterable[Loop], now_ns: int) -> bool:
        stuck = tuple(loop.name for loop in loops if loop.busy_ns(now_ns) > STUCK_NS)
        if stuck and stuck != self._stuck:
            _LOG.error("%s does not turn any more: the instrument is to be started again", stuck)
        self._stuck = stuck
        return bool(stuck)

    def _send(self, text: str) -> None:
        if self._socket is None or self._address is None:
            return
        try:
            self._socket.sendto(text.encode(), self._address)
            self._is_failing = False
        except OSError as error:  # nobody listens, or its buffer is full: the next beat, then
            if not self._is_failing:
                _LOG.warning("systemd does not listen: %s", error.strerror)
            self._is_failing = True


def _address(name: str) -> str | None:
    """Of the socket: a path, or a name in the kernel's own space, which begins with NUL there."""
    if name.startswith("@"):
        return f"\0{name[1:]}"
    return name if name.startswith("/") else None


def _watchdog_ns(environ: Mapping[str, str]) -> int:
    """How long systemd waits for a beat; 0 if it does not wait for one of this process."""
    pid, interval_us = environ.get("WATCHDOG_PID", ""), environ.get("WATCHDOG_USEC", "")
    is_meant = not pid or pid == str(os.getpid())
    return int(interval_us) * 1000 if is_meant and interval_us.isdecimal() else 0


def _line(text: str) -> str:
    """A text that cannot be taken for another variable."""
    return " ".join(text.split())
