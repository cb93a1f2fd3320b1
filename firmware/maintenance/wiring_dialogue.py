"""The wiring's own test in a terminal, for a panel whose screen or menu is not wired yet."""

import os
import selectors
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Final

from firmware.devices.controls import Button, Led
from firmware.devices.front_panel import FrontPanel, open_front_panel
from firmware.devices.gpio_lines import open_lines
from firmware.devices.selftest.asking import Question, SelfTest
from firmware.devices.selftest.parts import Gesture, chosen_parts, parts_of
from firmware.devices.selftest.verdicts import Result
from firmware.devices.wires import Move
from firmware.devices.wiring import BoardFile
from firmware.engine.examiner import MOST_WAITING, leaving_wire, view_of
from firmware.errors import DeviceError
from firmware.panel.drawing import draw

INTRODUCTION: Final = (
    "Do what is asked, on the panel. Each question ends by itself; s and Enter skips a part, and "
    "holding back, or q and Enter, ends all."
)

_TURN_S: Final = 0.02
_MOST_TYPED: Final = 1000  # characters of a line

Read = Callable[[float], str | None]
"""Waits at most so many seconds for a typed line; None if none came."""


@contextmanager
def opened_panel(board: BoardFile, now_ns: Callable[[], int]) -> Iterator[FrontPanel]:
    """The panel of this machine, which no other program may have.

    Raises:
        DeviceError: If there is none, or another program has it.
    """
    lines = open_lines()
    with _told_to_stop_the_service():
        panel = open_front_panel(board, lines, now_ns)
    with ExitStack() as stack:
        for last in (panel.lines, panel.leds, panel.display, panel.knobs, panel.buttons):
            stack.callback(last.close)
        yield panel


def ask_maker(
    panel: FrontPanel,
    names: Iterable[str],
    say: Callable[[str], None],
    read: Read,
    now_ns: Callable[[], int],
) -> tuple[Result, ...]:
    """Go through the wiring with whoever sits at the panel and at the terminal.

    Args:
        panel: The panel; its buttons and knobs are opened.
        names: Of the parts that are asked for; all if there are none.
        say: Prints a line.
        read: What is typed.
        now_ns: The clock.

    Raises:
        DeviceError: If the board has no part of a name, or a line cannot be had.
    """
    board, parts = panel.wires.board, parts_of(panel.wires.board)
    leaves = leaving_wire(board)
    test = SelfTest(chosen_parts(parts, names), parts, leaves=leaves, now_ns=now_ns())
    moves: deque[Move] = deque(maxlen=MOST_WAITING)
    pressed: deque[Button] = deque(maxlen=MOST_WAITING)
    with _told_to_stop_the_service():
        panel.buttons.open(lambda button, _: pressed.append(button))
        panel.knobs.open(lambda *_: None)
        panel.wires.listen(moves.append)
    say(INTRODUCTION)
    asked: tuple[int, str] | None = None
    lit: frozenset[Led] = frozenset()
    while (question := test.question) is not None:
        if asked != (question.number, question.hint):
            asked = (question.number, question.hint)
            say(_said(question))
        lit = _light(panel, lit, frozenset(test.lit.lights[:1] if test.lit else ()))
        with suppress(DeviceError):  # whether it answers, the doctor says
            panel.display.show(draw(view_of(question, board, parts, now_ns())))
        typed = read(_TURN_S)
        while moves:
            test.take(moves.popleft(), now_ns())
        while pressed:
            _answer(test, _BUTTONS.get(pressed.popleft(), ""), now_ns())
        _answer(test, (typed or "").strip().lower()[:1], now_ns())
        test.run_due(now_ns())
    _light(panel, lit, frozenset())
    panel.wires.ignore()
    return test.results


class TypedLines:
    """What is typed, as far as there is somebody who types.

    Args:
        descriptor: File to read from, or None for nobody.
    """

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor
        self._text = b""

    def read(self, timeout_s: float) -> str | None:
        """See `Read`."""
        if b"\n" not in self._text and not self._wait(timeout_s):
            return None
        line, newline, rest = self._text.partition(b"\n")
        if not newline:
            return None
        self._text = rest
        return line.decode(errors="replace")

    def _wait(self, timeout_s: float) -> bool:
        """Wait for more; whether there is."""
        if self._descriptor is None:
            time.sleep(timeout_s)
            return False
        # Not epoll, which refuses a file to which standard input was redirected.
        with selectors.SelectSelector() as selector:
            selector.register(self._descriptor, selectors.EVENT_READ)
            if not selector.select(timeout_s):
                return False
        content = os.read(self._descriptor, 4096)
        if not content:
            self._descriptor = None
        self._text = (self._text + content)[-_MOST_TYPED:]
        return bool(content)


_BUTTONS: Final = {Button.ENTER: "y", Button.BACK: "n"}


def _said(question: Question) -> str:
    hint = f" ({question.hint})" if question.hint else ""
    answer = " y or n" if question.gesture is Gesture.LOOK else ""
    return f"{question.number:>2}/{question.total}  {question.sentence}{answer}{hint}"


def _answer(test: SelfTest, word: str, now_ns: int) -> None:
    match word:
        case "y" | "n":
            test.answer(is_seen=word == "y", now_ns=now_ns)
        case "s":
            test.skip(now_ns)
        case "q":
            test.leave()


def _light(panel: FrontPanel, before: frozenset[Led], after: frozenset[Led]) -> frozenset[Led]:
    for led in before ^ after:
        panel.leds.light(led, on=led in after)
    return after


@contextmanager
def _told_to_stop_the_service() -> Iterator[None]:
    """A line that cannot be had is most often the instrument's own."""
    try:
        yield
    except DeviceError as error:
        remedy = "if the instrument runs: sudo systemctl stop continuo, and start it afterwards"
        raise DeviceError(error.message, remedy=f"{error.remedy}; {remedy}") from error
