"""Bundles: a folder with a model, its manifest and golden arrays, checked before use."""

import hashlib
import zlib
from dataclasses import dataclass
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from firmware.errors import BundleError, BundleFingerprintError, BundleHashError
from firmware.inference.manifest import Manifest, read_bounded, read_manifest
from firmware.inference.runtime import InterpreterModel
from firmware.music.encoding import CHORALE_ENCODING, EncodingSpec

MODEL_FILE = "model.tflite"
MANIFEST_FILE = "manifest.json"
GOLDEN_FILE = "golden.npz"
MAX_MODEL_BYTES: Final = 256 * 1024 * 1024
MAX_GOLDEN_BYTES: Final = 64 * 1024 * 1024
"""Larger files are not for this instrument."""

ENCODINGS: dict[str, EncodingSpec] = {CHORALE_ENCODING.name: CHORALE_ENCODING}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A bundle that passed its checks.

    Attributes:
        folder: Where it lies.
        manifest: What it says about itself.
        content: The model's flatbuffer.
    """

    folder: Path
    manifest: Manifest
    content: bytes

    def load(self, *, threads: int = 1, runtime: str | None = None) -> InterpreterModel:
        """Make an interpreter of it."""
        return InterpreterModel(self.content, self.manifest, threads=threads, runtime=runtime)


def read_bundle(folder: Path) -> Bundle:
    """Read a bundle and check schema, encoding fingerprint and hash, in this order.

    Raises:
        BundleSchemaError: If the manifest is missing, unreadable or of another schema.
        BundleFingerprintError: If it was trained for another encoding.
        BundleHashError: If the model file is missing or not the manifest's.
    """
    manifest = read_manifest(folder / MANIFEST_FILE)
    spec = ENCODINGS.get(manifest.encoding)
    expected = spec.fingerprint() if spec else f"no encoding named {manifest.encoding!r}"
    if manifest.fingerprint != expected:
        raise BundleFingerprintError(
            f"{manifest.name} was trained for encoding {manifest.fingerprint}, "
            f"this firmware has {expected}",
            remedy="train or convert it again with this version",
        )
    try:
        content = read_bounded(folder / MODEL_FILE, MAX_MODEL_BYTES)
    except OSError as error:
        raise BundleHashError(f"{manifest.name} has no readable {MODEL_FILE}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != manifest.sha256:
        raise BundleHashError(
            f"{manifest.name}'s model has hash {found[:12]}…, "
            f"its manifest says {manifest.sha256[:12]}…",
            remedy="copy the bundle again",
        )
    return Bundle(folder=folder, manifest=manifest, content=content)


def shipped_bundles() -> dict[str, Path]:
    """Folders of the bundles that come with the firmware, by name."""
    root = Path(str(files("firmware.models")))
    return {path.parent.name: path.parent for path in sorted(root.glob(f"*/{MANIFEST_FILE}"))}


def golden_difference(bundle: Bundle, *, runtime: str | None = None) -> float:
    """Replay the golden inputs and return the largest absolute difference of an output.

    `golden.npz` holds `input_NAME` and `output_NAME` for every tensor, with one more leading
    axis for the cases.

    Returns:
        The difference in real units; not a number where an output or a golden array is none.

    Raises:
        BundleError: If the golden file is missing, damaged or empty, or holds other tensors.
    """
    model = bundle.load(runtime=runtime)
    manifest = bundle.manifest
    try:
        arrays = _golden_arrays(bundle.folder / GOLDEN_FILE)
        inputs = {t.name: arrays[f"input_{t.name}"] for t in manifest.inputs}
        outputs = {t.name: arrays[f"output_{t.name}"] for t in manifest.outputs}
        cases = _cases({t.name: t.shape[1:] for t in manifest.inputs}, inputs)
        if _cases({t.name: t.shape[1:] for t in manifest.outputs}, outputs) != cases:
            raise ValueError("inputs and outputs are not of one number of cases")
    except (OSError, EOFError, ValueError, KeyError, MemoryError, BadZipFile, zlib.error) as error:
        raise BundleError(
            f"{manifest.name} has no usable {GOLDEN_FILE}: {error}", remedy="copy the bundle again"
        ) from error
    differences = [0.0]
    for case in range(cases):
        found = model.run(**{name: values[case] for name, values in inputs.items()})
        for name, values in outputs.items():
            differences.append(float(np.max(np.abs(found[name] - values[case]))))
    # Not `max`, in whose order of comparing a difference that is no number gets lost.
    return float(np.max(differences))


def _golden_arrays(path: Path) -> dict[str, NDArray[Any]]:
    golden = np.load(BytesIO(read_bounded(path, MAX_GOLDEN_BYTES)))
    if not isinstance(golden, np.lib.npyio.NpzFile):
        raise ValueError("it is not an archive of arrays")
    with golden:
        return {name: golden[name] for name in golden.files}


def _cases(shapes: dict[str, tuple[int, ...]], arrays: dict[str, NDArray[Any]]) -> int:
    """How many cases there are, once all arrays are seen to be numbers in the right shape.

    Raises:
        ValueError: If they are not, or there is none: nothing would be proven.
    """
    counts = set()
    for name, shape in shapes.items():
        values = arrays[name]
        if values.shape[1:] != shape or values.dtype.kind not in "fiu":
            raise ValueError(f"{name} is {values.dtype} of shape {values.shape}")
        counts.add(len(values))
    if len(counts) != 1 or not min(counts):
        raise ValueError("it does not hold the same cases of every tensor")
    return min(counts)
