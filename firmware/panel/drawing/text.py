"""Something to read, line by line."""

from typing import Final

from firmware.panel.canvas import HEADER_HEIGHT, HEIGHT, WIDTH, Box, Canvas
from firmware.panel.views import TextView

LINE: Final = 10
LINES: Final = (HEIGHT - HEADER_HEIGHT - 2) // LINE
TEXT_WIDTH: Final = WIDTH - 8
_TOP = HEADER_HEIGHT + 3


def draw(canvas: Canvas, view: TextView) -> None:
    """The title, the lines, and a bar if there are more."""
    canvas.header(view.title, "")
    for line, text in enumerate(view.lines):
        canvas.text(2, _TOP + line * LINE, text, width=TEXT_WIDTH)
    if view.total > len(view.lines):
        bar = Box(left=WIDTH - 2, top=_TOP, right=WIDTH, bottom=HEIGHT)
        canvas.scroll_bar(bar, first=view.first, shown=len(view.lines), total=view.total)
