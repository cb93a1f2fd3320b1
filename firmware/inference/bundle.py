"""Bundles: a folder with a model, its manifest and golden arrays, checked before use."""

import hashlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from firmware.errors import (
    BundleError,
    BundleFingerprintError,
    BundleHashError,
    BundleTensorError,
)
from firmware.inference.band import LoadedBand
from firmware.inference.manifest import Manifest, read_bounded, read_manifest
from firmware.inference.ring import RingModel
from firmware.inference.runtime import RUNTIMES, InterpreterModel, LoadedModel
from firmware.music.band import BAND_ENCODING, BandSpec
from firmware.music.encoding import CHORALE_ENCODING, EncodingSpec
from firmware.music.tokens import TOKEN_ENCODING, TokenSpec

MODEL_FILE = "model.tflite"
MANIFEST_FILE = "manifest.json"
GOLDEN_FILE = "golden.npz"
MAX_MODEL_BYTES: Final = 256 * 1024 * 1024
MAX_GOLDEN_BYTES: Final = 64 * 1024 * 1024
"""Larger files are not for this instrument."""

ENCODINGS: dict[str, EncodingSpec | TokenSpec | BandSpec] = {
    spec.name: spec for spec in (CHORALE_ENCODING, TOKEN_ENCODING, BAND_ENCODING)
}
_MUSIC: Final = {
    CHORALE_ENCODING.name: "a piano roll of chorales",
    TOKEN_ENCODING.name: "tokens",
    BAND_ENCODING.name: "the rolls of a band",
}


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

    def load(self, *, threads: int = 1, runtime: str | None = None) -> LoadedModel:
        """Make a model of it, of whichever kind it is.

        Args:
            threads: Threads of the interpreter.
            runtime: One of `RUNTIMES`, or None for the first that is installed.

        Raises:
            ModelRuntimeError: If no runtime is installed or the model does not load.
            BundleTensorError: If its tensors are not the manifest's.
        """
        kinds: dict[str, Callable[..., LoadedModel]] = {
            CHORALE_ENCODING.name: self.load_grid,
            TOKEN_ENCODING.name: self.load_ring,
            BAND_ENCODING.name: self.load_band,
        }
        return kinds[self.manifest.encoding](threads=threads, runtime=runtime)

    def load_grid(self, *, threads: int = 1, runtime: str | None = None) -> InterpreterModel:
        """See `load`; refuses a model that is not of chorales with a BundleTensorError."""
        self._check_reads(CHORALE_ENCODING.name)
        return InterpreterModel(self.content, self.manifest, threads=threads, runtime=runtime)

    def load_ring(self, *, threads: int = 1, runtime: str | None = None) -> RingModel:
        """See `load`; refuses a model that is not of tokens with a BundleTensorError."""
        self._check_reads(TOKEN_ENCODING.name)
        return RingModel(self.content, self.manifest, threads=threads, runtime=runtime)

    def load_band(self, *, threads: int = 1, runtime: str | None = None) -> LoadedBand:
        """See `load`; refuses a model that is not of a band with a BundleTensorError."""
        self._check_reads(BAND_ENCODING.name)
        return LoadedBand(self.content, self.manifest, threads=threads, runtime=runtime)

    def _check_reads(self, encoding: str) -> None:
        if self.manifest.encoding != encoding:
            raise BundleTensorError(
                f"{self.manifest.name} reads {_MUSIC[self.manifest.encoding]}, "
                f"not {_MUSIC[encoding]}"
            )


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What became of a bundle's golden inputs.

    Attributes:
        difference: Largest absolute difference of an output, in real units; not a number where
            an output or a golden array is none.
        allowed: What it may be on this runtime.
    """

    difference: float
    allowed: float

    @property
    def passed(self) -> bool:
        """Whether the bundle says here what it said when it was made."""
        return self.difference <= self.allowed  # never true of what is no number


def replay_golden(bundle: Bundle, *, runtime: str | None = None) -> Replay:
    """Run the golden inputs and compare the outputs.

    Raises:
        BundleError: If the golden file is missing, damaged or empty, or holds other tensors.
    """
    model = bundle.load(runtime=runtime)
    try:
        difference = model.replay(_golden_arrays(bundle.folder / GOLDEN_FILE))
    except (OSError, EOFError, ValueError, KeyError, MemoryError, BadZipFile, zlib.error) as error:
        raise BundleError(
            f"{bundle.manifest.name} has no usable {GOLDEN_FILE}: {error}",
            remedy="copy the bundle again",
        ) from error
    leeway = RUNTIMES[model.runtime].leeway
    return Replay(difference=difference, allowed=leeway * bundle.manifest.golden_tolerance)


def _golden_arrays(path: Path) -> dict[str, NDArray[Any]]:
    golden = np.load(BytesIO(read_bounded(path, MAX_GOLDEN_BYTES)))
    if not isinstance(golden, np.lib.npyio.NpzFile):
        raise ValueError("it is not an archive of arrays")
    with golden:
        return {name: golden[name] for name in golden.files}
