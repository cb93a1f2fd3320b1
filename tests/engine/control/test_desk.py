"""What programs ask is done as if a finger had done it, and answered with what is so then."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import pytest

from firmware.engine.control.exchange import Exchange, Word
from firmware.engine.control.lines import read_request, request_line
from firmware.engine.event_queue import EventQueue
from firmware.engine.events import Asked, MidiReceived
from firmware.errors import LibraryError
from firmware.midi.control_maps import MoveKnob
from firmware.midi.messages import MidiMessage, NoteOff, NoteOn
from firmware.music.notes import Melody
from firmware.panel.states import State
from firmware.parameters import Technique

if TYPE_CHECKING:
    from tests.engine.conftest import MakeInstrument, Rehearsal

PATIENCE_S = 5.0


@dataclass(slots=True)
class Program:
    """Asks an instrument, without a socket between them."""

    rehearsal: "Rehearsal"
    progress: list[dict[str, Any]] = field(default_factory=list)

    def begin(self, name: str, **arguments: Any) -> list[Word]:
        """Ask; what is said lands in the list."""
        words: list[Word] = []
        request = read_request(request_line(name, arguments))
        self.rehearsal.engine.post(Asked(Exchange(request, words.append)))
        self.rehearsal.engine.step()
        return words

    def end(self, words: list[Word]) -> dict[str, Any]:
        """Let the instrument play on until the last word."""
        last_s = monotonic() + PATIENCE_S
        while not (words and words[-1].is_last):
            assert monotonic() < last_s
            self.rehearsal.engine.step(0.005)
        said = [json.loads(word.line) for word in words]
        self.progress = [line["progress"] for line in said[:-1]]
        answer = said[-1]
        assert isinstance(answer, dict)
        return answer

    def ask(self, name: str, **arguments: Any) -> dict[str, Any]:
        """Ask, and wait for the answer."""
        return self.end(self.begin(name, **arguments))

    def done(self, name: str, **arguments: Any) -> dict[str, Any]:
        """Ask for something that can be done."""
        answer = self.ask(name, **arguments)
        assert answer["ok"], answer
        return answer

    def refused(self, name: str, **arguments: Any) -> str:
        """Ask for something that cannot."""
        answer = self.ask(name, **arguments)
        assert not answer["ok"]
        error = answer["error"]
        assert isinstance(error, str)
        return error


@pytest.fixture
def rehearsal(make_instrument: "MakeInstrument") -> "Rehearsal":
    return make_instrument(count_in_bars=1, metronome=False)


@pytest.fixture
def program(rehearsal: "Rehearsal") -> Program:
    return Program(rehearsal)


@pytest.fixture
def plain(make_instrument: "MakeInstrument") -> Program:
    """Asks an instrument without a model, which is there sooner."""
    return Program(make_instrument(bundle=None))


def test_status_tells_what_the_instrument_does(
    program: Program, rehearsal: "Rehearsal", melody: Melody
) -> None:
    rehearsal.record(melody)
    rehearsal.advance(2_000_000_000)
    status = program.done("status")
    assert status["state"] == "idle"
    assert status["technique"] == "enhance"
    assert status["parameters"]["max_notes_added"] == 90
    assert status["take"]["melody"] == "Take 1"
    assert (status["take"]["notes"], status["take"]["bars"]) == (7, 2)
    assert status["take"]["saved_as"] is None
    assert status["ports"]["keyboards"] == ["Simulated AKM322"]
    assert status["worker"]["pid"] == rehearsal.engine.worker.pid
    assert status["uptime_s"] > 2
    assert status["dropped_events"] == 0
    assert status["is_safe"] is False
    assert status["system"]["temperature_c"] == 48
    assert status["generating"] is None
    assert "bach-arcnn" in status["bundles"]


def test_status_does_not_wait_for_a_disk_that_hangs(
    plain: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    librarian = plain.rehearsal.engine.crew.librarian
    monkeypatch.setattr(type(librarian), "look_at_system", lambda *_: None)
    words = plain.begin("status")
    plain.rehearsal.advance(2_900_000_000)
    assert words == []
    plain.rehearsal.advance(2_000_000_000)
    status = plain.end(words)
    assert status["ok"]
    assert status["problem"] == "the disk is too slow"


def test_parameters_are_told_with_their_ranges(plain: Program) -> None:
    content = plain.done("params")
    assert content["technique"] == "enhance"
    found = {line["key"]: line for line in content["parameters"]}
    assert found["max_notes_added"]["value"] == 90
    assert found["max_notes_added"]["range"] == "0 to 500"
    other = plain.done("params", technique="Extend")
    assert not other["is_set"]
    assert "max_rest_time" in {line["key"] for line in other["parameters"]}


def test_parameters_are_set_all_together(program: Program, rehearsal: "Rehearsal") -> None:
    values = {"technique": "extend", "max_rest_time": "3 s", "tempo_bpm": 72, "beats_per_bar": 3}
    assert program.done("set", values=values)["technique"] == "extend"
    settings = rehearsal.engine.instrument.settings
    assert settings.technique is Technique.EXTEND
    assert settings.value("max_rest_time") == 3.0
    assert (settings.tempo_bpm, settings.beats_per_bar) == (72.0, 3)


OUT_OF_RANGE: list[tuple[dict[str, object], str]] = [
    ({"max_notes_added": 501}, "max_notes_added must be a whole number in 0..500 notes"),
    ({"creative_risk": [1]}, "creative_risk must be a number in 0.1..6"),
    ({"creative_risk": True}, "creative_risk must be a number in 0.1..6"),
    ({"technique": "improve"}, "technique must be Enhance, Accompany, Extend or Duet"),
    ({"technique": {}}, "technique must be Enhance"),
    ({"max_rest_time": 1}, "enhance has no parameter 'max_rest_time'"),
    ({"tempo_bpm": 300}, "tempo must be in 40..220, got 300"),
    ({"tempo_bpm": "fast"}, "tempo_bpm must be a number"),
    ({"tempo_bpm": 10**400}, "tempo_bpm must be a number"),
    ({"beats_per_bar": 3.5}, "beats_per_bar must be a whole number"),
    ({"beats_per_bar": 0}, "beats_per_bar must be in 1..32"),
]


def test_what_is_out_of_range_is_refused_and_nothing_is_set(plain: Program) -> None:
    before = plain.rehearsal.engine.instrument.settings
    for values, said in OUT_OF_RANGE:
        assert said in plain.refused("set", values={"ensemble": "organ", **values})
        assert plain.rehearsal.engine.instrument.settings == before


def test_an_unknown_technique_is_refused(plain: Program) -> None:
    assert plain.refused("params", technique="x") == (
        "technique must be enhance, accompany, extend, got 'x'"
    )


def test_a_knob_picks_up_what_a_program_has_set(plain: Program) -> None:
    """The knob has its own value; after the program's it changes nothing until it passes that."""
    engine, now_ns = plain.rehearsal.engine, plain.rehearsal.clock.now_ns()
    move = MoveKnob(parameters=("creative_risk",), position=0.5)

    def risk() -> object:
        return engine.instrument.settings.value("creative_risk")

    engine.panel.move(move.parameters, 0.1, now_ns)
    engine.panel.move(move.parameters, 0.5, now_ns)
    assert risk() == pytest.approx(3.1)
    plain.done("set", values={"creative_risk": 6.0})
    engine.panel.move(move.parameters, 0.52, now_ns)
    assert risk() == 6.0
    engine.panel.move(move.parameters, 1.0, now_ns)
    engine.panel.move(move.parameters, 0.9, now_ns)
    assert risk() == pytest.approx(5.4)


