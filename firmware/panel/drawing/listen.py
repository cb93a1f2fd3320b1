"""Music that plays: the piano roll with its playhead."""

from firmware.panel.canvas import HEADER_HEIGHT, HEIGHT, WIDTH, Box, Canvas
from firmware.panel.views import ListenView

_ROLL = Box(left=0, top=HEADER_HEIGHT + 2, right=WIDTH, bottom=HEIGHT - 10)


def draw(canvas: Canvas, view: ListenView) -> None:
    """Name, piano roll, playhead, whether it runs, and whose notes it has or what is to come."""
    canvas.header(view.title, f"{_clock(view.position_s)}/{_clock(view.length_s)}")
    canvas.piano_roll(
        _ROLL,
        view.notes,
        first_ticks=view.first_ticks,
        ticks=view.ticks,
        ticks_per_bar=view.ticks_per_bar,
    )
    canvas.invert(
        Box(left=view.playhead, top=_ROLL.top, right=view.playhead + 1, bottom=_ROLL.bottom)
    )
    top = HEIGHT - 8
    if view.is_paused:
        canvas.fill(Box(left=2, top=top, right=4, bottom=top + 7))
        canvas.fill(Box(left=6, top=top, right=8, bottom=top + 7))
    else:
        canvas.triangle(Box(left=2, top=top, right=8, bottom=top + 7))
    canvas.text(12, top, view.take)
    mine = sum(note.is_players for note in view.notes)
    whose = f"{mine} yours · {len(view.notes) - mine} new"
    canvas.text_right(WIDTH - 2, top, view.coming or whose)


def _clock(seconds: int) -> str:
    return f"{seconds // 60}:{seconds % 60:02d}"
