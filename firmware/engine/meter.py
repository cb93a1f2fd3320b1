"""How much sounds: the loudest of the last strikes, sinking."""

from collections.abc import Callable

from firmware.midi.messages import MidiMessage, NoteOn
from firmware.panel.views import LEVELS

FALL_NS = 800_000_000
"""The loudest strike is forgotten after this long."""

_LOUDEST = 127


class Meter:
    """Listens on the way to the synthesizer, on any thread.

    Args:
        send: Where messages go on to.
        now_ns: The clock.
    """

    def __init__(self, send: Callable[[MidiMessage], None], now_ns: Callable[[], int]) -> None:
        self._send = send
        self._now_ns = now_ns
        self._last = (0, 0)  # velocity, when: one value, so that no thread sees half of it

    def send(self, message: MidiMessage) -> None:
        """Hand a message on."""
        self._send(message)
        if isinstance(message, NoteOn):
            now_ns = self._now_ns()
            if message.velocity >= self._velocity(now_ns):
                self._last = (message.velocity, now_ns)

    def level(self, now_ns: int) -> int:
        """How much sounds, 0..`LEVELS`."""
        return -int(-self._velocity(now_ns) * LEVELS // _LOUDEST)

    def _velocity(self, now_ns: int) -> float:
        velocity, at_ns = self._last
        return velocity * max(FALL_NS - (now_ns - at_ns), 0) / FALL_NS
