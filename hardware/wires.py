"""Every wire of a board: from which terminal of which part to which pin of the header.

Tables, diagrams and steps are all made from this one list.
"""

import statistics
from dataclasses import dataclass
from itertools import combinations, combinations_with_replacement

from firmware.devices.wiring import BoardFile
from hardware.assemblies import SUPPLY_COLOURS, Assembly, Colour, End, Kind, Link, assemblies
from hardware.header import pin_of_line, supply_pins


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """One wire to the header.

    Attributes:
        terminal: What is written at the part's end of it.
        pin: Of the header, 1..40.
        signal: What is on it: `GPIO17`, `GND`, `3V3` or `5V`.
        colour: The one that the drawings give it.
        function: What the line is for a bus, such as `SDA`, or an empty string.
    """

    terminal: str
    pin: int
    signal: str
    colour: Colour
    function: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Parts that are wired in one go, with one ground wire between them.

    Attributes:
        name: As the board file calls it, such as `encoders.menu`.
        title: For people.
        detail: Which part it is, or what it is for.
        kind: What it is.
        wires: To the header, in the order of the part's terminals.
        links: Between its own parts.
        notes: What else is to be known, a sentence each.
    """

    name: str
    title: str
    detail: str
    kind: Kind
    wires: tuple[Wire, ...]
    links: tuple[Link, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def pins(self) -> tuple[int, ...]:
        """The header's pins that it takes."""
        return tuple(wire.pin for wire in self.wires)

    def links_of(self, part: str) -> tuple[Link, ...]:
        """The links of one of its parts."""
        return tuple(link for link in self.links if link.part == part)


def groups(board: BoardFile) -> tuple[Group, ...]:
    """Everything that is wired to the header, in the order in which a maker should do it.

    Each group has a ground pin of its own, as near to its lines as all of them together allow;
    where there are more groups than pins, some share.

    Args:
        board: A board that `read_board` accepts.
    """
    functions = {line: name for _, bus in board.buses() for line, name in bus.items()}
    found = tuple(assemblies(board))
    supplies = {name: _supply_pins(name, found) for name in SUPPLY_COLOURS}

    def wire(assembly: Assembly, end: End) -> Wire:
        terminal, to, colour = end
        if isinstance(to, str):
            pin = supplies[to][assembly.name]
            return Wire(terminal=terminal, pin=pin, signal=to, colour=colour)
        pin, function = pin_of_line(to).number, functions.get(to, "")
        signal = f"GPIO{to}"
        return Wire(terminal=terminal, pin=pin, signal=signal, colour=colour, function=function)

    return tuple(
        Group(
            name=assembly.name,
            title=assembly.title,
            detail=assembly.detail,
            kind=assembly.kind,
            wires=tuple(wire(assembly, end) for end in assembly.ends),
            links=assembly.links,
            notes=assembly.notes,
        )
        for assembly in found
    )


def _supply_pins(supply: str, found: tuple[Assembly, ...]) -> dict[str, int]:
    """The pin of a supply for each assembly that wants one, by the assembly's name.

    Distances along a line are smallest together when nothing overtakes: who stands further down
    the header gets a pin further down.
    """
    middles = sorted(
        (statistics.median(_line_pins(assembly)), assembly.name)
        for assembly in found
        if any(end == supply for _, end, _ in assembly.ends)
    )
    pins = supply_pins(supply)
    choose = combinations if len(middles) <= len(pins) else combinations_with_replacement
    chosen = min(
        choose(sorted(pins), len(middles)),
        key=lambda some: sum(abs(p - m) for p, (m, _) in zip(some, middles, strict=True)),
    )
    return {name: pin for pin, (_, name) in zip(chosen, middles, strict=True)}


def _line_pins(assembly: Assembly) -> list[int]:
    return [pin_of_line(end).number for _, end, _ in assembly.ends if isinstance(end, int)]
