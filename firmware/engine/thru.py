"""What is played sounds at once: every key goes straight to the synthesizer.

It goes on the very thread on which it arrives. The owner, who records it, may just be drawing.
"""

import threading
from collections.abc import Callable
from dataclasses import replace

from firmware.engine.schedule import KEYBOARD_CHANNEL, reset
from firmware.midi.control_maps import PRESSED_FROM
from firmware.midi.messages import (
    SOSTENUTO_PEDAL,
    SUSTAIN_PEDAL,
    ControlChange,
    MidiMessage,
    NoteOff,
    NoteOn,
    ProgramChange,
    Realtime,
    SongPosition,
)

_PEDALS = frozenset({SUSTAIN_PEDAL, SOSTENUTO_PEDAL})


class Thru:
    """Hands the keyboards' messages on, on a channel of their own, from any thread.

    Args:
        send: Where they go, from any thread; must not block.

    Attributes:
        is_on: Whether what is played is heard.
        channel: On which channel, 0..15.
    """

    def __init__(self, send: Callable[[MidiMessage], None]) -> None:
        self._send = send
        self._held: set[tuple[int, int]] = set()  # (keyboard, pitch)
        self._pedals: set[tuple[int, int]] = set()  # (keyboard, controller) of those that are down
        self._is_closed = False
        self.is_on = True
        self.channel = KEYBOARD_CHANNEL
        self._lock = threading.Lock()

    def feed(self, message: MidiMessage, keyboard: int = 0) -> None:
        """Hand on what is music: keys, pedals and wheels, but no clock and no program."""
        with self._lock:
            if self._is_closed or not self.is_on:
                return
            match message:
                case Realtime() | SongPosition() | ProgramChange():
                    return
                case NoteOn(pitch=pitch):
                    self._held.add((keyboard, pitch))
                case NoteOff(pitch=pitch):
                    self._held.discard((keyboard, pitch))
                case ControlChange(control=control, value=value) if control in _PEDALS:
                    pedal = (keyboard, control)
                    (self._pedals.add if value >= PRESSED_FROM else self._pedals.discard)(pedal)
                case _:
                    pass
            self._send(replace(message, channel=self.channel))

    def switch(self, *, is_on: bool) -> None:
        """Hand on what is played, or let go of every key and do not."""
        with self._lock:
            self.is_on = is_on
            if not is_on:
                self._release()

    def use(self, channel: int) -> None:
        """Let go of every key, and be heard on another channel."""
        with self._lock:
            self._release()
            self.channel = channel

    def release(self, keyboard: int | None = None) -> None:
        """Let go of every key of a keyboard, since it no longer can; None for all keyboards."""
        with self._lock:
            self._release(keyboard)

    def close(self) -> None:
        """Let go of every key; what is played from now on is not heard."""
        with self._lock:
            self._is_closed = True
            self._release()

    def _release(self, keyboard: int | None = None) -> None:
        for pitch in _let_go(self._held, keyboard):
            self._send(NoteOff(pitch=pitch, channel=self.channel))
        pedals = _let_go(self._pedals, keyboard)
        if not self._held:  # wheels, too, may have been left as they were
            for message in reset(self.channel):
                self._send(message)
            return
        for control in pedals:
            self._send(ControlChange(control=control, value=0, channel=self.channel))


def _let_go(held: set[tuple[int, int]], keyboard: int | None) -> list[int]:
    """Take what a keyboard holds out of what is held; what nobody holds any more, in order."""
    released = {(owner, what) for owner, what in held if keyboard in (None, owner)}
    held -= released
    return sorted({what for _, what in released} - {what for _, what in held})
