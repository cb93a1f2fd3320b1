"""A generation on the whole instrument: it is heard, kept, given up, and survived by the music."""

import os
import signal
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from firmware.devices.controls import Button, Knob
from firmware.engine.schedule import KEYBOARD_CHANNEL
from firmware.library.store import Library
from firmware.music.notes import Composition, Melody
from firmware.panel.states import State
from firmware.parameters import Technique

if TYPE_CHECKING:
    from tests.engine.conftest import MakeInstrument

SECOND_NS = 1_000_000_000


def test_a_composition_is_played_saved_and_the_same_again(
    make_instrument: "MakeInstrument",
    melody: Melody,
    octaves: Callable[..., Composition],
    tmp_path: Path,
) -> None:
    simulation = make_instrument(seed=5)
    simulation.record(melody)
    simulation.generate()
    assert simulation.state() is State.PLAYING
    simulation.wait(lambda: bool(simulation.engine.saved))
    saved = Library(tmp_path / "library").load(simulation.engine.saved[0])
    recorded = simulation.engine.instrument.takes.melody()
    assert saved.composition == octaves(recorded, below=17)
    assert (saved.melody, saved.seed, saved.bundle) == (recorded, 5, "fake")
    assert saved.created_at == "2026-01-02T03:04:05+00:00"


def test_the_preview_is_heard_before_the_composition_is_finished_and_gives_way_to_it(
    make_instrument: "MakeInstrument", melody: Melody, octaves: Callable[..., Composition]
) -> None:
    simulation = make_instrument("PreviewStudio")
    simulation.record(melody)
    instrument = simulation.engine.instrument
    recorded = instrument.takes.melody()
    simulation.press(Button.GENERATE)
    simulation.wait(lambda: simulation.state() is State.AUDITIONING)
    assert instrument.playing == octaves(recorded, below=7)
    simulation.wait(lambda: instrument.generating is None)
    assert simulation.state() is State.PLAYING
    assert instrument.playing == octaves(recorded, below=12)
    assert instrument.player.position_ticks(simulation.clock.now_ns()) > 0, "it goes on"
    simulation.advance(20 * SECOND_NS)
    assert simulation.board.synthesizer.sounding == set()


def test_a_stopped_preview_stays_silent_until_the_composition_is_there(
    make_instrument: "MakeInstrument", melody: Melody
) -> None:
    simulation = make_instrument("PreviewStudio")
    simulation.record(melody)
    simulation.press(Button.GENERATE)
    simulation.wait(lambda: simulation.state() is State.AUDITIONING)
    simulation.press(Button.PLAY)
    assert simulation.state() is State.GENERATING
    assert not simulation.engine.instrument.player.is_running
    simulation.wait(lambda: simulation.engine.instrument.generating is None)
    assert simulation.state() is State.PLAYING


def test_a_killed_worker_leaves_the_music_on_says_so_and_works_again(
    make_instrument: "MakeInstrument", melody: Melody
) -> None:
    """Kill -9 while a composition plays and the next one is being made."""
    simulation = make_instrument("SlowStudio")
    simulation.record(melody)
    simulation.generate()
    assert simulation.state() is State.PLAYING
    simulation.press(Button.GENERATE)
    assert simulation.state() is State.AUDITIONING
    pid = simulation.engine.worker.pid
    assert pid is not None
    position = simulation.engine.instrument.player.position_ticks(simulation.clock.now_ns())
    os.kill(pid, signal.SIGKILL)
    simulation.wait(lambda: simulation.engine.instrument.generating is None)
    assert simulation.state() is State.PLAYING
    now_ns = simulation.clock.now_ns()
    assert simulation.engine.instrument.player.position_ticks(now_ns) > position
    assert "stopped and was started again" in simulation.sentence()
    assert simulation.engine.worker.pid not in (None, pid)
    simulation.press(Button.GENERATE)
    assert simulation.sentence() == "", "a button takes the message away"
    simulation.wait(lambda: simulation.engine.instrument.generating is None)
    simulation.wait(lambda: len(simulation.engine.saved) == 2)


