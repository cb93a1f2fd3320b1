"""What the band plays, from what the model says of a window: the same rules wherever it is heard.

The model gives every cell a logit: whether a pitch sounds, whether what sounds is struck,
whether a drum is struck. A logit above a threshold means yes. At little creative risk the
threshold is 0, a probability of one half; with more of it the threshold strays, as far on
average as softness says, which comes to drawing from sigmoid(logit / softness). For the same
random numbers all that more risk does is to move the same thresholds farther: nothing that
was changed at less risk is changed back.

A pitch that is foreign to the melody's key is the less likely the less is risked: at creative
risk 1 it is as likely as the model says.

Before all that the logits are changed by the habits of the genre's players (`band_habits`), so
that with the rules the band does as often as they do what it does.

Thresholds stray beat by beat and pitch by pitch, not step by step: a note then comes or goes,
and is not chopped up. In all bars of a window they stray alike: a whim of a moment would be heard
as a mistake, one that comes again is an idea.

Five rules mend what no player would do, and no more, for every rule hides what was learned:

1. Nothing sounds outside of the piece. Drums are silent in a genre that has none.
2. A pitch that pauses for one time step and then sounds on without being struck did not pause.
3. The bass plays one note at a time, the harmony four at most and the counter three: the hands
   that were learned from. Of more the surest stay, by the mean of the logits over the whole
   note: a sure note keeps its length, a doubtful one gives way where both would sound.
4. What is left of a note in a single time step is left out, unless it was struck for just that
   step: it is what a threshold cuts off, not what a player plays.
5. A hi-hat is open or closed, not both.

Letters: T time steps, P pitches, D drums, R planes, two of each pitched role.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware.inference.band_habits import UNCHANGED, Habits
from firmware.music.band import BAND_ENCODING, PITCHED_ROLES, BandSpec, Role
from firmware.music.home_key import WHITE_KEYS
from firmware.music.tonal_space import OCTAVE
from firmware.techniques.band_habits import (
    habitual,
    movement,
    nearness,
    reach,
    resting,
    tonal_places,
)

MOST_NOTES: Final = {Role.BASS: 1, Role.HARMONY: 4, Role.COUNTER: 3}
"""Notes of a role at a time."""

Rolls = tuple[NDArray[np.bool_], NDArray[np.bool_]]
"""Of the roles with pitches (T, P, R), and of the drums (T, D)."""


class Decision(NamedTuple):
    """What becomes of a window.

    Attributes:
        played: What is heard.
        meant: The same with what those would play who rest. The model is told this: if it knew
            that they rest, it would let them rest for good.
    """

    played: Rolls
    meant: Rolls


SAFE_RISK: Final = 0.5
"""Up to this creative risk nothing is left to chance."""

_USUAL_SOFTNESS: Final = 1 / 11
"""At creative risk 1, where habits are measured."""

_WILD_RISK: Final = 6.0
"""At this creative risk the model's own probabilities are drawn from."""

_FOREIGN: Final = 0.7
"""In logits, how much rather foreign pitches sound at e times the creative risk."""


_CLOSED_HAT: Final = 42
_OPEN_HAT: Final = 46


def softness_of(risk: float) -> float:
    """How far thresholds stray, in logits: 0 at little creative risk, 1 at the highest.

    From the usual risk on it grows as foreignness does, by as much each time risk is doubled.
    """
    if risk <= 1.0:
        return max(risk - SAFE_RISK, 0.0) / (1.0 - SAFE_RISK) * _USUAL_SOFTNESS
    bolder = float(np.log(risk) / np.log(_WILD_RISK))
    return _USUAL_SOFTNESS + (1.0 - _USUAL_SOFTNESS) * bolder


def foreignness_of(risk: float) -> float:
    """How much rather a pitch sounds that is foreign to the melody's key, in logits."""
    return _FOREIGN * float(np.log(risk))


