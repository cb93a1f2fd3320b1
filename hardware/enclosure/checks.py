"""Whether everything fits: each rule yields sentences that name what is in whose way.

Nothing here needs the CAD library: it is arithmetic on the layout that the solids are made from.
"""

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import replace

from hardware.enclosure.geometry import Volume
from hardware.enclosure.layout import Control, Layout
from hardware.enclosure.mounting import Socket, Wall
from hardware.enclosure.parts import LED, LED_FLANGE_MM
from hardware.enclosure.printing import (
    BED_MM,
    BOSS_MM,
    CLEARANCE_MM,
    ENGRAVING_MM,
    FINGERS_MM,
    FLOOR_MM,
    FOOT_MM,
    HOLE_SLACK_MM,
    INSERT_MM,
    LABEL_GAP_MM,
    MIN_WALL_MM,
    PANEL_MM,
    PILOT_MM,
    POCKET_MM,
    RECESS_MM,
    SCREW_HEAD_MM,
    SCREW_HOLE_MM,
    STANDOFF_MM,
    WALL_MM,
)
from hardware.enclosure.things import above, cuts, inside, lips

ROUNDING_MM = 1e-6
DEEPEST_SOCKET_MM = 4.5
"""How far behind the outside of the wall a socket may end whose opening lets the whole plug in."""

LOOKING_DOWN_DEG = 50.0
"""How steeply a player looks down at the panel, who sits at the table with it."""

FLUSH_MM = 0.5
"""The same where plugs are wider than the opening."""


def problems(layout: Layout) -> tuple[str, ...]:
    """What does not fit, a sentence each; nothing when it can be printed and built."""
    return tuple(itertools.chain.from_iterable(rule(layout) for rule in RULES))


def fits_the_bed(layout: Layout) -> Iterator[str]:
    """Shell and panel lie flat on a small printer's bed."""
    for what, length in zip(("wide", "deep"), layout.size[:2], strict=True):
        if length > BED_MM:
            yield f"the box is {length:g} mm {what}, and the printing bed {BED_MM:g} mm"


def nothing_touches(layout: Layout) -> Iterator[str]:
    """Inside, parts keep clear of each other and of what the shell and the panel have there."""
    things = tuple(inside(layout))
    for one, other in itertools.combinations(things, 2):
        if one.owner != other.owner:
            yield from _too_near(one.volume, other.volume, CLEARANCE_MM, "inside the box")
    for lip in lips(layout):
        for thing in things:
            if thing.owner != "the shell":
                yield from _too_near(lip, thing.volume, CLEARANCE_MM / 2, "inside the box")


def nothing_leaves_the_shell(layout: Layout) -> Iterator[str]:
    """Everything is between the walls and over the floor; sockets reach into their openings."""
    room = layout.room
    for thing in inside(layout):
        volume = thing.volume
        if thing.owner == "the shell":
            continue
        lies = thing.owner == "the sound converter"
        if not lies and volume.z[0] < room.z[0] + CLEARANCE_MM - ROUNDING_MM:
            yield f"{volume.name} is {volume.z[0] - room.z[0]:.1f} mm over the floor"
        outside = (
            volume.left < room.left + CLEARANCE_MM / 2
            or volume.right > room.right - CLEARANCE_MM / 2
            or volume.front < room.front + CLEARANCE_MM / 2
            or volume.back > room.back - CLEARANCE_MM / 2
        )
        if outside and not _is_of_sockets(layout, volume):
            yield f"{volume.name} does not keep clear of the walls"
        if thing.owner == "the Raspberry Pi" and volume.z[1] > room.z[1] - CLEARANCE_MM:
            yield f"{volume.name} reaches the panel: {volume.z[1]:.1f} mm of {room.z[1]:.1f} mm"


def fingers_have_room(layout: Layout) -> Iterator[str]:
    """In front of the panel, knobs, caps, window and screws do not crowd."""
    crowded = {control.name for control in layout.controls if control.part is not LED}
    for one, other in itertools.combinations(above(layout), 2):
        need = FINGERS_MM if one.owner in crowded and other.owner in crowded else 2.0
        yield from _too_near(one.volume, other.volume, need, "on the panel", plan=True)
    width, depth, _ = layout.size
    for thing in above(layout):
        volume = thing.volume
        edge = min(volume.left, volume.front, width - volume.right, depth - volume.back)
        if edge < 2.0:
            yield f"{volume.name} is {edge:.1f} mm from the panel's edge, and needs 2 mm"


