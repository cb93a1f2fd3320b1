"""Active sensing: a keyboard that keeps saying that it is there, and then does not.

Reference:
    MIDI 1.0 Detailed Specification 4.2, page 32 (active sensing).
"""

from typing import Final

from firmware.midi.messages import MidiMessage, Realtime

TIMEOUT_NS: Final = 330_000_000
"""The specification says 300 ms between two messages; a receiver waits a little longer."""


class Sensing:
    """Of one keyboard. Nothing is expected of one that never said that it would go on.

    Messages may come on another thread than the questions.
    """

    def __init__(self) -> None:
        self._heard_ns: int | None = None

    def feed(self, message: MidiMessage, at_ns: int) -> None:
        """Take a message: each says that the keyboard is there, the first one of its kind begins.

        Args:
            message: What it said.
            at_ns: When.
        """
        if self._heard_ns is not None or message is Realtime.ACTIVE_SENSING:
            self._heard_ns = at_ns

    def forget(self) -> None:
        """Expect nothing, until it says again that it will go on."""
        self._heard_ns = None

    def due_ns(self) -> int | None:
        """When it will be taken for gone if it says nothing more, or None."""
        heard_ns = self._heard_ns
        return None if heard_ns is None else heard_ns + TIMEOUT_NS

    def is_lost(self, now_ns: int) -> bool:
        """Whether it has said nothing for too long; true once, until it begins anew."""
        due_ns = self.due_ns()
        if due_ns is None or now_ns < due_ns:
            return False
        self.forget()
        return True
