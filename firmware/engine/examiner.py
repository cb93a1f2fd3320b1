"""Has the maker go through the wiring: wires in, questions and verdicts out, on the owner's thread.

What the wires do waits in a box of its own, and one event at a time says that there is something in
it: a line that goes up and down ten thousand times a second costs no note its place in the queue.
"""

import logging
from collections import deque
from collections.abc import Callable
from typing import Final

from firmware.devices.controls import Button, Led
from firmware.devices.selftest.asking import Question, SelfTest
from firmware.devices.selftest.parts import Gesture, Kind, Part, chosen_parts, parts_of
from firmware.devices.selftest.verdicts import Outcome, Result
from firmware.devices.wires import Move, Wires, line
from firmware.devices.wiring import BoardFile
from firmware.errors import EngineStateError
from firmware.panel.commands import AnswerLight, BeginSelfTest, EndSelfTest
from firmware.panel.overview import WiringFacts
from firmware.panel.states import State
from firmware.panel.views import Spot, WiringView

KEPT: Final = "wiring.txt"
"""What the verdicts are called in the instrument's memory."""

MOST_WAITING: Final = 512
"""Moves in the box; of more the oldest are lost, and a line that makes so many is judged anyway."""

MOST_AT_ONCE: Final = 32
"""Moves that are taken before a note is looked after again."""

_STEPS: Final = 40
"""In which the time that is left is seen to pass."""

_LOG = logging.getLogger(__name__)


