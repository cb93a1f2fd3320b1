"""Integer time and its one rounding rule."""

from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.music.timing import (
    TICKS_PER_BEAT,
    divide_rounded,
    nanoseconds_of_ticks,
    step_of_tick,
    tick_of_step,
    ticks_of_nanoseconds,
    ticks_per_step,
)

tempos = st.integers(40_000, 220_000).map(lambda millibpm: millibpm / 1000)
resolutions = st.sampled_from([n for n in range(1, 481) if TICKS_PER_BEAT % n == 0])


@given(numerator=st.integers(), denominator=st.integers(min_value=1))
def test_division_goes_to_the_nearest_integer_and_halves_go_up(
    numerator: int, denominator: int
) -> None:
    exact = Fraction(numerator, denominator)
    assert divide_rounded(numerator, denominator) == floor(exact + Fraction(1, 2))


def test_every_off_beat_half_falls_the_same_way() -> None:
    """Unlike Python's `round`, which sends every second one down."""
    assert [divide_rounded(n, 2) for n in (-3, -1, 1, 3, 5)] == [-1, 0, 1, 2, 3]


@given(step=st.integers(0, 10**9), resolution=resolutions)
def test_a_time_step_survives_the_way_to_ticks_and_back(step: int, resolution: int) -> None:
    assert step_of_tick(tick_of_step(step, resolution), resolution) == step


@given(tick=st.integers(0, 10**9), resolution=resolutions)
def test_no_tick_moves_by_more_than_half_a_time_step(tick: int, resolution: int) -> None:
    moved = abs(tick_of_step(step_of_tick(tick, resolution), resolution) - tick)
    assert 2 * moved <= ticks_per_step(resolution)


@pytest.mark.parametrize("resolution", [0, -4, 7, 481])
def test_a_time_step_that_is_no_whole_number_of_ticks_is_refused(resolution: int) -> None:
    with pytest.raises(ValueError, match=f"must divide 480, got {resolution}"):
        ticks_per_step(resolution)


@given(ticks=st.integers(0, 10**8), tempo_bpm=tempos)
def test_ticks_survive_the_way_to_nanoseconds_and_back(ticks: int, tempo_bpm: float) -> None:
    """Also after two hundred thousand beats: nothing adds up to a drift."""
    assert ticks_of_nanoseconds(nanoseconds_of_ticks(ticks, tempo_bpm), tempo_bpm) == ticks


@pytest.mark.parametrize(
    ("ticks", "tempo_bpm", "seconds"), [(480, 120.0, 0.5), (480, 60.0, 1.0), (120, 40.0, 0.375)]
)
def test_a_beat_lasts_a_minute_divided_by_the_tempo(
    ticks: int, tempo_bpm: float, seconds: float
) -> None:
    assert nanoseconds_of_ticks(ticks, tempo_bpm) == seconds * 1e9
