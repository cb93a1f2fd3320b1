"""The questions of the wiring's own test, one after the other. Pure: no line, thread or clock.

Every question ends by itself, so that a part that says nothing holds nobody up, and least of all
the button that would leave.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from firmware.devices.selftest.done import is_done, was_another
from firmware.devices.selftest.heard import Ear, Heard
from firmware.devices.selftest.parts import WORDS, Gesture, Kind, Part
from firmware.devices.selftest.verdicts import AtRest, Result, at_rest, judge, not_asked
from firmware.devices.wires import Move

MS_NS: Final = 1_000_000
SECOND_NS: Final = 1_000_000_000
REST_NS: Final = 3 * SECOND_NS
PATIENCE_NS: Final = 12 * SECOND_NS
"""For a hand that looks for a part."""

LOOK_NS: Final = 20 * SECOND_NS
LEAVE_NS: Final = 2 * SECOND_NS
"""The button back is held so long to leave."""

_GRACE_NS = 700 * MS_NS  # for the finger that began it


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What the maker is asked.

    Attributes:
        part: About which part; None about all.
        gesture: What to do.
        number: Which question it is, from 1.
        total: How many there are.
        began_ns: When it was asked.
        due_ns: When it ends by itself.
        hint: What to mind, or an empty string.
    """

    part: Part | None
    gesture: Gesture
    number: int
    total: int
    began_ns: int
    due_ns: int
    hint: str = ""

    @property
    def words(self) -> tuple[str, str, str]:
        """What to do, with what, and how."""
        verb, how = WORDS[self.gesture]
        return verb, self.part.control if self.part else "all parts", how

    @property
    def sentence(self) -> str:
        """The same in one line."""
        verb, what, how = self.words
        return f"{verb} {what}: {how}" if self.gesture is Gesture.LOOK else f"{verb} {what}, {how}"


