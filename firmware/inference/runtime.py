"""The one interpreter loader: LiteRT first, tflite-runtime where that is what is installed."""

import importlib
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from firmware.errors import BundleTensorError, ModelRuntimeError
from firmware.inference.manifest import Manifest, TensorSpec

RUNTIMES: Mapping[str, tuple[str, str]] = {
    # runtime: (distribution, module with Interpreter), in order of preference
    "litert": ("ai-edge-litert", "ai_edge_litert.interpreter"),
    "tflite-runtime": ("tflite-runtime", "tflite_runtime.interpreter"),
}


class Model(Protocol):
    """What techniques need of a model: named arrays in, named arrays out."""

    def run(self, **inputs: NDArray[Any]) -> dict[str, NDArray[np.float32]]:
        """Run one pass. Shapes are the manifest's without the batch axis."""
        ...


class InterpreterModel:
    """A TFLite model behind its named tensors; real numbers outside, integers inside.

    Args:
        content: The flatbuffer.
        manifest: Names, shapes and quantization that the model must have.
        threads: Threads of the interpreter.
        runtime: One of `RUNTIMES`, or None for the first that is installed.

    Raises:
        ModelRuntimeError: If no runtime is installed or the model does not load.
        BundleTensorError: If the tensors are not the manifest's.
    """

    def __init__(
        self, content: bytes, manifest: Manifest, *, threads: int = 1, runtime: str | None = None
    ) -> None:
        self.runtime, interpreter_class = _interpreter_class(runtime)
        try:
            self._interpreter = interpreter_class(model_content=content, num_threads=threads)
            self._interpreter.allocate_tensors()
            signature = self._interpreter.get_signature_runner()
        except (ValueError, RuntimeError) as error:
            raise ModelRuntimeError(
                f"{self.runtime} cannot load {manifest.name}: {error}"
            ) from error
        found_inputs = signature.get_input_details()
        found_outputs = signature.get_output_details()
        self._inputs = {t.name: (_checked(t, found_inputs), t) for t in manifest.inputs}
        self._outputs = {t.name: (_checked(t, found_outputs), t) for t in manifest.outputs}
        _refuse_others(manifest.name, manifest.inputs, found_inputs)
        _refuse_others(manifest.name, manifest.outputs, found_outputs)
        self._scratch = {t.name: np.empty(t.shape[1:], dtype=np.float32) for t in manifest.inputs}
        self._name = manifest.name

    def run(self, **inputs: NDArray[Any]) -> dict[str, NDArray[np.float32]]:
        """Run one pass.

        Args:
            inputs: Every named input, real-valued, shaped as in the manifest less the batch axis.

        Returns:
            Every named output, float32, less the batch axis.

        Raises:
            BundleTensorError: If an input is missing, unknown or of another shape.
            ModelRuntimeError: If the interpreter fails.
        """
        if inputs.keys() != self._inputs.keys():
            raise BundleTensorError(
                f"{self._name} takes {sorted(self._inputs)}, was given {sorted(inputs)}"
            )
        for name, values in inputs.items():
            index, spec = self._inputs[name]
            if values.shape != spec.shape[1:]:
                raise BundleTensorError(
                    f"{name} has shape {spec.shape[1:]}, was given {values.shape}"
                )
            self._fill(index, values, spec)
        try:
            self._interpreter.invoke()
        except (ValueError, RuntimeError) as error:
            raise ModelRuntimeError(f"{self._name} failed while running: {error}") from error
        return {
            name: _dequantized(self._interpreter.get_tensor(index)[0], spec)
            for name, (index, spec) in self._outputs.items()
        }

    def _fill(self, index: int, values: NDArray[Any], spec: TensorSpec) -> None:
        """Write real values into an input, quantized, without making new arrays."""
        # The view must be gone before the interpreter is invoked.
        tensor = self._interpreter.tensor(index)()[0]
        if not spec.scale:
            np.copyto(tensor, values, casting="unsafe")
            return
        limits = np.iinfo(spec.dtype)
        steps = self._scratch[spec.name]
        np.multiply(values, np.float32(1.0 / spec.scale), out=steps)
        np.rint(steps, out=steps)
        steps += np.float32(spec.zero_point)
        np.clip(steps, limits.min, limits.max, out=steps)
        np.copyto(tensor, steps, casting="unsafe")


def installed_runtimes() -> dict[str, str]:
    """Installed runtimes with their versions, in order of preference."""
    found: dict[str, str] = {}
    for runtime, (distribution, _) in RUNTIMES.items():
        try:
            found[runtime] = version(distribution)
        except PackageNotFoundError:
            continue
    return found


def _interpreter_class(runtime: str | None) -> tuple[str, Any]:
    wanted = [runtime] if runtime else list(RUNTIMES)
    for name in wanted:
        if name not in RUNTIMES:
            raise ModelRuntimeError(f"there is no runtime {name!r}", remedy=", ".join(RUNTIMES))
        try:
            return name, importlib.import_module(RUNTIMES[name][1]).Interpreter
        except ImportError:
            continue
    raise ModelRuntimeError(
        f"{' or '.join(wanted)} is not installed", remedy="pip install ai-edge-litert"
    )


def _checked(spec: TensorSpec, found: Mapping[str, Mapping[str, Any]]) -> int:
    """The interpreter's index of a tensor, once it is seen to be what the manifest names."""
    if spec.name not in found:
        raise BundleTensorError(f"the model has no tensor {spec.name!r}, it has {sorted(found)}")
    details = found[spec.name]
    scale, zero_point = details["quantization"]
    actual = TensorSpec(
        name=spec.name,
        shape=tuple(int(axis) for axis in details["shape"]),
        dtype=np.dtype(details["dtype"]).name,
        scale=float(scale),
        zero_point=int(zero_point),
    )
    same_kind = (actual.shape, actual.dtype, actual.zero_point) == (
        spec.shape,
        spec.dtype,
        spec.zero_point,
    )
    if not same_kind or not np.isclose(actual.scale, spec.scale, rtol=1e-6):
        raise BundleTensorError(f"tensor {spec.name!r} is {actual}, the manifest says {spec}")
    return int(details["index"])


def _refuse_others(name: str, specs: Sequence[TensorSpec], found: Mapping[str, Any]) -> None:
    """Refuse a model with tensors that the manifest does not name, or names twice."""
    if sorted(spec.name for spec in specs) != sorted(found):
        named = sorted(spec.name for spec in specs)
        raise BundleTensorError(
            f"{name} has the tensors {sorted(found)}, its manifest says {named}"
        )


def _dequantized(values: NDArray[Any], spec: TensorSpec) -> NDArray[np.float32]:
    if not spec.scale:
        return values.astype(np.float32)
    shifted = values.astype(np.float32) - np.float32(spec.zero_point)
    return shifted * np.float32(spec.scale)
