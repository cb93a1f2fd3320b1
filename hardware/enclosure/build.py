"""Build the files of one enclosure: STL to print, STEP to change, a drawing and pictures."""

import re
from pathlib import Path
from types import MappingProxyType

import cadquery as cq
import numpy as np

from hardware.enclosure import pictures, solids, stamp
from hardware.enclosure.drawing import panel_drawing
from hardware.enclosure.layout import Layout
from hardware.enclosure.meshes import Triangles, put_in_order, read_stl

CHORD_MM, TURN_RAD = 0.03, 0.8
"""How far a printed curve may be off, and by how much its facets may turn."""

VIEWS = MappingProxyType({"front": (-14.0, 54.0), "back": (142.0, 28.0)})
"""Azimuth and elevation of the finished box's pictures."""

# STEP files tell when they were written; nobody asks, and no two would be the same.
_WRITTEN = re.compile(r"(FILE_NAME\('[^']*',)'[^']*'")


def build(layout: Layout, where: Path) -> tuple[Path, ...]:
    """Build everything anew.

    Args:
        layout: What to build; it has been checked.
        where: The folder for the files.

    Returns:
        The files, without the stamp.
    """
    made_from = stamp.inputs(layout)
    where.mkdir(parents=True, exist_ok=True)
    printed = solids.build(layout)
    lying = {
        "shell": printed.shell,
        "panel": _face_down(printed.panel),
        "clamp": _on_the_bed(printed.clamp),
    }
    files = [where / f"{name}.stl" for name in lying]
    for path, shape in zip(files, lying.values(), strict=True):
        shape.exportStl(str(path), CHORD_MM, TURN_RAD)
        put_in_order(path)
    files.append(_step(printed, where / "enclosure.step"))
    drawing = where / "panel.svg"
    drawing.write_text(panel_drawing(layout))
    files.append(drawing)
    files.extend(_pictures(layout, where))
    stamp.write(made_from, files, where)
    return tuple(files)


def in_place(layout: Layout, where: Path) -> dict[str, Triangles]:
    """The printed parts from their STL files, moved from the bed to where they are in the box."""
    _, depth, height = layout.size
    clamp = layout.screen.clamp
    panel = read_stl(where / "panel.stl") * (1, -1, -1)
    return {
        "shell": read_stl(where / "shell.stl"),
        "panel": panel + np.array([0, depth, height]),
        "clamp": read_stl(where / "clamp.stl") + np.array([clamp.left, clamp.front, clamp.z[0]]),
    }


def _pictures(layout: Layout, where: Path) -> list[Path]:
    parts = in_place(layout, where)
    shots = {"exploded": pictures.exploded(layout, parts)}
    for name, (azimuth, elevation) in VIEWS.items():
        shots[name] = pictures.assembled(layout, parts, azimuth=azimuth, elevation=elevation)
    files = []
    for name, image in shots.items():
        path = where / f"{name}.png"
        image.save(path, optimize=True)
        files.append(path)
    return files


def _step(printed: solids.Printed, path: Path) -> Path:
    """All parts where they are, the panel without its letters."""
    assembly = cq.Assembly(name="continuo")
    for name in ("shell", "clamp", "plain_panel"):
        assembly.add(getattr(printed, name), name=name)
    # Curves on surfaces are a third of the file, and every reader makes them anew.
    assembly.export(str(path), write_pcurves=False)
    text = _WRITTEN.sub(r"\1'1970-01-01T00:00:00'", path.read_text())
    path.write_text(text)
    return path


def _face_down(panel: cq.Shape) -> cq.Shape:
    turned = panel.rotate(cq.Vector(0, 0, 0), cq.Vector(1, 0, 0), 180)
    return _on_the_bed(turned)


def _on_the_bed(shape: cq.Shape) -> cq.Shape:
    box = shape.BoundingBox()
    return shape.translate(cq.Vector(-box.xmin, -box.ymin, -box.zmin))
