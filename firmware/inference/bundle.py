"""Bundles: a folder with a model, its manifest and golden arrays, checked before use."""

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np

from firmware.errors import BundleError, BundleFingerprintError, BundleHashError
from firmware.inference.manifest import Manifest, read_manifest
from firmware.inference.runtime import InterpreterModel
from firmware.music.encoding import CHORALE_ENCODING, EncodingSpec

MODEL_FILE = "model.tflite"
MANIFEST_FILE = "manifest.json"
GOLDEN_FILE = "golden.npz"

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
        content = (folder / MODEL_FILE).read_bytes()
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

    Raises:
        BundleError: If the golden file is missing or holds other tensors.
    """
    model = bundle.load(runtime=runtime)
    try:
        with np.load(bundle.folder / GOLDEN_FILE) as golden:
            arrays = {name: golden[name] for name in golden.files}
        inputs = {t.name: arrays[f"input_{t.name}"] for t in bundle.manifest.inputs}
        outputs = {t.name: arrays[f"output_{t.name}"] for t in bundle.manifest.outputs}
    except (OSError, ValueError, KeyError) as error:
        raise BundleError(f"{bundle.manifest.name} has no usable {GOLDEN_FILE}: {error}") from error
    worst = 0.0
    for case in range(len(next(iter(inputs.values())))):
        found = model.run(**{name: values[case] for name, values in inputs.items()})
        for name, values in outputs.items():
            worst = max(worst, float(np.max(np.abs(found[name] - values[case]))))
    return worst
