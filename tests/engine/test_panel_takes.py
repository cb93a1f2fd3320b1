"""What was played and made, at the panel: seen, changed, deleted and brought back."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from firmware.devices.controls import Button, Knob
from firmware.engine.schedule import TRACK_CHANNELS
from firmware.library.names import MELODIES_FOLDER
from firmware.library.store import Library
from firmware.midi.files import write_melody
from firmware.midi.messages import NoteOn, ProgramChange
from firmware.music.notes import Melody
from firmware.panel.states import State
from firmware.panel.views import ListenView, ListView, RecordView

if TYPE_CHECKING:
    from tests.engine.conftest import MakeInstrument, Rehearsal

from tests.engine.fingers import SECOND_NS, go_home, saves, top


def test_the_recording_is_seen_as_it_fills(
    make_instrument: "MakeInstrument", melody: Melody
) -> None:
    simulation = make_instrument(bundle=None)
    pressed_ns = simulation.press(Button.RECORD)
    assert top(simulation) == "RecordPage"
    simulation.strike(replace(melody, tempo_bpm=100.0), pressed_ns + simulation.bar_ns())
    view = simulation.view()
    assert isinstance(view, RecordView)
    assert len(view.notes) == len(melody.notes)
    simulation.press(Button.BACK)
    assert top(simulation) == "HomePage"
    simulation.press(Button.KEEP)
    assert len(simulation.engine.instrument.takes.melody().notes) == len(melody.notes), (
        "what was abandoned can be kept after the fact"
    )


def test_a_track_is_muted_and_changes_its_instrument_while_it_plays(
    make_instrument: "MakeInstrument", melody: Melody, tmp_path: Path
) -> None:
    """The change is heard at once, holds for the next take, and can be kept."""
    simulation = make_instrument()
    board, saved = simulation.board, simulation.engine.saved
    simulation.record(melody)
    simulation.generate()
    simulation.press(Button.ENTER)
    simulation.open_page("Below")
    simulation.open_page("Mute")
    assert {channel for channel, _ in board.synthesizer.sounding} <= {TRACK_CHANNELS[0]}
    before = simulation.count_heard()
    simulation.open_page("Plays")
    simulation.turn(Knob.SELECT, -8)
    simulation.press(Button.ENTER)
    assert ProgramChange(program=40, channel=TRACK_CHANNELS[1]) in simulation.since(before)
    simulation.press(Button.BACK)
    simulation.press(Button.GENERATE)
    simulation.wait(lambda: simulation.engine.instrument.generating is None)
    assert top(simulation) == "ListenPage"
    before = simulation.count_heard()
    simulation.advance(20 * SECOND_NS)
    ons = [message for message in simulation.since(before) if isinstance(message, NoteOn)]
    assert {message.channel for message in ons} <= {TRACK_CHANNELS[0]}
    simulation.press(Button.ENTER)
    simulation.open_page("Keep these instruments")
    saves(simulation, 3)
    kept = Library(tmp_path / "library").load(saved[2]).composition
    assert [track.program for track in kept.tracks] == [0, 40]
    assert kept.tracks[1].notes, "a muted track is kept"
    assert board.synthesizer.sounding == set()


def test_the_roll_tells_the_players_notes_from_the_models_and_leaves_silent_tracks_out(
    make_instrument: "MakeInstrument", melody: Melody
) -> None:
    """A voice that doubles a note of the player's does not make two of it."""
    simulation = make_instrument(seed=-12)  # the fake doubles it in unison
    simulation.record(melody)
    simulation.generate()
    simulation.press(Button.STOP)
    count = len(melody.notes)
    view = simulation.view()
    assert isinstance(view, ListenView)
    assert (len(view.notes), sum(note.is_players for note in view.notes)) == (2 * count, count)
    simulation.press(Button.ENTER)
    simulation.open_page("Below")
    simulation.open_page("Mute")
    for _ in range(2):
        simulation.press(Button.BACK)
    view = simulation.view()
    assert isinstance(view, ListenView)
    assert (len(view.notes), sum(note.is_players for note in view.notes)) == (count, count)


def test_a_deleted_take_comes_back(make_instrument: "MakeInstrument", melody: Melody) -> None:
    simulation = make_instrument()
    takes = simulation.engine.instrument.takes
    simulation.record(melody)
    simulation.generate()
    saves(simulation, 1)
    made = takes.current
    simulation.press(Button.ENTER)
    simulation.open_page("Delete this take")
    simulation.press(Button.ENTER)
    assert len(takes) == 1
    assert takes.current is not made
    simulation.open_page("Bring back deleted take")
    assert takes.current is made
    for _ in range(2):
        simulation.open_page("Delete this take")
        simulation.press(Button.ENTER)
    assert len(takes) == 0
    assert simulation.state() is State.IDLE
    assert simulation.board.synthesizer.sounding == set()
    go_home(simulation)
    assert "press record and play" in simulation.text()


