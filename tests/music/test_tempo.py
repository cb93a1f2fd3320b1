"""The beat of performances made up here, of which the beats are known."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware.music.tempo import Beats, _tracked, beat_numbers, find_beats, likeness

MIXED = (0.0, 1.0, 1.5, 2.0, 3.0)
SIXTEENTHS = (0.0, 0.5, 0.75, 1.0, 2.0, 2.25, 2.5, 3.0)
TRIPLETS = (0.0, 1 / 3, 2 / 3, 1.0, 2.0, 7 / 3, 8 / 3, 3.0)
DOTTED = (0.0, 0.75, 1.0, 1.5, 2.0, 2.75, 3.0)
PATTERNS = {"mixed": MIXED, "sixteenths": SIXTEENTHS, "triplets": TRIPLETS, "dotted": DOTTED}


def performance(
    bar: Sequence[float],
    bpm: float,
    *,
    jitter_s: float = 0.0,
    drift: float = 0.0,
    length_s: float = 25.0,
    seed: int = 1,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Onsets and beats in seconds: a bar of four, again and again, as a hand plays it.

    Args:
        bar: Onsets in a bar, in beats.
        bpm: The tempo on the whole.
        jitter_s: Standard deviation of each onset.
        drift: Share by which the tempo rises and falls, in 24 beats.
        length_s: Length.
        seed: Of the jitter.
    """
    rng = np.random.default_rng(seed)
    bars = int(length_s * bpm / 240)
    numbers = np.arange(4 * bars + 1)
    periods = 60 / bpm * (1 + drift * np.sin(2 * np.pi * numbers / 24))
    beats = 0.37 + np.concatenate([[0.0], np.cumsum(periods)])
    onsets = np.interp(
        [4 * at + inside for at in range(bars) for inside in bar], np.arange(len(beats)), beats
    )
    onsets += rng.normal(0.0, jitter_s, len(onsets)) if jitter_s else 0.0
    return np.sort(onsets), beats


def found(onsets: NDArray[np.float64], weights: NDArray[np.float64] | None = None) -> Beats:
    beats = find_beats(onsets, weights=weights)
    assert beats is not None
    return beats


@pytest.mark.parametrize("jitter_s", [0.0, 0.01, 0.02])
@pytest.mark.parametrize("drift", [0.0, 0.03])
@pytest.mark.parametrize("bpm", [97.0, 120.0])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_the_beats_are_where_they_were_played(
    pattern: str, bpm: float, drift: float, jitter_s: float
) -> None:
    """Through jitter and drift no beat is missed by more than a tenth of a beat."""
    onsets, beats = performance(PATTERNS[pattern], bpm, jitter_s=jitter_s, drift=drift)
    answer = found(onsets)
    last = int(np.searchsorted(beats, onsets[-1] + 0.1))
    numbers = beat_numbers(answer.times_s, beats[:last])
    assert np.abs(numbers - np.round(numbers)).max() < 0.1
    assert np.diff(np.round(numbers)) == pytest.approx(1.0)
    at_last = 60 / np.diff(beats[last - 9 : last]).mean()
    assert answer.tempo_bpm == pytest.approx(at_last, rel=0.03)
    assert answer.confidence > 0.5


@pytest.mark.parametrize("bpm", [63.0, 80.0, 150.0])
def test_middling_tempi_are_found_without_accents(bpm: float) -> None:
    onsets, _ = performance(MIXED, bpm, jitter_s=0.015)
    ratio = found(onsets).tempo_bpm / bpm
    # Nothing but accents could tell quarters at 63 from eighths at 126.
    assert ratio == pytest.approx(2.0 if bpm < 70 else 1.0, rel=0.02)


@pytest.mark.parametrize("bpm", [80.0, 97.0, 120.0])
def test_music_begins_on_a_beat_where_nothing_tells_better(bpm: float) -> None:
    """Eighths without any accent: the first is on a beat, as are all that are odd."""
    bar = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5)
    onsets, beats = performance(bar, bpm, jitter_s=0.01)
    numbers = beat_numbers(found(onsets).times_s, beats[:-1])
    assert np.abs(numbers - np.round(numbers)).max() < 0.1


@pytest.mark.parametrize("bar", [SIXTEENTHS, TRIPLETS])
def test_a_fast_tempo_is_preferred_to_what_would_leave_notes_between_its_parts(
    bar: tuple[float, ...],
) -> None:
    """At half the tempo sixteenths would be thirty-seconds, which likeness does not know."""
    onsets, _ = performance(bar, 150.0, jitter_s=0.01)
    assert found(onsets).tempo_bpm == pytest.approx(150.0, rel=0.02)


