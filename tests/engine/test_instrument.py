"""The instrument against a player who presses anything at any time: no note hangs, ever."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.config import Config
from firmware.engine.instrument import Instrument
from firmware.engine.messages import (
    Advanced,
    Cancelled,
    Died,
    Failed,
    Finished,
    GenerationRequest,
    Loaded,
    WorkerMessage,
)
from firmware.engine.outside import Outside
from firmware.engine.schedule import KEYBOARD_CHANNEL, as_composition
from firmware.errors import ContinuoError, EngineStateError
from firmware.library.records import CompositionRecord
from firmware.midi.messages import MidiMessage, NoteOff, NoteOn
from firmware.music.notes import Composition, Melody
from firmware.panel.states import State, Trigger


@dataclass
class World:
    """An instrument with a worker that only answers when told to, and a strict ear."""

    now_ns: int = 0
    sounding: set[tuple[int, int]] = field(default_factory=set)
    records: list[CompositionRecord] = field(default_factory=list)
    number: int = 0
    incarnation: int = 1
    request: GenerationRequest | None = None

    def __post_init__(self) -> None:
        self.instrument = Instrument(
            Config(library=Path("nowhere")),
            Outside(
                send=self.hear,
                save=self.records.append,
                worker=self,
                choose_bundle=lambda _: Path("bundle"),
                name_take=lambda: "take",
                choose_seed=lambda: 0,
                wall_clock=lambda: datetime(2026, 1, 1, tzinfo=UTC),
            ),
        )

    def state(self) -> State:
        """What it is doing."""
        return self.instrument.state

    def hear(self, message: MidiMessage) -> None:
        """Be the synthesizer."""
        match message:
            case NoteOn(pitch=pitch, channel=channel):
                assert (channel, pitch) not in self.sounding, "struck while it sounds"
                self.sounding.add((channel, pitch))
            case NoteOff(pitch=pitch, channel=channel):
                self.sounding.discard((channel, pitch))
            case _:
                pass

    def start(self, bundle_folder: Path | None = None, *, threads: int = 1) -> None:
        """Be the worker."""
        del bundle_folder, threads

    def generate(self, request: GenerationRequest) -> int:
        """Be the worker."""
        self.request = request
        self.number += 1
        return self.number

    def cancel(self, number: int) -> None:
        """Be the worker."""
        assert number == self.number

    def reap(self, died: Died) -> bool:
        """Be the worker."""
        if died.incarnation != self.incarnation:
            return False
        self.incarnation += 1
        return True

    def advance(self, duration_ns: int) -> None:
        """Let time pass."""
        end_ns = self.now_ns + duration_ns
        while (due_ns := self.instrument.next_ns()) is not None and due_ns <= end_ns:
            self.now_ns = max(due_ns, self.now_ns)
            self.instrument.run_due(self.now_ns)
        self.now_ns = end_ns

    def press(self, trigger: Trigger) -> str:
        """Press a button; the sentence of a refusal."""
        try:
            self.instrument.trigger(trigger, self.now_ns)
        except ContinuoError as error:
            return str(error)
        return ""

    def answer(self, kind: str, number: int) -> None:
        """Let the worker say something about a generation."""
        if self.request is None:
            return
        music = as_composition(self.request.melody, program=number % 128)
        shifted = replace(
            music,
            tracks=(
                *music.tracks,
                replace(
                    music.tracks[0],
                    notes=tuple(replace(n, pitch=n.pitch - 12 + number % 3) for n in music.notes),
                ),
            ),
        )
        self.instrument.answer(_ANSWERS[kind](number, shifted, self.incarnation), self.now_ns)


_ANSWERS: dict[str, Callable[[int, Composition, int], WorkerMessage]] = {
    "loaded": lambda *_: Loaded(name="bundle"),
    "advanced": lambda n, *_: Advanced(number=n, done=1, total=2, elapsed_s=0.1),
    "preview": lambda n, music, _: Advanced(
        number=n, done=1, total=2, elapsed_s=0.1, preview=music
    ),
    "finished": lambda n, music, _: Finished(
        number=n, composition=music, bundle="bundle", bundle_sha256="", elapsed_s=0.2
    ),
    "failed": lambda n, *_: Failed(number=n, message="it failed", remedy=""),
    "cancelled": lambda n, *_: Cancelled(number=n),
    "died": lambda _, __, incarnation: Died(incarnation=incarnation, exit_code=-9),
}
_BUTTONS = (
    Trigger.RECORD,
    Trigger.GENERATE,
    Trigger.PLAY,
    Trigger.STOP,
    Trigger.BACK,
    Trigger.KEEP,
)
moves = st.lists(
    st.one_of(
        st.tuples(st.just("press"), st.sampled_from(_BUTTONS)),
        st.tuples(st.just("wait"), st.integers(0, 4_000_000_000)),
        st.tuples(st.just("strike"), st.integers(60, 63)),
        st.tuples(st.just("release"), st.integers(60, 63)),
        st.tuples(st.sampled_from(sorted(_ANSWERS)), st.integers(-1, 0)),
    ),
    max_size=60,
)


def do(world: World, verb: str, argument: int | Trigger) -> None:
    """One thing that happens to the instrument."""
    match verb, argument:
        case "press", Trigger() as trigger:
            world.press(trigger)
        case "wait", int(duration_ns):
            world.advance(duration_ns)
        case "strike", int(pitch) if (KEYBOARD_CHANNEL, pitch) not in world.sounding:
            world.instrument.hear(NoteOn(pitch=pitch, velocity=80), world.now_ns)
        case "release", int(pitch):
            world.instrument.hear(NoteOff(pitch=pitch), world.now_ns)
        case str(kind), int(age) if kind in _ANSWERS:
            world.answer(kind, world.number + age)
        case _:
            pass


@settings(max_examples=400)
@given(given_moves=moves)
def test_whatever_happens_in_whatever_order_nothing_hangs(
    given_moves: list[tuple[str, int | Trigger]],
) -> None:
    """Late answers included; no order of events is impossible, and stop leads to silence."""
    world = World()
    for verb, argument in given_moves:
        do(world, verb, argument)
        instrument = world.instrument
        is_generating = instrument.state in (State.GENERATING, State.AUDITIONING)
        assert (instrument.generating is not None) == is_generating
        plays = instrument.state in (State.PLAYING, State.AUDITIONING)
        assert instrument.player.is_running == plays
        assert (instrument.recorder is not None) == (
            instrument.state in (State.COUNT_IN, State.RECORDING)
        )
    assert world.press(Trigger.STOP) == ""
    assert world.instrument.state is State.IDLE
    assert {channel for channel, _ in world.sounding} <= {KEYBOARD_CHANNEL}
    world.instrument.silence_everything(world.now_ns)
    assert world.sounding == set()
    assert world.instrument.next_ns() is None or world.instrument.notice is not None


def _with_melody(melody: Melody) -> World:
    world = World()
    for note in melody.notes:
        world.instrument.hear(NoteOn(pitch=note.pitch, velocity=80), world.now_ns)
        world.advance(100_000_000)
        world.instrument.hear(NoteOff(pitch=note.pitch), world.now_ns)
    assert world.press(Trigger.KEEP) == ""
    return world


def test_a_later_preview_replaces_the_one_that_plays_and_a_cancel_brings_the_melody_back(
    melody: Melody,
) -> None:
    world = _with_melody(melody)
    world.press(Trigger.GENERATE)
    world.answer("preview", world.number)
    assert world.state() is State.AUDITIONING
    first = world.instrument.playing
    world.advance(50_000_000)
    world.answer("preview", world.number)
    assert world.instrument.playing is not first
    world.press(Trigger.BACK)
    assert world.state() is State.PLAYING
    assert world.instrument.playing == as_composition(world.instrument.takes.melody())
    assert world.records == []


def test_an_answer_to_a_cancelled_generation_is_ignored(melody: Melody) -> None:
    world = _with_melody(melody)
    world.press(Trigger.GENERATE)
    world.press(Trigger.BACK)
    world.answer("finished", world.number)
    assert world.state() is State.IDLE
    assert world.records == []
    world.press(Trigger.GENERATE)
    world.answer("finished", world.number - 1)
    assert world.state() is State.GENERATING


def test_progress_of_a_cancelled_generation_is_not_shown_for_the_next(melody: Melody) -> None:
    world = _with_melody(melody)
    world.press(Trigger.GENERATE)
    world.press(Trigger.BACK)
    world.press(Trigger.GENERATE)
    world.answer("advanced", world.number - 1)
    assert world.instrument.generating is not None
    assert world.instrument.generating.done == 0
    world.answer("advanced", world.number)
    assert world.instrument.generating.done == 1


def test_a_preview_that_has_ended_is_not_begun_again_by_the_next_one(melody: Melody) -> None:
    world = _with_melody(melody)
    world.press(Trigger.GENERATE)
    world.answer("preview", world.number)
    world.advance(60_000_000_000)
    assert world.state() is State.GENERATING
    world.answer("preview", world.number)
    assert world.state() is State.GENERATING
    world.press(Trigger.PLAY)
    assert world.state() is State.AUDITIONING


def test_a_disk_that_is_too_slow_keeps_the_composition_and_says_so(melody: Melody) -> None:
    world = _with_melody(melody)

    def refuse(_: CompositionRecord) -> None:
        raise EngineStateError("the disk is too slow")

    outside = world.instrument._outside
    world.instrument._outside = replace(outside, save=refuse)
    world.press(Trigger.GENERATE)
    world.answer("finished", world.number)
    assert world.state() is State.PLAYING
    assert world.instrument.notice is not None
    assert world.instrument.takes.current is not None
    assert world.instrument.takes.current.composition is not None
