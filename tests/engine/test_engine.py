"""The whole instrument on a virtual clock: its simulated devices, a real worker process."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from firmware.devices.controls import Button, Knob, Led
from firmware.engine.events import StopRequested, TimeSet
from firmware.engine.instrument import Instrument
from firmware.engine.schedule import KEYBOARD_CHANNEL, TRACK_CHANNELS
from firmware.engine.simulation import Simulation
from firmware.library.store import Library
from firmware.midi.messages import (
    ALL_NOTES_OFF,
    ALL_SOUND_OFF,
    DRUM_CHANNEL,
    ControlChange,
    MidiMessage,
    NoteOff,
    NoteOn,
)
from firmware.music.notes import Composition, Melody
from firmware.panel.states import State

MakeInstrument = Callable[..., Simulation]
SECOND_NS = 1_000_000_000


def record(simulation: Simulation, melody: Melody) -> None:
    """Record a melody as a player does, with the count-in."""
    simulation.engine.post(TimeSet(tempo_bpm=melody.tempo_bpm, beats_per_bar=melody.beats_per_bar))
    simulation.engine.step()
    pressed_ns = simulation.press(Button.RECORD)
    simulation.strike(melody, pressed_ns + simulation.bar_ns())
    simulation.press(Button.RECORD)


def generate(simulation: Simulation) -> None:
    """Press generate and wait for the composition."""
    simulation.press(Button.GENERATE)
    simulation.wait(lambda: simulation.engine.instrument.generating is None)


def state(simulation: Simulation) -> State:
    return simulation.engine.instrument.state


def sentence(simulation: Simulation) -> str:
    notice = simulation.engine.instrument.notice
    return notice.sentence if notice else ""


def since(simulation: Simulation, count: int) -> list[MidiMessage]:
    return [message for _, message in list(simulation.board.synthesizer.heard)[count:]]


def count_heard(simulation: Simulation) -> int:
    return len(simulation.board.synthesizer.heard)


def test_what_is_played_sounds_at_once_on_the_keyboards_own_channel(
    make_instrument: MakeInstrument,
) -> None:
    simulation = make_instrument(bundle=None)
    simulation.board.keyboard.strike(60, velocity=99)
    simulation.board.keyboard.pedal(down=True)
    simulation.engine.step()
    simulation.board.keyboard.release(60)
    simulation.engine.step()
    assert since(simulation, 0) == [
        NoteOn(pitch=60, velocity=99, channel=KEYBOARD_CHANNEL),
        ControlChange(control=64, value=127, channel=KEYBOARD_CHANNEL),
        NoteOff(pitch=60, channel=KEYBOARD_CHANNEL),
    ]


def test_a_recorded_melody_is_the_one_that_was_struck(
    make_instrument: MakeInstrument, melody: Melody
) -> None:
    simulation = make_instrument(bundle=None)
    record(simulation, melody)
    assert simulation.engine.instrument.takes.melody().notes == melody.notes
    assert simulation.engine.instrument.takes.melody().name == "Take 1"
    assert state(simulation) is State.IDLE


def test_a_bar_is_counted_in_and_every_beat_of_a_recording_clicks(
    make_instrument: MakeInstrument, melody: Melody
) -> None:
    simulation = make_instrument(bundle=None)
    began_ns = simulation.clock.now_ns()
    record(simulation, melody)
    beat_ns = simulation.bar_ns() // 4
    clicks = [
        (at_ns - began_ns, message.pitch)
        for at_ns, message in simulation.board.synthesizer.heard
        if isinstance(message, NoteOn) and message.channel == DRUM_CHANNEL
    ]
    assert clicks[:9] == [(beat * beat_ns, 77 if beat % 4 else 76) for beat in range(9)]
    assert simulation.board.synthesizer.sounding == set()


def test_a_composition_is_played_saved_and_the_same_again(
    make_instrument: MakeInstrument,
    melody: Melody,
    octaves: Callable[..., Composition],
    tmp_path: Path,
) -> None:
    simulation = make_instrument(seed=5)
    record(simulation, melody)
    generate(simulation)
    assert state(simulation) is State.PLAYING
    simulation.wait(lambda: bool(simulation.engine.saved))
    saved = Library(tmp_path / "library").load(simulation.engine.saved[0])
    recorded = simulation.engine.instrument.takes.melody()
    assert saved.composition == octaves(recorded, below=17)
    assert (saved.melody, saved.seed, saved.bundle) == (recorded, 5, "fake")
    assert saved.created_at == "2026-01-02T03:04:05+00:00"


def test_the_music_plays_to_its_end_and_every_note_is_let_go(
    make_instrument: MakeInstrument, melody: Melody
) -> None:
    simulation = make_instrument()
    record(simulation, melody)
    before = count_heard(simulation)
    generate(simulation)
    simulation.advance(20 * SECOND_NS)
    assert state(simulation) is State.IDLE
    heard = since(simulation, before)
    ons = [m for m in heard if isinstance(m, NoteOn)]
    offs = [m for m in heard if isinstance(m, NoteOff)]
    assert len(ons) == len(offs) == 2 * len(melody.notes)
    assert {m.channel for m in ons} == set(TRACK_CHANNELS[:2])
    assert simulation.board.synthesizer.sounding == set()


def test_the_preview_is_heard_before_the_composition_is_finished_and_gives_way_to_it(
    make_instrument: MakeInstrument, melody: Melody, octaves: Callable[..., Composition]
) -> None:
    simulation = make_instrument("PreviewStudio")
    record(simulation, melody)
    instrument = simulation.engine.instrument
    recorded = instrument.takes.melody()
    simulation.press(Button.GENERATE)
    simulation.wait(lambda: state(simulation) is State.AUDITIONING)
    assert instrument.playing == octaves(recorded, below=7)
    simulation.wait(lambda: instrument.generating is None)
    assert state(simulation) is State.PLAYING
    assert instrument.playing == octaves(recorded, below=12)
    assert instrument.player.position_ticks(simulation.clock.now_ns()) > 0, "it goes on"
    simulation.advance(20 * SECOND_NS)
    assert simulation.board.synthesizer.sounding == set()


def test_a_stopped_preview_stays_silent_until_the_composition_is_there(
    make_instrument: MakeInstrument, melody: Melody
) -> None:
    simulation = make_instrument("PreviewStudio")
    record(simulation, melody)
    simulation.press(Button.GENERATE)
    simulation.wait(lambda: state(simulation) is State.AUDITIONING)
    simulation.press(Button.PLAY)
    assert state(simulation) is State.GENERATING
    assert not simulation.engine.instrument.player.is_running
    simulation.wait(lambda: simulation.engine.instrument.generating is None)
    assert state(simulation) is State.PLAYING


def test_a_killed_worker_leaves_the_music_on_says_so_and_works_again(
    make_instrument: MakeInstrument, melody: Melody
) -> None:
    """Kill -9 while a composition plays and the next one is being made."""
    simulation = make_instrument("SlowStudio")
    record(simulation, melody)
    generate(simulation)
    assert state(simulation) is State.PLAYING
    simulation.press(Button.GENERATE)
    assert state(simulation) is State.AUDITIONING
    pid = simulation.engine.worker.pid
    assert pid is not None
    position = simulation.engine.instrument.player.position_ticks(simulation.clock.now_ns())
    os.kill(pid, signal.SIGKILL)
    simulation.wait(lambda: simulation.engine.instrument.generating is None)
    assert state(simulation) is State.PLAYING
    now_ns = simulation.clock.now_ns()
    assert simulation.engine.instrument.player.position_ticks(now_ns) > position
    assert "stopped and was started again" in sentence(simulation)
    assert simulation.engine.worker.pid not in (None, pid)
    simulation.press(Button.GENERATE)
    assert sentence(simulation) == "", "a button takes the message away"
    simulation.wait(lambda: simulation.engine.instrument.generating is None)
    simulation.wait(lambda: len(simulation.engine.saved) == 2)


def test_a_worker_that_always_dies_is_left_alone_and_the_keys_still_sound(
    make_instrument: MakeInstrument,
) -> None:
    simulation = make_instrument("CrashingStudio")
    simulation.wait(lambda: "keeps stopping" in sentence(simulation))
    assert simulation.engine.worker.pid is None
    simulation.board.keyboard.strike(60)
    simulation.engine.step()
    assert simulation.board.synthesizer.sounding == {(KEYBOARD_CHANNEL, 60)}


def test_a_failed_generation_is_a_sentence_on_the_panel(
    make_instrument: MakeInstrument, melody: Melody
) -> None:
    simulation = make_instrument("FailingStudio", seed=0)
    record(simulation, melody)
    generate(simulation)
    assert state(simulation) is State.IDLE
    assert sentence(simulation) == "the model failed"
    simulation.advance(5 * SECOND_NS)
    assert sentence(simulation) == "", "it goes away by itself"


def test_an_instrument_without_a_usable_model_still_plays_and_records(
    make_instrument: MakeInstrument, melody: Melody
) -> None:
    simulation = make_instrument(bundle="broken")
    simulation.wait(lambda: sentence(simulation) == "the model is broken")
    record(simulation, melody)
    simulation.press(Button.PLAY)
    assert state(simulation) is State.PLAYING


def test_back_cancels_a_generation_and_keeps_the_melody(
    make_instrument: MakeInstrument, melody: Melody
) -> None:
    simulation = make_instrument("SlowStudio")
    record(simulation, melody)
    simulation.press(Button.GENERATE)
    assert state(simulation) is State.GENERATING
    simulation.press(Button.BACK)
    assert state(simulation) is State.IDLE
    assert simulation.engine.instrument.takes.melody().notes == melody.notes
    generate(simulation)
    simulation.wait(lambda: bool(simulation.engine.saved))
    assert len(simulation.engine.saved) == 1


def test_back_returns_to_the_composition_before_and_forth_again(
    make_instrument: MakeInstrument, melody: Melody
) -> None:
    simulation = make_instrument()
    record(simulation, melody)
    generate(simulation)
    first = simulation.engine.instrument.takes.current
    simulation.press(Button.STOP)
    generate(simulation)
    second = simulation.engine.instrument.takes.current
    assert first is not second
    simulation.press(Button.BACK)
    assert simulation.engine.instrument.takes.current is first
    simulation.press(Button.BACK)
    assert simulation.engine.instrument.takes.current is second


def test_pause_and_stop_silence_every_channel_that_was_used(
    make_instrument: MakeInstrument, melody: Melody
) -> None:
    simulation = make_instrument()
    record(simulation, melody)
    generate(simulation)
    simulation.advance(SECOND_NS)
    for button in (Button.PLAY, Button.STOP):
        assert simulation.board.synthesizer.sounding
        before = count_heard(simulation)
        simulation.press(button)
        for channel in TRACK_CHANNELS[:2]:
            for control in (ALL_SOUND_OFF, ALL_NOTES_OFF):
                message = ControlChange(control=control, value=0, channel=channel)
                assert message in since(simulation, before)
        assert simulation.board.synthesizer.sounding == set()
        simulation.press(Button.PLAY)
        simulation.advance(SECOND_NS // 4)


def test_keep_makes_a_melody_of_what_was_played_without_recording(
    make_instrument: MakeInstrument, melody: Melody
) -> None:
    simulation = make_instrument(bundle=None, tempo_bpm=melody.tempo_bpm)
    simulation.strike(melody, simulation.clock.now_ns() + SECOND_NS)
    simulation.press(Button.KEEP)
    assert simulation.engine.instrument.takes.melody().notes == melody.notes


def test_an_empty_recording_is_a_sentence_and_keeps_the_melody_before(
    make_instrument: MakeInstrument, melody: Melody
) -> None:
    simulation = make_instrument(bundle=None)
    record(simulation, melody)
    simulation.press(Button.RECORD)
    simulation.advance(5 * SECOND_NS)
    assert state(simulation) is State.RECORDING
    simulation.press(Button.GENERATE)
    assert state(simulation) is State.IDLE
    assert sentence(simulation) == "nothing was played"
    assert simulation.engine.instrument.takes.melody().notes == melody.notes


def test_a_refused_button_says_why_and_changes_nothing(make_instrument: MakeInstrument) -> None:
    simulation = make_instrument(bundle=None)
    simulation.press(Button.GENERATE)
    assert state(simulation) is State.IDLE
    assert "there is no melody yet" in sentence(simulation)
    simulation.press(Button.RECORD)
    simulation.press(Button.GENERATE)
    assert state(simulation) is State.COUNT_IN
    assert "count-in" in sentence(simulation)


def test_a_full_disk_is_a_sentence_and_the_composition_stays(
    make_instrument: MakeInstrument, melody: Melody, tmp_path: Path
) -> None:
    """A file stands where the library's folder should be: nothing can be written there."""
    (tmp_path / "library").write_text("no folder")
    simulation = make_instrument()
    record(simulation, melody)
    generate(simulation)
    simulation.wait(lambda: "not saved" in sentence(simulation))
    assert state(simulation) is State.PLAYING
    assert simulation.engine.instrument.takes.current is not None
    assert simulation.engine.instrument.takes.current.composition is not None


