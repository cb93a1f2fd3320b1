"""USB sticks: seen without a search, followed, and their melodies heard and imported."""

import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import pytest

from firmware.devices.controls import Button, Knob
from firmware.engine.sticks import StickReader, StickWatch
from firmware.library.importing import ImportSandbox
from firmware.library.names import MELODIES_FOLDER as IMPORTED
from firmware.library.stick_status import (
    MELODIES_FOLDER,
    STATUS_FILE,
    Phase,
    StickStatus,
    write_status,
)
from firmware.midi.files import write_melody
from firmware.music.notes import Melody
from firmware.panel.overview import StickLine
from firmware.panel.states import State
from firmware.panel.views import StickView

if TYPE_CHECKING:
    from tests.engine.conftest import MakeInstrument, Rehearsal

from tests.engine.fingers import SECOND_NS, go_home, top, value

PATIENCE_S = 20.0
READY = StickStatus(phase=Phase.READY, done=3, total=3)


@pytest.fixture
def sticks(tmp_path: Path) -> Path:
    """Where there is a folder for each stick."""
    (tmp_path / "sticks").mkdir()
    return tmp_path / "sticks"


@pytest.fixture
def plug_in(sticks: Path) -> Callable[..., Path]:
    """Have a stick served: its status, and what it offers."""

    def plug_in(status: StickStatus, files: dict[str, bytes] | None = None) -> Path:
        melodies = sticks / "sda1" / MELODIES_FOLDER
        melodies.mkdir(parents=True, exist_ok=True)
        for name, content in (files or {}).items():
            (melodies / name).write_bytes(content)
        write_status(sticks / "sda1", status)
        return melodies

    return plug_in


def _copying(done: int, total: int) -> StickStatus:
    name = "2026-01-02_03-04-05_ode-to-joy_enhance"
    return StickStatus(phase=Phase.COPYING, done=done, total=total, name=name)


def _until(simulation: "Rehearsal", words: str) -> None:
    """Let seconds pass, in which the sticks are looked at, until these words are seen."""
    last_s = monotonic() + PATIENCE_S
    while words not in f"{simulation.text()} {simulation.sentence()}":
        assert monotonic() < last_s, f"{words} is not seen: {simulation.text()}"
        simulation.engine.step(0.01)
        simulation.advance(SECOND_NS)


def test_a_stick_is_seen_without_a_search_and_followed_to_its_end(
    make_instrument: "MakeInstrument", sticks: Path, plug_in: Callable[..., Path]
) -> None:
    """Told when it comes, on home while it is there, with a bar and the time that is left."""
    simulation = make_instrument(bundle=None, appliance={"sticks": sticks})
    plug_in(_copying(0, 0))
    _until(simulation, "a USB stick is plugged in")
    assert value(simulation, "Stick") == "copying >"
    simulation.press(Button.ENTER)
    plug_in(_copying(10, 40))
    _until(simulation, "done=10")
    simulation.advance(2 * SECOND_NS)
    plug_in(_copying(20, 40))
    _until(simulation, "done=20")
    view = simulation.view()
    assert isinstance(view, StickView)
    assert (view.done, view.total, view.name) == (20, 40, "Ode to joy")
    assert view.seconds_left is not None
    assert view.seconds_left >= 4, "ten took two seconds or more"
    plug_in(READY)
    _until(simulation, "all compositions are on the stick")
    simulation.advance(5 * SECOND_NS)
    view = simulation.view()
    assert isinstance(view, StickView)
    assert not view.is_copying
    shutil.rmtree(sticks / "sda1")
    _until(simulation, "pulled out")
    simulation.press(Button.ENTER)
    assert top(simulation) == "HomePage"
    assert not simulation.is_seen("Stick")


def test_a_stick_that_is_pulled_out_too_early_is_told_and_one_that_fails_with_its_remedy(
    make_instrument: "MakeInstrument", sticks: Path, plug_in: Callable[..., Path]
) -> None:
    simulation = make_instrument(bundle=None, appliance={"sticks": sticks})
    plug_in(_copying(1, 40))
    _until(simulation, "plugged in")
    shutil.rmtree(sticks / "sda1")
    _until(simulation, "pulled out too early")
    problem = "the disk of /run/continuo-stick/sda1/Continuo is read-only"
    plug_in(StickStatus(phase=Phase.FAILED, problem=problem, remedy="switch it off"))
    _until(simulation, "Stick: the disk of the stick is read-only")
    simulation.open_page("Stick")
    assert "The disk of the stick is read-only. → switch it off" in simulation.text()


