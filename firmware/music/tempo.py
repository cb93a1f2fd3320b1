"""The beat of music that was played without a metronome, from when its notes begin.

The tempo is the lag at which the onsets resemble themselves best, and twice, three and four
times the lag with it; slow and fast tempi are thought less likely than middling ones. Beats
are then laid at that distance where onsets are, by dynamic programming, so that they follow
a player who hurries or drags. Last, each beat is put on a line through its neighbours: hands
jitter more than the pulse does.

Reference:
    D. Ellis, "Beat Tracking by Dynamic Programming" (Journal of New Music Research 36, 2007).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from firmware.music.timing import MAX_TEMPO_BPM, MIN_TEMPO_BPM

_FRAMES_PER_S: Final = 100
_BLUR_S: Final = 0.02
"""Standard deviation of what a single onset stands for: about a hand's jitter."""

_TOGETHER_S: Final = 0.05
"""Onsets so near to each other are one chord."""

_LIKELIEST_BPM: Final = 108.0
_PRIOR_OCTAVES: Final = 0.8
"""Standard deviation of tempi around the likeliest, in octaves."""

_COMB: Final = (1.0, 0.7, 0.5, 0.4)
"""What the lag's multiples count; without them the lag of a sixteenth would do as well."""

_TEMPI: Final = np.geomspace(MIN_TEMPO_BPM, MAX_TEMPO_BPM, 240)
_LAGS: Final = 60.0 * _FRAMES_PER_S / _TEMPI
_PRIOR: Final = np.exp(-0.5 * (np.log2(_TEMPI / _LIKELIEST_BPM) / _PRIOR_OCTAVES) ** 2)

_CANDIDATES: Final = 5
_LEAST_SALIENCE: Final = 0.4
"""So many tempi are tried to the end, if they are so likely beside the likeliest."""

_STRICTNESS: Final = 60.0
"""What a beat costs that is too near or too far, beside an onset that it hits (1 on average)."""

_NEAREST: Final = 0.62
_FARTHEST: Final = 1.51
"""From beat to beat, in periods. What is farther costs more than to put a beat halfway, and what
is nearer more than to leave a beat out, even one that hits the heaviest onset (4.3)."""

_NEIGHBOURS: Final = 4
"""Beats on each side through which a beat's line goes."""

_FEWEST: Final = 6
"""With fewer onsets than this there is no tempo to speak of."""

_PARTS: Final = (1, 2, 3, 4)
"""Into how many equal parts beats are played: quarters, eighths, triplets, sixteenths."""

_PLAINNESS: Final = (1.0, 0.95, 0.9, 0.85)
"""What each of them counts: even notes at three quarters of a tempo are on its triplets, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beats:
    """Where the beats are.

    Attributes:
        times_s: (n,) float64, seconds, ascending, 2 or more: the first is not after the
            first onset, and the last but one not before the last onset. The last two lie on
            the line through the last few, on which the music would go on.
        confidence: 0..1, the `likeness` of the onsets to these beats: above 0.5 where a
            person hears a beat, for 60 onsets at random about 0.3. The fewer onsets there
            are, the better beats can be laid through them.
    """

    times_s: NDArray[np.float64]
    confidence: float

    @property
    def tempo_bpm(self) -> float:
        """Beats a minute at the end."""
        return 60.0 / float(self.times_s[-1] - self.times_s[-2])


def beat_numbers(beats: NDArray[np.float64], times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Times as numbers of beats, with fractions between two beats.

    Args:
        beats: (b,) times of the beats 0..b-1, ascending, 2 or more; before and after them they
            are thought to go on evenly.
        times: (n,) in the same unit.

    Returns:
        (n,) float64.
    """
    numbers = np.interp(times, beats, np.arange(len(beats)))
    numbers += np.minimum(times - beats[0], 0.0) / (beats[1] - beats[0])
    return np.asarray(numbers + np.maximum(times - beats[-1], 0.0) / (beats[-1] - beats[-2]))


