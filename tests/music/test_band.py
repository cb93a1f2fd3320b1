"""Rolls of a melody and its band: what goes in comes out, and windows know their place."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.music.band import (
    BAND_ENCODING,
    PITCHED_ROLES,
    BandNote,
    Role,
    band_notes,
    band_rolls,
    cut,
    genre_slot,
    window_inputs,
)

_STEPS = 96
_BASS, _HARMONY, _COUNTER = PITCHED_ROLES


@st.composite
def _bands(draw: st.DrawFn) -> list[BandNote]:
    """Notes of the band within the rolls, no pitch of a role twice at a time."""
    found: list[BandNote] = []
    for role in PITCHED_ROLES:
        lowest = BAND_ENCODING.lowest_pitch(role)
        pitches = st.integers(lowest, lowest + BAND_ENCODING.pitches - 1)
        for pitch in draw(st.sets(pitches, max_size=4)):
            bounds = sorted(draw(st.sets(st.integers(0, _STEPS), max_size=8)))
            # Consecutive bounds make notes that are struck again at once, too.
            spans = pairwise(bounds)
            kept = (span for span in spans if draw(st.booleans()))
            found += [BandNote(role, start, end, pitch) for start, end in kept]
    strokes = st.tuples(st.integers(0, _STEPS - 1), st.integers(0, len(BAND_ENCODING.drums) - 1))
    found += [
        BandNote(Role.DRUMS, start, start + 1, drum)
        for start, drum in draw(st.sets(strokes, max_size=12))
    ]
    return sorted(found, key=lambda note: (note.start, note.role, note.pitch))


@given(_bands())
def test_a_band_survives_its_rolls(notes: list[BandNote]) -> None:
    """Every note comes back with its start, end and pitch, also one struck again at once."""
    rolls = band_rolls(notes, beats_per_bar=4, steps=_STEPS)
    assert band_notes(rolls.band, rolls.drums) == notes


def test_what_is_struck_again_ends_there() -> None:
    """A role has each pitch once: the second note of two that overlap keeps its own end."""
    notes = [BandNote(_BASS, 0, 12, 40), BandNote(_BASS, 4, 8, 40)]
    rolls = band_rolls(notes, beats_per_bar=4)
    assert band_notes(rolls.band, rolls.drums) == [
        BandNote(_BASS, 0, 4, 40),
        BandNote(_BASS, 4, 8, 40),
    ]


def test_a_piece_is_whole_bars_long_and_what_lies_beyond_its_end_is_left_out() -> None:
    """Seven beats are three bars of three; a note that begins later is not in the rolls."""
    notes = [BandNote(Role.MELODY, 0, 28, 60), BandNote(_BASS, 20, 28, 40)]
    assert band_rolls(notes, beats_per_bar=3).steps == 36
    short = band_rolls(notes, beats_per_bar=3, steps=12)
    assert short.melody.sum() == 12 + 1
    assert not short.band.any()
    assert band_rolls([], beats_per_bar=4).steps == 0


def test_sounding_without_a_strike_counts_as_struck() -> None:
    """A model may forget the strike; the note is heard."""
    band = np.zeros((8, BAND_ENCODING.pitches, BAND_ENCODING.planes), dtype=np.bool_)
    band[2:5, 10, 2] = True
    lowest = BAND_ENCODING.lowest_pitch(_HARMONY)
    drums = np.zeros((8, len(BAND_ENCODING.drums)), dtype=np.bool_)
    assert band_notes(band, drums) == [BandNote(_HARMONY, 2, 5, lowest + 10)]


@pytest.mark.parametrize("role", [Role.MELODY, *PITCHED_ROLES])
def test_a_pitch_out_of_range_moves_by_octaves(role: Role) -> None:
    """All of MIDI's pitches have a row of their pitch class; those in range have their own."""
    lowest = BAND_ENCODING.lowest_pitch(role)
    for pitch in range(128):
        row = BAND_ENCODING.row(role, pitch)
        assert 0 <= row < BAND_ENCODING.pitches
        assert (row + lowest - pitch) % 12 == 0
        if lowest <= pitch < lowest + BAND_ENCODING.pitches:
            assert row == pitch - lowest
    assert BAND_ENCODING.row(role, lowest - 1) == 11
    assert BAND_ENCODING.row(role, lowest + BAND_ENCODING.pitches) == BAND_ENCODING.pitches - 12


@pytest.mark.parametrize(
    ("beats_per_bar", "bars", "hop"), [(2, 8, 64), (3, 5, 60), (4, 4, 64), (5, 3, 60), (7, 2, 56)]
)
def test_windows_hop_by_whole_bars(beats_per_bar: int, bars: int, hop: int) -> None:
    """Of 3/4 a window holds five bars and four steps that are thrown away."""
    assert (BAND_ENCODING.bars(beats_per_bar), BAND_ENCODING.hop(beats_per_bar)) == (bars, hop)