def decide(
    band_logits: NDArray[np.float32],
    drum_logits: NDArray[np.float32],
    *,
    risk: float,
    rng: np.random.Generator,
    has_drums: bool,
    inside: NDArray[np.bool_],
    melody: NDArray[np.bool_],
    beats_per_bar: int,
    habits: Habits = UNCHANGED,
    past: Rolls | None = None,
    spec: BandSpec = BAND_ENCODING,
) -> Decision:
    """Decide what the band plays.

    Args:
        band_logits: (T, P, R) that a pitch sounds, and that it is struck if it sounds.
        drum_logits: (T, D) that a drum is struck.
        risk: The player's creative risk.
        rng: For the thresholds; as much is drawn from it whatever the risk.
        has_drums: Whether there are drums in this genre.
        inside: (T,) which time steps belong to the piece.
        melody: (T, P) what sounds of the melody, in its home key.
        beats_per_bar: Quarter notes a bar; the first time step is on a bar line.
        habits: Of the genre's players.
        past: What the band meant in the bar before, (L, P, R) and (L, D); by default that is
            not known, and what sounds first unstruck may be held.
        spec: The encoding.

    Returns:
        What is played, and what is meant. Where a note begins it is struck.
    """
    softness, beat = softness_of(risk), spec.beat_resolution
    steps, bar = len(band_logits), beats_per_bar * beat
    place = np.arange(steps) % bar
    thresholds = softness * rng.logistic(size=(beats_per_bar, *band_logits.shape[1:]))
    drum_thresholds = softness * rng.logistic(size=(bar, drum_logits.shape[1]))
    thresholds, drum_thresholds = thresholds[place // beat], drum_thresholds[place]
    band, meant = (np.zeros(band_logits.shape, dtype=np.bool_) for _ in range(2))
    heard = {Role.MELODY: tonal_places(melody, Role.MELODY, spec)}
    for number, role in enumerate(PITCHED_ROLES):
        own = slice(2 * number, 2 * number + 2)
        logits = band_logits[..., own].copy()
        foreign = foreignness_of(risk) + habits.foreign.get(role, 0.0)
        logits[..., 0] += foreign * _foreign_rows(role, spec)
        logits[..., 0] += nearness(heard, role, habits, spec)
        logits[..., 0] += movement(logits[..., 0], role, habits, spec)
        logits = habitual(logits, role, habits, bar, None if past is None else past[0][..., own])
        logits[..., 0] = np.where(reach(role, habits, spec), logits[..., 0], -np.inf)
        chosen = logits > thresholds[..., own]
        held = None if past is None else past[0][-1, :, own]
        meant[..., own] = _mended(chosen, logits, inside, held, MOST_NOTES[role])
        rests = resting(logits[..., 0], role, habits, bar, inside)
        band[..., own] = _without(meant[..., own], rests)
        heard[role] = tonal_places(band[..., 2 * number], role, spec)
    struck = None if past is None else past[1][..., None]
    logits = habitual(drum_logits[..., None], Role.DRUMS, habits, bar, struck)[..., 0]
    drums = (logits > drum_thresholds) & inside[:, None] & has_drums
    drums = _one_hat(drums, logits, spec)
    rests = resting(logits, Role.DRUMS, habits, bar, inside)
    return Decision(played=(band, drums & ~rests[:, None]), meant=(meant, drums))


def _without(planes: NDArray[np.bool_], rests: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(T, P, 2) without the time steps (T,) in which the role rests; what goes on is struck."""
    if not rests.any():
        return planes
    played = planes & ~rests[:, None, None]
    played[1:, :, 1] |= played[1:, :, 0] & rests[:-1, None]
    return played


def _mended(
    chosen: NDArray[np.bool_],
    logits: NDArray[np.float32],
    inside: NDArray[np.bool_],
    before: NDArray[np.bool_] | None,
    most: int,
) -> NDArray[np.bool_]:
    """Rules 1 to 4: (T, P, 2) of a role as the thresholds have it -> as it is played."""
    # (T, P) -> (P, T): a pitch's time steps side by side.
    sounding, struck = (np.ascontiguousarray(chosen[..., plane].T) for plane in (0, 1))
    held_before = None if before is None else before[:, 0]
    # Rule 2.
    sounding[:, 1:-1] |= sounding[:, :-2] & sounding[:, 2:] & ~struck[:, 2:]
    sounding &= inside
    scores, lengths = _notes(sounding, struck, logits[..., 0].T)
    _keep_surest(sounding, scores, most)
    # Rule 4; what may have begun before the window or may end after it is no remnant.
    goes_on = np.ones_like(sounding)
    goes_on[:, :-1] = sounding[:, 1:] & ~struck[:, 1:]
    begins = sounding & (struck | ~_shifted(sounding, held_before))
    sounding &= ~begins | goes_on | (struck & (lengths == 1))
    begins = sounding & (struck | ~_shifted(sounding, held_before))
    # (P, T, 2) -> (T, P, 2)
    return np.stack([sounding, begins], axis=-1).transpose(1, 0, 2)


def _foreign_rows(role: Role, spec: BandSpec) -> NDArray[np.bool_]:
    """(P,): the black keys, for at home the key is that of the white ones."""
    classes = (np.arange(spec.pitches) + spec.lowest_pitch(role)) % OCTAVE
    return np.isin(classes, WHITE_KEYS, invert=True)


def _shifted(
    sounding: NDArray[np.bool_], held_before: NDArray[np.bool_] | None
) -> NDArray[np.bool_]:
    """(P, T): what sounds in the time step before each."""
    shifted = np.empty_like(sounding)
    shifted[:, 1:] = sounding[:, :-1]
    shifted[:, 0] = True if held_before is None else held_before
    return shifted


def _notes(
    sounding: NDArray[np.bool_], struck: NDArray[np.bool_], logits: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Of the note that a cell (P, T) is part of: its mean logit, and its length in steps.

    Of cells that are part of none: minus infinity, and 0.
    """
    begins = sounding & struck
    begins[:, 1:] |= sounding[:, 1:] & ~sounding[:, :-1]
    begins[:, 0] = sounding[:, 0]
    cells = sounding.ravel()
    numbers = np.cumsum(begins.ravel())[cells]
    sure = logits.ravel()[cells]
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
