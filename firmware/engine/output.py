"""The way to the synthesizer, for the owner's thread and for those of the keyboards."""

import threading
from collections.abc import Callable

from firmware.devices.midi_ports import MidiOutput
from firmware.errors import DeviceError
from firmware.midi.messages import MidiMessage


class Output:
    """Sends one message at a time, from any thread.

    Args:
        port: The synthesizer's.
        on_failure: Told of the first message that it refuses, on the sender's thread; must
            return at once.
    """

    def __init__(self, port: MidiOutput, on_failure: Callable[[DeviceError], None]) -> None:
        self._port = port
        self._on_failure = on_failure
        self._lock = threading.Lock()  # a port's library is made for one thread
        self._has_failed = False

    def send(self, message: MidiMessage) -> None:
        """Send at once; what a port that has gone refuses is lost."""
        with self._lock:
            try:
                self._port.send(message)
                return
            except DeviceError as error:
                failure = None if self._has_failed else error
                self._has_failed = True
        if failure is not None:  # once is enough: the next poll looks for the port
            self._on_failure(failure)

    def recover(self) -> None:
        """The port is back: its next failure is told again."""
        self._has_failed = False
