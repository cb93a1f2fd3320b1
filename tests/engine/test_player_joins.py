"""Music that comes in parts, and music that takes over at a cue: all is heard, in time."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.engine.schedule import Mix
from firmware.music.notes import Composition
from firmware.music.timing import nanoseconds_of_ticks
from tests.engine.ear import BEAT_NS, Ear, note, piece, pieces


def prefix(composition: Composition, written_ticks: int) -> Composition:
    """What there is of a composition that is being written from its beginning to its end."""
    tracks = tuple(
        replace(track, notes=tuple(n for n in track.notes if n.start_ticks < written_ticks))
        for track in composition.tracks
    )
    return replace(composition, tracks=tracks)


def test_music_that_is_still_written_waits_for_more_and_lets_no_note_hang() -> None:
    """The note over the end of what is written ends in its own time; nothing is skipped."""
    whole = piece(note(0, 60), note(480, 62, 960), note(960, 64), note(1920, 65))
    ear = Ear()
    ear.player.play(prefix(whole, 960), 0, written_ticks=960)
    ear.advance_to(20 * BEAT_NS)
    assert ear.sounding == set()
    assert ear.player.is_running
    assert ear.player.next_ns() is None
    assert ear.player.position_ticks(ear.now_ns) == 960
    ear.player.swap(prefix(whole, 1920), ear.now_ns, written_ticks=1920)
    ear.advance_to(20 * BEAT_NS + BEAT_NS // 2)
    assert ear.player.position_ticks(ear.now_ns) == 1200
    ear.player.swap(whole, ear.now_ns)
    ear.advance_to(40 * BEAT_NS)
    assert ear.notes() == [
        (0, "NoteOn", 60),
        (BEAT_NS, "NoteOff", 60),
        (BEAT_NS, "NoteOn", 62),
        (3 * BEAT_NS, "NoteOff", 62),
        (20 * BEAT_NS, "NoteOn", 64),
        (21 * BEAT_NS, "NoteOff", 64),
        (22 * BEAT_NS, "NoteOn", 65),
        (23 * BEAT_NS, "NoteOff", 65),
    ]
    assert not ear.player.is_running


def test_a_note_that_sounds_while_more_is_awaited_is_not_struck_again() -> None:
    whole = piece(note(0, 60, 1440), note(480, 64))
    ear = Ear()
    ear.player.play(prefix(whole, 480), 0, written_ticks=480)
    ear.advance_to(2 * BEAT_NS)
    ear.player.swap(whole, ear.now_ns)
    ear.advance_to(10 * BEAT_NS)
    assert ear.notes() == [
        (0, "NoteOn", 60),
        (2 * BEAT_NS, "NoteOn", 64),
        (3 * BEAT_NS, "NoteOff", 64),
        (4 * BEAT_NS, "NoteOff", 60),
    ]


@settings(max_examples=200)
@given(
    composition=pieces,
    parts=st.lists(st.tuples(st.integers(0, 1_500_000_000), st.integers(1, 700)), max_size=8),
)
def test_music_that_comes_in_parts_is_heard_whole_and_in_order(
    composition: Composition, parts: list[tuple[int, int]]
) -> None:
    """However late a part comes: only time is added, never between two notes of one part."""
    written, ear, at_once = 1, Ear(), Ear()
    at_once.player.play(composition, 0)
    at_once.advance_to(60_000_000_000)
    ear.player.play(prefix(composition, written), 0, written_ticks=written)
    for wait_ns, more in parts:
        ear.advance_to(ear.now_ns + wait_ns)
        assert ear.player.is_running
        written += more
        ear.player.swap(prefix(composition, written), ear.now_ns, written_ticks=written)
    ear.player.swap(composition, ear.now_ns)
    ear.advance_to(60_000_000_000)
    assert ear.sounding == set()
    ons, expected = (
        [(at_ns, pitch) for at_ns, kind, pitch in e.notes() if kind == "NoteOn"]
        for e in (ear, at_once)
    )
    assert [pitch for _, pitch in ons] == [pitch for _, pitch in expected]
    late = [at_ns - due_ns for (at_ns, _), (due_ns, _) in zip(ons, expected, strict=True)]
    # When what is written ends is known to the tick only.
    tick_ns = nanoseconds_of_ticks(1, composition.tempo_bpm)
    assert all(b - a > -tick_ns * (len(parts) + 1) for a, b in pairwise(late))
    if not any(wait_ns for wait_ns, _ in parts):
        assert set(late) <= {0}


def test_a_swap_that_comes_before_what_is_due_was_sent_skips_nothing() -> None:
    """An engine that wakes up late hears of the next part first."""
    whole = piece(note(0, 60, 240), note(480, 62, 240), note(960, 64, 240))
    ear = Ear()
    ear.player.play(prefix(whole, 960), 0, written_ticks=960)
    ear.player.run_due(0)
    ear.now_ns = BEAT_NS + BEAT_NS // 4
    ear.player.swap(whole, ear.now_ns)
    ear.advance_to(10 * BEAT_NS)
    assert [pitch for _, kind, pitch in ear.notes() if kind == "NoteOn"] == [60, 62, 64]


def test_music_can_begin_later_and_in_its_middle() -> None:
    whole = piece(note(0, 60), note(480, 62), note(960, 64))
    ear = Ear()
    ear.player.play(prefix(whole, 960), 0, from_ticks=480, written_ticks=960, at_ns=3 * BEAT_NS)
    ear.advance_to(2 * BEAT_NS)
    assert ear.player.position_ticks(ear.now_ns) == 480
    ear.player.swap(whole, ear.now_ns)
    ear.advance_to(10 * BEAT_NS)
    assert ear.notes() == [
        (3 * BEAT_NS, "NoteOn", 62),
        (4 * BEAT_NS, "NoteOff", 62),
        (4 * BEAT_NS, "NoteOn", 64),
        (5 * BEAT_NS, "NoteOff", 64),
    ]


BAR = 4 * 480


def test_at_a_cue_other_music_takes_over_in_that_very_instant() -> None:
    """Held by both it sounds on, struck there it is struck again, held by one it ends or waits."""
    old = piece(note(0, 60, BAR + 480), note(960, 62, 960), note(960, 64, BAR), note(BAR, 70))
    new = piece(
        *(note(480, 60, 2 * BAR), note(BAR, 62), note(0, 66, 2 * BAR), note(BAR, 64, 960)),
        note(2 * BAR, 72),
    )
    ear = Ear()
    ear.player.play(old, 0)
    ear.player.cue(BAR)
    ear.advance_to(3 * BEAT_NS)
    assert not ear.player.is_cued(ear.now_ns)
    ear.advance_to(4 * BEAT_NS)
    assert ear.player.is_cued(ear.now_ns)
    beat, heard = ear.player.beat, len(ear.notes())
    ear.player.take_over(new, ear.now_ns, to_ticks=BAR)
    assert ear.player.beat == beat
    ear.advance_to(20 * BEAT_NS)
    assert (4 * BEAT_NS, "NoteOff", 62) in ear.notes()[:heard]
    assert ear.notes()[heard:] == [
        (4 * BEAT_NS, "NoteOff", 64),
        (4 * BEAT_NS, "NoteOn", 62),
        (4 * BEAT_NS, "NoteOn", 64),
        (5 * BEAT_NS, "NoteOff", 62),
        (6 * BEAT_NS, "NoteOff", 64),
        (8 * BEAT_NS, "NoteOn", 72),
        (9 * BEAT_NS, "NoteOff", 60),
        (9 * BEAT_NS, "NoteOff", 72),
    ]
    assert not ear.player.is_running


def test_what_another_instrument_holds_is_not_held_by_this_one() -> None:
    ear = Ear()
    ear.player.play(piece(note(0, 60, 2 * BAR), program=1), 0)
    ear.player.cue(BAR)
    ear.advance_to(4 * BEAT_NS)
    ear.player.take_over(piece(note(0, 60, 2 * BAR), program=2), ear.now_ns, to_ticks=BAR)
    assert ear.sounding == set()


def test_beyond_the_end_a_cue_is_waited_for_and_leads_to_another_place() -> None:
    """The next begins in time, however late the player is woken; its beat is the same."""
    ear = Ear()
    ear.player.play(piece(note(0, 60), note(0, 64, 2 * BAR)), 0)
    ear.player.cue(3 * BAR)
    ear.advance_to(9 * BEAT_NS)
    assert ear.sounding == set()
    assert ear.player.is_running
    assert ear.player.next_ns() == 12 * BEAT_NS
    ear.now_ns = 12 * BEAT_NS + BEAT_NS // 2
    ear.player.run_due(ear.now_ns)
    ear.player.take_over(piece(note(0, 67), note(480, 69)), ear.now_ns, to_ticks=0)
    ear.advance_to(20 * BEAT_NS)
    assert ear.notes()[4:] == [
        (12 * BEAT_NS + BEAT_NS // 2, "NoteOn", 67),
        (13 * BEAT_NS, "NoteOff", 67),
        (13 * BEAT_NS, "NoteOn", 69),
        (14 * BEAT_NS, "NoteOff", 69),
    ]


def test_a_cue_is_forgotten_with_the_music_but_not_in_a_pause_nor_with_another_mix() -> None:
    ear = Ear()
    music = piece(note(0, 60, 3 * BAR))
    ear.player.play(music, 0)
    ear.player.cue(BAR)
    ear.player.remix(music, 0, Mix(silent=frozenset({0})))
    ear.player.pause(BEAT_NS)
    ear.player.resume(2 * BEAT_NS)
    assert ear.player.cue_ticks == BAR
    assert not ear.player.is_cued(4 * BEAT_NS)
    assert ear.player.is_cued(5 * BEAT_NS)
    ear.player.swap(music, 3 * BEAT_NS)
    assert ear.player.cue_ticks is None
    ear.player.cue(BAR)
    ear.player.stop(3 * BEAT_NS)
    assert ear.player.cue_ticks is None
