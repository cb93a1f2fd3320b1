"""The player: every note at its instant, every note-on with its off, whatever is pressed."""

from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.engine.metronome import Metronome
from firmware.engine.schedule import Mix
from firmware.midi.messages import ALL_NOTES_OFF, ALL_SOUND_OFF, ControlChange, ProgramChange
from firmware.music.notes import Composition
from firmware.music.timing import nanoseconds_of_ticks
from tests.engine.ear import BEAT_NS, Ear, note, piece, pieces


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
