"""A Keras model to a full-integer TFLite model, by calibration after training.

Letters: N windows.
"""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray
from tensorflow.lite.python import schema_py_generated
from tensorflow.lite.python.convert import mlir_quantize
from tensorflow.lite.tools import flatbuffer_utils

PITCH_OUTPUT: Final = "pitch_logits"

_INT8: Final = schema_py_generated.TensorType.INT8

_FLAT: Final = 1e-6
"""An activation that differs less than this is one number."""

LIFT: Final = 12.0
"""Pitch logits are raised by this much and cut off below 0.

Eight bits then resolve what may be drawn, and not how impossible the impossible is. A softmax
does not feel the shift, and the best logit of a cell to be filled was never seen below -5.5.
"""


Arrays = Mapping[str, NDArray[np.float32]]
"""(N, …) of each input, by name."""


def quantize(
    model: keras.Model,
    calibration: Arrays,
    *,
    share: float = 0.5,
    input_ranges: Mapping[str, tuple[float, float]] | None = None,
) -> bytes:
    """Convert to int8, inputs and outputs included.

    The range of an activation is the median over the windows of its smallest and largest value.
    The usual range, from the smallest to the largest of all, is stretched by rare outliers, and
    the more windows, the worse: on the Bach AR-CNN it costs 0.0067 nats a masked cell, the
    median 0.0012.

    Args:
        model: From named inputs to named outputs; built with the TensorFlow backend.
        calibration: Inputs as they occur in use; activations are scaled to them.
        share: Of the windows, those whose smallest and largest values an activation's range
            holds: more than half where windows differ in kind.
        input_ranges: Smallest and largest value of inputs where they are known beforehand.

    Returns:
        The flatbuffer, for batches of one.
    """
    observed = _observable(model, calibration)
    ranges = _ranges(observed, calibration, share) | _of_inputs(observed, input_ranges or {})
    # The converter's own second half, for which it has no public name: per channel, full
    # integer, and int8 all through; but tflite-runtime 2.14 knows dense layers with one scale
    # only.
    quantized: bytes = mlir_quantize(
        _with_ranges(observed, ranges),
        False,  # noqa: FBT003
        True,  # noqa: FBT003
        _INT8,
        _INT8,
        _INT8,
        disable_per_channel_for_dense_layers=True,
    )
    return quantized


def _observable(model: keras.Model, calibration: Arrays) -> bytes:
    """The float model as TFLite, with a place for the range of every activation."""
    example = {name: values[:1] for name, values in calibration.items()}
    lifted = keras.Model(
        model.inputs,
        {
            name: keras.ops.relu(output + LIFT) if name == PITCH_OUTPUT else output
            for name, output in model.output.items()
        },
    )
    with tempfile.TemporaryDirectory() as folder:
        export = Path(folder) / "export"
        # A saved model, because concrete functions of a Keras 3 model fail in calibration.
        signature = {
            name: tf.TensorSpec(values.shape, tf.float32, name=name)
            for name, values in example.items()
        }
        lifted.export(str(export), input_signature=[signature], verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(str(export))
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: iter([example])
        converter._experimental_calibrate_only = True  # noqa: SLF001
        content: bytes = converter.convert()
    return content


def _ranges(content: bytes, calibration: Arrays, share: float) -> dict[int, tuple[float, float]]:
    """Between which values each activation is in a share of the windows, by tensor index."""
    interpreter = Interpreter(
        model_content=content, num_threads=1, experimental_preserve_all_tensors=True
    )
    interpreter.allocate_tensors()
    entries = _input_indices(interpreter)
    indices = [index for index, _ in _activations(_parsed(content))]
    (windows,) = {len(values) for values in calibration.values()}
    extremes = np.empty((windows, len(indices), 2), dtype=np.float32)
    for window in range(windows):
        for name, index in entries.items():
            interpreter.set_tensor(index, calibration[name][window][None])
        interpreter.invoke()
        for column, index in enumerate(indices):
            values = interpreter.get_tensor(index)
            extremes[window, column] = values.min(), values.max()
    lows = np.quantile(extremes[..., 0], 1.0 - share, axis=0)
    highs = np.quantile(extremes[..., 1], share, axis=0)
    # What is one number in most windows is not in all of them.
    flat = highs - lows < _FLAT
    lows[flat], highs[flat] = extremes[:, flat, 0].min(axis=0), extremes[:, flat, 1].max(axis=0)
    return {
        index: (float(low), float(max(high, low + _FLAT)))
        for index, low, high in zip(indices, lows, highs, strict=True)
    }


def _of_inputs(
    content: bytes, ranges: Mapping[str, tuple[float, float]]
) -> dict[int, tuple[float, float]]:
    """Ranges of inputs, by tensor index instead of name."""
    indices = _input_indices(Interpreter(model_content=content))
    return {indices[name]: between for name, between in ranges.items()}


def _input_indices(interpreter: Interpreter) -> dict[str, int]:
    details = interpreter.get_signature_runner().get_input_details()
    return {name: int(entry["index"]) for name, entry in details.items()}


def _with_ranges(content: bytes, ranges: Mapping[int, tuple[float, float]]) -> bytes:
    """The same model with other ranges of its activations."""
    parsed = _parsed(content)
    for index, tensor in _activations(parsed):
        low, high = ranges[index]
        tensor.quantization.min = np.array([low], dtype=np.float32)
        tensor.quantization.max = np.array([high], dtype=np.float32)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(parsed))


def _parsed(content: bytes) -> Any:
    return flatbuffer_utils.read_model_from_bytearray(bytearray(content))


def _activations(parsed: Any) -> Iterator[tuple[int, Any]]:
    """Tensors whose range calibration has observed, with their index."""
    for index, tensor in enumerate(parsed.subgraphs[0].tensors):
        parameters = tensor.quantization
        if parameters is not None and parameters.min is not None and len(parameters.min) == 1:
            yield index, tensor
