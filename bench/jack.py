"""A JACK server without a sound card, and a player with a stopwatch at its other end."""

import importlib
import os
import queue
import shutil
import subprocess
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from firmware.devices.rtmidi_ports import running_apis
from firmware.errors import DeviceError
from firmware.midi.messages import MidiParser, NoteOff, NoteOn, to_bytes

PERIOD_FRAMES = 64
RATE_HZ = 48_000
PATIENCE_S = 10.0
_LOST_S = 0.5  # an echo that takes this long is lost


@contextmanager
def jack_server() -> Iterator[None]:
    """Run a server of our own under a name of its own, which clients of this process find.

    Raises:
        DeviceError: If jackd is not installed or does not run.
    """
    jackd = shutil.which("jackd")
    if jackd is None:
        raise DeviceError("jackd is not installed", remedy="Debian's jackd2")
    name = f"continuo-bench-{os.getpid()}"
    before = os.environ.get("JACK_DEFAULT_SERVER")
    os.environ["JACK_DEFAULT_SERVER"] = name
    # Synchronous: where other work takes the processor for a millisecond, the server waits for the
    # client that is late. Without it such a cycle loses messages, the peer's as well as ours.
    command = [jackd, "--name", name, "--sync", "--no-realtime"]
    command += ["-d", "dummy", "-r", str(RATE_HZ), "-p", str(PERIOD_FRAMES)]
    try:
        with (
            tempfile.TemporaryFile("w+") as said,
            subprocess.Popen(  # noqa: S603 - found on the path by its fixed name
                command, stdout=said, stderr=said
            ) as running,
        ):
            deadline = time.monotonic() + PATIENCE_S
            while "jack" not in running_apis():
                if running.poll() is not None or time.monotonic() > deadline:
                    said.seek(0)
                    raise DeviceError(
                        f"jackd does not run here: {' '.join(said.read().split())}",
                        # Of eight there may be, a server that was killed keeps its place.
                        remedy="where no other runs, rm /dev/shm/jack-shm-registry",
                    )
                time.sleep(0.05)
            time.sleep(0.5)  # the socket is there a moment before the server listens to it
            try:
                yield
            finally:
                running.terminate()
    finally:
        if before is None:
            del os.environ["JACK_DEFAULT_SERVER"]
        else:
            os.environ["JACK_DEFAULT_SERVER"] = before


class Stopwatch:
    """A keyboard and an ear on ports of their own.

    Args:
        name: What its ports are called; "keys" and "ears" are added.
        pitch: Of its key: one that no melody has, so that music is not mistaken for it.

    Attributes:
        sent: Messages of the key.
        found: How many of them came back, late or not.

    Raises:
        DeviceError: If there is no library to open them with.
    """

    def __init__(self, name: str, *, pitch: int = 120) -> None:
        try:
            rtmidi: Any = importlib.import_module("rtmidi")
        except ImportError as error:
            raise DeviceError("python-rtmidi is not installed") from error
        self._heard: queue.SimpleQueue[tuple[int, list[int]]] = queue.SimpleQueue()
        self._keys = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name=f"{name} keys")
        self._ears = rtmidi.MidiIn(rtmidi.API_UNIX_JACK, name=f"{name} ears")
        self._ears.set_callback(lambda event, _: self._heard.put((time.monotonic_ns(), event[0])))
        self._keys.open_virtual_port("out")
        self._ears.open_virtual_port("in")
        self._parser = MidiParser()
        self._pitch = pitch
        self._echoes: deque[tuple[int, NoteOn | NoteOff]] = deque()
        self.sent = self.found = 0

    def close(self) -> None:
        """Remove the ports."""
        self._ears.cancel_callback()
        self._keys.delete()
        self._ears.delete()

    def strike(self) -> float | None:
        """Press and release the key.

        Returns:
            Milliseconds until the note-on came back, or None if it did not in time.
        """
        self.settle(0.0)
        began_ns = time.monotonic_ns()
        self._say(NoteOn(pitch=self._pitch, velocity=100))
        deadline_ns = began_ns + int(_LOST_S * 1e9)
        while (echo := self._hear(deadline_ns)) is not None:
            at_ns, message = echo
            if isinstance(message, NoteOn):
                break
        self._say(NoteOff(pitch=self._pitch))
        return None if echo is None else (at_ns - began_ns) / 1e6

    def settle(self, seconds: float = _LOST_S) -> None:
        """Hear what is still on its way."""
        deadline_ns = time.monotonic_ns() + int(seconds * 1e9)
        while self._hear(deadline_ns) is not None:
            pass

    def _say(self, message: NoteOn | NoteOff) -> None:
        self._keys.send_message(to_bytes(message))
        self.sent += 1

    def _hear(self, deadline_ns: int) -> tuple[int, NoteOn | NoteOff] | None:
        """The next echo, or None if none comes in time."""
        while not self._echoes:
            left_ns = deadline_ns - time.monotonic_ns()
            try:
                at_ns, content = self._heard.get(timeout=max(left_ns, 0) / 1e9)
            except queue.Empty:
                return None
            for message in self._parser.feed(content):
                if isinstance(message, NoteOn | NoteOff) and message.pitch == self._pitch:
                    self._echoes.append((at_ns, message))
        self.found += 1
        return self._echoes.popleft()
