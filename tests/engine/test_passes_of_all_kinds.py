"""Next passes of extensions, which stream, and of every technique in any order of events."""

from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.panel.states import State, Trigger
from firmware.parameters import Technique
from tests.engine.world import BAR, BAR_NS, BARS, joined, music, playing, rest, tune


def test_of_an_extension_only_what_follows_the_melody_changes_while_it_is_being_written() -> None:
    """The worker is a bar ahead and faster than the music: there it takes over, and streams on."""
    world = playing(Technique.EXTEND)
    old, began_ns = music(world), world.now_ns
    assert world.instrument.player.position_ticks(began_ns) == 6 * BAR
    world.turn(3)
    rest(world)
    world.answer("preview", world.number)
    assert world.instrument.player.cue_ticks is None, "a bar is written, which is not enough"
    world.answer("preview", world.number)
    assert world.instrument.player.cue_ticks == 7 * BAR
    world.advance(BAR_NS)
    assert world.state() is State.AUDITIONING
    world.answer("finished", world.number)
    assert world.state() is State.PLAYING
    world.advance(20 * BAR_NS)
    new = world.records[1].composition
    struck, _ = joined(old, new, 7 * BAR)
    expected = [(at_ns - 6 * BAR_NS, c, p) for at_ns, c, p in struck if at_ns >= 6 * BAR_NS]
    assert sorted(world.struck) == expected
    assert new.tracks[0].notes == old.tracks[0].notes == tune(6).notes
    assert world.sounding == set()


def test_an_extension_that_is_written_too_slowly_is_waited_for() -> None:
    """A minute for half of it: the music would have to stand still."""
    world = playing(Technique.EXTEND)
    world.turn(3)
    rest(world)
    world.answer("preview", world.number)
    world.elapsed_s = 60.0
    world.answer("preview", world.number)
    assert world.instrument.player.cue_ticks is None
    world.answer("finished", world.number)
    assert world.instrument.player.cue_ticks == 7 * BAR


def test_an_extension_that_is_over_begins_again_in_the_bar_in_which_the_melody_ends() -> None:
    world = playing(Technique.EXTEND, melody=tune(6, beats_more=1.5))
    world.advance((BARS - 1) * BAR_NS + BAR_NS // 2)
    world.turn(3)
    rest(world)
    world.answer("finished", world.number)
    cue = world.instrument.player.cue_ticks
    assert cue == (7 + BARS) * BAR
    world.advance(BAR_NS)
    assert world.instrument.player.position_ticks(world.now_ns) < 7 * BAR
    assert len(world.records) == 2
    world.advance(20 * BAR_NS)
    assert world.sounding == set()


moves = st.lists(
    st.one_of(
        st.tuples(st.just("turn"), st.integers(-2, 2)),
        st.tuples(st.just("wait"), st.integers(0, 3 * BAR_NS)),
        st.tuples(st.sampled_from(("finished", "finished", "preview", "preview")), st.just(0)),
        st.tuples(st.sampled_from(("failed", "died", "advanced")), st.integers(-1, 0)),
        st.tuples(st.just("press"), st.just(0)),
        st.tuples(st.just("mute"), st.integers(0, 1)),
        st.tuples(st.just("generate"), st.just(0)),
    ),
    max_size=40,
)


@settings(max_examples=200, deadline=None)
@given(given_moves=moves, technique=st.sampled_from(Technique))
def test_however_it_is_turned_no_note_sounds_twice_and_none_is_left(
    given_moves: list[tuple[str, int]], technique: Technique
) -> None:
    """The ear complains of a note that is struck while it sounds."""
    world = playing(technique)
    for verb, argument in given_moves:
        match verb:
            case "turn":
                world.turn(argument)
            case "wait":
                world.advance(argument)
            case "press" | "generate":
                is_idle = world.state() is State.IDLE
                world.press(Trigger.GENERATE if verb == "generate" else Trigger.PLAY)
                assert not is_idle or world.state() is not State.IDLE
            case "mute":
                mixer = world.instrument.stage.mixer
                mixer.set(argument, is_muted=argument < len(mixer.faders) and world.now_ns % 2 > 0)
                world.instrument.stage.remix(world.now_ns)
            case kind:
                world.answer(kind, world.number + argument)
        passes, cue = world.instrument.passes, world.instrument.player.cue_ticks
        assert not passes.is_wanted or world.state() in (State.PLAYING, State.PAUSED)
        assert cue is None or passes.coming is not None
        position = world.instrument.player.position_ticks(world.now_ns)
        assert cue is None or position <= cue
    world.answer("finished", world.number)
    world.advance(60 * BAR_NS)
    if world.state() is not State.PAUSED:
        world.press(Trigger.STOP)
    assert world.sounding == set()
