"""A JACK server without a sound card, and a player with a stopwatch at its other end."""

import importlib
import os
import queue
import shutil
import subprocess
import time
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
        with subprocess.Popen(  # noqa: S603 - found on the path by its fixed name
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as running:
            deadline = time.monotonic() + PATIENCE_S
            while "jack" not in running_apis():
                if running.poll() is not None or time.monotonic() > deadline:
                    raise DeviceError("jackd does not run here")
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

    Raises:
        DeviceError: If there is no library to open them with.
    """

    def __init__(self, name: str) -> None:
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

    def close(self) -> None:
        """Remove the ports."""
        self._ears.cancel_callback()
        self._keys.delete()
        self._ears.delete()

    def strike(self, pitch: int) -> float | None:
        """Press and release a key.

        Returns:
            Milliseconds until the note-on came back, or None if it did not.
        """
        while not self._heard.empty():
            self._heard.get()
        began_ns = time.monotonic_ns()
        self._keys.send_message(to_bytes(NoteOn(pitch=pitch, velocity=100)))
        came_ns = self._wait_for(pitch, began_ns + int(_LOST_S * 1e9))
        self._keys.send_message(to_bytes(NoteOff(pitch=pitch)))
        return None if came_ns is None else (came_ns - began_ns) / 1e6

    def _wait_for(self, pitch: int, deadline_ns: int) -> int | None:
        while (left_ns := deadline_ns - time.monotonic_ns()) > 0:
            try:
                at_ns, content = self._heard.get(timeout=left_ns / 1e9)
            except queue.Empty:
                return None
            for message in self._parser.feed(content):
                # A pitch that no melody has, so that the music which plays is not mistaken for it.
                if isinstance(message, NoteOn) and message.pitch == pitch:
                    return at_ns
        return None
