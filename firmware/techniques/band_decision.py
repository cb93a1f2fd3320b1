"""What the band plays, from what the model says of a window: the same rules wherever it is heard.

The model gives every cell a logit: whether a pitch sounds, whether what sounds is struck,
whether a drum is struck. A logit above a threshold means yes. At little creative risk the
threshold is 0, a probability of one half; with more of it the threshold strays, as far on
average as softness says, which comes to drawing from sigmoid(logit / softness). For the same
random numbers all that more risk does is to move the same thresholds farther: nothing that
was changed at less risk is changed back.

Thresholds stray beat by beat and pitch by pitch, not step by step: a note then comes or goes,
and is not chopped up.

Five rules mend what no player would do, and no more, for every rule hides what was learned:

1. Nothing sounds outside of the piece. Drums are silent in a genre that has none.
2. A pitch that pauses for one time step and then sounds on without being struck did not pause.
3. The bass plays one note at a time, the harmony four at most and the counter three: the hands
   that were learned from. Of more the surest stay, by the mean of the logits over the whole
   note: a sure note keeps its length, a doubtful one gives way where both would sound.
4. What is left of a note in a single time step is left out, unless it was struck for just that
   step: it is what a threshold cuts off, not what a player plays.
5. A hi-hat is open or closed, not both.

Letters: T time steps, P pitches, D drums, R planes; O pitched roles, R = 2 O.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware.music.band import BAND_ENCODING, PITCHED_ROLES, BandSpec, Role

MOST_NOTES: Final = {Role.BASS: 1, Role.HARMONY: 4, Role.COUNTER: 3}
"""Notes of a role at a time."""

SAFE_RISK: Final = 0.5
"""Up to this creative risk nothing is left to chance."""

_WILD_RISK: Final = 6.0
"""At this creative risk the model's own probabilities are drawn from."""

_CLOSED_HAT: Final = 42
_OPEN_HAT: Final = 46


def softness_of(risk: float) -> float:
    """How far thresholds stray, in logits: 0 at little creative risk, 1 at the highest."""
    return max(risk - SAFE_RISK, 0.0) / (_WILD_RISK - SAFE_RISK)


