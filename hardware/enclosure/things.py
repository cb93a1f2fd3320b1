"""What takes room, inside the box and in front of its panel, and where the panel is cut."""

from collections.abc import Iterator
from dataclasses import dataclass

from hardware.enclosure.geometry import Volume, block, cylinder
from hardware.enclosure.layout import Control, Layout
from hardware.enclosure.parts import SLIDE_MM
from hardware.enclosure.printing import (
    BOSS_MM,
    LIP_GAP_MM,
    LIP_MM,
    LIP_TALL_MM,
    POCKET_SLACK_MM,
    RECESS_MM,
    RIB_MM,
    SCREW_HEAD_MM,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """Something that takes room, and whose it is: what belongs together may touch.

    Attributes:
        owner: What it belongs to.
        volume: The room that it takes.
    """

    owner: str
    volume: Volume


def inside(layout: Layout) -> Iterator[Thing]:
    """Everything between the shell and the panel."""
    top = layout.under_panel
    for bulk in layout.pi.bulks():
        yield Thing(owner="the Raspberry Pi", volume=bulk)
    for boss in layout.bosses:
        yield Thing(owner="the shell", volume=boss)
    screen = layout.screen
    for volume in (*screen.ribs, *screen.bosses, screen.clamp, *_display(layout)):
        yield Thing(owner="display", volume=volume)
    for control in layout.controls:
        z = (top - control.part.behind_mm, top)
        width, depth = control.part.body_mm
        if control.part.round:
            body = cylinder(control.name, control.middle, width, z)
        else:
            body = block(control.name, control.middle, (width, depth), z)
        yield Thing(owner=control.name, volume=body)
    if layout.tray is not None:
        yield Thing(owner="the sound converter", volume=layout.tray.grown(RIB_MM))


def _display(layout: Layout) -> Iterator[Volume]:
    """The module wherever it may be slid to, and its plug."""
    screen, top = layout.screen, layout.under_panel
    module, (x, y) = screen.module, screen.window.middle
    wide, high, thick = module.board_mm
    back = top + RECESS_MM - module.glass_mm[2] - thick
    yield block("display", (x, y), (wide, high + 2 * SLIDE_MM), (back, top))
    edge = high / 2 - 1.5
    plug_y = y + (edge if screen.header_up else -edge)
    size = (module.header_mm[0], module.header_mm[1] + 2 * SLIDE_MM)
    yield block("the plug of the display", (x, plug_y), size, (back - module.behind_mm, back))


def above(layout: Layout) -> Iterator[Thing]:
    """What is in front of the panel, or must be seen there."""
    height = layout.size[2]
    yield Thing(owner="display", volume=layout.screen.window)
    for control in layout.controls:
        diameter, tall = control.part.cap_mm
        cap = cylinder(control.name, control.middle, diameter, (height, height + tall))
        yield Thing(owner=control.name, volume=cap)
    for head in screw_heads(layout):
        yield Thing(owner=head.name, volume=head)


def screw_heads(layout: Layout) -> Iterator[Volume]:
    """The panel's screws."""
    for boss in layout.bosses:
        name = boss.name.replace("boss", "screw")
        yield cylinder(name, boss.middle, SCREW_HEAD_MM, (layout.size[2],) * 2)


def cuts(layout: Layout) -> Iterator[Volume]:
    """Where the panel is open or thinner, seen from above."""
    yield layout.screen.recess
    yield from layout.panel_vents
    for control in layout.controls:
        yield hole(control) if not control.part.pocket else pocket(control)
    yield from screw_heads(layout)


def hole(control: Control) -> Volume:
    """The hole that a control goes through."""
    return cylinder(f"the hole for {control.name}", control.middle, control.hole_mm)


def pocket(control: Control) -> Volume:
    """The pocket that keeps a control from turning."""
    wide, deep = control.part.body_mm
    size = (wide + POCKET_SLACK_MM, deep + POCKET_SLACK_MM)
    return block(f"the pocket of {control.name}", control.middle, size)


def lips(layout: Layout) -> tuple[Volume, ...]:
    """Ribs on the panel's back that find their way into the shell, between the bosses."""
    room, top = layout.room, layout.under_panel
    inset, clear = LIP_GAP_MM + LIP_MM / 2, BOSS_MM + 2.0
    long = (room.size[0] - 2 * clear, room.size[1] - 2 * clear)
    x, y = room.middle
    z = (top - LIP_TALL_MM, top)
    return (
        block("the lip in front", (x, room.front + inset), (long[0], LIP_MM), z),
        block("the lip behind", (x, room.back - inset), (long[0], LIP_MM), z),
        block("the lip on the left", (room.left + inset, y), (LIP_MM, long[1]), z),
        block("the lip on the right", (room.right - inset, y), (LIP_MM, long[1]), z),
    )
