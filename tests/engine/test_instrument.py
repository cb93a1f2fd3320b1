"""The instrument against a player who presses anything at any time: no note hangs, ever."""

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.engine.mixer import Fader
from firmware.engine.schedule import KEYBOARD_CHANNEL, as_composition
from firmware.engine.takes import Take, Takes
from firmware.errors import EngineStateError
from firmware.library.records import CompositionRecord
from firmware.midi.messages import NoteOff, NoteOn
from firmware.music.notes import Melody
from firmware.panel.states import State, Trigger
from firmware.parameters import Technique
from tests.engine.world import World, with_melody

_ANSWERS = ("advanced", "cancelled", "died", "failed", "finished", "loaded", "preview")
_BUTTONS = (
    Trigger.RECORD,
    Trigger.GENERATE,
    Trigger.PLAY,
    Trigger.STOP,
    Trigger.BACK,
    Trigger.KEEP,
    Trigger.DUET,
)
_DUET = frozenset({State.DUET_LISTENING, State.DUET_ANSWERING})
moves = st.lists(
    st.one_of(
        st.tuples(st.just("press"), st.sampled_from(_BUTTONS)),
        st.tuples(st.just("wait"), st.integers(0, 4_000_000_000)),
        st.tuples(st.just("strike"), st.integers(60, 63)),
        st.tuples(st.just("release"), st.integers(60, 63)),
        st.tuples(st.sampled_from(_ANSWERS), st.integers(-1, 0)),
        st.tuples(st.just("chain"), st.sampled_from(range(len(Technique)))),
        st.tuples(st.just("step"), st.integers(-2, 2)),
        st.tuples(st.sampled_from(("delete take", "restore take")), st.just(0)),
        st.tuples(st.sampled_from(("mute", "solo", "program")), st.integers(0, 2)),
        st.tuples(st.just("turn"), st.integers(-1, 1)),
    ),
    max_size=60,
)


def _choose(world: World, verb: str, argument: int) -> None:
    """What a hand does with takes and tracks; a refusal is none of the player's mistakes."""
    instrument, now_ns = world.instrument, world.now_ns
    match verb:
        case "chain":
            technique = list(Technique)[argument]
            instrument.settings = replace(instrument.settings, technique=technique)
            instrument.generate(now_ns, on_heard=True)
        case "step":
            instrument.change_take(lambda takes: takes.step(argument), now_ns)
        case "delete take":
            instrument.change_take(Takes.delete, now_ns)
        case "restore take":
            instrument.change_take(Takes.restore, now_ns)
        case _:
            faders = instrument.stage.mixer.faders
            fader = faders[argument] if argument < len(faders) else Fader()
            instrument.stage.mixer.set(
                argument,
                is_muted=not fader.is_muted if verb == "mute" else None,
                is_soloed=not fader.is_soloed if verb == "solo" else None,
                program=now_ns % 128 if verb == "program" else None,
            )
            instrument.stage.remix(now_ns)


def do(world: World, verb: str, argument: int | Trigger) -> None:
    """One thing that happens to the instrument."""
    match verb, argument:
        case "press", Trigger() as trigger:
            world.press(trigger)
        case "wait", int(duration_ns):
            world.advance(duration_ns)
        case "strike", int(pitch) if (KEYBOARD_CHANNEL, pitch) not in world.sounding:
            world.key(NoteOn(pitch=pitch, velocity=80))
        case "release", int(pitch):
            world.key(NoteOff(pitch=pitch))
        case "turn", int(clicks):
            world.turn(clicks)
        case "unplug", _:
            world.instrument.lose_keyboard(world.now_ns)
        case str(kind), int(age) if kind in _ANSWERS:
            world.answer(kind, world.number + age)
        case (
            ("chain" | "step" | "delete take" | "restore take" | "mute" | "solo" | "program"),
            int(number),
        ):
            with suppress(EngineStateError):
                _choose(world, verb, number)
        case _:
            pass


@settings(max_examples=400)
@given(given_moves=moves, technique=st.sampled_from(Technique))
def test_whatever_happens_in_whatever_order_nothing_hangs(
    given_moves: list[tuple[str, int | Trigger]], technique: Technique
) -> None:
    """Late answers included; no order of events is impossible, and stop leads to silence."""
    world = World(technique=technique)
    for verb, argument in given_moves:
        do(world, verb, argument)
        mind(world)
    end(world)


calls_and_answers = st.lists(
    st.one_of(
        st.tuples(st.just("strike"), st.integers(60, 63)),
        st.tuples(st.just("release"), st.integers(60, 63)),
        st.tuples(st.just("wait"), st.integers(0, 3_000_000_000)),
        st.tuples(st.sampled_from(_ANSWERS), st.integers(-1, 0)),
        st.tuples(st.just("press"), st.sampled_from(_BUTTONS)),
        st.tuples(st.just("unplug"), st.just(0)),
    ),
    max_size=60,
)


@settings(max_examples=400)
@given(given_moves=calls_and_answers)
def test_whatever_is_played_in_a_duet_nothing_hangs(
    given_moves: list[tuple[str, int | Trigger]],
) -> None:
    """A struck key silences the answer at that instant, whatever the worker does meanwhile."""
    world = World(technique=Technique.EXTEND)
    for verb, argument in [("press", Trigger.DUET), *given_moves]:
        struck = len(world.struck)
        do(world, verb, argument)
        mind(world)
        if verb == "strike" and len(world.struck) > struck and world.state() in _DUET:
            assert world.state() is State.DUET_LISTENING
            assert {channel for channel, _ in world.sounding} <= {KEYBOARD_CHANNEL}
    end(world)


