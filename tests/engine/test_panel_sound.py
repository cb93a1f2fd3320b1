"""How it sounds is set at the panel, and heard at once."""

from typing import TYPE_CHECKING

from firmware.devices.controls import Knob
from firmware.engine.schedule import KEYBOARD_CHANNEL
from firmware.midi.messages import CHANNELS, ControlChange, NoteOn, ProgramChange
from firmware.music.notes import Melody
from firmware.panel.views import ListView

if TYPE_CHECKING:
    from tests.engine.conftest import MakeInstrument

from tests.engine.fingers import SECOND_NS, go_home, value


def test_volume_instrument_and_thru_are_set_at_once(make_instrument: "MakeInstrument") -> None:
    simulation = make_instrument(bundle=None)
    board = simulation.board
    simulation.open_page("Sound")
    before = simulation.count_heard()
    simulation.turn(Knob.VALUE, -99)
    volumes = [m for m in simulation.since(before) if isinstance(m, ControlChange)]
    assert volumes[-CHANNELS:] == [
        ControlChange(control=7, value=0, channel=channel) for channel in range(CHANNELS)
    ]
    assert value(simulation, "Volume") == "0%"
    simulation.select("Keyboard")
    simulation.turn(Knob.VALUE, 19)
    assert simulation.since(0)[-1] == ProgramChange(program=19, channel=KEYBOARD_CHANNEL)
    board.synthesizer.unplug()
    simulation.advance(2 * SECOND_NS)
    before = simulation.count_heard()
    board.synthesizer.plug_in()
    simulation.advance(2 * SECOND_NS)
    assert len(simulation.since(before)) == CHANNELS + 1, "it has forgotten both"
    go_home(simulation)
    simulation.open_page("MIDI")
    board.keyboard.strike(60)
    simulation.open_page("Thru")
    assert board.synthesizer.sounding == set(), "what is held is let go"
    board.keyboard.release(60)
    board.keyboard.strike(62)
    simulation.engine.step()
    assert board.synthesizer.sounding == set()
    simulation.open_page("Thru")
    board.keyboard.release(62)
    board.keyboard.strike(64)
    assert board.synthesizer.sounding == {(KEYBOARD_CHANNEL, 64)}


def test_the_keyboard_is_heard_on_another_channel_and_the_tracks_give_way(
    make_instrument: "MakeInstrument", melody: Melody
) -> None:
    """Keys that are down are let go where they were; what plays goes on beside the new channel."""
    simulation = make_instrument()
    board, instrument = simulation.board, simulation.engine.instrument
    simulation.record(melody)
    simulation.generate()
    go_home(simulation)
    simulation.open_page("Sound")
    simulation.change("Keyboard", 19)
    go_home(simulation)
    simulation.open_page("MIDI")
    board.keyboard.strike(50)
    simulation.engine.step()
    assert (KEYBOARD_CHANNEL, 50) in board.synthesizer.sounding
    before = simulation.count_heard()
    simulation.change("Keyboard's channel", -99)
    assert value(simulation, "Keyboard's channel") == "1"
    assert ProgramChange(program=19, channel=0) in simulation.since(before)
    board.keyboard.release(50)
    board.keyboard.strike(52)
    simulation.engine.step()
    assert instrument.player.is_running
    assert {p for c, p in board.synthesizer.sounding if c == 0} == {52}
    assert KEYBOARD_CHANNEL not in {c for c, _ in board.synthesizer.sounding}
    assert {c for c, _ in instrument.player.sounding} <= {1, 2}
    before = simulation.count_heard()
    simulation.advance(20 * SECOND_NS)
    ons = {m.channel for m in simulation.since(before) if isinstance(m, NoteOn)}
    assert ons <= {1, 2}
    board.keyboard.release(52)
    simulation.engine.step()
    assert board.synthesizer.sounding == set()


def test_without_its_clicks_a_recording_is_silent_after_the_count_in(
    make_instrument: "MakeInstrument", melody: Melody
) -> None:
    simulation = make_instrument(bundle=None)
    simulation.open_page("Sound")
    simulation.open_page("Metronome")
    before = simulation.count_heard()
    simulation.record(melody)
    clicks = [m for m in simulation.since(before) if isinstance(m, NoteOn) and m.channel == 9]
    assert len(clicks) == 4


def test_home_shows_how_much_sounds_and_that_it_fades(make_instrument: "MakeInstrument") -> None:
    simulation = make_instrument()
    levels = []
    simulation.board.keyboard.strike(60, velocity=127)
    for _ in range(12):
        simulation.advance(100_000_000)
        view = simulation.view()
        assert isinstance(view, ListView)
        levels.append(view.level)
    assert levels[0] == 5
    assert levels[-1] == 0
    assert levels == sorted(levels, key=lambda level: -(level or 0))
