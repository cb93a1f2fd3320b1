"""A question before something is done, and what a finger can answer."""

from firmware.panel.canvas import HEADER_HEIGHT, HEIGHT, WIDTH, Box, Canvas
from firmware.panel.font import width_of, wrapped
from firmware.panel.views import ConfirmView

_LINE = 10
_YES, _NO = "push: yes", "back: no"


def draw(canvas: Canvas, view: ConfirmView) -> None:
    """To what, what follows, and both answers."""
    canvas.header(view.title, "")
    canvas.text(2, HEADER_HEIGHT + 4, view.subject, width=WIDTH - 4)
    for line, text in enumerate(wrapped(view.consequence, WIDTH - 4)[:2]):
        canvas.text(2, HEADER_HEIGHT + 16 + line * _LINE, text, width=WIDTH - 4)
    y = HEIGHT - 11
    canvas.text(4, y, _YES)
    canvas.invert(Box(left=2, top=y - 2, right=6 + width_of(_YES), bottom=HEIGHT - 1))
    canvas.text_right(WIDTH - 4, y, _NO)
