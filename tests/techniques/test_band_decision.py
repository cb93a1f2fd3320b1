"""What the band plays of what the model says: the thresholds, and the written rules."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from firmware.inference.band_habits import UNCHANGED, Habits
from firmware.music.band import BAND_ENCODING as SPEC
from firmware.music.band import PITCHED_ROLES, Role, band_notes
from firmware.techniques.band_decision import MOST_NOTES, SAFE_RISK, decide, softness_of

STEPS = SPEC.time_steps
ROLES = len(PITCHED_ROLES)
YES, NO = 5.0, -5.0
KICK, CLOSED_HAT, OPEN_HAT = (SPEC.drums.index(key) for key in (36, 42, 46))
Rolls = tuple[NDArray[np.bool_], NDArray[np.bool_]]


def silence() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Logits of a window in which nobody plays."""
    band = np.full((STEPS, SPEC.pitches, SPEC.planes), NO, dtype=np.float32)
    return band, np.full((STEPS, len(SPEC.drums)), NO, dtype=np.float32)


def say(
    band: NDArray[np.float32],
    role: Role,
    row: int,
    steps: range,
    *,
    sure: float = YES,
    struck: bool = True,
) -> None:
    """Let the model want a note."""
    plane = 2 * PITCHED_ROLES.index(role)
    band[steps, row, plane] = sure
    if struck:
        band[steps.start, row, plane + 1] = YES


def decided(
    band: NDArray[np.float32],
    drums: NDArray[np.float32] | None = None,
    *,
    risk: float = 0.3,
    seed: int = 0,
    has_drums: bool = True,
    inside: NDArray[np.bool_] | None = None,
    before: NDArray[np.bool_] | None = None,
    habits: Habits = UNCHANGED,
) -> Rolls:
    return decide(
        band,
        silence()[1] if drums is None else drums,
        risk=risk,
        rng=np.random.default_rng(seed),
        has_drums=has_drums,
        inside=np.ones(STEPS, dtype=np.bool_) if inside is None else inside,
        past=None if before is None else (before[None], np.zeros((1, 9), dtype=np.bool_)),
        habits=habits,
        melody=np.zeros((STEPS, SPEC.pitches), dtype=np.bool_),
        beats_per_bar=4,
    ).played


def played(band: NDArray[np.float32], **given_values: object) -> list[tuple[str, int, int, int]]:
    """Role, start, end and row of every note."""
    rolls = decided(band, **given_values)  # type: ignore[arg-type]
    return [
        (note.role, note.start, note.end, note.pitch - SPEC.lowest_pitch(note.role))
        for note in band_notes(*rolls)
    ]


def wild(seed: int, scale: float = 3.0) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    rng = np.random.default_rng(seed)
    band = rng.normal(-2.0, scale, size=(STEPS, SPEC.pitches, SPEC.planes))
    drums = rng.normal(-1.0, scale, size=(STEPS, len(SPEC.drums)))
    return band.astype(np.float32), drums.astype(np.float32)


def test_at_little_risk_what_is_likelier_than_not_is_played() -> None:
    band, drums = silence()
    say(band, Role.BASS, 12, range(4, 12), sure=0.01)
    say(band, Role.HARMONY, 20, range(4, 12), sure=-0.01)
    drums[3, KICK] = 0.01
    drums[5, KICK] = -0.01
    first = decided(band, drums, risk=SAFE_RISK, seed=0)
    again = decided(band, drums, risk=0.1, seed=1)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    notes = band_notes(*first)
    assert [(note.role, note.start, note.end) for note in notes] == [
        (Role.DRUMS, 3, 4),
        (Role.BASS, 4, 12),
    ]


def test_more_risk_moves_the_same_thresholds_farther() -> None:
    """Of drums, which no rule changes here: once changed by some risk, changed by any higher."""
    band, drums = wild(3)
    drums[:, CLOSED_HAT] = NO
    rolls = [decided(band, drums, risk=risk, seed=7)[1] for risk in (0.1, 0.5, 1, 2, 3, 4.5, 6)]
    changed = [roll != rolls[0] for roll in rolls]
    counts = [int(each.sum()) for each in changed]
    assert counts[:2] == [0, 0]
    assert counts[1:] == sorted(set(counts[1:])), "strictly more"
    for less, more in pairwise(changed):
        assert not (less & ~more).any()


def test_at_the_highest_risk_the_models_own_probabilities_are_drawn_from() -> None:
    assert softness_of(6.0) == pytest.approx(1.0)
    band, drums = silence()
    drums[:, KICK] = np.log(0.3 / 0.7)
    shares = [decided(band, drums, risk=6.0, seed=seed)[1][:, KICK].mean() for seed in range(60)]
    assert np.mean(shares) == pytest.approx(0.3, abs=0.02)


def test_thresholds_stray_by_beats_so_that_notes_stay_whole() -> None:
    """A pitch of even odds is there for whole beats."""
    band, drums = silence()
    band[:, 20, 2] = 25.0
    found = played(band - 25, drums=drums - 25, risk=6.0)
    assert len(found) > 2
    assert all((row, start % 4, end % 4) == (20, 0, 0) for _, start, end, row in found)


