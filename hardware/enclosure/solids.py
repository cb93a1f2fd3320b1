"""The printed parts as solids, in CadQuery: shell, panel and the display's clamp.

They stand where they are in the box. What is a fact about the box is in the layout; here is only
how it is cut.
"""

import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cadquery as cq

from hardware.enclosure.geometry import Volume
from hardware.enclosure.layout import Layout
from hardware.enclosure.lettering import Label
from hardware.enclosure.mounting import Socket, Wall
from hardware.enclosure.parts import LED, LED_FLANGE_MM
from hardware.enclosure.printing import (
    BOSS_MM,
    CORNER_MM,
    EDGE_MM,
    ENGRAVING_MM,
    FLOOR_MM,
    HOLE_SLACK_MM,
    INSERT_MM,
    MIN_WALL_MM,
    PILOT_MM,
    POCKET_MM,
    RIB_MM,
    SCREW_HEAD_MM,
    SCREW_HOLE_MM,
    WALL_MM,
)
from hardware.enclosure.things import lips, pocket

OVER_MM = 1.0
"""A tool stands out this far, so that no skin stays and what is joined really is."""

CLAMP_HOLE_MM = 2.9
LEDGE_MM = 2.5
TRAY_MM = (3.0, 5.5)
"""Height of the ledges under the sound converter, and of the frame around it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """What comes out of the printer, each where it is in the box.

    Attributes:
        shell: Floor and walls.
        panel: The front that the player sees.
        clamp: The bar behind the display.
        plain_panel: The panel before its labels are engraved, for whoever wants to change it.
    """

    shell: cq.Shape
    panel: cq.Shape
    clamp: cq.Shape
    plain_panel: cq.Shape


def build(layout: Layout) -> Printed:
    """Cut all parts of a layout."""
    plain = _panel(layout)
    return Printed(
        shell=_shell(layout),
        panel=_one(plain.cut(*_engraved(layout.labels, layout.size[2])).clean()),
        clamp=_clamp(layout),
        plain_panel=plain,
    )


def _shell(layout: Layout) -> cq.Shape:
    width, depth, _ = layout.size
    outer = _plate(width, depth, (0.0, layout.under_panel), CORNER_MM)
    outer = outer.faces("<Z").edges().chamfer(EDGE_MM)
    inner = _plate(
        width - 2 * WALL_MM,
        depth - 2 * WALL_MM,
        (FLOOR_MM, layout.under_panel + OVER_MM),
        CORNER_MM - WALL_MM,
    ).translate((WALL_MM, WALL_MM, 0))
    body = outer.cut(inner).val()
    body = body.fuse(*(_boss(boss) for boss in layout.bosses))
    body = body.fuse(*(_solid(post) for post in layout.standoffs))
    if layout.tray is not None:
        body = body.fuse(*_tray(layout.tray))
    return _one(body.cut(*_shell_tools(layout)).clean())


def _shell_tools(layout: Layout) -> Iterator[cq.Shape]:
    top = layout.under_panel
    for boss in layout.bosses:
        yield _bore(boss.middle, INSERT_MM[0], (top - INSERT_MM[1], top + OVER_MM))
    for post in layout.standoffs:
        yield _bore(post.middle, PILOT_MM, (MIN_WALL_MM, post.z[1] + OVER_MM))
    for socket in layout.sockets:
        yield _opening(socket, layout)
    for vent in layout.floor_vents:
        yield _solid(_through(vent, FLOOR_MM))
    if layout.card_opening is not None:
        yield _solid(_through(layout.card_opening, FLOOR_MM))
    for foot in layout.feet:
        yield _bore(foot.middle, foot.size[0], (-OVER_MM, foot.z[1]))
    for y0, y1, z0, z1 in layout.wall_vents:
        span = (-OVER_MM, WALL_MM + OVER_MM)
        yield _solid(Volume(name="", x=span, y=(y0, y1), z=(z0, z1)))


def _panel(layout: Layout) -> cq.Shape:
    width, depth, height = layout.size
    top = layout.under_panel
    plate = _plate(width, depth, (top, height), CORNER_MM).faces(">Z").edges().chamfer(EDGE_MM)
    screen = layout.screen
    raised = [*lips(layout), *screen.ribs, *screen.bosses, *_collars(layout)]
    body = plate.val().fuse(*(_solid(_joined(volume)) for volume in raised))
    return _one(body.cut(*_panel_tools(layout)).clean())


def _panel_tools(layout: Layout) -> Iterator[cq.Shape]:
    top, height = layout.under_panel, layout.size[2]
    whole = (top - OVER_MM, height + OVER_MM)
    for control in layout.controls:
        yield _bore(control.middle, control.hole_mm, whole)
        if control.part.pocket:
            yield _solid(_between(pocket(control), (top - OVER_MM, top + POCKET_MM)))
        if control.part is LED:
            bore = LED_FLANGE_MM + HOLE_SLACK_MM
            yield _bore(control.middle, bore, (top - 5.0, top))
    screen = layout.screen
    yield _solid(_between(screen.recess, (top - OVER_MM, screen.recess.z[1])))
    yield _solid(_between(screen.window, whole))
    yield _funnel(screen.window, height, EDGE_MM)
    for boss in screen.bosses:
        yield _bore(boss.middle, PILOT_MM, (boss.z[0] - OVER_MM, height - MIN_WALL_MM))
    for vent in layout.panel_vents:
        yield _solid(_between(vent, whole))
    for boss in layout.bosses:
        yield _bore(boss.middle, SCREW_HOLE_MM, whole)
        yield _countersink(boss.middle, height)


def _clamp(layout: Layout) -> cq.Shape:
    screen = layout.screen
    volume = screen.clamp
    bar = cq.Workplane(obj=_solid(volume)).edges("|Z").fillet(3.0).val()
    z = (volume.z[0] - OVER_MM, volume.z[1] + OVER_MM)
    return _one(bar.cut(*(_bore(boss.middle, CLAMP_HOLE_MM, z) for boss in screen.bosses)))


def _collars(layout: Layout) -> Iterator[Volume]:
    """Rings behind the panel in which a light's flange sits."""
    for control in layout.controls:
        if control.part is LED:
            x, y = control.middle
            z = (layout.under_panel - 4.0, layout.under_panel)
            radius = LED.body_mm[0] / 2
            yield Volume(name=control.name, x=(x, x), y=(y, y), z=z, radius=radius)