def test_a_worker_that_stands_still_leaves_the_music_on_says_so_and_works_again(
    make_instrument: "MakeInstrument", melody: Melody
) -> None:
    """Kill -STOP while the next composition is being made, which is then given up as well."""
    simulation = make_instrument("SlowStudio")
    simulation.record(melody)
    simulation.generate()
    simulation.press(Button.GENERATE)
    worker = simulation.engine.worker
    pid, silent_s = worker.pid, worker.silent_s
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    simulation.press(Button.STOP)
    simulation.press(Button.GENERATE)
    assert simulation.state() is State.GENERATING
    worker.silent_s = 0.3
    simulation.wait(lambda: worker.pid != pid)
    worker.silent_s = silent_s
    assert "stopped and was started again" in simulation.sentence()
    assert simulation.state() is State.IDLE
    simulation.generate()
    assert simulation.state() is State.PLAYING


def test_a_worker_that_always_dies_is_left_alone_and_the_keys_still_sound(
    make_instrument: "MakeInstrument",
) -> None:
    simulation = make_instrument("CrashingStudio")
    simulation.wait(lambda: "keeps stopping" in simulation.sentence())
    assert simulation.engine.worker.pid is None
    simulation.board.keyboard.strike(60)
    simulation.engine.step()
    assert simulation.board.synthesizer.sounding == {(KEYBOARD_CHANNEL, 60)}


def test_a_failed_generation_is_a_sentence_on_the_panel(
    make_instrument: "MakeInstrument", melody: Melody
) -> None:
    simulation = make_instrument("FailingStudio", seed=0)
    simulation.record(melody)
    simulation.generate()
    assert simulation.state() is State.IDLE
    assert simulation.sentence() == "the model failed"
    simulation.advance(5 * SECOND_NS)
    assert simulation.sentence() == "", "it goes away by itself"


def test_an_instrument_without_a_usable_model_still_plays_and_records(
    make_instrument: "MakeInstrument", melody: Melody
) -> None:
    simulation = make_instrument(bundle="broken")
    simulation.wait(lambda: simulation.sentence() == "the model is broken")
    simulation.record(melody)
    simulation.press(Button.PLAY)
    assert simulation.state() is State.PLAYING


def test_back_cancels_a_generation_and_keeps_the_melody(
    make_instrument: "MakeInstrument", melody: Melody
) -> None:
    simulation = make_instrument("SlowStudio")
    simulation.record(melody)
    simulation.press(Button.GENERATE)
    assert simulation.state() is State.GENERATING
    simulation.press(Button.BACK)
    assert simulation.state() is State.IDLE
    assert simulation.engine.instrument.takes.melody().notes == melody.notes
    simulation.generate()
    simulation.wait(lambda: bool(simulation.engine.saved))
    assert len(simulation.engine.saved) == 1


def test_generate_makes_another_take_and_the_dial_steps_through_them(
    make_instrument: "MakeInstrument", melody: Melody
) -> None:
    """Every take has a seed of its own, and all begin with the same melody."""
    simulation = make_instrument(seeds=count(3))
    takes = simulation.engine.instrument.takes
    simulation.record(melody)
    for _ in range(3):
        simulation.generate()
    assert [take.record.seed for take in takes if take.record] == [3, 4, 5]
    assert len({take.melody for take in takes}) == 1
    simulation.turn(Knob.SELECT, -1)
    assert simulation.state() is State.PLAYING
    assert takes.current is list(takes)[2]
    simulation.turn(Knob.SELECT, -9)
    assert takes.current is next(iter(takes))
    simulation.turn(Knob.SELECT, 9)
    assert takes.current is list(takes)[3]
    simulation.advance(20 * SECOND_NS)
    assert simulation.board.synthesizer.sounding == set()


