"""Devices that vanish and come back, knobs and lights of the whole instrument."""

from typing import TYPE_CHECKING

from firmware.devices.controls import Button, Knob, Led
from firmware.engine.schedule import KEYBOARD_CHANNEL
from firmware.music.notes import Melody
from firmware.panel.states import State
from firmware.parameters import Technique

if TYPE_CHECKING:
    from tests.engine.conftest import MakeInstrument

SECOND_NS = 1_000_000_000


def test_an_unplugged_keyboard_lets_go_of_its_keys_and_is_heard_again_when_it_is_back(
    make_instrument: "MakeInstrument",
) -> None:
    simulation = make_instrument(bundle=None)
    simulation.board.keyboard.strike(60)
    simulation.engine.step()
    simulation.board.keyboard.unplug()
    simulation.advance(2 * SECOND_NS)
    assert simulation.board.synthesizer.sounding == set()
    assert "unplugged" in simulation.sentence()
    simulation.board.keyboard.plug_in()
    simulation.advance(2 * SECOND_NS)
    assert "connected" in simulation.sentence()
    simulation.board.keyboard.strike(62)
    simulation.engine.step()
    assert simulation.board.synthesizer.sounding == {(KEYBOARD_CHANNEL, 62)}


def test_a_synthesizer_that_vanishes_does_not_stop_the_music(
    make_instrument: "MakeInstrument", melody: Melody
) -> None:
    simulation = make_instrument()
    simulation.record(melody)
    simulation.generate()
    simulation.board.synthesizer.unplug()
    simulation.advance(2 * SECOND_NS)
    assert simulation.sentence()
    before = simulation.count_heard()
    simulation.board.synthesizer.plug_in()
    simulation.advance(2 * SECOND_NS)
    assert simulation.state() is State.PLAYING
    kinds = [type(m).__name__ for m in simulation.since(before)]
    assert kinds[:2] == ["ProgramChange", "ProgramChange"], "it has forgotten its programs"
    assert "NoteOn" in kinds


def test_a_display_that_was_away_shows_the_page_again(make_instrument: "MakeInstrument") -> None:
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
    make_instrument: "MakeInstrument",
) -> None:
    simulation = make_instrument(bundle=None)
    simulation.turn(Knob.TEMPO, 7)
    simulation.open_page("Parameters")
    simulation.select("Remove at most")
    simulation.turn(Knob.VALUE, -3)
    simulation.turn(Knob.RISK, 2)
    simulation.turn(Knob.SECOND, 1)
    settings = simulation.engine.instrument.settings
    assert settings.tempo_bpm == 107.0
    assert settings.parameters()["max_input_notes_removed"] == 47
    assert settings.parameters()["creative_risk"] == 1.2
    assert settings.parameters()["max_notes_added"] == 95
    heard = simulation.count_heard()
    simulation.board.keyboard.say(bytes((0xB0, 107, 127, 107, 0)))  # record, down and up
    simulation.engine.step()
    assert simulation.state() is State.COUNT_IN
    assert simulation.count_heard() == heard + 1, "its buttons are no music"


def test_a_keyboards_knob_sets_what_the_technique_has(make_instrument: "MakeInstrument") -> None:
    """The third knob is how much is added: notes, or seconds of music."""
    simulation = make_instrument(bundle=None, technique=Technique.EXTEND)
    instrument = simulation.engine.instrument
    for value in (0, 127):
        simulation.board.keyboard.say(bytes((0xB0, 23, value)))
    simulation.engine.step()
    assert instrument.settings.parameters()["track_extension_duration"] == 60.0
    assert instrument.settings.values.keys() == {Technique.EXTEND}


def test_lights_show_what_it_does(make_instrument: "MakeInstrument", melody: Melody) -> None:
    simulation = make_instrument("SlowStudio")
    simulation.record(melody)
    assert simulation.board.leds.lit == set()
    simulation.press(Button.RECORD)
    assert simulation.board.leds.lit == {Led.RECORD}
    simulation.press(Button.STOP)
    simulation.press(Button.GENERATE)
    assert simulation.board.leds.lit == {Led.GENERATE}
    simulation.press(Button.PLAY)
    assert simulation.board.leds.lit == {Led.GENERATE, Led.PLAY}


def test_a_key_sounds_without_waiting_for_the_owner(make_instrument: "MakeInstrument") -> None:
    """Who may be drawing, or opening what the worker sent; it is recorded all the same."""
    simulation = make_instrument(bundle=None)
    simulation.board.keyboard.strike(60)
    simulation.board.keyboard.say(bytes((0xB0, 107, 127)))  # record, which is no music
    assert simulation.board.synthesizer.sounding == {(KEYBOARD_CHANNEL, 60)}
    assert simulation.count_heard() == 1
    simulation.engine.step()
    assert simulation.count_heard() >= 1
    assert simulation.state() is State.COUNT_IN
