"""The instrument at rest: the melody and the parameters."""

from firmware.panel.canvas import HEADER_HEIGHT, WIDTH, Box, Canvas
from firmware.panel.font import width_of
from firmware.panel.views import HomeView

_ROW_HEIGHT = 10
_FIRST_ROW = 24
_ROWS = 4


def draw(canvas: Canvas, view: HomeView) -> None:
    """Header, melody, parameters with the selected one dark on light."""
    canvas.header(view.technique.capitalize(), f"{view.tempo_bpm:g} bpm")
    canvas.text(2, HEADER_HEIGHT + 3, view.melody or "press record and play", width=WIDTH - 4)
    first = min(max(view.selected - _ROWS + 1, 0), max(len(view.rows) - _ROWS, 0))
    for line, (label, value) in enumerate(view.rows[first : first + _ROWS]):
        y = _FIRST_ROW + line * _ROW_HEIGHT
        canvas.text(2, y + 1, label, width=WIDTH - width_of(value) - 8)
        canvas.text_right(WIDTH - 2, y + 1, value)
        if first + line == view.selected:
            canvas.invert(Box(left=0, top=y, right=WIDTH, bottom=y + _ROW_HEIGHT))
