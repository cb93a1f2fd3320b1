"""A duet at the instrument: who plays is listened to, who pauses is answered in time."""

from dataclasses import replace
from pathlib import Path

import pytest

from firmware.engine.schedule import KEYBOARD_CHANNEL
from firmware.errors import BundleError
from firmware.midi.messages import NoteOff, NoteOn
from firmware.music.notes import Note
from firmware.panel.states import State, Trigger
from firmware.parameters import Parameters, Technique
from tests.engine.world import BARS, BEAT_NS, EXTENSION_CHANNEL, World, ons


def _in_duet(*pitches: int) -> World:
    """A duet in which a phrase was played, a note a beat from second 1 on."""
    world = World(technique=Technique.EXTEND)
    assert world.press(Trigger.DUET) == ""
    world.advance(1_000_000_000)
    for pitch in pitches:
        world.strike(pitch, BEAT_NS)
    return world


def test_a_pause_of_two_beats_is_answered_from_what_was_just_played() -> None:
    world = _in_duet(60, 62, 64)
    world.advance(2 * BEAT_NS - 1)
    assert world.state() is State.DUET_LISTENING
    world.advance(1)
    assert world.state() is State.DUET_ANSWERING
    assert world.request is not None
    assert world.request.parameters.technique is Technique.EXTEND
    assert [(n.start_ticks, n.pitch, n.duration_ticks) for n in world.request.melody.notes] == [
        (0, 60, 480),
        (480, 62, 480),
        (960, 64, 480),
    ]


def _written(notes: tuple[Note, ...]) -> list[tuple[int, int, int]]:
    return [(n.start_ticks, n.pitch, n.duration_ticks) for n in notes]


def test_neither_a_single_note_nor_a_held_key_is_answered() -> None:
    world = _in_duet(60)
    world.advance(60_000_000_000)
    assert world.state() is State.DUET_LISTENING
    world.key(NoteOn(pitch=62, velocity=80))
    world.advance(60_000_000_000)
    assert world.state() is State.DUET_LISTENING
    world.key(NoteOff(pitch=62))
    world.advance(2 * BEAT_NS)
    assert world.state() is State.DUET_ANSWERING


def test_the_answer_comes_in_on_the_beat_and_a_struck_key_silences_it() -> None:
    world = _in_duet(60, 62, 64)
    ended_ns = world.now_ns
    world.advance(2 * BEAT_NS + 100_000_000)
    world.answer("preview", world.number)
    world.advance(BEAT_NS)
    world.answer("preview", world.number)
    world.advance(BEAT_NS)
    assert ons(world, EXTENSION_CHANNEL) == [
        (ended_ns + 3 * BEAT_NS, 64),
        (ended_ns + 4 * BEAT_NS, 65),
    ]
    world.key(NoteOn(pitch=67, velocity=80))
    assert world.sounding == {(KEYBOARD_CHANNEL, 67)}
    assert world.state() is State.DUET_LISTENING
    assert world.instrument.generating is None
    world.answer("finished", world.number)
    assert world.state() is State.DUET_LISTENING
    assert world.sounding == {(KEYBOARD_CHANNEL, 67)}


