"""Extensions and duets on the whole instrument: keys, buttons, a real worker, a virtual clock."""

import os
import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from firmware.devices.controls import Button, Knob, Led
from firmware.engine.schedule import KEYBOARD_CHANNEL, TRACK_CHANNELS
from firmware.midi.messages import NoteOn
from firmware.music.notes import Melody
from firmware.panel.states import State
from firmware.panel.views import DuetView, PeekView
from firmware.parameters import Technique

if TYPE_CHECKING:
    from tests.engine.conftest import MakeInstrument, Rehearsal

SECOND_NS = 1_000_000_000
BEAT_NS = 600_000_000  # at 100 beats a minute
EXTENSION_CHANNEL = TRACK_CHANNELS[1]


def ons(simulation: "Rehearsal", channel: int) -> list[tuple[int, int]]:
    """When which pitches were struck on a channel."""
    return [
        (at_ns, message.pitch)
        for at_ns, message in simulation.board.synthesizer.heard
        if isinstance(message, NoteOn) and message.channel == channel
    ]


def wait_for_music(simulation: "Rehearsal") -> None:
    """Until the first preview is there; the clock stands still meanwhile."""
    instrument = simulation.engine.instrument
    while not instrument.player.is_running:
        simulation.engine.step(0.02)


def play_phrase(simulation: "Rehearsal", *pitches: int) -> None:
    """Strike a key a beat."""
    for pitch in pitches:
        simulation.board.keyboard.strike(pitch)
        simulation.advance(BEAT_NS)
        simulation.board.keyboard.release(pitch)
    simulation.engine.step()


def test_an_extension_streams_to_the_player_without_a_seam(
    make_instrument: "MakeInstrument", melody: Melody
) -> None:
    """The worker writes faster than it is played; every note is at its instant."""
    simulation = make_instrument("ExtendingStudio", technique=Technique.EXTEND)
    simulation.record(melody)
    simulation.board.buttons.press(Button.GENERATE)
    simulation.engine.step()
    wait_for_music(simulation)
    began_ns = simulation.clock.now_ns()
    assert simulation.state() is State.AUDITIONING
    simulation.wait(lambda: simulation.engine.instrument.generating is None)
    assert simulation.state() is State.PLAYING
    simulation.advance(60 * SECOND_NS)
    assert simulation.state() is State.IDLE
    beat_ns = simulation.bar_ns() // 4
    assert ons(simulation, EXTENSION_CHANNEL) == [
        (began_ns + beat * beat_ns, 84 - beat) for beat in range(24)
    ]
    assert simulation.board.synthesizer.sounding == set()
    simulation.wait(lambda: len(simulation.engine.saved) == 1, who="the disk")


def test_a_worker_that_dies_while_it_writes_leaves_what_was_heard(
    make_instrument: "MakeInstrument", melody: Melody
) -> None:
    simulation = make_instrument("ExtendingStudio", technique=Technique.EXTEND, seed=2)
    simulation.record(melody)
    simulation.press(Button.GENERATE)
    simulation.wait(lambda: simulation.engine.instrument.generating is None)
    assert "process stopped" in simulation.sentence()
    simulation.advance(60 * SECOND_NS)
    assert simulation.state() is State.IDLE
    assert len(ons(simulation, EXTENSION_CHANNEL)) == 2 * 4
    assert simulation.board.synthesizer.sounding == set()
    simulation.press(Button.PLAY)
    simulation.advance(60 * SECOND_NS)
    assert len(ons(simulation, EXTENSION_CHANNEL)) == 2 * 2 * 4
    assert simulation.engine.saved == []


def begin_duet(simulation: "Rehearsal") -> None:
    """Choose the duet in the first row, and press generate."""
    simulation.turn(Knob.VALUE, len(Technique))  # it is the last one
    assert simulation.engine.instrument.settings.is_duet
    simulation.press(Button.GENERATE)
    assert simulation.state() is State.DUET_LISTENING
    assert simulation.board.leds.lit == {Led.GENERATE}