def test_a_melody_is_heard_and_imported_and_stays_when_the_stick_is_gone(
    make_instrument: "MakeInstrument",
    sticks: Path,
    plug_in: Callable[..., Path],
    melody: Melody,
    tmp_path: Path,
) -> None:
    plug_in(READY, {"Green sleeves.mid": write_melody(melody), "broken.mid": b"no music"})
    simulation = make_instrument(bundle=None, appliance={"sticks": sticks})
    _until(simulation, "all compositions are on the stick")
    simulation.open_page("Melodies")
    simulation.open_page("On the stick")
    simulation.open_page("Green sleeves")
    simulation.open_page("Play")
    simulation.wait(lambda: simulation.state() is State.PLAYING, who="the disk")
    assert top(simulation) == "ListenPage"
    assert simulation.engine.instrument.takes.melody().notes == melody.notes
    simulation.press(Button.STOP)
    simulation.press(Button.BACK)
    for _ in range(2):  # the second time it is there already
        simulation.open_page("Import")
        _until(simulation, "Green sleeves is imported")
        simulation.press(Button.KEEP)
    simulation.press(Button.BACK)
    assert value(simulation, "Green sleeves") == "imported"
    simulation.open_page("broken")
    simulation.open_page("Import")
    _until(simulation, "broken.mid")
    shutil.rmtree(sticks / "sda1")
    _until(simulation, "pulled out")
    go_home(simulation)
    simulation.open_page("Melodies")
    assert not simulation.is_seen("On the stick")
    simulation.turn(Knob.SELECT, -9)
    assert "Green sleeves played Green sleeves file" in simulation.text()
    kept = tmp_path / "library" / IMPORTED
    assert [path.name for path in kept.iterdir()] == ["Green sleeves.mid"]


def test_a_melody_whose_stick_vanishes_between_two_looks_is_one_sentence(
    make_instrument: "MakeInstrument",
    sticks: Path,
    plug_in: Callable[..., Path],
    melody: Melody,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The panel still shows it, the file is gone already."""
    plug_in(READY, {"a.mid": write_melody(melody)})
    simulation = make_instrument(bundle=None, appliance={"sticks": sticks})
    _until(simulation, "all compositions")
    monkeypatch.setattr(StickReader, "look", lambda _: None)
    shutil.rmtree(sticks / "sda1")
    simulation.open_page("Stick")
    simulation.press(Button.ENTER)
    simulation.open_page("a")
    for row in ("Import", "Play"):
        simulation.open_page(row)
        _until(simulation, "the stick was pulled out")
        simulation.advance(5 * SECOND_NS)
    assert len(simulation.engine.instrument.takes) == 0


def test_files_are_read_on_no_thread_that_plays(
    make_instrument: "MakeInstrument",
    sticks: Path,
    plug_in: Callable[..., Path],
    melody: Melody,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither the sticks nor their melodies: all of that is the librarian's."""
    threads: set[str] = set()
    look, read = StickReader.look, ImportSandbox.import_melody

    def watched_look(self: StickReader) -> tuple[StickLine, ...] | None:
        threads.add(threading.current_thread().name)
        return look(self)

    def watched_read(self: ImportSandbox, path: Path) -> Melody:
        threads.add(threading.current_thread().name)
        return read(self, path)

    monkeypatch.setattr(StickReader, "look", watched_look)
    monkeypatch.setattr(ImportSandbox, "import_melody", watched_read)
    plug_in(READY, {"a.mid": write_melody(melody)})
    simulation = make_instrument(bundle=None, appliance={"sticks": sticks})
    _until(simulation, "all compositions")
    simulation.open_page("Stick")
    simulation.press(Button.ENTER)
    simulation.open_page("a")
    simulation.open_page("Import")
    _until(simulation, "a is imported")
    assert threads == {"continuo-librarian"}


def test_a_thousand_melodies_are_turned_through(
    make_instrument: "MakeInstrument", sticks: Path, plug_in: Callable[..., Path]
) -> None:
    plug_in(READY, {f"{number:04}.mid": b"" for number in range(1000)})
    simulation = make_instrument(bundle=None, appliance={"sticks": sticks})
    _until(simulation, "all compositions")
    simulation.open_page("Stick")
    simulation.press(Button.ENTER)
    simulation.turn(Knob.SELECT, 2000)
    assert "0999 >" in simulation.text()
    simulation.press(Button.ENTER)
    assert top(simulation) == "StickMelodyPage"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"phase": []}',
        '{"phase": "ready", "done": "all"}',
        '{"phase": "ready", "done": 4, "total": 3}',
        '{"phase": "copying", "done": -1}',
        '{"phase": "copying", "name": null}',
        '{"phase": "ready", "done": true, "total": 3}',
        "[" * 100_000,
    ],
)
def test_a_status_that_is_broken_is_no_stick_until_it_makes_sense(
    sticks: Path, plug_in: Callable[..., Path], text: str
) -> None:
    plug_in(READY)
    (sticks / "sda1" / STATUS_FILE).write_text(text)
    reader = StickReader(sticks)
    assert reader.look() == ()
    plug_in(READY)
    (line,) = reader.look() or ()
    assert (line.title, line.done) == ("Stick", 3)