def test_as_much_is_drawn_whatever_the_risk() -> None:
    """So that what comes after it in a piece hears the same noise."""
    after = []
    for risk in (0.1, 6.0):
        rng = np.random.default_rng(3)
        decide(
            *wild(0),
            risk=risk,
            rng=rng,
            has_drums=True,
            inside=np.ones(STEPS, dtype=np.bool_),
            melody=np.zeros((STEPS, SPEC.pitches), dtype=np.bool_),
            beats_per_bar=4,
        )
        after.append(rng.random())
    assert after[0] == after[1]


@given(seed=st.integers(0, 999), risk=st.floats(0.1, 6.0), end=st.integers(0, STEPS))
def test_whatever_the_model_says_the_rules_are_kept(seed: int, risk: float, end: int) -> None:
    """Polyphony, the piece's end, strikes only where something begins, and no crumbs."""
    inside = np.arange(STEPS) < end
    has_drums = seed % 2 == 0
    band, drums = decided(
        *wild(seed, scale=1.0 + seed % 4), risk=risk, seed=seed, inside=inside, has_drums=has_drums
    )
    sounding, struck = band[..., ::2], band[..., 1::2]
    assert not sounding[end:].any()
    assert not drums[end:].any()
    assert drums.any() <= has_drums
    assert not (drums[:, CLOSED_HAT] & drums[:, OPEN_HAT]).any()
    for number, role in enumerate(PITCHED_ROLES):
        assert sounding[..., number].sum(axis=1).max() <= MOST_NOTES[role]
    assert not (struck & ~sounding).any()
    begins = sounding[1:] & ~sounding[:-1]
    assert not (begins & ~struck[1:]).any()


def test_the_bass_plays_one_note_and_a_sure_note_stays_whole() -> None:
    """The doubtful one gives way while the sure one sounds, and comes in again after it."""
    band, _ = silence()
    say(band, Role.BASS, 10, range(8, 16), sure=4.0)
    say(band, Role.BASS, 20, range(32), sure=2.0)
    assert played(band) == [
        (Role.BASS, 0, 8, 20),
        (Role.BASS, 8, 16, 10),
        (Role.BASS, 16, 32, 20),
    ]


def test_of_a_cluster_the_surest_are_played_and_of_as_sure_ones_the_lowest() -> None:
    band, _ = silence()
    # None is foreign.
    for row in (12, 14, 16, 17, 19, 21, 23, 24):
        say(band, Role.HARMONY, row, range(8), sure=3.0 if row == 24 else 2.0)
        say(band, Role.COUNTER, row, range(8))
    assert [(role, row) for role, _, _, row in played(band)] == [
        *((Role.COUNTER, row) for row in (12, 14, 16)),
        *((Role.HARMONY, row) for row in (12, 14, 16, 24)),
    ]


def test_a_pause_of_a_step_without_a_strike_is_none() -> None:
    band, _ = silence()
    say(band, Role.HARMONY, 10, range(7))
    say(band, Role.HARMONY, 10, range(8, 16), struck=False)
    say(band, Role.COUNTER, 10, range(7))
    say(band, Role.COUNTER, 10, range(8, 16))
    assert played(band) == [
        (Role.COUNTER, 0, 7, 10),
        (Role.HARMONY, 0, 16, 10),
        (Role.COUNTER, 8, 16, 10),
    ]


def test_a_single_step_is_played_only_if_it_is_struck_for_just_that() -> None:
    band, _ = silence()
    say(band, Role.HARMONY, 10, range(4, 5))
    say(band, Role.HARMONY, 12, range(4, 5), struck=False)
    # Of this one a single step is left, for the other is surer.
    say(band, Role.BASS, 20, range(7, 16), sure=1.0)
    say(band, Role.BASS, 22, range(8, 16), sure=3.0)
    assert played(band) == [(Role.HARMONY, 4, 5, 10), (Role.BASS, 8, 16, 22)]


def test_a_single_step_before_a_strike_of_the_same_pitch_is_left_out() -> None:
    band, _ = silence()
    say(band, Role.HARMONY, 10, range(4, 5), struck=False)
    say(band, Role.HARMONY, 10, range(5, 9))
    assert played(band) == [(Role.HARMONY, 5, 9, 10)]


def test_a_note_at_a_windows_end_has_no_part_in_the_next_pitch_at_its_beginning() -> None:
    """A doubtful note of one pitch makes the sure one of the next no less sure."""
    band, _ = silence()
    say(band, Role.BASS, 20, range(48, STEPS), sure=1.0)
    say(band, Role.BASS, 21, range(8), sure=4.0, struck=False)
    say(band, Role.BASS, 30, range(8), sure=3.0)
    assert played(band) == [(Role.BASS, 0, 8, 21), (Role.BASS, 48, STEPS, 20)]


def test_what_is_struck_again_is_two_notes() -> None:
    band, _ = silence()
    say(band, Role.HARMONY, 10, range(8))
    say(band, Role.HARMONY, 10, range(4, 8))
    assert played(band) == [(Role.HARMONY, 0, 4, 10), (Role.HARMONY, 4, 8, 10)]


