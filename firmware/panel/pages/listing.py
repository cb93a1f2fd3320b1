"""What all pages have in common that are a list of rows."""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar, overload

from firmware.panel.commands import Command, Commands
from firmware.panel.drawing.listing import rows_shown
from firmware.panel.keys import Dial, Key
from firmware.panel.overview import Overview
from firmware.panel.page import Page, Step
from firmware.panel.views import ListView

LEADS_ON = ">"
"""The value of a row that opens a page."""

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row. One that does nothing is a fact.

    Attributes:
        label: What it is.
        value: What it is set to.
        opens: The page that enter opens, or None.
        commands: What enter does.
        turned: What so many clicks do, or None; enter lets the menu's dial turn it, unless it
            opens or does something itself.
        meaning: What it means, in plain words.
    """

    label: str
    value: str = ""
    opens: Page | None = None
    commands: Commands = ()
    turned: Callable[[int], Command] | None = None
    meaning: str = ""


class Rows(Sequence[Row]):
    """Rows that are made when they are looked at, for lists that may be long.

    Args:
        items: What they are of.
        row: Makes one.
        before: Rows that come first.
    """

    def __init__(
        self,
        items: Sequence[_Item],
        row: Callable[[_Item], Row],
        before: tuple[Row, ...] = (),
    ) -> None:
        self._before = before
        self._count = len(items)
        self._row: Callable[[int], Row] = lambda index: row(items[index])

    def __len__(self) -> int:
        return len(self._before) + self._count

    @overload
    def __getitem__(self, index: int) -> Row: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Row, ...]: ...

    def __getitem__(self, index: int | slice) -> Row | tuple[Row, ...]:
        if isinstance(index, slice):
            return tuple(self[at] for at in range(*index.indices(len(self))))
        if not 0 <= index < len(self):
            raise IndexError(index)
        if index < len(self._before):
            return self._before[index]
        return self._row(index - len(self._before))

    def __iter__(self) -> Iterator[Row]:
        return (self[index] for index in range(len(self)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage(Page):
    """A list of rows: `SELECT` moves, `VALUE` changes, enter opens, does or begins to change.

    Attributes:
        selected: Which row; of a list that has become shorter the last one is.
        is_editing: Whether `SELECT` changes the row instead of moving.
    """

    selected: int = 0
    is_editing: bool = False

    @abstractmethod
    def title(self, overview: Overview) -> str:
        """What is written at the top."""

    @abstractmethod
    def rows(self, overview: Overview) -> Sequence[Row]:
        """What there is to choose from."""

    def right(self, overview: Overview) -> str:
        """What is written at the right end of the title."""
        del overview
        return ""

    def note(self, overview: Overview) -> tuple[str, str]:
        """A line of its own above the rows, and what is at its right end; or empty strings."""
        del overview
        return "", ""

    def level(self, overview: Overview) -> int | None:
        """How much sounds, where that is shown in the title."""
        del overview
        return None

    def explains(self) -> bool:
        """Whether the rows' meaning is shown."""
        return False

    def key(self, key: Key, overview: Overview) -> Step:
        """Take a key; back ends a change before it leaves the page."""
        if self.is_editing and key in (Key.BACK, Key.ENTER):
            return Step(page=replace(self, is_editing=False))
        row = self.row(overview)
        if key is not Key.ENTER or row is None:
            return Page.key(self, key, overview)
        if row.opens is not None or row.commands:
            return Step(opens=row.opens, commands=row.commands)
        if row.turned is not None:
            return Step(page=replace(self, is_editing=True))
        return Step()

    def turn(self, dial: Dial, clicks: int, overview: Overview) -> Step:
        """Move, or change the selected row."""
        row = self.row(overview)
        if dial is Dial.VALUE or self.is_editing:
            if row is None or row.turned is None:
                return Step(page=replace(self, is_editing=False))
            return Step(commands=(row.turned(clicks),))
        last = len(self.rows(overview)) - 1
        selected = min(max(min(self.selected, last) + clicks, 0), max(last, 0))
        return Step(page=replace(self, selected=selected))

    def view(self, overview: Overview) -> ListView:
        """The part of the list with the selected row, which is as far down as there is room."""
        rows, (note, note_right) = self.rows(overview), self.note(overview)
        room = rows_shown(has_note=bool(note), has_meaning=self.explains())
        selected = min(self.selected, len(rows) - 1)
        first = min(max(selected - room + 1, 0), max(len(rows) - room, 0))
        row = self.row(overview)
        return ListView(
            title=self.title(overview),
            right=self.right(overview),
            level=self.level(overview),
            note=note,
            note_right=note_right,
            rows=tuple((shown.label, shown.value) for shown in rows[first : first + room]),
            selected=selected - first if rows else None,
            is_editing=self.is_editing,
            first=first,
            total=len(rows),
            meaning=(row.meaning if row else "") if self.explains() else None,
        )

    def row(self, overview: Overview) -> Row | None:
        """The selected row, or None if there is none."""
        rows = self.rows(overview)
        return rows[min(self.selected, len(rows) - 1)] if rows else None


def opening(label: str, page: Page, value: str = LEADS_ON) -> Row:
    """A row that opens a page."""
    return Row(label=label, value=value, opens=page)


def switch(label: str, command: Callable[[bool], Command], *, is_on: bool) -> Row:
    """A row that enter switches over, and a dial clockwise on."""
    return Row(
        label=label,
        value="on" if is_on else "off",
        commands=(command(not is_on),),
        turned=lambda clicks: command(clicks > 0),
    )
