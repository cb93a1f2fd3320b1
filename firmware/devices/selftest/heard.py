"""What the wires did while one thing was asked."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from firmware.devices.buttons import BOUNCE_NS
from firmware.devices.selftest.parts import Gesture, Part
from firmware.devices.wires import Move

QUICKEST_NS = 30_000_000
"""No finger opens or closes a contact so soon again; chatter of a good one is over by then."""

MOST_CHATTER = 2
"""So many moves that no finger makes are forgiven."""

MOST_MOVES = 30
"""More of one contact in one press, and it does not rest at all."""

MOST_TO_AND_FRO = 3
"""An encoder's contacts that moved more often than this for each quarter that they brought, bounces
left out, do not rest."""

FEWEST_QUARTERS = 8
"""That a turn is taken for, however few it brought."""

TOGETHER_NS = 2_000_000
"""Two lines that move within this are moved by one contact."""

FAR = 300
"""A reading that changed by so much was changed by a hand, of 0..1023."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What came of one question.

    Attributes:
        gesture: What was asked.
        moves: How often each wire moved.
        levels: Of each wire at the end; one that never said anything is missing.
        has_closed: Whether a switch was closed.
        chatters: Whether its contacts moved as no hand does.
        quarters: Of an encoder: quarters of a cycle, clockwise positive.
        spans: Of each wire: its lowest and highest level.
        span: The part's own, of a potentiometer its readings; None if it never said anything.
        strangers: Wires of other parts that a hand moved.
        together: Those of them that moved whenever the part did.
        is_seen: What was answered, or None.
    """

    gesture: Gesture
    moves: Mapping[str, int]
    levels: Mapping[str, int]
    spans: Mapping[str, tuple[int, int]]
    has_closed: bool = False
    chatters: bool = False
    quarters: int = 0
    span: tuple[int, int] | None = None
    strangers: tuple[str, ...] = ()
    together: tuple[str, ...] = ()
    is_seen: bool | None = None


class Ear:
    """Listens while one thing is asked.

    Args:
        gesture: What is asked.
        part: Of which part; None of all.
        levels: Of each wire at the beginning.
        deaf_to: Wires that move by themselves.
    """

    def __init__(
        self,
        gesture: Gesture,
        part: Part | None,
        levels: Mapping[str, int],
        deaf_to: frozenset[str],
    ) -> None:
        self._gesture = gesture
        self._own = part.wires if part else ()
        self._deaf_to = deaf_to - {*self._own}
        self.levels = dict(levels)
        self.moves: Counter[str] = Counter()
        self.spans = {wire: (level, level) for wire, level in levels.items()}
        self.quarters = 0
        self.has_closed = False
        self._last_ns: dict[str, int] = {}
        self._together: Counter[str] = Counter()
        self._too_quick = 0
        self._settled = 0

    def take(self, move: Move) -> bool:
        """Take a move; whether it is one that counts."""
        wire, level = move.wire, move.level
        before = self.levels.get(wire)
        self.levels[wire] = level
        low, high = self.spans.get(wire, (level, level))
        self.spans[wire] = (min(low, level), max(high, level))
        if before is None or before == level or wire in self._deaf_to:
            return False
        self.moves[wire] += 1
        if wire in self._own:
            self._take_own(move)
        self._compare(move)
        self._last_ns[wire] = move.at_ns
        return True

    @property
    def own_moves(self) -> tuple[int, ...]:
        """How often each wire of the part moved."""
        return tuple(self.moves[wire] for wire in self._own)

    @property
    def is_answered(self) -> bool:
        """Whether the part did anything."""
        return any(self._is_moved(wire, fewest=1) for wire in self._own)

    @property
    def strangers(self) -> tuple[str, ...]:
        """Wires of other parts that a hand moved."""
        others = sorted(self.moves.keys() - {*self._own})
        return tuple(wire for wire in others if self._is_moved(wire, fewest=2))

    def heard(self, *, is_seen: bool | None = None) -> Heard:
        """All of it."""
        return Heard(
            gesture=self._gesture,
            moves=dict(self.moves),
            levels=dict(self.levels),
            spans=dict(self.spans),
            has_closed=self.has_closed,
            chatters=self._chatters(),
            quarters=self.quarters,
            span=self.spans.get(self._own[0]) if self._own else None,
            strangers=self.strangers,
            together=tuple(wire for wire, count in self._together.items() if count > 1),
            is_seen=is_seen,
        )

    def _take_own(self, move: Move) -> None:
        if move.level == 0:
            self.has_closed = True
        since_ns = move.at_ns - self._last_ns.get(move.wire, move.at_ns - QUICKEST_NS)
        if since_ns >= BOUNCE_NS:
            self._settled += 1
            self._too_quick += since_ns < QUICKEST_NS
        if len(self._own) == 2:
            a, b = (self.levels.get(wire, 1) for wire in self._own)
            is_clockwise = (a != b) == (move.wire == self._own[0])
            self.quarters += 1 if is_clockwise else -1

    def _chatters(self) -> bool:
        if len(self._own) == 2:  # turned quickly, its contacts move quicker than a finger
            quarters = max(abs(self.quarters), FEWEST_QUARTERS)
            return self._settled > MOST_TO_AND_FRO * quarters
        return self._too_quick > MOST_CHATTER or max(self.own_moves, default=0) > MOST_MOVES

    def _compare(self, move: Move) -> None:
        """Count what moves at one instant: own wires and those of others."""
        is_own = move.wire in self._own
        for wire, at_ns in self._last_ns.items():
            if (wire in self._own) != is_own and abs(move.at_ns - at_ns) <= TOGETHER_NS:
                self._together[wire if is_own else move.wire] += 1

    def _is_moved(self, wire: str, *, fewest: int) -> bool:
        """Whether a hand moved it: a reading has noise, a line has not."""
        low, high = self.spans.get(wire, (0, 0))
        return high - low >= FAR if high > 1 else self.moves[wire] >= fewest
