"""The whole instrument on a virtual clock: keys sound, are recorded and played, and fall silent."""

from typing import TYPE_CHECKING

import pytest

from firmware.devices.controls import Button
from firmware.engine.events import StopRequested
from firmware.engine.instrument import Instrument
from firmware.engine.schedule import KEYBOARD_CHANNEL, TRACK_CHANNELS
from firmware.midi.messages import (
    ALL_NOTES_OFF,
    ALL_SOUND_OFF,
    DRUM_CHANNEL,
    ControlChange,
    MidiMessage,
    NoteOff,
    NoteOn,
)
from firmware.music.notes import Melody
from firmware.panel.states import State

if TYPE_CHECKING:
    from tests.engine.conftest import MakeInstrument

SECOND_NS = 1_000_000_000


def test_what_is_played_sounds_at_once_on_the_keyboards_own_channel(
    make_instrument: "MakeInstrument",
) -> None:
    simulation = make_instrument(bundle=None)
    simulation.board.keyboard.strike(60, velocity=99)
    simulation.board.keyboard.pedal(down=True)
    simulation.engine.step()
    simulation.board.keyboard.release(60)
    simulation.engine.step()
    assert simulation.since(0) == [
        NoteOn(pitch=60, velocity=99, channel=KEYBOARD_CHANNEL),
        ControlChange(control=64, value=127, channel=KEYBOARD_CHANNEL),
        NoteOff(pitch=60, channel=KEYBOARD_CHANNEL),
    ]


def test_a_recorded_melody_is_the_one_that_was_struck(
    make_instrument: "MakeInstrument", melody: Melody
) -> None:
    simulation = make_instrument(bundle=None)
    simulation.record(melody)
    assert simulation.engine.instrument.takes.melody().notes == melody.notes
    assert simulation.engine.instrument.takes.melody().name == "Take 1"
    assert simulation.state() is State.IDLE


def test_a_bar_is_counted_in_and_every_beat_of_a_recording_clicks(
    make_instrument: "MakeInstrument", melody: Melody
) -> None:
    simulation = make_instrument(bundle=None)
    began_ns = simulation.clock.now_ns()
    simulation.record(melody)
    beat_ns = simulation.bar_ns() // 4
    clicks = [
        (at_ns - began_ns, message.pitch)
        for at_ns, message in simulation.board.synthesizer.heard
        if isinstance(message, NoteOn) and message.channel == DRUM_CHANNEL
    ]
    assert clicks[:9] == [(beat * beat_ns, 77 if beat % 4 else 76) for beat in range(9)]
    assert simulation.board.synthesizer.sounding == set()


def test_the_music_plays_to_its_end_and_every_note_is_let_go(
    make_instrument: "MakeInstrument", melody: Melody
) -> None:
    simulation = make_instrument()
    simulation.record(melody)
    before = simulation.count_heard()
    simulation.generate()
    simulation.advance(20 * SECOND_NS)
    assert simulation.state() is State.IDLE
    heard = simulation.since(before)
    ons = [m for m in heard if isinstance(m, NoteOn)]
    offs = [m for m in heard if isinstance(m, NoteOff)]
    assert len(ons) == len(offs) == 2 * len(melody.notes)
    assert {m.channel for m in ons} == set(TRACK_CHANNELS[:2])
    assert simulation.board.synthesizer.sounding == set()


def test_pause_and_stop_silence_every_channel_that_was_used(
    make_instrument: "MakeInstrument", melody: Melody
) -> None:
    simulation = make_instrument()
    simulation.record(melody)
    simulation.generate()
    simulation.advance(SECOND_NS)
    for button in (Button.PLAY, Button.STOP):
        assert simulation.board.synthesizer.sounding
        before = simulation.count_heard()
        simulation.press(button)
        for channel in TRACK_CHANNELS[:2]:
            for control in (ALL_SOUND_OFF, ALL_NOTES_OFF):
                message = ControlChange(control=control, value=0, channel=channel)
                assert message in simulation.since(before)
        assert simulation.board.synthesizer.sounding == set()
        simulation.press(Button.PLAY)
        simulation.advance(SECOND_NS // 4)


def test_keep_makes_a_melody_of_what_was_played_without_recording(
    make_instrument: "MakeInstrument", melody: Melody
) -> None:
    simulation = make_instrument(bundle=None, tempo_bpm=melody.tempo_bpm)
    simulation.strike(melody, simulation.clock.now_ns() + SECOND_NS)
    simulation.press(Button.KEEP)
    assert simulation.engine.instrument.takes.melody().notes == melody.notes


def test_an_empty_recording_is_a_sentence_and_keeps_the_melody_before(
    make_instrument: "MakeInstrument", melody: Melody
) -> None:
    simulation = make_instrument(bundle=None)
    simulation.record(melody)
    simulation.press(Button.RECORD)
    simulation.advance(5 * SECOND_NS)
    assert simulation.state() is State.RECORDING
    simulation.press(Button.GENERATE)
    assert simulation.state() is State.IDLE
    assert simulation.sentence() == "nothing was played"
    assert simulation.engine.instrument.takes.melody().notes == melody.notes


def test_a_refused_button_says_why_and_changes_nothing(make_instrument: "MakeInstrument") -> None:
    simulation = make_instrument(bundle=None)
    simulation.press(Button.GENERATE)
    assert simulation.state() is State.IDLE
    assert "there is no melody yet" in simulation.sentence()
    simulation.press(Button.RECORD)
    simulation.press(Button.GENERATE)
    assert simulation.state() is State.COUNT_IN
    assert "count-in" in simulation.sentence()


def _is_silenced(messages: list[MidiMessage]) -> bool:
    return all(
        ControlChange(control=ALL_SOUND_OFF, value=0, channel=channel) in messages
        for channel in (*TRACK_CHANNELS[:2], KEYBOARD_CHANNEL, DRUM_CHANNEL)
    )


def test_switching_off_silences_everything_and_ends_the_worker(
    make_instrument: "MakeInstrument", melody: Melody
) -> None:
    simulation = make_instrument()
    simulation.record(melody)
    simulation.generate()
    simulation.board.keyboard.strike(60)
    simulation.engine.step()
    before = simulation.count_heard()
    simulation.engine.post(StopRequested())
    simulation.engine.run()
    assert _is_silenced(simulation.since(before))
    assert simulation.board.synthesizer.sounding == set()
    assert simulation.engine.worker.pid is None


def test_a_mistake_in_the_engine_ends_in_silence_not_in_a_hanging_note(
    make_instrument: "MakeInstrument", melody: Melody, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulation = make_instrument()
    simulation.record(melody)
    simulation.generate()
    assert simulation.board.synthesizer.sounding
    before = simulation.count_heard()

    def fail(*_: object) -> None:
        raise ZeroDivisionError("a mistake")

    monkeypatch.setattr(Instrument, "hear", fail)
    simulation.board.keyboard.strike(60)
    with pytest.raises(ZeroDivisionError):
        simulation.engine.run()
    assert _is_silenced(simulation.since(before))
    assert simulation.board.synthesizer.sounding == set()
