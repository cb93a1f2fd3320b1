"""What a dial is turned to: large, with its place in the range and its meaning."""

from firmware.panel.canvas import HEADER_HEIGHT, HEIGHT, WIDTH, Box, Canvas
from firmware.panel.font import width_of, wrapped
from firmware.panel.views import PeekView

_BAR = Box(left=4, top=31, right=WIDTH - 4, bottom=36)
_LINE = 9
_LINES = 3
_STEPS = 1000


def draw(canvas: Canvas, view: PeekView) -> None:
    """Label, value, bar, meaning."""
    canvas.header(view.label, "")
    scale = 2 if width_of(view.value) * 2 <= WIDTH - 4 else 1
    canvas.text_centred(HEADER_HEIGHT + (1 if scale == 2 else 6), view.value, scale=scale)
    canvas.progress_bar(_BAR, done=round(view.position * _STEPS), total=_STEPS)
    lines = wrapped(view.meaning, WIDTH - 4)[:_LINES]
    top = HEIGHT - len(lines) * _LINE
    for line, text in enumerate(lines):
        canvas.text(2, top + line * _LINE, text, width=WIDTH - 4)
