"""A name that is being written, and the signs to choose from."""

from firmware.panel.canvas import HEADER_HEIGHT, HEIGHT, WIDTH, Box, Canvas
from firmware.panel.font import width_of
from firmware.panel.views import NameView

_CURSOR = "_"
_SIGNS_TOP = 38
_GAP = 6


def draw(canvas: Canvas, view: NameView) -> None:
    """The end of the name with a cursor, the signs with the one to be taken dark on light."""
    canvas.header(view.title, "")
    text = f"{view.text}{_CURSOR}"
    while width_of(text) > WIDTH - 4:
        text = f"…{text.lstrip('…')[1:]}"
    scale = 2 if 2 * width_of(text) <= WIDTH - 4 else 1
    canvas.text_centred(HEADER_HEIGHT + (3 if scale == 2 else 8), text, scale=scale)
    middle = len(view.signs) // 2
    chosen = view.signs[middle]
    left = (WIDTH - width_of(chosen)) // 2
    right = left + width_of(chosen)
    canvas.text(left, _SIGNS_TOP, chosen)
    canvas.invert(Box(left=left - 3, top=_SIGNS_TOP - 2, right=right + 3, bottom=_SIGNS_TOP + 10))
    for sign in view.signs[middle + 1 :]:
        right += _GAP
        if right + width_of(sign) > WIDTH:
            break
        canvas.text(right, _SIGNS_TOP, sign)
        right += width_of(sign)
    for sign in reversed(view.signs[:middle]):
        left -= _GAP + width_of(sign)
        if left < 0:
            break
        canvas.text(left, _SIGNS_TOP, sign)
    canvas.text(4, HEIGHT - 9, "push: take it")
    canvas.text_right(WIDTH - 4, HEIGHT - 9, "back: leave it")
