"""The way to the synthesizer, for the owner's thread and for those of the keyboards."""

import threading
from collections.abc import Callable, Iterable

from firmware.devices.midi_ports import MidiOutput
from firmware.engine.schedule import reset
from firmware.errors import DeviceError
from firmware.midi.messages import CHANNELS, MidiMessage, NoteOff, NoteOn


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
        self._sounding: set[tuple[int, int]] = set()  # (channel, pitch) of what is on

    def send(self, message: MidiMessage) -> None:
        """Send at once; what a port that has gone refuses is lost."""
        self._send_all(lambda: (message,))

    def panic(self) -> None:
        """Silence everything, whoever struck it, before anything else is sent.

        There is an off for each note that is on, as some synthesizers know no other way, and then
        every channel is reset.
        """
        self._send_all(
            lambda: (
                *(NoteOff(pitch=pitch, channel=ch) for ch, pitch in sorted(self._sounding)),
                *(message for channel in range(CHANNELS) for message in reset(channel)),
            )
        )

    def recover(self) -> None:
        """The port is back: its next failure is told again."""
        self._has_failed = False

    def _send_all(self, messages: Callable[[], Iterable[MidiMessage]]) -> None:
        with self._lock:
            try:
                for message in messages():
                    self._port.send(message)
                    self._note(message)
                return
            except DeviceError as error:
                failure = None if self._has_failed else error
                self._has_failed = True
        if failure is not None:  # once is enough: the next poll looks for the port
            self._on_failure(failure)

    def _note(self, message: MidiMessage) -> None:
        match message:
            case NoteOn(pitch=pitch, channel=channel):
                self._sounding.add((channel, pitch))
            case NoteOff(pitch=pitch, channel=channel):
                self._sounding.discard((channel, pitch))
            case _:
                pass
