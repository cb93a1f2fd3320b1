"""A USB stick: how far its compositions are, and when it may be pulled out."""

from firmware.panel.canvas import HEADER_HEIGHT, HEIGHT, WIDTH, Box, Canvas
from firmware.panel.drawing.generate import time_left
from firmware.panel.font import fitted, width_of
from firmware.panel.views import StickView

_BAR = Box(left=4, top=38, right=WIDTH - 4, bottom=48)
_LAST_LINE = HEIGHT - 11


def draw(canvas: Canvas, view: StickView) -> None:
    """The bar while it is written to; else what is on it, and what to do."""
    if view.is_copying:
        _copying(canvas, view)
    else:
        _ready(canvas, view)


def _copying(canvas: Canvas, view: StickView) -> None:
    canvas.header(view.title, f"{view.done}/{view.total}" if view.total else "")
    canvas.text_centred(HEADER_HEIGHT + 3, "Copying compositions")
    canvas.text_centred(HEADER_HEIGHT + 14, fitted(view.name, WIDTH - 8))
    canvas.progress_bar(_BAR, done=view.done, total=view.total)
    canvas.text(4, _LAST_LINE, time_left(view.seconds_left))
    canvas.text_right(WIDTH - 4, _LAST_LINE, "leave it in")


def _ready(canvas: Canvas, view: StickView) -> None:
    canvas.header(view.title, "")
    canvas.text_centred(HEADER_HEIGHT + 2, "ready", scale=2)
    canvas.text_centred(HEADER_HEIGHT + 21, "you can pull it out")
    canvas.text_centred(HEADER_HEIGHT + 30, _on_it(view))
    if view.melodies:
        what = f"push: {counted(view.melodies, 'melody', 'melodies')}"
        canvas.text(4, _LAST_LINE, what)
        right = 6 + width_of(what)
        canvas.invert(Box(left=2, top=_LAST_LINE - 2, right=right, bottom=HEIGHT - 1))
    canvas.text_right(WIDTH - 4, _LAST_LINE, "back")


def counted(count: int, one: str, more: str) -> str:
    """So many of something."""
    return f"{count} {one if count == 1 else more}"


def _on_it(view: StickView) -> str:
    if not view.total:
        return "no composition to copy yet"
    if view.done < view.total:
        return f"{view.done} on it, {view.total - view.done} damaged"
    return f"{counted(view.done, 'composition', 'compositions')} on it"
