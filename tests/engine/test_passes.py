"""The next pass: a knob is turned while a take plays, and the music goes on with the new value."""

from dataclasses import replace

import pytest

from firmware.engine.passes import REST_NS
from firmware.engine.takes import Takes
from firmware.midi.messages import DRUM_CHANNEL
from firmware.panel.settings import set_value
from firmware.panel.states import State, Trigger
from tests.engine.world import (
    BAR,
    BAR_NS,
    MS_NS,
    RISK,
    joined,
    music,
    playing,
    rest,
    tune,
    turned,
)


def test_the_next_pass_takes_over_at_the_bar_line_note_for_note() -> None:
    """Before it every note is the old one's, from it on the new one's; none is cut or doubled."""
    world = playing()
    old, instrument = music(world), world.instrument
    world.advance(BAR_NS // 2)
    world.turn(3)
    rest(world)
    request = world.request
    assert request is not None
    assert (request.melody, request.seed) == (tune(6), 0)
    assert request.parameters.number(RISK) == 1.3
    world.advance(BAR_NS)
    world.answer("finished", world.number)
    assert music(world) is old, "not yet"
    world.advance(10 * BAR_NS)
    new = instrument.takes.current
    assert new is not None
    assert new.composition is not None
    assert new.composition != old
    struck, released = joined(old, new.composition, 2 * BAR)
    assert sorted(world.struck) == struck
    assert sorted(world.released) == released
    assert world.sounding == set()
    assert world.state() is State.IDLE


def test_others_keep_time_with_the_same_beat_over_the_bar_line() -> None:
    world = turned()
    before = world.instrument.player.beat
    world.answer("finished", world.number)
    world.advance(BAR_NS)
    assert len(world.instrument.takes) == 3
    assert world.instrument.player.beat == before is not None


def test_a_pass_is_a_take_of_its_own_that_is_saved_and_left_again_with_the_dial() -> None:
    world = turned()
    instrument = world.instrument
    first = instrument.takes.current
    world.answer("finished", world.number)
    assert instrument.takes.current is first, "nobody has heard it yet"
    assert len(world.records) == 1
    world.advance(BAR_NS)
    second = instrument.takes.current
    assert second is not None
    assert first is not None
    assert second.record == world.records[1]
    assert world.records[1].parameters[RISK] == 1.3
    assert (second.melody, world.records[1].seed) == (first.melody, world.records[0].seed)
    instrument.change_take(lambda takes: takes.step(-1), world.now_ns)
    assert music(world) == first.composition
    world.advance(20 * BAR_NS)
    assert world.sounding == set()


def test_only_where_the_knob_comes_to_rest_counts_and_a_later_turn_gives_up_the_work() -> None:
    world = playing()
    for _ in range(5):
        world.turn(1)
        world.advance(REST_NS - MS_NS)
    assert world.number == 1, "it never rested"
    world.advance(MS_NS)
    assert world.number == 2
    world.turn(1)
    assert world.cancelled == [2]
    world.answer("finished", 2)
    world.advance(REST_NS)
    assert world.number == 3
    assert world.request is not None
    assert world.request.parameters.number(RISK) == 1.6
    world.answer("finished", 3)
    world.advance(BAR_NS)
    assert [record.parameters[RISK] for record in world.records] == [1.0, 1.6]


def test_turned_after_it_is_made_but_before_its_bar_it_is_not_heard() -> None:
    world = turned()
    old = music(world)
    world.answer("finished", world.number)
    world.turn(1)
    world.advance(BAR_NS)
    assert music(world) is old
    assert world.cancelled == [], "there was nothing left to give up"
    world.answer("finished", world.number)
    world.advance(BAR_NS)
    assert [record.parameters[RISK] for record in world.records] == [1.0, 1.4]


def test_turned_back_all_stays_as_it_is() -> None:
    world = turned()
    old = music(world)
    world.turn(-3)
    assert world.cancelled == [world.number]
    world.answer("finished", world.number)
    world.advance(20 * BAR_NS)
    assert music(world) is old
    assert (world.number, len(world.records), world.state()) == (2, 1, State.IDLE)


def test_several_passes_follow_each_other_each_at_its_bar_line() -> None:
    world = playing()
    heard = [music(world)]
    for _ in range(3):
        world.turn(2)
        rest(world)
        world.answer("finished", world.number)
        world.advance(BAR_NS - REST_NS)
        heard.append(music(world))
    assert len(set(map(id, heard))) == 4
    assert world.now_ns == 3 * BAR_NS
    world.advance(20 * BAR_NS)
    assert [record.parameters[RISK] for record in world.records] == [1.0, 1.2, 1.4, 1.6]
    starts = [at_ns for at_ns, _, _ in world.struck]
    assert sorted(starts) == starts
    assert world.sounding == set()


@pytest.mark.parametrize("trigger", [Trigger.STOP, Trigger.RECORD, Trigger.GENERATE])
@pytest.mark.parametrize("is_made", [False, True])
def test_who_wants_something_else_hears_no_more_of_it(trigger: Trigger, is_made: bool) -> None:  # noqa: FBT001
    world = turned()
    number = world.number
    if is_made:
        world.answer("finished", number)
    world.press(trigger)
    assert world.cancelled == ([] if is_made else [number])
    assert not world.instrument.passes.is_wanted
    world.answer("finished", number)
    world.advance(20 * BAR_NS)
    assert len(world.records) == 1
    assert {channel for channel, _ in world.sounding} <= {DRUM_CHANNEL}


def test_a_pause_lets_it_come_and_the_bar_line_waits_too() -> None:
    world = turned()
    world.press(Trigger.PLAY)
    assert world.state() is State.PAUSED
    world.answer("finished", world.number)
    world.advance(10 * BAR_NS)
    assert world.sounding == set()
    old = music(world)
    world.press(Trigger.PLAY)
    resumed_ns = world.now_ns - REST_NS
    world.advance(BAR_NS - REST_NS - MS_NS)
    assert music(world) is old
    world.advance(MS_NS)
    assert music(world) is not old
    assert world.now_ns == resumed_ns + BAR_NS
    world.advance(20 * BAR_NS)
    assert world.sounding == set()


def test_made_in_the_last_bar_it_begins_on_the_bar_line_after_the_end() -> None:
    """The music waits for the bar to be over; the beat goes on through the seam."""
    world = playing()
    world.advance(5 * BAR_NS)
    world.turn(3)
    rest(world)
    world.answer("finished", world.number)
    count = len(world.struck)
    world.advance(BAR_NS - REST_NS + BAR_NS // 2)
    assert world.state() is State.PLAYING
    new = [at_ns - 6 * BAR_NS for at_ns, _, _ in world.struck[count:] if at_ns >= 6 * BAR_NS]
    old = [at_ns for at_ns, _, _ in world.struck if at_ns <= BAR_NS // 2]
    assert new == old
    beat = world.instrument.player.beat
    assert beat is not None
    assert beat.origin_ns == 6 * BAR_NS
    world.advance(20 * BAR_NS)
    assert world.sounding == set()
    assert len(world.records) == 2


@pytest.mark.parametrize("has_rested", [False, True])
def test_not_made_by_the_end_it_begins_when_it_is(has_rested: bool) -> None:  # noqa: FBT001
    """The panel shows the work meanwhile, as after generate; back and stop give it up."""
    world = playing()
    world.advance(6 * BAR_NS - (2 * REST_NS if has_rested else MS_NS))
    world.turn(3)
    world.advance(2 * REST_NS)
    assert world.state() is State.GENERATING
    assert world.number == 2
    world.advance(BAR_NS)
    world.struck.clear()
    world.answer("finished", 2)
    began_ns = world.now_ns
    assert world.state() is State.PLAYING
    world.advance(1)
    assert {at_ns for at_ns, _, _ in world.struck} == {began_ns}
    assert [record.parameters[RISK] for record in world.records] == [1.0, 1.3]


def test_what_is_turned_while_it_is_made_is_the_pass_after_it() -> None:
    world = playing()
    world.press(Trigger.GENERATE)
    assert world.state() is State.AUDITIONING
    world.turn(4)
    world.advance(2 * REST_NS)
    assert world.cancelled == []
    world.answer("finished", world.number)
    rest(world)
    world.answer("finished", world.number)
    world.advance(BAR_NS)
    assert [record.parameters[RISK] for record in world.records] == [1.0, 1.0, 1.4]


@pytest.mark.parametrize("kind", ["failed", "died"])
def test_a_pass_that_fails_is_a_sentence_and_the_music_goes_on(kind: str) -> None:
    world = turned()
    old = music(world)
    world.answer(kind, world.number)
    notice = world.instrument.notice
    assert notice is not None
    assert ("it failed" if kind == "failed" else "process stopped") in notice.sentence
    world.advance(BAR_NS)
    assert music(world) is old
    assert world.state() is State.PLAYING
    assert world.cancelled == []


def test_another_technique_a_melody_and_what_a_hand_did_not_turn_make_no_pass() -> None:
    world = playing()
    instrument = world.instrument
    other = set_value(instrument.settings, "technique", "Extend")
    instrument.set(other, world.now_ns)
    instrument.set(set_value(other, RISK, 3.0), world.now_ns)
    world.advance(2 * REST_NS)
    assert world.number == 1
    instrument.change_take(Takes.delete, world.now_ns)
    world.turn(1)
    instrument.set(replace(instrument.settings, tempo_bpm=99.0), world.now_ns)
    world.advance(2 * REST_NS)
    assert world.number == 1
    assert not instrument.passes.is_wanted
