"""Triangles: read from an STL file, or made for what is bought and only drawn."""

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firmware.errors import ConfigError
from hardware.enclosure.geometry import Volume

Triangles = NDArray[np.float64]
"""float64 of shape (triangles, corners = 3, axes = 3), in mm, counter-clockwise from outside."""

_FACET = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
_HEADER = 80


def read_stl(path: Path) -> Triangles:
    """Read a binary STL file.

    Raises:
        ConfigError: If it is none.
    """
    data = path.read_bytes()
    if len(data) < _HEADER + 4:
        raise ConfigError(f"{path} is no binary STL file")
    count = int.from_bytes(data[_HEADER : _HEADER + 4], "little")
    if len(data) != _HEADER + 4 + count * _FACET.itemsize:
        raise ConfigError(f"{path} is no binary STL file of {count} triangles")
    return np.frombuffer(data, _FACET, offset=_HEADER + 4)["corners"].astype(np.float64)


def volume_mm3(triangles: Triangles) -> float:
    """What a closed surface holds."""
    a, b, c = triangles[:, 0], triangles[:, 1], triangles[:, 2]
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6)


def is_closed(triangles: Triangles) -> bool:
    """Whether every edge joins two triangles, which run along it in opposite directions."""
    corners = np.round(triangles.reshape(-1, 3) * 1e4).astype(np.int64)
    numbers = np.unique(corners, axis=0, return_inverse=True)[1].reshape(-1, 3)
    ways = np.concatenate([numbers[:, [0, 1]], numbers[:, [1, 2]], numbers[:, [2, 0]]])
    there, back = ways[:, 0] * len(corners) + ways[:, 1], ways[:, 1] * len(corners) + ways[:, 0]
    return bool(np.array_equal(np.sort(there), np.sort(back)))


def prism(volume: Volume, *, sides: int = 40) -> Triangles:
    """The upright surface of a volume: a box, a cylinder, or a box with rounded edges."""
    outline = _outline(volume, sides)
    low, high = volume.z
    count = len(outline)
    bottom = np.column_stack([outline, np.full(count, low)])
    top = np.column_stack([outline, np.full(count, high)])
    after = np.roll(np.arange(count), -1)
    return np.concatenate(
        [
            np.stack([bottom, bottom[after], top[after]], axis=1),
            np.stack([bottom, top[after], top], axis=1),
            np.stack([np.broadcast_to(top[0], top[1:-1].shape), top[1:-1], top[2:]], axis=1),
            np.stack([np.broadcast_to(bottom[0], top[1:-1].shape), bottom[2:], bottom[1:-1]], 1),
        ]
    )


def _outline(volume: Volume, sides: int) -> Triangles:
    (x0, x1), (y0, y1), radius = volume.x, volume.y, volume.radius
    middles = ((x1, y1), (x0, y1), (x0, y0), (x1, y0))
    if radius == 0.0:
        return np.array(middles)
    points = []
    for quarter, (x, y) in enumerate(middles):
        for step in range(sides // 4 + 1):
            angle = math.pi / 2 * (quarter + step / (sides // 4))
            points.append((x + radius * math.cos(angle), y + radius * math.sin(angle)))
    return np.array(points)
