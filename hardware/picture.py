"""The header as a picture: all 40 pins as one sees them, and what is on each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from xml.sax.saxutils import escape

from firmware.devices.wiring import BoardFile
from hardware.assemblies import Colour
from hardware.harness import BACKGROUNDS
from hardware.header import HEADER, Pin
from hardware.wires import Group, Wire, groups

_ROW = 27
_TOP = 78
_MIDDLE = 460
_WIDTH = 2 * _MIDDLE
_FONT = 'font-family="DejaVu Sans, Verdana, sans-serif"'

HEX: Mapping[Colour, str] = MappingProxyType(
    {
        Colour.BLACK: "#1A1A1A",
        Colour.RED: "#D62828",
        Colour.ORANGE: "#F77F00",
        Colour.YELLOW: "#F2C200",
        Colour.GREEN: "#2A9D3A",
        Colour.BLUE: "#1D5FBF",
        Colour.VIOLET: "#8E44AD",
        Colour.WHITE: "#FFFFFF",
        Colour.PINK: "#E377A8",
    }
)

_UNUSED = "#E3E3E3"
_DARK = frozenset({Colour.BLACK, Colour.RED, Colour.GREEN, Colour.BLUE, Colour.VIOLET})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Use:
    group: Group
    wire: Wire


def header_svg(board: BoardFile) -> str:
    """The header of a board, as an SVG file."""
    return "\n".join([*_lines(board), "</svg>", ""])


def reserved(board: BoardFile) -> Mapping[int, str]:
    """GPIO lines that nothing may be wired to although no part is on them, with the reason."""
    used = {line for line, _ in board.pins()}
    wired = {wire.signal for group in groups(board) for wire in group.wires}
    return {
        line: f"{name} of {bus}"
        for bus, lines in board.buses()
        for line, name in lines.items()
        if line not in used and f"GPIO{line}" not in wired
    }


def _lines(board: BoardFile) -> Iterator[str]:
    height = _TOP + 20 * _ROW + 44
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'width="{_WIDTH}" height="{height}" {_FONT} font-size="13">'
    )
    yield f"<title>Header of the board {escape(board.name)}</title>"
    yield f'<rect width="{_WIDTH}" height="{height}" fill="#FFFFFF"/>'
    models = " and ".join(board.models)
    yield _text(_MIDDLE, 26, f"{board.name}: {models}", size=17, weight="bold")
    yield _text(
        _MIDDLE, 50, "Pin 1 is at the end of the microSD card; even pins are at the board's edge."
    )
    yield (
        f'<rect x="{_MIDDLE - 30}" y="{_TOP - 16}" width="60" height="{20 * _ROW + 5}" rx="6" '
        'fill="#2B2B2B"/>'
    )
    kept = reserved(board)
    uses = {wire.pin: _Use(group=g, wire=wire) for g in groups(board) for wire in g.wires}
    for pin in HEADER:
        yield from _pin(pin, uses.get(pin.number), kept.get(-1 if pin.line is None else pin.line))
    foot = _TOP + 20 * _ROW + 22
    yield _text(_MIDDLE, foot, "Grey pins stay free. The dot has the colour of the wire.")


def _pin(pin: Pin, use: _Use | None, kept: str | None) -> Iterator[str]:
    is_left = pin.number % 2 == 1
    side = -1 if is_left else 1
    x = _MIDDLE + side * 14
    y = _TOP + (pin.number - 1) // 2 * _ROW
    fill = HEX[use.wire.colour] if use else _UNUSED
    text = "#FFFFFF" if use and use.wire.colour in _DARK else "#1A1A1A"
    if pin.number == 1:
        yield f'<rect x="{x - 11}" y="{y - 11}" width="22" height="22" fill="{fill}"/>'
    else:
        yield f'<circle cx="{x}" cy="{y}" r="11" fill="{fill}"/>'
    yield _text(x, y + 4, str(pin.number), size=11, fill=text)
    anchor = "end" if is_left else "start"
    name = f"{use.wire.signal} {use.wire.function}".strip() if use else pin.name
    shade = "#1A1A1A" if use else "#8A8A8A"
    yield _text(_MIDDLE + side * 40, y + 5, name, anchor=anchor, fill=shade)
    label = (
        f"{use.group.title}: {use.wire.terminal}"
        if use
        else (f"leave free: {kept}" if kept else "")
    )
    if not label:
        return
    edge = _MIDDLE + side * 150
    width = _MIDDLE - 150 - 8
    left = edge - width if is_left else edge
    if use:
        yield (
            f'<rect x="{left}" y="{y - 11}" width="{width}" height="22" rx="4" '
            f'fill="{BACKGROUNDS[use.group.kind]}"/>'
        )
    yield _text(edge + side * 8, y + 5, label, anchor=anchor, fill=shade)


def _text(
    x: int,
    y: int,
    text: str,
    *,
    size: int = 13,
    anchor: str = "middle",
    fill: str = "#1A1A1A",
    weight: str = "normal",
) -> str:
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}" fill="{fill}" '
        f'font-weight="{weight}">{escape(text)}</text>'
    )
