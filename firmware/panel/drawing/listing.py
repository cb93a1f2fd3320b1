"""Rows to choose from: where one is, what each is set to, and whether there are more."""

from typing import Final

from firmware.panel.canvas import HEADER_HEIGHT, HEIGHT, WIDTH, Box, Canvas
from firmware.panel.font import width_of, wrapped
from firmware.panel.views import LEVELS, ListView

ROW_HEIGHT: Final = 10
MEANING_LINES: Final = 3
_LINE = 9
_TOP = HEADER_HEIGHT + 2
_GAP = 6  # between a label and its value, at least
FACT_WIDTH: Final = WIDTH - 8 - _GAP
"""Of a label and its value together where both are seen in full, a bar beside them included."""
_WIDEST_LABEL = 3 * WIDTH // 5  # where the value would leave it less


def rows_shown(*, has_note: bool, has_meaning: bool) -> int:
    """How many rows a list has room for."""
    bottom = HEIGHT - (MEANING_LINES * _LINE + 4 if has_meaning else 0)
    return (bottom - _first_row(has_note=has_note)) // ROW_HEIGHT


def draw(canvas: Canvas, view: ListView) -> None:
    """Header, note, rows with the selected one dark on light, a bar if there are more, meaning."""
    canvas.header(view.title, view.right if view.level is None else " " * 7)
    if view.level is not None:
        _meter(canvas, view.level)
    if view.note:
        room = WIDTH - 4 - (width_of(view.note_right) + _GAP if view.note_right else 0)
        canvas.text(2, HEADER_HEIGHT + 3, view.note, width=room)
        canvas.text_right(WIDTH - 2, HEADER_HEIGHT + 3, view.note_right)
    top = _first_row(has_note=bool(view.note))
    right = WIDTH
    if view.total > len(view.rows):
        bar = Box(left=WIDTH - 2, top=top, right=WIDTH, bottom=top + len(view.rows) * ROW_HEIGHT)
        canvas.scroll_bar(bar, first=view.first, shown=len(view.rows), total=view.total)
        right = bar.left - 2
    for line, (label, value) in enumerate(view.rows):
        y = top + line * ROW_HEIGHT
        is_selected = line == view.selected
        _row(canvas, y, right, label, value, is_selected=is_selected, is_editing=view.is_editing)
    if view.meaning is not None:
        _meaning(canvas, view.meaning)


def _first_row(*, has_note: bool) -> int:
    return _TOP + 11 if has_note else _TOP


def _row(
    canvas: Canvas,
    y: int,
    right: int,
    label: str,
    value: str,
    *,
    is_selected: bool,
    is_editing: bool,
) -> None:
    """While its value is edited only that is dark on light."""
    room = right - 4
    label_width = width_of(label)
    value_width = min(width_of(value), room - _GAP - min(label_width, _WIDEST_LABEL))
    left = right - 2 - value_width
    canvas.text(2, y + 1, label, width=left - _GAP - 2 if value else room)
    if value:
        canvas.text(left, y + 1, value, width=value_width)
    if is_selected:
        edge = left - 2 if is_editing else 0
        canvas.invert(Box(left=edge, top=y, right=right, bottom=y + ROW_HEIGHT))


def _meter(canvas: Canvas, level: int) -> None:
    """Columns that rise to the right, dark on the light header, as many as it is loud."""
    for column in range(LEVELS):
        left = WIDTH - 4 * (LEVELS - column) - 1
        height = 2 + column if column < level else 1
        box = Box(left=left, top=8 - height, right=left + 3, bottom=9)
        canvas.fill(box, light=False)


def _meaning(canvas: Canvas, meaning: str) -> None:
    top = HEIGHT - MEANING_LINES * _LINE
    canvas.dotted_row(top - 3)
    lines = wrapped(meaning, WIDTH - 4)
    for line, text in enumerate(lines[:MEANING_LINES]):
        is_cut = line == MEANING_LINES - 1 and len(lines) > MEANING_LINES
        canvas.text(2, top + line * _LINE, f"{text}…" if is_cut else text, width=WIDTH - 4)