def test_at_a_windows_edges_notes_may_come_from_before_and_go_on_after() -> None:
    """A single step there is no remnant, unless it is known what was played before."""
    band, _ = silence()
    say(band, Role.HARMONY, 10, range(1), struck=False)
    say(band, Role.HARMONY, 12, range(STEPS - 1, STEPS), struck=False)
    held = np.zeros((SPEC.pitches, SPEC.planes), dtype=np.bool_)
    silent = held.copy()
    held[10, 2] = True
    last = (Role.HARMONY, STEPS - 1, STEPS, 12)
    assert played(band) == [(Role.HARMONY, 0, 1, 10), last]
    assert played(band, before=held) == [(Role.HARMONY, 0, 1, 10), last]
    assert played(band, before=silent) == [last]
    assert not decided(band, before=held)[0][0, 10, 3], "it is held, not struck again"
    say(band, Role.HARMONY, 10, range(4), struck=False)
    assert decided(band, before=silent)[0][0, 10, 3], "what begins there is struck"


def test_foreign_pitches_come_with_risk() -> None:
    """Of the black keys more sound the more is risked; of the white ones no more nor fewer."""
    band = np.full((STEPS, SPEC.pitches, SPEC.planes), NO, dtype=np.float32)
    rng = np.random.default_rng(0)
    band[..., 4] = rng.normal(0.0, 1.0, size=(STEPS // 4, SPEC.pitches)).repeat(4, axis=0) - 2.0
    classes = (np.arange(SPEC.pitches) + SPEC.lowest_pitch(Role.COUNTER)) % 12
    is_black = np.isin(classes, (1, 3, 6, 8, 10))
    shares = []
    for risk in (0.1, 0.3, 0.5):
        sounding = decided(band, risk=risk)[0][..., 4]
        shares.append(sounding[:, is_black].sum())
        assert sounding[:, ~is_black].any()
    assert shares[0] < shares[1] < shares[2]


def test_a_whim_comes_again_in_every_bar_of_a_window() -> None:
    """Of bars that are all alike, the drums and the pitches are the same at any risk."""
    one, drums = wild(3)
    bars = (np.tile(one[:16], (4, 1, 1)), np.tile(drums[:16], (4, 1)))
    band, strokes = decided(*bars, risk=5.0)
    plain, _ = decided(*bars, risk=0.3)
    assert (band != plain).any()
    assert all(np.array_equal(strokes[:16], strokes[at : at + 16]) for at in (16, 32, 48))
    # A bar's first and last time steps depend on what comes before and after.
    assert np.array_equal(band[18:30, :, ::2], band[34:46, :, ::2])


def test_habits_are_heard() -> None:
    """Who must be surer than anything rests; drums that are made likelier are struck."""
    never = Habits(resting={Role.BASS: 19.0}, presence={Role.DRUMS: 15.0})
    band, drums = silence()
    for role in PITCHED_ROLES:
        say(band, role, 30, range(8))
    found, strokes = decided(band, drums, habits=never)
    assert not found[..., :2].any()
    assert found[:8, 30, 2].all()
    assert strokes[:, KICK].all()


def test_who_rests_is_not_heard_but_still_means_something() -> None:
    """And strikes again what would have gone on into the next bar."""
    band, drums = silence()
    say(band, Role.HARMONY, 12, range(STEPS), sure=3.0)
    band[16:32, 12, 2] = 1.0
    decision = decide(
        band,
        drums,
        risk=0.3,
        rng=np.random.default_rng(0),
        has_drums=True,
        inside=np.ones(STEPS, dtype=np.bool_),
        melody=np.zeros((STEPS, SPEC.pitches), dtype=np.bool_),
        beats_per_bar=4,
        habits=Habits(resting={Role.HARMONY: 2.0}),
    )
    notes = [(n.start, n.end) for n in band_notes(*decision.played)]
    assert notes == [(0, 16), (32, STEPS)]
    assert decision.played[0][32, 12, 3]
    assert [(n.start, n.end) for n in band_notes(*decision.meant)] == [(0, STEPS)]


def test_nothing_but_the_drums_depends_on_whether_there_are_drums() -> None:
    with_drums, without = (decided(*wild(1), has_drums=has, risk=2.0) for has in (True, False))
    assert np.array_equal(with_drums[0], without[0])
    assert with_drums[1].any()
    assert not without[1].any()


def test_of_an_open_and_a_closed_hat_the_surer_is_played() -> None:
    band, drums = silence()
    drums[0, [CLOSED_HAT, OPEN_HAT]] = 2.0, 3.0
    drums[1, [CLOSED_HAT, OPEN_HAT]] = 3.0, 2.0
    drums[2, [CLOSED_HAT, OPEN_HAT]] = 2.0, 2.0
    found = decided(band, drums)[1]
    assert found[:3, CLOSED_HAT].tolist() == [False, True, True]
    assert found[:3, OPEN_HAT].tolist() == [True, False, False]
