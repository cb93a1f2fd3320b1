"""The player: every note at its instant, every note-on with its off, whatever is pressed."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.engine.metronome import Metronome
from firmware.engine.player import Player
from firmware.engine.schedule import Mix
from firmware.midi.messages import (
    ALL_NOTES_OFF,
    ALL_SOUND_OFF,
    ControlChange,
    MidiMessage,
    NoteOff,
    NoteOn,
    ProgramChange,
)
from firmware.music.notes import Composition, Note, Track
from firmware.music.timing import nanoseconds_of_ticks

BEAT_NS = 500_000_000  # at 120 beats a minute


def note(start: int, pitch: int, length: int = 480) -> Note:
    return Note(start_ticks=start, pitch=pitch, duration_ticks=length)


def piece(*given_notes: Note, tempo_bpm: float = 120.0, program: int = 0) -> Composition:
    track = Track(name="track", notes=given_notes, program=program)
    return Composition(tracks=(track,), tempo_bpm=tempo_bpm)


class Ear:
    """Listens to a player that runs on a clock of its own, and minds every rule of MIDI notes."""

    def __init__(self) -> None:
        self.now_ns = 0
        self.heard: list[tuple[int, MidiMessage]] = []
        self.sounding: set[tuple[int, int]] = set()
        self.player = Player(self.hear)

    def hear(self, message: MidiMessage) -> None:
        """Be the player's output."""
        self.heard.append((self.now_ns, message))
        match message:
            case NoteOn(pitch=pitch, channel=channel):
                assert (channel, pitch) not in self.sounding, "struck while it sounds"
                self.sounding.add((channel, pitch))
            case NoteOff(pitch=pitch, channel=channel):
                assert (channel, pitch) in self.sounding, "let go while it is silent"
                self.sounding.discard((channel, pitch))
            case _:
                pass

    def advance_to(self, at_ns: int) -> None:
        """Wake the player whenever it asked to be woken, until it waits at a cue."""
        while (due_ns := self.player.next_ns()) is not None and due_ns <= at_ns:
            if self.player.is_cued(self.now_ns):
                break
            self.now_ns = max(self.now_ns, due_ns)
            self.player.run_due(self.now_ns)
        self.now_ns = max(self.now_ns, at_ns)

    def notes(self) -> list[tuple[int, str, int]]:
        """Instants, kinds and pitches of the note messages."""
        return [
            (at_ns, type(message).__name__, message.pitch)
            for at_ns, message in self.heard
            if isinstance(message, NoteOn | NoteOff)
        ]


def test_notes_sound_at_their_instants_offs_before_ons() -> None:
    ear = Ear()
    ear.player.play(piece(note(0, 60), note(480, 60), note(480, 64)), 0)
    ear.advance_to(10 * BEAT_NS)
    assert ear.notes() == [
        (0, "NoteOn", 60),
        (BEAT_NS, "NoteOff", 60),
        (BEAT_NS, "NoteOn", 60),
        (BEAT_NS, "NoteOn", 64),
        (2 * BEAT_NS, "NoteOff", 60),
        (2 * BEAT_NS, "NoteOff", 64),
    ]
    assert not ear.player.is_running


def test_an_hour_of_music_ends_on_the_nanosecond() -> None:
    """The last note of 200 beats a minute for an hour: nothing adds up on the way."""
    last = 200 * 60 - 1
    ear = Ear()
    every_beat = (note(480 * beat, 60, 240) for beat in range(last + 1))
    ear.player.play(piece(*every_beat, tempo_bpm=200.0), 123)
    ear.advance_to(2 * 3600 * 1_000_000_000)
    ons = [at_ns for at_ns, name, _ in ear.notes() if name == "NoteOn"]
    assert len(ons) == last + 1
    assert ons[-1] == 123 + last * 300_000_000


def test_programs_are_set_before_the_music_and_again_for_the_next() -> None:
    ear = Ear()
    ear.player.play(piece(note(0, 60), program=48), 0)
    assert ear.heard[0][1] == ProgramChange(program=48, channel=0)
    assert isinstance(ear.heard[-1][1], ProgramChange)
    ear.advance_to(3 * BEAT_NS)
    ear.player.play(piece(note(0, 60), program=48), ear.now_ns)
    assert [m for _, m in ear.heard].count(ProgramChange(program=48, channel=0)) == 2


def test_stop_lets_go_of_every_note_and_silences_every_channel_that_was_used() -> None:
    ear = Ear()
    ear.player.play(piece(note(0, 60, 4800), note(0, 64, 4800)), 0)
    ear.advance_to(BEAT_NS)
    ear.player.stop(ear.now_ns)
    assert ear.sounding == set()
    assert [m for _, m in ear.heard][-2:] == [
        ControlChange(control=ALL_SOUND_OFF, value=0, channel=0),
        ControlChange(control=ALL_NOTES_OFF, value=0, channel=0),
    ]
    assert ear.player.next_ns() is None


