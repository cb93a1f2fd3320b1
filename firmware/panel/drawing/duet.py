"""A duet: whose turn it is, and what a finger can do about it."""

from firmware.panel.canvas import HEADER_HEIGHT, HEIGHT, WIDTH, Canvas
from firmware.panel.views import DuetView


def draw(canvas: Canvas, view: DuetView) -> None:
    """Tempo, turn, and how it goes on."""
    canvas.header("Duet", f"{view.tempo_bpm:g} bpm")
    canvas.text_centred(
        HEADER_HEIGHT + 8, "answering" if view.is_answering else "listening", scale=2
    )
    what = "play to interrupt" if view.is_answering else "pause for an answer"
    canvas.text_centred(HEADER_HEIGHT + 30, what)
    canvas.text_right(WIDTH - 4, HEIGHT - 11, "stop ends it")