def test_an_unplugged_keyboard_lets_go_of_its_keys_and_is_heard_again_when_it_is_back(
    make_instrument: MakeInstrument,
) -> None:
    simulation = make_instrument(bundle=None)
    simulation.board.keyboard.strike(60)
    simulation.engine.step()
    simulation.board.keyboard.unplug()
    simulation.advance(2 * SECOND_NS)
    assert simulation.board.synthesizer.sounding == set()
    assert "unplugged" in sentence(simulation)
    simulation.board.keyboard.plug_in()
    simulation.advance(2 * SECOND_NS)
    assert "connected" in sentence(simulation)
    simulation.board.keyboard.strike(62)
    simulation.engine.step()
    assert simulation.board.synthesizer.sounding == {(KEYBOARD_CHANNEL, 62)}


def test_a_synthesizer_that_vanishes_does_not_stop_the_music(
    make_instrument: MakeInstrument, melody: Melody
) -> None:
    simulation = make_instrument()
    record(simulation, melody)
    generate(simulation)
    simulation.board.synthesizer.unplug()
    simulation.advance(2 * SECOND_NS)
    assert sentence(simulation)
    before = count_heard(simulation)
    simulation.board.synthesizer.plug_in()
    simulation.advance(2 * SECOND_NS)
    assert state(simulation) is State.PLAYING
    kinds = [type(m).__name__ for m in since(simulation, before)]
    assert kinds[:2] == ["ProgramChange", "ProgramChange"], "it has forgotten its programs"
    assert "NoteOn" in kinds