def test_pause_is_silent_and_resume_goes_on_with_the_chord_that_it_cut_short() -> None:
    ear = Ear()
    ear.player.play(piece(note(0, 48, 1920), note(0, 60), note(960, 62)), 0)
    ear.advance_to(BEAT_NS + BEAT_NS // 2)
    ear.player.pause(ear.now_ns)
    assert ear.sounding == set()
    assert ear.player.position_ticks(ear.now_ns) == 720
    ear.advance_to(10 * BEAT_NS)
    ear.player.resume(ear.now_ns)
    ear.advance_to(20 * BEAT_NS)
    resumed = [entry for entry in ear.notes() if entry[0] >= 10 * BEAT_NS]
    assert resumed == [
        (10 * BEAT_NS, "NoteOn", 48),
        (10 * BEAT_NS + BEAT_NS // 2, "NoteOn", 62),
        (10 * BEAT_NS + 3 * BEAT_NS // 2, "NoteOff", 62),
        (10 * BEAT_NS + 5 * BEAT_NS // 2, "NoteOff", 48),
    ]


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


notes = st.builds(note, st.integers(0, 2000), st.integers(58, 61), st.integers(1, 900))
pieces = st.builds(
    lambda given_notes, others, tempo: Composition(
        tracks=(
            Track(name="a", notes=tuple(given_notes)),
            Track(name="b", notes=tuple(others), program=19),
        ),
        tempo_bpm=tempo,
    ),
    st.lists(notes, max_size=15),
    st.lists(notes, max_size=5),
    st.sampled_from((40.0, 97.3, 120.0, 220.0)),
)
moves = st.lists(
    st.one_of(
        st.tuples(st.just("play"), pieces),
        st.tuples(st.just("swap"), pieces),
        st.tuples(st.sampled_from(("stop", "pause", "resume")), st.none()),
        st.tuples(st.just("wait"), st.integers(0, 2_000_000_000)),
        st.tuples(
            st.just("remix"),
            st.builds(
                Mix,
                silent=st.frozensets(st.integers(0, 2)),
                programs=st.lists(st.tuples(st.integers(0, 1), st.integers(0, 3))).map(tuple),
            ),
        ),
    ),
    max_size=25,
)


@settings(max_examples=300)
@given(given_moves=moves)
def test_whatever_is_pressed_every_note_on_gets_its_off(
    given_moves: list[tuple[str, object]],
) -> None:
    """The ear refuses a strike of a sounding note and an off of a silent one on the way."""
    ear, playing = Ear(), Composition(tracks=())
    for verb, argument in given_moves:
        match verb, argument:
            case "wait", int(duration_ns):
                ear.advance_to(ear.now_ns + duration_ns)
            case "play" | "swap", Composition() as composition:
                playing = composition
                getattr(ear.player, verb)(composition, ear.now_ns)
            case "remix", Mix() as mix:
                ear.player.remix(playing, ear.now_ns, mix)
            case _:
                getattr(ear.player, verb)(ear.now_ns)
        assert ear.player.sounding == ear.sounding
        if not ear.player.is_running:
            assert not ear.sounding
    ear.advance_to(ear.now_ns + 60_000_000_000)
    assert ear.sounding == set()
    assert not ear.player.is_running


@given(composition=pieces, late_ns=st.integers(0, 3_000_000_000))
def test_a_player_that_is_woken_late_still_plays_everything_in_order(
    composition: Composition, late_ns: int
) -> None:
    ear = Ear()
    ear.player.play(composition, 0)
    ear.now_ns = late_ns
    ear.player.run_due(late_ns)
    ear.advance_to(60_000_000_000)
    on_time = Ear()
    on_time.player.play(composition, 0)
    on_time.advance_to(60_000_000_000)
    assert [m for _, m in ear.heard] == [m for _, m in on_time.heard]


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


def test_the_metronome_clicks_on_the_beat_with_an_accent_and_lets_every_click_go() -> None:
    ear = Ear()
    metronome = Metronome(ear.hear)
    metronome.start(7, tempo_bpm=97.0, beats_per_bar=3)
    while (due_ns := metronome.next_ns()) is not None and due_ns < 4_000_000_000:
        ear.now_ns = due_ns
        metronome.run_due(due_ns)
    metronome.stop()
    ons = [(at_ns, pitch) for at_ns, name, pitch in ear.notes() if name == "NoteOn"]
    assert ons == [
        (7 + nanoseconds_of_ticks(480 * beat, 97.0), 77 if beat % 3 else 76) for beat in range(7)
    ]
    assert ear.sounding == set()
    assert metronome.next_ns() is None


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
