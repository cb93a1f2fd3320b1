"""A small renderer: triangles to a picture, in NumPy alone, the same on every machine.

Orthographic, one light with a shadow, dark lines where surfaces meet or end.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hardware.enclosure.meshes import Triangles

Colour = tuple[float, float, float]
"""Red, green and blue, 0..1."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BACKGROUND: Colour = (0.97, 0.97, 0.96)
LINE_SHADE = 0.35
SHADOW_SHADE = 0.72
SHADOW_BIAS_MM = 1.2
"""What is nearer to the light by less is taken for the surface itself."""

FINER = 2
"""Each pixel is the mean of this many by this many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """Something in the picture.

    Attributes:
        triangles: Its surface.
        colour: Of it.
    """

    triangles: Triangles
    colour: Colour


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What is nearest in each pixel, from somewhere.

    Attributes:
        axes: Right, up and towards the viewer, as rows.
        depth: Of each pixel along the third axis, in mm; minus infinity where nothing is.
        triangle: Which is there, or -1.
        scale: Pixels per mm.
        offset: What the picture's lower left corner adds, in pixels.
    """

    axes: Floats
    depth: Floats
    triangle: Ints
    scale: float
    offset: Floats


def render(
    bodies: Sequence[Body], *, azimuth: float, elevation: float, size: tuple[int, int]
) -> Image.Image:
    """Draw bodies as large as they fit.

    Args:
        bodies: What to draw.
        azimuth: Degrees from the player's place, counter-clockwise seen from above.
        elevation: Degrees over the table.
        size: Width and height of the picture, pixels.
    """
    triangles = np.concatenate([body.triangles for body in bodies])
    owner = np.repeat(np.arange(len(bodies)), [len(body.triangles) for body in bodies])
    colours = np.array([body.colour for body in bodies])[owner]
    normals = _unit(np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]))

    fine = (size[0] * FINER, size[1] * FINER)
    seen = _look(triangles, _axes(azimuth, elevation), fine)
    lit = _look(triangles, _axes(azimuth - 38, 56), size)
    hit = seen.triangle >= 0
    which = seen.triangle[hit]
    brightness = 0.46 + 0.54 * np.clip(normals[which] @ lit.axes[2], 0, 1) ** 0.8
    brightness *= np.where(_in_shadow(seen, lit), SHADOW_SHADE, 1.0)
    image = np.broadcast_to(np.array(BACKGROUND), (*seen.depth.shape, 3)).copy()
    image[hit] = colours[which] * brightness[:, None]
    image[_lines(seen, normals, owner)] *= LINE_SHADE
    coarse = image.reshape(size[1], FINER, size[0], FINER, 3).mean(axis=(1, 3))
    return Image.fromarray(np.round(np.clip(coarse, 0, 1) * 255).astype(np.uint8), "RGB")


def _axes(azimuth: float, elevation: float) -> Floats:
    """Right, up and towards the viewer, as rows."""
    a, e = np.radians([azimuth, elevation])
    towards = np.array([np.sin(a) * np.cos(e), -np.cos(a) * np.cos(e), np.sin(e)])
    right = np.array([np.cos(a), np.sin(a), 0.0])
    return np.stack([right, np.cross(towards, right), towards])


def _look(triangles: Triangles, axes: Floats, size: tuple[int, int]) -> _Seen:
    """Rasterize, as large as the triangles fit."""
    flat = triangles @ axes.T
    low, high = flat[..., :2].min(axis=(0, 1)), flat[..., :2].max(axis=(0, 1))
    scale = float(min(np.array(size) * 0.94 / (high - low)))
    offset = np.array(size) / 2 - (low + high) / 2 * scale
    points = flat.copy()
    points[..., :2] = flat[..., :2] * scale + offset
    points[..., 1] = size[1] - points[..., 1]
    depth = np.full((size[1], size[0]), -np.inf)
    nearest = np.full((size[1], size[0]), -1, dtype=np.int64)
    (ux, uy), (vx, vy) = ((points[:, i, :2] - points[:, 0, :2]).T for i in (1, 2))
    turned = ux * vy - uy * vx
    for number in np.flatnonzero(turned < 0):  # rows count downwards: these face the viewer
        _fill(points[number], int(number), depth, nearest)
    return _Seen(axes=axes, depth=depth, triangle=nearest, scale=scale, offset=offset)


