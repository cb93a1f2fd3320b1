"""The wiring's own test in a terminal, with the same questions and verdicts as on the panel."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from firmware.devices.board_file import load_board
from firmware.devices.buttons import SimulatedButtons
from firmware.devices.controls import Button
from firmware.devices.display import SimulatedDisplay
from firmware.devices.front_panel import FrontPanel
from firmware.devices.knobs import SimulatedKnobs
from firmware.devices.leds import SimulatedLeds
from firmware.devices.selftest.verdicts import Outcome, Result
from firmware.devices.wires import SimulatedWires
from firmware.engine.clock import VirtualClock
from firmware.errors import DeviceError
from firmware.maintenance.wiring_dialogue import INTRODUCTION, TypedLines, ask_maker

MS_NS = 1_000_000
FULL = load_board("full")


class Bench:
    """A panel, somebody at it, and what they type."""

    def __init__(self) -> None:
        self.clock = VirtualClock(start_ns=10**9)
        now_ns = self.clock.now_ns
        self.buttons, knobs = SimulatedButtons(now_ns), SimulatedKnobs(now_ns)
        self.wires = SimulatedWires(FULL, self.buttons, knobs, now_ns)
        self.leds = SimulatedLeds()
        self.display = SimulatedDisplay()
        nothing: Any = None
        self.panel = FrontPanel(
            buttons=self.buttons,
            knobs=knobs,
            display=self.display,
            leds=self.leds,
            lines=nothing,
            loops=(),
            wires=self.wires,
        )
        self.said: list[str] = []
        self.done = 0
        self.typed: dict[str, str] = {}
        self.hands: dict[str, Callable[[], None]] = {}

    def read(self, timeout_s: float) -> str | None:
        """Let time pass, and do once what was said last."""
        self.clock.advance_to(self.clock.now_ns() + round(timeout_s * 1e9))
        if self.done == len(self.said):
            return None
        self.done = len(self.said)
        asked = self.said[-1]
        for words, hand in self.hands.items():
            if words in asked:
                hand()
        return next((typed for words, typed in self.typed.items() if words in asked), None)

    def ask(self, *names: str) -> dict[str, Result]:
        """Go through it; the results by their part's name."""
        results = ask_maker(self.panel, names, self.said.append, self.read, self.clock.now_ns)
        return {result.part.key: result for result in results}


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_each_question_is_asked_once_and_each_part_gets_its_verdict(bench: Bench) -> None:
    bench.wires.swap("GPIO17", "GPIO27")
    bench.hands = {
        "Turn menu, clockwise": lambda: bench.wires.turn("menu", 4),
        "Turn menu, back": lambda: bench.wires.turn("menu", -4),
        "Push menu": lambda: bench.wires.press("menu push"),
    }
    results = bench.ask("encoders.menu")
    assert bench.said == [
        INTRODUCTION,
        " 1/4  Hands off all parts, wait 3 seconds",
        " 2/4  Turn menu, clockwise, 4 clicks",
        " 3/4  Turn menu, back again, 4 clicks",
        " 4/4  Push menu, and let go",
    ]
    assert results["encoders.menu"].sentence == "it turns the other way: A and B are swapped"
    assert results["encoders.menu.push"].outcome is Outcome.OK
    assert bench.display.image is not None, "a display that answers shows the questions, too"


def test_a_display_that_does_not_answer_holds_nobody_up(bench: Bench) -> None:
    bench.display.unplug()
    bench.hands = {"Press record": lambda: bench.wires.press("record")}
    assert bench.ask("buttons.record")["buttons.record"].outcome is Outcome.OK


@pytest.mark.parametrize("by", ["typing", "the panel"])
def test_a_light_is_answered_by_typing_or_on_the_panel(bench: Bench, by: str) -> None:
    lit: list[set[str]] = []

    def look(button: Button) -> None:
        lit.append({str(led) for led in bench.leds.lit})
        if by == "the panel":
            bench.buttons.press(button)

    bench.hands = {
        "Look at record": lambda: look(Button.ENTER),
        "Look at work": lambda: look(Button.BACK),
    }
    bench.typed = {"record": "yes", "work": "n"} if by == "typing" else {}
    results = bench.ask("leds")
    assert [result.outcome for result in results.values()] == [Outcome.OK, Outcome.FAULT]
    assert lit == [{"record"}, {"generate"}]
    assert not bench.leds.lit


def test_a_part_can_be_skipped_and_the_rest_be_left(bench: Bench) -> None:
    bench.typed = {"Press record": "s", "Press play": "q"}
    bench.hands = {"Press generate": lambda: bench.wires.press("generate")}
    results = bench.ask("buttons")
    assert [result.outcome for result in results.values()] == [
        Outcome.NOT_ASKED,
        Outcome.OK,
        Outcome.NOT_ASKED,
        Outcome.NOT_ASKED,
    ]


def test_a_part_that_the_board_has_not_is_one_sentence(bench: Bench) -> None:
    with pytest.raises(DeviceError, match=r"the board has no potentiometers.*it has buttons"):
        bench.ask("potentiometers")


def test_what_is_typed_comes_line_by_line_and_ends_where_nobody_types(tmp_path: Path) -> None:
    file = tmp_path / "typed"
    file.write_bytes(b"y\nno\nunfinished")
    descriptor = os.open(file, os.O_RDONLY)
    try:
        lines = TypedLines(descriptor)
        assert [lines.read(0.0) for _ in range(5)] == ["y", "no", None, None, None]
    finally:
        os.close(descriptor)
    assert TypedLines(None).read(0.0) is None
