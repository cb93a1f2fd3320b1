"""`python -m bench.accompany_peers PEER BUNDLE`: one peer of `bench.accompany`, in this process."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.accompany import BARS, accompany_s
from firmware.inference.bundle import read_bundle

PRODUCT_WEIGHTS: Final = 8_273_540
"""How many the published generator has."""

_RUNS_FOLDER: Final = Path(__file__).parents[1] / "training" / "runs"
_RUNS: Final = 5

_PASS_BARS: Final = 2
_STEPS: Final = 32
_PITCHES: Final = 128
_TRACKS: Final = 4
_FILTERS: Final = (64, 128, 256, 512)
_KERNEL: Final = 4


def keras(folder: Path) -> float:
    """The float network that the bundle was converted from, by the technique's own code."""
    from training.band.play import FloatBand  # noqa: PLC0415
    from training.runs import load_band  # noqa: PLC0415

    bundle = read_bundle(folder)
    network, config = load_band(_RUNS_FOLDER / bundle.manifest.name)
    model = FloatBand(network, config.genres, bundle.load_band().habits)
    accompany_s(model)
    return min(accompany_s(model) for _ in range(_RUNS))


def product(_: Path) -> float:
    """The cloud product's generator: two bars a pass, one pass a time or all as one batch.

    Its weights are random, so what comes out is no music, but takes as long. Reading the
    melody, and writing notes, is left out.
    """
    import tensorflow as tf  # noqa: PLC0415

    network = product_generator()
    passes = BARS // _PASS_BARS
    rng = np.random.default_rng(0)
    melody = rng.choice((-1.0, 1.0), (passes, _STEPS, _PITCHES, 1)).astype(np.float32)
    noise = rng.standard_normal((passes, *network.inputs[1].shape[1:])).astype(np.float32)
    called = tf.function(lambda *inputs: network(inputs, training=False))

    def at_once() -> None:
        called(melody, noise).numpy()

    def one_by_one() -> None:
        for number in range(passes):
            called(melody[number : number + 1], noise[number : number + 1]).numpy()

    return min(_best_s(at_once), _best_s(one_by_one))


def product_generator() -> Any:
    """The generator as it was published: a U-Net over rolls (32, 128) of four tracks.

    Convolutions of 4 × 4 halve the melody's roll four times, noise joins at the bottom, and
    upsampling with skips doubles it again.
    """
    from keras import Input, Model, layers  # noqa: PLC0415

    entry = Input((_STEPS, _PITCHES, 1))
    x: Any = entry
    skips: list[Any] = []
    for filters in _FILTERS:
        x = layers.Conv2D(filters, _KERNEL, strides=2, padding="same")(x)
        if skips:
            x = layers.BatchNormalization()(x)
        x = layers.LeakyReLU()(x)
        skips.append(x)
    noise = Input(x.shape[1:])
    x = layers.Concatenate()([skips.pop(), noise])
    while skips:
        skip = skips.pop()
        x = layers.Conv2D(skip.shape[-1], _KERNEL, padding="same")(layers.UpSampling2D()(x))
        x = layers.LeakyReLU()(layers.BatchNormalization()(x))
        x = layers.Concatenate()([x, skip])
    x = layers.Conv2D(_TRACKS, _KERNEL, padding="same", activation="tanh")(layers.UpSampling2D()(x))
    return Model([entry, noise], x)


def _best_s(work: Callable[[], None]) -> float:
    work()
    taken = []
    for _ in range(_RUNS):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return min(taken)


PEERS: dict[str, Callable[[Path], float]] = {"product": product, "keras": keras}


if __name__ == "__main__":
    print(json.dumps({"seconds": PEERS[sys.argv[1]](Path(sys.argv[2]))}))
