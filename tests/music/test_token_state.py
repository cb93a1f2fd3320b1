"""The state after each token, and that limits can always be kept."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.errors import MusicError
from firmware.music.token_state import NO_PITCH, Limits, TokenState, token_features
from firmware.music.tokens import TOKEN_ENCODING, GridNote, encode, written

SPEC = TOKEN_ENCODING


@given(
    st.lists(
        st.builds(
            GridNote,
            start=st.integers(0, 100),
            pitch=st.integers(SPEC.lowest_pitch, SPEC.highest_pitch),
            duration=st.integers(1, 60),
        ),
        max_size=30,
    )
)
def test_training_and_device_see_the_same_state(notes: list[GridNote]) -> None:
    """The arrays of training say after each token what the device's state says."""
    tokens = encode(written(notes), bars=(0, 48))
    features = token_features(tokens)
    state = TokenState()
    ends: list[tuple[int, int]] = []
    for at, token in enumerate(tokens):
        state.advance(int(token))
        assert features.positions[at] == state.position
        assert features.time_steps[at] == state.time_step
        if features.note_pitches[at] != NO_PITCH:
            ends.append((int(features.note_pitches[at]), int(features.note_ends[at])))
        chord = np.zeros((2, SPEC.pitches))
        for pitch, end in ends:
            if end > state.time_step:
                chord[0, pitch] += 1
                chord[1, pitch] += np.log1p((end - state.time_step) / SPEC.beat_resolution)
        np.testing.assert_allclose(state.chord(), chord, atol=1e-6)


@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    length=st.integers(1, 300),
    longest_note=st.integers(1, 60),
    longest_rest=st.integers(1, 60),
    prompt_beats=st.integers(0, 3),
    beats_per_bar=st.integers(0, 5),
)
def test_any_sampler_stays_within_the_limits(
    *,
    seed: int,
    length: int,
    longest_note: int,
    longest_rest: int,
    prompt_beats: int,
    beats_per_bar: int,
) -> None:
    """Whatever a model would like, masked sampling ends, in time, without a long note or rest."""
    rng = np.random.default_rng(seed)
    state = TokenState()
    prompt = [GridNote(start=12 * beat, pitch=60, duration=12) for beat in range(prompt_beats + 1)]
    state.advance_all(encode(prompt))
    begin = state.silent_from
    limits = Limits(
        end=begin + length,
        longest_note=longest_note,
        longest_rest=longest_rest,
        beats_per_bar=beats_per_bar,
    )
    while state.time_step < limits.end:
        allowed = np.flatnonzero(state.allowed(limits))
        assert len(allowed)
        state.advance(int(rng.choice(allowed)))
    generated = state.notes[len(prompt) :]
    silent_from = begin
    for note in generated:
        assert note.duration <= longest_note
        assert note.end <= limits.end
        assert note.start - silent_from <= longest_rest
        silent_from = max(silent_from, note.end)
    assert limits.end - silent_from <= longest_rest


def test_limits_of_nothing_are_refused() -> None:
    """A longest note of no time step could never be kept."""
    with pytest.raises(MusicError, match="1 time step or more"):
        Limits(end=10, longest_note=0, longest_rest=1)
