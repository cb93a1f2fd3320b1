"""A player at the simulated board: every page, every technique, with no other hand than theirs."""

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from firmware.devices.board_file import load_board, shipped_boards
from firmware.devices.controls import Button, Knob
from firmware.engine.findings import Checked
from firmware.engine.schedule import KEYBOARD_CHANNEL, TRACK_CHANNELS
from firmware.library.names import MELODIES_FOLDER
from firmware.library.store import Library
from firmware.midi.files import write_melody
from firmware.midi.messages import CHANNELS, ControlChange, NoteOn, ProgramChange
from firmware.music.notes import Melody
from firmware.panel.navigation import Navigation
from firmware.panel.overview import MissingModel
from firmware.panel.page import Page
from firmware.panel.pages.home import HomePage
from firmware.panel.pages.naming import DONE, ERASE, SIGNS
from firmware.panel.states import State
from firmware.panel.views import ConfirmView, GenerateView, ListenView, ListView, RecordView
from firmware.parameters import Technique

if TYPE_CHECKING:
    from tests.engine.conftest import MakeInstrument, Rehearsal

SECOND_NS = 1_000_000_000


def top(simulation: "Rehearsal") -> str:
    """The page that is seen."""
    simulation.view()
    return type(simulation.engine.panel.navigation.top).__name__


def saves(simulation: "Rehearsal", count: int) -> None:
    """Wait until so many compositions are on the disk."""
    simulation.wait(lambda: len(simulation.engine.saved) == count, who="the disk")


def go_home(simulation: "Rehearsal") -> None:
    """Press back until home is seen."""
    for _ in range(9):
        simulation.press(Button.BACK)
    assert top(simulation) == "HomePage"


def value(simulation: "Rehearsal", label: str) -> str:
    """What the row of a label is set to."""
    simulation.select(label)
    view = simulation.view()
    assert isinstance(view, ListView)
    assert view.selected is not None
    return view.rows[view.selected][1]


