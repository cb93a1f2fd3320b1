"""From fingers to melodies: recordings and what is captured after the fact."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.engine.recorder import PHRASE_PAUSE_NS, Capture, Recorder
from firmware.engine.schedule import key_moves, playable
from firmware.midi.messages import ControlChange, NoteOff, NoteOn
from firmware.music.notes import Melody, Note
from firmware.music.timing import nanoseconds_of_ticks

SECOND_NS = 1_000_000_000
tempos = st.floats(40.0, 220.0)
melodies = st.builds(
    lambda notes, tempo: Melody(notes=playable(notes), tempo_bpm=tempo, name="tune"),
    st.lists(
        st.builds(
            Note,
            start_ticks=st.integers(0, 200_000),
            pitch=st.integers(41, 72),
            duration_ticks=st.integers(1, 4000),
            velocity=st.integers(1, 127),
        ),
        min_size=1,
        max_size=30,
    ),
    tempos,
)


def strike(target: Recorder | Capture, melody: Melody, origin_ns: int) -> int:
    """Play a melody into a recorder; the nanosecond of its last note-off."""
    at_ns = origin_ns
    for ticks, goes_down, pitch, velocity in key_moves(melody):
        at_ns = origin_ns + nanoseconds_of_ticks(ticks, melody.tempo_bpm)
        message = NoteOn(pitch=pitch, velocity=velocity) if goes_down else NoteOff(pitch=pitch)
        target.feed(message, at_ns)
    return at_ns


@given(melody=melodies, origin_ns=st.integers(0, 10**18))
def test_what_is_struck_on_the_grid_is_recorded_exactly(melody: Melody, origin_ns: int) -> None:
    """Ticks to nanoseconds and back, at any tempo, after any time since the machine started."""
    recorder = Recorder(
        origin_ns=origin_ns, tempo_bpm=melody.tempo_bpm, beats_per_bar=melody.beats_per_bar
    )
    end_ns = strike(recorder, melody, origin_ns)
    assert recorder.finish(end_ns, name="tune") == melody


def test_a_note_struck_a_little_early_belongs_to_the_first_beat() -> None:
    recorder = Recorder(origin_ns=SECOND_NS, tempo_bpm=60.0, beats_per_bar=4)
    recorder.feed(NoteOn(pitch=60, velocity=80), SECOND_NS - SECOND_NS // 4)
    recorder.feed(NoteOff(pitch=60), 2 * SECOND_NS)
    melody = recorder.finish(3 * SECOND_NS, name="")
    assert melody is not None
    assert melody.notes == (Note(start_ticks=0, pitch=60, duration_ticks=480, velocity=80),)


def test_what_is_played_along_with_the_count_in_is_not_recorded() -> None:
    recorder = Recorder(origin_ns=10 * SECOND_NS, tempo_bpm=60.0, beats_per_bar=4)
    recorder.feed(NoteOn(pitch=60, velocity=80), 8 * SECOND_NS)
    recorder.feed(NoteOff(pitch=60), 11 * SECOND_NS)
    recorder.feed(NoteOn(pitch=62, velocity=80), 10 * SECOND_NS - 1000)
    recorder.feed(NoteOff(pitch=62), 10 * SECOND_NS - 1)
    assert recorder.finish(12 * SECOND_NS, name="") is None


def test_keys_that_are_held_when_it_ends_are_recorded_until_then() -> None:
    recorder = Recorder(origin_ns=0, tempo_bpm=60.0, beats_per_bar=4)
    recorder.feed(NoteOn(pitch=60, velocity=80), 0)
    melody = recorder.finish(2 * SECOND_NS, name="")
    assert melody is not None
    assert [n.duration_ticks for n in melody.notes] == [960]


@given(melody=melodies)
def test_the_capture_gives_back_the_last_phrase_from_its_first_note(melody: Melody) -> None:
    """An earlier phrase and a long silence lie before it; whatever tempo it is taken to have."""
    capture = Capture(keep_ns=100 * 60 * SECOND_NS)
    before = Melody(notes=(Note(start_ticks=0, pitch=60, duration_ticks=480),))
    origin_ns = strike(capture, before, 0) + PHRASE_PAUSE_NS + 1
    phrase = melody.with_notes(
        replace(n, start_ticks=n.start_ticks - melody.notes[0].start_ticks) for n in melody.notes
    )
    end_ns = strike(capture, phrase, origin_ns)
    kept = capture.phrase(end_ns, tempo_bpm=melody.tempo_bpm, beats_per_bar=4, name="tune")
    assert kept is not None
    sounds_until = 0
    expected: list[Note] = []
    for note in phrase.notes:  # the phrase itself may have a long silence in it
        pause_ns = nanoseconds_of_ticks(note.start_ticks, phrase.tempo_bpm) - nanoseconds_of_ticks(
            sounds_until, phrase.tempo_bpm
        )
        if pause_ns > PHRASE_PAUSE_NS:
            expected.clear()
        expected.append(note)
        sounds_until = max(sounds_until, note.end_ticks)
    assert [(n.pitch, n.velocity) for n in kept.notes] == [(n.pitch, n.velocity) for n in expected]
    if kept.tempo_bpm == phrase.tempo_bpm and len(expected) == len(phrase.notes):
        assert kept == phrase
    assert seconds(kept) == pytest.approx(seconds(phrase.with_notes(expected)), abs=0.01)


def seconds(melody: Melody) -> list[float]:
    """When each note begins and ends, from the first one's beginning."""
    ticks = [ticks for n in melody.notes for ticks in (n.start_ticks, n.end_ticks)]
    ns = [nanoseconds_of_ticks(at - ticks[0], melody.tempo_bpm) for at in ticks]
    return [at_ns / SECOND_NS for at_ns in ns]


