"""Rhythm assist, transpose, trim and windows."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.errors import MusicError
from firmware.music.notes import Melody, Note
from firmware.music.timing import ticks_per_step
from firmware.music.transform import rhythm_assist, transpose, trim, windows

notes = st.builds(
    Note,
    start_ticks=st.integers(0, 5000),
    pitch=st.integers(0, 127),
    duration_ticks=st.integers(1, 2000),
    velocity=st.integers(1, 127),
)
melodies = st.lists(notes, max_size=20).map(
    lambda them: Melody(notes=tuple(them), tempo_bpm=95.5, beats_per_bar=3, name="played")
)
resolutions = st.sampled_from([1, 2, 3, 4, 6, 8, 12])
strengths = st.floats(0.0, 1.0)


def one(start_ticks: int, duration_ticks: int) -> Melody:
    return Melody(notes=(Note(start_ticks=start_ticks, pitch=60, duration_ticks=duration_ticks),))


@given(melody=melodies, resolution=resolutions)
def test_full_rhythm_assist_puts_every_start_and_end_on_the_grid_and_settles(
    melody: Melody, resolution: int
) -> None:
    step = ticks_per_step(resolution)
    assisted = rhythm_assist(melody, beat_resolution=resolution)
    for note in assisted.notes:
        assert note.start_ticks % step == 0
        assert note.end_ticks % step == 0
    assert rhythm_assist(assisted, beat_resolution=resolution) == assisted


@given(melody=melodies, resolution=resolutions)
def test_no_rhythm_assist_changes_nothing(melody: Melody, resolution: int) -> None:
    assert rhythm_assist(melody, beat_resolution=resolution, strength=0.0) == melody


@given(melody=melodies, resolution=resolutions, strength=strengths)
def test_rhythm_assist_keeps_all_but_the_timing(
    melody: Melody, resolution: int, strength: float
) -> None:
    assisted = rhythm_assist(melody, beat_resolution=resolution, strength=strength)
    struck = sorted((note.pitch, note.velocity) for note in melody.notes)
    assert sorted((note.pitch, note.velocity) for note in assisted.notes) == struck
    assert assisted.with_notes(()) == melody.with_notes(())


@given(
    start=st.integers(0, 5000),
    duration=st.integers(1, 2000),
    resolution=resolutions,
    strength=strengths,
)
def test_a_stronger_assist_never_moves_a_note_away_from_its_grid_line(
    start: int, duration: int, resolution: int, strength: float
) -> None:
    def start_at(strength: float) -> int:
        assisted = rhythm_assist(
            one(start, duration), beat_resolution=resolution, strength=strength
        )
        return assisted.notes[0].start_ticks

    line = start_at(1.0)
    assert abs(start_at(strength) - line) <= abs(start - line)


def test_half_strength_goes_half_of_the_way() -> None:
    """130 ticks is 10 late for the sixteenth at 120; it ends 20 early for the beat at 480."""
    assisted = rhythm_assist(one(130, 330), strength=0.5)
    assert (assisted.notes[0].start_ticks, assisted.notes[0].end_ticks) == (125, 470)


@pytest.mark.parametrize("strength", [-0.1, 1.1, float("nan")])
def test_a_strength_that_is_none_is_refused(strength: float) -> None:
    with pytest.raises(MusicError, match=r"strength must be in 0\.\.1"):
        rhythm_assist(one(0, 1), strength=strength)


@given(melody=melodies, semitones=st.integers(-127, 127))
def test_a_melody_is_transposed_whole_or_refused(melody: Melody, semitones: int) -> None:
    pitches = [note.pitch for note in melody.notes]
    if all(0 <= pitch + semitones <= 127 for pitch in pitches):
        moved = transpose(melody, semitones)
        assert sorted(note.pitch for note in moved.notes) == sorted(p + semitones for p in pitches)
        assert transpose(moved, -semitones) == melody
    else:
        with pytest.raises(MusicError, match=re.escape(f"pitch shift of {semitones:+d}")):
            transpose(melody, semitones)


@given(melody=melodies, start=st.integers(0, 3000), length=st.integers(1, 3000))
def test_a_trim_keeps_exactly_what_sounds_in_the_span(
    melody: Melody, start: int, length: int
) -> None:
    """Told by what sounds at each tick, not by how the trim is written."""
    trimmed = trim(melody, start_ticks=start, end_ticks=start + length)
    for tick in {0, length // 2, length - 1, *(n.start_ticks for n in trimmed.notes)}:
        before = sorted(
            n.pitch for n in melody.notes if n.start_ticks <= start + tick < n.end_ticks
        )
        after = sorted(n.pitch for n in trimmed.notes if n.start_ticks <= tick < n.end_ticks)
        assert before == after
    assert trimmed.end_ticks <= length


@pytest.mark.parametrize(("start", "end"), [(5, 5), (6, 5), (-1, 5)])
def test_a_trim_to_nothing_is_refused(start: int, end: int) -> None:
    with pytest.raises(MusicError, match=f"got {start}..{end}"):
        trim(one(0, 10), start_ticks=start, end_ticks=end)


@given(total=st.integers(0, 2000), window=st.integers(1, 300), data=st.data())
def test_windows_cover_the_piece_overlap_enough_and_stay_inside(
    total: int, window: int, data: st.DataObject
) -> None:
    overlap = data.draw(st.integers(0, window - 1))
    found = list(windows(total, window_steps=window, overlap_steps=overlap))
    assert {step for span in found for step in span} == set(range(total))
    assert all(len(span) == min(window, total) for span in found)
    for before, after in pairwise(found):
        assert before.start < after.start
        assert before.stop - after.start >= overlap


@pytest.mark.parametrize("overlap", [-1, 8, 9])
def test_windows_that_would_not_advance_are_refused(overlap: int) -> None:
    with pytest.raises(ValueError, match=f"overlap_steps must be in 0..7, got {overlap}"):
        list(windows(100, window_steps=8, overlap_steps=overlap))
