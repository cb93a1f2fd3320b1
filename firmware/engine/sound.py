"""How loud everything is, and what the keyboard sounds like."""

from collections.abc import Callable
from typing import Final

from firmware.engine.schedule import KEYBOARD_CHANNEL
from firmware.midi.messages import CHANNELS, ControlChange, MidiMessage, ProgramChange

VOLUME: Final = 7
"""The controller of a channel's volume."""

DEFAULT_VOLUME: Final = 79
"""Percent; of 127, that is 100: what a synthesizer begins with."""


class Sound:
    """Remembers what it has told the synthesizer, which forgets it when it is unplugged.

    Args:
        send: Where messages go; must not block.

    Attributes:
        volume: 0..100 %.
        program: Of the keyboard, General MIDI, 0..127.
        channel: The keyboard's.
    """

    def __init__(self, send: Callable[[MidiMessage], None]) -> None:
        self._send = send
        self.volume = DEFAULT_VOLUME
        self.program = 0
        self.channel = KEYBOARD_CHANNEL

    def set_volume(self, percent: int) -> None:
        """Set how loud every channel is."""
        self.volume = min(max(percent, 0), 100)
        value = round(self.volume * 127 / 100)
        for channel in range(CHANNELS):
            self._send(ControlChange(control=VOLUME, value=value, channel=channel))

    def set_program(self, program: int) -> None:
        """Set what the keys play; those that are held sound on as they are."""
        self.program = program
        self._send(ProgramChange(program=program, channel=self.channel))

    def use(self, channel: int) -> None:
        """Take the keyboard to another channel, where it plays the same."""
        self.channel = channel
        self.set_program(self.program)

    def renew(self) -> None:
        """Tell it once more, to a synthesizer that was away."""
        if self.volume != DEFAULT_VOLUME:
            self.set_volume(self.volume)
        if self.program:
            self.set_program(self.program)
