"""The instrument at rest: the melody, the technique and its parameters."""

from firmware.panel.canvas import HEADER_HEIGHT, HEIGHT, WIDTH, Box, Canvas
from firmware.panel.font import width_of
from firmware.panel.views import HomeView

_ROW_HEIGHT = 10
_FIRST_ROW = 24
_ROWS = 4
_SCROLL_BAR = Box(left=WIDTH - 2, top=_FIRST_ROW, right=WIDTH, bottom=HEIGHT)


def draw(canvas: Canvas, view: HomeView) -> None:
    """Header, melody, rows with the selected one dark on light, and a bar if there are more."""
    canvas.header(view.technique.capitalize(), f"{view.tempo_bpm:g} bpm")
    canvas.text(2, HEADER_HEIGHT + 3, view.melody or "press record and play", width=WIDTH - 4)
    first = min(max(view.selected - _ROWS + 1, 0), max(len(view.rows) - _ROWS, 0))
    right = WIDTH
    if len(view.rows) > _ROWS:
        right = _SCROLL_BAR.left - 2
        canvas.scroll_bar(_SCROLL_BAR, first=first, shown=_ROWS, total=len(view.rows))
    for line, (label, value) in enumerate(view.rows[first : first + _ROWS]):
        y = _FIRST_ROW + line * _ROW_HEIGHT
        canvas.text(2, y + 1, label, width=right - width_of(value) - 8)
        canvas.text_right(right - 2, y + 1, value)
        if first + line == view.selected:
            canvas.invert(Box(left=0, top=y, right=right, bottom=y + _ROW_HEIGHT))
