"""Every wire of a board is in every document, and no document has another one."""

import re
from typing import TYPE_CHECKING

import pytest

from firmware.devices.board_file import load_board, shipped_boards
from firmware.devices.selftest.parts import chosen_parts, parts_of
from firmware.devices.wiring import BoardFile
from firmware.maintenance.doctor import CHECKS
from hardware.assemblies import SUPPLY_COLOURS, Kind
from hardware.harness import wireviz
from hardware.header import HEADER, SUPPLY
from hardware.picture import header_svg, reserved
from hardware.sheets import board_page
from hardware.steps import steps
from hardware.wires import groups

if TYPE_CHECKING:
    from tests.hardware.conftest import BoardOf


@pytest.fixture(params=[*shipped_boards(), "knobs", "spi"])
def board(request: pytest.FixtureRequest) -> BoardFile:
    """Both boards that ship, and what else the firmware can wire."""
    if request.param in shipped_boards():
        return load_board(request.param)
    found: BoardFile = request.getfixturevalue(f"{request.param}_board")
    return found


def test_each_line_of_the_board_has_one_wire(board: BoardFile) -> None:
    """The board's own lines, and what its display, sound and converter take of the buses."""
    wires = [wire for group in groups(board) for wire in group.wires]
    signals = [wire.signal for wire in wires if wire.signal not in SUPPLY_COLOURS]
    assert len(signals) == len(set(signals))
    own = {f"GPIO{line}" for line, _ in board.pins()}
    of_buses = {f"GPIO{line}" for _, lines in board.buses() for line in lines}
    assert own <= set(signals) <= own | of_buses
    for wire in wires:
        assert HEADER[wire.pin - 1].name == wire.signal


@pytest.mark.parametrize(
    ("name", "group", "pins"),
    [
        ("full", "display", {"VCC": 1, "SCL": 5, "SDA": 3}),
        ("full", "sound", {"VIN": 4, "LCK": 35, "DIN": 40, "BCK": 12}),
        ("small", "encoders.risk", {"A (CLK)": 16, "B (DT)": 18, "switch (SW)": 22}),
        ("knobs", "potentiometers", {"DIN": 19, "DOUT": 21, "CLK": 23, "CS": 26}),
        ("spi", "display", {"D0 (clock)": 23, "D1 (data)": 19, "RES": 22, "DC": 18, "CS": 24}),
    ],
)
def test_a_terminal_goes_where_its_signal_is(
    request: pytest.FixtureRequest, name: str, group: str, pins: dict[str, int]
) -> None:
    """The DAC's input hangs on the Pi's output, the converter's output on the Pi's input."""
    is_shipped = name in shipped_boards()
    board = load_board(name) if is_shipped else request.getfixturevalue(f"{name}_board")
    wires = next(g.wires for g in groups(board) if g.name == group)
    found = {wire.terminal: wire.pin for wire in wires}
    assert pins.items() <= found.items()


def test_lines_of_a_bus_that_no_part_uses_are_left_free() -> None:
    assert set(reserved(load_board("full"))) == {0, 1, 14, 15, 20}
    assert set(reserved(load_board("small"))) == {0, 1}


def test_every_group_has_a_ground_of_its_own(board: BoardFile) -> None:
    grounds = [wire.pin for group in groups(board) for wire in group.wires if wire.signal == "GND"]
    assert len(grounds) == len(set(grounds)) == len(groups(board))


def test_no_signal_has_a_supplys_colour(board: BoardFile) -> None:
    for group in groups(board):
        colours = [wire.colour for wire in group.wires]
        assert len(colours) == len(set(colours)), "two wires of a part look alike"
        for wire in group.wires:
            is_supply_colour = wire.colour in SUPPLY_COLOURS.values()
            assert is_supply_colour == (wire.signal in SUPPLY_COLOURS)


