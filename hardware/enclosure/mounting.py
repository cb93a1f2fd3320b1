"""The Raspberry Pi in its corner: turned, moved to the walls, with openings for its sockets."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from hardware.enclosure.geometry import Volume, cylinder
from hardware.enclosure.parts import SOUND_MODULE
from hardware.enclosure.printing import FLOOR_MM, STANDOFF_MM, WALL_MM
from hardware.enclosure.raspberry_pi import BOARD_MM, Edge, Port, RaspberryPi

Span = tuple[float, float]


class Wall(StrEnum):
    """A wall of the shell that has openings."""

    RIGHT = "right"
    BACK = "back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Socket:
    """An opening of a wall.

    Attributes:
        name: What is behind it.
        wall: Which wall.
        opening: From where to where along the wall.
        height: Lowest and highest point of the opening.
        along: From where to where what is behind it reaches, along the wall.
        face: Where it ends, across the wall: x or y.
        lets_plug_in: Whether the whole plug goes into the opening.
        round: Whether the opening is.
    """

    name: str
    wall: Wall
    opening: Span
    height: Span
    along: Span
    face: float
    lets_plug_in: bool
    round: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A Raspberry Pi in the box.

    Attributes:
        pi: Which.
        right: Largest x of its board.
        back: Largest y of its board.
    """

    pi: RaspberryPi
    right: float
    back: float

    @property
    def top(self) -> float:
        """Height of the board's upper side."""
        return FLOOR_MM + self.pi.standoff_mm + BOARD_MM

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of its drawing is in the box."""
        if self.pi.turned == 180:
            return self.right - x, self.back - y
        # A quarter turn: the long edge on the right, the end with USB behind.
        return self.right - y, self.back - self.pi.size_mm[0] + x

    def area(self, x: Span, y: Span) -> tuple[Span, Span]:
        """Where a rectangle of its drawing is in the box: from and to in x, and in y."""
        (x0, y0), (x1, y1) = self.at(x[0], y[0]), self.at(x[1], y[1])
        return (min(x0, x1), max(x0, x1)), (min(y0, y1), max(y0, y1))

    def board(self) -> Volume:
        """The circuit board."""
        x, y = self.area((0.0, self.pi.size_mm[0]), (0.0, self.pi.size_mm[1]))
        return Volume(name=self.pi.name, x=x, y=y, z=(self.top - BOARD_MM, self.top))

    def bulks(self) -> Iterator[Volume]:
        """The board and what stands on it."""
        yield self.board()
        for bulk in self.pi.bulks:
            x, y = self.area(bulk.x, bulk.y)
            z = (self.top, self.top + bulk.height_mm)
            yield Volume(name=f"{bulk.name} ({self.pi.name})", x=x, y=y, z=z)


def place(pi: RaspberryPi, size: tuple[float, float, float]) -> Placed:
    """A Raspberry Pi at the right and back walls of a box of some size."""
    right, back = pi.gaps_mm
    return Placed(pi=pi, right=size[0] - WALL_MM - right, back=size[1] - WALL_MM - back)


def standing(placed: Placed) -> Iterator[Volume]:
    """The standoffs."""
    for x, y in placed.pi.holes_mm:
        z = (FLOOR_MM, FLOOR_MM + placed.pi.standoff_mm)
        yield cylinder("a standoff", placed.at(x, y), STANDOFF_MM, z)


def sockets(
    placed: Placed, tray: Volume | None, size: tuple[float, float, float]
) -> Iterator[Socket]:
    """The openings for the sockets of a Raspberry Pi, and of a sound converter behind."""
    for port in placed.pi.ports:
        yield _socket(placed, port)
    if tray is not None:
        x = tray.middle[0]
        z = FLOOR_MM + 3.0 + SOUND_MODULE.jack_mm
        yield Socket(
            name="sound",
            wall=Wall.BACK,
            opening=(x - 5.0, x + 5.0),
            height=(z - 5.0, z + 5.0),
            along=(x - 3.0, x + 3.0),
            face=size[1] - WALL_MM - 0.4,
            lets_plug_in=True,
            round=True,
        )


def _socket(placed: Placed, port: Port) -> Socket:
    long, deep = placed.pi.size_mm
    if port.edge is Edge.LONG:
        x, y = placed.area(port.along_mm, (-port.overhang_mm, deep))
        ox, oy = placed.area(port.opening_mm, (0.0, 0.0))
    else:
        x, y = placed.area((-port.overhang_mm, long + port.overhang_mm), port.along_mm)
        ox, oy = placed.area((0.0, 0.0), port.opening_mm)
    z = (placed.top + port.opening_height_mm[0], placed.top + port.opening_height_mm[1])
    back = (port.edge is Edge.LONG) == (placed.pi.turned == 180)
    socket = Socket(
        name=port.name,
        wall=Wall.BACK,
        opening=ox,
        height=z,
        along=x,
        face=y[1],
        lets_plug_in=port.edge is Edge.LONG,
    )
    return socket if back else replace(socket, wall=Wall.RIGHT, opening=oy, along=y, face=x[1])
