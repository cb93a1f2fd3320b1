"""An instrument goes on where it was switched off, and carefully after any other end."""

import json
from pathlib import Path

from firmware.devices.controls import Button
from firmware.engine.keeper import EARLIER_PIECES_FILE, MEMORY_FILE, MOST_EARLIER, PIECES_FILE
from firmware.engine.memory import memory_from_json, pieces_from_json
from firmware.midi.messages import ControlChange, ProgramChange
from firmware.music.notes import Melody
from firmware.panel.pages.home import HomePage
from firmware.panel.pages.recovery import RecoveryPage
from firmware.panel.pages.sound import SoundPage
from firmware.panel.states import State
from firmware.parameters import Technique
from tests.engine.keeper.lives import (
    LESSON,
    SECOND_NS,
    Make,
    change_everything,
    crash,
    switch_off,
    technique,
    wait_for_the_disk,
)


def test_what_was_set_and_seen_is_there_again_after_it_was_switched_off(
    make: Make, folder: Path
) -> None:
    first = make()
    change_everything(first)
    switch_off(first)
    text = (folder / MEMORY_FILE).read_text()
    second = make()
    settings = second.engine.instrument.settings
    assert settings.technique is Technique.EXTEND
    assert settings.value("track_extension_duration") == 17.0
    assert (settings.tempo_bpm, settings.beats_per_bar) == (107.0, 3)
    assert second.engine.crew.sound.volume == 71
    assert second.engine.crew.sound.program == 19
    assert not second.engine.instrument.booth.is_metronome_on
    assert not second.engine.instrument.thru.is_on
    assert second.engine.instrument.thru.channel == 13
    assert second.engine.instrument.stage.mixer.keyboard_channel == 13
    assert second.engine.crew.clocks.is_out
    assert not second.engine.crew.clocks.is_in
    assert second.engine.crew.keyboards.learned == (LESSON,)
    navigation = second.engine.panel.navigation
    assert navigation.stack[1:] == (SoundPage(selected=1, anchor="Keyboard"),)
    told = second.since(0)
    assert ProgramChange(program=19, channel=13) in told
    assert ControlChange(control=7, value=90, channel=0) in told
    switch_off(second)
    assert (folder / MEMORY_FILE).read_text() == text
    assert sorted(path.name for path in folder.iterdir()) == [MEMORY_FILE, PIECES_FILE]


def test_the_take_and_its_instruments_are_there_again(make: Make, melody: Melody) -> None:
    first = make(bundle="fake")
    first.record(melody)
    first.generate()
    first.wait(lambda: len(first.engine.saved) == 1, who="the disk")
    first.press(Button.STOP)
    first.press(Button.ENTER)
    first.open_page("Below")
    first.change("Plays", 40)
    take, tracks = first.engine.instrument.takes.current, first.engine.instrument.stage.mixer.tracks
    switch_off(first)
    second = make()
    assert second.engine.instrument.takes.current == take
    assert second.engine.instrument.stage.mixer.tracks == tracks
    assert second.state() is State.IDLE, "and nothing plays by itself"
    second.press(Button.PLAY)
    assert second.state() is State.PLAYING
    assert second.engine.instrument.stage.mixer.tracks == tracks


def test_a_take_whose_composition_was_deleted_is_a_melody(
    make: Make, melody: Melody, tmp_path: Path
) -> None:
    first = make(bundle="fake")
    first.record(melody)
    first.generate()
    first.wait(lambda: len(first.engine.saved) == 1, who="the disk")
    switch_off(first)
    for path in (tmp_path / "library" / first.engine.saved[0]).iterdir():
        path.unlink()
    take = make().engine.instrument.takes.current
    assert take is not None
    assert (take.melody.notes, take.record) == (melody.notes, None)


def test_after_a_crash_nothing_is_set_as_it_was_but_can_be_brought_back(
    make: Make, folder: Path
) -> None:
    first = make()
    change_everything(first)
    wait_for_the_disk(first)
    wanted = memory_from_json((folder / MEMORY_FILE).read_text(), file="f").settings
    assert wanted.technique is Technique.EXTEND
    crash(first)
    second = make()
    assert technique(second) is Technique.ENHANCE
    assert second.engine.crew.sound.volume == 79
    assert isinstance(second.engine.panel.navigation.top, RecoveryPage)
    second.open_page("What to do")
    assert "Last time" in second.text()
    assert "It was not switched off the last time" in second.text()
    second.press(Button.BACK)
    second.open_page("Settings")
    settings = second.engine.instrument.settings
    assert (settings.values, settings.tempo_bpm) == (wanted.values, wanted.tempo_bpm)
    assert not second.is_seen("Settings")
    switch_off(second)
    third = make()
    assert technique(third) is Technique.EXTEND
    assert third.engine.crew.keeper is not None
    assert third.engine.crew.keeper.recovery is None


