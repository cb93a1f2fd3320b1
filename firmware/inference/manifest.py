"""`manifest.json`: what a bundle says about itself, checked field by field when it is read."""

import errno
import json
import math
import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Self

from firmware.errors import BundleSchemaError
from firmware.parameters import PARAMETERS_BY_KEY, Parameters, Technique

SCHEMA_VERSION = 3
MAX_BYTES: Final = 1024 * 1024
"""A larger file is no manifest, whatever else it is."""


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
class Signature:
    """One way in which a model can be run.

    Attributes:
        name: Its key in the model file.
        inputs: What it takes.
        outputs: What it gives.
    """

    name: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]


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
        signatures: The ways in which the model can be run.
        sha256: Of `model.tflite`, in hexadecimal.
        parameters: Number of trained weights.
        mmac: Millions of multiply-accumulates a pass.
        training: Where the weights come from.
        quality: Measured figures, by the keys that `python -m training evaluate` prints.
        golden_tolerance: Largest absolute difference from the golden outputs, in real units, on
            the runtime that made them.
        serves: Values of the technique's parameters, by `ParameterSpec.key`, that it is for; for
            all values of those that are not named. Where a network tells values apart by
            number, as the band's do with genres, this is their order.
        habits: Of a band, by genre: see `firmware.inference.band_habits`. Of a model of tokens:
            see `firmware.inference.recall.TokenHabits`.
    """

    schema: int
    name: str
    title: str
    technique: Technique
    architecture: str
    genre: str
    encoding: str
    fingerprint: str
    signatures: tuple[Signature, ...]
    sha256: str
    parameters: int
    mmac: float
    training: Provenance
    golden_tolerance: float
    quality: Mapping[str, Any] = field(default_factory=dict)
    serves: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    habits: Mapping[str, Any] = field(default_factory=dict)

    def is_for(self, parameters: Parameters) -> bool:
        """Whether it serves a technique with these values."""
        return self.technique is parameters.technique and all(
            parameters[key] in values for key, values in self.serves.items()
        )

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
        if type(raw.get("schema")) is not int or raw["schema"] != SCHEMA_VERSION:
            raise BundleSchemaError(
                f"the manifest has schema {raw.get('schema')!r}, "
                f"this firmware reads {SCHEMA_VERSION}",
                remedy="convert the model again with matching converters",
            )
        try:
            return cls(**_checked(_values(cls, raw)))
        except ValueError as error:
            raise BundleSchemaError(
                f"the manifest is incomplete or wrong: {error}", remedy="convert the model again"
            ) from error


def read_manifest(path: Path) -> Manifest:
    """Read a bundle folder's manifest.

    Raises:
        BundleSchemaError: If it is missing or unreadable.
    """
    try:
        return Manifest.from_json(read_bounded(path, MAX_BYTES).decode())
    except (OSError, UnicodeDecodeError) as error:
        raise BundleSchemaError(
            f"{path.parent.name} has no readable manifest.json",
            remedy="a bundle is a folder with model.tflite, manifest.json and golden.npz",
        ) from error


def read_bounded(path: Path, limit: int) -> bytes:
    """A regular file's content.

    Raises:
        OSError: If it cannot be read, is larger than the limit (bytes) or no regular file: a pipe
            would keep the reader waiting, a device would fill the memory.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode) or state.st_size > limit:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
    except BaseException:
        os.close(descriptor)
        raise
    with os.fdopen(descriptor, "rb") as file:
        return file.read(limit)


def _values(cls: type, raw: object) -> dict[str, Any]:
    """Read a JSON object as the arguments of a dataclass, by its table of kinds.

    Raises:
        ValueError: If a field is unknown, missing or of another kind; the sentence names it.
    """
    if not isinstance(raw, dict):
        raise ValueError(f"{raw!r:.80} is not an object")
    kinds = _KINDS[cls]
    unknown = raw.keys() - kinds.keys()
    if unknown:
        raise ValueError(f"unknown field {min(unknown)!r}")
    values: dict[str, Any] = {}
    for entry in fields(cls):
        if entry.name in raw:
            try:
                values[entry.name] = kinds[entry.name](raw[entry.name])
            except ValueError as error:
                raise ValueError(f"{entry.name}: {error}") from error
        elif entry.default_factory is MISSING:
            raise ValueError(f"{entry.name} is missing")
    return values


def _checked(values: dict[str, Any]) -> dict[str, Any]:
    """A manifest's values, once what it serves is seen to be parameters of its technique.

    Raises:
        ValueError: If it is not.
    """
    technique = values["technique"]
    for key, served in values.get("serves", {}).items():
        spec = PARAMETERS_BY_KEY.get(key)
        if spec is None or technique not in spec.techniques:
            raise ValueError(f"serves: {technique} has no parameter {key!r:.80}")
        for value in served:
            if spec.checked(value) != value:
                raise ValueError(f"serves: {key} is never written {value!r:.80}")
    return values


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise ValueError(f"{value!r:.80} is not a line of text")
    return value


def _whole(low: float) -> Callable[[object], int]:
    def read(value: object) -> int:
        if type(value) is not int or not low <= value < 2**63:
            raise ValueError(f"{value!r:.80} is not a whole number it can be")
        return value

    return read


def _number(value: object) -> float:
    """A finite number that is not negative, as the file has it."""
    if type(value) not in (int, float) or not 0 <= value < math.inf:  # type: ignore[operator]
        raise ValueError(f"{value!r:.80} is not a number it can be")
    return value  # type: ignore[return-value]


def _object(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{value!r:.80} is not an object")
    json.dumps(value, allow_nan=False)  # what others cannot read is not passed on
    return value


def _served(value: object) -> Mapping[str, tuple[str, ...]]:
    if not isinstance(value, dict):
        raise ValueError(f"{value!r:.80} is not an object")
    read = _each(_text)
    found = {_text(key): read(values) for key, values in value.items()}
    if any(not values or len(set(values)) < len(values) for values in found.values()):
        raise ValueError(f"{value!r:.80} does not name one or more values, each once")
    return found


def _each(read: Callable[[object], Any]) -> Callable[[object], tuple[Any, ...]]:
    def read_all(value: object) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise ValueError(f"{value!r:.80} is not a list")
        return tuple(read(entry) for entry in value)

    return read_all


def _part(cls: type) -> Callable[[object], Any]:
    return lambda value: cls(**_values(cls, value))


_KINDS: Mapping[type, Mapping[str, Callable[[object], Any]]] = MappingProxyType(
    {
        TensorSpec: {
            "name": _text,
            "shape": _each(_whole(1)),
            "dtype": _text,
            "scale": _number,
            "zero_point": _whole(-math.inf),
        },
        Signature: {
            "name": _text,
            "inputs": _each(_part(TensorSpec)),
            "outputs": _each(_part(TensorSpec)),
        },
        Corpus: {"name": _text, "licence": _text, "source": _text},
        Provenance: {
            "corpora": _each(_part(Corpus)),
            "revision": _text,
            "seed": _whole(0),
            "steps": _whole(0),
            "backend": _text,
        },
        Manifest: {
            "schema": _whole(0),
            "name": _text,
            "title": _text,
            "technique": lambda value: Technique(_text(value)),
            "architecture": _text,
            "genre": _text,
            "encoding": _text,
            "fingerprint": _text,
            "signatures": _each(_part(Signature)),
            "sha256": _text,
            "parameters": _whole(0),
            "mmac": _number,
            "training": _part(Provenance),
            "golden_tolerance": _number,
            "quality": _object,
            "serves": _served,
            "habits": _object,
        },
    }
)
