"""The files that ship are those of today's board files, and the parts are what was calculated.

The STL files are read and probed with straight lines, so that no CAD library is needed.
"""

import itertools
import math
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware.devices.board_file import load_board, shipped_boards
from firmware.errors import ConfigError
from hardware.enclosure import __main__ as command
from hardware.enclosure import stamp
from hardware.enclosure.checks import web_at
from hardware.enclosure.drawing import panel_drawing
from hardware.enclosure.geometry import Volume, block, cylinder
from hardware.enclosure.layout import Layout, lay_out
from hardware.enclosure.meshes import (
    Triangles,
    is_closed,
    prism,
    put_in_order,
    read_stl,
    volume_mm3,
)
from hardware.enclosure.mounting import Wall
from hardware.enclosure.parts import LED
from hardware.enclosure.printing import (
    BED_MM,
    FLOOR_MM,
    INSERT_MM,
    MIN_WALL_MM,
    PANEL_MM,
    RECESS_MM,
    SCREW_HEAD_MM,
    WALL_MM,
)
from hardware.enclosure.render import Body, render
from hardware.enclosure.things import cuts, inside

LARGEST_FILE = 1_000_000
LINE_MM = 0.0137
"""Lines are this much beside round figures, where edges of triangles are."""

PRINTED = ("shell", "panel", "clamp")


@pytest.fixture(params=shipped_boards())
def layout(request: pytest.FixtureRequest) -> Layout:
    return lay_out(load_board(request.param))


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """A printed part, and between which corners each of its triangles is."""

    triangles: Triangles
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def in_place(layout: Layout, name: str) -> Surface:
    """A printed part where it is in the box: the panel is printed on its face."""
    triangles = read_stl(stamp.folder(layout.name) / f"{name}.stl")
    if name == "panel":
        triangles = triangles * (1, -1, -1) + np.array([0, *layout.size[1:]])
    return Surface(triangles=triangles, low=triangles.min(axis=1), high=triangles.max(axis=1))


def spans(surface: Surface, at: tuple[float, float], axis: int = 2) -> list[tuple[float, float]]:
    """Where a line along an axis is inside a closed surface.

    Args:
        surface: Of a part.
        at: The line's other two coordinates, in the order x, y, z.
        axis: 0, 1 or 2.
    """
    across = [other for other in range(3) if other != axis]
    px, py = point = (at[0] + LINE_MM, at[1] + LINE_MM * 0.7)
    near = np.ones(len(surface.triangles), dtype=bool)
    for coordinate, value in zip(across, point, strict=True):
        near &= (surface.low[:, coordinate] <= value) & (surface.high[:, coordinate] >= value)
    crossed = []
    for corners in surface.triangles[near]:
        (ax, ay), (bx, by), (cx, cy) = corners[:, across]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area == 0:
            continue
        s = ((px - ax) * (cy - ay) - (py - ay) * (cx - ax)) / area
        t = ((bx - ax) * (py - ay) - (by - ay) * (px - ax)) / area
        if s >= 0 and t >= 0 and s + t <= 1:
            a, b, c = corners[:, axis]
            crossed.append(float(a + s * (b - a) + t * (c - a)))
    assert len(crossed) % 2 == 0, f"the line at {at} ends inside"
    ordered = sorted(crossed)
    return list(zip(ordered[::2], ordered[1::2], strict=True))


def thick(found: list[tuple[float, float]]) -> list[float]:
    return [round(high - low, 2) for low, high in found]


def test_nothing_is_stale(layout: Layout) -> None:
    """`python -m hardware.enclosure` was run after the last change."""
    assert stamp.stale(layout, stamp.folder(layout.name)) == ""


def test_the_drawing_is_drawn_from_the_board_file(layout: Layout) -> None:
    drawn = (stamp.folder(layout.name) / "panel.svg").read_text()
    assert drawn == panel_drawing(layout)


def test_no_file_is_large(layout: Layout) -> None:
    files = list(stamp.folder(layout.name).iterdir())
    assert {f"{name}.stl" for name in PRINTED} < {path.name for path in files}
    assert max(path.stat().st_size for path in files) < LARGEST_FILE