@pytest.fixture
def met(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Names of all pages that were seen."""
    seen: set[str] = set()
    view = Navigation.view

    def watched(self: Navigation, overview: object) -> object:
        seen.add(type(self.top).__name__)
        return view(self, overview)  # type: ignore[arg-type]

    monkeypatch.setattr(Navigation, "view", watched)
    return seen


@pytest.mark.parametrize("board", shipped_boards())
def test_a_player_goes_through_every_page_and_every_technique(
    make_instrument: "MakeInstrument", melody: Melody, met: set[str], tmp_path: Path, board: str
) -> None:
    """As one would on a first evening, with nothing but what is on the board."""
    simulation = make_instrument("PreviewStudio")
    simulation.controls = _controls(board)
    _look_around(simulation)
    simulation.record(melody)
    for count, technique in enumerate(Technique, start=1):
        _try(simulation, technique)
        saves(simulation, count)
    records = [Library(tmp_path / "library").load(name) for name in simulation.engine.saved]
    assert [record.technique for record in records] == list(Technique)
    assert {record.parameters["creative_risk"] for record in records} == {1.3}
    _take_from_the_library(simulation)
    _play_a_duet(simulation)
    go_home(simulation)
    simulation.open_page("System")
    simulation.wait(lambda: "48 °C" in simulation.text(), who="the system")
    assert value(simulation, "Address") == "192.168.1.23"
    simulation.open_page("Switch off")
    assert isinstance(simulation.view(), ConfirmView)
    simulation.press(Button.ENTER)
    assert simulation.engine.is_stopping
    assert simulation.board.synthesizer.sounding == set()
    unseen = {"TextPage", "RecoveryPage", "WiringPage", "SelfTestPage", "VerdictsPage"}
    assert met >= set(_pages()) - unseen, "nothing is missing here, wired, or to be restored"


def _controls(board: str) -> set[Button | Knob]:
    wired = load_board(board)
    pressed = {c for s in wired.switches for c in (s.press, s.long_press) if c is not None}
    turned = {encoder.turns for encoder in wired.encoders if encoder.turns is not None}
    return pressed | turned


def _look_around(simulation: "Rehearsal") -> None:
    simulation.open_page("Models")
    simulation.wait(lambda: "Bach" in simulation.text(), who="the disk")
    simulation.press(Button.ENTER)
    assert "Trained on" in simulation.text()
    go_home(simulation)
    simulation.open_page("Sound")
    simulation.open_page("Metronome")
    assert value(simulation, "Metronome") == "off"
    go_home(simulation)
    simulation.open_page("Parameters")
    simulation.open_page("Presets")
    simulation.open_page("Keep what is set now")
    simulation.wait(lambda: simulation.is_seen("Enhance 1"), who="the disk")
    simulation.press(Button.ENTER)
    simulation.open_page("Set all to this")
    simulation.open_page("Name")
    go_home(simulation)
    simulation.open_page("MIDI")
    assert "Simulated AKM322" in simulation.text()
    simulation.open_page("Learn knobs")
    go_home(simulation)


def test_a_preset_is_kept_taken_over_and_deleted(make_instrument: "MakeInstrument") -> None:
    """Through another technique and another instrument: the files are what counts."""
    simulation = make_instrument()
    simulation.open_page("Parameters")
    simulation.change("Creative risk", 5)
    wanted = simulation.engine.instrument.settings.parameters()
    simulation.open_page("Presets")
    simulation.open_page("Keep what is set now")
    simulation.wait(lambda: simulation.is_seen("Enhance 1"), who="the disk")
    another = make_instrument()
    another.open_page("Parameters")
    another.open_page("Presets")
    another.wait(lambda: another.is_seen("Enhance 1"), who="the disk")
    another.press(Button.ENTER)
    assert "1.5" in another.text()
    go_home(another)
    another.change("Technique", 2)
    assert another.engine.instrument.settings.technique is Technique.EXTEND
    another.open_page("Parameters")
    another.open_page("Presets")
    assert not another.is_seen("Enhance 1"), "it is for another technique"
    go_home(another)
    another.change("Technique", -2)
    another.open_page("Parameters")
    another.open_page("Presets")
    another.open_page("Enhance 1")
    another.open_page("Set all to this")
    another.wait(lambda: another.engine.instrument.settings.parameters() == wanted, who="the disk")
    another.open_page("Delete")
    another.press(Button.ENTER)
    another.wait(lambda: not another.is_seen("Enhance 1"), who="the disk")
    assert top(another) == "PresetsPage"


def _write(simulation: "Rehearsal", name: str) -> None:
    """Write a name in place of what there is, on the page for it."""
    at = 0
    for sign in (*[ERASE] * 30, *name, DONE):
        simulation.turn(Knob.SELECT, SIGNS.index(sign) - at)
        simulation.press(Button.ENTER)
        at = SIGNS.index(sign)


def test_a_melody_and_a_preset_are_named_with_the_dial(
    make_instrument: "MakeInstrument", melody: Melody, tmp_path: Path
) -> None:
    """What is made of the melody has its name, on the disk as well."""
    simulation = make_instrument()
    simulation.record(melody)
    simulation.open_page("Listen")
    simulation.press(Button.ENTER)
    simulation.open_page("Name")
    _write(simulation, "evening")
    assert "Evening" in simulation.text()
    simulation.generate()
    saves(simulation, 1)
    assert Library(tmp_path / "library").load(simulation.engine.saved[0]).melody.name == "Evening"
    go_home(simulation)
    simulation.open_page("Parameters")
    simulation.open_page("Presets")
    simulation.open_page("Keep what is set now")
    simulation.wait(lambda: simulation.is_seen("Enhance 1"), who="the disk")
    simulation.open_page("Enhance 1")
    simulation.open_page("Name")
    _write(simulation, "calm")
    simulation.wait(lambda: simulation.is_seen("Calm"), who="the disk")
    assert not simulation.is_seen("Enhance 1")


def _try(simulation: "Rehearsal", technique: Technique) -> None:
    """Choose a technique, turn creative risk, generate, listen, and mute a track."""
    go_home(simulation)
    simulation.change("Technique", -9)
    simulation.change("Technique", list(Technique).index(technique))
    simulation.open_page("Parameters")
    simulation.change("Creative risk", 3)
    simulation.press(Button.GENERATE)
    assert isinstance(simulation.view(), GenerateView)
    simulation.wait(lambda: simulation.engine.instrument.generating is None)
    assert isinstance(simulation.view(), ListenView)
    simulation.press(Button.ENTER)
    simulation.open_page("Melody")
    simulation.open_page("Mute")
    simulation.press(Button.STOP)


def _take_from_the_library(simulation: "Rehearsal") -> None:
    go_home(simulation)
    simulation.open_page("Compositions")
    simulation.wait(lambda: simulation.is_seen("Take 1"), who="the disk")
    simulation.press(Button.ENTER)
    simulation.open_page("Play")
    simulation.wait(lambda: simulation.state() is State.PLAYING, who="the disk")
    simulation.press(Button.STOP)
    go_home(simulation)
    simulation.open_page("Melodies")
    simulation.open_page("Ode to Joy")
    assert simulation.engine.instrument.takes.melody().name == "Ode to Joy"


def _play_a_duet(simulation: "Rehearsal") -> None:
    go_home(simulation)
    simulation.change("Technique", 9)
    simulation.press(Button.GENERATE)
    assert simulation.state() is State.DUET_LISTENING
    simulation.advance(SECOND_NS)
    simulation.press(Button.BACK)
    assert simulation.state() is State.IDLE


def _pages() -> Iterator[str]:
    def below(kind: type) -> Iterator[str]:
        child: type
        for child in kind.__subclasses__():
            yield child.__name__
            yield from below(child)

    return (name for name in below(Page) if name not in ("ListPage", "ActivityPage"))


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


def test_a_row_that_a_thread_brings_moves_no_selection(make_instrument: "MakeInstrument") -> None:
    """Neither after a start, on a page that was left open, nor where a hand has turned to."""
    simulation = make_instrument()
    shelves, panel = simulation.engine._shelves, simulation.engine.panel
    missing = MissingModel(technique=Technique.ENHANCE, sentence="none", remedy="")
    panel.open_at(Navigation(stack=(HomePage(selected=2),)), simulation.clock.now_ns())
    shelves.put(Checked(missing))
    assert _selected(simulation) == "Tempo"
    simulation.turn(Knob.VALUE, 7)
    assert simulation.engine.instrument.settings.tempo_bpm == 107.0
    simulation.turn(Knob.SELECT, 1)
    assert _selected(simulation) == "Melodies"
    shelves.put(Checked(None))
    assert _selected(simulation) == "Melodies"
    simulation.press(Button.ENTER)
    assert top(simulation) == "MelodiesPage"


def _selected(simulation: "Rehearsal") -> str:
    """The label of the row that is seen as the selected one."""
    view = simulation.view()
    assert isinstance(view, ListView)
    assert view.selected is not None
    return view.rows[view.selected][0]


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


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_pressed_and_turned_no_note_is_left_and_home_is_found(
    make_instrument: "MakeInstrument", melody: Melody, seed: int
) -> None:
    """A child at the panel, and a worker that brings previews whenever it has them."""
    simulation = make_instrument("PreviewStudio")
    simulation.record(melody)
    rng = random.Random(seed)
    for _ in range(400):
        if rng.random() < 0.5:
            simulation.turn(rng.choice(list(Knob)), rng.choice((-5, -1, 1, 2)))
        else:
            simulation.press(rng.choice((Button.ENTER, Button.ENTER, *Button)))
        simulation.engine.step(0.01 if rng.random() < 0.2 else 0.0)
        simulation.advance(rng.randrange(SECOND_NS))
        simulation.engine.is_stopping = False  # it found the way to switch off
    simulation.press(Button.STOP)
    go_home(simulation)
    assert simulation.state() is State.IDLE
    assert simulation.board.synthesizer.sounding == set()
