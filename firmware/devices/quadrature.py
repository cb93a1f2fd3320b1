"""Rotary encoders: edges of two contacts become clicks. Pure: no line, thread or clock.

Clockwise, contact A leads: both open, A closes, B closes, A opens, B opens. That cycle has four
quarters, and an encoder has a detent every cycle, every half or every quarter.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Detent(StrEnum):
    """How much of a cycle lies between two detents."""

    FULL = "full"
    HALF = "half"
    QUARTER = "quarter"


class Contact(StrEnum):
    """One of an encoder's two contacts."""

    A = "a"
    B = "b"


QUARTERS: Mapping[Detent, int] = MappingProxyType(
    {Detent.FULL: 4, Detent.HALF: 2, Detent.QUARTER: 1}
)


TURN_ROUND_NS = 40_000_000
"""No hand turns a knob round faster than this: a click back that comes sooner is none."""


class QuadratureDecoder:
    """Counts quarters between clicks, so that a bouncing contact only goes to and fro.

    A click takes as many quarters as there are between two detents, and one against the last
    direction at least two: chatter, which moves one contact only, is never a click back. The
    quarter-detent encoder is thus one detent late after a turn of direction, and catches up.

    Args:
        detent: Of the encoder, which is taken to rest with both contacts open at first; an edge
            of each says where they are.
    """

    def __init__(self, detent: Detent) -> None:
        self._detent = detent
        self._quarters = QUARTERS[detent]
        self._is_high = dict.fromkeys(Contact, True)
        self._progress = 0  # quarters since the last click, clockwise positive
        self._direction = 0  # of the last click
        self._clicked_ns = 0

    def edge(self, contact: Contact, at_ns: int, *, high: bool) -> int:
        """Take one edge.

        Args:
            contact: Which contact moved.
            at_ns: When, on any clock.
            high: Whether its line is high now.

        Returns:
            Clicks, clockwise positive; 0 most of the time.
        """
        if self._is_high[contact] == high:
            self._forget_way_back()
            return 0
        self._is_high[contact] = high
        levels_differ = self._is_high[Contact.A] != self._is_high[Contact.B]
        is_clockwise = levels_differ == (contact is Contact.A)
        self._progress += 1 if is_clockwise else -1
        clicks = self._clicks(at_ns)
        if self._is_at_detent():
            self._progress = 0  # as it is already, unless edges were missed
        return clicks

    def _clicks(self, at_ns: int) -> int:
        direction = 1 if self._progress > 0 else -1
        is_back = direction == -self._direction
        needed = max(self._quarters, 2) if is_back else self._quarters
        distance = abs(self._progress)
        if distance < needed:
            return 0
        if is_back and at_ns - self._clicked_ns < TURN_ROUND_NS:
            self._progress = 0
            return 0
        clicks = direction * (distance // self._quarters)
        self._progress -= clicks * self._quarters
        self._direction, self._clicked_ns = direction, at_ns
        return clicks

    def _forget_way_back(self) -> None:
        """An edge that tells what is known proves that one was missed.

        What looks like a way back since the last click is then no reason for a click back.
        """
        if self._progress * self._direction <= 0:
            self._progress = 0

    def _is_at_detent(self) -> bool:
        a, b = self._is_high[Contact.A], self._is_high[Contact.B]
        match self._detent:
            case Detent.FULL:
                return a and b
            case Detent.HALF:
                return a == b
            case Detent.QUARTER:
                return False  # its progress is a whole number of detents anyway
