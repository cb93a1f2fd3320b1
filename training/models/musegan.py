"""MuseGAN, conditional on a melody: a network in time, and one generator for each track.

The temporal network says what each bar is to be like, from the melody's bars, the known bar
before the window, and noise; all tracks share that. Each track has noise of its own beside it
(the paper's hybrid model), and a generator that makes its bars one by one, folded into the
batch, from coarse to fine; what the melody's encoder knew at each resolution joins there. The
paper generates from scratch with transposed convolutions in three dimensions; here they are of
two, as bars are folded, and the grid is one of beats.

A bar means a segment of the window here, four beats.

Letters: see `band_layers`; L a bar's time steps, C channels of the shared latent vectors.

Reference:
    H.-W. Dong, W.-Y. Hsiao, L.-C. Yang, Y.-H. Yang, "MuseGAN: Multi-track Sequential Generative
    Adversarial Networks for Symbolic Music Generation and Accompaniment" (AAAI 2018).
"""

from dataclasses import dataclass

import keras
from keras import layers, ops

from firmware.errors import ConfigError
from firmware.music.band import BAND_ENCODING, PITCHED_ROLES, BandSpec
from training.models.band_layers import (
    SEGMENT_PREFIX,
    Octaves,
    PerPitch,
    condition_inputs,
    conv,
    dense,
    grown,
    leaky,
    over_time,
    residual,
)

_TRACKS = (*(role.value for role in PITCHED_ROLES), "drums")


@dataclass(frozen=True, slots=True, kw_only=True)
class MuseganConfig:
    """What the network looks like.

    Attributes:
        latent_width: C.
        melody_widths: W of the melody's encoder: beats, half bars, bars, and bars at an
            eighth of the pitches.
        track_widths: The same of each track's generator.
        drum_track_width: Channels of the drums' generator.
    """

    latent_width: int = 192
    melody_widths: tuple[int, int, int, int] = (32, 48, 64, 96)
    track_widths: tuple[int, int, int, int] = (32, 48, 64, 96)
    drum_track_width: int = 96

    def __post_init__(self) -> None:
        widths = (*self.melody_widths, *self.track_widths)
        if any(width < 1 for width in (*widths, self.latent_width, self.drum_track_width)):
            raise ConfigError(f"widths must be positive, got {widths}")


def build(config: MuseganConfig, *, spec: BandSpec = BAND_ENCODING) -> keras.Model:
    """Build the network.

    Args:
        config: Its sizes.
        spec: The encoding whose tensors it reads and writes.

    Returns:
        A model from `melody`, `known`, `known_drums`, `features`, `tonality`, `genre` and
        `noise` to the logits `band` (T, P, R) and `drums` (T, D).
    """
    inputs = condition_inputs(spec) | {"noise": keras.Input(spec.noise_shape, name="noise")}
    levels, bars = _melody(inputs, config, spec)
    private = spec.noise_shape[1] // 2 // len(_TRACKS)
    latent = _temporal(inputs, bars, config.latent_width, spec)
    tracks = []
    for number, track in enumerate(_TRACKS):
        first = spec.noise_shape[1] // 2 + number * private
        noise = inputs["noise"][..., first : first + private]
        own = dense(noise[:, 1:], config.latent_width, f"{track}_noise")
        own = own + dense(noise[:, :1], config.latent_width, f"{track}_noise_whole")
        vectors = leaky(latent + own)
        if track == "drums":
            drums = _drum_track(inputs, vectors, config.drum_track_width, spec)
        else:
            tracks.append(_track(vectors, levels, config.track_widths, track, spec))
    band = layers.Concatenate(dtype="float32", name="band")(tracks)
    return keras.Model(inputs, {"band": band, "drums": drums}, name="musegan")