def _with_two_compositions(make: "MakeInstrument", melody: Melody) -> "Rehearsal":
    simulation = make()
    simulation.record(melody)
    for count in (1, 2):
        simulation.generate()
        saves(simulation, count)
    simulation.press(Button.STOP)
    go_home(simulation)
    simulation.open_page("Compositions")
    simulation.wait(lambda: "Compositions 2" in _head(simulation), who="the disk")
    return simulation


def _head(simulation: "Rehearsal") -> str:
    view = simulation.view()
    return f"{view.title} {view.right}" if isinstance(view, ListView) else ""


def _delete_first(simulation: "Rehearsal") -> None:
    simulation.open_page("Take 1")
    simulation.open_page("Delete")
    simulation.press(Button.ENTER)


def test_a_deleted_composition_comes_back_until_the_list_is_left(
    make_instrument: "MakeInstrument", melody: Melody, tmp_path: Path
) -> None:
    """The disk keeps it until then, so that a power cut cannot make a question an answer."""
    library = Library(tmp_path / "library")
    simulation = _with_two_compositions(make_instrument, melody)
    _delete_first(simulation)
    assert _head(simulation) == "Compositions 1"
    assert len(library.list()) == 2
    simulation.open_page("Undo delete")
    assert _head(simulation) == "Compositions 2"
    go_home(simulation)
    assert len(library.list()) == 2
    simulation.open_page("Compositions")
    _delete_first(simulation)
    go_home(simulation)
    simulation.wait(lambda: len(library.list()) == 1, who="the disk")
    simulation.open_page("Compositions")
    assert _head(simulation) == "Compositions 1"
    assert not simulation.is_seen("Undo delete")


def test_of_two_deletions_the_first_is_settled_by_the_second(
    make_instrument: "MakeInstrument", melody: Melody, tmp_path: Path
) -> None:
    library = Library(tmp_path / "library")
    simulation = _with_two_compositions(make_instrument, melody)
    _delete_first(simulation)
    _delete_first(simulation)
    simulation.wait(lambda: len(library.list()) == 1, who="the disk")
    simulation.open_page("Undo delete")
    assert _head(simulation) == "Compositions 1"
    go_home(simulation)
    assert len(library.list()) == 1


def test_a_composition_that_vanished_is_a_sentence(
    make_instrument: "MakeInstrument", melody: Melody, tmp_path: Path
) -> None:
    simulation = _with_two_compositions(make_instrument, melody)
    simulation.open_page("Take 1")
    for entry in Library(tmp_path / "library").list():
        Library(tmp_path / "library").delete(entry.name)
    simulation.open_page("Play")
    simulation.wait(lambda: "there is no composition" in simulation.sentence(), who="the disk")
    assert simulation.state() is State.IDLE


def test_a_midi_file_that_somebody_put_there_is_a_melody(
    make_instrument: "MakeInstrument", melody: Melody, tmp_path: Path
) -> None:
    """A broken one is a sentence, and neither is taken for a composition."""
    folder = tmp_path / "library" / MELODIES_FOLDER
    folder.mkdir(parents=True)
    (folder / "Greensleeves.mid").write_bytes(write_melody(melody))
    (folder / "broken.MID").write_bytes(b"no music")
    (folder / "notes.txt").write_text("no music either")
    simulation = make_instrument(bundle=None)
    simulation.open_page("Melodies")
    simulation.wait(lambda: simulation.is_seen("Greensleeves"), who="the disk")
    assert not simulation.is_seen("notes")
    simulation.open_page("Greensleeves")
    simulation.wait(lambda: bool(len(simulation.engine.instrument.takes)), who="the disk")
    assert simulation.engine.instrument.takes.melody().notes == melody.notes
    simulation.press(Button.BACK)
    simulation.open_page("broken")
    simulation.wait(lambda: "broken.MID" in simulation.sentence(), who="the disk")
    go_home(simulation)
    simulation.open_page("Compositions")
    simulation.wait(lambda: "nothing was kept yet" in simulation.text(), who="the disk")


def test_captured_playing_is_kept_from_the_melodies_page(
    make_instrument: "MakeInstrument", melody: Melody
) -> None:
    simulation = make_instrument(bundle=None, tempo_bpm=melody.tempo_bpm)
    simulation.strike(melody, simulation.clock.now_ns() + SECOND_NS)
    simulation.open_page("Melodies")
    simulation.open_page("Keep what I just played")
    assert simulation.engine.instrument.takes.melody().notes == melody.notes
    assert simulation.is_seen("Take 1")
