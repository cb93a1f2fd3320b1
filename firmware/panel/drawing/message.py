"""Something the player must know: one sentence, and what helps."""

from firmware.panel.canvas import HEADER_HEIGHT, HEIGHT, WIDTH, Canvas
from firmware.panel.font import wrapped
from firmware.panel.views import MessageView

_LINE = 10
_LINES = (HEIGHT - HEADER_HEIGHT - 2) // _LINE


def draw(canvas: Canvas, view: MessageView) -> None:
    """The sentence from the top, the remedy behind an arrow at the bottom."""
    canvas.header("Please note", "")
    sentence = wrapped(_sentence(view.sentence), WIDTH - 4)
    remedy = wrapped(f"→ {view.remedy}", WIDTH - 4) if view.remedy else ()
    # The sentence matters more: the remedy gets the lines that it leaves, two at least.
    shown = sentence[: max(_LINES - len(remedy), _LINES - 2)]
    for line, text in enumerate(shown):
        last = line == len(shown) - 1 and len(shown) < len(sentence)
        canvas.text(2, HEADER_HEIGHT + 3 + line * _LINE, f"{text}…" if last else text)
    remedy = remedy[: _LINES - len(shown)]
    top = HEIGHT - len(remedy) * _LINE
    for line, text in enumerate(remedy):
        canvas.text(2, top + line * _LINE, text)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