def _fill(corners: Floats, number: int, depth: Floats, nearest: Ints) -> None:
    """Put one triangle into the picture, row by row: slivers are long, and cover few pixels."""
    height, width = depth.shape
    low, high = corners[:, 1].min(), corners[:, 1].max()
    rows = np.arange(max(0, math.ceil(low - 0.5)), min(height - 1, math.floor(high - 0.5)) + 1)
    left, right = np.full(len(rows), -0.5), np.full(len(rows), width - 0.5)
    y = rows + 0.5
    (ax, ay, az), (bx, by, bz), (cx, cy, cz) = corners.tolist()
    for (px, py), (qx, qy) in (((ax, ay), (bx, by)), ((bx, by), (cx, cy)), ((cx, cy), (ax, ay))):
        if py == qy:
            continue
        x = px + (y - py) * (qx - px) / (qy - py)
        # Seen counter-clockwise, what goes down the picture has the inside on its right.
        if qy > py:
            left = np.maximum(left, x)
        else:
            right = np.minimum(right, x)
    first = np.ceil(left - 0.5).astype(np.int64)
    counts = np.maximum(0, np.floor(right - 0.5).astype(np.int64) - first + 1)
    if not counts.any():
        return
    row = np.repeat(rows, counts)
    column = np.arange(len(row)) + np.repeat(first - (np.cumsum(counts) - counts), counts)
    area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    along_x = ((bz - az) * (cy - ay) - (cz - az) * (by - ay)) / area
    along_y = ((cz - az) * (bx - ax) - (bz - az) * (cx - ax)) / area
    z = az + along_x * (column + 0.5 - ax) + along_y * (row + 0.5 - ay)
    nearer = z > depth[row, column]
    row, column = row[nearer], column[nearer]
    depth[row, column] = z[nearer]
    nearest[row, column] = number


def _in_shadow(seen: _Seen, lit: _Seen) -> NDArray[np.bool_]:
    """Whether something is between a seen point and the light, for each pixel that shows one."""
    rows, columns = np.nonzero(seen.triangle >= 0)
    flat = np.stack([columns + 0.5, seen.depth.shape[0] - (rows + 0.5)], axis=1)
    depth = seen.depth[rows, columns]
    place = np.column_stack([(flat - seen.offset) / seen.scale, depth]) @ seen.axes
    from_light = place @ lit.axes.T
    pixel = from_light[:, :2] * lit.scale + lit.offset
    height, width = lit.depth.shape
    x = np.clip(pixel[:, 0].astype(int), 0, width - 1)
    y = np.clip((height - pixel[:, 1]).astype(int), 0, height - 1)
    return np.asarray(lit.depth[y, x] > from_light[:, 2] + SHADOW_BIAS_MM)


def _lines(seen: _Seen, normals: Floats, owner: Ints) -> NDArray[np.bool_]:
    """Where two neighbouring pixels show different bodies, a fold or a step."""
    lines = np.zeros(seen.depth.shape, dtype=bool)
    hit = seen.triangle >= 0
    which = np.where(hit, seen.triangle, 0)
    body = np.where(hit, owner[which], -1)
    facing = normals[which]
    depth = np.where(hit, seen.depth, -1e6)
    for axis in (0, 1):
        here, there = [slice(None)] * 2, [slice(None)] * 2
        here[axis], there[axis] = slice(None, -1), slice(1, None)
        a, b = tuple(here), tuple(there)
        folded = np.einsum("ijk,ijk->ij", facing[a], facing[b]) < 0.8
        step = np.abs(depth[a] - depth[b]) > 1.5 + 3.0 / seen.scale
        lines[a] |= (body[a] != body[b]) | ((folded | step) & hit[a] & hit[b])
    return lines


def _unit(vectors: Floats) -> Floats:
    long = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(long == 0, 1, long)
