"""Music that is changed while it plays: nothing is struck twice, and nothing holds on."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from firmware.engine.schedule import Mix
from firmware.midi.messages import NoteOff, NoteOn, ProgramChange
from firmware.music.notes import Composition, Track
from tests.engine.ear import BEAT_NS, Ear, note, piece, pieces


def test_a_swap_keeps_what_both_have_and_neither_strikes_twice_nor_holds_on() -> None:
    """The common note sounds through; the old one's own ends; the new one's own waits."""
    ear = Ear()
    ear.player.play(piece(note(0, 60, 1920), note(0, 48, 1920)), 0)
    ear.advance_to(BEAT_NS)
    ear.player.swap(piece(note(0, 60, 1920), note(0, 52, 1920), note(960, 53, 960)), BEAT_NS)
    assert ear.sounding == {(0, 60)}
    ear.advance_to(10 * BEAT_NS)
    assert ear.notes() == [
        (0, "NoteOn", 48),
        (0, "NoteOn", 60),
        (BEAT_NS, "NoteOff", 48),
        (2 * BEAT_NS, "NoteOn", 53),
        (4 * BEAT_NS, "NoteOff", 53),
        (4 * BEAT_NS, "NoteOff", 60),
    ]


def test_a_swapped_note_ends_where_the_new_one_says() -> None:
    ear = Ear()
    ear.player.play(piece(note(0, 60, 480)), 0)
    ear.player.run_due(0)
    ear.player.swap(piece(note(0, 60, 960)), 100_000_000)
    ear.advance_to(10 * BEAT_NS)
    assert ear.notes() == [(0, "NoteOn", 60), (2 * BEAT_NS, "NoteOff", 60)]


def test_after_a_swap_every_note_of_a_chord_ends_at_its_own_instant() -> None:
    """The longest was struck first, and the new piece changes the order of their ends."""
    ear = Ear()
    ear.player.play(piece(note(0, 60, 480), note(0, 64, 960), note(0, 67, 1440)), 0)
    ear.player.run_due(0)
    ear.player.swap(piece(note(0, 60, 1440), note(0, 64, 960), note(0, 67, 480)), 1000)
    ear.advance_to(10 * BEAT_NS)
    assert ear.notes()[3:] == [
        (BEAT_NS, "NoteOff", 67),
        (2 * BEAT_NS, "NoteOff", 64),
        (3 * BEAT_NS, "NoteOff", 60),
    ]


def test_a_swap_for_something_shorter_ends_the_music() -> None:
    ear = Ear()
    ear.player.play(piece(note(0, 60, 4800)), 0)
    ear.advance_to(4 * BEAT_NS)
    ear.player.swap(piece(note(0, 60, 480)), ear.now_ns)
    ear.advance_to(ear.now_ns)
    assert ear.sounding == set()
    assert not ear.player.is_running


def band(*, tempo_bpm: float = 120.0) -> Composition:
    """A long chord on one track, notes of a beat on another, both with a pitch in common."""
    return Composition(
        tracks=(
            Track(name="pad", notes=(note(0, 48, 3840), note(0, 60, 3840)), program=89),
            Track(name="lead", notes=tuple(note(480 * b, 60) for b in range(4)), program=81),
        ),
        tempo_bpm=tempo_bpm,
    )


def test_a_muted_track_is_silent_at_once_and_heard_at_once_again() -> None:
    """What it holds is let go, and struck in its middle; the other track is not touched."""
    ear, music = Ear(), band()
    ear.player.play(music, 0)
    ear.advance_to(BEAT_NS // 2)
    ear.player.remix(music, ear.now_ns, Mix(silent=frozenset({0})))
    assert ear.sounding == {(1, 60)}
    ear.advance_to(BEAT_NS + BEAT_NS // 2)
    assert ear.sounding == {(1, 60)}
    ear.player.remix(music, ear.now_ns, Mix())
    assert ear.sounding == {(0, 48), (0, 60), (1, 60)}
    ear.advance_to(20 * BEAT_NS)
    assert ear.sounding == set()
    lead = [m for _, m in ear.heard if isinstance(m, NoteOn) and m.channel == 1]
    assert len(lead) == 4


def test_another_instrument_is_heard_at_once_and_lets_nothing_hang() -> None:
    """The program comes before the notes that it is to play."""
    ear, music = Ear(), band()
    ear.player.play(music, 0)
    ear.advance_to(BEAT_NS // 2)
    heard = len(ear.heard)
    ear.player.remix(music, ear.now_ns, Mix(programs=((0, 19),)))
    assert [message for _, message in ear.heard[heard:]] == [
        NoteOff(pitch=48, channel=0),
        NoteOff(pitch=60, channel=0),
        ProgramChange(program=19, channel=0),
        NoteOn(pitch=48, velocity=80, channel=0),
        NoteOn(pitch=60, velocity=80, channel=0),
    ]
    ear.advance_to(20 * BEAT_NS)
    assert ear.sounding == set()
    assert not ear.player.is_running


def test_music_of_which_all_is_muted_takes_its_time_nevertheless() -> None:
    ear, music = Ear(), band()
    ear.player.play(music, 0, mix=Mix(silent=frozenset({0, 1})))
    ear.advance_to(7 * BEAT_NS)
    assert ear.player.is_running
    ear.advance_to(8 * BEAT_NS)
    assert not ear.player.is_running
    assert ear.notes() == []


def test_tracks_are_mixed_where_the_music_stands_still_too() -> None:
    ear, music = Ear(), band()
    ear.player.play(music, 0)
    ear.advance_to(BEAT_NS)
    ear.player.pause(ear.now_ns)
    ear.player.remix(music, ear.now_ns, Mix(silent=frozenset({1})))
    assert ear.sounding == set()
    ear.player.resume(ear.now_ns)
    assert {channel for channel, _ in ear.sounding} == {0}


@given(composition=pieces, at_ns=st.integers(0, 4_000_000_000))
def test_a_swap_for_the_same_music_is_not_heard(composition: Composition, at_ns: int) -> None:
    swapped, plain = Ear(), Ear()
    for ear in (swapped, plain):
        ear.player.play(composition, 0)
        ear.advance_to(at_ns)
    if swapped.player.is_running:
        swapped.player.swap(replace(composition, name="the same"), at_ns)
    for ear in (swapped, plain):
        ear.advance_to(60_000_000_000)
    assert swapped.notes() == plain.notes()
