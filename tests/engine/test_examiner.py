"""The wiring's own test, gone through on the panel as a maker does, with a fault or without."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from firmware.config import Config
from firmware.devices.board import SimulatedBoard, simulated_board
from firmware.devices.board_file import load_board
from firmware.devices.controls import Button, Knob, Led
from firmware.devices.host import SimulatedHost
from firmware.devices.potentiometers import FULL_SCALE
from firmware.devices.selftest.asking import LEAVE_NS, LOOK_NS, PATIENCE_NS, REST_NS
from firmware.devices.selftest.parts import Gesture, parts_of
from firmware.devices.wires import SimulatedWires
from firmware.devices.wiring import BoardFile, PotentiometerWiring
from firmware.engine.choices import Choices
from firmware.engine.clock import VirtualClock
from firmware.engine.engine import Engine
from firmware.engine.events import WiresMoved
from firmware.engine.examiner import KEPT, MOST_AT_ONCE, MOST_WAITING
from firmware.engine.simulation import Simulation
from firmware.errors import BundleError
from firmware.library.notebook import MEMORY_FOLDER, Notebook
from firmware.library.store import Library
from firmware.midi.messages import NoteOn
from firmware.panel.states import State, Trigger
from firmware.panel.views import ListView, TextView, WiringView

MS_NS = 1_000_000
SECOND_NS = 1_000_000_000
FULL = load_board("full")
WITH_POTENTIOMETERS = replace(
    FULL,
    encoders=FULL.encoders[:2],
    leds=(),
    potentiometers=(
        PotentiometerWiring(name="first", channel=0, turns=Knob.FIRST),
        PotentiometerWiring(name="second", channel=1),
    ),
)


class Maker(Simulation):
    """Somebody who does what the panel asks for, as well as the wires let them.

    Attributes:
        wires: What was soldered.
        dark: Lights that do not shine, whatever the line does.
        heeds: Whether every question is answered; else it is waited for the end.
        asked: The questions that were seen.
    """

    def __init__(self, engine: Engine, board: SimulatedBoard, clock: VirtualClock) -> None:
        super().__init__(engine, board, clock)
        assert board.wires is not None
        self.wires: SimulatedWires = board.wires
        self.parts = {(p.control, g): p for p in parts_of(self.wires.board) for g in p.gestures}
        self.dark: set[str] = set()
        self.asked: list[str] = []
        self.in_rest: Callable[[], None] = lambda: None

    def view(self) -> object:
        """What is seen."""
        return self.engine.panel.view(self.clock.now_ns())

    def question(self) -> WiringView | None:
        """What is asked, if anything is."""
        view = self.view()
        return view if isinstance(view, WiringView) else None

    def open_wiring(self) -> None:
        """Go to the page of the test."""
        self.open_page("System")
        self.open_page("Wiring")

    def go_through(self, group: str = "Everything") -> dict[str, str]:
        """Begin, answer everything, and read the verdicts, each with its remedy."""
        self.open_wiring()
        self.open_page(group)
        while (question := self.question()) is not None:
            self.asked.append(f"{question.verb} {question.what}")
            self.obey(question)
            before = question.number, question.hint
            while (now := self.question()) is not None and (now.number, now.hint) == before:
                self.advance(200 * MS_NS)
        return self.verdicts()

    def obey(self, question: WiringView) -> None:
        """Do what is asked."""
        self.advance(SECOND_NS)
        name = question.what
        match question.verb, question.how.split()[0]:
            case "Hands off", _:
                self.in_rest()
            case "Press", _:
                self.wires.press(name)
            case "Push", _:
                self.wires.press(f"{name} push")
            case "Turn", "clockwise,":
                self.wires.turn(name, 4)
            case "Turn", "back":
                self.wires.turn(name, -4)
            case "Turn", "to":
                self.sweep(name, to_left="left" in question.how)
            case "Look at", _:
                lights = set(self.parts[name, Gesture.LOOK].lights)
                shines = bool(lights & self.board.leds.lit) and name not in self.dark
                self.press(Button.ENTER if shines else Button.BACK)

    def sweep(self, name: str, *, to_left: bool) -> None:
        """Turn a potentiometer from end to end."""
        self.wires.slide(name, FULL_SCALE // 2)
        self.wires.slide(name, 3 if to_left else FULL_SCALE - 3)

    def verdicts(self) -> dict[str, str]:
        """What the panel says of each part in the end, in the order of its rows."""
        view = self.view()
        assert isinstance(view, ListView)
        return dict(self.read(row) for row in range(view.total))

    def read(self, row: int) -> tuple[str, str]:
        """Open a row of the verdicts, and read to its end."""
        self.turn(Knob.SELECT, 1 if row else 0)
        self.press(Button.ENTER)
        view = self.view()
        assert isinstance(view, TextView)
        lines = list(view.lines)
        while len(lines) < view.total:
            self.turn(Knob.SELECT, 1)
            view = self.view()
            assert isinstance(view, TextView)
            lines.append(view.lines[-1])
        self.press(Button.BACK)
        return view.title, " ".join(lines)

    def mended(self, group: str = "Everything") -> dict[str, str]:
        """The verdicts on what is to be mended, which are read first."""
        found = self.go_through(group)
        view = self.view()
        assert isinstance(view, ListView)
        what = view.title.removeprefix("Wiring: ").removesuffix(" to mend")
        return dict(list(found.items())[: 0 if what == "nothing" else int(what)])


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Maker]]:
    """A maker at an instrument of a board."""
    engines: list[Engine] = []

    def made(board_file: BoardFile = FULL, *, remembers: bool = False) -> Maker:
        clock = VirtualClock(start_ns=5 * SECOND_NS)
        board = simulated_board(clock.now_ns, wired=board_file)

        def no_bundle(_: object) -> Path:
            raise BundleError("no model is installed")

        engine = Engine(
            board,
            Library(tmp_path / "library"),
            clock,
            Config(library=tmp_path / "library"),
            Choices(
                host=SimulatedHost(),
                choose_bundle=no_bundle,
                wall_clock=lambda: datetime(2026, 1, 2, tzinfo=UTC),
            ),
            notebook=Notebook(tmp_path / "library" / MEMORY_FOLDER) if remembers else None,
        )
        engines.append(engine)
        engine.open()
        return Maker(engine, board, clock)

    yield made
    for engine in engines:
        engine.close()


Make = Callable[..., Maker]


@pytest.mark.parametrize("board", ["full", "small"])
def test_a_board_that_is_wired_right_has_nothing_to_mend(make: Make, board: str) -> None:
    maker = make(load_board(board))
    assert maker.mended() == {}
    questions = [gesture for part in parts_of(load_board(board)) for gesture in part.gestures]
    assert len(maker.asked) == 1 + len(questions)
    assert maker.asked[0] == "Hands off all parts"


def _leave_out_c(wires: SimulatedWires) -> None:
    for contact in ("GPIO8", "GPIO11"):
        wires.cut(contact)


FAULTS: dict[str, tuple[Callable[[SimulatedWires], None], dict[str, tuple[str, str]]]] = {
    "A and B of an encoder": (
        lambda wires: wires.swap("GPIO17", "GPIO27"),
        {"menu": ("turns the other way: A and B are swapped", "pin 11 and pin 13")},
    ),
    "a button that is not soldered": (
        lambda wires: wires.cut("GPIO5"),
        {"record": ("nothing came from GPIO5 (pin 29)", "ground")},
    ),
    "a button that touches ground": (
        lambda wires: wires.ground("GPIO13"),
        {"play": ("GPIO13 (pin 33) reads as pressed without being touched", "short")},
    ),
    "a switch in a shaft that chatters": (
        lambda wires: wires.loosen("GPIO25"),
        {"risk push": ("contact chatters", "solder")},
    ),
    "two buttons in each other's place": (
        lambda wires: wires.swap("GPIO5", "GPIO6"),
        {
            "record": ("generate answered in its place", "pin 29 and pin 31"),
            "generate": ("record answered in its place", "pin 31 and pin 29"),
        },
    ),
    "an encoder and a button in each other's place": (
        lambda wires: wires.swap("GPIO23", "GPIO13"),
        {
            "risk": ("play answered in the place of A", "pin 16 and pin 33"),
            "play": ("risk answered in its place", "pin 33 and pin 16"),
        },
    ),
    "a contact of an encoder that is open": (
        lambda wires: wires.cut("GPIO16"),
        {"first": ("B, GPIO16 (pin 36), did not move", "pin 36")},
    ),
    "a contact of an encoder that touches ground": (
        lambda wires: wires.ground("GPIO12"),
        {"first": ("A, GPIO12 (pin 32) stays low", "short")},
    ),
    "an encoder without ground": (
        _leave_out_c,
        {"second": ("nothing came from GPIO8 (pin 24) and GPIO11 (pin 23)", "C, between A")},
    ),
    "solder between two buttons": (
        lambda wires: wires.bridge("GPIO5", "GPIO26"),
        {
            "record": ("back answers as well", "solder"),
            "back": ("record answers as well", "solder"),
        },
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_of_a_wire_is_found_and_named(make: Make, fault: str) -> None:
    """And nothing else is: each verdict is on a part that has it."""
    maker = make()
    spoil, expected = FAULTS[fault]
    maker.open_wiring()  # as long as the hands can
    for _ in range(2):
        maker.press(Button.BACK)
    spoil(maker.wires)
    found = maker.mended()
    assert set(found) == set(expected), found
    for name, (sentence, remedy) in expected.items():
        text = found[name]
        assert sentence.lower() in text.lower()
        assert remedy in text.partition("→")[2]


def test_a_line_that_nothing_pulls_up_is_told_from_a_button(make: Make) -> None:
    maker = make()
    maker.in_rest = lambda: maker.wires.hum("GPIO26", 41)
    found = maker.mended()
    assert list(found) == ["back"]
    assert "without being touched" in found["back"]


def test_a_light_that_is_not_seen_is_to_be_turned_round(make: Make) -> None:
    maker = make()
    maker.dark.add("work")
    found = maker.mended("Lights")
    assert list(found) == ["work light"]
    assert "not seen on GPIO10 (pin 19)" in found["work light"]
    assert "longer leg" in found["work light"]
    assert maker.asked == ["Look at record", "Look at work"]
    assert not maker.board.leds.lit, "the lights are the instrument's again"


@pytest.mark.parametrize(
    ("to_left", "to_right", "said"),
    [
        (3, FULL_SCALE - 3, ""),
        (FULL_SCALE - 3, 3, "turns the other way"),
        (40, FULL_SCALE - 3, "does not reach its left end: 40 to 1020"),
        (3, 900, "does not reach its right end"),
        (200, 900, "does not reach either end"),
        (FULL_SCALE // 2, FULL_SCALE // 2, "CH0 stands still at 511"),
    ],
)
def test_a_potentiometer_reaches_both_ends_or_it_is_said_which_not(
    make: Make, monkeypatch: pytest.MonkeyPatch, to_left: int, to_right: int, said: str
) -> None:
    maker = make(WITH_POTENTIOMETERS)

    def sweep(name: str, *, to_left: bool, ends: tuple[int, int] = (to_left, to_right)) -> None:
        maker.wires.slide(name, ends[0 if to_left else 1] if name == "first" else 1023 * to_left)
        if name == "second":
            maker.wires.slide(name, 0 if to_left else FULL_SCALE)

    monkeypatch.setattr(maker, "sweep", sweep)
    found = maker.mended("Potentiometers")
    assert list(found) == (["first"] if said else [])
    assert said in found.get("first", "")


def test_two_potentiometers_in_each_others_place(make: Make) -> None:
    maker = make(WITH_POTENTIOMETERS)
    maker.wires.swap("CH0", "CH1")
    found = maker.mended("Potentiometers")
    assert set(found) == {"first", "second"}
    assert "Second answered in its place" in found["first"]
    assert "CH0 and CH1" in found["first"]


def test_a_wrong_hand_is_told_so_and_not_the_wires(make: Make) -> None:
    maker = make()
    maker.open_wiring()
    maker.open_page("Buttons")
    maker.advance(REST_NS + 100 * MS_NS)
    maker.wires.press("play")
    maker.advance(SECOND_NS)
    question = maker.question()
    assert question is not None
    assert question.hint == "that was play"
    assert question.what == "record"
    maker.wires.press("record")
    maker.advance(SECOND_NS)
    question = maker.question()
    assert question is not None
    assert question.what == "generate"


def test_while_it_asks_nothing_acts_on_the_instrument_and_keys_still_sound(make: Make) -> None:
    maker = make()
    settings = maker.engine.instrument.settings
    maker.open_wiring()
    maker.open_page("Everything")
    before = maker.question()
    for button in Button:
        maker.press(button)
    for knob in Knob:
        maker.turn(knob, 3)
    maker.board.buttons.hold(Button.STOP)
    maker.advance(MS_NS)
    after = maker.question()
    assert before is not None
    assert after is not None
    assert after.number == before.number
    assert maker.engine.instrument.settings == settings
    assert maker.engine.instrument.state is State.IDLE
    heard = len(maker.board.synthesizer.heard)
    maker.board.keyboard.strike(60)
    messages = [message for _, message in list(maker.board.synthesizer.heard)[heard:]]
    assert any(isinstance(message, NoteOn) and message.pitch == 60 for message in messages)


def test_back_leaves_when_it_is_held_and_a_press_of_it_does_not(make: Make) -> None:
    maker = make()
    maker.open_wiring()
    maker.open_page("Everything")
    maker.advance(REST_NS + 100 * MS_NS)
    maker.wires.press("back")
    maker.advance(200 * MS_NS)
    assert maker.question() is not None
    maker.wires.hold("back")
    maker.advance(LEAVE_NS - 100 * MS_NS)
    assert maker.question() is not None
    maker.advance(200 * MS_NS)
    assert maker.question() is None
    assert "not asked" in str(maker.view())
    maker.wires.let_go("back")
    maker.advance(100 * MS_NS)
    maker.press(Button.BACK)
    maker.press(Button.BACK)
    view = maker.view()
    assert isinstance(view, ListView)
    assert view.title == "System"


def test_it_ends_where_another_page_comes_over_it(make: Make) -> None:
    """As a program makes it record: hands are for that then."""
    maker = make()
    maker.open_wiring()
    maker.open_page("Everything")
    maker.engine.instrument.press(Trigger.RECORD, maker.clock.now_ns())
    maker.advance(SECOND_NS)
    assert not maker.engine.crew.examiner.is_asking
    maker.press(Button.STOP)
    assert maker.engine.instrument.state is State.IDLE


def test_it_ends_by_itself_when_nothing_answers_not_even_back(make: Make) -> None:
    maker = make()
    maker.open_wiring()
    maker.open_page("Everything")
    for part in parts_of(FULL):
        for wire in part.wires:
            if wire in maker.wires._soldered:
                maker.wires.cut(wire)
    silent = sum(len(p.gestures) and 1 for p in parts_of(FULL) if p.gestures != (Gesture.LOOK,))
    longest = REST_NS + silent * PATIENCE_NS + len(FULL.leds) * LOOK_NS
    maker.advance(longest - SECOND_NS)
    assert maker.question() is not None
    maker.advance(2 * SECOND_NS)
    assert maker.question() is None
    view = maker.view()
    assert isinstance(view, ListView)
    assert view.title == f"Wiring: {silent + len(FULL.leds)} to mend"


def test_the_verdicts_are_in_the_log_and_on_the_page_until_the_next_time(
    make: Make, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    maker = make(remembers=True)
    maker.wires.cut("GPIO6")
    with caplog.at_level(logging.INFO, logger="firmware.engine.examiner"):
        maker.go_through("Buttons")
    lines = [r.getMessage() for r in caplog.records if r.name == "firmware.engine.examiner"]
    assert "wiring: buttons.record: ok: GPIO5 (pin 29) answers" in lines
    (fault,) = [r for r in caplog.records if r.levelno == logging.WARNING]
    assert fault.getMessage().startswith("wiring: buttons.generate: fault: nothing came from")
    maker.press(Button.BACK)
    maker.open_page("Last result")
    assert "Wiring: 1 to mend" in str(maker.view())
    kept = tmp_path / "library" / MEMORY_FOLDER / KEPT
    maker.wait(kept.exists, who="the disk")
    assert kept.read_text().splitlines() == [line.removeprefix("wiring: ") for line in lines]


def test_the_wiring_is_tested_in_silence(make: Make) -> None:
    maker = make()
    maker.press(Button.RECORD)
    maker.advance(10 * SECOND_NS)
    maker.board.keyboard.strike(60)
    maker.advance(SECOND_NS)
    maker.board.keyboard.release(60)
    maker.press(Button.RECORD)
    maker.press(Button.PLAY)
    assert maker.engine.instrument.state is State.PLAYING
    maker.engine.instrument.notice = None
    while not _is_home(maker):
        maker.press(Button.BACK)
    maker.open_wiring()
    maker.open_page("Everything")
    assert "silence" in str(maker.view())
    assert not maker.engine.crew.examiner.is_asking


def test_a_line_that_never_rests_fills_no_queue(make: Make) -> None:
    """However often it moves: one event waits."""
    maker = make()
    maker.open_wiring()
    maker.open_page("Buttons")
    maker.advance(SECOND_NS)
    maker.wires.hum("GPIO5", 20_000, every_ns=MS_NS // 20)
    assert sum(isinstance(event, WiresMoved) for event in maker.engine._queue._events) == 1
    assert len(maker.engine.crew.examiner._moves) == MOST_WAITING
    event = maker.engine._queue.get(0.0)
    while not isinstance(event, WiresMoved):
        event = maker.engine._queue.get(0.0)
    maker.engine.crew.examiner.take(maker.clock.now_ns())
    assert len(maker.engine.crew.examiner._moves) == MOST_WAITING - MOST_AT_ONCE
    maker.advance(MS_NS)
    assert not maker.engine.crew.examiner._moves


def _is_home(maker: Maker) -> bool:
    return type(maker.engine.panel.navigation.top).__name__ == "HomePage"


def test_the_light_that_is_asked_for_is_the_one_that_shines(make: Make) -> None:
    maker = make()
    maker.open_wiring()
    maker.open_page("Lights")
    assert maker.board.leds.lit == {Led.RECORD}
    maker.press(Button.ENTER)
    maker.advance(100 * MS_NS)
    assert maker.board.leds.lit == {Led.GENERATE}
    maker.press(Button.ENTER)
    maker.advance(100 * MS_NS)
    assert not maker.board.leds.lit
