"""What all pages have in common that are a list of rows."""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Self, TypeVar, overload

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
        key: What tells it from the others of its page, wherever it stands; or an empty string if
            its label does.
    """

    label: str
    value: str = ""
    opens: Page | None = None
    commands: Commands = ()
    turned: Callable[[int], Command] | None = None
    meaning: str = ""
    key: str = ""


class Rows(Sequence[Row]):
    """Rows that are made when they are looked at, for lists that may be long.

    Args:
        items: What they are of.
        row: Makes one.
        before: Rows that come first.
        key: Its key, which is looked for among all of them.
    """

    def __init__(
        self,
        items: Sequence[_Item],
        row: Callable[[_Item], Row],
        before: tuple[Row, ...] = (),
        *,
        key: Callable[[_Item], str] | None = None,
    ) -> None:
        self._before = before
        self._count = len(items)
        self._row: Callable[[int], Row] = lambda index: row(items[index])
        self._key: Callable[[int], str] = lambda index: (
            key(items[index]) if key else _key_of(row(items[index]))
        )

    def key_at(self, index: int) -> str:
        """The key of a row, which need not be made for it."""
        if index < len(self._before):
            return _key_of(self._before[index])
        return self._key(index - len(self._before))

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

    What is selected stays so where rows come and go above it.

    Attributes:
        selected: Which row; of a list that has become shorter the last one is.
        anchor: Its key, wherever it stands now; None until a hand has chosen it.
        is_editing: Whether `SELECT` changes the row instead of moving.
    """

    selected: int = 0
    anchor: str | None = None
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
        rows = self.rows(overview)
        place, is_editing = self._found(rows)
        if is_editing and key in (Key.BACK, Key.ENTER):
            return Step(page=replace(self, is_editing=False))
        if key is not Key.ENTER or not rows:
            return Page.key(self, key, overview)
        row, page = rows[place], self._at(place, rows)
        if row.opens is not None or row.commands:
            return Step(page=page, opens=row.opens, commands=row.commands)
        return Step(page=replace(page, is_editing=row.turned is not None))

    def turn(self, dial: Dial, clicks: int, overview: Overview) -> Step:
        """Move, or change the selected row."""
        rows = self.rows(overview)
        place, is_editing = self._found(rows)
        if dial is Dial.VALUE or is_editing:
            turned = rows[place].turned if rows else None
            page = self._at(place, rows, is_editing=is_editing and turned is not None)
            return Step(page=page, commands=(turned(clicks),) if turned else ())
        last = max(len(rows) - 1, 0)
        return Step(page=self._at(min(max(place + clicks, 0), last), rows))

    def view(self, overview: Overview) -> ListView:
        """The part of the list with the selected row, which is as far down as there is room."""
        rows, (note, note_right) = self.rows(overview), self.note(overview)
        room = rows_shown(has_note=bool(note), has_meaning=self.explains())
        selected, is_editing = self._found(rows)
        first = min(max(selected - room + 1, 0), max(len(rows) - room, 0))
        meaning = rows[selected].meaning if rows else ""
        return ListView(
            title=self.title(overview),
            right=self.right(overview),
            level=self.level(overview),
            note=note,
            note_right=note_right,
            rows=tuple((shown.label, shown.value) for shown in rows[first : first + room]),
            selected=selected - first if rows else None,
            is_editing=is_editing,
            first=first,
            total=len(rows),
            meaning=meaning if self.explains() else None,
        )

    def row(self, overview: Overview) -> Row | None:
        """The selected row, or None if there is none."""
        rows = self.rows(overview)
        return rows[self.place(rows)] if rows else None

    def anchored(self, overview: Overview) -> Self:
        """The page with the row that is selected now, wherever that moves."""
        rows = self.rows(overview)
        return self._at(self.place(rows), rows)

    def place(self, rows: Sequence[Row]) -> int:
        """Where the selected row is now; where it was, if it is gone; 0 if there is none."""
        return self._found(rows)[0]

    def _found(self, rows: Sequence[Row]) -> tuple[int, bool]:
        """Where the selected row is, and whether it is there still and being changed."""
        at = max(min(self.selected, len(rows) - 1), 0)
        if self.anchor is None or not rows:
            return at, self.is_editing
        found = _nearest(rows, self.anchor, at)
        return (at, False) if found is None else (found, self.is_editing)

    def _at(self, place: int, rows: Sequence[Row], *, is_editing: bool = False) -> Self:
        """The page with another row selected."""
        anchor = _key_at(rows, place) if rows else None
        return replace(self, selected=place, anchor=anchor, is_editing=is_editing)


def opening(label: str, page: Page, value: str = LEADS_ON, *, key: str = "") -> Row:
    """A row that opens a page."""
    return Row(label=label, value=value, opens=page, key=key)


def _key_of(row: Row) -> str:
    return row.key or row.label


def _key_at(rows: Sequence[Row], index: int) -> str:
    return rows.key_at(index) if isinstance(rows, Rows) else _key_of(rows[index])


def _nearest(rows: Sequence[Row], key: str, at: int) -> int | None:
    """The row of this key that is nearest to a place: most have not moved, or by one."""
    count = len(rows)
    for distance in range(max(at + 1, count - at)):
        for index in (at - distance, at + distance):
            if 0 <= index < count and _key_at(rows, index) == key:
                return index
    return None


def switch(label: str, command: Callable[[bool], Command], *, is_on: bool) -> Row:
    """A row that enter switches over, and a dial clockwise on."""
    return Row(
        label=label,
        value="on" if is_on else "off",
        commands=(command(not is_on),),
        turned=lambda clicks: command(clicks > 0),
    )
