"""A board's wiring as WireViz reads it: the header in the middle, each group with its cable.

The header lists its used pins by group and not by number, so that no wire crosses another; which
pin is where, the picture of the header shows.

Reference: WireViz 0.4, "WireViz Syntax".
"""

import json
from collections.abc import Iterable, Iterator

from firmware.devices.wiring import BoardFile
from hardware.assemblies import Colour, Kind
from hardware.wires import Group, groups

HEADER = "Pi"

BACKGROUNDS = {
    Kind.DISPLAY: "#DCEBFA",
    Kind.SOUND: "#FBE3D6",
    Kind.BUTTONS: "#E4F3DF",
    Kind.ENCODERS: "#F3E8FB",
    Kind.LEDS: "#FFF6CF",
    Kind.POTENTIOMETERS: "#DFF3F1",
}
"""Of the parts of a kind, in every picture."""


def wireviz(board: BoardFile) -> str:
    """The board as a WireViz file."""
    return "\n".join([*_lines(board), ""])


def _lines(board: BoardFile) -> Iterator[str]:
    all_groups = groups(board)
    yield f"# The wiring of the board {_line(board.name)}, made from its file by `make hardware`."
    yield "options:"
    yield '  fontname: "DejaVu Sans"'
    yield '  bgcolor: "#FFFFFF"'
    yield "  color_mode: full"
    yield "tweak:"
    yield '  append: "graph [ranksep=1 nodesep=0.25]"'
    yield "connectors:"
    yield from _header(board, all_groups)
    for group in all_groups:
        yield from _connectors(group)
    yield "cables:"
    for group in all_groups:
        yield from _cable(_cable_name(group.name), (wire.colour for wire in group.wires))
        for part in _linked(group):
            yield from _cable(_cable_name(part), (link.colour for link in group.links_of(part)))
    yield "connections:"
    for group in all_groups:
        yield from _connections(group)


def _header(board: BoardFile, all_groups: tuple[Group, ...]) -> Iterator[str]:
    wires = [wire for group in all_groups for wire in group.wires]
    models = " or ".join(board.models)
    yield f"  {_text(HEADER)}:"
    yield f"    type: {_text(f'{models}, 40-pin header')}"
    yield '    bgcolor: "#F4F4F4"'
    yield "    show_pincount: false"
    yield f"    pins: {_list(wire.pin for wire in wires)}"
    yield f"    pinlabels: {_list(f'{wire.signal} {wire.function}'.strip() for wire in wires)}"


def _connectors(group: Group) -> Iterator[str]:
    terminals = [wire.terminal for wire in group.wires]
    terminals += dict.fromkeys(link.to for link in group.links)
    yield from _connector(group.title, group.detail, group.kind, terminals)
    for part in _linked(group):
        ends = [link.terminal for link in group.links_of(part)]
        yield from _connector(part, "10 kΩ, linear", group.kind, ends)


def _connector(name: str, kind: str, colours: Kind, terminals: Iterable[str]) -> Iterator[str]:
    yield f"  {_part_name(name)}:"
    yield f"    type: {_text(kind)}"
    yield f"    bgcolor: {_text(BACKGROUNDS[colours])}"
    yield "    show_pincount: false"
    yield f"    pins: {_list(terminals)}"


def _cable(name: str, colours: Iterable[Colour]) -> Iterator[str]:
    yield f"  {name}:"
    yield "    category: bundle"
    yield "    show_name: false"
    yield "    show_wirecount: false"
    yield f"    colors: [{', '.join(colour.value for colour in colours)}]"


def _connections(group: Group) -> Iterator[str]:
    """Encoders are right of the header, everything else left of it."""
    part = f"{_part_name(group.title)}: {_list(wire.terminal for wire in group.wires)}"
    cable = f"{_cable_name(group.name)}: [1-{len(group.wires)}]"
    header = f"{_text(HEADER)}: {_list(group.pins)}"
    is_right = group.kind is Kind.ENCODERS
    yield from _connection((header, cable, part) if is_right else (part, cable, header))
    for name in _linked(group):
        links = group.links_of(name)
        yield from _connection(
            (
                f"{_part_name(name)}: {_list(link.terminal for link in links)}",
                f"{_cable_name(name)}: [1-{len(links)}]",
                f"{_part_name(group.title)}: {_list(link.to for link in links)}",
            )
        )


def _connection(ends: Iterable[str]) -> Iterator[str]:
    yield "  -"
    yield from (f"    - {end}" for end in ends)


def _linked(group: Group) -> tuple[str, ...]:
    return tuple(dict.fromkeys(link.part for link in group.links))


def _part_name(name: str) -> str:
    return _text(name.replace(".", " "))  # what stands behind a dot would name a template


def _cable_name(name: str) -> str:
    return _part_name(f"W {name}")


def _list(entries: Iterable[str | int]) -> str:
    return f"[{', '.join(_text(e) if isinstance(e, str) else str(e) for e in entries)}]"


def _text(text: str) -> str:
    """A string as YAML reads it back: every JSON string is one of YAML's."""
    return json.dumps(text, ensure_ascii=False)


def _line(text: str) -> str:
    return " ".join(text.split())
