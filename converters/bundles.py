"""Writing a bundle folder, and proving that it says what the trained model says.

Letters: N windows, T time steps, P pitch classes of the grid, V voices, C planes.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from firmware.errors import BundleTensorError
from firmware.inference.bundle import GOLDEN_FILE, MANIFEST_FILE, MODEL_FILE
from firmware.inference.manifest import (
    SCHEMA_VERSION,
    Manifest,
    Provenance,
    Signature,
    TensorSpec,
)
from firmware.inference.runtime import InterpreterModel
from firmware.inference.sampling import log_softmax
from firmware.music.band import BandSpec
from firmware.music.encoding import CellMask, EncodingSpec
from firmware.music.tokens import TokenSpec
from firmware.parameters import Technique

PARITY_TOLERANCE_NATS: Final = 0.02
"""Most that a quantized model may differ: mean divergence from the float one a judged class."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What a manifest says that cannot be read from the model.

    Attributes:
        name: The bundle's name, also its folder's.
        title: What the player reads.
        technique: What it serves.
        architecture: The model's architecture.
        genre: Musical genre or style.
        encoding: What its numbers mean.
        parameters: Number of trained weights.
        mmac: Millions of multiply-accumulates a pass.
        training: Where the weights come from.
        golden_tolerance: Largest absolute difference from the golden outputs, in real units.
        serves: Values of parameters that it is for, as `Manifest.serves` has them.
    """

    name: str
    title: str
    technique: Technique
    architecture: str
    genre: str
    encoding: EncodingSpec | TokenSpec | BandSpec
    parameters: int
    mmac: float
    training: Provenance
    golden_tolerance: float
    serves: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def write_bundle(
    folder: Path, content: bytes, manifest: Manifest, golden: Mapping[str, NDArray[Any]]
) -> None:
    """Write `model.tflite`, `golden.npz` and, last of all, `manifest.json`.

    Args:
        folder: The bundle's folder; made if need be.
        content: The model.
        manifest: Its description.
        golden: Arrays to replay, as its kind of model wants them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # Without a manifest it is no bundle: an interrupted conversion leaves none behind.
    (folder / MANIFEST_FILE).unlink(missing_ok=True)
    (folder / MODEL_FILE).write_bytes(content)
    arrays: dict[str, Any] = dict(golden)
    np.savez_compressed(folder / GOLDEN_FILE, **arrays)
    (folder / MANIFEST_FILE).write_text(manifest.to_json(), encoding="utf-8")


def manifest_of(content: bytes, description: Description) -> Manifest:
    """Describe a model: its tensors as the interpreter sees them, its hash, its origin."""
    return Manifest(
        schema=SCHEMA_VERSION,
        name=description.name,
        title=description.title,
        technique=description.technique,
        architecture=description.architecture,
        genre=description.genre,
        encoding=description.encoding.name,
        fingerprint=description.encoding.fingerprint(),
        signatures=signatures_of(content),
        sha256=hashlib.sha256(content).hexdigest(),
        parameters=description.parameters,
        mmac=round(description.mmac, 1),
        training=description.training,
        golden_tolerance=description.golden_tolerance,
        serves=description.serves,
    )


def signatures_of(content: bytes) -> tuple[Signature, ...]:
    """The signatures of a flatbuffer with their tensors, by name."""
    interpreter = Interpreter(model_content=content)
    found = []
    for name in sorted(interpreter.get_signature_list()):
        runner = interpreter.get_signature_runner(name)
        inputs, outputs = runner.get_input_details(), runner.get_output_details()
        found.append(
            Signature(
                name=name,
                inputs=tuple(_tensor(key, details) for key, details in sorted(inputs.items())),
                outputs=tuple(_tensor(key, details) for key, details in sorted(outputs.items())),
            )
        )
    return tuple(found)


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
    found = np.stack([model.run(planes=window)["pitch_logits"] for window in planes])
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
