"""What is played sounds at once: every key goes straight to the synthesizer."""

from collections.abc import Callable
from dataclasses import replace

from firmware.engine.schedule import KEYBOARD_CHANNEL, silence
from firmware.midi.messages import (
    MidiMessage,
    NoteOff,
    NoteOn,
    ProgramChange,
    Realtime,
)


class Thru:
    """Hands the keyboard's messages on, on a channel of their own.

    Args:
        send: Where they go; must not block.
    """

    def __init__(self, send: Callable[[MidiMessage], None]) -> None:
        self._send = send
        self._held: set[int] = set()

    def feed(self, message: MidiMessage) -> None:
        """Hand on what is music: keys, pedals and wheels, but no clock and no program."""
        match message:
            case Realtime() | ProgramChange():
                return
            case NoteOn(pitch=pitch):
                self._held.add(pitch)
            case NoteOff(pitch=pitch):
                self._held.discard(pitch)
            case _:
                pass
        self._send(replace(message, channel=KEYBOARD_CHANNEL))

    def release(self) -> None:
        """Let go of every key, since the keyboard no longer can."""
        for pitch in sorted(self._held):
            self._send(NoteOff(pitch=pitch, channel=KEYBOARD_CHANNEL))
        self._held.clear()
        for message in silence(KEYBOARD_CHANNEL):
            self._send(message)
