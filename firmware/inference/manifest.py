"""`manifest.json`: what a bundle says about itself, checked field by field when it is read."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from firmware.errors import BundleSchemaError
from firmware.parameters import Technique

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorSpec:
    """One named tensor of a model.

    Attributes:
        name: Its name in the model's signature.
        shape: Every axis, batch included.
        dtype: numpy's name of the stored type.
        scale: Real value of one quantization step; 0.0 for a float tensor.
        zero_point: Stored value of the real 0.0.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    scale: float
    zero_point: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """Music that a model was trained on."""

    name: str
    licence: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where the weights come from.

    Attributes:
        corpora: What they were trained on, with licences.
        revision: Git revision of the training code.
        seed: Seed of the training.
        steps: Updates of the weights.
        backend: Keras backend that trained them.
    """

    corpora: tuple[Corpus, ...]
    revision: str
    seed: int
    steps: int
    backend: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A bundle's description.

    Attributes:
        schema: Version of this file format.
        name: The bundle's name, also its folder's.
        title: What the player reads.
        technique: Which technique it serves.
        architecture: The model's architecture.
        genre: Musical genre or style.
        encoding: Name of the `EncodingSpec`.
        fingerprint: `EncodingSpec.fingerprint()` at training time.
        inputs: The model's inputs.
        outputs: The model's outputs.
        sha256: Of `model.tflite`, in hexadecimal.
        parameters: Number of trained weights.
        mmac: Millions of multiply-accumulates a pass.
        training: Where the weights come from.
        quality: Measured figures, by the keys that `python -m training evaluate` prints.
        golden_tolerance: Largest absolute difference from the golden outputs, in real units.
    """

    schema: int
    name: str
    title: str
    technique: Technique
    architecture: str
    genre: str
    encoding: str
    fingerprint: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    sha256: str
    parameters: int
    mmac: float
    training: Provenance
    golden_tolerance: float
    quality: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """The file's text."""
        return json.dumps(asdict(self), indent=2, sort_keys=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read the file's text.

        Raises:
            BundleSchemaError: If it is no manifest of this schema; the sentence names the field.
        """
        try:
            raw = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise BundleSchemaError(f"the manifest is not JSON: {error}") from error
        if not isinstance(raw, dict):
            raise BundleSchemaError("the manifest is not a JSON object")
        if raw.get("schema") != SCHEMA_VERSION:
            raise BundleSchemaError(
                f"the manifest has schema {raw.get('schema')!r}, "
                f"this firmware reads {SCHEMA_VERSION}",
                remedy="convert the model again with matching converters",
            )
        try:
            known = _only_known(cls, raw)
            known["technique"] = Technique(known["technique"])
            known["inputs"] = tuple(_tensor(entry) for entry in known["inputs"])
            known["outputs"] = tuple(_tensor(entry) for entry in known["outputs"])
            training = _only_known(Provenance, known["training"])
            training["corpora"] = tuple(
                Corpus(**_only_known(Corpus, entry)) for entry in training["corpora"]
            )
            known["training"] = Provenance(**training)
            return cls(**known)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BundleSchemaError(f"the manifest is incomplete: {error}") from error


def read_manifest(path: Path) -> Manifest:
    """Read a bundle folder's manifest.

    Raises:
        BundleSchemaError: If it is missing or unreadable.
    """
    try:
        return Manifest.from_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BundleSchemaError(
            f"{path.parent.name} has no readable manifest.json",
            remedy="a bundle is a folder with model.tflite, manifest.json and golden.npz",
        ) from error


def _tensor(raw: Mapping[str, Any]) -> TensorSpec:
    known = _only_known(TensorSpec, raw)
    known["shape"] = tuple(int(axis) for axis in known["shape"])
    return TensorSpec(**known)


def _only_known(cls: type, raw: Mapping[str, Any]) -> dict[str, Any]:
    names = {entry.name for entry in fields(cls)}
    unknown = set(raw) - names
    if unknown:
        raise ValueError(f"unknown field {min(unknown)!r}")
    return dict(raw)