def holes_match_the_parts(layout: Layout) -> Iterator[str]:
    """What goes through a hole has room there, its nut has hold, its bushing is long enough."""
    for control in layout.controls:
        part, web = control.part, web_at(control)
        slack = control.hole_mm - part.thread_mm
        if not HOLE_SLACK_MM - ROUNDING_MM <= slack <= 0.6:
            yield f"the hole for {control.name} is {control.hole_mm:g} mm for {part.thread_mm:g} mm"
        low, high = part.panel_mm
        if not low <= web <= high:
            yield (
                f"the panel is {web:g} mm thick at {control.name}, and its part needs "
                f"{low:g} to {high:g} mm"
            )
        if part.pocket and min(part.body_mm) <= control.hole_mm + 2 * MIN_WALL_MM:
            yield f"the pocket of {control.name} leaves no face for its body"
    if LED.thread_mm + HOLE_SLACK_MM >= LED_FLANGE_MM:
        yield "a light's flange falls through its hole"


def the_display_shows(layout: Layout) -> Iterator[str]:
    """The window shows all pixels and no edge of the glass, wherever the module is slid to."""
    screen = layout.screen
    module = screen.module
    for place, what in enumerate(("width", "height")):
        lit, glass = module.lit_mm[place], module.glass_mm[place]
        opening, recess = screen.window.size[place], screen.recess.size[place]
        if opening < lit + 1.0:
            yield f"the window's {what} is {opening:g} mm for {lit:g} mm of pixels"
        if opening > glass - 2.0:
            yield f"the window's {what} is {opening:g} mm, and the glass has {glass:g} mm"
        if recess < module.board_mm[place] + 0.5:
            yield f"the recess's {what} is {recess:g} mm for a board of {module.board_mm[place]:g}"
    if screen.recess.size[0] > module.narrowest_mm + 3.0:
        yield "the narrowest display could lie askew in the recess"
    # The clamp presses through a strip of foam, which needs to be squeezed and not crushed.
    foam = RECESS_MM + 3.0 - module.glass_mm[2] - module.board_mm[2]
    if not 0.5 <= foam <= 3.0:
        yield f"between the display and its clamp there is {foam:.1f} mm for the foam"


def sockets_are_reached(layout: Layout) -> Iterator[str]:
    """Each opening shows its whole socket, and a plug gets far enough in."""
    for socket in layout.sockets:
        outside = layout.size[0] if socket.wall is Wall.RIGHT else layout.size[1]
        low, high = socket.opening
        if socket.along[0] < low + 0.3 or socket.along[1] > high - 0.3:
            yield f"the opening for {socket.name} covers a part of the socket"
        deep = outside - socket.face
        most = DEEPEST_SOCKET_MM if socket.lets_plug_in else FLUSH_MM
        if not -ROUNDING_MM <= deep <= most:
            yield f"{socket.name} ends {deep:.1f} mm behind the outside, and may {most:g} mm"


def walls_hold(layout: Layout) -> Iterator[str]:
    """Nothing that holds is thinner than the thinnest wall."""
    thin = {
        "the wall": WALL_MM,
        "the floor over a foot's hollow": FLOOR_MM - FOOT_MM[1],
        "the panel under a label": PANEL_MM - ENGRAVING_MM,
        "the panel behind the window": PANEL_MM - RECESS_MM,
        "a boss around its insert": (BOSS_MM - INSERT_MM[0]) / 2,
        "a standoff around its screw": (STANDOFF_MM - PILOT_MM) / 2,
        "the panel under a screw's head": PANEL_MM - (SCREW_HEAD_MM - SCREW_HOLE_MM) / 2,
    }
    for what, thick in thin.items():
        if thick < MIN_WALL_MM - ROUNDING_MM:
            yield f"{what} is {thick:.2f} mm thick, and needs {MIN_WALL_MM:g} mm"
    yield from _openings_apart(layout)
    cut = tuple(cuts(layout))
    for one, other in itertools.combinations(cut, 2):
        yield from _too_near(one, other, MIN_WALL_MM, "as openings of the panel", plan=True)
    for lip in lips(layout):
        for opening in cut:
            yield from _too_near(lip, opening, 0.0, "on the panel's back", plan=True)
    floor = [*layout.floor_vents, *layout.feet]
    floor += [layout.card_opening] if layout.card_opening is not None else []
    for one, other in itertools.combinations(floor, 2):
        yield from _too_near(one, other, MIN_WALL_MM, "in the floor", plan=True)
    posts = (*layout.standoffs, *((layout.tray,) if layout.tray is not None else ()))
    for opening in floor:
        for post in posts:
            yield from _too_near(opening, post, 0.0, "in the floor", plan=True)