def test_a_display_that_was_away_shows_the_page_again(make_instrument: MakeInstrument) -> None:
    simulation = make_instrument(bundle=None)
    simulation.advance(5 * SECOND_NS)  # until the page changes no more by itself
    before = simulation.board.display.image
    assert before is not None
    simulation.board.display.unplug()
    simulation.board.knobs.turn(Knob.TEMPO, 5)
    simulation.advance(3 * SECOND_NS)
    assert simulation.board.display.image is None
    simulation.board.display.plug_in()
    simulation.advance(3 * SECOND_NS)
    after = simulation.board.display.image
    assert after is not None
    assert after.tobytes() != before.tobytes()


def test_knobs_change_the_settings_and_the_keyboards_own_controls_work(
    make_instrument: MakeInstrument,
) -> None:
    simulation = make_instrument(bundle=None)
    simulation.board.knobs.turn(Knob.TEMPO, 7)
    simulation.board.knobs.turn(Knob.SELECT, 1)
    simulation.board.knobs.turn(Knob.VALUE, -3)
    simulation.engine.step()
    settings = simulation.engine.instrument.settings
    assert settings.tempo_bpm == 107.0
    assert settings.parameters()["max_input_notes_removed"] == 47
    simulation.board.keyboard.say(bytes((0xB0, 107, 127, 107, 0)))  # record, down and up
    simulation.engine.step()
    assert state(simulation) is State.COUNT_IN
    assert count_heard(simulation) == 1, "its buttons are no music"


