"""MIDI clock of the whole instrument, and its thread."""

import os
import threading
import time
from typing import TYPE_CHECKING

import pytest

from firmware.devices.controls import Button, Knob
from firmware.engine.clocks import ClockOut
from firmware.midi.clock import PER_BEAT, Beat
from firmware.midi.messages import MidiMessage, NoteOn, Realtime, SongPosition, to_bytes
from firmware.music.notes import Melody
from firmware.panel.states import State

if TYPE_CHECKING:
    from tests.engine.conftest import MakeInstrument, Rehearsal

MS_NS = 1_000_000
CLOCK = to_bytes(Realtime.CLOCK)


def clocked(messages: list[MidiMessage]) -> list[MidiMessage]:
    """What concerns others' time, but for the ticks."""
    kinds = (Realtime, SongPosition)
    return [m for m in messages if isinstance(m, kinds) and m is not Realtime.CLOCK]


def switched(simulation: "Rehearsal", label: str) -> None:
    """Switch a row of the page over."""
    simulation.open_page("MIDI")
    simulation.open_page(label)
    simulation.press(Button.BACK)


def ticking(simulation: "Rehearsal", *, steps: int) -> None:
    """Let hundredths of a second pass, in each of which the clock ticks.

    Its thread lives in real time, and the clock begins anew where it comes too late.
    """
    for _ in range(steps):
        simulation.advance(10 * MS_NS)
        simulation.engine.crew.clocks._out.run_due()


def test_others_start_with_the_count_in_stop_with_it_and_go_on_where_the_music_does(
    make_instrument: "MakeInstrument", melody: Melody
) -> None:
    simulation = make_instrument()
    simulation.record(melody)
    heard = simulation.count_heard()
    simulation.generate()
    assert clocked(simulation.since(heard)) == [], "it is switched off"
    simulation.press(Button.STOP)
    simulation.press(Button.BACK)
    switched(simulation, "Clock out")
    heard = simulation.count_heard()
    simulation.press(Button.PLAY)
    assert clocked(simulation.since(heard)) == [Realtime.START]
    ticking(simulation, steps=100)
    ticks = simulation.since(heard).count(Realtime.CLOCK)
    played_s = 1.1
    assert ticks == pytest.approx(played_s * 96 / 60 * PER_BEAT, abs=1)
    simulation.press(Button.PLAY)
    assert simulation.state() is State.PAUSED
    assert clocked(simulation.since(heard)) == [Realtime.START, Realtime.STOP]
    heard = simulation.count_heard()
    simulation.press(Button.PLAY)
    # 1.1 seconds at 96 beats a minute are 7.04 sixteenths.
    assert clocked(simulation.since(heard)) == [SongPosition(sixteenths=8), Realtime.CONTINUE]
    simulation.press(Button.STOP)
    heard = simulation.count_heard()
    simulation.press(Button.RECORD)
    assert clocked(simulation.since(heard)) == [Realtime.START]
    ticking(simulation, steps=400)
    assert simulation.state() is State.RECORDING
    simulation.press(Button.BACK)
    assert clocked(simulation.since(heard)) == [Realtime.START, Realtime.STOP]


def test_a_clock_that_is_heard_sets_the_tempo_once_it_is_allowed_to(
    make_instrument: "MakeInstrument",
) -> None:
    simulation = make_instrument(bundle=None)

    def tick(count: int, tempo_bpm: float) -> None:
        for _ in range(count):
            simulation.board.keyboard.say(CLOCK)
            simulation.advance(round(60e9 / tempo_bpm / PER_BEAT))

    settings = simulation.engine.instrument.settings
    tick(48, 140.0)
    assert simulation.engine.instrument.settings == settings
    switched(simulation, "Clock in")
    tick(48, 140.0)
    assert simulation.engine.instrument.settings.tempo_bpm == 140.0
    tick(96, 400.0)
    assert simulation.engine.instrument.settings.tempo_bpm == 220.0, "the fastest there is"
    tick(96, 71.3)
    assert simulation.engine.instrument.settings.tempo_bpm == pytest.approx(71.3, abs=0.31)
    heard_bpm = simulation.engine.crew.ports.facts(simulation.clock.now_ns()).clock_bpm
    assert heard_bpm == pytest.approx(71.3, abs=0.1)
    simulation.advance(2000 * MS_NS)
    assert simulation.engine.crew.ports.facts(simulation.clock.now_ns()).clock_bpm is None
    simulation.turn(Knob.TEMPO, 1)
    assert simulation.engine.instrument.settings.tempo_bpm == 72.0, "without it a hand sets it"


def test_the_thread_ticks_in_real_time_and_ends() -> None:
    sent: list[tuple[int, MidiMessage]] = []
    out = ClockOut(lambda m: sent.append((time.monotonic_ns(), m)), time.monotonic_ns)
    origin_ns = time.monotonic_ns()
    out.follow(Beat(origin_ns=origin_ns, tempo_bpm=220.0))
    deadline = time.monotonic() + 10
    while len(sent) < 40 and time.monotonic() < deadline:
        time.sleep(0.01)
    out.close()
    assert [message for _, message in sent[:2]] == [Realtime.START, Realtime.CLOCK]
    assert sent[-1][1] is Realtime.STOP
    ticks = [at_ns for at_ns, message in sent if message is Realtime.CLOCK]
    beat = Beat(origin_ns=origin_ns, tempo_bpm=220.0)
    assert all(at_ns >= beat.ns_of(i) for i, at_ns in enumerate(ticks)), "none is early"
    assert "continuo-clock" not in {thread.name for thread in threading.enumerate()}