def test_play_stop_and_keep_are_the_buttons(plain: Program, melody: Melody) -> None:
    assert "no melody yet" in plain.refused("play")
    assert "nothing was played lately" in plain.refused("keep")
    plain.rehearsal.strike(melody, plain.rehearsal.clock.now_ns())
    assert plain.done("keep")["state"] == "idle"
    assert plain.done("play")["state"] == "playing"
    assert plain.done("play")["state"] == "paused"
    assert plain.done("stop")["state"] == "idle"
    assert not plain.rehearsal.board.synthesizer.sounding


def test_a_generation_is_followed_into_the_library(
    program: Program, rehearsal: "Rehearsal", melody: Melody
) -> None:
    rehearsal.record(melody)
    answer = program.done("generate", values={"max_notes_added": 7})
    assert answer["name"] == "2026-01-02_03-04-05_take-1_enhance"
    assert (answer["seed"], answer["bundle"]) == (0, "fake")
    assert answer["parameters"]["max_notes_added"] == 7
    assert [line["total"] for line in program.progress][-1] == 20
    done = [line["done"] for line in program.progress]
    assert done == sorted(set(done)), "each step once, in order"
    assert (rehearsal.engine.crew.librarian._library.root / answer["name"]).is_dir()
    assert rehearsal.state() is State.PLAYING
    again = program.done("generate", melody=answer["name"], values={"technique": "extend"})
    assert again["technique"] == "extend"