def test_lights_show_what_it_does(make_instrument: MakeInstrument, melody: Melody) -> None:
    simulation = make_instrument("SlowStudio")
    record(simulation, melody)
    assert simulation.board.leds.lit == set()
    simulation.press(Button.RECORD)
    assert simulation.board.leds.lit == {Led.RECORD}
    simulation.press(Button.STOP)
    simulation.press(Button.GENERATE)
    assert simulation.board.leds.lit == {Led.GENERATE}
    simulation.press(Button.PLAY)
    assert simulation.board.leds.lit == {Led.GENERATE, Led.PLAY}


def _is_silenced(messages: list[MidiMessage]) -> bool:
    return all(
        ControlChange(control=ALL_SOUND_OFF, value=0, channel=channel) in messages
        for channel in (*TRACK_CHANNELS[:2], KEYBOARD_CHANNEL, DRUM_CHANNEL)
    )


def test_switching_off_silences_everything_and_ends_the_worker(
    make_instrument: MakeInstrument, melody: Melody
) -> None:
    simulation = make_instrument()
    record(simulation, melody)
    generate(simulation)
    simulation.board.keyboard.strike(60)
    simulation.engine.step()
    before = count_heard(simulation)
    simulation.engine.post(StopRequested())
    simulation.engine.run()
    assert _is_silenced(since(simulation, before))
    assert simulation.board.synthesizer.sounding == set()
    assert simulation.engine.worker.pid is None


def test_a_mistake_in_the_engine_ends_in_silence_not_in_a_hanging_note(
    make_instrument: MakeInstrument, melody: Melody, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulation = make_instrument()
    record(simulation, melody)
    generate(simulation)
    assert simulation.board.synthesizer.sounding
    before = count_heard(simulation)

    def fail(*_: object) -> None:
        raise ZeroDivisionError("a mistake")

    monkeypatch.setattr(Instrument, "hear", fail)
    simulation.board.keyboard.strike(60)
    with pytest.raises(ZeroDivisionError):
        simulation.engine.run()
    assert _is_silenced(since(simulation, before))
    assert simulation.board.synthesizer.sounding == set()
