"""A question before something is done, and what a finger can answer."""

from firmware.panel.canvas import HEADER_HEIGHT, HEIGHT, WIDTH, Box, Canvas
from firmware.panel.font import width_of, wrapped
from firmware.panel.views import ConfirmView

_LINES = 3
_YES, _NO = "push: yes", "back: no"


def draw(canvas: Canvas, view: ConfirmView) -> None:
    """To what, what follows, and both answers."""
    canvas.header(view.title, "")
    lines = wrapped(view.consequence, WIDTH - 4)[:_LINES]
    is_tight = len(lines) == _LINES
    canvas.text(2, HEADER_HEIGHT + (2 if is_tight else 4), view.subject, width=WIDTH - 4)
    top, pitch = (HEADER_HEIGHT + 12, 9) if is_tight else (HEADER_HEIGHT + 16, 10)
    for line, text in enumerate(lines):
        canvas.text(2, top + line * pitch, text, width=WIDTH - 4)
    y = HEIGHT - 11
    canvas.text(4, y, _YES)
    canvas.invert(Box(left=2, top=y - 2, right=6 + width_of(_YES), bottom=HEIGHT - 1))
    canvas.text_right(WIDTH - 4, y, _NO)