def played(tempo_bpm: float, *, upbeat: bool = False) -> tuple[Capture, Melody, int]:
    """A tune of eight bars from unsteady hands, off any metronome, and when it ended."""
    rng = np.random.default_rng(1)
    lengths = [1, 1, 0.5, 0.5, 1, 1, 1, 2] * 4
    starts = np.cumsum([0.0, *lengths[:-1]]) + (0.5 if upbeat else 0.0)
    if upbeat:
        starts, lengths = np.array([0.0, *starts]), [0.5, *lengths]
    tune = Melody(
        notes=tuple(
            Note(
                start_ticks=max(round(480 * start + rng.normal(0.0, 5.0)), 0),
                pitch=60 + k % 12,
                duration_ticks=round(440 * length),
            )
            for k, (start, length) in enumerate(zip(starts, lengths, strict=True))
        ),
        tempo_bpm=tempo_bpm,
    )
    capture = Capture(keep_ns=3600 * SECOND_NS)
    return capture, tune, strike(capture, tune, 77 * SECOND_NS)


@pytest.mark.parametrize("tempo_bpm", [76.0, 88.3, 118.0, 131.0])
def test_what_was_captured_gets_the_tempo_at_which_it_was_played(tempo_bpm: float) -> None:
    """And is heard as it was played, to the hundredth of a second."""
    capture, tune, end_ns = played(tempo_bpm)
    kept = capture.phrase(end_ns, tempo_bpm=100.0, beats_per_bar=4, name="")
    assert kept is not None
    assert kept.tempo_bpm == pytest.approx(tempo_bpm, rel=0.01)
    assert seconds(kept) == pytest.approx(seconds(tune), abs=0.01)
    misses = [(n.start_ticks + 120) % 240 - 120 for n in kept.notes]
    assert max(map(abs, misses)) < 60


def test_an_upbeat_is_captured_before_the_beat() -> None:
    capture, tune, end_ns = played(88.0, upbeat=True)
    kept = capture.phrase(end_ns, tempo_bpm=120.0, beats_per_bar=4, name="")
    assert kept is not None
    assert [n.start_ticks for n in kept.notes[:3]] == pytest.approx([240, 480, 960], abs=60)
    assert seconds(kept) == pytest.approx(seconds(tune), abs=0.01)


def test_who_keeps_to_the_tempo_that_is_set_or_plays_little_gets_that_one() -> None:
    capture, _, end_ns = played(100.0)
    kept = capture.phrase(end_ns, tempo_bpm=100.0, beats_per_bar=4, name="")
    assert kept is not None
    assert kept.tempo_bpm == 100.0
    capture = Capture(keep_ns=3600 * SECOND_NS)
    short = Melody(
        notes=tuple(Note(start_ticks=480 * k, pitch=60, duration_ticks=400) for k in range(8)),
        tempo_bpm=76.0,
    )
    end_ns = strike(capture, short, 0)
    kept = capture.phrase(end_ns, tempo_bpm=100.0, beats_per_bar=4, name="")
    assert kept is not None
    assert kept.tempo_bpm == 100.0


def test_the_capture_forgets_what_is_too_old() -> None:
    capture = Capture(keep_ns=60 * SECOND_NS)
    for minute in range(100):
        capture.feed(NoteOn(pitch=60, velocity=80), minute * 60 * SECOND_NS)
        capture.feed(NoteOff(pitch=60), minute * 60 * SECOND_NS + 1)
    assert len(capture) <= 4
    assert capture.phrase(10**15, tempo_bpm=100.0, beats_per_bar=4, name="") is None


def test_the_capture_is_bounded_however_fast_somebody_plays() -> None:
    capture = Capture(keep_ns=3600 * SECOND_NS)
    for count in range(70_000):
        capture.feed(NoteOn(pitch=60 + count % 12, velocity=80), count)
    assert len(capture) <= 30_000


