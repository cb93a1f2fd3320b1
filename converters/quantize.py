"""A Keras model to a full-integer TFLite model, by calibration after training.

Letters: N windows, T time steps, P pitch classes of the grid, C planes.
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

INPUT_NAME: Final = "planes"
PITCH_OUTPUT: Final = "pitch_logits"

_INT8: Final = schema_py_generated.TensorType.INT8

LIFT: Final = 12.0
"""Pitch logits are raised by this much and cut off below 0.

Eight bits then resolve what may be drawn, and not how impossible the impossible is. A softmax
does not feel the shift, and the best logit of a cell to be filled was never seen below -5.5.
"""


def quantize(model: keras.Model, calibration: NDArray[np.float32]) -> bytes:
    """Convert to int8, inputs and outputs included.

    The range of an activation is the median over the windows of its smallest and largest value.
    The usual range, from the smallest to the largest of all, is stretched by rare outliers, and
    the more windows, the worse: on the Bach AR-CNN it costs 0.0067 nats a masked cell, the
    median 0.0012.

    Args:
        model: From `planes` to named outputs; built with the TensorFlow backend.
        calibration: (N, T, P, C) inputs as they occur in use; activations are scaled to them.

    Returns:
        The flatbuffer, for batches of one.
    """
    observed = _observable(model, calibration[:1])
    content = _with_ranges(observed, _median_ranges(observed, calibration))
    # The converter's own second half, for which it has no public name: per channel, full
    # integer, and int8 all through.
    quantized: bytes = mlir_quantize(content, False, True, _INT8, _INT8, _INT8)  # noqa: FBT003
    return quantized


def _observable(model: keras.Model, example: NDArray[np.float32]) -> bytes:
    """The float model as TFLite, with a place for the range of every activation."""
    shape = (1, *model.inputs[0].shape[1:])
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
        signature = [{INPUT_NAME: tf.TensorSpec(shape, tf.float32, name=INPUT_NAME)}]
        lifted.export(str(export), input_signature=signature, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(str(export))
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: iter([{INPUT_NAME: example}])
        converter._experimental_calibrate_only = True  # noqa: SLF001
        content: bytes = converter.convert()
    return content


def _median_ranges(
    content: bytes, calibration: NDArray[np.float32]
) -> dict[int, tuple[float, float]]:
    """Median over the windows of each activation's smallest and largest value, by tensor index."""
    interpreter = Interpreter(
        model_content=content, num_threads=1, experimental_preserve_all_tensors=True
    )
    interpreter.allocate_tensors()
    (entry,) = interpreter.get_input_details()
    indices = [index for index, _ in _activations(_parsed(content))]
    extremes = np.empty((len(calibration), len(indices), 2), dtype=np.float32)
    for window, planes in enumerate(calibration):
        interpreter.set_tensor(entry["index"], planes[None])
        interpreter.invoke()
        for column, index in enumerate(indices):
            values = interpreter.get_tensor(index)
            extremes[window, column] = values.min(), values.max()
    medians = np.median(extremes, axis=0)
    return {
        index: (float(low), float(high))
        for index, (low, high) in zip(indices, medians, strict=True)
    }


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
