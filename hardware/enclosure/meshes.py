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


def put_in_order(path: Path) -> None:
    """Write the triangles of an STL file in the one order that they have.

    The CAD kernel sorts them by its mood, and cuts a rectangle along one diagonal or the other.
    """
    data = path.read_bytes()
    facets = np.frombuffer(data, _FACET, offset=_HEADER + 4).copy()
    _cut_rectangles_alike(facets["corners"])
    corners = facets["corners"]
    # Each begins with its least corner and goes round as before.
    least = np.array([min(range(3), key=lambda at: tuple(facet[at])) for facet in corners])
    round_from = (least[:, None] + np.arange(3)) % 3
    corners = np.take_along_axis(corners, round_from[:, :, None], axis=1)
    facets["corners"] = corners
    facets["normal"] = np.round(_normals(corners), 5) + 0.0
    facets = facets[np.lexsort(corners.reshape(-1, 9).T[::-1])]
    path.write_bytes(data[: _HEADER + 4] + facets.tobytes())


def _cut_rectangles_alike(corners: NDArray[np.float32]) -> None:
    """Cut what two triangles are by themselves, a rectangle, from its least corner."""
    normals = _normals(corners)
    sharing: dict[frozenset[tuple[float, ...]], list[int]] = {}
    for number, facet in enumerate(corners):
        points = [tuple(point.tolist()) for point in facet]
        for at in range(3):
            sharing.setdefault(frozenset((points[at - 1], points[at])), []).append(number)
    neighbours: dict[int, list[tuple[int, frozenset[tuple[float, ...]]]]] = {}
    for edge, pair in sharing.items():
        if len(pair) == 2 and normals[pair[0]] @ normals[pair[1]] > 1 - 1e-6:
            for one, other in (pair, pair[::-1]):
                neighbours.setdefault(one, []).append((other, edge))
    for one, found in neighbours.items():
        other, edge = found[0]
        if len(found) != 1 or len(neighbours[other]) != 1 or other < one:
            continue
        mine = [tuple(point.tolist()) for point in corners[one]]
        (across,) = {tuple(point.tolist()) for point in corners[other]} - edge
        after = next(at for at in range(3) if mine[at] not in edge)
        # Round the rectangle: the free corner, along, the other's free corner, back.
        outline = [mine[after], mine[after - 2], across, mine[after - 1]]
        first = outline.index(min(outline))
        a, b, c, d = outline[first:] + outline[:first]
        corners[one], corners[other] = (a, b, c), (a, c, d)


def _normals(corners: NDArray[np.float32]) -> NDArray[np.float64]:
    """(triangles, 3), of length 1."""
    wide = corners.astype(np.float64)
    across = np.cross(wide[:, 1] - wide[:, 0], wide[:, 2] - wide[:, 0])
    lengths = np.linalg.norm(across, axis=1, keepdims=True)
    return np.asarray(across / np.maximum(lengths, 1e-12), dtype=np.float64)


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
