"""Writing a bundle folder, and proving that it says what the trained model says.

Letters: N windows, T time steps, P pitch classes of the grid, V voices, C planes.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from converters.quantize import INPUT_NAME, PITCH_OUTPUT, tensor_details
from firmware.errors import BundleTensorError
from firmware.inference.bundle import GOLDEN_FILE, MANIFEST_FILE, MODEL_FILE
from firmware.inference.manifest import SCHEMA_VERSION, Manifest, Provenance, TensorSpec
from firmware.inference.runtime import InterpreterModel
from firmware.inference.sampling import log_softmax
from firmware.music.encoding import CHORALE_ENCODING, CellMask, EncodingSpec
from firmware.parameters import Technique

PARITY_TOLERANCE_NATS: Final = 0.02
"""Most that the int8 model may differ: mean divergence from the float model a masked cell."""

GOLDEN_TOLERANCE_STEPS: Final = 24
"""Most that another runtime or processor may differ, in quantization steps of an output.

Kernels round differently, and a step lost in an early layer grows on its way.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What a manifest says that cannot be read from the model.

    Attributes:
        name: The bundle's name, also its folder's.
        title: What the player reads.
        architecture: The model's architecture.
        genre: Musical genre or style.
        parameters: Number of trained weights.
        mmac: Millions of multiply-accumulates a pass.
        training: Where the weights come from.
    """

    name: str
    title: str
    architecture: str
    genre: str
    parameters: int
    mmac: float
    training: Provenance


def write_bundle(
    folder: Path,
    content: bytes,
    description: Description,
    golden_planes: NDArray[np.float32],
    *,
    quality: Mapping[str, Any] | None = None,
    spec: EncodingSpec = CHORALE_ENCODING,
) -> Manifest:
    """Write `model.tflite`, `golden.npz` and, last of all, `manifest.json`.

    Args:
        folder: The bundle's folder; made if need be.
        content: The model.
        description: What the manifest says.
        golden_planes: (N, T, P, C) inputs whose outputs are kept to compare with.
        quality: Measured figures.
        spec: The model's encoding.
    """
    manifest = manifest_of(content, description, quality=quality, spec=spec)
    model = InterpreterModel(content, manifest)
    outputs = [model.run(**{INPUT_NAME: planes}) for planes in golden_planes]
    arrays: dict[str, Any] = {f"input_{INPUT_NAME}": golden_planes}
    for tensor in manifest.outputs:
        arrays[f"output_{tensor.name}"] = np.stack([output[tensor.name] for output in outputs])
    folder.mkdir(parents=True, exist_ok=True)
    # Without a manifest it is no bundle: an interrupted conversion leaves none behind.
    (folder / MANIFEST_FILE).unlink(missing_ok=True)
    (folder / MODEL_FILE).write_bytes(content)
    np.savez_compressed(folder / GOLDEN_FILE, **arrays)
    (folder / MANIFEST_FILE).write_text(manifest.to_json(), encoding="utf-8")
    return manifest


def manifest_of(
    content: bytes,
    description: Description,
    *,
    quality: Mapping[str, Any] | None = None,
    spec: EncodingSpec = CHORALE_ENCODING,
) -> Manifest:
    """Describe a model: its tensors as the interpreter sees them, its hash, its origin."""
    inputs, outputs = tensor_details(content)
    tensors = [_tensor(name, details) for name, details in sorted(outputs.items())]
    return Manifest(
        schema=SCHEMA_VERSION,
        name=description.name,
        title=description.title,
        technique=Technique.ENHANCE,
        architecture=description.architecture,
        genre=description.genre,
        encoding=spec.name,
        fingerprint=spec.fingerprint(),
        inputs=tuple(_tensor(name, details) for name, details in sorted(inputs.items())),
        outputs=tuple(tensors),
        sha256=hashlib.sha256(content).hexdigest(),
        parameters=description.parameters,
        mmac=round(description.mmac, 1),
        training=description.training,
        golden_tolerance=GOLDEN_TOLERANCE_STEPS * max(tensor.scale for tensor in tensors),
        quality=dict(quality or {}),
    )


def check_parity(
    expected: NDArray[np.float32],
    model: InterpreterModel,
    planes: NDArray[np.float32],
    masked: CellMask,
) -> float:
    """Compare the int8 model with the float one.

    Args:
        expected: (N, T, P, V) pitch logits of the float model.
        model: The int8 model.
        planes: (N, T, P, C) what both were given.
        masked: (N, T, V) the cells that count.

    Returns:
        Mean Kullback-Leibler divergence from the float model a masked cell, in nats.

    Raises:
        BundleTensorError: If it is above `PARITY_TOLERANCE_NATS`.
    """
    found = np.stack([model.run(**{INPUT_NAME: window})[PITCH_OUTPUT] for window in planes])
    # (N, T, P, V) -> (N, T, V, P) -> (masked cells, P)
    wanted = log_softmax(expected.transpose(0, 1, 3, 2)[masked])
    given = log_softmax(found.transpose(0, 1, 3, 2)[masked])
    divergence = float(np.mean(np.sum(np.exp(wanted) * (wanted - given), axis=-1)))
    if not divergence <= PARITY_TOLERANCE_NATS:
        raise BundleTensorError(
            f"the int8 model differs from the float model by {divergence:.4f} nats a cell, "
            f"{PARITY_TOLERANCE_NATS:g} are allowed",
            remedy="calibrate on more windows, or look for outliers among the activations",
        )
    return divergence


def _tensor(name: str, details: Mapping[str, Any]) -> TensorSpec:
    scale, zero_point = details["quantization"]
    return TensorSpec(
        name=name,
        shape=tuple(int(axis) for axis in details["shape"]),
        dtype=np.dtype(details["dtype"]).name,
        scale=float(scale),
        zero_point=int(zero_point),
    )