def test_a_keyboard_that_vanishes_ends_its_notes_in_the_capture() -> None:
    capture = Capture(keep_ns=3600 * SECOND_NS)
    capture.feed(NoteOn(pitch=60, velocity=80), 0)
    capture.feed(ControlChange(control=64, value=127), 1)
    capture.release(SECOND_NS)
    kept = capture.phrase(30 * SECOND_NS, tempo_bpm=60.0, beats_per_bar=4, name="")
    assert kept is not None
    assert [n.duration_ticks for n in kept.notes] == [480]


def test_one_keyboard_that_vanishes_ends_no_note_of_another() -> None:
    """Not in the recording, nor in the capture; a pedal is its own keyboard's as well."""
    recorder = Recorder(origin_ns=0, tempo_bpm=60.0, beats_per_bar=4)
    capture = Capture(keep_ns=60 * SECOND_NS)
    for target in (recorder, capture):
        target.feed(NoteOn(pitch=60, velocity=80), 0, 0)
        target.feed(NoteOn(pitch=64, velocity=80), 0, 1)
        target.feed(NoteOn(pitch=67, velocity=80), 0, 1)
        target.feed(ControlChange(control=64, value=127), 0, 0)
        target.feed(NoteOff(pitch=67), SECOND_NS, 1)
        target.release(2 * SECOND_NS, 0)
        target.feed(NoteOff(pitch=64), 3 * SECOND_NS, 1)
    ends = {60: 2, 64: 3, 67: 1}
    melody = recorder.finish(9 * SECOND_NS, name="two")
    assert melody is not None
    assert {note.pitch: note.end_ticks / 480 for note in melody.notes} == ends
    assert {note.pitch: note.end / SECOND_NS for note in capture.played(9 * SECOND_NS)} == ends


def test_one_pitch_held_on_two_keyboards_is_a_melody_that_one_can_play() -> None:
    recorder = Recorder(origin_ns=0, tempo_bpm=60.0, beats_per_bar=4)
    recorder.feed(NoteOn(pitch=60, velocity=80), 0, 0)
    recorder.feed(NoteOn(pitch=60, velocity=90), SECOND_NS, 1)
    recorder.feed(NoteOff(pitch=60), 2 * SECOND_NS, 0)
    recorder.feed(NoteOff(pitch=60), 3 * SECOND_NS, 1)
    melody = recorder.finish(9 * SECOND_NS, name="two")
    assert melody is not None
    spans = [(note.start_ticks // 480, note.end_ticks // 480) for note in melody.notes]
    assert spans == [(0, 1), (1, 3)]


def test_to_keep_what_was_played_ends_no_key_that_is_held() -> None:
    """It is kept as far as it was heard, and later as a whole; the pedal as well."""
    for held in (False, True):
        capture = Capture(keep_ns=3600 * SECOND_NS)
        capture.feed(NoteOn(pitch=60, velocity=80), 0)
        if held:
            capture.feed(ControlChange(control=64, value=127), 1)
            capture.feed(NoteOff(pitch=60), 2)
        for seconds_played in (1, 3):
            kept = capture.phrase(
                seconds_played * SECOND_NS, tempo_bpm=60.0, beats_per_bar=4, name=""
            )
            assert kept is not None
            assert [n.duration_ticks for n in kept.notes] == [480 * seconds_played]
        if held:
            capture.feed(ControlChange(control=64, value=0), 4 * SECOND_NS)
        capture.feed(NoteOff(pitch=60), 4 * SECOND_NS)
        kept = capture.phrase(9 * SECOND_NS, tempo_bpm=60.0, beats_per_bar=4, name="")
        assert kept is not None
        assert [n.duration_ticks for n in kept.notes] == [1920]


def test_a_pedal_that_went_down_long_ago_is_down() -> None:
    capture = Capture(keep_ns=60 * SECOND_NS)
    capture.feed(ControlChange(control=64, value=127), 0)
    struck_ns = 100 * SECOND_NS
    capture.feed(NoteOn(pitch=60, velocity=80), struck_ns)
    capture.feed(NoteOff(pitch=60), struck_ns + 1)
    capture.feed(ControlChange(control=64, value=0), struck_ns + 2 * SECOND_NS)
    kept = capture.phrase(struck_ns + 5 * SECOND_NS, tempo_bpm=60.0, beats_per_bar=4, name="")
    assert kept is not None
    assert [n.duration_ticks for n in kept.notes] == [960]


def test_a_key_that_was_hardly_touched_is_a_note() -> None:
    """Its two ends fall on one tick, which is rounded up to a note of one."""
    capture = Capture(keep_ns=3600 * SECOND_NS)
    capture.feed(NoteOn(pitch=60, velocity=80), 0)
    capture.feed(NoteOff(pitch=60), 20_000)
    kept = capture.phrase(SECOND_NS, tempo_bpm=60.0, beats_per_bar=4, name="")
    assert kept is not None
    assert [(n.start_ticks, n.duration_ticks) for n in kept.notes] == [(0, 1)]