def test_what_was_heard_of_an_answer_is_part_of_the_conversation_in_time() -> None:
    world = _in_duet(60, 62, 64)
    world.advance(2 * BEAT_NS)
    world.answer("preview", world.number)  # it comes in at once: this is a beat
    world.advance(BEAT_NS + BEAT_NS // 2)
    world.strike(67, BEAT_NS // 2)
    world.strike(69, BEAT_NS)
    world.advance(2 * BEAT_NS)
    assert world.request is not None
    assert _written(world.request.melody.notes) == [(240, 67, 240), (480, 69, 480)]  # in its bars
    assert world.request.turns is not None
    (turn,) = world.request.turns
    assert _written(turn.melody.notes) == [(0, 60, 480), (480, 62, 480), (960, 64, 480)]
    answer = [(1440, 64, 720), (1920, 65, 240)]  # heard to its end, cut short by the player
    assert _written(turn.answer) == answer
    world.press(Trigger.STOP)
    assert _written(world.instrument.takes.melody().notes) == [
        (0, 60, 480),
        (480, 62, 480),
        (960, 64, 480),
        (5 * 480, 64, 720),
        (6 * 480, 65, 240),
        (6 * 480 + 240, 67, 240),
        (7 * 480, 69, 480),
    ]


def test_what_was_heard_is_read_while_the_player_plays() -> None:
    """At once when the answer is broken off or ends, but not when the duet does."""
    world = _in_duet(60, 62, 64)
    world.advance(2 * BEAT_NS)
    world.answer("preview", world.number)
    world.advance(BEAT_NS + BEAT_NS // 2)
    assert world.heard == []
    world.strike(67, BEAT_NS // 2)
    assert world.request is not None
    (listen,) = world.heard
    assert (listen.bundle_folder, listen.style) == (Path("bundle"), "piano")
    (turn,) = listen.turns
    assert turn.melody == world.request.melody
    assert [n.pitch for n in turn.answer] == [64, 65]
    world.strike(69, BEAT_NS)
    world.advance(2 * BEAT_NS)
    world.answer("preview", world.number)
    world.answer("finished", world.number)
    world.advance(60_000_000_000)
    assert [len(turn.answer) for turn in world.heard[-1].turns] == [2, 4 * BARS]
    world.strike(60, BEAT_NS)
    world.strike(62, BEAT_NS)
    world.advance(2 * BEAT_NS)
    world.answer("preview", world.number)
    world.advance(BEAT_NS)
    assert world.request.turns == world.heard[-1].turns
    world.press(Trigger.STOP)
    assert len(world.heard) == 2


def test_an_answer_that_plays_to_its_end_is_heard_and_the_player_is_listened_to_again() -> None:
    world = _in_duet(60, 62)
    world.advance(2 * BEAT_NS)
    world.answer("preview", world.number)
    world.answer("finished", world.number)
    world.advance(60_000_000_000)
    assert world.state() is State.DUET_LISTENING
    assert len(ons(world, EXTENSION_CHANNEL)) == 4 * BARS
    assert world.records == []
    world.press(Trigger.STOP)
    melody = world.instrument.takes.melody()
    assert len(melody.notes) == 2 + 4 * BARS


def test_a_worker_that_dies_in_an_answer_ends_it_and_the_duet_goes_on() -> None:
    world = _in_duet(60, 62)
    world.advance(2 * BEAT_NS)
    world.answer("preview", world.number)
    world.advance(BEAT_NS // 2)
    world.answer("died", world.number)
    assert world.state() is State.DUET_LISTENING
    assert world.sounding == set()
    world.strike(60, BEAT_NS)
    world.strike(62, BEAT_NS)
    world.advance(2 * BEAT_NS)
    assert world.state() is State.DUET_ANSWERING
    assert world.request is not None
    assert world.request.turns is not None
    assert [[n.pitch for n in turn.answer] for turn in world.request.turns] == [[64]]
    assert [n.pitch for n in world.request.melody.notes] == [60, 62]


def test_a_duet_that_cannot_be_answered_says_so_once_for_each_phrase() -> None:
    world = _in_duet(60, 62)

    def refuse(_: Parameters) -> Path:
        raise BundleError("no model is installed")

    world.instrument._outside = replace(world.instrument._outside, choose_bundle=refuse)
    world.now_ns += 2 * BEAT_NS
    with pytest.raises(BundleError, match="no model"):
        world.instrument.run_due(world.now_ns)
    assert world.state() is State.DUET_LISTENING
    world.advance(60_000_000_000)
    assert world.state() is State.DUET_LISTENING


def test_pressed_again_the_button_has_the_answer_come_without_a_pause() -> None:
    world = World(technique=Technique.EXTEND)
    world.press(Trigger.DUET)
    assert "nothing to answer" in world.press(Trigger.DUET)
    world.strike(60, BEAT_NS)
    assert world.press(Trigger.DUET) == ""
    assert world.state() is State.DUET_ANSWERING
    assert "coming already" in world.press(Trigger.DUET)
    assert "press stop" in world.press(Trigger.RECORD)
