"""A network of the band to a bundle: in full int8, with int8 weights alone, or in float.

Letters: N windows, T time steps, P pitches, R planes, D drums.
"""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from converters.bundles import Description, manifest_of, signatures_of
from converters.conversion import Conversion, Precision
from converters.quantize import Arrays, quantize
from firmware.errors import BundleTensorError
from firmware.inference.band import GENRE_KEY, LoadedBand
from firmware.inference.manifest import Manifest, Provenance
from firmware.music.band import BAND_ENCODING
from firmware.parameters import Technique
from firmware.techniques.band_decision import SAFE_RISK, decide
from firmware.techniques.band_player import noise_scale
from training.band.batches import BandBatch, BandPieces, BandSampler
from training.band.shards import BandPiece
from training.config import BandTrainConfig
from training.models.band_layers import multiply_adds
from training.models.musegan import MuseganConfig
from training.runs import load_band

MODEL_KEY: Final = "model"
"""The parameter whose values are architectures of the band."""

CALIBRATION_WINDOWS: Final = 240
PARITY_WINDOWS: Final = 48
GOLDEN_WINDOWS: Final = 2

PARITY_TOLERANCE_NATS: Final = 0.2
"""Most that a converted model may differ: mean divergence from the trained one a time step.

A real band of four tracks says some ten nats a time step.
"""

_CALIBRATION_SHARE: Final = 0.95
"""Genres differ in kind: what is rare among all windows is usual in one genre."""

_PIECES: Final = 60
"""Of each genre, as many as calibration is drawn from."""

_RISKS: Final = (0.3, 1.0, 1.0, 2.0, 4.0)
"""Creative risks that the noise of calibration stands for."""

_NOISE_RANGE: Final = (-8.0, 8.0)
"""Holds the noise of the highest risk up to three times its standard deviation."""

_BEATS_PER_BAR: Final = 4
"""As without habits neither bar nor melody has a part in a decision, any will do."""

_FLOAT_TOLERANCE: Final = 0.01
_SEED: Final = 5


def convert_band(
    run: Path,
    pieces: Sequence[BandPiece],
    training: Provenance,
    *,
    name: str,
    title: str,
    precision: Precision = Precision.HALF,
) -> Conversion:
    """Convert the run of a band.

    Args:
        run: The run folder.
        pieces: Of the training split: what calibration draws from.
        training: Where the weights come from.
        name: The bundle's name.
        title: What the player reads; empty for the genres.
        precision: What its numbers are.

    Raises:
        ContinuoError: If the run is not one, or the model says something else than the trained
            one.
    """
    network, config = load_band(run)
    windows = band_windows(pieces, config, CALIBRATION_WINDOWS + PARITY_WINDOWS + GOLDEN_WINDOWS)
    content = _content(network, _cut(windows, GOLDEN_WINDOWS, -PARITY_WINDOWS), precision)
    architecture = "musegan" if isinstance(config.net, MuseganConfig) else "unet"
    genres = ", ".join(config.genres)
    description = Description(
        name=name,
        title=title or genres.capitalize(),
        technique=Technique.ACCOMPANY,
        architecture=architecture,
        genre=genres,
        encoding=BAND_ENCODING,
        parameters=sum(int(np.prod(weight.shape)) for weight in network.trainable_weights),
        mmac=multiply_adds(network, segments=BAND_ENCODING.noise_shape[0] - 1) / 1e6,
        training=training,
        golden_tolerance=_golden_tolerance(content),
        serves={MODEL_KEY: (architecture,), GENRE_KEY: config.genres},
    )
    manifest = manifest_of(content, description)
    model = LoadedBand(content, manifest)
    return Conversion(
        content=content,
        manifest=manifest,
        golden=_golden(manifest, model, _cut(windows, 0, GOLDEN_WINDOWS)),
        finding=_compared(network, model, _cut(windows, -PARITY_WINDOWS, None), precision),
    )


def band_windows(
    pieces: Sequence[BandPiece], config: BandTrainConfig, count: int
) -> dict[str, NDArray[np.float32]]:
    """Draw windows as the training does, with noise as at any creative risk.

    Args:
        pieces: Of the genres that the network knows, and maybe of others.
        config: Of the training.
        count: N.

    Returns:
        (N, …) of everything that the network is told.
    """
    rng = np.random.default_rng(_SEED)
    chosen = [piece for genre in config.genres for piece in _some(pieces, genre, rng)]
    sampler = BandSampler(
        BandPieces(chosen, genres=config.genres),
        genres=config.genres,
        config=config.batches,
        seed=_SEED,
    )
    batches: list[BandBatch] = []
    while sum(len(batch.band) for batch in batches) < count:
        batches.append(sampler.batch(len(batches)))
    told = {
        name: np.concatenate([batch.conditions[name] for batch in batches])[:count]
        for name in batches[0].conditions
    }
    scales = np.array([noise_scale(risk) for risk in rng.choice(_RISKS, size=count)])
    noise = rng.standard_normal((count, *BAND_ENCODING.noise_shape)) * scales[:, None, None]
    return {**told, "noise": noise.astype(np.float32)}


def _some(pieces: Sequence[BandPiece], genre: str, rng: np.random.Generator) -> list[BandPiece]:
    """So many of a genre's pieces at random that all of them need not be unpacked."""
    mine = [piece for piece in pieces if piece.genre == genre]
    return [mine[number] for number in rng.permutation(len(mine))[:_PIECES]]