def test_only_what_has_changed_is_read_again(
    sticks: Path, plug_in: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two changes a look opens no file and makes no list."""
    reader = StickReader(sticks)
    assert reader.look() is None, "no stick is no news"
    plug_in(READY, {"a.mid": b""})
    assert len(reader.look() or ()) == 1
    monkeypatch.setattr("firmware.engine.sticks.sticks", lambda _: pytest.fail("read again"))
    assert reader.look() is None
    monkeypatch.undo()
    plug_in(READY, {"b.mid": b""})
    (line,) = reader.look() or ()
    assert [melody.name for melody in line.melodies] == ["a", "b"]
    shutil.rmtree(sticks / "sda1")
    assert reader.look() == ()
    shutil.rmtree(sticks)
    assert reader.look() is None
    assert StickReader(None).look() is None


def test_melodies_are_offered_once_they_are_whole(
    sticks: Path, plug_in: Callable[..., Path]
) -> None:
    """While it is copied to, the last of them may be half a file; two sticks have numbers."""
    plug_in(_copying(3, 3), {"a.mid": b""})
    shutil.copytree(sticks / "sda1", sticks / "sdb1")
    write_status(sticks / "sdb1", READY)
    first, second = StickReader(sticks).look() or ()
    assert (first.title, first.melodies) == ("Stick 1", ())
    assert (second.title, [melody.file for melody in second.melodies]) == ("Stick 2", ["a.mid"])


def test_the_time_that_is_left_goes_by_what_was_done_since_it_was_plugged_in() -> None:
    watch = StickWatch()

    def left(done: int, seconds: int) -> int | None:
        line = StickLine(key="a", title="Stick", is_copying=True, done=done, total=100)
        watch.take((line,), seconds * SECOND_NS)
        return watch.lines[0].seconds_left

    assert left(20, 5) is None
    assert left(20, 8) is None
    assert left(40, 15) == 30
    assert left(100, 45) == 0
    watch.take((), 50 * SECOND_NS)
    assert left(90, 60) is None, "plugged in anew"


@pytest.mark.parametrize(
    ("done", "total", "sentence"),
    [
        (3, 3, "all compositions are on the stick"),
        (3, 5, "all but 2 damaged compositions are on the stick"),
        (0, 0, "the stick is ready"),
    ],
)
def test_what_is_on_a_stick_is_told_once(done: int, total: int, sentence: str) -> None:
    """However often it is looked at; and again if it is served anew."""
    watch = StickWatch()
    ready = StickLine(key="a", title="Stick", done=done, total=total)
    copying = StickLine(key="a", title="Stick", is_copying=True)
    told = (sentence, "you can pull it out")
    assert watch.take((ready,), 0) == told
    assert watch.take((ready,), 1) is None
    assert watch.take((copying,), 2) is not None
    assert watch.take((ready,), 3) == told
    assert watch.take((), 4) is None