class Examiner:
    """The test of what is wired.

    Args:
        wires: Of the panel, or None where nothing is wired.
        post: Has `take` called on the engine's thread; called on any thread.
        state: What the instrument is doing.
        keep: Keeps the verdicts, as a text for whoever looks later.
    """

    def __init__(
        self,
        wires: Wires | None,
        post: Callable[[], None],
        state: Callable[[], State],
        keep: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._wires = wires
        self._post = post
        self._state = state
        self._keep = keep
        self._moves: deque[Move] = deque(maxlen=MOST_WAITING)
        self._is_told = False
        self._test: SelfTest | None = None
        self._board = parts_of(wires.board) if wires else ()
        self._groups = _groups(self._board)
        self._verdicts: tuple[tuple[str, str, str], ...] = ()

    @property
    def is_asking(self) -> bool:
        """Whether keys and dials are what is tested."""
        return self._test is not None

    @property
    def lit(self) -> frozenset[Led]:
        """The lights that shine while it asks."""
        part = self._test.lit if self._test else None
        return frozenset(part.lights[:1]) if part else frozenset()

    def perform(self, command: BeginSelfTest | AnswerLight | EndSelfTest, now_ns: int) -> None:
        """Carry out what the page asks for.

        Raises:
            ContinuoError: If there is nothing to test, or this is not the time for it.
        """
        match command:
            case BeginSelfTest(names=names):
                self._begin(names, now_ns)
            case AnswerLight(is_seen=is_seen):
                if self._test is not None:
                    self._test.answer(is_seen=is_seen, now_ns=now_ns)
                    self._look()
            case EndSelfTest():
                self.end()

    def take(self, now_ns: int) -> None:
        """Take some of what the wires did; the rest has to wait behind what came meanwhile."""
        self._is_told = False  # first: what comes now is told again
        for _ in range(min(len(self._moves), MOST_AT_ONCE)):
            move = self._moves.popleft()
            if self._test is not None:
                self._test.take(move, now_ns)
        if self._moves:
            self._tell()

    def run_due(self, now_ns: int) -> None:
        """Do what the time has come for."""
        if self._test is not None:
            self._test.run_due(now_ns)
            self._look()

    def next_ns(self, now_ns: int) -> int | None:
        """When `run_due` is to be called at the latest, or None."""
        return self._test.next_ns(now_ns) if self._test else None

    def end(self) -> None:
        """Ask nothing more."""
        if self._test is not None:
            self._test.leave()
            self._look()

    def facts(self, now_ns: int) -> WiringFacts | None:
        """What the panel shows of it; None where nothing is wired."""
        if self._wires is None:
            return None
        question = self._test.question if self._test else None
        return WiringFacts(
            groups=self._groups,
            question=view_of(question, self._wires.board, self._board, now_ns)
            if question
            else None,
            verdicts=self._verdicts,
        )

    def _begin(self, names: tuple[str, ...], now_ns: int) -> None:
        self.end()
        if self._wires is None:
            raise EngineStateError("no panel is wired here", remedy="this is for a wired board")
        if self._state() is not State.IDLE:
            raise EngineStateError("the wiring is tested in silence", remedy="press stop first")
        self._moves.clear()
        self._verdicts = ()
        self._test = SelfTest(
            chosen_parts(self._board, names),
            self._board,
            leaves=leaving_wire(self._wires.board),
            now_ns=now_ns,
        )
        self._wires.listen(self._hear)

    def _hear(self, move: Move) -> None:
        """Keep a move for the engine's thread; on whatever thread."""
        self._moves.append(move)
        self._tell()

    def _tell(self) -> None:
        if not self._is_told:
            self._is_told = True
            self._post()

    def _look(self) -> None:
        """Keep the verdicts once there is nothing more to ask."""
        test = self._test
        if test is None or test.question is not None:
            return
        assert self._wires is not None
        self._wires.ignore()
        self._test = None
        self._verdicts = tuple(_verdict(result) for result in test.results)
        for result in test.results:
            is_fine = result.outcome in (Outcome.OK, Outcome.NOT_ASKED)
            _LOG.log(logging.INFO if is_fine else logging.WARNING, "wiring: %s", as_text(result))
        self._keep("".join(f"{as_text(result)}\n" for result in test.results))


def leaving_wire(board: BoardFile) -> str | None:
    """The line of the button back, which leaves when it is held; None if the board has none."""
    return next((line(s.pin) for s in board.switches if s.press is Button.BACK), None)


def as_text(result: Result) -> str:
    """A verdict in one line."""
    remedy = f" → {result.remedy}" if result.remedy else ""
    return f"{result.part.key}: {result.outcome}: {result.sentence}{remedy}"


def _verdict(result: Result) -> tuple[str, str, str]:
    text = f"{result.sentence[:1].upper()}{result.sentence[1:]}."
    if result.remedy:
        text += f"\n→ {result.remedy}"
    return result.part.name, str(result.outcome), text


def _groups(parts: tuple[Part, ...]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Each kind as a whole, and each encoder by itself, as they are wired one by one."""
    kinds = dict.fromkeys(part.kind for part in parts)
    encoders = [part for part in parts if part.kind is Kind.ENCODERS and len(part.wires) > 1]
    return (
        *((_LABELS[kind], (kind.value,)) for kind in kinds),
        *((f"Encoder {part.name}", (part.key,)) for part in encoders),
    )


_LABELS: Final = {
    Kind.BUTTONS: "Buttons",
    Kind.LEDS: "Lights",
    Kind.ENCODERS: "Encoders",
    Kind.POTENTIOMETERS: "Potentiometers",
}


def view_of(
    question: Question, board: BoardFile, parts: tuple[Part, ...], now_ns: int
) -> WiringView:
    """How a question is seen."""
    verb, what, how = question.words
    left = (question.due_ns - now_ns) / (question.due_ns - question.began_ns)
    is_light = question.gesture is Gesture.LOOK
    asked = question.part.position_mm if question.part else None
    knobs = frozenset({Kind.ENCODERS, Kind.POTENTIOMETERS})
    spots = {part.position_mm: part.kind in knobs for part in parts if part.position_mm}
    return WiringView(
        verb=verb,
        what=what,
        how=how,
        number=question.number,
        total=question.total,
        time_left=round(max(left, 0.0) * _STEPS) / _STEPS,
        hint=question.hint,
        has_answer=is_light,
        panel=board.enclosure.panel_mm if board.enclosure else None,
        screen_mm=board.display.position_mm,
        spots=tuple(
            Spot(x_mm=x, y_mm=y, is_knob=is_knob, is_asked=(x, y) == asked, is_lit=is_light)
            for (x, y), is_knob in spots.items()
        ),
    )