def decide(
    band_logits: NDArray[np.float32],
    drum_logits: NDArray[np.float32],
    *,
    risk: float,
    rng: np.random.Generator,
    has_drums: bool,
    inside: NDArray[np.bool_],
    before: NDArray[np.bool_] | None = None,
    spec: BandSpec = BAND_ENCODING,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Decide what the band plays.

    Args:
        band_logits: (T, P, R) that a pitch sounds, and that it is struck if it sounds.
        drum_logits: (T, D) that a drum is struck.
        risk: The player's creative risk.
        rng: For the thresholds; as much is drawn from it whatever the risk.
        has_drums: Whether there are drums in this genre.
        inside: (T,) which time steps belong to the piece.
        before: (P, R) what the band played in the time step before the first one; by default
            that is not known, and what sounds first unstruck may be held.
        spec: The encoding.

    Returns:
        (T, P, R) and (T, D). Where a note begins it is struck.
    """
    softness, beat = softness_of(risk), spec.beat_resolution
    steps = len(band_logits)
    strays = rng.logistic(size=(-(-steps // beat), *band_logits.shape[1:]))
    drum_strays = rng.logistic(size=drum_logits.shape)
    chosen = band_logits > softness * strays.repeat(beat, axis=0)[:steps]
    band = _mended(chosen, band_logits, inside, before)
    drums = (drum_logits > softness * drum_strays) & inside[:, None] & has_drums
    return band, _one_hat(drums, drum_logits, spec)


def _mended(
    chosen: NDArray[np.bool_],
    logits: NDArray[np.float32],
    inside: NDArray[np.bool_],
    before: NDArray[np.bool_] | None,
) -> NDArray[np.bool_]:
    """Rules 1 to 4: (T, P, R) as the thresholds have it -> as it is played."""
    # (T, P, O) -> (O, P, T): a pitch's time steps side by side.
    sounding, struck = (
        np.ascontiguousarray(chosen[:, :, plane::2].transpose(2, 1, 0)) for plane in (0, 1)
    )
    held_before = None if before is None else before[:, ::2].T
    # Rule 2.
    sounding[..., 1:-1] |= sounding[..., :-2] & sounding[..., 2:] & ~struck[..., 2:]
    sounding &= inside
    scores, lengths = _notes(sounding, struck, logits)
    for number, role in enumerate(PITCHED_ROLES):
        _keep_surest(sounding[number], scores[number], MOST_NOTES[role])
    # Rule 4; what may have begun before the window or may end after it is no remnant.
    goes_on = np.ones_like(sounding)
    goes_on[..., :-1] = sounding[..., 1:] & ~struck[..., 1:]
    begins = sounding & (struck | ~_shifted(sounding, held_before))
    sounding &= ~begins | goes_on | (struck & (lengths == 1))
    begins = sounding & (struck | ~_shifted(sounding, held_before))
    # (2, O, P, T) -> (T, P, O, 2) -> (T, P, R)
    planes = np.stack([sounding, begins]).transpose(3, 2, 1, 0)
    return np.ascontiguousarray(planes).reshape(chosen.shape)


def _shifted(
    sounding: NDArray[np.bool_], held_before: NDArray[np.bool_] | None
) -> NDArray[np.bool_]:
    """(O, P, T): what sounds in the time step before each."""
    shifted = np.empty_like(sounding)
    shifted[..., 1:] = sounding[..., :-1]
    shifted[..., 0] = True if held_before is None else held_before
    return shifted


def _notes(
    sounding: NDArray[np.bool_], struck: NDArray[np.bool_], logits: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Of the note that a cell (O, P, T) is part of: its mean logit, and its length in steps.

    Of cells that are part of none: minus infinity, and 0.
    """
    begins = sounding & struck
    begins[..., 1:] |= sounding[..., 1:] & ~sounding[..., :-1]
    begins[..., 0] = sounding[..., 0]
    cells = sounding.ravel()
    numbers = np.cumsum(begins.ravel())[cells]
    sure = logits[:, :, ::2].transpose(2, 1, 0).ravel()[cells]
    counts = np.bincount(numbers)
    means = np.bincount(numbers, weights=sure) / np.maximum(counts, 1)
    scores = np.full(sounding.shape, -np.inf)
    lengths = np.zeros(sounding.shape, dtype=np.int64)
    scores.ravel()[cells], lengths.ravel()[cells] = means[numbers], counts[numbers]
    return scores, lengths


def _keep_surest(sounding: NDArray[np.bool_], scores: NDArray[np.float64], most: int) -> None:
    """Rule 3: silence all but the surest of a role's pitches (P, T), in place."""
    crowded = np.flatnonzero(sounding.sum(axis=0) > most)
    if not crowded.size:
        return
    # Of two that are as sure, the lower one.
    ranked = np.argsort(-scores[:, crowded], axis=0, kind="stable")
    kept = np.zeros((len(sounding), crowded.size), dtype=np.bool_)
    np.put_along_axis(kept, ranked[:most], values=True, axis=0)
    sounding[:, crowded] &= kept


def _one_hat(
    drums: NDArray[np.bool_], logits: NDArray[np.float32], spec: BandSpec
) -> NDArray[np.bool_]:
    """Rule 5: of an open and a closed hi-hat together the surer stays."""
    closed, opened = spec.drums.index(_CLOSED_HAT), spec.drums.index(_OPEN_HAT)
    both = drums[:, closed] & drums[:, opened]
    is_open = logits[:, opened] > logits[:, closed]
    drums[both & is_open, closed] = False
    drums[both & ~is_open, opened] = False
    return drums
