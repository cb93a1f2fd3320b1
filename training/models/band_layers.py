"""What the networks around the band have in common.

They work at beats, not at time steps: a beat's time steps become channels where rolls come in,
and channels become time steps again where rolls go out. Nothing is normalized, so that nothing
has to be folded or kept in float when a network is quantized: a residual block begins as almost
nothing, which does as well at these depths.

Letters: B batch, K + T time steps (known ones, and those of the window), N beats of K + T,
P pitches, R planes of the pitched roles, D drums, F features, G genre slots, S segments of T,
Z numbers of noise a segment, W channels.

Reference:
    B. Lim et al., "Enhanced Deep Residual Networks" (CVPRW 2017), for doing without
    normalization.
"""

import math
from collections.abc import Mapping
from typing import Final

import keras
import numpy as np
from keras import layers, ops

from firmware.music.band import BandSpec

SLOPE: Final = 0.1
"""Of the leaky rectifiers below zero."""

OCTAVE: Final = 12

CONDITIONS: Final = ("melody", "known", "known_drums", "features", "tonality", "genre")
"""What a network is told, by name."""

SEGMENT_PREFIX: Final = "segment_"
"""Begins the names of layers that run once for each segment, folded into the batch."""


def condition_inputs(spec: BandSpec) -> dict[str, keras.KerasTensor]:
    """What a network is told: melody, known bar, features, tonality and genre."""
    total = spec.known_steps + spec.time_steps
    shapes: Mapping[str, tuple[int, ...]] = {
        "melody": (total, spec.pitches, 2),
        "known": (spec.known_steps, spec.pitches, spec.planes),
        "known_drums": (spec.known_steps, len(spec.drums)),
        "features": (total, len(spec.features)),
        "tonality": (spec.pitches,),
        "genre": (spec.genre_slots,),
    }
    return {name: keras.Input(shapes[name], name=name) for name in CONDITIONS}


class Octaves(layers.Layer):  # type: ignore[misc]
    """Where a pitch sounds, in whichever octave: (…, P) -> (…, P).

    Two hands that play the same pitch class octaves apart are far from each other on the
    roll; here they meet.
    """

    def build(self, shape: tuple[int, ...]) -> None:
        """Make the matrix: 1 between rows that are whole octaves apart."""
        row = np.arange(shape[-1])
        self._same = ((row[:, None] - row) % OCTAVE == 0).astype(np.float32)

    def call(self, rolls: keras.KerasTensor) -> keras.KerasTensor:
        """Sum over octaves, 1 at most."""
        return ops.minimum(ops.matmul(rolls, ops.cast(self._same, rolls.dtype)), 1.0)


class PerPitch(layers.Layer):  # type: ignore[misc]
    """Adds a trained number for each pitch and channel: (B, N, P, W) -> the same.

    Convolutions alone do not know high from low.
    """

    def build(self, shape: tuple[int, ...]) -> None:
        """Make the numbers, zeros at first."""
        self._bias = self.add_weight(shape=(1, 1, *shape[2:]), initializer="zeros", name="bias")

    def call(self, rolls: keras.KerasTensor) -> keras.KerasTensor:
        """Add them."""
        return rolls + ops.cast(self._bias, rolls.dtype)


def leaky(x: keras.KerasTensor) -> keras.KerasTensor:
    """The rectifier of all networks here."""
    return layers.LeakyReLU(SLOPE)(x)


def conv(
    x: keras.KerasTensor,
    width: int,
    kernel: tuple[int, int],
    name: str,
    *,
    strides: tuple[int, int] = (1, 1),
    dilation: tuple[int, int] = (1, 1),
    gain: float = 1.0,
) -> keras.KerasTensor:
    """A convolution over time and pitch, whose variance is `gain` times its input's."""
    return layers.Conv2D(
        width,
        kernel,
        strides=strides,
        dilation_rate=dilation,
        padding="same",
        kernel_initializer=_initializer(gain),
        name=name,
    )(x)


def dense(x: keras.KerasTensor, width: int, name: str, *, gain: float = 1.0) -> keras.KerasTensor:
    """A dense layer on the last axis."""
    return layers.Dense(width, kernel_initializer=_initializer(gain), name=name)(x)


def residual(
    x: keras.KerasTensor,
    name: str,
    *,
    kernel: tuple[int, int] = (3, 3),
    octaves: bool = False,
) -> keras.KerasTensor:
    """Two convolutions that add to what comes in, almost nothing at first.

    Args:
        x: (B, N, P, W).
        name: Begins the layers' names.
        kernel: Of both.
        octaves: Whether the second one looks at the pitches one and two octaves away instead.
    """
    width = int(x.shape[-1])
    more = conv(leaky(x), width, kernel, f"{name}a")
    kernel, dilation = ((1, 5), (1, OCTAVE)) if octaves else (kernel, (1, 1))
    return x + conv(leaky(more), width, kernel, f"{name}b", dilation=dilation, gain=0.1)


def over_time(x: keras.KerasTensor, kernel: int, name: str) -> keras.KerasTensor:
    """The same over time alone, (B, N, W)."""
    width = int(x.shape[-1])

    def convolved(x: keras.KerasTensor, part: str, gain: float) -> keras.KerasTensor:
        return layers.Conv1D(
            width,
            kernel,
            padding="same",
            kernel_initializer=_initializer(gain),
            name=f"{name}{part}",
        )(leaky(x))

    return x + convolved(convolved(x, "a", 1.0), "b", 0.1)


def grown(x: keras.KerasTensor, size: tuple[int, int]) -> keras.KerasTensor:
    """Repeat each value in time and pitch."""
    return layers.UpSampling2D(size, interpolation="nearest")(x)


def repeated(x: keras.KerasTensor, times: int) -> keras.KerasTensor:
    """(B, n, W) -> (B, n * times, 1, W)."""
    return grown(layers.Reshape((int(x.shape[1]), 1, int(x.shape[2])))(x), (times, 1))


def padded(x: keras.KerasTensor, before: int, after: int) -> keras.KerasTensor:
    """Zeros before and after the time steps of (B, time, …)."""
    around = [(0, 0), (before, after), *[(0, 0)] * (len(x.shape) - 2)]
    return ops.pad(x, around)


def multiply_adds(model: keras.Model, *, segments: int) -> int:
    """Count the multiply-adds of one window.

    Args:
        model: A network of plain layers.
        segments: How often the layers run that are folded into the batch.
    """
    total = 0
    for layer in model.layers:
        weights = [weight for weight in layer.weights if weight.path.endswith("kernel")]
        if not weights:
            continue
        # A transposed convolution's kernel runs once for each of its inputs.
        at = layer.input if isinstance(layer, layers.Conv2DTranspose) else layer.output
        places = math.prod(int(size) for size in at.shape[1:-1])
        times = segments if layer.name.startswith(SEGMENT_PREFIX) else 1
        total += times * places * sum(math.prod(weight.shape) for weight in weights)
    return total


def _initializer(gain: float) -> keras.initializers.Initializer:
    # He's: a leaky rectifier comes before.
    return keras.initializers.VarianceScaling(
        scale=gain * 2.0 / (1.0 + SLOPE**2), mode="fan_in", distribution="truncated_normal"
    )
