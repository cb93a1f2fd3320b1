"""An instrument goes on where it was switched off, and carefully after any other end."""

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from firmware.devices.controls import Button, Knob
from firmware.engine.events import StopRequested
from firmware.engine.keeper import (
    EARLIER_MEMORY_FILE,
    EARLIER_PIECES_FILE,
    MEMORY_FILE,
    MOST_EARLIER,
    PIECES_FILE,
    RUNNING_FILE,
)
from firmware.engine.memory import memory_from_json, pieces_from_json
from firmware.library.notebook import MEMORY_FOLDER
from firmware.midi.control_maps import Learned
from firmware.midi.messages import ControlChange, ProgramChange
from firmware.music.notes import Melody
from firmware.panel.pages.home import HomePage
from firmware.panel.pages.recovery import RecoveryPage
from firmware.panel.pages.sound import SoundPage
from firmware.panel.states import State
from firmware.panel.views import ListenView
from firmware.parameters import Technique

if TYPE_CHECKING:
    from tests.engine.conftest import MakeInstrument, Rehearsal

LESSON = Learned(keyboard="1c75:0288", control=9, target="creative_risk", is_button=False)
SECOND_NS = 1_000_000_000
Make = Callable[..., "Rehearsal"]


@pytest.fixture
def make(make_instrument: "MakeInstrument") -> Make:
    """Makes instruments that remember, without a model unless one is wanted."""

    def made(**more: object) -> "Rehearsal":
        return make_instrument(**{"bundle": None, "remembers": True, **more})  # type: ignore[arg-type]

    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where it remembers."""
    return tmp_path / "library" / MEMORY_FOLDER


def switch_off(simulation: "Rehearsal") -> None:
    """As the player does."""
    simulation.engine.post(StopRequested())
    simulation.engine.run()


def technique(simulation: "Rehearsal") -> Technique:
    """The one that is chosen."""
    return simulation.engine.instrument.settings.technique


def crash(simulation: "Rehearsal") -> None:
    """Everything ends, and nobody said so."""
    simulation.engine.close()


def wait_for_the_disk(simulation: "Rehearsal") -> None:
    """Until what has changed is written."""
    keeper = simulation.engine._keeper
    assert keeper is not None
    simulation.wait(lambda: not keeper._is_busy, who="the disk")
    simulation.advance(4 * SECOND_NS)
    simulation.wait(lambda: not keeper._is_busy, who="the disk")


def change_everything(simulation: "Rehearsal") -> None:
    """Whatever a hand can set."""
    simulation.change("Technique", 2)
    simulation.change("Tempo", 7)
    simulation.open_page("Parameters")
    simulation.change("Extend by", -3)
    simulation.press(Button.BACK)
    simulation.open_page("MIDI")
    simulation.change("Thru", -1)
    simulation.change("Keyboard's channel", -2)
    simulation.change("Clock out", 1)
    simulation.press(Button.BACK)
    simulation.engine._keyboards.restore((LESSON,))
    simulation.open_page("Sound")
    simulation.change("Volume", -4)
    simulation.change("Keyboard", 19)
    simulation.change("Metronome", -1)
    simulation.change("Beats in a bar", -1)
    simulation.select("Keyboard")


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
    assert second.engine._sound.volume == 71
    assert second.engine._sound.program == 19
    assert not second.engine.instrument.booth.is_metronome_on
    assert not second.engine.instrument.thru.is_on
    assert second.engine.instrument.thru.channel == 13
    assert second.engine.instrument.stage.mixer.keyboard_channel == 13
    assert second.engine._clocks.is_out
    assert not second.engine._clocks.is_in
    assert second.engine._keyboards.learned == (LESSON,)
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
    assert second.engine._sound.volume == 79
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
    assert third.engine._keeper is not None
    assert third.engine._keeper.recovery is None


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


def test_three_crashes_in_five_minutes_start_the_safe_mode(
    make: Make, melody: Melody, folder: Path
) -> None:
    simulation = make(bundle="fake")
    change_everything(simulation)
    simulation.press(Button.BACK)
    simulation.record(melody)
    wait_for_the_disk(simulation)
    for count in range(3):
        assert simulation.engine._keeper is not None
        assert not simulation.engine._keeper.is_safe
        assert simulation.engine.worker.pid is not None
        simulation.advance(60 * SECOND_NS)
        wait_for_the_disk(simulation)
        crash(simulation)
        assert len(json.loads((folder / RUNNING_FILE).read_text())["ran_s"]) == count + 1
        simulation = make(bundle="fake")
    assert simulation.engine._keeper is not None
    assert simulation.engine._keeper.is_safe
    assert simulation.engine.worker.pid is None, "no model is loaded ahead"
    assert technique(simulation) is Technique.ENHANCE
    assert "Safe mode" in simulation.text()
    assert simulation.is_seen("Take 1")
    simulation.open_page("What to do")
    assert "three times within five minutes" in simulation.text()
    simulation.turn(Knob.SELECT, 9)
    assert "Switch off and on for a normal start." in simulation.text()
    switch_off(simulation)
    assert not (folder / RUNNING_FILE).exists()
    normal = make(bundle="fake")
    assert normal.engine.worker.pid is not None
    assert normal.engine._keeper is not None
    assert not normal.engine._keeper.is_safe


def test_crashes_far_apart_are_no_reason_for_the_safe_mode(make: Make) -> None:
    """Who always pulls the plug is not punished for it."""
    for _ in range(4):
        simulation = make()
        assert simulation.engine._keeper is not None
        assert not simulation.engine._keeper.is_safe
        for _ in range(10):
            simulation.advance(13 * SECOND_NS)
            wait_for_the_disk(simulation)
        crash(simulation)


def test_a_switching_off_between_them_makes_crashes_be_forgotten(make: Make) -> None:
    for ends in (crash, crash, switch_off, crash, crash):
        ends(make())
    simulation = make()
    assert simulation.engine._keeper is not None
    assert not simulation.engine._keeper.is_safe


def test_the_safe_mode_can_be_asked_for_and_loses_nothing(make: Make) -> None:
    first = make(bundle="fake")
    change_everything(first)
    switch_off(first)
    second = make(bundle="fake", safe=True)
    assert second.engine.worker.pid is None
    assert technique(second) is Technique.ENHANCE
    second.open_page("What to do")
    assert "as you asked" in second.text()
    second.press(Button.BACK)
    second.open_page("Settings")
    assert technique(second) is Technique.EXTEND
    assert second.engine.worker.pid is not None


@pytest.mark.parametrize("name", [MEMORY_FILE, PIECES_FILE, RUNNING_FILE, EARLIER_MEMORY_FILE])
@pytest.mark.parametrize("content", [b"", b"\xff\x00", b'{"format": 9}', b"[1, 2"])
def test_a_damaged_file_is_one_sentence_and_is_put_aside(
    make: Make, folder: Path, name: str, content: bytes
) -> None:
    folder.mkdir(parents=True)
    (folder / name).write_bytes(content)
    simulation = make()
    assert technique(simulation) is Technique.ENHANCE
    assert (folder / f"{name}.damaged-1").read_bytes() == content
    switch_off(simulation)
    again = make()
    assert again.engine._keeper is not None
    assert again.engine._keeper.recovery is None
    assert (folder / f"{name}.damaged-1").read_bytes() == content


def test_a_damaged_file_is_told_on_the_panel(make: Make, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / MEMORY_FILE).write_text('{"format": 9}')
    simulation = make()
    simulation.open_page("System")
    simulation.open_page("Last time")
    simulation.open_page("What to do")
    assert "has another format" in simulation.text()
    simulation.turn(Knob.SELECT, 9)
    assert "It is kept as memory.json.damaged-1." in simulation.text()


def test_a_full_disk_is_told_once_and_the_memory_before_stays(
    make: Make, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = make()
    first.change("Tempo", 5)
    wait_for_the_disk(first)
    before = (folder / MEMORY_FILE).read_text()

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    told = 0
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refuse)
        for _ in range(4):
            first.change("Tempo", 5)
            wait_for_the_disk(first)
            told += "no room left" in first.sentence()
            first.advance(5 * SECOND_NS)
    assert told == 1
    assert (folder / MEMORY_FILE).read_text() == before
    wait_for_the_disk(first)
    assert '"tempo_bpm": 125.0' in (folder / MEMORY_FILE).read_text()


def test_a_disk_that_is_full_to_the_end_is_no_crash(
    make: Make, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = make()
    first.change("Tempo", 5)
    wait_for_the_disk(first)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "mkdir", refuse)
        first.change("Tempo", 5)
        switch_off(first)
    assert not (folder / RUNNING_FILE).exists()
    assert make().engine.instrument.settings.tempo_bpm == 105.0


def test_two_instruments_do_not_remember_in_one_place(make: Make, folder: Path) -> None:
    first, second = make(), make()
    assert isinstance(second.engine.panel.navigation.top, RecoveryPage)
    second.open_page("What to do")
    assert "Another instrument remembers" in second.text()
    switch_off(second)
    assert (folder / RUNNING_FILE).exists(), "the first one still runs"
    switch_off(first)
    assert not (folder / RUNNING_FILE).exists()


def test_nothing_is_written_while_nothing_changes(make: Make, folder: Path) -> None:
    simulation = make()
    simulation.advance(400 * SECOND_NS)
    wait_for_the_disk(simulation)
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    simulation.advance(3600 * SECOND_NS)
    wait_for_the_disk(simulation)
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    assert list(before) == [RUNNING_FILE]


def test_an_instrument_that_forgets_leaves_nothing(
    make_instrument: "MakeInstrument", folder: Path
) -> None:
    simulation = make_instrument(bundle=None)
    simulation.change("Tempo", 5)
    simulation.advance(10 * SECOND_NS)
    switch_off(simulation)
    assert not folder.exists()
    assert not isinstance(simulation.view(), ListenView)
