"""How the habits of a genre's players change what the model says, before anything is decided.

Roles decide one after another, as `PITCHED_ROLES` has them, and each knows what the melody and
those before it play.

- Lowest and highest: beyond these pitches nothing sounds.
- Presence: every pitch of a role is so much likelier.
- Foreign: a pitch that is not of the melody's key is so much likelier.
- Movement: a pitch is the less likely the likelier it was in the beat before.
- Nearness: a pitch is the likelier the nearer it is in tonal space to what another plays in the
  same beat: the product of their places there, which is 2.25 for the same pitch class, 0 on
  average, and negative for what is far.
- Repetition: how likely anything sounds, or is struck, at a place of the bar goes toward what
  that is on average over the window's bars.
- Off eighths: that something begins between the eighths is so much likelier.
- Staccato: what sounds on an eighth is so much less likely to sound on in its second half; the
  pause is none, by the second rule of `band_decision`, where it then sounds on unstruck.
- Resting: where the surest pitches of a bar are not sure enough, nothing sounds in it.

Letters: T time steps, P pitches (or drums), N bars, L time steps of a bar.

Reference:
    C. Harte, M. Sandler, M. Gasser, "Detecting harmonic change in musical audio" (2006), for the
    tonal space.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware.inference.band_habits import Habits
from firmware.music.band import BandSpec, Role
from firmware.music.notes import MAX_PITCH
from firmware.music.tonal_space import CIRCLES, OCTAVE

_EIGHTH_STEPS: Final = 2

_PLAYED: Final = 2.0
"""How sure a model would have been of what was played in the bar before, in logits."""


def tonal_places(sounding: NDArray[np.bool_], role: Role, spec: BandSpec) -> NDArray[np.float64]:
    """(T, P) -> (T, 6): where what sounds in a step's beat is in tonal space; 0 if nothing does."""
    beat = spec.beat_resolution
    beats = -(-len(sounding) // beat)
    padded = np.zeros((beats * beat, sounding.shape[1]))
    padded[: len(sounding)] = sounding
    rows = padded.reshape(beats, beat, -1).sum(axis=1)
    classes = (np.arange(rows.shape[1]) + spec.lowest_pitch(role)) % OCTAVE
    places = rows @ CIRCLES[classes] / np.maximum(rows.sum(axis=1, keepdims=True), 1.0)
    return np.asarray(places.repeat(beat, axis=0)[: len(sounding)])


def nearness(
    heard: Mapping[Role, NDArray[np.float64]], role: Role, habits: Habits, spec: BandSpec
) -> NDArray[np.float64]:
    """(T, 6) of each that is heard -> (T, P), what is added to a role's logits."""
    wanted = np.zeros_like(heard[Role.MELODY])
    for other, places in heard.items():
        wanted = wanted + habits.nearness.get((other, role), 0.0) * places
    classes = (np.arange(spec.pitches) + spec.lowest_pitch(role)) % OCTAVE
    return np.asarray(wanted @ CIRCLES[classes].T)


def reach(role: Role, habits: Habits, spec: BandSpec) -> NDArray[np.bool_]:
    """(P,): which pitches a role plays at all."""
    pitch = np.arange(spec.pitches) + spec.lowest_pitch(role)
    lowest, highest = habits.lowest.get(role, 0), habits.highest.get(role, MAX_PITCH)
    return np.asarray((pitch >= lowest) & (pitch <= highest))


def movement(
    logits: NDArray[np.float32], role: Role, habits: Habits, spec: BandSpec
) -> NDArray[np.float32]:
    """(T, P) that a pitch sounds -> what is added to it."""
    added, amount = np.zeros_like(logits), habits.movement.get(role, 0.0)
    beat = spec.beat_resolution
    if amount:
        likely = np.exp(-np.logaddexp(0.0, -logits))
        # (T, P) -> (beats, P), and each for the beat that follows
        by_beat = likely.reshape(-1, beat, likely.shape[1]).mean(axis=1)
        added[beat:] = -amount * by_beat[:-1].repeat(beat, axis=0)
    return added


def habitual(
    logits: NDArray[np.float32],
    role: Role,
    habits: Habits,
    bar: int,
    past: NDArray[np.bool_] | None = None,
) -> NDArray[np.float32]:
    """Presence, repetition and what is struck off the eighths.

    Args:
        logits: (T, P, 2) that a pitch sounds and is struck, or (T, D, 1) that a drum is.
        role: Whose they are.
        habits: Of the genre's players.
        bar: Time steps of one.
        past: (L, P, any) what the role played in the bar before, if that is known.
    """
    found = logits + _toward_mean(logits, bar, habits.repetition.get(role, 0.0), past)
    found[..., 0] += habits.presence.get(role, 0.0)
    off = found[1::_EIGHTH_STEPS]
    amount = habits.off_eighths.get(role, 0.0)
    if role is not Role.DRUMS:
        # What does not sound in the step before, on the eighth, would begin here.
        sounds = found[::_EIGHTH_STEPS, :, 0][: len(off)] > 0.0
        off[..., 0] += np.where(sounds, -habits.staccato.get(role, 0.0), amount)
    off[..., -1] += amount
    return found


def resting(
    logits: NDArray[np.float32],
    role: Role,
    habits: Habits,
    bar: int,
    inside: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """(T, P) that a pitch sounds -> (T,) whether the role rests."""
    rests = np.zeros(len(logits), dtype=np.bool_)
    least = habits.resting.get(role)
    if least is None:
        return rests
    surest = logits.max(axis=1)
    for start in range(0, len(logits), bar):
        here = slice(start, start + bar)
        if inside[here].any():
            rests[here] = surest[here][inside[here]].mean() < least
    return rests


def _toward_mean(
    logits: NDArray[np.float32], bar: int, share: float, past: NDArray[np.bool_] | None
) -> NDArray[np.float32]:
    """(T, P, any) -> the same: what brings each bar's rhythm to that of all bars.

    Of pitches, which change from bar to bar, the surest make the rhythm; of drums each its own.
    """
    bars, planes = len(logits) // bar, logits.shape[2]
    change = np.zeros((len(logits), *logits.shape[1:]), dtype=np.float32)
    if not (share and bars):
        return change
    rhythm = logits[: bars * bar]
    played = None if past is None or not past.any() else past
    if planes > 1:
        # What does not sound is not struck.
        sounds, struck = rhythm[..., 0], np.minimum(rhythm[..., 0], rhythm[..., 1])
        rhythm = np.stack([sounds.max(axis=1), struck.max(axis=1)], axis=-1)[:, None]
        played = None if played is None else np.asarray(played.any(axis=1, keepdims=True))
    # (T, P or 1, any) -> (N, L, P or 1, any)
    rhythm = rhythm.reshape(bars, bar, -1, planes)
    mean = rhythm.mean(axis=0)
    if played is not None:
        mean = (mean + np.where(played, _PLAYED, -_PLAYED)) / 2.0
    # Beyond all of it, what the bars have in common is the surer.
    toward = min(share, 1.0) * (mean - rhythm) + max(share - 1.0, 0.0) * mean
    change[: bars * bar] += toward.reshape(bars * bar, -1, planes)
    return change
