"""A player at the simulated board: every page, every technique, with no other hand than theirs."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from firmware.devices.board_file import load_board, shipped_boards
from firmware.devices.controls import Button, Knob
from firmware.engine.findings import Checked
from firmware.engine.service_switches import SshSwitch
from firmware.library.stick_status import MELODIES_FOLDER, Phase, StickStatus, write_status
from firmware.library.store import Library
from firmware.midi.files import write_melody
from firmware.music.notes import Melody
from firmware.panel.navigation import Navigation
from firmware.panel.overview import MissingModel
from firmware.panel.page import Page
from firmware.panel.pages.home import HomePage
from firmware.panel.pages.naming import DONE, ERASE, SIGNS
from firmware.panel.states import State
from firmware.panel.views import ConfirmView, GenerateView, ListenView, ListView
from firmware.parameters import Technique

if TYPE_CHECKING:
    from tests.engine.conftest import MakeInstrument, Rehearsal

from tests.engine.fingers import SECOND_NS, go_home, saves, top, value


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
    switch = SshSwitch(library=tmp_path / "library", key_found=tmp_path / "key")
    simulation = make_instrument(
        "PreviewStudio",
        appliance={"sticks": tmp_path / "sticks", "ssh": switch, "loses_power": True},
    )
    simulation.controls = _controls(board)
    _look_around(simulation)
    _use_a_stick(simulation, tmp_path / "sticks", melody)
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
    simulation.open_page("SSH")
    simulation.open_page("Switch on")
    simulation.press(Button.ENTER)
    simulation.wait(lambda: simulation.is_seen("Switch off"), who="the disk")
    simulation.press(Button.BACK)
    simulation.open_page("Switch off")
    assert isinstance(simulation.view(), ConfirmView)
    simulation.press(Button.ENTER)
    assert "pull the plug" in simulation.text()
    simulation.advance(5 * SECOND_NS)
    assert simulation.engine.is_stopping
    assert simulation.board.synthesizer.sounding == set()
    unseen = {"TextPage", "RecoveryPage", "WiringPage", "SelfTestPage", "VerdictsPage"}
    assert met >= set(_pages()) - unseen, "nothing is missing here, wired, or to be restored"


def _use_a_stick(simulation: "Rehearsal", sticks: Path, melody: Melody) -> None:
    """Plug it in: it gets everything, and has brought a melody."""
    melodies = sticks / "sda1" / MELODIES_FOLDER
    melodies.mkdir(parents=True)
    (melodies / "Evening.mid").write_bytes(write_melody(melody))
    write_status(melodies.parent, StickStatus(phase=Phase.READY, done=2, total=2))
    simulation.wait(lambda: "on the stick" in simulation.sentence(), who="the stick")
    simulation.open_page("Stick")
    simulation.press(Button.ENTER)
    simulation.open_page("Evening")
    simulation.open_page("Import")
    simulation.wait(lambda: "is imported" in simulation.sentence(), who="the disk")
    go_home(simulation)


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
    for sign in (*[ERASE] * 9, *name, DONE):
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


def test_a_composition_is_renamed_in_the_library_and_where_it_is_heard(
    make_instrument: "MakeInstrument", melody: Melody, tmp_path: Path
) -> None:
    """Under its own name on the disk and in every list; the folder keeps its own."""
    simulation = make_instrument()
    simulation.record(melody)
    simulation.generate()
    saves(simulation, 1)
    simulation.press(Button.STOP)
    (name,) = simulation.engine.saved
    for title, way in (("dawn", ()), ("dusk", ("Compositions", "Dawn"))):
        go_home(simulation)
        if way:
            simulation.open_page(way[0])
            simulation.wait(lambda: simulation.is_seen("Dawn"), who="the disk")
            simulation.open_page(way[1])
        else:
            simulation.open_page("Listen")
            simulation.press(Button.ENTER)
        simulation.open_page("Name")
        _write(simulation, title)
        shown = title.capitalize()
        simulation.wait(lambda shown=shown: shown in simulation.text(), who="the disk")  # type: ignore[misc]
        assert Library(tmp_path / "library").load(name).composition.name == shown
        assert simulation.engine.instrument.takes.melody().name == shown
    go_home(simulation)
    assert "Dusk" in simulation.text()
    assert simulation.engine.instrument.takes.current is not None
    assert simulation.engine.instrument.takes.current.saved_as == name


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


def test_a_row_that_a_thread_brings_moves_no_selection(make_instrument: "MakeInstrument") -> None:
    """Neither after a start, on a page that was left open, nor where a hand has turned to."""
    simulation = make_instrument()
    shelves, panel = simulation.engine.crew.shelves, simulation.engine.panel
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