def _boss(boss: Volume) -> cq.Shape:
    """A corner's boss: its underside rises at 45° from the side wall."""
    (x0, x1), (y0, y1), (low, top) = boss.x, boss.y, boss.z
    at_left = "left" in boss.name
    wall, free = (x0 - OVER_MM, x1) if at_left else (x1 + OVER_MM, x0)
    front, back = (y0 - OVER_MM, y1) if "front" in boss.name else (y0, y1 + OVER_MM)
    outline = [(wall, low - OVER_MM), (free, low + BOSS_MM), (free, top), (wall, top)]
    # The plane XZ looks towards the player, so that a negative length goes away from them.
    profile = cq.Workplane("XZ", origin=(0, front, 0)).polyline(outline).close()
    return profile.extrude(front - back).val()


def _tray(tray: Volume) -> Iterator[cq.Shape]:
    ledge, frame = TRAY_MM
    outside = _between(tray.grown(RIB_MM), (FLOOR_MM - OVER_MM, FLOOR_MM + frame))
    over = _between(tray, (FLOOR_MM + ledge, FLOOR_MM + frame + OVER_MM))
    wide = Volume(
        name="",
        x=(tray.x[0] + LEDGE_MM, tray.x[1] - LEDGE_MM),
        y=tray.y,
        z=(FLOOR_MM, FLOOR_MM + frame + OVER_MM),
    )
    sharp = Volume(
        name="", x=(outside.left, outside.right), y=(outside.front, outside.back), z=outside.z
    )
    yield _solid(sharp).cut(_solid(over), _solid(wide))


