"""`python -m bench.enhance_peers PEER BUNDLE`: one peer of `bench.enhance`, in this process.

Letters: B batch, T time steps, P pitches.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.enhance import eight_bars, enhance_s
from firmware.inference.bundle import read_bundle
from firmware.music.encoding import CHORALE_ENCODING
from firmware.music.piano_roll import piano_roll

RUNS_FOLDER = Path(__file__).parents[1] / "training" / "runs"
_RUNS = 2
_PRODUCT_PASSES = 100
_PRODUCT_FILTERS = (32, 64, 128, 256, 512)


class _Adapter:
    """Another runtime behind the face of `firmware.inference.runtime.Model`."""

    def __init__(self, predict: Callable[[NDArray[np.float32]], dict[str, Any]]) -> None:
        self._predict = predict

    def run(self, **inputs: NDArray[Any]) -> dict[str, NDArray[np.float32]]:
        """One window through the other runtime."""
        outputs = self._predict(inputs["planes"][None].astype(np.float32))
        return {name: np.asarray(values)[0] for name, values in outputs.items()}


def keras(bundle: Path) -> float:
    """The float model through Keras `predict`."""
    from training.runs import load_model  # noqa: PLC0415

    net = load_model(RUNS_FOLDER / bundle.name)
    return _best(_Adapter(lambda planes: net.predict({"planes": planes}, verbose=0)))


def onnxruntime(bundle: Path) -> float:
    """The float model through ONNX Runtime, one thread."""
    import tempfile  # noqa: PLC0415

    import onnxruntime as ort  # noqa: PLC0415
    import tensorflow as tf  # noqa: PLC0415
    import tf2onnx  # noqa: PLC0415

    from training.runs import load_model  # noqa: PLC0415

    net = load_model(RUNS_FOLDER / bundle.name)
    shape = (1, *net.inputs[0].shape[1:])
    names = sorted(net.output)

    @tf.function(input_signature=[tf.TensorSpec(shape, tf.float32, name="planes")])  # type: ignore[untyped-decorator]
    def called(planes: Any) -> list[Any]:
        outputs = net({"planes": planes}, training=False)
        return [outputs[name] for name in names]

    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/model.onnx"
        tf2onnx.convert.from_function(
            called, input_signature=called.input_signature, output_path=path
        )
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    entry = session.get_inputs()[0].name
    return _best(
        _Adapter(lambda planes: dict(zip(names, session.run(None, {entry: planes}), strict=True)))
    )


def tflite_runtime(bundle: Path) -> float:
    """The bundle through tflite-runtime, one thread."""
    return _best(read_bundle(bundle).load_grid(threads=1, runtime="tflite-runtime"))


def product(_: Path) -> float:
    """The cloud product's network and loop: a pass flips one cell of the roll.

    A U-Net of 31.4 M weights and 4.31 GMAC; its weights are random, so what comes out is not
    music, but takes as long. Its 13,440 normalization weights are left out.
    """
    net = _product_network()
    notes = eight_bars().notes
    roll = np.zeros((1, 128, 128, 1), dtype=np.float32)
    sounding = piano_roll(notes, beat_resolution=4).sounding[:128]
    roll[0, : len(sounding), :, 0] = sounding
    rng = np.random.default_rng(0)
    net.predict(roll, verbose=0)
    began = time.perf_counter()
    for _pass in range(_PRODUCT_PASSES):
        logits = net.predict(roll, verbose=0).reshape(-1).astype(np.float64)
        chances = np.exp(logits - logits.max())
        cell = int(rng.choice(len(chances), p=chances / chances.sum()))
        flat = roll.reshape(-1)
        flat[cell] = 1.0 - flat[cell]
    return time.perf_counter() - began


def _product_network() -> Any:
    from keras import Input, Model, layers  # noqa: PLC0415

    def twice(x: Any, filters: int) -> Any:
        for _ in range(2):
            x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        return x

    entry = Input((128, 128, 1))
    x, skips = entry, []
    for filters in _PRODUCT_FILTERS:
        x = twice(x, filters)
        skips.append(x)
        x = layers.MaxPooling2D()(x)
    x = twice(x, 2 * _PRODUCT_FILTERS[-1])
    for filters, skip in zip(reversed(_PRODUCT_FILTERS), reversed(skips), strict=True):
        x = layers.Concatenate()([layers.UpSampling2D()(x), skip])
        x = twice(x, filters)
    return Model(entry, layers.Conv2D(1, 1)(x))


def _best(model: Any) -> float:
    shape = (CHORALE_ENCODING.time_steps, CHORALE_ENCODING.grid_pitches)
    model.run(planes=np.zeros((*shape, CHORALE_ENCODING.plane_count), dtype=np.float32))
    return min(enhance_s(model) for _ in range(_RUNS))


PEERS: dict[str, Callable[[Path], float]] = {
    "keras": keras,
    "onnxruntime": onnxruntime,
    "tflite-runtime": tflite_runtime,
    "product": product,
}


if __name__ == "__main__":
    print(json.dumps({"seconds": PEERS[sys.argv[1]](Path(sys.argv[2]))}))
