"""What habits do to logits: each what it says, and nothing where there are none."""

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware.inference.band_habits import PAIRS, UNCHANGED, Habits
from firmware.music.band import BAND_ENCODING as SPEC
from firmware.music.band import Role
from firmware.techniques.band_habits import (
    habitual,
    movement,
    nearness,
    reach,
    resting,
    tonal_places,
)

STEPS, BAR = SPEC.time_steps, 16
ALL = np.ones(STEPS, dtype=np.bool_)
Logits = NDArray[np.float32]


def _wild(seed: int = 0) -> Logits:
    rng = np.random.default_rng(seed)
    return rng.normal(-1.0, 3.0, size=(STEPS, SPEC.pitches, 2)).astype(np.float32)


def _row(role: Role, pitch: int) -> int:
    return SPEC.row(role, pitch)


def test_habits_are_read_as_they_were_written() -> None:
    habits = Habits(
        presence={Role.BASS: 0.5},
        resting={Role.DRUMS: -1.0},
        nearness={(Role.MELODY, Role.HARMONY): -1.25},
    )
    assert Habits.from_json(habits.to_json()) == habits


@pytest.mark.parametrize(
    "values",
    [
        {"shyness": {"bass": 1.0}},
        {"presence": {"melody": 1.0}},
        {"nearness": {"harmony-bass": 1.0}},
        {"presence": {"bass": float("nan")}},
        {"presence": {"bass": 1e9}},
        {"presence": {"bass": "much"}},
        {"presence": 1.0},
    ],
)
def test_what_is_no_habit_is_refused(values: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        Habits.from_json(values)  # type: ignore[arg-type]  # that is the point


def test_without_habits_nothing_is_changed() -> None:
    logits, silence = _wild(), np.zeros((STEPS, SPEC.pitches), dtype=np.bool_)
    heard = {Role.MELODY: tonal_places(silence, Role.MELODY, SPEC)}
    np.testing.assert_array_equal(habitual(logits, Role.BASS, UNCHANGED, BAR), logits)
    assert not nearness(heard, Role.HARMONY, UNCHANGED, SPEC).any()
    assert not movement(logits[..., 0], Role.BASS, UNCHANGED, SPEC).any()
    assert not resting(logits[..., 0], Role.BASS, UNCHANGED, BAR, ALL).any()


def test_presence_makes_every_pitch_likelier_and_no_strike() -> None:
    logits = _wild()
    found = habitual(logits, Role.COUNTER, Habits(presence={Role.COUNTER: 0.75}), BAR)
    np.testing.assert_allclose(found[..., 0] - logits[..., 0], 0.75, rtol=1e-4)
    np.testing.assert_array_equal(found[..., 1], logits[..., 1])


def test_off_eighths_changes_what_begins_between_them_and_nothing_on_them() -> None:
    """A pitch that already sounds on the eighth goes on as it was."""
    logits = _wild()
    found = habitual(logits, Role.BASS, Habits(off_eighths={Role.BASS: -2.0}), BAR) - logits
    assert not found[::2].any()
    np.testing.assert_allclose(found[1::2, :, 1], -2.0, rtol=1e-4)
    sounded = logits[::2, :, 0] > 0.0
    assert not found[1::2, :, 0][sounded].any()
    np.testing.assert_allclose(found[1::2, :, 0][~sounded], -2.0, rtol=1e-4)


@pytest.mark.parametrize("pair", PAIRS[:3])
def test_who_keeps_near_likes_the_same_pitch_class_best(pair: tuple[Role, Role]) -> None:
    """And a tritone least; in the beats in which the other sounds."""
    other, role = pair
    sounding = np.zeros((STEPS, SPEC.pitches), dtype=np.bool_)
    sounding[16:32, _row(other, 64)] = True
    heard = {Role.MELODY: np.zeros((STEPS, 6)), other: tonal_places(sounding, other, SPEC)}
    found = nearness(heard, role, Habits(nearness={pair: 1.0}), SPEC)
    octave = found[20, [_row(role, 60 + above) for above in range(12)]]
    assert octave.argmax() == 4
    assert octave.argmin() == 10
    assert abs(octave.sum()) < 1e-9
    assert not found[:16].any()
    assert not found[32:].any()


def test_movement_wearies_of_what_was_likely_in_the_beat_before() -> None:
    logits = np.full((STEPS, SPEC.pitches), -9.0, dtype=np.float32)
    logits[4:8, 30] = 9.0
    found = movement(logits, Role.BASS, Habits(movement={Role.BASS: 3.0}), SPEC)
    np.testing.assert_allclose(found[8:12, 30], -3.0, rtol=1e-3)
    assert np.abs(found[12:]).max() < 0.01
    assert np.abs(found[:8]).max() < 0.01


def test_the_least_sure_bars_rest() -> None:
    """Only steps of the piece count, and only whole bars rest."""
    logits = np.full((STEPS, SPEC.pitches), -9.0, dtype=np.float32)
    for bar, sure in enumerate((2.0, -1.0, 0.5, 3.0)):
        logits[bar * BAR : (bar + 1) * BAR, 20] = sure
    inside = ALL.copy()
    inside[56:] = False
    logits[56:, 20] = -50.0
    found = resting(logits, Role.HARMONY, Habits(resting={Role.HARMONY: 1.0}), BAR, inside)
    assert found.reshape(4, BAR).all(axis=1).tolist() == [False, True, True, False]
    assert not found[:16].any()


def test_with_full_repetition_all_bars_have_one_rhythm() -> None:
    """Whatever the pitches, the surest are as sure in each bar; a drum's bars are all one."""
    logits = _wild()
    found = habitual(logits, Role.HARMONY, Habits(repetition={Role.HARMONY: 1.0}), BAR)
    surest = found[..., 0].max(axis=1).reshape(4, BAR)
    np.testing.assert_allclose(surest, np.broadcast_to(surest[0], surest.shape), rtol=1e-4)
    drums = logits[:, :9, :1]
    found = habitual(drums, Role.DRUMS, Habits(repetition={Role.DRUMS: 1.0}), BAR)
    bars = found.reshape(4, BAR, 9)
    np.testing.assert_allclose(bars, np.broadcast_to(bars[0], bars.shape), rtol=1e-4, atol=1e-4)


def test_beyond_full_repetition_what_bars_have_in_common_is_surer() -> None:
    drums = _wild()[:, :9, :1]
    plain, surer = (
        habitual(drums, Role.DRUMS, Habits(repetition={Role.DRUMS: share}), BAR)
        for share in (1.0, 1.5)
    )
    np.testing.assert_allclose(surer, 1.5 * plain, rtol=1e-3, atol=1e-4)


def test_what_was_played_in_the_bar_before_is_repeated_too() -> None:
    """Where it was played it is likelier than where it was not."""
    drums = np.zeros((STEPS, 9, 1), dtype=np.float32)
    past = np.zeros((BAR, 9, 1), dtype=np.bool_)
    past[4, 2] = True
    habits = Habits(repetition={Role.DRUMS: 1.0})
    found = habitual(drums, Role.DRUMS, habits, BAR, past)[..., 0].reshape(4, BAR, 9)
    assert (found[:, 4, 2] > 0.0).all()
    found[:, 4, 2] = -1.0
    assert (found < 0.0).all()


def test_nobody_plays_beyond_what_is_in_reach() -> None:
    habits = Habits(lowest={Role.BASS: 30.0}, highest={Role.BASS: 52.0})
    found = np.flatnonzero(reach(Role.BASS, habits, SPEC)) + SPEC.lowest_pitch(Role.BASS)
    assert found.tolist() == list(range(30, 53))
    assert reach(Role.HARMONY, habits, SPEC).all()


def test_staccato_cuts_what_an_eighth_would_hold() -> None:
    """Only in its second half, and only what sounds in its first."""
    logits = _wild()
    found = habitual(logits, Role.HARMONY, Habits(staccato={Role.HARMONY: 2.0}), BAR) - logits
    sounded = logits[::2, :, 0] > 0.0
    assert not found[::2].any()
    assert not found[..., 1].any()
    np.testing.assert_allclose(found[1::2, :, 0][sounded], -2.0, rtol=1e-4)
    assert not found[1::2, :, 0][~sounded].any()
