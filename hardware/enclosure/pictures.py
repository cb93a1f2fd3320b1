"""What the pictures show: the printed parts, with what is bought drawn as simple bodies."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

import numpy as np
from PIL import Image

from hardware.enclosure.geometry import Volume, block, cylinder
from hardware.enclosure.layout import Control, Layout
from hardware.enclosure.meshes import Triangles, prism
from hardware.enclosure.parts import BUTTON, ENCODER, LED, POTENTIOMETER, PanelPart
from hardware.enclosure.printing import ENGRAVING_MM, FLOOR_MM, RECESS_MM, SCREW_HEAD_MM
from hardware.enclosure.raspberry_pi import Edge
from hardware.enclosure.render import Body, Colour, render

SHELL: Colour = (0.42, 0.46, 0.52)
PANEL: Colour = (0.90, 0.88, 0.83)
METAL: Colour = (0.74, 0.75, 0.78)
BOARD: Colour = (0.20, 0.47, 0.33)
DARK: Colour = (0.16, 0.16, 0.18)
BLUE: Colour = (0.19, 0.32, 0.55)
LIT: Colour = (0.55, 0.83, 0.95)
RED: Colour = (0.80, 0.27, 0.22)
AMBER: Colour = (0.90, 0.62, 0.18)

SIZE, TALL = (1400, 1000), (1400, 1340)
LIFT_MM = 120.0
"""How far the panel floats over the shell in the exploded picture."""

CAPS: Mapping[str, Colour] = MappingProxyType(
    {"buttons.record": RED, "leds.record": RED, "leds.work": AMBER}
)


def exploded(layout: Layout, parts: Mapping[str, Triangles]) -> Image.Image:
    """All parts, one over the other.

    Args:
        layout: Of the box.
        parts: The printed `shell`, `panel` and `clamp`, where they are in the box.
    """
    bodies = [
        Body(triangles=parts["shell"], colour=SHELL),
        *_electronics(layout),
        *_moved([Body(triangles=parts["clamp"], colour=SHELL)], LIFT_MM * 0.36),
        *_moved(_display(layout), LIFT_MM * 0.54),
        *_moved(_panel(layout, parts["panel"]), LIFT_MM),
        *_moved(_controls(layout), LIFT_MM + 26),
        *_moved(_screws(layout), LIFT_MM + 26),
    ]
    return render(bodies, azimuth=22, elevation=24, size=TALL)


def assembled(
    layout: Layout, parts: Mapping[str, Triangles], *, azimuth: float, elevation: float
) -> Image.Image:
    """The finished box, seen from somewhere."""
    bodies = [
        Body(triangles=parts["shell"], colour=SHELL),
        *_panel(layout, parts["panel"]),
        *_electronics(layout),
        *_display(layout),
        *_controls(layout),
        *_screws(layout),
    ]
    return render(bodies, azimuth=azimuth, elevation=elevation, size=SIZE)


def _moved(bodies: Iterator[Body] | list[Body], up: float) -> Iterator[Body]:
    for body in bodies:
        yield Body(triangles=body.triangles + np.array([0.0, 0.0, up]), colour=body.colour)


def _panel(layout: Layout, triangles: Triangles) -> Iterator[Body]:
    """The panel, its letters filled with paint."""
    front = layout.size[2]
    height = triangles[..., 2]
    floor = np.abs(height - (front - ENGRAVING_MM)).max(axis=1) < 0.01
    yield Body(triangles=triangles[~floor], colour=PANEL)
    yield Body(triangles=triangles[floor], colour=DARK)


def _screws(layout: Layout) -> Iterator[Body]:
    front = layout.size[2]
    for boss in layout.bosses:
        head = cylinder("", boss.middle, SCREW_HEAD_MM - 0.8, (front - 1.2, front - 0.2))
        yield Body(triangles=prism(head), colour=METAL)


def _electronics(layout: Layout) -> Iterator[Body]:
    pi = layout.pi
    yield Body(triangles=prism(pi.board()), colour=BOARD)
    for bulk in pi.pi.bulks:
        if "header" in bulk.name:
            x, y = pi.area(bulk.x, bulk.y)
            header = Volume(name=bulk.name, x=x, y=y, z=(pi.top, pi.top + 8.5))
            yield Body(triangles=prism(header), colour=DARK)
    for socket in layout.sockets:
        for volume in _socket_bodies(layout, socket.name):
            yield Body(triangles=prism(volume), colour=METAL)
    for hollow in _hollows(layout):
        yield Body(triangles=prism(hollow), colour=DARK)
    if layout.tray is not None:
        z = (FLOOR_MM + 3.0, FLOOR_MM + 4.6)
        board = Volume(name="", x=layout.tray.x, y=layout.tray.y, z=z)
        yield Body(triangles=prism(board), colour=BLUE)
        at = (layout.tray.middle[0], layout.tray.y[1] - 6.0)
        jack = block("", at, (6.0, 12.0), (z[1], z[1] + 5.0))
        yield Body(triangles=prism(jack), colour=DARK)


def _socket_bodies(layout: Layout, name: str) -> Iterator[Volume]:
    pi = layout.pi
    long = pi.pi.size_mm[0]
    for port in pi.pi.ports:
        if port.name != name or port.name == "memory card":
            continue
        z = (pi.top + port.height_mm[0], pi.top + port.height_mm[1])
        low, high = port.along_mm
        if port.edge is Edge.LONG:
            # Two sockets behind one opening are drawn apart.
            pieces = [(low, low + 7.5), (high - 7.5, high)] if high - low > 14 else [(low, high)]
            for piece in pieces:
                x, y = pi.area(piece, (-port.overhang_mm, 6.0))
                yield Volume(name=name, x=x, y=y, z=z)
        else:
            x, y = pi.area((long - 17.0, long + port.overhang_mm), (low + 0.6, high - 0.6))
            yield Volume(name=name, x=x, y=y, z=z)


def _hollows(layout: Layout) -> Iterator[Volume]:
    """The fronts of USB, two over each other, and of Ethernet, as on the Raspberry Pi 4."""
    pi = layout.pi
    for port in pi.pi.ports:
        if port.edge is not Edge.END:
            continue
        two = not port.name.startswith("Ethernet")
        heights = ((1.8, 7.0), (9.2, 14.4)) if two else ((1.5, 11.5),)
        middle, half = sum(port.along_mm) / 2, 6.2 if two else 5.8
        out = pi.pi.size_mm[0] + port.overhang_mm
        x, y = pi.area((out - 1.0, out + 0.05), (middle - half, middle + half))
        for low, high in heights:
            yield Volume(name=port.name, x=x, y=y, z=(pi.top + low, pi.top + high))


def _display(layout: Layout) -> Iterator[Body]:
    screen, front = layout.screen, layout.under_panel + RECESS_MM
    wide, high, thick = screen.module.board_mm
    glass = screen.module.glass_mm
    middle = screen.window.middle
    back = front - glass[2]
    board = block("", middle, (wide, high), (back - thick, back))
    yield Body(triangles=prism(board), colour=BLUE)
    yield Body(triangles=prism(block("", middle, glass[:2], (back, front))), colour=DARK)
    lit = block("", middle, screen.module.lit_mm, (front, front + 0.05))
    yield Body(triangles=prism(lit), colour=LIT)


def _controls(layout: Layout) -> Iterator[Body]:
    for control in layout.controls:
        yield from _control(control, layout.size[2])


def _control(control: Control, front: float) -> Iterator[Body]:
    part, middle = control.part, control.middle
    diameter, tall = part.cap_mm
    colour = CAPS.get(control.name, DARK)
    if part in (ENCODER, POTENTIOMETER):
        yield Body(
            triangles=prism(cylinder("", middle, diameter, (front + 2.0, front + tall))),
            colour=colour,
        )
        line = block("", (middle[0], middle[1] + diameter / 4), (1.2, diameter / 2 - 1))
        mark = Volume(name="", x=line.x, y=line.y, z=(front + tall, front + tall + 0.3))
        yield Body(triangles=prism(mark), colour=PANEL)
    elif part is BUTTON:
        yield from _button(part, middle, front, colour)
    elif part is LED:
        yield Body(
            triangles=prism(cylinder("", middle, diameter, (front, front + tall))), colour=colour
        )


def _button(
    part: PanelPart, middle: tuple[float, float], front: float, colour: Colour
) -> Iterator[Body]:
    rim = cylinder("", middle, part.cap_mm[0] - 2.0, (front, front + 2.0))
    yield Body(triangles=prism(rim), colour=METAL)
    cap = cylinder("", middle, part.cap_mm[0] - 6.0, (front + 2.0, front + 5.0))
    yield Body(triangles=prism(cap), colour=colour)
