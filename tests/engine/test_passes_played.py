"""Passes on the whole instrument: real knobs of every kind, a real worker, a virtual clock."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from firmware.devices.controls import Button, Knob, Led
from firmware.engine.schedule import TRACK_CHANNELS
from firmware.engine.takes import Take
from firmware.midi.clock import PER_BEAT
from firmware.midi.messages import NoteOn, Realtime, SongPosition
from firmware.music.notes import Melody, Note
from firmware.panel.states import State
from firmware.panel.views import ListenView

if TYPE_CHECKING:
    from tests.engine.conftest import MakeInstrument, Rehearsal

SECOND_NS = 1_000_000_000
BEAT_NS = SECOND_NS // 2
BAR_NS = 4 * BEAT_NS
BARS = 8
BELOW = TRACK_CHANNELS[1]


@pytest.fixture
def melody() -> Melody:
    """Eight bars at 120 beats a minute, with notes over the bar lines."""
    notes = [
        Note(start_ticks=480 * beat, pitch=60 + beat % 5, duration_ticks=720, velocity=80)
        for beat in range(4 * BARS - 1)
    ]
    return Melody(notes=tuple(notes), tempo_bpm=120.0, name="Eight bars")


def play(simulation: "Rehearsal", melody: Melody) -> int:
    """Have a take made that plays; when it began."""
    simulation.engine.instrument.takes.add(Take(melody=melody))
    simulation.generate()
    assert simulation.state() is State.PLAYING
    beat = simulation.engine.instrument.player.beat
    assert beat is not None
    return beat.origin_ns


def struck(simulation: "Rehearsal", since_ns: int) -> list[tuple[int, int]]:
    """When which pitches of the lower voice were struck."""
    return [
        (at_ns - since_ns, message.pitch)
        for at_ns, message in simulation.board.synthesizer.heard
        if isinstance(message, NoteOn) and message.channel == BELOW and at_ns >= since_ns
    ]


def coming(simulation: "Rehearsal") -> str:
    """What the panel says of the next pass."""
    view = simulation.view()
    assert isinstance(view, ListenView)
    return view.coming


def turn_knob_of_keyboard(simulation: "Rehearsal") -> None:
    """The keyboard's own knob picks its value up on its way from the left."""
    for value in (0, 19, 40):
        simulation.board.keyboard.say(bytes((0xB0, 21, value)))
        simulation.engine.step()
    simulation.advance(2 * SECOND_NS + SECOND_NS // 5)  # until its value is seen no more


@pytest.mark.parametrize(
    "turn",
    [
        lambda simulation: simulation.turn(Knob.RISK, 10),
        lambda simulation: simulation.turn(Knob.VALUE, 10),
        turn_knob_of_keyboard,
    ],
    ids=["dial of its own", "menu's dial", "MIDI keyboard"],
)
def test_creative_risk_turned_while_it_plays_is_heard_from_a_bar_line_on(
    make_instrument: "MakeInstrument", melody: Melody, turn: Callable[["Rehearsal"], None]
) -> None:
    """Old notes to that line, new ones from it on, each in its instant; then a take of its own."""
    simulation = make_instrument("RiskStudio")
    instrument = simulation.engine.instrument
    began_ns = play(simulation, melody)
    simulation.advance(BAR_NS)
    turn(simulation)
    assert len(instrument.takes) == 2
    simulation.wait(lambda: instrument.player.cue_ticks is not None)
    simulation.advance(2 * SECOND_NS)
    cue = instrument.player.cue_ticks
    simulation.wait(lambda: len(instrument.takes) == 3)
    assert cue is None or cue % (4 * 480) == 0
    record = instrument.takes.current and instrument.takes.current.record
    assert record
    below = 12 + round(float(record.parameters["creative_risk"]))
    assert below > 13
    simulation.advance(20 * SECOND_NS)
    heard = struck(simulation, began_ns)
    assert [at_ns for at_ns, _ in heard] == [BEAT_NS * beat for beat in range(4 * BARS - 1)]
    steps = [60 + beat % 5 - pitch for beat, (_, pitch) in enumerate(heard)]
    line = steps.index(below)
    assert line % 4 == 0
    assert line > 0
    assert steps == [13] * line + [below] * (4 * BARS - 1 - line)
    assert simulation.board.synthesizer.sounding == set()
    simulation.wait(lambda: len(simulation.engine.saved) == 2, who="the disk")


def test_whoever_runs_along_hears_an_unbroken_clock_over_the_bar_line(
    make_instrument: "MakeInstrument", melody: Melody
) -> None:
    simulation = make_instrument("RiskStudio")
    instrument, clocks = simulation.engine.instrument, simulation.engine.crew.clocks
    play(simulation, melody)
    simulation.turn(Knob.RISK, 10)
    simulation.wait(lambda: instrument.player.cue_ticks is not None)
    clocks.switch(is_out=True)
    before, passed_ns = simulation.count_heard(), 0
    while passed_ns < BAR_NS:  # in small steps: the clock's thread lives in real time
        simulation.advance(SECOND_NS // 100)
        clocks._out.run_due()
        passed_ns += SECOND_NS // 100
    assert len(instrument.takes) == 3
    times = [m for m in simulation.since(before - 2) if isinstance(m, Realtime | SongPosition)]
    others = [message for message in times if message is not Realtime.CLOCK]
    assert [type(message) for message in others] == [SongPosition, Realtime]
    assert times.count(Realtime.CLOCK) == pytest.approx(4 * PER_BEAT, abs=PER_BEAT // 4)


def test_the_panel_says_how_the_next_pass_gets_on(
    make_instrument: "MakeInstrument", melody: Melody
) -> None:
    simulation = make_instrument("RiskStudio")
    instrument = simulation.engine.instrument
    play(simulation, melody)
    simulation.view()
    assert coming(simulation) == ""
    simulation.board.knobs.turn(Knob.RISK, 10)
    simulation.engine.step()
    simulation.press(Button.KEEP)  # any button takes the value away; nothing was played
    simulation.press(Button.ENTER)
    simulation.press(Button.BACK)
    assert coming(simulation) == "next pass…"
    said: set[str] = set()
    lit: set[Led] = set()
    while instrument.player.cue_ticks is None:
        simulation.engine.step(0.02)
        simulation.advance(SECOND_NS // 100)
        said.add(coming(simulation).split(" ")[-1][-1])
        lit |= simulation.board.leds.lit
    assert lit == {Led.PLAY, Led.GENERATE}
    assert said >= {"%"}
    bar = instrument.player.cue_ticks // (4 * 480) + 1
    assert coming(simulation) == f"next pass: bar {bar}"
    simulation.advance(BAR_NS)
    assert coming(simulation) == ""


def test_panic_ends_the_next_pass_too(make_instrument: "MakeInstrument", melody: Melody) -> None:
    simulation = make_instrument("RiskStudio")
    play(simulation, melody)
    simulation.turn(Knob.RISK, 10)
    simulation.advance(SECOND_NS)
    assert simulation.engine.instrument.passes.coming is not None
    simulation.board.buttons.hold(Button.STOP)
    simulation.engine.step()
    assert simulation.board.synthesizer.sounding == set()
    assert not simulation.engine.instrument.passes.is_wanted
    before = simulation.count_heard()
    for _ in range(20):
        simulation.engine.step(0.02)
    simulation.advance(20 * SECOND_NS)
    assert not [m for m in simulation.since(before) if isinstance(m, NoteOn)]
    assert len(simulation.engine.instrument.takes) == 2
