"""An extension is heard while it is made, and what was heard of it stays."""

from firmware.engine.schedule import TRACK_CHANNELS
from firmware.music.notes import Melody
from firmware.panel.states import State, Trigger
from firmware.parameters import Technique
from tests.engine.world import BARS, BEAT_NS, EXTENSION_CHANNEL, extended, ons, with_melody


def test_an_extension_is_heard_from_where_the_melody_ended_while_it_is_made(
    melody: Melody,
) -> None:
    """Bars that come late are waited for, none is skipped, and the rest plays to its end."""
    world = with_melody(melody, Technique.EXTEND)
    world.press(Trigger.GENERATE)
    began_ns = world.now_ns
    world.answer("preview", world.number)
    assert world.state() is State.AUDITIONING
    world.advance(2 * 4 * BEAT_NS)
    assert world.state() is State.AUDITIONING
    assert {channel for channel, _ in world.sounding} == set()
    waited_until_ns = world.now_ns
    world.answer("preview", world.number)
    world.answer("finished", world.number)
    assert world.state() is State.PLAYING
    world.advance(60_000_000_000)
    assert world.state() is State.IDLE
    assert ons(world, TRACK_CHANNELS[0]) == []
    expected = [began_ns + beat * BEAT_NS for beat in range(4)]
    expected += [waited_until_ns + beat * BEAT_NS for beat in range(4 * (BARS - 1))]
    assert [at_ns for at_ns, _ in ons(world, EXTENSION_CHANNEL)] == expected
    assert [pitch for _, pitch in ons(world, EXTENSION_CHANNEL)] == [
        64 + k % 3 for k in range(4 * BARS)
    ]


def test_a_finished_extension_plays_as_a_whole_from_the_beginning(melody: Melody) -> None:
    world = with_melody(melody, Technique.EXTEND)
    world.press(Trigger.GENERATE)
    world.answer("finished", world.number)
    assert ons(world, TRACK_CHANNELS[0]) == []
    world.advance(60_000_000_000)
    heard = len(world.struck)
    world.press(Trigger.PLAY)
    world.advance(60_000_000_000)
    again = [channel for _, channel, _ in world.struck[heard:]]
    assert again.count(TRACK_CHANNELS[0]) == len(melody.notes)
    assert again.count(EXTENSION_CHANNEL) == 4 * BARS


def test_an_extension_that_fails_keeps_what_was_heard_of_it(melody: Melody) -> None:
    world = with_melody(melody, Technique.EXTEND)
    world.press(Trigger.GENERATE)
    world.answer("preview", world.number)
    world.advance(2 * BEAT_NS)
    world.answer("died", world.number)
    assert world.state() is State.PLAYING
    world.advance(60_000_000_000)
    assert world.state() is State.IDLE
    assert len(ons(world, EXTENSION_CHANNEL)) == 4
    take = world.instrument.takes.current
    assert take is not None
    assert take.composition == extended(take.melody, 1)
    assert world.records == []
    world.instrument.change_take(lambda takes: takes.step(-1), world.now_ns)
    assert world.instrument.takes.current is not None
    assert world.instrument.takes.current.composition is None


def test_a_cancelled_extension_is_silent_at_once_and_leaves_the_melody(melody: Melody) -> None:
    for button in (Trigger.BACK, Trigger.STOP):
        world = with_melody(melody, Technique.EXTEND)
        world.press(Trigger.GENERATE)
        world.answer("preview", world.number)
        world.advance(BEAT_NS)
        world.press(button)
        world.advance(0)
        assert world.sounding == set()
        assert world.state() is State.IDLE
        assert world.instrument.takes.current is not None
        assert world.instrument.takes.current.composition is None
