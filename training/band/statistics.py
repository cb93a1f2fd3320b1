"""Statistics of a band's rolls that have gradients, by which a critic without training judges.

Each is a mean over a window, scaled so that those of a kind weigh together about as much as
those of any other kind.

Letters: B batch, T time steps, P pitches, R planes of the pitched roles, O = R / 2 roles,
D drums, F statistics.
"""

from typing import Final

import numpy as np
from keras import ops
from numpy.typing import NDArray

from training.autodiff import Tensor

_OCTAVE: Final = 12
_BAR: Final = 16
"""Time steps that rhythm is looked at by, whatever the metre."""

_REPEATS: Final = (4, 8, 12, 16, 32)
"""Time steps after which rhythm may come again: beats, half bars and bars of either metre."""

_REGISTERS: Final = 8


def statistics(band: Tensor, drums: Tensor, melody: Tensor, tonality: Tensor) -> Tensor:
    """What a band plays, in numbers.

    Args:
        band: (B, T, P, R), 0 or 1.
        drums: (B, T, D), 0 or 1.
        melody: (B, T, P, 2), 0 or 1.
        tonality: (B, P), as in `firmware.music.band.window_inputs`.

    Returns:
        (B, F).
    """
    sounding, struck = band[..., ::2], band[..., 1::2]
    roles = int(sounding.shape[-1])
    # (B, T, P, O) -> (B, T, O)
    starts, short = _starts(sounding, struck)
    voices, onsets = ops.sum(sounding, axis=2), ops.sum(starts, axis=2)
    plays = _some(sounding, axis=2)
    begins = _some(starts, axis=2)
    hits = ops.concatenate([begins, _some(drums, axis=2)[..., None]], axis=-1)
    classes = _pitch_classes(sounding)
    found = [
        ops.mean(voices, axis=1) / 2.0,
        ops.mean(onsets, axis=1),
        ops.mean(plays, axis=1),
        ops.mean(begins, axis=1) * 2.0,
        ops.mean(ops.sum(short, axis=2), axis=1) * 2.0,
        _of_bars(plays) * 2.0,
        _used_classes(classes) / 3.0,
        _registers(sounding) / 2.0,
        # Rhythm: where in the bar roles and drums begin, and whether they do so again later.
        _flat(_by_place(begins)) / 2.0,
        _flat(_by_place(drums)),
        ops.mean(hits[..., -1:], axis=1),
        _of_bars(hits[..., -1:]),
        *_repeated(ops.concatenate([hits, _some(hits, axis=2)[..., None]], axis=-1)),
        # Harmony: intervals above the melody, and between roles; and in the melody's key.
        *_harmony(classes, _pitch_classes(melody[..., :1])[..., 0], roles),
        ops.einsum("btpo,bp->bo", sounding, tonality) / int(band.shape[1]) / 2.0,
    ]
    return ops.concatenate([ops.reshape(one, (-1, one.shape[-1])) for one in found], axis=-1)


def _some(rolls: Tensor, *, axis: int) -> Tensor:
    """Whether any is 1; of several the gradient goes to all alike."""
    count = ops.sum(rolls, axis=axis)
    return count / ops.stop_gradient(ops.maximum(count, 1.0))


def _starts(sounding: Tensor, struck: Tensor) -> tuple[Tensor, Tensor]:
    """Where notes begin, struck or after silence, and those of them that last one time step."""
    held = sounding * (1.0 - struck)
    nothing = ops.zeros_like(sounding[:, :1])
    before = ops.concatenate([nothing, sounding[:, :-1]], axis=1)
    starts = struck + held * (1.0 - before)
    goes_on = ops.concatenate([held[:, 1:], nothing], axis=1)
    return starts, starts * (1.0 - goes_on)


def _repeated(hits: Tensor) -> list[Tensor]:
    """(B, T, any) -> (B, any) of each lag: how often a place differs from the one so much later."""
    return [ops.mean(ops.abs(hits[:, lag:] - hits[:, :-lag]), axis=1) * 2.0 for lag in _REPEATS]


def _pitch_classes(sounding: Tensor) -> Tensor:
    """(B, T, P, O) -> (B, T, 12, O): how many of each pitch class sound."""
    fold = np.eye(_OCTAVE, dtype=np.float32)[:, np.arange(sounding.shape[2]) % _OCTAVE]
    return ops.matmul(fold, sounding)


def _of_bars(plays: Tensor) -> Tensor:
    """(B, T, O) -> (B, O): share of bars in which a role plays at all."""
    bars = ops.reshape(plays, (-1, int(plays.shape[1]) // _BAR, _BAR, int(plays.shape[2])))
    return ops.mean(_some(bars, axis=2), axis=1)


def _used_classes(classes: Tensor) -> Tensor:
    """(B, T, 12, O) -> (B, O): pitch classes that a role uses in a bar."""
    _, steps, _, roles = classes.shape
    bars = ops.reshape(classes, (-1, int(steps) // _BAR, _BAR, _OCTAVE, int(roles)))
    return ops.mean(ops.sum(_some(bars, axis=2), axis=2), axis=1)


def _registers(sounding: Tensor) -> Tensor:
    """(B, T, P, O) -> (B, P / 8 * O): how much sounds in each eighth of the roll."""
    _, steps, pitches, roles = sounding.shape
    parts = ops.reshape(
        sounding, (-1, int(steps), _REGISTERS, int(pitches) // _REGISTERS, int(roles))
    )
    return _flat(ops.mean(ops.sum(parts, axis=3), axis=1))


def _by_place(onsets: Tensor) -> Tensor:
    """(B, T, any) -> (B, 16, any): how often something begins at each place of a bar."""
    _, steps, many = onsets.shape
    bars = ops.reshape(onsets, (-1, int(steps) // _BAR, _BAR, int(many)))
    return ops.mean(bars, axis=1)


def _harmony(classes: Tensor, melody: Tensor, roles: int) -> list[Tensor]:
    """How long each interval is heard: of each role above the melody, and between roles.

    Args:
        classes: (B, T, 12, O).
        melody: (B, T, 12).
        roles: O.

    Returns:
        (B, 12) for each pair.
    """
    voices = [melody, *(classes[..., role] for role in range(roles))]
    pairs = [(a, b) for a in range(len(voices)) for b in range(a + 1, len(voices))]
    steps = int(melody.shape[1])
    found = []
    for low, high in pairs:
        # (B, 12, T) x (B, T, 12) -> (B, 12, 12), and its diagonals -> (B, 12)
        joint = ops.matmul(ops.transpose(voices[low], (0, 2, 1)), voices[high])
        joint = ops.reshape(joint, (-1, _OCTAVE * _OCTAVE))
        found.append(ops.matmul(joint, _diagonals()) / steps)
    return found


def _diagonals() -> NDArray[np.float32]:
    """(144, 12): from pairs of pitch classes to intervals."""
    low, high = np.divmod(np.arange(_OCTAVE * _OCTAVE), _OCTAVE)
    return np.asarray(np.eye(_OCTAVE, dtype=np.float32)[(high - low) % _OCTAVE])


def _flat(values: Tensor) -> Tensor:
    _, first, second = values.shape
    return ops.reshape(values, (-1, int(first) * int(second)))
