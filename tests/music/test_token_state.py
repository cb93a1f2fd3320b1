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


def test_a_copy_goes_on_by_itself() -> None:
    tokens = encode([GridNote(0, 60, 24), GridNote(12, 64, 12)]).tolist()
    state = TokenState()
    state.advance_all(tokens[:3])
    copied = state.copy()
    state.advance_all(tokens[3:])
    assert (copied.time_step, copied.notes) == (0, [GridNote(0, 60, 24)])
    assert copied.chord()[0].sum() == 1
    copied.advance_all(tokens[3:])
    assert copied.notes == state.notes
    np.testing.assert_array_equal(copied.chord(), state.chord())


@settings(max_examples=80)
@given(
    seed=st.integers(0, 2**32 - 1),
    length=st.integers(1, 300),
    longest_note=st.integers(1, 60),
    longest_rest=st.integers(1, 60),
    pause=st.integers(0, 30),
    prompt_beats=st.integers(0, 3),
    beats_per_bar=st.integers(0, 5),
    most_notes=st.integers(1, 10),
)
def test_any_sampler_stays_within_the_limits(
    *,
    seed: int,
    length: int,
    longest_note: int,
    longest_rest: int,
    pause: int,
    prompt_beats: int,
    beats_per_bar: int,
    most_notes: int,
) -> None:
    """Whatever a model would like, masked sampling ends, in time, without a long note or rest."""
    rng = np.random.default_rng(seed)
    state = TokenState()
    prompt = [GridNote(start=12 * beat, pitch=60, duration=12) for beat in range(prompt_beats + 1)]
    state.advance_all(encode(prompt))
    begin = state.silent_from + pause
    limits = Limits(
        begin=begin,
        end=begin + length,
        longest_note=longest_note,
        longest_rest=longest_rest,
        rest_before=pause % 3,
        most_notes=most_notes,
        beats_per_bar=beats_per_bar,
    )
    while state.time_step < limits.end:
        allowed = np.flatnonzero(state.allowed(limits))
        assert len(allowed)
        token = int(rng.choice(allowed))
        if token in (SPEC.beat, SPEC.bar):
            is_bar = beats_per_bar > 0 and (state.beat + 1) % beats_per_bar == 0
            assert (token == SPEC.bar) == is_bar
        state.advance(token)
    generated = state.notes[len(prompt) :]
    assert generated
    silent_from = begin - pause % 3
    for note in generated:
        assert note.start >= begin
        assert note.duration <= longest_note
        assert note.end <= limits.end
        # Where the rest before is as long as may be, music begins at once.
        assert note.start <= max(silent_from + longest_rest, begin)
        silent_from = max(silent_from, note.end)
        sounding = [n for n in generated if n.start <= note.start < n.end]
        assert len(sounding) <= most_notes
        assert len({n.pitch for n in sounding}) == len(sounding)
    assert limits.end - silent_from <= min(longest_rest, SPEC.beat_resolution - 1)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"longest_note": 0}, "1 time step or more"),
        ({"longest_rest": 0}, "1 time step or more"),
        ({"most_notes": 0}, "most_notes must be 1 or more, got 0"),
        ({"begin": 10}, "music must end after it begins, got 10..10"),
    ],
)
def test_limits_that_cannot_be_kept_are_refused(wrong: dict[str, int], reason: str) -> None:
    with pytest.raises(MusicError, match=reason):
        Limits(**{"end": 10, "longest_note": 1, "longest_rest": 1} | wrong)


@pytest.mark.parametrize(("written", "may_begin"), [(5, True), (13, False)])
def test_an_ending_is_not_splintered(written: int, may_begin: bool) -> None:  # noqa: FBT001
    """Two steps before the end a note begins only where the music would stop too early else."""
    spec = TOKEN_ENCODING
    state = TokenState()
    limits = Limits(end=24, longest_note=24, longest_rest=24)
    pitch, first_duration = spec.first_pitch + 40, spec.first_duration - 1
    state.advance_all([spec.beat, pitch, first_duration + written, spec.beat])
    state.advance(spec.first_position + 9)
    assert state.time_step == 22
    allowed = state.allowed(limits)
    assert allowed[spec.first_pitch : spec.rest].any() == may_begin
    assert allowed.any()
