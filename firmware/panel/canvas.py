"""Drawing on the panel: text, bars, boxes and piano rolls on a one-bit image of 128 by 64."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageChops, ImageDraw

from firmware.panel import font

WIDTH: Final = 128
HEIGHT: Final = 64
HEADER_HEIGHT: Final = 11

_SHORTEST_THUMB: Final = 4
_MIN_SEMITONES: Final = 18
"""A narrow melody is not stretched over the whole height."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RollNote:
    """A note as a piano roll shows it.

    Attributes:
        start_ticks: When it begins.
        end_ticks: When it ends.
        pitch: 0..127.
        is_players: Whether the player struck it; the model's are drawn thinner.
    """

    start_ticks: int
    end_ticks: int
    pitch: int
    is_players: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle of pixels, its right and lower edge not included."""

    left: int
    top: int
    right: int
    bottom: int


class Canvas:
    """A blank page to draw on."""

    def __init__(self) -> None:
        self.image = Image.new("1", (WIDTH, HEIGHT))
        self._draw = ImageDraw.Draw(self.image)

    def text(self, x: int, y: int, text: str, *, width: int = WIDTH) -> None:
        """Write from a point on, shortened to a width in pixels."""
        self.image.paste(font.render(font.fitted(text, min(width, WIDTH - x))), (x, y))

    def text_right(self, right: int, y: int, text: str) -> None:
        """Write up to a column, that one not included."""
        self.text(right - font.width_of(text), y, text)

    def text_centred(self, y: int, text: str, *, scale: int = 1) -> None:
        """Write in the middle, in pixels `scale` times as large."""
        image = font.render(text)
        image = image.resize((image.width * scale, image.height * scale), Image.Resampling.NEAREST)
        self.image.paste(image, ((WIDTH - image.width) // 2, y))

    def header(self, left: str, right: str) -> None:
        """The dark-on-light line at the top."""
        room = WIDTH - font.width_of(right) - 8
        self.text(2, 2, font.fitted(left, room))
        self.text_right(WIDTH - 2, 2, right)
        self.invert(Box(left=0, top=0, right=WIDTH, bottom=HEADER_HEIGHT))

    def invert(self, box: Box) -> None:
        """Swap light and dark."""
        area = (box.left, box.top, box.right, box.bottom)
        self.image.paste(ImageChops.invert(self.image.crop(area)), area)

    def fill(self, box: Box, *, light: bool = True) -> None:
        """Paint a rectangle."""
        if box.left < box.right and box.top < box.bottom:
            area = (box.left, box.top, box.right - 1, box.bottom - 1)
            self._draw.rectangle(area, fill=255 if light else 0)

    def dots(self, x: int, top: int, bottom: int, *, every: int) -> None:
        """A dotted line downwards."""
        self._draw.point([(x, y) for y in range(top, bottom, every)], fill=255)

    def dotted_row(self, y: int) -> None:
        """A dotted line from edge to edge."""
        self._draw.point([(x, y) for x in range(0, WIDTH, 3)], fill=255)

    def triangle(self, box: Box) -> None:
        """A triangle that points to the right, as on a play button."""
        middle = (box.top + box.bottom - 1) // 2
        corners = [(box.left, box.top), (box.left, box.bottom - 1), (box.right - 1, middle)]
        self._draw.polygon(corners, fill=255)

    def progress_bar(self, box: Box, *, done: int, total: int) -> None:
        """A frame that fills from the left."""
        self._draw.rectangle((box.left, box.top, box.right - 1, box.bottom - 1), outline=255)
        room = box.right - box.left - 4
        width = room * min(done, total) // max(total, 1)
        inside = (box.left + 2, box.top + 2)
        self.fill(
            Box(left=inside[0], top=inside[1], right=inside[0] + width, bottom=box.bottom - 2)
        )

    def scroll_bar(self, box: Box, *, first: int, shown: int, total: int) -> None:
        """Which part of a list is shown: a thumb as long as that part, on a dotted line."""
        height = box.bottom - box.top
        self.dots(box.right - 1, box.top, box.bottom, every=2)
        thumb = max(height * shown // total, _SHORTEST_THUMB)
        top = box.top + (height - thumb) * first // max(total - shown, 1)
        self.fill(Box(left=box.left, top=top, right=box.right, bottom=top + thumb))

    def piano_roll(
        self,
        box: Box,
        notes: Sequence[RollNote],
        *,
        first_ticks: int,
        ticks: int,
        ticks_per_bar: int,
        pitches: tuple[int, int] | None = None,
    ) -> None:
        """Notes as bars: time to the right, pitch upwards, the player's thick, others thin.

        Args:
            box: Where.
            notes: Those that may be seen.
            first_ticks: What the left edge shows.
            ticks: How much the width shows.
            ticks_per_bar: Distance of the dotted bar lines.
            pitches: The lowest and the highest that there is room for; by default those of the
                notes.
        """
        width = box.right - box.left

        def column(at: int) -> int:
            return box.left + (at - first_ticks) * width // ticks

        for at in range(first_ticks, first_ticks + ticks, ticks_per_bar):
            self.dots(column(at), box.top, box.bottom, every=4)
        row = _rows(box, pitches or _pitches(notes))
        for note in notes:
            if note.end_ticks <= first_ticks or note.start_ticks >= first_ticks + ticks:
                continue
            left = max(column(note.start_ticks), box.left)
            right = min(column(note.end_ticks), box.right)
            # A gap before the next note, so that a repeated one is seen to be struck again.
            right = max(right - 1, left + 1)
            top = row(note.pitch)
            bottom = top + (2 if note.is_players else 1)
            self.fill(Box(left=left, top=top, right=right, bottom=bottom))


def _pitches(notes: Sequence[RollNote]) -> tuple[int, int]:
    low = min((note.pitch for note in notes), default=60)
    return low, max((note.pitch for note in notes), default=60)


def _rows(box: Box, pitches: tuple[int, int]) -> "_Rows":
    low, high = pitches
    missing = max(_MIN_SEMITONES - (high - low), 0)
    return _Rows(box=box, high=high + missing // 2, low=low - (missing + 1) // 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """Which row a pitch has."""

    box: Box
    high: int
    low: int

    def __call__(self, pitch: int) -> int:
        room = self.box.bottom - self.box.top - 2
        return self.box.top + (self.high - pitch) * room // (self.high - self.low)