def _melody(
    inputs: dict[str, keras.KerasTensor], config: MuseganConfig, spec: BandSpec
) -> tuple[list[keras.KerasTensor], keras.KerasTensor]:
    """The melody's encoder, bar by bar.

    Returns:
        Of the bars, folded into the batch, what it knows at each level: (L/4, P, W),
        (L/8, P/2, W), (L/16, P/4, W), (L/16, P/8, W); and of each bar a vector (S, C).
    """
    segments = spec.noise_shape[0] - 1
    length, beat, known = spec.time_steps // segments, spec.beat_resolution, spec.known_steps
    first, second, third, fourth = config.melody_widths
    melody = inputs["melody"][:, known:]
    folded = Octaves(name="melody_octaves")(melody[..., 0])
    planes = layers.Concatenate(name="rolls")([melody, folded[..., None]])
    # (T, P, 3) -> (B * S, L, P, 3)
    planes = ops.reshape(planes, (-1, length, spec.pitches, 3))
    metre = ops.reshape(inputs["features"][:, known:], (-1, length, 1, len(spec.features)))
    key = layers.Reshape((1, spec.pitches, 1))(inputs["tonality"])
    style = layers.Reshape((1, 1, spec.genre_slots))(inputs["genre"])
    told = conv(key, first, (1, 5), "stem_tonality") + conv(style, first, (1, 1), "stem_genre")
    # (1, P, W) of a window -> (B * S, 1, P, W)
    told = ops.reshape(grown(told, (segments, 1)), (-1, 1, spec.pitches, first))

    def bar_conv(
        x: keras.KerasTensor,
        width: int,
        kernel: tuple[int, int],
        name: str,
        strides: tuple[int, int] = (1, 1),
    ) -> keras.KerasTensor:
        return conv(x, width, kernel, f"{SEGMENT_PREFIX}{name}", strides=strides)

    x = bar_conv(planes, first, (beat, 5), "stem", strides=(beat, 1)) + told
    x = x + bar_conv(metre, first, (beat, 1), "stem_features", strides=(beat, 1))
    level0 = residual(PerPitch(name="stem_pitches")(x), f"{SEGMENT_PREFIX}melody0", octaves=True)
    level1 = bar_conv(leaky(level0), second, (3, 3), "melody1", strides=(2, 2))
    level2 = bar_conv(leaky(level1), third, (2, 3), "melody2", strides=(2, 2))
    level3 = bar_conv(leaky(level2), fourth, (1, 3), "melody3", strides=(1, 2))
    # (B * S, 1, P/8, W) -> (S, P/8 * W)
    _, _, rows, _ = level3.shape
    vectors = ops.reshape(leaky(level3), (-1, segments, int(rows) * fourth))
    return [level0, level1, level2, level3], dense(vectors, config.latent_width, "melody_bars")


def _temporal(
    inputs: dict[str, keras.KerasTensor], bars: keras.KerasTensor, width: int, spec: BandSpec
) -> keras.KerasTensor:
    """The temporal network: what each bar is to be like, for all tracks: (S, C)."""
    shared = spec.noise_shape[1] // 2
    noise, segments = inputs["noise"][..., :shared], spec.noise_shape[0] - 1
    bars = bars + dense(noise[:, 1:], width, "time_noise")
    whole = dense(noise[:, 0], width, "time_noise_whole") + dense(
        inputs["genre"], width, "time_genre"
    )
    metre = layers.Reshape((segments, -1))(inputs["features"][:, spec.known_steps :])
    bars = bars + dense(metre, width, "time_features") + layers.Reshape((1, width))(whole)
    # (K, P, R) -> (1, C): the known bar begins the sequence.
    heard = layers.Concatenate()([inputs["known"], inputs["melody"][:, : spec.known_steps]])
    x = conv(heard, 32, (spec.beat_resolution, 5), "known0", strides=(spec.beat_resolution, 2))
    x = conv(leaky(x), 48, (2, 3), "known1", strides=(2, 2))
    known = dense(layers.Flatten()(leaky(x)), width, "known_bar")
    known = known + dense(layers.Flatten()(inputs["known_drums"]), width, "known_drums_bar")
    known = layers.Reshape((1, width))(known + whole)
    x = layers.Concatenate(axis=1)([known, bars])
    x = over_time(over_time(x, 3, "time0"), 5, "time1")
    return x[:, 1:]