def test_a_bar_longer_than_a_window_hops_by_a_window() -> None:
    """Else there would be no next window."""
    assert BAND_ENCODING.bars(17) == 0
    assert BAND_ENCODING.hop(17) == BAND_ENCODING.time_steps


def _piece() -> list[BandNote]:
    """Five bars of a repeated C with a bass and a kick on every bar line."""
    return [
        note
        for start in range(0, 80, 16)
        for note in (
            BandNote(Role.MELODY, start, start + 16, 60),
            BandNote(_BASS, start, start + 16, 36),
            BandNote(Role.DRUMS, start, start + 1, 0),
        )
    ]


def test_the_first_window_knows_nothing_before_it() -> None:
    """The known steps are empty, and outside of the piece."""
    rolls = band_rolls(_piece(), beats_per_bar=4)
    inputs = window_inputs(rolls, 0)
    known = BAND_ENCODING.known_steps
    features = dict(zip(BAND_ENCODING.features, inputs["features"].T, strict=True))
    assert not inputs["known"].any()
    assert not inputs["known_drums"].any()
    assert not inputs["melody"][:known].any()
    assert inputs["melody"][known:, 24, 0].all()
    assert features["inside"].tolist() == [0] * known + [1] * 64
    assert features["known"].tolist() == [1] * known + [0] * 64
    assert not features["ending"].any()
    assert np.flatnonzero(features["downbeat"]).tolist() == [0, 16, 32, 48, 64]


def test_the_last_window_knows_what_was_played_and_where_the_piece_ends() -> None:
    """One bar is left: it is the ending, and behind it there is nothing."""
    rolls = band_rolls(_piece(), beats_per_bar=4)
    inputs = window_inputs(rolls, 64)
    features = dict(zip(BAND_ENCODING.features, inputs["features"].T, strict=True))
    assert inputs["known"][:, 12, 0].all()
    assert np.flatnonzero(inputs["known_drums"][:, 0]).tolist() == [0]
    assert np.flatnonzero(features["ending"]).tolist() == list(range(16, 32))
    assert np.flatnonzero(features["inside"]).tolist() == list(range(32))
    assert not inputs["melody"][32:].any()


def test_the_band_of_a_window_is_not_told() -> None:
    """Only what comes before a window may be known, or it would be copied."""
    rolls = band_rolls(_piece(), beats_per_bar=4)
    silenced = replace(rolls, band=rolls.band.copy(), drums=rolls.drums.copy())
    silenced.band[16:] = False
    silenced.drums[16:] = False
    for name, told in window_inputs(rolls, 16).items():
        assert np.array_equal(told, window_inputs(silenced, 16)[name]), name


def test_shapes_are_those_of_the_network() -> None:
    """Whatever the piece's length, one window's inputs have one shape, of float32."""
    shapes = {
        "melody": (80, 64, 2),
        "known": (16, 64, 6),
        "known_drums": (16, 9),
        "features": (80, 6),
        "tonality": (64,),
    }
    for notes in ([], _piece()):
        inputs = window_inputs(band_rolls(notes, beats_per_bar=4), 48)
        assert {name: told.shape for name, told in inputs.items()} == shapes
        assert {told.dtype for told in inputs.values()} == {np.dtype(np.float32)}


def test_tonality_is_the_melody_around_the_window() -> None:
    """Pitch classes in all octaves, the commonest 1; what is far away does not count."""
    notes = [BandNote(Role.MELODY, 0, 8, 60), BandNote(Role.MELODY, 8, 12, 67)]
    far = BandNote(Role.MELODY, 400, 416, 61)
    rolls = band_rolls([*notes, far], beats_per_bar=4)
    tonality = window_inputs(rolls, 0)["tonality"]
    lowest = BAND_ENCODING.lowest_pitch(Role.HARMONY)
    shares = {0: 1.0, 7: 0.5}
    expected = [shares.get((lowest + row) % 12, 0.0) for row in range(BAND_ENCODING.pitches)]
    assert tonality.tolist() == expected


def test_a_cut_is_empty_where_the_roll_does_not_reach() -> None:
    """Before it, behind it, and all around one that is shorter."""
    roll = np.ones((4, 2), dtype=np.bool_)
    assert cut(roll, -2, 8)[:, 0].tolist() == [False] * 2 + [True] * 4 + [False] * 2
    assert not cut(roll, 4, 3).any()
    assert not cut(roll, -5, 5).any()


def test_every_genre_has_its_slot() -> None:
    """One of eight is 1."""
    assert genre_slot(2).tolist() == [0, 0, 1, 0, 0, 0, 0, 0]


def test_the_fingerprint_tells_encodings_apart() -> None:
    """A shard of other drums is not read by mistake."""
    other = replace(BAND_ENCODING, drums=BAND_ENCODING.drums[:-1])
    assert other.fingerprint() != BAND_ENCODING.fingerprint()