def test_the_thread_goes_before_others_where_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    """It asks once, on its own thread, and ticks just as well where that is refused."""
    asked: list[tuple[str, int, int]] = []
    sent: list[MidiMessage] = []

    def refuse(pid: int, policy: int, _param: object) -> None:
        asked.append((threading.current_thread().name, pid, policy))
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    out = ClockOut(sent.append, time.monotonic_ns)
    out.follow(Beat(origin_ns=time.monotonic_ns(), tempo_bpm=220.0))
    deadline = time.monotonic() + 10
    while sent.count(Realtime.CLOCK) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    out.close()
    assert asked == [("continuo-clock", 0, os.SCHED_FIFO)]
    assert sent.count(Realtime.CLOCK) >= 3


def test_a_clock_that_stands_still_just_before_a_tick_holds_nobody_up() -> None:
    """As a program's does, which turns it by hand; the tick comes with the hand."""
    now_ns = 0
    sent: list[MidiMessage] = []
    out = ClockOut(sent.append, lambda: now_ns)
    beat = Beat(origin_ns=0, tempo_bpm=125.0)  # a tick every 20 ms
    out.follow(beat)
    now_ns = beat.ns_of(1) - 1
    began = time.monotonic()
    out.run_due()
    assert sent == [Realtime.START, Realtime.CLOCK]
    now_ns += 1
    out.run_due()
    assert sent == [Realtime.START, Realtime.CLOCK, Realtime.CLOCK]
    out.close()
    assert time.monotonic() - began < 5


def test_a_clock_that_never_ran_needs_no_thread() -> None:
    out = ClockOut(lambda message: pytest.fail(str(message)), time.monotonic_ns)
    out.follow(None)
    out.close()
    assert "continuo-clock" not in {thread.name for thread in threading.enumerate()}


def test_a_taught_knob_and_button_do_what_they_were_taught(
    make_instrument: "MakeInstrument",
) -> None:
    simulation = make_instrument(bundle=None)
    keyboard = simulation.board.keyboard
    simulation.open_page("MIDI")
    simulation.open_page("Learn knobs")
    simulation.open_page("Creative risk")
    assert "Now move it" in simulation.text()
    heard = simulation.count_heard()
    keyboard.say(bytes((0xB0, 74, 1)))
    simulation.engine.step()
    assert simulation.count_heard() == heard, "a lesson is no music"
    assert "74" in simulation.sentence()
    simulation.open_page("Button record")
    keyboard.say(bytes((0xB0, 123, 127)))  # all notes off is no knob
    keyboard.say(bytes((0xB0, 80, 0)))  # a button that comes up
    keyboard.say(bytes((0xB0, 80, 127)))
    simulation.engine.step()
    assert simulation.state() is State.IDLE, "the lesson itself presses nothing"
    simulation.select("Button record")
    assert "CC 80" in simulation.text()
    for _ in range(2):
        simulation.press(Button.BACK)
    for value in (0, 127):
        keyboard.say(bytes((0xB0, 74, value)))
    simulation.engine.step()
    assert simulation.engine.instrument.settings.parameters()["creative_risk"] == 6.0
    keyboard.say(bytes((0xB0, 21, 0)))  # what it was before is no more
    simulation.engine.step()
    assert simulation.engine.instrument.settings.parameters()["creative_risk"] == 6.0
    keyboard.say(bytes((0xB0, 107, 127)))
    simulation.engine.step()
    assert simulation.state() is State.IDLE
    keyboard.say(bytes((0xB0, 80, 127)))
    simulation.engine.step()
    assert simulation.state() is State.COUNT_IN


def test_what_was_taught_is_a_value_that_can_be_kept_and_forgotten(
    make_instrument: "MakeInstrument",
) -> None:
    simulation = make_instrument(bundle=None)
    keyboards, keyboard = simulation.engine.crew.keyboards, simulation.board.keyboard
    for target, control in (("play", 80), ("stop", 80), ("stop", 81), ("seed", 74)):
        keyboards.learning = target
        keyboard.say(bytes((0xB0, control, 127)))
        simulation.engine.step()
    learned = keyboards.learned
    assert {(x.target, x.control, x.is_button) for x in learned} == {
        ("stop", 81, True),
        ("seed", 74, False),
    }, "one controller has one meaning, one meaning one controller"
    assert {x.keyboard for x in learned} == {"1acc:1533"}
    keyboards.restore(())
    assert keyboards.panel_of(0, NoteOn(pitch=1, velocity=1)) is None
    assert keyboards.controls() == {}
    keyboards.restore(learned)
    assert keyboards.controls() == {"stop": 81, "seed": 74}


def test_leaving_the_page_ends_the_lesson(make_instrument: "MakeInstrument") -> None:
    simulation = make_instrument(bundle=None)
    simulation.open_page("MIDI")
    simulation.open_page("Learn knobs")
    simulation.open_page("Button keep")
    simulation.press(Button.BACK)
    simulation.board.keyboard.say(bytes((0xB0, 1, 100)))
    simulation.engine.step()
    assert simulation.engine.crew.keyboards.learned == ()