def _track(
    vectors: keras.KerasTensor,
    melody: list[keras.KerasTensor],
    widths: tuple[int, int, int, int],
    track: str,
    spec: BandSpec,
) -> keras.KerasTensor:
    """A track's bars, one by one: (T, P, 2)."""
    first, second, third, fourth = widths
    name = f"{SEGMENT_PREFIX}{track}"
    _, _, rows, _ = melody[3].shape

    def joined(x: keras.KerasTensor, level: int, width: int) -> keras.KerasTensor:
        return x + conv(leaky(melody[level]), width, (1, 1), f"{name}_hear{level}")

    # (S, C) -> (B * S, 1, P/8, W), and on to (B * S, L/4, P, W)
    x = dense(vectors, int(rows) * fourth, f"{track}_bars")
    x = joined(ops.reshape(x, (-1, 1, int(rows), fourth)), 3, fourth)
    x = residual(x, f"{name}3", kernel=(1, 3))
    x = joined(grown(conv(leaky(x), third, (1, 1), f"{name}_from3"), (1, 2)), 2, third)
    x = residual(x, f"{name}2", kernel=(1, 3))
    x = joined(grown(conv(leaky(x), second, (1, 1), f"{name}_from2"), (2, 2)), 1, second)
    x = residual(x, f"{name}1")
    x = joined(grown(conv(leaky(x), first, (1, 1), f"{name}_from1"), (2, 2)), 0, first)
    x = residual(x, f"{name}0", octaves=True)
    # (B * S, L/4, P, W) -> (B * S, L, P, 2) -> (T, P, 2)
    beat = spec.beat_resolution
    x = layers.Conv2DTranspose(
        2,
        (beat, 1),
        strides=(beat, 1),
        dtype="float32",
        bias_initializer=keras.initializers.Constant(-2.0),
        name=f"{name}_say",
    )(leaky(PerPitch(name=f"{track}_pitches")(x)))
    return ops.reshape(x, (-1, spec.time_steps, spec.pitches, 2))


def _drum_track(
    inputs: dict[str, keras.KerasTensor], vectors: keras.KerasTensor, width: int, spec: BandSpec
) -> keras.KerasTensor:
    """The drums' bars, one by one: (T, D)."""
    beat, drums = spec.beat_resolution, len(spec.drums)
    segments = spec.noise_shape[0] - 1
    beats = spec.time_steps // segments // beat
    name = f"{SEGMENT_PREFIX}drums"
    # (S, C) -> (B * S, L/4, W), a vector a beat
    x = ops.reshape(dense(vectors, beats * width, "drums_bars"), (-1, beats, width))
    # (T, F + 1) -> (B * S, L/4, 4 * (F + 1)): metre, and where the melody strikes.
    metre = inputs["features"][:, spec.known_steps :]
    struck = ops.max(inputs["melody"][:, spec.known_steps :, :, 1], axis=2)
    heard = layers.Concatenate()([metre, struck[..., None]])
    heard = ops.reshape(heard, (-1, beats, beat * (len(spec.features) + 1)))
    x = x + dense(heard, width, f"{name}_hear")
    x = leaky(over_time(over_time(x, 3, f"{name}0"), 3, f"{name}1"))
    said = layers.Dense(
        beat * drums,
        dtype="float32",
        bias_initializer=keras.initializers.Constant(-2.0),
        name=f"{name}_say",
    )(x)
    # (B * S, L/4, 4 * D) -> (T, D)
    said = ops.reshape(said, (-1, spec.time_steps, drums))
    return layers.Identity(dtype="float32", name="drums")(said)