def test_another_technique_works_on_what_is_heard_and_says_where_it_came_from(
    make_instrument: "MakeInstrument", melody: Melody, tmp_path: Path
) -> None:
    """Enhance, then extend from the page on which it is heard; then extend once more."""
    simulation = make_instrument()
    instrument, saved = simulation.engine.instrument, simulation.engine.saved
    simulation.record(melody)
    simulation.generate()
    simulation.wait(lambda: len(saved) == 1)
    enhanced = instrument.takes.current
    assert enhanced is not None
    assert enhanced.composition is not None
    simulation.press(Button.BACK)
    simulation.select("Technique")
    simulation.turn(Knob.VALUE, 9)
    simulation.turn(Knob.VALUE, -1)  # behind extend there is the duet
    assert instrument.settings.technique is Technique.EXTEND
    simulation.open_page("Listen")
    for times in (2, 3):
        simulation.generate()
        simulation.wait(partial(_are_saved, saved, times))
        extended = Library(tmp_path / "library").load(saved[-1])
        assert extended.technique is Technique.EXTEND
        assert extended.melody.notes == enhanced.composition.as_melody().notes
        assert extended.parent == saved[0]


def _are_saved(saved: list[str], count: int) -> bool:
    return len(saved) == count


def test_from_home_another_technique_works_on_the_melody(
    make_instrument: "MakeInstrument", melody: Melody
) -> None:
    simulation = make_instrument()
    simulation.record(melody)
    simulation.generate()
    simulation.press(Button.BACK)
    simulation.turn(Knob.VALUE, 9)
    simulation.turn(Knob.VALUE, -1)
    simulation.generate()
    take = simulation.engine.instrument.takes.current
    assert take is not None
    assert take.record is not None
    assert take.record.technique is Technique.EXTEND
    assert take.record.melody.notes == melody.notes
    assert take.record.parent is None


def test_a_full_disk_is_a_sentence_and_the_composition_stays(
    make_instrument: "MakeInstrument", melody: Melody, tmp_path: Path
) -> None:
    """A file stands where the library's folder should be: nothing can be written there."""
    (tmp_path / "library").write_text("no folder")
    simulation = make_instrument()
    simulation.record(melody)
    simulation.generate()
    simulation.wait(lambda: "not saved" in simulation.sentence())
    assert simulation.state() is State.PLAYING
    assert simulation.engine.instrument.takes.current is not None
    assert simulation.engine.instrument.takes.current.composition is not None


def test_the_first_row_chooses_the_technique_and_its_model_is_loaded_meanwhile(
    make_instrument: "MakeInstrument", melody: Melody, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulation = make_instrument()
    engine = simulation.engine
    simulation.record(melody)
    loads = []
    start = engine.worker.start

    def watched(*arguments: Path, threads: int) -> None:
        loads.append(arguments)
        start(*arguments, threads=threads)

    monkeypatch.setattr(engine.worker, "start", watched)
    clicks = list(Technique).index(Technique.EXTEND)
    simulation.turn(Knob.VALUE, clicks)
    assert engine.instrument.settings.technique is Technique.EXTEND
    assert len(loads) == clicks
    simulation.open_page("Parameters")
    simulation.turn(Knob.VALUE, 5)
    assert len(loads) == clicks, "another value is no other technique"
    simulation.generate()
    take = engine.instrument.takes.current
    assert take is not None
    assert take.record is not None
    assert take.record.technique is Technique.EXTEND
    assert take.record.parameters["creative_risk"] == 1.5
    assert take.record.parameters["style"] == "piano"


def test_a_technique_without_a_model_is_a_sentence_with_the_way_to_install_one(
    make_instrument: "MakeInstrument", melody: Melody
) -> None:
    """It is chosen all the same, so that what lies behind it can be reached."""
    simulation = make_instrument(techniques=[Technique.ENHANCE])
    instrument = simulation.engine.instrument
    simulation.turn(Knob.VALUE, 1)
    assert instrument.settings.technique is not Technique.ENHANCE
    assert simulation.sentence() == "no model is installed"
    simulation.turn(Knob.SELECT, 1)
    assert simulation.sentence() == "", "a knob takes the message away, as a button does"
    simulation.wait(lambda: simulation.is_seen("No model for it"), who="the disk")
    simulation.open_page("No model for it")
    assert "No model is installed." in simulation.text()
    simulation.press(Button.BACK)
    simulation.record(melody)
    simulation.press(Button.GENERATE)
    assert simulation.state() is State.IDLE
    assert simulation.sentence() == "no model is installed"
    simulation.select("Technique")
    simulation.turn(Knob.VALUE, -1)
    simulation.generate()
    assert simulation.state() is State.PLAYING