def labels_fit(layout: Layout) -> Iterator[str]:
    """Labels are on the panel, beside everything else, and not where it is thin."""
    width, depth, _ = layout.size
    rooms = [label.room for label in layout.labels]
    for room in rooms:
        edge = min(room.left, room.front, width - room.right, depth - room.back)
        if edge < 2 * LABEL_GAP_MM:
            yield f"{room.name} is {edge:.1f} mm from the panel's edge"
        for other in (*(thing.volume for thing in above(layout)), *cuts(layout)):
            yield from _too_near(room, other, LABEL_GAP_MM, "on the panel", plan=True)
    for one, other in itertools.combinations(rooms, 2):
        yield from _too_near(one, other, LABEL_GAP_MM, "on the panel", plan=True)


def labels_are_seen(layout: Layout) -> Iterator[str]:
    """A player who looks down at the panel sees every label behind the knobs in front of it."""
    for thing in above(layout):
        cap = thing.volume
        hidden = (cap.z[1] - layout.size[2]) / math.tan(math.radians(LOOKING_DOWN_DEG))
        shade = replace(cap, y=(cap.y[0], cap.y[1] + hidden))
        for label in layout.labels:
            room = label.room
            if cap.middle[1] < room.middle[1] and shade.gap_seen_from_above(room) < -ROUNDING_MM:
                yield f"{room.name} is hidden behind {cap.name}"


def the_board_slides_in(layout: Layout) -> Iterator[str]:
    """The Raspberry Pi is laid down away from the wall, and slid into its openings."""
    board = layout.pi.board()
    back = max((s.face for s in layout.sockets if s.wall is Wall.BACK and not s.round), default=0)
    way = max(0.0, back - (layout.size[1] - WALL_MM))
    free = board.front - layout.room.front
    if free < way + CLEARANCE_MM:
        yield f"{layout.pi.pi.name} has {free:.1f} mm to be slid {way:.1f} mm into its openings"


RULES: tuple[Callable[[Layout], Iterator[str]], ...] = (
    fits_the_bed,
    nothing_touches,
    nothing_leaves_the_shell,
    fingers_have_room,
    holes_match_the_parts,
    the_display_shows,
    sockets_are_reached,
    walls_hold,
    labels_fit,
    labels_are_seen,
    the_board_slides_in,
)


def web_at(control: Control) -> float:
    """Thickness of the panel at a control's hole."""
    return PANEL_MM - POCKET_MM if control.part.pocket else PANEL_MM


def _too_near(
    one: Volume, other: Volume, need: float, where: str, *, plan: bool = False
) -> Iterator[str]:
    gap = max(0.0, one.gap_seen_from_above(other)) if plan else one.gap(other)
    if plan and need == 0.0 and one.gap_seen_from_above(other) < -ROUNDING_MM:
        yield f"{one.name} and {other.name} overlap {where}"
    elif gap < need - ROUNDING_MM:
        yield f"{one.name} and {other.name} are {gap:.1f} mm apart {where}, and need {need:g} mm"


def _is_of_sockets(layout: Layout, volume: Volume) -> bool:
    """Whether it is the sockets of the Raspberry Pi or the converter, at their own walls."""
    if volume.name.startswith("the sound converter"):
        return volume.back <= layout.room.back + 1.3 and volume.left > layout.room.left
    mine = any(volume.name == bulk.name for bulk in layout.pi.bulks())
    inside = volume.left > layout.room.left and volume.front > layout.room.front
    reach = max(socket.face for socket in layout.sockets)
    return mine and inside and max(volume.right, volume.back) <= reach + 0.5


def _openings_apart(layout: Layout) -> Iterator[str]:
    for socket in layout.sockets:
        length = layout.size[1] if socket.wall is Wall.RIGHT else layout.size[0]
        low, high = socket.height
        edge = min(
            low - FLOOR_MM + MIN_WALL_MM,
            layout.under_panel - high,
            socket.opening[0] - WALL_MM,
            length - WALL_MM - socket.opening[1],
        )
        if edge < MIN_WALL_MM - ROUNDING_MM:
            yield f"the opening for {socket.name} leaves {edge:.1f} mm of the wall around it"
        for boss in layout.bosses:
            yield from _boss_in_the_way(socket, boss)
    for one, other in itertools.combinations(layout.sockets, 2):
        gap = max(other.opening[0] - one.opening[1], one.opening[0] - other.opening[1])
        if one.wall is other.wall and gap < MIN_WALL_MM - ROUNDING_MM:
            yield (
                f"the openings for {one.name} and {other.name} are {gap:.1f} mm apart, and need "
                f"{MIN_WALL_MM:g} mm"
            )


def _boss_in_the_way(socket: Socket, boss: Volume) -> Iterator[str]:
    along = (boss.left, boss.right) if socket.wall is Wall.BACK else (boss.front, boss.back)
    near = ("back" if socket.wall is Wall.BACK else "right") in boss.name
    beside = along[0] >= socket.opening[1] or along[1] <= socket.opening[0]
    if near and not beside and boss.z[0] < socket.height[1]:
        yield f"{boss.name} is in the opening for {socket.name}"