def test_a_changed_file_or_board_is_noticed(layout: Layout, tmp_path: Path) -> None:
    where = tmp_path / layout.name
    shutil.copytree(stamp.folder(layout.name), where)
    assert stamp.stale(layout, where) == ""
    pi = layout.pi.pi
    assert stamp.stale(lay_out(load_board("small" if pi.card_below else "full")), where) == (
        f"{'small' if pi.card_below else 'full'} was built from another board file or other "
        "sources than today's"
    )
    with (where / "shell.stl").open("ab") as file:
        file.write(b"x")
    said = f"{layout.name}/shell.stl is not the file that was built"
    assert stamp.stale(layout, where) == said
    (where / "shell.stl").unlink()
    assert stamp.stale(layout, where) == f"{layout.name}/shell.stl is missing"
    (where / stamp.NAME).unlink()
    assert stamp.stale(layout, where) == f"{layout.name} has not been built yet"


def test_the_command_says_what_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([]) == 0
    assert capsys.readouterr().out == "full: up to date\nsmall: up to date\n"


def test_without_the_cad_library_the_command_says_what_to_install(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert command.main(["small", "-o", str(tmp_path)]) == 1
    said = "small has not been built yet: CadQuery is needed (pip install -e '.[enclosure]')\n"
    assert capsys.readouterr().out == said


@pytest.mark.parametrize("name", PRINTED)
def test_what_is_printed_is_closed_and_lies_on_the_bed(layout: Layout, name: str) -> None:
    triangles = read_stl(stamp.folder(layout.name) / f"{name}.stl")
    assert is_closed(triangles)
    low, high = triangles.min(axis=(0, 1)), triangles.max(axis=(0, 1))
    assert low == pytest.approx([0, 0, 0], abs=1e-3)
    assert max(high[:2]) <= BED_MM
    wide, deep, tall = layout.size
    clamp = layout.screen.clamp.size
    sizes = {"shell": (wide, deep, tall - PANEL_MM), "panel": (wide, deep, high[2]), "clamp": clamp}
    assert high == pytest.approx(sizes[name], abs=1e-3)
    # Full of holes and hollow, but not a skin: between a tenth and all of its box.
    share = volume_mm3(triangles) / float(np.prod(high))
    assert 0.1 < share < 1.0


def test_holes_of_the_panel_are_those_of_the_parts(layout: Layout) -> None:
    """Nothing in the hole, and around it the thickness that the part's thread was checked for."""
    panel = in_place(layout, "panel")
    for control in layout.controls:
        x, y = control.middle
        collar = 4.0 if control.part is LED else 0.0
        for turn in range(8):
            angle = math.tau * (turn + 0.3) / 8
            for reach, expected in (
                (control.hole_mm / 2 - 0.15, []),
                (control.hole_mm / 2 + 0.2, [web_at(control)]),
            ):
                at = (x + reach * math.cos(angle), y + reach * math.sin(angle))
                assert thick(spans(panel, at)) == expected, (control.name, turn, reach)
        assert spans(panel, (x, y)) == []
        if collar:
            at = (x + LED.body_mm[0] / 2 - 0.5, y)
            assert thick(spans(panel, at)) == [PANEL_MM + collar]


def test_the_window_is_open_and_the_glass_comes_near_it(layout: Layout) -> None:
    panel, window = in_place(layout, "panel"), layout.screen.window
    lit = layout.screen.module.lit_mm
    x, y = window.middle
    for sx, sy in itertools.product((-0.49, 0, 0.49), repeat=2):
        assert spans(panel, (x + sx * lit[0], y + sy * lit[1])) == []
    beside = (window.right + 1.3, y)
    assert thick(spans(panel, beside)) == [pytest.approx(PANEL_MM - RECESS_MM)]


def test_screws_of_the_panel_meet_their_inserts(layout: Layout) -> None:
    panel, shell = in_place(layout, "panel"), in_place(layout, "shell")
    top = layout.under_panel
    for boss in layout.bosses:
        assert spans(panel, boss.middle) == []
        bottom = spans(shell, boss.middle)[-1][1]
        assert top - bottom == pytest.approx(INSERT_MM[1])
        beside = (boss.middle[0], boss.middle[1] + INSERT_MM[0] / 2 + 0.3)
        assert spans(shell, beside)[-1][1] == pytest.approx(top)


def test_the_raspberry_pi_stands_on_its_four_holes(layout: Layout) -> None:
    shell, pi = in_place(layout, "shell"), layout.pi
    holes = [pi.at(x, y) for x, y in pi.pi.holes_mm]
    for x, y in holes:
        assert spans(shell, (x, y))[0][1] == pytest.approx(MIN_WALL_MM)
        assert spans(shell, (x + 2.0, y))[0][1] == pytest.approx(FLOOR_MM + pi.pi.standoff_mm)
    xs, ys = sorted({x for x, _ in holes}), sorted({y for _, y in holes})
    sides = sorted((round(xs[1] - xs[0], 6), round(ys[1] - ys[0], 6)), reverse=True)
    assert sides == [58, 49 if pi.pi.card_below else 23]


def test_every_socket_is_seen_through_its_wall(layout: Layout) -> None:
    shell = in_place(layout, "shell")
    for socket in layout.sockets:
        axis = 0 if socket.wall is Wall.RIGHT else 1
        outside = layout.size[axis]
        along, height = sum(socket.along) / 2, sum(socket.height) / 2
        through = [s for s in spans(shell, (along, height), axis) if s[1] > outside - WALL_MM]
        assert through == [], socket.name
        over = (along, socket.height[1] + 0.5)
        assert thick(spans(shell, over, axis))[-1] == pytest.approx(WALL_MM), socket.name


def test_the_panel_is_nowhere_thinner_than_the_thinnest_wall(layout: Layout) -> None:
    """A line every 4 mm, but for the slopes of chamfers."""
    panel = in_place(layout, "panel")
    sloped = [cut.grown(0.3) for cut in cuts(layout) if "screw" in cut.name]
    sloped.append(layout.screen.window.grown(1.2))
    lines = 0
    for x, y in itertools.product(
        np.arange(2, layout.size[0] - 1, 4.0), np.arange(2, layout.size[1] - 1, 4.0)
    ):
        point = cylinder("", (float(x), float(y)), 0.0)
        if any(point.gap_seen_from_above(volume) <= 0 for volume in sloped):
            continue
        found = thick(spans(panel, (float(x), float(y))))
        assert all(t >= MIN_WALL_MM - 0.01 for t in found), (x, y, found)
        lines += 1
    assert lines > 500


def test_walls_and_floor_are_nowhere_thinner_than_the_thinnest_wall(layout: Layout) -> None:
    """Lines across each wall and the floor; the rounded corners and edges are left out."""
    shell = in_place(layout, "shell")
    wide, deep, _ = layout.size
    for z in np.arange(3.5, layout.under_panel - 16, 2.5):
        for y in np.arange(14, deep - 14, 3.1):
            left, *_ = spans(shell, (float(y), float(z)), 0) or [(9.0, 20.0)]
            assert left[0] > WALL_MM or thick([left]) == [WALL_MM], ("left wall", y, z)
        for x in np.arange(14, wide - 14, 3.1):
            first, *_ = spans(shell, (float(x), float(z)), 1)
            assert thick([first]) == [WALL_MM], ("front wall", x, z)
    for x, y in itertools.product(np.arange(5, wide - 4, 4.3), np.arange(5, deep - 4, 4.3)):
        found = spans(shell, (float(x), float(y)))
        low = [high - max(low, 0.0) for low, high in found if low < FLOOR_MM]
        assert all(t >= MIN_WALL_MM - 0.01 for t in low), ("floor", x, y)


def test_no_part_is_where_plastic_is(layout: Layout) -> None:
    """Lines through every body inside, against the shell and the panel as they are printed."""
    printed = [in_place(layout, name) for name in ("shell", "panel")]
    lights = {control.name for control in layout.controls if control.part is LED}
    own = {*lights, "the shell", "the sound converter"}  # their collars, the bosses, the tray
    bodies = [thing.volume for thing in inside(layout) if thing.owner not in own]
    plastic = {*layout.screen.ribs, *layout.screen.bosses}
    for body in (volume for volume in bodies if volume not in plastic):
        # The drawn sockets end in their openings, 0.1 mm from the plastic.
        shares = (0.02, 0.26, 0.5, 0.74, 0.98)
        for sx, sy in itertools.product(shares, repeat=2):
            x = body.left + sx * (body.right - body.left)
            y = body.front + sy * (body.back - body.front)
            if cylinder("", (x, y), 0.0).gap_seen_from_above(body) > 0:
                continue
            for low, high in (span for part in printed for span in spans(part, (x, y))):
                overlap = min(high, body.z[1]) - max(low, body.z[0])
                assert overlap < 0.05, (body.name, x, y, low, high)


def test_a_countersunk_head_disappears(layout: Layout) -> None:
    panel = in_place(layout, "panel")
    for boss in layout.bosses:
        x, y = boss.middle
        inside = spans(panel, (x + SCREW_HEAD_MM / 2 - 0.3, y))
        assert len(inside) == 1
        assert inside[0][1] == pytest.approx(layout.size[2] - 0.3, abs=0.06)


def test_a_text_file_is_no_stl(tmp_path: Path) -> None:
    path = tmp_path / "x.stl"
    for content in (b"solid x", b"\0" * 80 + b"\5\0\0\0" + b"short"):
        path.write_bytes(content)
        with pytest.raises(ConfigError, match="is no binary STL file"):
            read_stl(path)


def test_prisms_are_closed_and_hold_what_they_should() -> None:
    box = prism(block("box", (0, 0), (2, 3), (0, 4)))
    assert is_closed(box)
    assert volume_mm3(box) == pytest.approx(24)
    post = prism(cylinder("post", (5, 5), 2, (0, 1)), sides=400)
    assert volume_mm3(post) == pytest.approx(math.pi, rel=1e-3)
    assert not is_closed(box[1:])


def test_the_nearer_of_two_bodies_is_seen() -> None:
    """And a light from above leaves its shadow beside it."""
    floor = Body(
        triangles=prism(Volume(name="", x=(-20, 20), y=(-20, 20), z=(-1, 0))), colour=(0, 1, 0)
    )
    cube = Body(triangles=prism(block("", (0, 0), (8, 8), (0, 8))), colour=(1, 0, 0))
    picture = np.asarray(render([floor, cube], azimuth=0, elevation=90, size=(60, 60)), int)
    middle, corner = picture[30, 30], picture[8, 8]
    assert middle[0] > 150
    assert middle[1] == 0
    assert corner[1] > 150
    assert corner[0] == 0
    greens = picture[..., 1][(picture[..., 0] == 0) & (picture[..., 2] == 0)]
    shadow = greens[(greens > 0.5 * corner[1]) & (greens < 0.8 * corner[1])]
    assert len(shadow) > 20


def test_the_order_of_triangles_and_the_diagonal_of_a_rectangle_are_no_matter(
    tmp_path: Path,
) -> None:
    """The CAD kernel writes either, and a box that is built anew is to be the same bytes."""
    shipped = stamp.folder("small") / "clamp.stl"
    data, rng = shipped.read_bytes(), np.random.default_rng(1)
    facets = np.frombuffer(data[84:], np.uint8).reshape(-1, 50)
    # The corners of a facet are its bytes 12 to 47; each begins with another one.
    turned = facets[rng.permutation(len(facets))].copy()
    corners = turned[:, 12:48].reshape(-1, 3, 12)
    turned[:, 12:48] = np.roll(corners, 1, axis=1).reshape(-1, 36)
    mixed = tmp_path / "mixed.stl"
    mixed.write_bytes(data[:84] + turned.tobytes())
    put_in_order(mixed)
    assert mixed.read_bytes() == data
    one = np.array([[[0, 0, 0], [2, 0, 0], [2, 0, 1]], [[0, 0, 0], [2, 0, 1], [0, 0, 1]]])
    other = np.array([[[2, 0, 0], [2, 0, 1], [0, 0, 1]], [[2, 0, 0], [0, 0, 1], [0, 0, 0]]])
    assert _written(one, tmp_path / "one.stl") == _written(other, tmp_path / "other.stl")


def _written(triangles: NDArray[np.int64], path: Path) -> bytes:
    facets = np.zeros((len(triangles), 12), dtype="<f4")
    facets[:, 3:] = triangles.reshape(-1, 9)
    rows = b"".join(facet.tobytes() + b"\0\0" for facet in facets)
    path.write_bytes(bytes(80) + len(triangles).to_bytes(4, "little") + rows)
    put_in_order(path)
    return path.read_bytes()