def find_beats(
    onsets_s: Sequence[float] | NDArray[np.float64],
    *,
    weights: Sequence[float] | NDArray[np.float64] | None = None,
) -> Beats | None:
    """Find the beats of a performance.

    Args:
        onsets_s: When notes begin, in seconds, ascending; a minute at most is sensible.
        weights: How much each onset stands out (loud or long notes tend to be on beats), 0
            or more, or None for all alike.

    Returns:
        The beats, or None where there are too few onsets to tell.
    """
    onsets, strengths = _together(np.asarray(onsets_s, dtype=np.float64), weights)
    if len(onsets) < _FEWEST or not strengths.any():
        return None
    # Music tends to begin on a beat: this decides where nothing else does.
    strengths[0] += 1.0
    envelope, first_s = _envelope(onsets, strengths)
    best: tuple[float, Beats] | None = None
    for period, salience in _periods(envelope):
        if best is not None and salience <= best[0]:
            break  # no confidence would make up for it
        times_s = first_s + _tracked(envelope, period) / _FRAMES_PER_S
        times_s = _evened(_moved_to_onsets(times_s, onsets), period / _FRAMES_PER_S)
        beats = _judged(times_s, onsets, strengths)
        if best is None or salience * beats.confidence > best[0]:
            best = (salience * beats.confidence, beats)
    return best[1] if best else None


def likeness(numbers: NDArray[np.float64], weights: NDArray[np.float64] | None = None) -> float:
    """How well onsets lie on beats or on equal parts of them: 1 on beats, about 0 at random.

    The best of quarters, eighths, triplets and sixteenths, the plain ones preferred: for each,
    the mean of the cosines of the angles by which the onsets miss it (the statistic of the
    Rayleigh V test).

    Args:
        numbers: (n,) onsets in beats; whole numbers are on a beat.
        weights: (n,), or None for all alike.
    """
    cosines = np.cos(2.0 * np.pi * np.outer(_PARTS, numbers))
    shares = np.ones_like(numbers) if weights is None else weights
    return float((cosines @ shares / shares.sum() * _PLAINNESS).max())