def test_more_groups_than_grounds_share_them_nearby(board_of: "BoardOf") -> None:
    """Nine encoders without a switch and a display: ten groups for eight pins."""
    lines = [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 16, 17, 18, 19, 20, 21, 22, 23]
    pairs = zip(lines[::2], lines[1::2], strict=True)
    board = board_of("".join(f"[encoders.e{a}]\na = {a}\nb = {b}\n" for a, b in pairs))
    grounds = [wire.pin for group in groups(board) for wire in group.wires if wire.signal == "GND"]
    assert len(grounds) == 10
    assert set(grounds) <= set(SUPPLY)


def test_the_diagram_has_every_wire_and_no_other(board: BoardFile) -> None:
    """Read back as WireViz reads it: each connection joins a terminal, a colour and a pin."""
    text = wireviz(board)
    head = re.search(r"    pins: \[([\d, ]+)\]", text)
    assert head is not None
    pins = [int(pin) for pin in head[1].split(",")]
    assert pins == [wire.pin for group in groups(board) for wire in group.wires]
    assert len(pins) == len(set(pins))
    joined = re.findall(r'    - "Pi": \[([\d, ]+)\]', text)
    assert [group.pins for group in groups(board)] == [
        tuple(int(pin) for pin in pins.split(",")) for pins in joined
    ]
    for group in groups(board):
        assert f'"{group.title}": [{", ".join(_quoted(w.terminal) for w in group.wires)}]' in text
        assert f"    colors: [{', '.join(wire.colour.value for wire in group.wires)}]" in text
        assert f'"W {group.name.replace(".", " ")}": [1-{len(group.wires)}]\n' in text
        for link in group.links:
            assert f'"W {link.part}": [1-3]\n' in text


def test_the_picture_of_the_header_has_every_pin_and_its_use(board: BoardFile) -> None:
    svg = header_svg(board)
    assert re.findall(r'font-size="11"[^>]*>(\d+)<', svg) == [str(pin.number) for pin in HEADER]
    for group in groups(board):
        for wire in group.wires:
            assert f">{group.title}: {wire.terminal}<" in svg
    for use in reserved(board).values():
        assert f">leave free: {use}<" in svg


def test_the_pinout_says_of_each_pin_what_is_on_it(board: BoardFile) -> None:
    page = board_page(board)
    for group in groups(board):
        for wire in group.wires:
            assert re.search(
                rf"^\| {wire.pin} \| {wire.signal} \|.*{re.escape(wire.terminal)}.*"
                rf"{wire.colour.name.lower()} \|$",
                page,
                re.MULTILINE,
            )
    for line in reserved(board):
        assert re.search(rf"^\| \d+ \| GPIO{line} \|.*leave free", page, re.MULTILINE)


def test_the_steps_have_every_wire_and_a_check_that_the_doctor_knows(board: BoardFile) -> None:
    text = steps(board)
    for group in groups(board):
        for wire in group.wires:
            colour = wire.colour.name.lower()
            assert f"| {wire.terminal} | {colour} | {wire.pin} | {wire.signal}" in text
    sections = text.split("\n## ")[2:]
    assert all("**Check:** `sudo continuo doctor" in section for section in sections)
    asked = re.findall(r"continuo doctor --only (\w+)", text)
    assert set(asked) <= set(CHECKS)
    assert {group.kind.value for group in groups(board)} | {"i2c", "midi", "sound"} >= set(asked)
    assert {"display", "midi"} <= set(asked)
    tested = re.findall(r"continuo selftest --panel --only ([\w.]+)", text)
    parts = parts_of(board)
    assert {part.key for part in chosen_parts(parts, tested)} == {part.key for part in parts}


def test_the_doctor_knows_every_kind_of_part() -> None:
    assert {kind.value for kind in Kind} <= set(CHECKS)


def _quoted(text: str) -> str:
    return f'"{text}"'


def test_a_name_that_wireviz_would_take_for_a_template_is_harmless(board_of: "BoardOf") -> None:
    text = wireviz(board_of('[encoders."left.hand"]\na = 5\nb = 6\n'))
    assert '"Encoder left hand"' in text
    assert "left.hand" not in text
