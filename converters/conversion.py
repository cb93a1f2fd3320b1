"""What every kind of conversion gives, before it is written and checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from numpy.typing import NDArray

from firmware.inference.manifest import Manifest


class Precision(StrEnum):
    """What the numbers of a converted network are."""

    INT8 = "int8"  # weights and activations
    WEIGHTS = "weights"  # int8 weights, float activations
    HALF = "half"  # weights in half precision, float activations
    FLOAT = "float"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """A trained model as the device will have it.

    Attributes:
        content: The flatbuffer.
        manifest: Its description.
        golden: Arrays to replay.
        finding: How far it is from the trained model, in words.
    """

    content: bytes
    manifest: Manifest
    golden: Mapping[str, NDArray[Any]]
    finding: str
