"""Two threads on one port, and keys that go out where they arrive."""

import threading
import time
from collections.abc import Callable

import pytest

from firmware.engine.output import Output
from firmware.engine.schedule import KEYBOARD_CHANNEL
from firmware.engine.thru import Thru
from firmware.errors import DeviceError
from firmware.midi.messages import MidiMessage, NoteOff, NoteOn


class Port:
    """Remembers what it is sent, and notices two senders at once."""

    name = "port"

    def __init__(self) -> None:
        self.sent: list[MidiMessage] = []
        self.is_there = True
        self.was_shared = False
        self.takes_s = 0.0
        self._busy = threading.Lock()

    def open(self, on_change: Callable[[], None] | None = None) -> None:
        """Nothing to open."""
        del on_change

    def poll(self) -> None:
        """It neither comes nor goes by itself."""

    def close(self) -> None:
        """Nothing to close."""

    def send(self, message: MidiMessage) -> None:
        """Take a message, if it is there."""
        if not self._busy.acquire(blocking=False):
            self.was_shared = True
            return
        try:
            if not self.is_there:
                raise DeviceError("the port is gone")
            time.sleep(self.takes_s)
            self.sent.append(message)
        finally:
            self._busy.release()


@pytest.fixture
def port() -> Port:
    return Port()


def test_only_the_first_failure_is_told_until_the_port_is_back(port: Port) -> None:
    told: list[str] = []
    output = Output(port, lambda error: told.append(error.message))
    port.is_there = False
    for _ in range(3):
        output.send(NoteOn(pitch=60, velocity=1))
    assert told == ["the port is gone"]
    output.recover()
    output.send(NoteOn(pitch=60, velocity=1))
    assert len(told) == 2


def test_two_threads_never_send_at_once(port: Port) -> None:
    port.takes_s = 0.001  # long enough for another thread to come by
    output = Output(port, lambda _: None)

    def play() -> None:
        for pitch in range(16):
            output.send(NoteOn(pitch=pitch, velocity=1))

    threads = [threading.Thread(target=play) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not port.was_shared
    assert len(port.sent) == 4 * 16


def test_what_is_played_after_the_end_is_not_heard(port: Port) -> None:
    thru = Thru(port.send)
    thru.feed(NoteOn(pitch=60, velocity=80))
    thru.close()
    assert NoteOff(pitch=60, channel=KEYBOARD_CHANNEL) in port.sent
    before = len(port.sent)
    thru.feed(NoteOn(pitch=62, velocity=80))
    assert len(port.sent) == before