def test_settings_wait_to_be_brought_back_through_crashes_and_switching_off(make: Make) -> None:
    first = make()
    change_everything(first)
    wait_for_the_disk(first)
    for _ in range(2):
        crash(first)
        first = make()
        first.advance(400 * SECOND_NS)
    switch_off(first)
    again = make()
    assert technique(again) is Technique.ENHANCE
    assert isinstance(again.engine.panel.navigation.top, HomePage)
    again.open_page("System")
    again.open_page("Last time")
    again.open_page("Settings")
    assert technique(again) is Technique.EXTEND


def test_a_power_cut_costs_a_few_seconds_of_playing(
    make: Make, melody: Melody, folder: Path
) -> None:
    first = make()
    first.strike(melody, first.clock.now_ns() + SECOND_NS)
    wait_for_the_disk(first)
    pieces = pieces_from_json((folder / PIECES_FILE).read_text(), file="f")
    assert pieces.take is None
    assert pieces.playing is not None
    assert [n.pitch for n in pieces.playing.melody.notes] == [n.pitch for n in melody.notes]
    crash(first)
    second = make()
    assert second.engine.instrument.takes.current is None
    second.open_page("Played last")
    take = second.engine.instrument.takes.current
    assert take is not None
    assert take.melody == pieces.playing.melody
    assert not second.is_seen("Played last")


def test_a_recording_at_work_and_the_take_before_it_are_kept(
    make: Make, melody: Melody, folder: Path
) -> None:
    first = make()
    first.record(melody)
    first.press(Button.RECORD)
    first.strike(melody, first.clock.now_ns() + first.bar_ns())
    assert first.state() is State.RECORDING
    wait_for_the_disk(first)
    pieces = pieces_from_json((folder / PIECES_FILE).read_text(), file="f")
    assert pieces.take is not None
    assert pieces.take.melody.notes == melody.notes
    assert pieces.playing is not None
    assert len(pieces.playing.melody.notes) == len(melody.notes)
    assert pieces.playing.melody.tempo_bpm == melody.tempo_bpm


def test_a_recording_at_work_is_a_take_after_switching_off(make: Make, melody: Melody) -> None:
    first = make()
    pressed_ns = first.press(Button.RECORD)
    first.strike(melody, pressed_ns + first.bar_ns())
    switch_off(first)
    take = make().engine.instrument.takes.current
    assert take is not None
    assert [n.pitch for n in take.melody.notes] == [n.pitch for n in melody.notes]


def test_a_composition_that_is_brought_back_is_heard(make: Make, melody: Melody) -> None:
    first = make(bundle="fake")
    first.record(melody)
    first.generate()
    first.wait(lambda: len(first.engine.saved) == 1, who="the disk")
    wait_for_the_disk(first)
    crash(first)
    second = make()
    second.open_page("Take 1")
    second.wait(lambda: second.state() is State.PLAYING, who="the disk")
    take = second.engine.instrument.takes.current
    assert take is not None
    assert take.saved_as == first.engine.saved[0]


def test_pieces_gather_while_it_crashes_and_the_oldest_gives_way(
    make: Make, melody: Melody, folder: Path
) -> None:
    for number in range(MOST_EARLIER + 2):
        simulation = make()
        moved = [n.pitch + number for n in melody.notes]
        notes = tuple(
            type(n)(start_ticks=n.start_ticks, pitch=p, duration_ticks=n.duration_ticks)
            for n, p in zip(melody.notes, moved, strict=True)
        )
        simulation.strike(melody.with_notes(notes), simulation.clock.now_ns() + SECOND_NS)
        wait_for_the_disk(simulation)
        crash(simulation)
    crash(make())
    pieces = json.loads((folder / EARLIER_PIECES_FILE).read_text())["pieces"]
    firsts = [piece["notes"][0][1] for piece in pieces]
    newest = melody.notes[0].pitch + MOST_EARLIER + 1
    assert firsts == list(range(newest, newest - MOST_EARLIER, -1))
