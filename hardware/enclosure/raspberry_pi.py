"""The Raspberry Pis, as their mechanical drawings have them: x along the long edge, y = 0 there.

Reference:
    https://datasheets.raspberrypi.com/rpi4/raspberry-pi-4-mechanical-drawing.pdf
    https://datasheets.raspberrypi.com/rpi5/raspberry-pi-5-mechanical-drawing.pdf
    https://datasheets.raspberrypi.com/rpizero2/raspberry-pi-zero-2-w-mechanical-drawing.pdf
    What the drawings leave out (how far a socket stands out, the card slot, how thick the board
    is) is measured by others, ± 0.5 mm.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

BOARD_MM = 1.4
"""Thickness of the circuit board; calipers say 1.4 to 1.6."""

PLUGGED_HEADER_MM = 22.0
"""From the board to the bend of a wire: 2.5 mm of header, a 14 mm housing, the bend."""


class Edge(StrEnum):
    """An edge of the board, as it lies in the drawing."""

    LONG = "long"  # y = 0: supply and video
    END = "end"  # largest x: USB and Ethernet
    START = "start"  # x = 0: the memory card


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """One or more sockets that share an opening of the wall.

    Attributes:
        name: What it is called.
        edge: Where it is.
        along_mm: From where to where along the edge the sockets reach, on every model.
        height_mm: Lowest and highest point over the top of the board.
        overhang_mm: How far the socket stands out over the edge, at most.
        opening_mm: From where to where along the edge the opening reaches.
        opening_height_mm: Lowest and highest point of the opening over the top of the board.
    """

    name: str
    edge: Edge
    along_mm: tuple[float, float]
    height_mm: tuple[float, float]
    overhang_mm: float
    opening_mm: tuple[float, float]
    opening_height_mm: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulk:
    """Room that something on the board takes.

    Attributes:
        name: What it is called.
        x: From where to where.
        y: From where to where.
        height_mm: Over the top of the board.
    """

    name: str
    x: tuple[float, float]
    y: tuple[float, float]
    height_mm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RaspberryPi:
    """One board outline, for the models that share it.

    Attributes:
        name: What it is called.
        size_mm: Along x and y.
        holes_mm: Middles of the mounting holes, for M2.5.
        standoff_mm: Height of the standoffs: what is soldered below has to have room.
        bulks: What stands on it.
        ports: Sockets that a player or maker reaches from outside.
        card_mm: Along the start edge: where the memory card sticks out.
        card_below: Whether the card is on the underside.
        turned: By how many degrees, counter-clockwise, it lies in the box.
        gaps_mm: Room between the board and the walls on the right and behind it.
    """

    name: str
    size_mm: tuple[float, float]
    holes_mm: tuple[tuple[float, float], ...]
    standoff_mm: float
    bulks: tuple[Bulk, ...]
    ports: tuple[Port, ...]
    card_mm: tuple[float, float]
    card_below: bool
    turned: int
    gaps_mm: tuple[float, float]


HOLES_58_49 = ((3.5, 3.5), (61.5, 3.5), (3.5, 52.5), (61.5, 52.5))
HOLES_58_23 = ((3.5, 3.5), (61.5, 3.5), (3.5, 26.5), (61.5, 26.5))
KEEP_OUT_MM = 5.8
"""Free of parts around each hole: 6.0 on the Raspberry Pi 4's drawing, 5.8 on the 5's."""

PI_4_OR_5 = RaspberryPi(
    name="Raspberry Pi 4 or 5",
    size_mm=(85.0, 56.0),
    holes_mm=HOLES_58_49,
    standoff_mm=5.0,
    bulks=(
        Bulk(name="the board with its cooler", x=(5.0, 69.0), y=(9.0, 49.0), height_mm=18.0),
        Bulk(name="the sockets at its long edge", x=(5.0, 69.0), y=(-2.5, 9.0), height_mm=6.5),
        Bulk(name="USB and Ethernet", x=(65.5, 88.0), y=(1.6, 54.0), height_mm=16.5),
        Bulk(name="the plugs on its header", x=(7.1, 57.9), y=(50.0, 55.0),
             height_mm=PLUGGED_HEADER_MM),
    ),
    # The two models have Ethernet at opposite ends: each opening lets either socket through.
    ports=(
        Port(name="USB-C supply", edge=Edge.LONG, along_mm=(6.7, 15.7), height_mm=(0.0, 3.3),
             overhang_mm=1.3, opening_mm=(4.7, 17.7), opening_height_mm=(-2.2, 5.4)),
        Port(name="micro-HDMI", edge=Edge.LONG, along_mm=(22.3, 43.2), height_mm=(0.0, 3.0),
             overhang_mm=0.8, opening_mm=(19.3, 46.2), opening_height_mm=(-2.8, 5.8)),
        Port(name="headphones of the Raspberry Pi 4", edge=Edge.LONG, along_mm=(50.5, 57.5),
             height_mm=(0.0, 6.0), overhang_mm=2.5, opening_mm=(49.3, 58.7),
             opening_height_mm=(-1.7, 7.7)),
        Port(name="USB or Ethernet", edge=Edge.END, along_mm=(1.65, 18.2), height_mm=(0.0, 16.0),
             overhang_mm=3.0, opening_mm=(1.25, 18.6), opening_height_mm=(-0.5, 16.6)),
        Port(name="USB", edge=Edge.END, along_mm=(20.43, 35.16), height_mm=(0.0, 16.0),
             overhang_mm=3.0, opening_mm=(20.03, 35.56), opening_height_mm=(-0.5, 16.6)),
        Port(name="Ethernet or USB", edge=Edge.END, along_mm=(37.99, 53.51), height_mm=(0.0, 16.0),
             overhang_mm=3.0, opening_mm=(37.6, 53.9), opening_height_mm=(-0.5, 16.6)),
    ),
    card_mm=(21.0, 34.0),
    card_below=True,
    turned=90,
    gaps_mm=(2.8, 0.8),
)  # fmt: skip

ZERO_2_W = RaspberryPi(
    name="Raspberry Pi Zero 2 W",
    size_mm=(65.0, 30.0),
    holes_mm=HOLES_58_23,
    standoff_mm=4.0,
    bulks=(
        Bulk(name="the board", x=(0.0, 65.0), y=(-1.2, 23.0), height_mm=5.0),
        Bulk(name="the plugs on its header", x=(7.1, 57.9), y=(24.0, 29.0),
             height_mm=PLUGGED_HEADER_MM),
    ),
    ports=(
        Port(name="mini-HDMI", edge=Edge.LONG, along_mm=(6.8, 18.0), height_mm=(0.0, 3.5),
             overhang_mm=0.8, opening_mm=(4.0, 20.8), opening_height_mm=(-2.9, 6.5)),
        Port(name="USB and supply", edge=Edge.LONG, along_mm=(37.4, 58.0), height_mm=(0.0, 3.0),
             overhang_mm=1.2, opening_mm=(35.0, 60.4), opening_height_mm=(-3.2, 5.8)),
        Port(name="memory card", edge=Edge.START, along_mm=(11.5, 23.9), height_mm=(0.0, 1.6),
             overhang_mm=3.0, opening_mm=(9.7, 25.7), opening_height_mm=(-3.2, 5.0)),
    ),
    card_mm=(12.2, 23.2),
    card_below=False,
    turned=180,
    gaps_mm=(0.8, 1.4),
)  # fmt: skip

OF_MODEL: Mapping[str, RaspberryPi] = MappingProxyType(
    {
        "Raspberry Pi 4": PI_4_OR_5,
        "Raspberry Pi 5": PI_4_OR_5,
        "Raspberry Pi Zero 2 W": ZERO_2_W,
    }
)