def test_a_bundled_melody_is_generated_from_by_name(program: Program) -> None:
    assert program.done("generate", melody="ode-to-joy")["name"].endswith("ode-to-joy_enhance")


def test_a_generation_that_cannot_be_is_a_sentence(
    program: Program, rehearsal: "Rehearsal"
) -> None:
    assert "no melody yet" in program.refused("generate")
    assert "there is no composition 'nothing'" in program.refused("generate", melody="nothing")
    assert "is not a composition's name" in program.refused("generate", melody="../etc")
    program.done("set", values={"technique": "duet"})
    assert "begins a duet" in program.refused("generate", melody="ode-to-joy")
    assert rehearsal.state() is State.IDLE


def test_a_generation_that_is_cancelled_on_the_panel_is_told(
    make_instrument: "MakeInstrument",
) -> None:
    """Though a composition is there already, from a generation before."""
    program = Program(make_instrument("SlowStudio"))
    program.done("generate", melody="ode-to-joy")
    program.done("stop")
    words = program.begin("generate")
    assert "another program" in program.refused("generate")
    program.done("stop")
    assert program.end(words)["error"] == "the generation was cancelled on the instrument"
    assert program.rehearsal.state() is State.IDLE


def test_a_generation_that_fails_says_why(make_instrument: "MakeInstrument") -> None:
    program = Program(make_instrument(bundle="broken"))
    assert "the model is broken" in program.refused("generate", melody="ode-to-joy")


def test_a_generation_that_cannot_be_saved_says_why(
    program: Program, rehearsal: "Rehearsal", monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> str:
        raise LibraryError("there is no room left", remedy="delete some")

    monkeypatch.setattr(rehearsal.engine.crew.saver, "_save", refuse)
    assert program.refused("generate", melody="ode-to-joy") == "there is no room left"


def test_the_library_is_told_in_parts(program: Program, rehearsal: "Rehearsal") -> None:
    for _ in range(2):
        program.done("generate", melody="ode-to-joy")
        program.done("stop")
    answer = program.done("library")
    assert (answer["total"], answer["first"]) == (2, 0)
    assert [line["what"] for line in answer["compositions"]] == ["enhanced", "enhanced"]
    assert program.done("library", first=1)["compositions"] == answer["compositions"][1:]
    assert program.done("library", first=9)["compositions"] == []
    assert "must not be negative" in program.refused("library", first=-1)
    assert rehearsal.engine.crew.shelves.compositions is not None


def test_models_and_ports_are_told(plain: Program) -> None:
    bundles = {line["name"]: line["technique"] for line in plain.done("models")["bundles"]}
    assert bundles["bach-arcnn"] == "enhance"
    assert plain.done("ports")["synthesizer"] == "Simulated synthesizer"


def test_a_fault_in_a_request_ends_nothing_else(
    plain: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(type(plain.rehearsal.engine.crew.ports), "facts", fail)
    assert plain.refused("ports") == "a fault in Continuo itself: ZeroDivisionError"
    monkeypatch.undo()
    assert plain.done("status")["state"] == "idle"


@pytest.fixture(autouse=True)
def _no_folder_is_left(tmp_path: Path) -> Iterator[None]:
    yield
    assert not list((tmp_path / "library").glob(".continuo-*"))


def test_programs_give_way_to_the_player() -> None:
    """In a full queue a note and its end push out what programs ask, which they can ask again."""
    queue = EventQueue(capacity=3)
    words: list[Word] = []
    for _ in range(5):
        queue.post(Asked(Exchange(read_request(request_line("status", {})), words.append)))
    notes: list[MidiMessage] = [NoteOn(pitch=60, velocity=80), NoteOff(pitch=60)]
    for message in notes:
        queue.post(MidiReceived(message, 0))
    found = [queue.get(0) for _ in range(3)]
    assert isinstance(found[0], Asked)
    assert [event.message for event in found[1:] if isinstance(event, MidiReceived)] == notes
