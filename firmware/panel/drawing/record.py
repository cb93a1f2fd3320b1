"""Count-in and recording: where in the bar, and what was played so far."""

from firmware.panel.canvas import HEADER_HEIGHT, HEIGHT, WIDTH, Box, Canvas
from firmware.panel.views import CountInView, RecordView

_ROLL = Box(left=0, top=HEADER_HEIGHT + 3, right=WIDTH, bottom=HEIGHT - 10)


def draw_count_in(canvas: Canvas, view: CountInView) -> None:
    """The beats that are left, as large as they fit."""
    canvas.header("Get ready", f"{view.tempo_bpm:g} bpm")
    canvas.text_centred(HEADER_HEIGHT + 4, str(view.beats - view.beat + 1), scale=5)
    gap = 8
    left = (WIDTH - view.beats * gap) // 2
    for beat in range(min(view.beats, WIDTH // gap)):
        x = left + beat * gap
        size = 4 if beat < view.beat else 2
        edge = HEIGHT - 5 - size // 2
        canvas.fill(Box(left=x, top=edge, right=x + size, bottom=edge + size))


def draw(canvas: Canvas, view: RecordView) -> None:
    """Bar and beat in the header, the piano roll as it fills, the beats of the bar below."""
    canvas.header("Recording", f"bar {view.bar}.{view.beat}")
    canvas.piano_roll(
        _ROLL,
        view.notes,
        first_ticks=view.first_ticks,
        ticks=view.ticks,
        ticks_per_bar=view.ticks_per_bar,
        pitches=view.pitches,
    )
    canvas.text(2, HEIGHT - 9, f"{view.count} note{'' if view.count == 1 else 's'}")
    canvas.text_right(WIDTH - 2, HEIGHT - 9, "record ends it")