def test_a_duet_answers_stops_for_the_player_and_answers_what_was_said_by_both(
    make_instrument: "MakeInstrument",
) -> None:
    simulation = make_instrument("ExtendingStudio")
    begin_duet(simulation)
    play_phrase(simulation, 60, 62, 64)
    simulation.advance(2 * BEAT_NS)
    assert simulation.state() is State.DUET_ANSWERING
    wait_for_music(simulation)
    simulation.advance(2 * BEAT_NS + BEAT_NS // 2)
    assert len(ons(simulation, EXTENSION_CHANNEL)) >= 2
    simulation.board.keyboard.strike(67)
    simulation.engine.step()
    assert simulation.board.synthesizer.sounding == {(KEYBOARD_CHANNEL, 67)}
    assert simulation.state() is State.DUET_LISTENING
    simulation.advance(BEAT_NS)
    simulation.board.keyboard.release(67)
    play_phrase(simulation, 69)
    heard = len(ons(simulation, EXTENSION_CHANNEL))
    simulation.advance(2 * BEAT_NS)
    generating = simulation.engine.instrument.generating
    assert generating is not None
    request = generating.request
    assert [note.pitch for note in request.melody.notes] == [67, 69]
    assert request.turns is not None
    (turn,) = request.turns
    assert [note.pitch for note in turn.melody.notes] == [60, 62, 64]
    assert [note.pitch for note in turn.answer] == [84 - beat for beat in range(heard)]
    simulation.wait(lambda: simulation.engine.instrument.generating is None)
    simulation.advance(30 * SECOND_NS)
    assert simulation.state() is State.DUET_LISTENING
    assert simulation.board.synthesizer.sounding == set()


def test_the_panel_shows_whose_turn_it_is_and_the_settings_while_they_are_turned(
    make_instrument: "MakeInstrument",
) -> None:
    simulation = make_instrument("ExtendingStudio")
    begin_duet(simulation)
    listening = DuetView(tempo_bpm=100.0, is_answering=False)
    assert simulation.view() == listening
    simulation.turn(Knob.VALUE, 3)
    risk = simulation.view()
    assert isinstance(risk, PeekView)
    assert (risk.label, risk.value) == ("Creative risk", "1.3")
    simulation.advance(2 * SECOND_NS)
    assert simulation.view() == listening
    play_phrase(simulation, 60, 62)
    simulation.advance(2 * BEAT_NS)
    assert simulation.view() == replace(listening, is_answering=True)


def test_switched_off_in_an_answer_a_duet_leaves_silence_a_melody_and_no_process(
    make_instrument: "MakeInstrument",
) -> None:
    simulation = make_instrument("ExtendingStudio")
    begin_duet(simulation)
    play_phrase(simulation, 60, 62)
    simulation.advance(2 * BEAT_NS)
    wait_for_music(simulation)
    simulation.advance(BEAT_NS + BEAT_NS // 2)
    simulation.press(Button.STOP)
    assert simulation.state() is State.IDLE
    assert simulation.board.leds.lit == set()
    assert simulation.board.synthesizer.sounding == set()
    assert simulation.engine.instrument.duet is None
    assert len(simulation.engine.instrument.takes.melody().notes) > 2
    simulation.advance(10 * SECOND_NS)
    assert simulation.board.synthesizer.sounding == set()
    simulation.press(Button.GENERATE)
    assert simulation.state() is State.DUET_LISTENING
    pid = simulation.engine.worker.pid
    assert pid is not None
    simulation.engine.close()
    assert not os.path.exists(f"/proc/{pid}")


def test_a_duet_without_a_model_is_a_sentence(make_instrument: "MakeInstrument") -> None:
    simulation = make_instrument(techniques={Technique.ENHANCE})
    simulation.turn(Knob.VALUE, len(Technique))  # it is the last one
    simulation.press(Button.GENERATE)
    assert "no model is installed" in simulation.sentence()
    assert simulation.state() is State.IDLE


def do_something(simulation: "Rehearsal", rng: random.Random) -> None:
    """One thing that a player may do; real previews arrive whenever the worker has them."""
    keyboard, synthesizer = simulation.board.keyboard, simulation.board.synthesizer
    key = (KEYBOARD_CHANNEL, rng.randrange(60, 64))
    match rng.choice(("phrase", "strike", "release", "wait", "look", "press")):
        case "phrase":
            release_keys(simulation)
            play_phrase(simulation, 60, 62)
            simulation.advance(2 * BEAT_NS)
        case "strike" if key not in synthesizer.sounding:
            keyboard.strike(key[1])
            simulation.engine.step()
            channels = {channel for channel, _ in synthesizer.sounding}
            assert simulation.engine.instrument.duet is None or channels == {KEYBOARD_CHANNEL}
        case "release" if key in synthesizer.sounding:
            keyboard.release(key[1])
        case "look":
            simulation.engine.step(0.03)
        case "press" if rng.random() < 0.3:
            simulation.press(rng.choice(list(Button)))
    simulation.advance(rng.randrange(2 * BEAT_NS))


def release_keys(simulation: "Rehearsal") -> None:
    """Take all fingers off."""
    for pitch in range(60, 64):
        simulation.board.keyboard.release(pitch)
    simulation.engine.step()


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_pressed_and_played_in_a_duet_no_note_is_left(
    make_instrument: "MakeInstrument", seed: int
) -> None:
    """A struck key silences the answer within the engine's step, and stop everything."""
    simulation = make_instrument("ExtendingStudio")
    begin_duet(simulation)
    rng, answered = random.Random(seed), 0
    for _ in range(80):
        do_something(simulation, rng)
        answered += simulation.state() is State.DUET_ANSWERING
        if simulation.state() is State.IDLE:
            simulation.press(Button.GENERATE)
    release_keys(simulation)
    simulation.press(Button.STOP)
    simulation.advance(60 * SECOND_NS)
    assert answered > 3
    assert simulation.state() is State.IDLE
    assert simulation.board.synthesizer.sounding == set()
