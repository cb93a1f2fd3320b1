"""The judgement of the wiring's own test: what is forgiven, and that it ends whatever comes."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.devices.board_file import load_board, shipped_boards
from firmware.devices.buttons import SimulatedButtons
from firmware.devices.controls import Button, Knob
from firmware.devices.knobs import SimulatedKnobs
from firmware.devices.quadrature import Detent
from firmware.devices.selftest.asking import LOOK_NS, PATIENCE_NS, REST_NS, SelfTest
from firmware.devices.selftest.parts import WORDS, Gesture, Kind, chosen_parts, parts_of
from firmware.devices.selftest.verdicts import Outcome
from firmware.devices.wires import Move, SimulatedWires
from firmware.devices.wiring import BoardFile, PotentiometerWiring
from firmware.errors import DeviceError

MS_NS = 1_000_000
SECOND_NS = 1_000_000_000
FULL = load_board("full")
BOTH = replace(FULL, potentiometers=(PotentiometerWiring(name="x", channel=0),))


class Run:
    """A run through some parts, at rest so far, and its clock."""

    def __init__(self, *names: str, board: BoardFile = FULL) -> None:
        self.now_ns = 0
        self.buttons, self.knobs = SimulatedButtons(self.now), SimulatedKnobs(self.now)
        self.wires = SimulatedWires(board, self.buttons, self.knobs, self.now)
        parts = parts_of(board)
        self.test = SelfTest(chosen_parts(parts, names), parts, leaves=None, now_ns=0)
        self.wires.listen(lambda move: self.test.take(move, self.now_ns))
        if self.gesture() is Gesture.REST:
            self.advance(REST_NS)

    def now(self) -> int:
        """The time."""
        return self.now_ns

    def gesture(self) -> Gesture | None:
        """What is asked."""
        return self.test.question.gesture if self.test.question else None

    def advance(self, duration_ns: int) -> None:
        """Let time pass."""
        end_ns = self.now_ns + duration_ns
        while self.now_ns < end_ns:
            self.now_ns += 50 * MS_NS
            self.test.run_due(self.now_ns)

    def outcome(self) -> Outcome:
        """The verdict on the only part."""
        self.advance(PATIENCE_NS)
        return self.test.results[0].outcome

    def move(self, wire: str, *levels_and_ms: tuple[int, float]) -> None:
        """Move a line, each time so long after the last."""
        at_ns = self.now_ns
        for level, after_ms in levels_and_ms:
            at_ns += round(after_ms * MS_NS)
            self.test.take(Move(wire, level, at_ns), self.now_ns)


def test_contacts_that_bounce_as_their_data_sheet_says_are_fine() -> None:
    """Less than 5 ms, at both ends of a press; and one that is slow twice."""
    run = Run("buttons.record")
    bounce = [(1, 0.4), (0, 0.6), (1, 1.0), (0, 3.0)]
    run.move("GPIO5", (0, 0), *bounce, (1, 80), *((1 - level, ms) for level, ms in bounce))
    assert run.outcome() is Outcome.OK
    slow = Run("buttons.record")
    slow.move("GPIO5", (0, 0), (1, 7), (0, 7), (1, 90))
    assert slow.outcome() is Outcome.OK


def test_contacts_that_move_as_no_finger_does_chatter() -> None:
    run = Run("buttons.record")
    run.move("GPIO5", (0, 0), (1, 8), (0, 8), (1, 8), (0, 8), (1, 60))
    assert run.outcome() is Outcome.WARNING
    assert "chatters: 6 moves" in run.test.results[0].sentence


def test_a_switch_that_stays_down_is_named_before_the_time_is_over() -> None:
    run = Run("buttons.record")
    run.move("GPIO5", (0, 0))
    assert run.outcome() is Outcome.FAULT
    assert "stayed low after it was let go" in run.test.results[0].sentence


def test_a_sleeve_at_rest_is_no_fault() -> None:
    brushed = SelfTest(parts_of(FULL)[:1], parts_of(FULL), leaves=None, now_ns=0)
    for at_ns, level in ((0, 1), (SECOND_NS, 0), (SECOND_NS + 90 * MS_NS, 1)):
        brushed.take(Move("GPIO5", level, at_ns), at_ns)
    brushed.run_due(REST_NS)
    for at_ns, level in ((REST_NS, 0), (REST_NS + 90 * MS_NS, 1)):
        brushed.take(Move("GPIO5", level, at_ns), at_ns)
    brushed.run_due(REST_NS + SECOND_NS)
    assert [result.outcome for result in brushed.results] == [Outcome.OK]


def test_the_finger_that_began_it_is_no_fault() -> None:
    """It may come up with a bounce, a moment later."""
    began = SelfTest(parts_of(FULL)[:1], parts_of(FULL), leaves=None, now_ns=0)
    for number in range(9):
        at_ns = number * 70 * MS_NS
        began.take(Move("GPIO5", number % 2, at_ns), at_ns)
    began.take(Move("GPIO5", 1, SECOND_NS), SECOND_NS)
    began.run_due(REST_NS)
    for at_ns, level in ((REST_NS, 0), (REST_NS + 90 * MS_NS, 1)):
        began.take(Move("GPIO5", level, at_ns), at_ns)
    began.run_due(REST_NS + SECOND_NS)
    assert [result.outcome for result in began.results] == [Outcome.OK]


@pytest.mark.parametrize("detent", Detent)
@pytest.mark.parametrize("is_swapped", [False, True])
def test_encoders_of_every_kind_are_told_which_way_they_turn(
    detent: Detent,
    is_swapped: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    menu = replace(FULL.encoders[0], detent=detent, push=None)
    run = Run("encoders.menu", board=replace(FULL, encoders=(menu,)))
    if is_swapped:
        run.wires.swap("GPIO17", "GPIO27")
    run.wires.turn("menu", 4)
    run.advance(SECOND_NS)
    assert run.gesture() is Gesture.BACK
    run.wires.turn("menu", -4)
    run.advance(SECOND_NS)
    assert run.gesture() is None
    (result,) = run.test.results
    assert result.outcome is (Outcome.FAULT if is_swapped else Outcome.OK)
    assert ("A and B are swapped" in result.sentence) == is_swapped


def test_an_encoder_that_was_turned_one_way_twice_is_asked_for_again() -> None:
    """It may have been the hand: that is no fault of a wire."""
    run = Run("encoders.menu")
    for _ in range(2):
        run.wires.turn("menu", -4)
        run.advance(SECOND_NS)
    assert run.test.results[0].outcome is Outcome.WARNING
    assert "both turns were heard as one way" in run.test.results[0].sentence


def test_an_encoder_whose_contact_chatters_is_told_from_one_that_is_swapped() -> None:
    run = Run("encoders.risk")
    run.wires.loosen("GPIO23")
    for clicks in (4, -4):
        run.wires.turn("risk", clicks)
        run.advance(PATIENCE_NS)
    assert run.test.results[0].outcome is Outcome.WARNING
    assert "contacts chatter" in run.test.results[0].sentence


def test_a_converter_that_does_not_answer_is_not_a_potentiometer_that_stands_still() -> None:
    parts = parts_of(BOTH)
    test = SelfTest(chosen_parts(parts, ["potentiometers"]), parts, leaves=None, now_ns=0)
    for second in range(40):
        test.run_due(second * SECOND_NS)
    (result,) = test.results
    assert "the MCP3008 does not answer" in result.sentence


def test_a_wiper_that_is_open_jumps_by_itself() -> None:
    parts = parts_of(BOTH)
    test = SelfTest(chosen_parts(parts, ["potentiometers"]), parts, leaves=None, now_ns=0)
    for step in range(30):
        at_ns = step * 100 * MS_NS
        test.take(Move("CH0", 400 + 37 * (step % 5), at_ns), at_ns)
    for second in range(3, 40):
        test.run_due(second * SECOND_NS)
    (result,) = test.results
    assert "CH0 jumps without being touched" in result.sentence


def test_noise_of_a_potentiometer_is_no_answer_in_anothers_place() -> None:
    run = Run("buttons.record", board=BOTH)
    for step in range(40):
        run.test.take(Move("CH0", 500 + 4 * (step % 2), run.now_ns), run.now_ns)
        run.advance(100 * MS_NS)
    assert run.test.question is not None
    assert run.test.question.hint == ""


@given(
    moves=st.lists(
        st.tuples(
            st.sampled_from(["GPIO5", "GPIO26", "GPIO17", "GPIO27", "GPIO22", "CH0", "GPIO99"]),
            st.integers(0, 1023),
            st.integers(0, 400 * MS_NS),
        ),
        max_size=120,
    )
)
@settings(max_examples=40, deadline=None)
def test_whatever_the_wires_do_it_ends_with_a_verdict_on_every_part(
    moves: list[tuple[str, int, int]],
) -> None:
    parts = parts_of(BOTH)
    test = SelfTest(parts, parts, leaves="GPIO26", now_ns=0)
    now_ns = 0
    for wire, level, after_ns in moves:
        now_ns += after_ns
        is_channel = wire == "CH0"
        test.take(Move(wire, level if is_channel else level % 2, now_ns), now_ns)
        test.run_due(now_ns)
    questions = sum(len(part.gestures) for part in parts)
    last_ns = now_ns + REST_NS + 2 * questions * max(PATIENCE_NS, LOOK_NS)
    while test.question is not None and now_ns < last_ns:
        due_ns = test.next_ns(test.question.due_ns)
        assert due_ns is not None
        now_ns = max(now_ns + MS_NS, due_ns)
        test.run_due(now_ns)
    assert test.question is None
    assert [result.part for result in test.results] == list(parts)


@pytest.mark.parametrize("name", shipped_boards())
def test_every_part_of_a_board_is_asked_for_once_by_the_names_of_its_file(name: str) -> None:
    board = load_board(name)
    parts = parts_of(board)
    keys = {part.key for part in parts}
    assert len(keys) == len(parts)
    wires = [wire for part in parts for wire in part.wires]
    assert sorted(wires) == sorted(f"GPIO{pin}" for pin, _ in board.pins())
    assert {part.key.split(".")[0] for part in parts} <= {kind.value for kind in Kind}
    assert len(chosen_parts(parts, ["encoders.menu"])) == 2
    assert chosen_parts(parts, []) == parts
    with pytest.raises(DeviceError, match=r"the board has no encoders\.men "):
        chosen_parts(parts, ["encoders.men"])
    assert set(WORDS) == set(Gesture)


def test_a_simulated_fault_acts_on_the_instrument_as_a_real_one_does() -> None:
    run = Run()
    pressed: list[Button] = []
    turned: list[tuple[Knob, int]] = []
    run.buttons.open(lambda button, _: pressed.append(button))
    run.knobs.open(lambda knob, clicks, _: turned.append((knob, clicks)))
    run.wires.press("record")
    run.wires.turn("menu", 2)
    assert (pressed, turned) == ([Button.RECORD], [(Knob.SELECT, 1)] * 2)
    run.wires.swap("GPIO17", "GPIO27")
    run.wires.swap("GPIO5", "GPIO6")
    run.now_ns += SECOND_NS
    run.wires.turn("menu", 2)
    run.wires.press("record")
    assert pressed == [Button.RECORD, Button.GENERATE]
    assert turned[2:] == [(Knob.SELECT, -1)] * 2


def test_an_encoder_that_bounces_as_its_data_sheet_says_is_fine() -> None:
    """Five edges at each, within 2 ms; turned slowly, then quickly."""
    run = Run("encoders.menu")
    for clicks, quarter_ns in ((4, 90 * MS_NS), (-4, 8 * MS_NS)):
        levels, at_ns = {"GPIO17": 1, "GPIO27": 1}, run.now_ns
        first, second = list(levels) if clicks > 0 else list(levels)[::-1]
        for quarter in range(16):
            wire = (first, second)[quarter % 2]
            at_ns += quarter_ns
            levels[wire] = 1 - levels[wire]
            for bounce in range(5):
                level = levels[wire] if bounce % 2 == 0 else 1 - levels[wire]
                run.test.take(Move(wire, level, at_ns + bounce * MS_NS // 2), run.now_ns)
        run.advance(SECOND_NS)
    assert run.test.results[0].outcome is Outcome.OK
