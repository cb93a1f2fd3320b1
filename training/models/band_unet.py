"""U-Net: the melody's roll goes in, the band's rolls come out, with noise at the bottom.

Time is halved and pitch is halved from level to level; what each level knew on the way down
joins again on the way up. At the bottom a vector a bar, of all pitches, meets the noise, the
genre and the drums of the known bar; it is heard again at every level on the way up, the same
at all pitches. Drums have no pitches, and a short stack over time of their own.

Letters: see `band_layers`; C channels of the bottom's vectors.

Reference:
    O. Ronneberger et al., "U-Net" (MICCAI 2015); P. Isola et al., "Image-to-Image Translation
    with Conditional Adversarial Networks" (CVPR 2017).
"""

from dataclasses import dataclass

import keras
from keras import layers, ops

from firmware.errors import ConfigError
from firmware.music.band import BAND_ENCODING, BandSpec
from training.models.band_layers import (
    Octaves,
    PerPitch,
    condition_inputs,
    conv,
    dense,
    grown,
    leaky,
    over_time,
    padded,
    repeated,
    residual,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BandUnetConfig:
    """What the network looks like.

    Attributes:
        level_widths: W of the four levels: beats, half bars, bars, and bars again at an
            eighth of the pitches.
        bottom_width: C.
        drum_width: Channels of the drums' stack.
    """

    level_widths: tuple[int, int, int, int] = (32, 48, 96, 128)
    bottom_width: int = 192
    drum_width: int = 96

    def __post_init__(self) -> None:
        widths = (*self.level_widths, self.bottom_width, self.drum_width)
        if any(width < 1 for width in widths):
            raise ConfigError(f"widths must be positive, got {widths}")


def build(config: BandUnetConfig, *, spec: BandSpec = BAND_ENCODING) -> keras.Model:
    """Build the network.

    Args:
        config: Its sizes.
        spec: The encoding whose tensors it reads and writes.

    Returns:
        A model from `melody`, `known`, `known_drums`, `features`, `tonality`, `genre` and
        `noise` to the logits `band` (T, P, R) and `drums` (T, D).
    """
    inputs = condition_inputs(spec) | {"noise": keras.Input(spec.noise_shape, name="noise")}
    beat, window, known = spec.beat_resolution, spec.time_steps, spec.known_steps
    beats = (known + window) // beat
    first, second, third, fourth = config.level_widths

    # Down: (N, P) -> (N/2, P/2) -> (N/4, P/4) -> (N/4, P/8)
    heard = _heard(inputs, first, spec)
    level0 = residual(heard, "down0", octaves=True)
    level1 = residual(conv(leaky(level0), second, (3, 3), "to1", strides=(2, 2)), "down1")
    level2 = residual(conv(leaky(level1), third, (3, 3), "to2", strides=(2, 2)), "down2")
    level3 = residual(conv(leaky(level2), fourth, (3, 3), "to3", strides=(1, 2)), "down3")

    bottom = _bottom(inputs, level3, config.bottom_width, spec)

    def told(width: int, times: int, name: str) -> keras.KerasTensor:
        return repeated(dense(bottom, width, name), times)

    # (N/4, C) -> (N/4, P/8 * W) -> (N/4, P/8, W)
    _, bars, rows, _ = level3.shape
    spread = dense(bottom, int(rows) * fourth, "spread")
    x = level3 + layers.Reshape((int(bars), int(rows), fourth))(spread)
    x = residual(x, "up3")
    x = grown(conv(leaky(x), third, (1, 1), "from3"), (1, 2)) + level2 + told(third, 1, "tell2")
    x = residual(x, "up2")
    x = grown(conv(leaky(x), second, (1, 1), "from2"), (2, 2)) + level1 + told(second, 2, "tell1")
    x = residual(x, "up1")
    x = grown(conv(leaky(x), first, (1, 1), "from1"), (2, 2)) + level0 + told(first, 4, "tell0")
    x = residual(residual(x, "up0", octaves=True), "out")
    x = leaky(layers.Cropping2D(((known // beat, 0), (0, 0)))(x))
    # A beat's channels -> its time steps: (T / 4, P, W) -> (T, P, R)
    band = layers.Conv2DTranspose(
        spec.planes,
        (beat, 1),
        strides=(beat, 1),
        dtype="float32",
        bias_initializer=keras.initializers.Constant(-2.0),
        name="band",
    )(x)
    # (N, P, W) -> (N, W)
    overall = ops.mean(level0, axis=2)
    slow = layers.Reshape((beats, config.bottom_width))(repeated(bottom, beats // int(bars)))
    outputs = {"band": band, "drums": _drums(inputs, overall, slow, config.drum_width, spec)}
    return keras.Model(inputs, outputs, name="band_unet")


def _heard(inputs: dict[str, keras.KerasTensor], width: int, spec: BandSpec) -> keras.KerasTensor:
    """All that has pitches, by beats: (N, P, W)."""
    beat, window, total = spec.beat_resolution, spec.time_steps, spec.known_steps + spec.time_steps
    melody, known = inputs["melody"], inputs["known"]
    folded = Octaves(name="melody_octaves")(melody[..., 0])
    chord = Octaves(name="known_octaves")(ops.max(known[..., ::2], axis=-1))
    planes = [
        melody,
        folded[..., None],
        padded(known, 0, window),
        padded(chord[..., None], 0, window),
    ]
    # (K + T, P, any) -> (N, P, W): a beat's time steps become channels.
    x = conv(layers.Concatenate(name="rolls")(planes), width, (beat, 5), "stem", strides=(beat, 1))
    key = layers.Reshape((1, spec.pitches, 1))(inputs["tonality"])
    metre = layers.Reshape((total, 1, len(spec.features)))(inputs["features"])
    style = layers.Reshape((1, 1, spec.genre_slots))(inputs["genre"])
    x = x + conv(key, width, (1, 5), "stem_tonality")
    x = x + conv(metre, width, (beat, 1), "stem_features", strides=(beat, 1))
    return PerPitch(name="stem_pitches")(x + conv(style, width, (1, 1), "stem_genre"))


def _bottom(
    inputs: dict[str, keras.KerasTensor], deepest: keras.KerasTensor, width: int, spec: BandSpec
) -> keras.KerasTensor:
    """What a bar is to be like: (N/4, C)."""
    _, bars, rows, channels = deepest.shape
    segments = spec.noise_shape[0] - 1
    before = int(bars) - segments  # those known
    noise = inputs["noise"]
    # (P/8, W) of a bar -> one vector.
    pitches = layers.Reshape((int(bars), int(rows) * int(channels)))(leaky(deepest))
    metre = layers.Reshape((int(bars), -1))(inputs["features"])
    drums = layers.Reshape((before, -1))(inputs["known_drums"])
    x = dense(pitches, width, "bottom_pitches") + dense(metre, width, "bottom_features")
    x = x + dense(padded(drums, 0, segments), width, "bottom_drums")
    x = x + dense(padded(noise[:, 1:], before, 0), width, "bottom_noise")
    whole = dense(noise[:, 0], width, "bottom_noise_whole")
    style = dense(inputs["genre"], width, "bottom_genre")
    x = x + layers.Reshape((1, width))(whole + style)
    return leaky(over_time(over_time(x, 3, "bottom_time0"), 5, "bottom_time1"))


def _drums(
    inputs: dict[str, keras.KerasTensor],
    overall: keras.KerasTensor,
    slow: keras.KerasTensor,
    width: int,
    spec: BandSpec,
) -> keras.KerasTensor:
    """The drums' logits: (T, D)."""
    beat, window, known, drums = (
        spec.beat_resolution,
        spec.time_steps,
        spec.known_steps,
        len(spec.drums),
    )
    beats = (known + window) // beat
    # (K + T, any) -> (N, 4 * any)
    before = layers.Reshape((beats, beat * drums))(padded(inputs["known_drums"], 0, window))
    metre = layers.Reshape((beats, beat * len(spec.features)))(inputs["features"])
    x = dense(layers.Concatenate()([before, metre, overall, slow]), width, "drums_hear")
    x = over_time(over_time(x, 3, "drums_time0"), 5, "drums_time1")
    x = layers.Cropping1D((known // beat, 0))(leaky(x))
    said = layers.Dense(
        beat * drums,
        dtype="float32",
        bias_initializer=keras.initializers.Constant(-2.0),
        name="drums_say",
    )(x)
    # (T / 4, 4 * D) -> (T, D)
    return layers.Reshape((window, drums), dtype="float32", name="drums")(said)