def _together(
    onsets: NDArray[np.float64], weights: Sequence[float] | NDArray[np.float64] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Make one onset of each chord, of mean weight 1 and at most 3."""
    given = np.ones_like(onsets) if weights is None else np.asarray(weights, dtype=np.float64)
    if not len(onsets):
        return onsets, given
    # A chord is counted from its first note, so that a run of notes is no chord.
    firsts, first_s = [0], float(onsets[0])
    for at, onset in enumerate(onsets.tolist()):
        if onset - first_s > _TOGETHER_S:
            firsts.append(at)
            first_s = onset
    counts = np.diff([*firsts, len(onsets)])
    means = np.add.reduceat(onsets, firsts) / counts
    sums = np.add.reduceat(given, firsts)
    mean = float(sums.mean()) or 1.0
    return means, np.minimum(sums / mean, 3.0)


def _envelope(
    onsets: NDArray[np.float64], strengths: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """How much begins around each frame, and the time of the first frame."""
    margin_s = 60.0 / MIN_TEMPO_BPM
    first_s = float(onsets[0]) - margin_s
    frames = int(np.ceil((onsets[-1] - onsets[0] + 2 * margin_s) * _FRAMES_PER_S))
    envelope = np.zeros(frames)
    reach = np.arange(-6, 7)
    after_s = (onsets - first_s)[:, None]
    near = (after_s * _FRAMES_PER_S).astype(np.int64) + reach
    shares = np.exp(-0.5 * ((near / _FRAMES_PER_S - after_s) / _BLUR_S) ** 2)
    np.add.at(envelope, near, strengths[:, None] * shares)
    return envelope, first_s


def _periods(envelope: NDArray[np.float64]) -> list[tuple[float, float]]:
    """Frames from beat to beat on the whole that are likely, and how likely, the best first."""
    # So long that what comes around at its end is farther than any lag.
    size = 1 << int(len(envelope) + len(_COMB) * _LAGS[0]).bit_length()
    spectrum = np.fft.rfft(envelope, size)
    similar = np.fft.irfft(spectrum * spectrum.conj(), size)[: len(envelope)]
    lags = np.outer(range(1, len(_COMB) + 1), _LAGS)
    salience = _COMB @ np.interp(lags, np.arange(len(similar)), similar, right=0.0) * _PRIOR
    edged = np.concatenate([[-np.inf], salience, [-np.inf]])
    is_peak = (salience > edged[:-2]) & (salience >= edged[2:])
    is_peak &= salience > _LEAST_SALIENCE * salience.max()
    # What floating point leaves where nothing comes again is no peak.
    is_peak &= salience > 1e-9 * similar[0]
    peaks = np.flatnonzero(is_peak)
    ordered = peaks[np.argsort(-salience[peaks], kind="stable")][:_CANDIDATES]
    return [(float(_LAGS[peak]), float(salience[peak])) for peak in ordered]


def _tracked(envelope: NDArray[np.float64], period: float) -> NDArray[np.int64]:
    """Frames of the beats that hit the most and are the most even."""
    nearest, farthest = round(period * _NEAREST), round(period * _FARTHEST)
    distances = np.arange(farthest, nearest - 1, -1)
    cost = _STRICTNESS * np.log(distances / period) ** 2
    # Before the first frame there is nothing to go on from; what fills the last block is unused.
    blocks = -(-len(envelope) // nearest)
    padded = np.full(farthest + blocks * nearest, -np.inf)
    padded[farthest : farthest + len(envelope)] = envelope
    score = padded[farthest:]
    # (frames, distances): the scores themselves, as they grow.
    earlier = sliding_window_view(padded, len(distances))[: len(score)]
    by_block = earlier.reshape(blocks, nearest, len(distances))
    # No beat is nearer to the one before than a block is long: its frames all at once.
    for block, before in zip(score.reshape(blocks, nearest), by_block, strict=True):
        reached = np.maximum.reduce(before - cost, axis=1, initial=0.0)
        np.add(block, reached, out=block)
    score = score[: len(envelope)]
    at = len(score) - 1 - int(np.argmax(score[::-1][: round(period) + len(score) // 8]))
    found = [at]
    while True:
        reached = (earlier[at] - cost)[::-1]  # of two that are as good, the nearer
        best = int(reached.argmax())
        if reached[best] <= 0.0:
            return np.array(found[::-1])
        at -= nearest + best
        found.append(at)


def _moved_to_onsets(
    times_s: NDArray[np.float64], onsets: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Beats that have an onset close by exactly at it."""
    after = np.searchsorted(onsets, times_s).clip(1, len(onsets) - 1)
    nearest = np.where(
        times_s - onsets[after - 1] < onsets[after] - times_s, onsets[after - 1], onsets[after]
    )
    return np.where(np.abs(nearest - times_s) <= 2 * _BLUR_S, nearest, times_s)


def _evened(times_s: NDArray[np.float64], period_s: float) -> NDArray[np.float64]:
    """Each beat on a line through its neighbours; a lone beat gets a second one."""
    if len(times_s) < 2:
        return np.array([times_s[0], times_s[0] + period_s])
    numbers = np.arange(len(times_s))
    begin, end = np.maximum(numbers - _NEIGHBOURS, 0), numbers + _NEIGHBOURS + 1
    end = np.minimum(end, len(times_s))
    counts, middles = end - begin, (begin + end - 1) / 2
    # Sums over all neighbours at once, as differences of running sums.
    sums, moments = (
        (running[end] - running[begin])
        for running in (
            np.concatenate([[0.0], np.cumsum(values)]) for values in (times_s, numbers * times_s)
        )
    )
    slopes = (moments - middles * sums) / (counts * (counts**2 - 1) / 12)
    return np.asarray(sums / counts + slopes * (numbers - middles))


def _slope(times_s: NDArray[np.float64]) -> float:
    """Seconds from beat to beat of the line through some beats."""
    numbers = np.arange(len(times_s)) - (len(times_s) - 1) / 2
    return float(numbers @ times_s / (numbers @ numbers))


def _judged(
    times_s: NDArray[np.float64], onsets: NDArray[np.float64], strengths: NDArray[np.float64]
) -> Beats:
    """The beats that hold all onsets between them, with how well these lie on them."""
    period_s = _slope(times_s[-2 * _NEIGHBOURS :])
    times_s = _covering(times_s, onsets[0], onsets[-1], period_s)
    found = likeness(beat_numbers(times_s, onsets), strengths)
    return Beats(times_s=times_s, confidence=max(found, 0.0))


def _covering(
    times_s: NDArray[np.float64], first_s: float, last_s: float, period_s: float
) -> NDArray[np.float64]:
    """As many beats as hold all onsets between them, and one more."""
    first_period = times_s[1] - times_s[0]
    early = int(np.ceil(max(times_s[0] - first_s, 0.0) / first_period - 1e-9))
    late = int(np.ceil(max(last_s - times_s[-1], 0.0) / period_s - 1e-9))
    begin = int(np.searchsorted(times_s, first_s + 1e-9, side="right")) - 1
    return np.concatenate(
        [
            times_s[0] - first_period * np.arange(early, 0, -1),
            times_s[max(begin, 0) :],
            times_s[-1] + period_s * np.arange(1, late + 2),
        ]
    )