def _opening(socket: Socket, layout: Layout) -> cq.Shape:
    width, depth, _ = layout.size
    edge = width if socket.wall is Wall.RIGHT else depth
    across = (edge - WALL_MM - OVER_MM, edge + OVER_MM)
    if socket.round:
        # As deep as the frame of the tray behind it.
        start = edge - WALL_MM - 2.5
        middle = (sum(socket.opening) / 2, start, sum(socket.height) / 2)
        tool = cq.Workplane("XZ", origin=middle).circle(_half(socket.opening))
        return tool.extrude(start - edge - OVER_MM).val()
    x, y = (across, socket.opening) if socket.wall is Wall.RIGHT else (socket.opening, across)
    return _solid(Volume(name=socket.name, x=x, y=y, z=socket.height))


def _engraved(labels: Iterable[Label], height: float) -> Iterator[cq.Shape]:
    """A slot for each straight piece of a letter, its ends as round as the cutter."""
    for label in labels:
        for stroke in label.strokes():
            for (x0, y0), (x1, y1) in itertools.pairwise(stroke):
                long = math.hypot(x1 - x0, y1 - y0) + label.stroke_mm
                middle = ((x0 + x1) / 2, (y0 + y1) / 2, height - ENGRAVING_MM)
                turned = math.degrees(math.atan2(y1 - y0, x1 - x0))
                slot = cq.Workplane("XY", origin=middle).slot2D(long, label.stroke_mm, turned)
                yield slot.extrude(ENGRAVING_MM + OVER_MM).val()


def _countersink(middle: tuple[float, float], height: float) -> cq.Shape:
    deep = (SCREW_HEAD_MM - SCREW_HOLE_MM) / 2
    origin = cq.Vector(*middle, height - deep)
    return cq.Solid.makeCone(SCREW_HOLE_MM / 2, SCREW_HEAD_MM / 2, deep, pnt=origin)


def _funnel(window: Volume, height: float, deep: float) -> cq.Shape:
    """A window that widens at 45° towards the front, so that it is read from the side."""
    wide, high, _ = window.size
    base = cq.Workplane("XY", origin=(*window.middle, height - deep)).rect(wide, high)
    tool = base.workplane(offset=deep).rect(wide + 2 * deep, high + 2 * deep)
    return tool.loft(combine=True).val()


def _plate(width: float, depth: float, z: tuple[float, float], corner: float) -> cq.Workplane:
    plate = cq.Workplane("XY", origin=(width / 2, depth / 2, z[0])).rect(width, depth)
    return plate.extrude(z[1] - z[0]).edges("|Z").fillet(corner)


def _bore(middle: tuple[float, float], diameter: float, z: tuple[float, float]) -> cq.Shape:
    return cq.Solid.makeCylinder(diameter / 2, z[1] - z[0], pnt=cq.Vector(*middle, z[0]))


def _solid(volume: Volume) -> cq.Shape:
    """A volume as it is: a box, a cylinder, or a slot along x or y."""
    wide, deep, high = volume.size
    if volume.radius == 0.0:
        corner = cq.Vector(volume.left, volume.front, volume.z[0])
        return cq.Solid.makeBox(wide, deep, high, pnt=corner)
    plane = cq.Workplane("XY", origin=(*volume.middle, volume.z[0]))
    if math.isclose(wide, deep):
        return plane.circle(wide / 2).extrude(high).val()
    turned = 0 if wide > deep else 90
    return plane.slot2D(max(wide, deep), min(wide, deep), turned).extrude(high).val()


def _between(volume: Volume, z: tuple[float, float]) -> Volume:
    return Volume(name=volume.name, x=volume.x, y=volume.y, z=z, radius=volume.radius)


def _through(volume: Volume, thick: float) -> Volume:
    return _between(volume, (-OVER_MM, thick + OVER_MM))


def _joined(volume: Volume) -> Volume:
    """Taller by a bit, into the panel that it hangs from."""
    return _between(volume, (volume.z[0], volume.z[1] + OVER_MM))


def _half(span: tuple[float, float]) -> float:
    return (span[1] - span[0]) / 2


def _one(shape: cq.Shape) -> cq.Shape:
    """The one solid that a part has to be."""
    solids = shape.Solids()
    if len(solids) != 1:
        raise ValueError(f"a printed part must be one solid, got {len(solids)}")
    return solids[0]
