"""A generation at work: how far it is and how long it will take."""

from firmware.panel.canvas import HEADER_HEIGHT, HEIGHT, WIDTH, Box, Canvas
from firmware.panel.views import GenerateView

_DOING = {"enhance": "Enhancing", "accompany": "Accompanying", "extend": "Extending"}
_BAR = Box(left=4, top=38, right=WIDTH - 4, bottom=48)


def draw(canvas: Canvas, view: GenerateView) -> None:
    """Per cent, bar, time left."""
    canvas.header(_DOING.get(view.technique, view.technique), "preview" if view.is_playing else "")
    percent = 100 * view.done // view.total if view.total else 0
    canvas.text_centred(HEADER_HEIGHT + 5, f"{percent}%", scale=2)
    canvas.progress_bar(_BAR, done=view.done, total=view.total)
    canvas.text(4, HEIGHT - 11, time_left(view.seconds_left))
    canvas.text_right(WIDTH - 4, HEIGHT - 11, "back cancels")


def time_left(seconds: int | None) -> str:
    """How long it will take, in a few words."""
    if seconds is None:
        return "a moment…"
    if seconds < 60:
        return f"{seconds} s left"
    if seconds < 600:
        return f"{seconds // 60} min {seconds % 60:02d} s left"
    return f"{seconds // 60} min left"  # seconds would run into what stands beside it
