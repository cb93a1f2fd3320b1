"""What an encoding is recognized by: in shards, runs, bundles and on the device."""

import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def fingerprint_of(spec: "DataclassInstance") -> str:
    """Sixteen hexadecimal digits that differ when any field of an encoding differs."""
    canonical = json.dumps(asdict(spec), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]