def _content(network: keras.Model, calibration: Arrays, precision: Precision) -> bytes:
    if precision is Precision.INT8:
        return quantize(
            network,
            calibration,
            share=_CALIBRATION_SHARE,
            input_ranges={"noise": _NOISE_RANGE},
        )
    with tempfile.TemporaryDirectory() as folder:
        signature = {
            name: tf.TensorSpec((1, *values.shape[1:]), tf.float32, name=name)
            for name, values in calibration.items()
        }
        network.export(folder, input_signature=[signature], verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        if precision is Precision.WEIGHTS:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            # tflite-runtime 2.14 knows dense layers with one scale only.
            converter._experimental_disable_per_channel_quantization_for_dense_layers = True  # noqa: SLF001
        elif precision is Precision.HALF:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.target_spec.supported_types = [tf.float16]
        content: bytes = converter.convert()
    return content


def _golden_tolerance(content: bytes) -> float:
    """A quantization step of an output, or what sums in another order come to."""
    (signature,) = signatures_of(content)
    return max(tensor.scale for tensor in signature.outputs) or _FLOAT_TOLERANCE


def _golden(manifest: Manifest, model: LoadedBand, windows: Arrays) -> dict[str, NDArray[Any]]:
    (signature,) = manifest.signatures
    said = [model.said(window) for window in _each(windows)]
    band, drums = (np.stack(logits) for logits in zip(*said, strict=True))
    inputs = {f"input_{tensor.name}": windows[tensor.name] for tensor in signature.inputs}
    return inputs | {"output_band": band, "output_drums": drums}


def _compared(
    network: keras.Model, model: LoadedBand, windows: Arrays, precision: Precision
) -> str:
    """How far the model is from the trained one, in words.

    Raises:
        BundleTensorError: If it is above `PARITY_TOLERANCE_NATS`.
    """
    wanted = network.predict_on_batch(dict(windows))
    said = [model.said(window) for window in _each(windows)]
    found = {"band": np.stack([band for band, _ in said]), "drums": np.stack([d for _, d in said])}
    divergence = divergence_nats(wanted, found, windows["features"])
    if not divergence <= PARITY_TOLERANCE_NATS:
        raise BundleTensorError(
            f"in {precision} the model differs from the trained network by {divergence:.3f} nats a "
            f"time step, {PARITY_TOLERANCE_NATS:g} are allowed",
            remedy=f"convert with --precision {Precision.HALF}",
        )
    agreement = decided_alike(wanted, found, windows["features"])
    return (
        f"in {precision} it differs from the trained network by {divergence:.4f} nats a time step; "
        f"{agreement:.1%} of what either plays is played by both"
    )


def divergence_nats(
    wanted: Mapping[str, NDArray[np.float32]],
    found: Mapping[str, NDArray[np.float32]],
    features: NDArray[np.float32],
) -> float:
    """Mean Kullback-Leibler divergence of all decisions of a time step inside of a piece.

    Args:
        wanted: Logits `band` (N, T, P, R) and `drums` (N, T, D).
        found: Others.
        features: (N, K + T, F), of the same windows.
    """
    sounds = _sigmoid(wanted["band"][..., ::2])
    band = _divergence(wanted["band"][..., ::2], found["band"][..., ::2])
    # Whether it is struck is decided where it sounds.
    band += sounds * _divergence(wanted["band"][..., 1::2], found["band"][..., 1::2])
    drums = _divergence(wanted["drums"], found["drums"])
    inside = _inside(features)
    return float((band.sum(axis=(2, 3)) + drums.sum(axis=2))[inside].mean())


def decided_alike(
    wanted: Mapping[str, NDArray[np.float32]],
    found: Mapping[str, NDArray[np.float32]],
    features: NDArray[np.float32],
) -> float:
    """Of the cells that sound and the drums that are struck at no risk, the share in both.

    Args:
        wanted: Logits `band` (N, T, P, R) and `drums` (N, T, D).
        found: Others.
        features: (N, K + T, F), of the same windows.
    """
    common = either = 0
    for number, inside in enumerate(_inside(features)):
        one, other = (
            decide(
                said["band"][number],
                said["drums"][number],
                risk=SAFE_RISK,
                rng=np.random.default_rng(0),
                has_drums=True,
                inside=inside,
                melody=np.zeros((BAND_ENCODING.time_steps, BAND_ENCODING.pitches), dtype=np.bool_),
                beats_per_bar=_BEATS_PER_BAR,
            ).played
            for said in (wanted, found)
        )
        for ours, theirs in zip(one, other, strict=True):
            common += int((ours & theirs).sum())
            either += int((ours | theirs).sum())
    return common / either if either else 1.0


def _divergence(wanted: NDArray[np.float32], found: NDArray[np.float32]) -> NDArray[np.float64]:
    """Of each yes or no."""
    a, b = wanted.astype(np.float64), found.astype(np.float64)
    # log sigmoid(x) = -log(1 + exp(-x))
    yes = np.logaddexp(0.0, -b) - np.logaddexp(0.0, -a)
    no = np.logaddexp(0.0, b) - np.logaddexp(0.0, a)
    return np.asarray(_sigmoid(a) * yes + _sigmoid(-a) * no)


def _sigmoid(logits: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(np.exp(-np.logaddexp(0.0, -logits.astype(np.float64))))


def _inside(features: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(N, T): which time steps of the windows belong to a piece."""
    column = BAND_ENCODING.features.index("inside")
    return np.asarray(features[:, BAND_ENCODING.known_steps :, column] > 0.5)


def _cut(windows: Arrays, first: int, last: int | None) -> dict[str, NDArray[np.float32]]:
    return {name: values[first:last] for name, values in windows.items()}


def _each(windows: Arrays) -> list[dict[str, NDArray[np.float32]]]:
    """One window after another, without the axis of windows."""
    (count,) = {len(values) for values in windows.values()}
    return [{name: values[at] for name, values in windows.items()} for at in range(count)]