def mind(world: World) -> None:
    """What holds at any time."""
    instrument, state = world.instrument, world.state()
    passes, cue = instrument.passes, instrument.player.cue_ticks
    assert not passes.is_wanted or state in (State.PLAYING, State.PAUSED)
    assert cue is None or passes.coming is not None
    if state is not State.DUET_ANSWERING:
        is_generating = state in (State.GENERATING, State.AUDITIONING)
        assert (instrument.generating is not None) == is_generating
        plays = state in (State.PLAYING, State.AUDITIONING)
        assert instrument.player.is_running == plays
    assert (instrument.duet is not None) == (state in _DUET)
    assert (instrument.booth.recorder is not None) == (state in (State.COUNT_IN, State.RECORDING))


def end(world: World) -> None:
    """Stop leads to rest, and switching off to silence."""
    assert world.press(Trigger.STOP) == ""
    assert world.instrument.state is State.IDLE
    assert {channel for channel, _ in world.sounding} <= {KEYBOARD_CHANNEL}
    world.instrument.silence_everything(world.now_ns)
    assert world.sounding == set()
    assert world.instrument.next_ns() is None or world.instrument.notice is not None


def test_a_later_preview_replaces_the_one_that_plays_and_a_cancel_brings_the_melody_back(
    melody: Melody,
) -> None:
    world = with_melody(melody)
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
    world = with_melody(melody)
    world.press(Trigger.GENERATE)
    world.press(Trigger.BACK)
    world.answer("finished", world.number)
    assert world.state() is State.IDLE
    assert world.records == []
    world.press(Trigger.GENERATE)
    world.answer("finished", world.number - 1)
    assert world.state() is State.GENERATING


def test_progress_of_a_cancelled_generation_is_not_shown_for_the_next(melody: Melody) -> None:
    world = with_melody(melody)
    world.press(Trigger.GENERATE)
    world.press(Trigger.BACK)
    world.press(Trigger.GENERATE)
    world.answer("advanced", world.number - 1)
    assert world.instrument.generating is not None
    assert world.instrument.generating.done == 0
    world.answer("advanced", world.number)
    assert world.instrument.generating.done == 1


def test_a_preview_that_has_ended_is_not_begun_again_by_the_next_one(melody: Melody) -> None:
    world = with_melody(melody)
    world.press(Trigger.GENERATE)
    world.answer("preview", world.number)
    world.advance(60_000_000_000)
    assert world.state() is State.GENERATING
    world.answer("preview", world.number)
    assert world.state() is State.GENERATING
    world.press(Trigger.PLAY)
    assert world.state() is State.AUDITIONING


def test_a_take_of_the_same_melody_goes_on_at_its_place_and_another_from_the_beginning(
    melody: Melody,
) -> None:
    world = with_melody(melody)
    instrument = world.instrument
    for _ in range(2):
        world.press(Trigger.GENERATE)
        world.answer("finished", world.number)
    world.advance(300_000_000)
    place = instrument.player.position_ticks(world.now_ns)
    assert place > 0
    instrument.change_take(lambda takes: takes.step(-1), world.now_ns)
    assert instrument.player.position_ticks(world.now_ns) == place
    assert instrument.takes.current is not None
    assert instrument.playing == instrument.takes.current.composition
    other = Take(melody=replace(melody, tempo_bpm=77.0))
    instrument.change_take(lambda takes: takes.add(other), world.now_ns)
    assert world.state() is State.PLAYING
    assert instrument.player.position_ticks(world.now_ns) == 0
    world.advance(300_000_000)
    world.press(Trigger.PLAY)
    instrument.change_take(lambda takes: takes.step(-1), world.now_ns)
    assert world.state() is State.PAUSED
    assert instrument.player.position_ticks(world.now_ns) == 0
    assert world.sounding == set()


def test_a_take_cannot_be_chosen_while_one_is_made(melody: Melody) -> None:
    world = with_melody(melody)
    world.press(Trigger.GENERATE)
    with pytest.raises(EngineStateError, match="is being generated"):
        world.instrument.change_take(Takes.delete, world.now_ns)
    assert len(world.instrument.takes) == 1


def test_a_disk_that_is_too_slow_keeps_the_composition_and_says_so(melody: Melody) -> None:
    world = with_melody(melody)

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


def test_of_two_keyboards_the_one_that_goes_ends_its_own_notes_only() -> None:
    world = World()
    world.press(Trigger.RECORD)
    world.advance(2_400_000_000)  # the bar that is counted in
    for keyboard, pitch in enumerate((60, 64)):
        world.instrument.hear(NoteOn(pitch=pitch, velocity=80), world.now_ns, keyboard)
    world.advance(600_000_000)
    world.instrument.lose_keyboard(world.now_ns, 0)
    world.advance(600_000_000)
    world.press(Trigger.RECORD)
    notes = world.instrument.takes.melody().notes
    assert {note.pitch: note.duration_ticks for note in notes} == {60: 480, 64: 960}