class SelfTest:
    """One run through some of a board's parts.

    Args:
        parts: What is asked for.
        board: All parts of the board: one of them may answer in another's place.
        leaves: The wire of the button that leaves when it is held, or None.
        now_ns: When it begins.

    Attributes:
        results: One for each part that was gone through; in the end for each that was wanted.
    """

    def __init__(
        self, parts: Sequence[Part], board: Sequence[Part], *, leaves: str | None, now_ns: int
    ) -> None:
        self._parts = tuple(parts)
        self._owners: Mapping[str, Part] = {
            wire: part for part in board if part.kind is not Kind.LEDS for wire in part.wires
        }
        self._leaves = leaves
        self._held_since_ns: int | None = None
        self._asks: list[tuple[Part | None, Gesture]] = [
            (part, gesture) for part in parts for gesture in part.gestures
        ]
        if any(part.kind is not Kind.LEDS for part in parts):
            self._asks.insert(0, (None, Gesture.REST))
        self._next = 0
        self._ear = Ear(Gesture.REST, None, {}, frozenset())
        self._moved_ns = now_ns
        self._mistakes = 0
        self._at_rest = AtRest()
        self._heard: list[Heard] = []
        self.results: tuple[Result, ...] = ()
        self._question: Question | None = None
        self._ask(now_ns)

    @property
    def question(self) -> Question | None:
        """What is asked, or None when it is over."""
        return self._question

    @property
    def lit(self) -> Part | None:
        """The light that is to shine, or None."""
        question = self._question
        return question.part if question and question.gesture is Gesture.LOOK else None

    def take(self, move: Move, now_ns: int) -> None:
        """Take what a wire did."""
        if self._question is None or move.wire not in self._owners:
            return
        is_rest = self._question.gesture is Gesture.REST
        is_trusted = not is_rest and move.wire not in self._at_rest.restless
        if move.wire == self._leaves and is_trusted and move.wire in self._ear.levels:
            self._held_since_ns = now_ns if move.level == 0 else None
        if self._ear.take(move):
            self._moved_ns = now_ns
        if is_rest and now_ns - self._question.began_ns < _GRACE_NS:
            self._listen(now_ns)

    def answer(self, *, is_seen: bool, now_ns: int) -> None:
        """Take what the maker says of a light."""
        if self.lit is not None:
            self._finish(now_ns, is_seen=is_seen)

    def skip(self, now_ns: int) -> None:
        """Ask no more of this part."""
        if self._question is not None and self._question.part is not None:
            self._heard.clear()
            self._end_part(not_asked(self._question.part))
            self._ask(now_ns)

    def leave(self) -> None:
        """Ask nothing more."""
        self._heard.clear()
        left = self._parts[len(self.results) :]
        self.results += tuple(not_asked(part) for part in left)
        self._question = None

    def run_due(self, now_ns: int) -> None:
        """Do what the time has come for."""
        question, held_ns = self._question, self._held_since_ns
        if question is None:
            return
        if held_ns is not None and now_ns - held_ns >= LEAVE_NS:
            self.leave()
        elif now_ns >= question.due_ns:
            self._finish(now_ns)
        elif question.part is not None:
            self._follow(question, question.part, now_ns)

    def next_ns(self, now_ns: int) -> int | None:
        """When `run_due` is to be called at the latest."""
        return None if self._question is None else min(self._question.due_ns, now_ns + 50 * MS_NS)

    def _follow(self, question: Question, part: Part, now_ns: int) -> None:
        """Go on where the hand has done what was asked, or something else twice."""
        quiet_ns = now_ns - self._moved_ns
        is_other = was_another(self._ear, quiet_ns)
        if is_other and not self._mistakes:
            self._ask_again(question, now_ns)
        elif is_other or is_done(question.gesture, part, self._ear, quiet_ns):
            self._finish(now_ns)

    def _ask(self, now_ns: int) -> None:
        """Ask the next question, if there is one."""
        self._mistakes = 0
        if self._next >= len(self._asks):
            self._question = None
            return
        part, gesture = self._asks[self._next]
        self._next += 1
        patience = {Gesture.REST: REST_NS, Gesture.LOOK: LOOK_NS}.get(gesture, PATIENCE_NS)
        self._question = Question(
            part=part,
            gesture=gesture,
            number=self._next,
            total=len(self._asks),
            began_ns=now_ns,
            due_ns=now_ns + patience,
        )
        self._listen(now_ns)

    def _ask_again(self, question: Question, now_ns: int) -> None:
        """Another part answered: perhaps the hand was wrong, and not the wires."""
        self._mistakes += 1
        names = ", ".join(dict.fromkeys(self._owners[w].name for w in self._ear.strangers))
        self._question = replace(
            question,
            began_ns=now_ns,
            due_ns=now_ns + PATIENCE_NS,
            hint=f"that was {names}",
        )
        self._listen(now_ns)

    def _listen(self, now_ns: int) -> None:
        """Begin to listen, knowing where every wire stands."""
        assert self._question is not None
        question, levels = self._question, self._ear.levels
        self._ear = Ear(question.gesture, question.part, levels, self._at_rest.restless)
        self._moved_ns = now_ns

    def _finish(self, now_ns: int, *, is_seen: bool | None = None) -> None:
        """Go on to the next question, and judge the part if it was its last."""
        assert self._question is not None
        part, heard = self._question.part, self._ear.heard(is_seen=is_seen)
        if part is None:
            self._at_rest = at_rest(heard)
        else:
            self._heard.append(heard)
            has_more = self._question.gesture is not part.gestures[-1]
            if not has_more or not self._goes_on(part):
                self._end_part(judge(part, self._heard, self._at_rest, self._owners))
        self._ask(now_ns)

    def _end_part(self, result: Result) -> None:
        self.results += (result,)
        self._heard.clear()
        while self._next < len(self._asks) and self._asks[self._next][0] is result.part:
            self._next += 1

    def _goes_on(self, part: Part) -> bool:
        """Whether there is more to learn: nothing of an encoder that lacks a contact."""
        return part.kind is Kind.POTENTIOMETERS or all(self._ear.own_moves)
