"""With the CAD library: the solids can be built from today's sources, and fit into each other."""

from dataclasses import replace
from pathlib import Path

import pytest

from firmware.devices.board_file import load_board
from hardware.enclosure import stamp
from hardware.enclosure.layout import lay_out
from hardware.enclosure.meshes import read_stl, volume_mm3

cadquery = pytest.importorskip(
    "cadquery",
    reason="CadQuery is not installed (pip install -e '.[enclosure]'): no solid is built anew",
)

LAYOUT = lay_out(load_board("small"))


def test_the_solids_are_those_of_the_files() -> None:
    """Rebuilt and exported, they hold as much; and where two meet, they do not overlap."""
    from hardware.enclosure import solids  # noqa: PLC0415

    printed = solids.build(LAYOUT)
    for name in ("shell", "panel", "clamp"):
        solid = getattr(printed, name)
        assert solid.isValid()
        shipped = volume_mm3(read_stl(stamp.folder(LAYOUT.name) / f"{name}.stl"))
        assert shipped == pytest.approx(solid.Volume(), rel=2e-3)
    for one, other in (
        (printed.shell, printed.panel),
        (printed.panel, printed.clamp),
        (printed.shell, printed.clamp),
    ):
        assert one.intersect(other).Volume() == pytest.approx(0, abs=1e-6)
    letters = printed.plain_panel.Volume() - printed.panel.Volume()
    assert letters > 100


def test_a_moved_control_moves_its_hole(tmp_path: Path) -> None:
    """The whole way, from the board file to a file for the printer."""
    from hardware.enclosure import solids  # noqa: PLC0415

    board = load_board("small")
    button = replace(board.buttons[0], position_mm=(35.0, 24.0))
    plain = solids.build(
        lay_out(replace(board, buttons=(button, *board.buttons[1:]), enclosure=board.enclosure))
    ).plain_panel
    z = LAYOUT.size[2] - 1.5
    assert not plain.isInside(cadquery.Vector(35.0 + 5.9, 24.0, z))
    assert plain.isInside(cadquery.Vector(35.0 + 6.4, 24.0, z))
    assert plain.isInside(cadquery.Vector(31.0 - 5.9, 22.0, z))
    path = tmp_path / "panel.stl"
    plain.exportStl(str(path), 0.1, 0.8)
    assert volume_mm3(read_stl(path)) == pytest.approx(plain.Volume(), rel=1e-2)
