"""Tokens say exactly what the grid can hold, and nothing hangs."""

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.errors import MusicError
from firmware.music.notes import Note
from firmware.music.timing import TICKS_PER_BEAT
from firmware.music.tokens import (
    REST_PITCH,
    TOKEN_ENCODING,
    GridNote,
    Texture,
    decode,
    duration_token,
    encode,
    in_range,
    parts_apart,
    parts_in_order,
    played,
    texture_of,
    written,
)

SPEC = TOKEN_ENCODING

grid_note = st.builds(
    GridNote,
    start=st.integers(0, 600),
    pitch=st.integers(SPEC.lowest_pitch, SPEC.highest_pitch),
    duration=st.integers(1, 400),
)
part = st.lists(
    st.tuples(st.integers(0, 40), st.integers(36, 81), st.integers(1, 250)), max_size=20
)


@given(st.lists(grid_note, max_size=60), st.sets(st.integers(0, 60)))
def test_tokens_say_what_was_written(notes: list[GridNote], bar_beats: set[int]) -> None:
    """Encoding and decoding gives back every note and every bar line that was reached."""
    ordered = written(notes)
    bars = sorted(beat * SPEC.beat_resolution for beat in bar_beats)
    found, found_bars = decode(encode(ordered, bars=bars, beats=61))
    assert list(found) == ordered
    assert list(found_bars) == bars


@given(st.lists(grid_note, max_size=60))
def test_written_music_is_stable_and_never_strikes_what_sounds(notes: list[GridNote]) -> None:
    """Bringing notes into their written form twice changes nothing more."""
    once = written(notes)
    assert written(once) == once
    for pitch in {note.pitch for note in once}:
        own = [note for note in once if note.pitch == pitch]
        assert all(a.end <= b.start for a, b in pairwise(own))


@given(st.lists(part, min_size=4, max_size=4))
def test_parts_can_be_told_apart_again(raw: list[list[tuple[int, int, int]]]) -> None:
    """Four parts that were merged for the model come apart as they were, step for step."""
    parts: list[list[GridNote]] = []
    for entries in raw:
        at, notes = 0, []
        for gap, pitch, duration in entries:
            notes.append(GridNote(start=at + gap, pitch=pitch, duration=duration))
            at = notes[-1].end
        parts.append(notes)
    end = max((note.end for notes in parts for note in notes), default=0)
    tokens = encode(parts_in_order(parts, end=end))
    apart = parts_apart(decode(tokens)[0], parts=4)
    for before, after in zip(parts, apart, strict=True):
        assert np.array_equal(_sounding(before, end), _sounding(after, end))


@given(st.integers(1, SPEC.durations[-1]))
def test_a_duration_is_at_most_an_eighth_off(steps: int) -> None:
    """The table of durations is fine enough: within an eighth, or exact up to a beat."""
    said = SPEC.durations[duration_token(steps) - SPEC.first_duration]
    assert abs(said - steps) * 8 <= steps
    assert said == steps or steps > SPEC.beat_resolution
    assert SPEC.durations[duration_token(steps, down=True) - SPEC.first_duration] <= steps


def test_sixteenths_and_triplets_are_on_the_grid() -> None:
    """What is played exactly in sixteenths or triplets comes back to the tick."""
    notes = [Note(start_ticks=120 * n, pitch=60 + n, duration_ticks=120) for n in range(5)]
    notes += [Note(start_ticks=960 + 160 * n, pitch=72, duration_ticks=160) for n in range(3)]
    step = TICKS_PER_BEAT // SPEC.beat_resolution
    placed = [GridNote(n.start_ticks // step, n.pitch, n.duration_ticks // step) for n in notes]
    assert played(decode(encode(written(placed)))[0]) == tuple(sorted(notes))


def test_a_pitch_outside_of_the_vocabulary_is_moved_by_octaves_or_refused() -> None:
    """A player's note is moved; the encoder itself refuses."""
    assert [in_range(pitch) for pitch in (3, 60, 127)] == [27, 60, 103]
    with pytest.raises(MusicError, match=r"pitch must be in 21\.\.108, got 3"):
        encode([GridNote(start=0, pitch=3, duration=12)])


def test_notes_out_of_order_are_refused() -> None:
    """Time never goes back."""
    notes = [GridNote(start=20, pitch=60, duration=1), GridNote(start=4, pitch=60, duration=1)]
    with pytest.raises(MusicError, match="step 4 follows one at step 20"):
        encode(notes)


def test_a_legato_line_is_a_line_and_chords_are_a_texture() -> None:
    """Neighbours that overlap a little do not make a texture."""
    line = [GridNote(start=12 * n, pitch=60 + n, duration=13) for n in range(16)]
    chords = [GridNote(start=12 * n, pitch=p, duration=12) for n in range(8) for p in (60, 64)]
    assert texture_of(line) is Texture.LINE
    assert texture_of(chords) is Texture.FULL


def test_the_fingerprint_covers_the_vocabulary() -> None:
    """A change of any table changes the fingerprint; this one is pinned to version 1."""
    assert SPEC.vocabulary == SPEC.first_duration + len(SPEC.durations)
    assert SPEC.fingerprint() == PINNED
    assert json.dumps(SPEC.durations).count(",") == len(SPEC.durations) - 1


PINNED = "941159b7c2e2ffd6"


def _sounding(notes: list[GridNote], end: int) -> np.ndarray:
    steps = np.full(end, REST_PITCH)
    for note in notes:
        steps[note.start : note.end] = note.pitch
    return steps
