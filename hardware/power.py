"""The power budget of a board: what draws how much in each state, and what the Pi gives."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any

from firmware.devices.wiring import BoardFile
from firmware.errors import ConfigError
from hardware.assemblies import LED_OHM
from hardware.counts import quantity
from hardware.tables import markdown, toml_tables

FIGURES = Path(__file__).with_name("power.toml")

LINES_MA = 50
LINE_VOLT = 3.3
LED_VOLT = 2.0


class State(StrEnum):
    """What the instrument does."""

    IDLE = "idle"
    GENERATING = "generating"
    DISPLAY_FULL = "display_full"
    KEYBOARD = "keyboard"


TITLES: Mapping[State, str] = MappingProxyType(
    {
        State.IDLE: "Idle",
        State.GENERATING: "Generating",
        State.DISPLAY_FULL: "Display and lights full",
        State.KEYBOARD: "Keyboard attached",
    }
)


class Basis(StrEnum):
    """What a figure rests on."""

    DOCUMENTED = "documented"
    TYPICAL = "typical"
    MAXIMUM = "maximum"
    LIMIT = "limit"
    CALCULATED = "calculated"
    MEASURE = "measure"


BASES: Mapping[Basis, str] = MappingProxyType(
    {
        Basis.DOCUMENTED: "published by the Pi's maker",
        Basis.TYPICAL: "typical value of a data sheet",
        Basis.MAXIMUM: "largest value of a data sheet",
        Basis.LIMIT: "limit of a specification",
        Basis.CALCULATED: "calculated",
        Basis.MEASURE: "waits for measurement",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """What one consumer draws.

    Attributes:
        name: The consumer.
        number: How many of it there are.
        milliamperes: Of one, in each state; None where nobody has published a figure.
        basis: What the figures rest on.
        source: Where they are from.
        is_usb: Whether a USB port feeds it.
    """

    name: str
    number: int
    milliamperes: Mapping[State, int | None]
    basis: Basis
    source: str
    is_usb: bool

    def total(self, state: State) -> int | None:
        """All of them together, in mA."""
        one = self.milliamperes[state]
        return None if one is None else one * self.number

    @property
    def most(self) -> int | None:
        """The largest of all states, in mA, or None if one is unknown."""
        totals = [total for state in State if (total := self.total(state)) is not None]
        return max(totals) if len(totals) == len(State) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """What feeds a Raspberry Pi, and what its USB ports pass on.

    Attributes:
        model: The Raspberry Pi.
        supply_ma: What the power supply gives.
        usb_ma: What all USB ports give together, or None if nothing but the supply limits it.
        source: Where that is from.
    """

    model: str
    supply_ma: int
    usb_ma: int | None = None
    source: str = ""


def draws(board: BoardFile, model: str) -> tuple[Draw, ...]:
    """Everything that draws current on a board with one of its Raspberry Pis."""
    found = (_draw(board, table) for table in _tables(board, model))
    return tuple(draw for draw in found if draw.number)


def supplies(model: str) -> tuple[Supply, ...]:
    """The supplies that a Raspberry Pi may have, the recommended one first."""
    every = (Supply(**table) for table in toml_tables(FIGURES, "supply"))
    found = tuple(supply for supply in every if supply.model == model)
    if not found:
        raise ConfigError(f"{FIGURES.name} knows no supply for {model}")
    return found


def known_sum(all_draws: tuple[Draw, ...], state: State) -> int:
    """What is known of a state, in mA."""
    return sum(draw.total(state) or 0 for draw in all_draws)


def most_of(all_draws: tuple[Draw, ...], *, usb_only: bool = False) -> int:
    """Everything at its largest at once, in mA; what is unknown is left out."""
    return sum(
        max(draw.total(state) or 0 for state in State)
        for draw in all_draws
        if draw.is_usb or not usb_only
    )


def line_load_ma(board: BoardFile) -> float:
    """What all lights together take from the header's lines."""
    return len(board.leds) * (LINE_VOLT - LED_VOLT) / LED_OHM * 1000


def power_lines(board: BoardFile) -> Iterator[str]:
    """The budget in Markdown: a table for each Raspberry Pi of the board, and the sources."""
    yield (
        "In mA at the supply's 5 V. Parts on 3.3 V are counted as if they were on 5 V, which errs "
        "to the safe side. **?** is a figure that nobody has published: it waits for measurement "
        "([measuring](../measuring.md))."
    )
    for model in board.models:
        every = draws(board, model)
        yield from ("", f"### {model}", "", *_table(every), "")
        yield from (f"- {_verdict(every, supply)}" for supply in supplies(model))
    if board.leds:
        yield (
            f"- From the header's lines the lights take {line_load_ma(board):.0f} mA of the "
            f"{LINES_MA} mA that all lines may give together (Raspberry Pi documentation, Power "
            "supplies)."
        )
    yield from ("", "### Where the figures are from", "")
    every = tuple(draw for model in board.models for draw in draws(board, model))
    for draw in dict.fromkeys((draw.name, draw.basis, draw.source) for draw in every):
        yield f"- {draw[0]}: {BASES[draw[1]]}. {draw[2]}."


def _table(every: tuple[Draw, ...]) -> list[str]:
    rows = [[_name(draw), *(_shown(draw.total(state)) for state in State)] for draw in every]
    sums = [f"**{_at_least(every, state)}{known_sum(every, state)}**" for state in State]
    return markdown(["Part", *TITLES.values()], [*rows, ["**Sum**", *sums]], right=" rrrr")


def _verdict(every: tuple[Draw, ...], supply: Supply) -> str:
    sure = tuple(draw for draw in every if draw.most is not None)
    unsure = [draw.name for draw in every if draw.most is None]
    without = f" without {' and '.join(unsure)}" if unsure else ""
    for_them = f" for {'both' if len(unsure) > 1 else 'it'}" if unsure else ""
    most, usb = most_of(sure), most_of(sure, usb_only=True)
    given = (
        "which nothing but the supply limits"
        if supply.usb_ma is None
        else f"where all ports together give {supply.usb_ma}"
    )
    return (
        f"With a supply of {supply.supply_ma} mA: everything at its largest at once is {most} mA"
        f"{without}, which leaves {supply.supply_ma - most} mA{for_them}. {usb} mA of it are "
        f"USB's, {given}. {supply.source}."
    )


def _tables(board: BoardFile, model: str) -> list[dict[str, Any]]:
    if model not in board.models:
        raise ConfigError(f"board {board.name} is not for {model}")
    return [table for table in toml_tables(FIGURES, "draw") if table.get("model", model) == model]


def _draw(board: BoardFile, table: Mapping[str, Any]) -> Draw:
    what = f"{FIGURES.name}: {table['name']}"
    figures = {state: table.get(state.value, table["idle"]) for state in State}
    return Draw(
        name=table["name"],
        number=quantity(board, table.get("count", "one"), what=what),
        milliamperes={s: None if f == Basis.MEASURE else int(f) for s, f in figures.items()},
        basis=Basis(table["basis"]),
        source=table["source"],
        is_usb=bool(table.get("usb", False)),
    )


def _at_least(every: tuple[Draw, ...], state: State) -> str:
    return "≥ " if any(draw.total(state) is None for draw in every) else ""


def _name(draw: Draw) -> str:
    return draw.name if draw.number == 1 else f"{draw.number} × {draw.name}"


def _shown(milliamperes: int | None) -> str:
    return "?" if milliamperes is None else str(milliamperes)