@pytest.mark.parametrize("bar", [(0.5, 1.0, 1.5, 2.5, 3.0, 3.5), TRIPLETS])
def test_accents_decide_where_the_beat_is(bar: tuple[float, ...]) -> None:
    """The same onsets: what stands out is a beat."""
    onsets, beats = performance(bar, 84.0, jitter_s=0.01)
    accents = np.array([1.6 if inside % 1 == 0 else 0.5 for inside in bar])
    weights = np.tile(accents, len(onsets) // len(bar))
    answer = found(onsets, weights)
    numbers = beat_numbers(answer.times_s, beats[1:-1])
    assert np.abs(numbers - np.round(numbers)).max() < 0.1
    assert answer.tempo_bpm == pytest.approx(84.0, rel=0.02)


def test_a_rolled_chord_is_one_onset() -> None:
    onsets, beats = performance(MIXED, 100.0)
    rolled = np.sort(np.concatenate([onsets + delay for delay in (0.0, 0.012, 0.024, 0.036)]))
    numbers = beat_numbers(found(rolled).times_s, beats[:-1] + 0.018)
    assert np.abs(numbers - np.round(numbers)).max() < 0.05


def test_beats_hold_all_onsets_between_them() -> None:
    onsets, _ = performance((0.5, 1.0, 2.0, 3.0), 100.0, jitter_s=0.01)
    answer = found(onsets)
    assert answer.times_s[0] <= onsets[0] + 0.04
    assert answer.times_s[-2] >= onsets[-1] - 0.04
    assert (np.diff(answer.times_s) > 0.3).all()
    # Before and after them the numbers go on evenly.
    period_s = 60 / answer.tempo_bpm
    outside = np.array([answer.times_s[-1] + 3 * period_s, answer.times_s[0] - 10.0])
    numbers = beat_numbers(answer.times_s, outside)
    assert numbers[0] == pytest.approx(len(answer.times_s) + 2)
    assert numbers[1] == pytest.approx(-10.0 / (answer.times_s[1] - answer.times_s[0]))


def plainly_tracked(envelope: NDArray[np.float64], period: float) -> list[int]:
    """Ellis's search as it is written: each frame after the other, half to two periods back."""
    score, before = envelope.tolist(), [-1] * len(envelope)
    distances = range(round(period / 2), round(2 * period) + 1)
    costs = (60.0 * np.log(np.array(distances) / period) ** 2).tolist()
    for frame in range(len(envelope)):
        gained = 0.0
        for distance, cost in zip(distances, costs, strict=True):
            if distance <= frame and score[frame - distance] - cost > gained:
                gained, before[frame] = score[frame - distance] - cost, frame - distance
        score[frame] += gained
    last = len(score) - round(period) - len(score) // 8
    found = [max(range(last, len(score)), key=lambda frame: (score[frame], frame))]
    while before[found[-1]] >= 0:
        found.append(before[found[-1]])
    return found[::-1]


@pytest.mark.parametrize("period", [27.4, 41.0, 66.7, 113.9, 150.0])
def test_the_quick_search_finds_what_the_plain_one_finds(period: float) -> None:
    """In blocks, and only as near and far as a beat can be: the very same frames."""
    rng = np.random.default_rng(round(period))
    # Scattered, and heavy on beats that come far too early or late now and then.
    performances = [(rng.choice(600, onsets, replace=False), 1.0) for onsets in (8, 30, 60)]
    steps = rng.choice([0.72, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.4], (6, 40))
    performances += [(np.cumsum(period * some).astype(np.int64), 4.0) for some in steps]
    for at, least in performances:
        envelope = np.zeros(900)
        onsets = 150 + at[at < 600]
        envelope[onsets] = rng.uniform(least, 4.3, len(onsets))
        assert _tracked(envelope, period).tolist() == plainly_tracked(envelope, period)


def test_onsets_at_random_inspire_no_confidence() -> None:
    rng = np.random.default_rng(8)
    for _ in range(10):
        answer = find_beats(np.sort(rng.uniform(0.0, 25.0, 90)))
        assert answer is None or answer.confidence < 0.45


@pytest.mark.parametrize(
    "onsets",
    [[], [1.0], [0.0, 0.5, 1.0, 1.5, 2.0], [3.0] * 50, [0.0, 100.0, 201.0, 303.0, 406.0, 510.0]],
)
def test_there_is_no_beat_in_too_few_onsets_or_in_none_that_come_again(
    onsets: list[float],
) -> None:
    assert find_beats(onsets) is None


def test_onsets_without_weight_are_no_music() -> None:
    assert find_beats(np.arange(20.0), weights=np.zeros(20)) is None


def test_likeness_prefers_beats_to_parts_of_them_and_these_to_anything_else() -> None:
    numbers = np.arange(40, dtype=np.float64)
    quarters, eighths, triplets, sixteenths = (
        likeness(numbers / part + 2.0) for part in range(1, 5)
    )
    assert 1.0 == quarters > eighths > triplets > sixteenths > 0.8
    # Halfway between two quarters lie eighths; between two sixteenths there is nothing.
    assert likeness(numbers + 0.5) == pytest.approx(eighths)
    assert likeness(numbers / 4 + 0.125) < 0.05
    rng = np.random.default_rng(1)
    assert abs(likeness(rng.uniform(0, 100, 2000))) < 0.08
