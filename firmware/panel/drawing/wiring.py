"""A question of the wiring's own test: what to do, and with which part of the panel."""

from typing import Final

from firmware.panel.canvas import HEADER_HEIGHT, HEIGHT, WIDTH, Box, Canvas
from firmware.panel.font import width_of, wrapped
from firmware.panel.views import WiringView

_MAP: Final = Box(left=66, top=HEADER_HEIGHT + 3, right=WIDTH, bottom=HEIGHT - 14)
_LINE = 10
_TOP = HEADER_HEIGHT + 4
_BOTTOM = HEIGHT - 10
_YES, _NO = "push: yes", "back: no"
_STEPS = 100


def draw(canvas: Canvas, view: WiringView) -> None:
    """What to do on the left, where on the right, what to mind and the time that is left below."""
    canvas.header("Wiring", f"{view.number}/{view.total}")
    has_map = view.panel is not None
    room = (_MAP.left if has_map else WIDTH) - 4
    name = wrapped(view.what, room - 4)[:2]
    canvas.text(2, _TOP, view.verb, width=room)
    for number, text in enumerate(name, start=1):
        y = _TOP + number * _LINE
        canvas.text(4, y + 1, text, width=room)
        box = Box(left=2, top=y - 1, right=min(6 + width_of(text), room + 2), bottom=y + 9)
        canvas.invert(box)
    for number, text in enumerate(wrapped(view.how, room)[: 3 - len(name)]):
        canvas.text(2, _TOP + 2 + (len(name) + 1 + number) * _LINE, text, width=room)
    if view.panel is not None:
        _panel(canvas, view.panel, view)
    _below(canvas, view)


def _below(canvas: Canvas, view: WiringView) -> None:
    if view.has_answer:
        canvas.text(4, _BOTTOM, _YES)
        canvas.invert(Box(left=2, top=_BOTTOM - 2, right=6 + width_of(_YES), bottom=HEIGHT - 1))
        canvas.text_right(WIDTH - 4, _BOTTOM, _NO)
    elif view.hint:
        canvas.text(2, _BOTTOM, view.hint, width=WIDTH - 4)
    else:
        bar = Box(left=2, top=HEIGHT - 6, right=WIDTH - 2, bottom=HEIGHT - 1)
        canvas.progress_bar(bar, done=round(view.time_left * _STEPS), total=_STEPS)


def _panel(canvas: Canvas, panel: tuple[float, float], view: WiringView) -> None:
    """The front as the maker sees it, the edge towards the player below."""
    width, depth = panel
    scale = min((_MAP.right - _MAP.left) / width, (_MAP.bottom - _MAP.top) / depth)
    right, bottom = _MAP.left + round(width * scale), _MAP.top + round(depth * scale)

    def around(at_mm: tuple[float, float], x_px: int, y_px: int) -> Box:
        x, y = _MAP.left + round(at_mm[0] * scale), bottom - round(at_mm[1] * scale)
        return Box(left=x - x_px, top=y - y_px, right=x + x_px + 1, bottom=y + y_px + 1)

    _frame(canvas, Box(left=_MAP.left, top=_MAP.top, right=right, bottom=bottom))
    if view.screen_mm is not None:
        _frame(canvas, around(view.screen_mm, 5, 3))
    for spot in sorted(view.spots, key=lambda spot: spot.is_asked):
        at_mm = (spot.x_mm, spot.y_mm)
        size = 2 if spot.is_knob else 1
        if spot.is_asked:
            canvas.fill(around(at_mm, size + 3, size + 3))
            if not spot.is_lit:
                canvas.fill(around(at_mm, size + 1, size + 1), light=False)
        if spot.is_knob:
            _frame(canvas, around(at_mm, size, size))
        else:
            canvas.fill(around(at_mm, size, size))


def _frame(canvas: Canvas, box: Box) -> None:
    canvas.fill(box)
    inside = Box(left=box.left + 1, top=box.top + 1, right=box.right - 1, bottom=box.bottom - 1)
    canvas.fill(inside, light=False)
