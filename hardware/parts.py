"""The bill of materials of a board: the catalogue's parts, counted by the board file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firmware.devices.wiring import BoardFile
from hardware.counts import quantity, references
from hardware.tables import comma_separated, markdown, toml_tables

CATALOGUE = Path(__file__).with_name("parts.toml")

HEAD = ("Quantity", "Part", "Reference", "Key specification", "Substitutes", "Data sheet")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One kind of part.

    Attributes:
        name: What it is.
        count: Which number of `counts` says how many there are.
        specification: What matters about it.
        substitutes: What serves as well, and what then changes.
        datasheet: Manufacturer and document.
        models: Raspberry Pis that it is for; empty for all.
        screens: Display sizes that it is for; empty for all.
    """

    name: str
    count: str
    specification: str
    substitutes: str
    datasheet: str
    models: tuple[str, ...] = ()
    screens: tuple[str, ...] = ()

    def is_for(self, board: BoardFile) -> bool:
        """Whether a board has it at all."""
        fits_model = not self.models or bool(set(self.models) & set(board.models))
        return fits_model and (not self.screens or board.display.screen.value in self.screens)


def catalogue() -> tuple[Part, ...]:
    """Every part that the kit knows."""
    return tuple(_part(table) for table in toml_tables(CATALOGUE, "part"))


def _part(table: Mapping[str, Any]) -> Part:
    lists = {key: tuple(table.get(key, ())) for key in ("models", "screens")}
    return Part(**{**table, **lists})


def bill(board: BoardFile) -> tuple[tuple[int, Part], ...]:
    """How many of what."""
    counted = (
        (quantity(board, part.count, what=f"{CATALOGUE.name}: {part.name}"), part)
        for part in catalogue()
        if part.is_for(board)
    )
    return tuple((number, part) for number, part in counted if number)


def bill_csv(board: BoardFile) -> str:
    """The bill for a spreadsheet."""
    return comma_separated(HEAD, _rows(board))


def bill_table(board: BoardFile) -> list[str]:
    """The bill in Markdown."""
    return markdown(HEAD, _rows(board), right="r")


def _rows(board: BoardFile) -> list[Sequence[str]]:
    return [
        (
            str(number),
            part.name,
            _reference(board, part),
            part.specification,
            part.substitutes,
            part.datasheet,
        )
        for number, part in bill(board)
    ]


def _reference(board: BoardFile, part: Part) -> str:
    """What the board file calls it, or the Raspberry Pi that it goes with, if there is a choice."""
    if len(board.models) > 1 and part.models:
        return f"with {' or '.join(model for model in part.models if model in board.models)}"
    return references(board, part.count)
