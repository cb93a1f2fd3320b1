"""The panel as a drawing to scale, with labels, holes and dimensions: SVG, written by hand."""

from collections.abc import Iterable, Iterator

from hardware.enclosure.geometry import Volume
from hardware.enclosure.layout import Layout
from hardware.enclosure.parts import BUTTON, LED
from hardware.enclosure.printing import CORNER_MM
from hardware.enclosure.things import above, cuts, hole, inside, screw_heads

MARGIN_MM = 26.0
FONT_MM = 2.9
STYLE = """
text { font-family: sans-serif; fill: #245; }
.panel { fill: #f4f1ea; stroke: #333; stroke-width: .4; }
.cut { fill: #fff; stroke: #333; stroke-width: .3; }
.thin { fill: none; stroke: #888; stroke-width: .2; stroke-dasharray: 1 .7; }
.cap { fill: #000; fill-opacity: .07; stroke: #777; stroke-width: .2; }
.below { fill: #3a7; fill-opacity: .10; stroke: #3a7; stroke-width: .2; stroke-dasharray: 2 1; }
.letter { fill: none; stroke: #333; stroke-linecap: round; stroke-linejoin: round; }
.measure { fill: none; stroke: #36c; stroke-width: .2; }
.number { fill: #36c; text-anchor: middle; }
.name { fill: #275; text-anchor: middle; }
"""


def panel_drawing(layout: Layout) -> str:
    """The panel seen by the player, with a measure for every row and column of parts."""
    width, depth, height = layout.size
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{_n(-MARGIN_MM)} {_n(-MARGIN_MM)} '
        f'{_n(width + 2 * MARGIN_MM)} {_n(depth + 2 * MARGIN_MM)}" '
        f'width="{_n((width + 2 * MARGIN_MM) * 5)}">',
        f"<style>{STYLE}</style>",
        f'<rect x="{_n(-MARGIN_MM)}" y="{_n(-MARGIN_MM)}" width="100%" height="100%" fill="#fff"/>',
        # The drawing's y runs away from the player; SVG's runs down.
        f'<g transform="translate(0 {_n(depth)}) scale(1 -1)">',
        _shape(_whole(layout), "panel", CORNER_MM),
        *_bodies(layout),
        *(_shape(cut, "cut") for cut in layout.panel_vents),
        *(_shape(volume, "thin") for volume in cuts(layout) if volume not in layout.panel_vents),
        *(_shape(thing.volume, "cap") for thing in above(layout) if _has_cap(layout, thing.owner)),
        _shape(layout.screen.window, "cut"),
        *(_shape(hole(control), "cut") for control in layout.controls),
        *(_shape(head, "cut") for head in screw_heads(layout)),
        *_letters(layout),
        "</g>",
        *_measures(layout),
        *_names(layout),
        _text(
            (width / 2, -MARGIN_MM + 6),
            f"{layout.name}: panel of {width:g} × {depth:g} mm, box {height:g} mm high; "
            "green: what is below",
            "number",
        ),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _whole(layout: Layout) -> Volume:
    width, depth, _ = layout.size
    return Volume(name="", x=(0, width), y=(0, depth), z=(0, 0))


def _has_cap(layout: Layout, owner: str) -> bool:
    return any(control.name == owner and control.part is not LED for control in layout.controls)


def _bodies(layout: Layout) -> Iterator[str]:
    for thing in inside(layout):
        if thing.owner in ("the Raspberry Pi", "the sound converter"):
            yield _shape(thing.volume, "below")


def _names(layout: Layout) -> Iterator[str]:
    """What lies below, written at its back edge."""
    below = [(layout.pi.board(), layout.pi.pi.name)]
    if layout.tray is not None:
        below.append((layout.tray, "converter"))
    for volume, name in below:
        yield _text((volume.middle[0], layout.size[1] - volume.back + 3.4), name, "name")


def _letters(layout: Layout) -> Iterator[str]:
    for label in layout.labels:
        ways = " ".join(
            "M" + " L".join(f"{_n(x)} {_n(y)}" for x, y in stroke) for stroke in label.strokes()
        )
        yield f'<path class="letter" stroke-width="{_n(label.stroke_mm)}" d="{ways}"/>'


def _measures(layout: Layout) -> Iterator[str]:
    """Columns of the front row below, of the others above; rows on the left; diameters."""
    width, depth, _ = layout.size
    parts = [(control.name, control.middle) for control in layout.controls]
    parts.append(("display", layout.screen.window.middle))
    front = [at for name, at in parts if name.startswith("buttons.")]
    rest = [at for name, at in parts if not name.startswith("buttons.")]
    yield from _chain((x for x, _ in front), 0.0, width, depth + 9)
    yield from _chain((x for x, _ in rest), 0.0, width, -9)
    for y, text in _stops((at[1] for _, at in parts), 0.0, depth):
        line = depth - y
        yield f'<path class="measure" d="M-12 {_n(line)} H-1"/>'
        yield _text((-15, line + 1), text, "number")
    yield from _diameters(layout)


def _chain(values: Iterable[float], low: float, high: float, line: float) -> Iterator[str]:
    side = 1 if line > 0 else -1
    for x, text in _stops(values, low, high):
        end = line - side * 7
        yield f'<path class="measure" d="M{_n(x)} {_n(end)} V{_n(line - side * 1)}"/>'
        yield _text((x, line + 1 + side * 1.5), text, "number")


def _stops(values: Iterable[float], low: float, high: float) -> list[tuple[float, str]]:
    return [(value, f"{value:g}") for value in sorted({low, *values, high})]


def _diameters(layout: Layout) -> Iterator[str]:
    depth, named = layout.size[1], set()
    for control in layout.controls:
        if control.part.what in named:
            continue
        named.add(control.part.what)
        x, y = control.middle
        # A button's hole has room for its figure, the others have it beside them.
        x += 0.0 if control.part is BUTTON else control.part.cap_mm[0] / 2 + 5
        yield _text((x, depth - y + 1), f"⌀ {control.hole_mm:g}", "number")
    window = layout.screen.window
    text = f"{window.size[0]:.4g} × {window.size[1]:.4g}"
    yield _text((window.middle[0], depth - window.middle[1] + 1), text, "number")


def _shape(volume: Volume, style: str, corner: float = 0.0) -> str:
    wide, deep, _ = volume.size
    radius = max(volume.radius, corner)
    return (
        f'<rect class="{style}" x="{_n(volume.left)}" y="{_n(volume.front)}" '
        f'width="{_n(wide)}" height="{_n(deep)}" rx="{_n(radius)}"/>'
    )


def _text(at: tuple[float, float], text: str, style: str) -> str:
    return (
        f'<text class="{style}" x="{_n(at[0])}" y="{_n(at[1])}" font-size="{FONT_MM}">{text}</text>'
    )


def _n(value: float) -> str:
    """A number without noise in its last digits."""
    return f"{round(value, 3) + 0.0:g}" if abs(value) < 1e5 else str(value)
