"""Critics of a band beside its melody, and the encoder that finds the noise of a real band.

Both read what a generator reads, and what the band plays; the known bar and the window are one
roll to them, so that a window that does not follow from what came before is seen. Beside the
roll, the pitch classes of melody and band have a path of their own over time, for harmony, and
so have the drums. Nothing in them depends on the rest of the batch, as a gradient penalty
demands.

Letters: see `band_layers`; C channels of a bar's vector.

Reference:
    I. Gulrajani et al., "Improved Training of Wasserstein GANs" (NeurIPS 2017); J.-Y. Zhu et
    al., "Toward Multimodal Image-to-Image Translation" (NeurIPS 2017), for the encoder.
"""

from dataclasses import dataclass

import keras
import numpy as np
from keras import layers, ops

from firmware.errors import ConfigError
from firmware.music.band import BAND_ENCODING, BandSpec
from training.models.band_layers import (
    OCTAVE,
    PerPitch,
    condition_inputs,
    conv,
    dense,
    leaky,
    over_time,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BandCriticConfig:
    """What a critic looks like.

    Attributes:
        roll_widths: W of the roll's three levels: beats, half bars, bars.
        time_width: Channels of the path over time.
        bar_width: C.
    """

    roll_widths: tuple[int, int, int] = (32, 64, 96)
    time_width: int = 96
    bar_width: int = 128

    def __post_init__(self) -> None:
        if any(width < 1 for width in (*self.roll_widths, self.time_width, self.bar_width)):
            raise ConfigError(f"widths must be positive, got {self}")


class PitchClasses(layers.Layer):  # type: ignore[misc]
    """How many pitches of each pitch class sound: (B, K + T, P, W) -> (B, K + T, 12 * W)."""

    def build(self, shape: tuple[int, ...]) -> None:
        """Make the matrix (12, P)."""
        self._fold = np.eye(OCTAVE, dtype=np.float32)[:, np.arange(shape[2]) % OCTAVE]
        self._flat = (shape[1], OCTAVE * shape[3])

    def call(self, rolls: keras.KerasTensor) -> keras.KerasTensor:
        """Sum over octaves."""
        # (12, P) x (P, W) -> (12, W)
        return ops.reshape(ops.matmul(self._fold, rolls), (-1, *self._flat))


def build(config: BandCriticConfig, *, spec: BandSpec = BAND_ENCODING) -> keras.Model:
    """Build a critic.

    Args:
        config: Its sizes.
        spec: The encoding.

    Returns:
        A model from the conditions, `band` (T, P, R) and `drums` (T, D) to `bars` (S), a score
        for each segment, `phrase` (1), one for the whole, and `features` (S, C), by which real
        and generated bands may be compared.
    """
    inputs, bars = _trunk(config, spec)
    segments = spec.noise_shape[0] - 1
    judged = leaky(bars)[:, -segments:]
    phrase = over_time(over_time(bars, 3, "phrase0"), 5, "phrase1")
    outputs = {
        "bars": layers.Reshape((segments,))(dense(judged, 1, "bar_scores")),
        "phrase": dense(layers.Flatten()(leaky(phrase)), 1, "phrase_score"),
        "features": judged,
    }
    return keras.Model(inputs, outputs, name="band_critic")


def build_encoder(config: BandCriticConfig, *, spec: BandSpec = BAND_ENCODING) -> keras.Model:
    """Build the encoder.

    Args:
        config: Its sizes.
        spec: The encoding.

    Returns:
        A model from the same inputs to `mean` and `log_variance` of the noise that would have
        made this band.
    """
    inputs, bars = _trunk(config, spec)
    segments, numbers = spec.noise_shape[0] - 1, spec.noise_shape[1]
    x = leaky(over_time(bars, 3, "phrase0"))
    whole = layers.Reshape((1, -1))(ops.mean(x, axis=1))
    outputs = {}
    for name in ("mean", "log_variance"):
        parts = [dense(whole, numbers, f"whole_{name}", gain=0.1)]
        parts.append(dense(x[:, -segments:], numbers, f"bars_{name}", gain=0.1))
        outputs[name] = layers.Concatenate(axis=1, dtype="float32", name=f"noise_{name}")(parts)
    return keras.Model(inputs, outputs, name="band_encoder")


def _trunk(
    config: BandCriticConfig, spec: BandSpec
) -> tuple[dict[str, keras.KerasTensor], keras.KerasTensor]:
    """The inputs, and of each segment, the known one first, a vector: (1 + S, C)."""
    inputs = condition_inputs(spec) | {
        "band": keras.Input((spec.time_steps, spec.pitches, spec.planes), name="band"),
        "drums": keras.Input((spec.time_steps, len(spec.drums)), name="drums"),
    }
    beat, total = spec.beat_resolution, spec.known_steps + spec.time_steps
    beats, bars = total // beat, spec.noise_shape[0]
    band = layers.Concatenate(axis=1)([inputs["known"], inputs["band"]])
    drums = layers.Concatenate(axis=1)([inputs["known_drums"], inputs["drums"]])
    rolls = layers.Concatenate()([inputs["melody"], band])
    first, second, third = config.roll_widths

    # (K + T, P, 2 + R) -> (N, P/2, W) -> (N/2, P/4, W) -> (N/4, P/8, W)
    x = conv(rolls, first, (beat, 6), "stem", strides=(beat, 2))
    key = layers.Reshape((1, spec.pitches, 1))(inputs["tonality"])
    style = layers.Reshape((1, 1, spec.genre_slots))(inputs["genre"])
    x = x + conv(key, first, (1, 6), "stem_tonality", strides=(1, 2))
    x = PerPitch(name="stem_pitches")(x + conv(style, first, (1, 1), "stem_genre"))
    x = conv(leaky(x), second, (4, 4), "roll1", strides=(2, 2))
    x = conv(leaky(x), third, (4, 4), "roll2", strides=(2, 2))
    _, _, rows, _ = x.shape
    x = layers.Reshape((bars, int(rows) * third))(leaky(x))

    # (K + T, any) -> (N, 4 * any)
    classes = PitchClasses(name="pitch_classes")(rolls)
    parts = [classes, drums, inputs["features"]]
    by_beat = layers.Concatenate()(
        [layers.Reshape((beats, beat * int(part.shape[-1])))(part) for part in parts]
    )
    time = dense(by_beat, config.time_width, "time_stem")
    time = time + layers.Reshape((1, config.time_width))(
        dense(inputs["genre"], config.time_width, "time_genre")
    )
    time = leaky(over_time(time, 3, "time0"))
    time = layers.Reshape((bars, beats // bars * config.time_width))(time)
    together = dense(x, config.bar_width, "bars_roll")
    return inputs, together + dense(time, config.bar_width, "bars_time")
