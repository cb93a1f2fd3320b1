"""The one interpreter loader: LiteRT first, tflite-runtime where that is what is installed."""

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from firmware.errors import BundleTensorError, ModelRuntimeError
from firmware.inference.manifest import Manifest, Signature, TensorSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """An interpreter that models run on.

    Attributes:
        distribution: What is installed.
        module: What has the class `Interpreter`.
        leeway: How many golden tolerances its outputs may differ: kernels round differently,
            and what is lost in an early layer grows on its way.
    """

    distribution: str
    module: str
    leeway: float


RUNTIMES: Mapping[str, Runtime] = MappingProxyType(
    {
        # In order of preference. The golden arrays are LiteRT's own.
        "litert": Runtime(
            distribution="ai-edge-litert", module="ai_edge_litert.interpreter", leeway=1.0
        ),
        # Measured: 15 quantization steps on the Bach AR-CNN.
        "tflite-runtime": Runtime(
            distribution="tflite-runtime", module="tflite_runtime.interpreter", leeway=20.0
        ),
    }
)


class Model(Protocol):
    """What techniques need of a model: named arrays in, named arrays out."""

    def run(self, **inputs: NDArray[Any]) -> dict[str, NDArray[np.float32]]:
        """Run one pass. Shapes are the manifest's without the batch axis."""
        ...


class LoadedModel(Protocol):
    """What every model can do, whatever it is for."""

    @property
    def runtime(self) -> str:
        """The runtime that it runs on."""
        ...

    def rehearse(self) -> None:
        """One pass over nothing, to be timed."""
        ...

    def replay(self, golden: Mapping[str, NDArray[Any]]) -> float:
        """Run the golden inputs.

        Args:
            golden: The arrays of the bundle's golden file, by name.

        Returns:
            The largest absolute difference of an output, in real units; not a number where an
            output or a golden array is none.

        Raises:
            KeyError: If an array is missing.
            ValueError: If one is not of its shape, or there is none to compare.
        """
        ...


class InterpreterModel:
    """A TFLite model behind its named tensors; real numbers outside, integers inside.

    Args:
        content: The flatbuffer.
        manifest: Names, shapes and quantization that the model must have.
        threads: Threads of the interpreter.
        runtime: One of `RUNTIMES`, or None for the first that is installed.

    Attributes:
        runtime: The runtime that it runs on.

    Raises:
        ModelRuntimeError: If no runtime is installed or the model does not load.
        BundleTensorError: If the tensors are not the manifest's, or there is more than one way
            to run it.
    """

    def __init__(
        self, content: bytes, manifest: Manifest, *, threads: int = 1, runtime: str | None = None
    ) -> None:
        self.runtime, self._interpreter = open_interpreter(
            content, manifest, threads=threads, runtime=runtime
        )
        if len(manifest.signatures) != 1:
            raise BundleTensorError(
                f"{manifest.name} has {len(manifest.signatures)} signatures, one is wanted"
            )
        (self._signature,) = manifest.signatures
        found = checked_tensors(self._interpreter, self._signature, manifest.name)
        self._inputs = {t.name: (found[t.name], t) for t in self._signature.inputs}
        self._outputs = {t.name: (found[t.name], t) for t in self._signature.outputs}
        self._scratch = {
            t.name: np.empty(t.shape[1:], dtype=np.float32) for t in self._signature.inputs
        }
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

    def rehearse(self) -> None:
        """See `LoadedModel.rehearse`."""
        self.run(**{t.name: np.zeros(t.shape[1:], np.float32) for t in self._signature.inputs})

    def replay(self, golden: Mapping[str, NDArray[Any]]) -> float:
        """See `LoadedModel.replay`.

        The arrays are `input_NAME` and `output_NAME` for every tensor, with one more leading
        axis for the cases in place of the batch axis.
        """
        inputs = _cases("input", self._signature.inputs, golden)
        outputs = _cases("output", self._signature.outputs, golden)
        cases = {len(values) for values in (*inputs.values(), *outputs.values())}
        if len(cases) != 1 or not min(cases):
            raise ValueError("it does not hold the same cases of every tensor")
        differences = [0.0]
        for case in range(min(cases)):
            found = self.run(**{name: values[case] for name, values in inputs.items()})
            differences += [
                float(np.max(np.abs(found[name] - values[case])))
                for name, values in outputs.items()
            ]
        # Not `max`, in whose order of comparing a difference that is no number gets lost.
        return float(np.max(differences))

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
    for name, runtime in RUNTIMES.items():
        try:
            found[name] = version(runtime.distribution)
        except PackageNotFoundError:
            continue
    return found


def open_interpreter(
    content: bytes, manifest: Manifest, *, threads: int, runtime: str | None
) -> tuple[str, Any]:
    """Load a flatbuffer.

    Returns:
        The runtime's name, and its interpreter with memory for its tensors.

    Raises:
        ModelRuntimeError: If no runtime is installed or the model does not load.
    """
    name, interpreter_class = _interpreter_class(runtime)
    try:
        interpreter = interpreter_class(model_content=content, num_threads=threads)
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise ModelRuntimeError(f"{name} cannot load {manifest.name}: {error}") from error
    return name, interpreter


def checked_tensors(interpreter: Any, signature: Signature, name: str) -> dict[str, int]:
    """The interpreter's indices of a signature's tensors, once they are seen to be as named.

    Raises:
        BundleTensorError: If they are not the manifest's.
    """
    try:
        runner = interpreter.get_signature_runner(signature.name)
    except ValueError as error:
        raise BundleTensorError(f"{name} has no signature {signature.name!r}") from error
    indices: dict[str, int] = {}
    for specs, found in (
        (signature.inputs, runner.get_input_details()),
        (signature.outputs, runner.get_output_details()),
    ):
        indices |= {spec.name: _checked(spec, found) for spec in specs}
        _refuse_others(name, specs, found)
    return indices


def _interpreter_class(runtime: str | None) -> tuple[str, Any]:
    wanted = [runtime] if runtime else list(RUNTIMES)
    for name in wanted:
        if name not in RUNTIMES:
            raise ModelRuntimeError(f"there is no runtime {name!r}", remedy=", ".join(RUNTIMES))
        try:
            return name, importlib.import_module(RUNTIMES[name].module).Interpreter
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


def _cases(
    side: str, specs: Sequence[TensorSpec], golden: Mapping[str, NDArray[Any]]
) -> dict[str, NDArray[Any]]:
    """The golden arrays of some tensors, once they are seen to be numbers in the right shape."""
    found = {spec.name: golden[f"{side}_{spec.name}"] for spec in specs}
    for spec in specs:
        values = found[spec.name]
        if values.shape[1:] != spec.shape[1:] or values.dtype.kind not in "fiu":
            raise ValueError(f"{spec.name} is {values.dtype} of shape {values.shape}")
    return found


def _dequantized(values: NDArray[Any], spec: TensorSpec) -> NDArray[np.float32]:
    if not spec.scale:
        return values.astype(np.float32)
    shifted = values.astype(np.float32) - np.float32(spec.zero_point)
    return shifted * np.float32(spec.scale)
