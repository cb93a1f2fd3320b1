"""Rounded boxes that stand upright, and the distance between two of them: all that a fit needs."""

import math
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """A box whose upright edges are rounded; with no width and depth of its own, a cylinder.

    Attributes:
        name: What it is called in a sentence.
        x: Smallest and largest x, without the rounding.
        y: Smallest and largest y, without the rounding.
        z: Lowest and highest z.
        radius: What the rounding adds on every side, seen from above.
    """

    name: str
    x: tuple[float, float]
    y: tuple[float, float]
    z: tuple[float, float]
    radius: float = 0.0

    @property
    def left(self) -> float:
        """Smallest x with the rounding."""
        return self.x[0] - self.radius

    @property
    def right(self) -> float:
        """Largest x with the rounding."""
        return self.x[1] + self.radius

    @property
    def front(self) -> float:
        """Smallest y with the rounding."""
        return self.y[0] - self.radius

    @property
    def back(self) -> float:
        """Largest y with the rounding."""
        return self.y[1] + self.radius

    @property
    def middle(self) -> tuple[float, float]:
        """Its middle, seen from above."""
        return sum(self.x) / 2, sum(self.y) / 2

    @property
    def size(self) -> tuple[float, float, float]:
        """Width, depth and height, with the rounding."""
        return self.right - self.left, self.back - self.front, self.z[1] - self.z[0]

    def gap_seen_from_above(self, other: "Volume") -> float:
        """Distance in plan; 0 or less where one lies over the other."""
        apart = math.hypot(_apart(self.x, other.x), _apart(self.y, other.y))
        return apart - self.radius - other.radius

    def gap(self, other: "Volume") -> float:
        """Distance in space; 0 where they touch or overlap."""
        return math.hypot(max(0.0, self.gap_seen_from_above(other)), _apart(self.z, other.z))

    def grown(self, by: float) -> "Volume":
        """The same, wider and deeper by twice `by`."""
        return replace(self, radius=self.radius + by)


def block(
    name: str,
    middle: tuple[float, float],
    size: tuple[float, float],
    z: tuple[float, float] = (0.0, 0.0),
) -> Volume:
    """A box with sharp edges around a middle."""
    (x, y), (width, depth) = middle, size
    return Volume(
        name=name, x=(x - width / 2, x + width / 2), y=(y - depth / 2, y + depth / 2), z=z
    )


def cylinder(
    name: str, middle: tuple[float, float], diameter: float, z: tuple[float, float] = (0.0, 0.0)
) -> Volume:
    """An upright cylinder."""
    x, y = middle
    return Volume(name=name, x=(x, x), y=(y, y), z=z, radius=diameter / 2)


def _apart(one: tuple[float, float], other: tuple[float, float]) -> float:
    return max(0.0, other[0] - one[1], one[0] - other[1])
