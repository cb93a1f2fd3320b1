"""A piano roll of a composition that shows what became of the player's notes.

The colours are Okabe and Ito's, which the colour-blind can tell apart; kept, added and removed
notes also differ in brightness and in shape (solid and dark, pale with an outline, hollow with
a cross), so that a black-and-white print says the same.

Reference:
    M. Okabe, K. Ito, "Color Universal Design" (2008).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from firmware.errors import LibraryError
from firmware.library.names import to_ascii
from firmware.music.notes import Changes, Composition, Melody, Note, changes
from firmware.music.timing import TICKS_PER_BEAT

NOTE_NAMES: Final = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")

WIDTH: Final = 1600
"""Of the picture, in pixels."""

# Okabe and Ito's blue, orange and vermilion.
KEPT: Final = (0, 114, 178)
ADDED: Final = (246, 190, 66)
ADDED_EDGE: Final = (160, 106, 0)
REMOVED: Final = (213, 94, 0)

PAPER: Final = (255, 255, 255)
INK: Final = (34, 38, 44)
QUIET_INK: Final = (98, 104, 114)
BLACK_KEY_ROW: Final = (240, 242, 246)
BEAT_LINE: Final = (226, 229, 235)
OCTAVE_LINE: Final = (198, 203, 212)
BAR_LINE: Final = (128, 135, 146)

_BLACK_KEYS = frozenset({1, 3, 6, 8, 10})
_SUPERSAMPLING = 2  # drawn twice as large and made smaller: smooth edges from plain shapes
_MARGIN = 48
_GUTTER = 76  # the keyboard at the left of each line
_HEAD = 132
_LINE_GAP = 58
_MAX_HEIGHT = 8_000  # or so: bars become narrower before lines become more
_MIN_ROWS = 24
_NARROWEST_BEAT = 4
_NARROWEST_BAR = 30
_BARS_APART = tuple(digit * 10**power for power in range(7) for digit in (1, 2, 5))

OnProgress = Callable[[int, int], None]
"""Called with the lines drawn and the lines in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """Where things are, in pixels of the finished picture.

    Attributes:
        bars_per_line: Bars in one line of the picture, as in a score.
        lines: Number of lines.
        row: Height of one pitch.
        low: Lowest pitch shown.
        high: Highest pitch shown.
        ticks_per_bar: Length of a bar.
    """

    bars_per_line: int
    lines: int
    row: int
    low: int
    high: int
    ticks_per_bar: int

    @property
    def line_height(self) -> int:
        return (self.high - self.low + 1) * self.row

    @property
    def height(self) -> int:
        return _HEAD + self.lines * (self.line_height + _LINE_GAP) + _MARGIN // 2

    @property
    def ticks_per_line(self) -> int:
        return self.bars_per_line * self.ticks_per_bar

    def band(self, line: int) -> tuple[int, int]:
        """First row of a line with what is written above it, and the first one of the next."""
        height = self.line_height + _LINE_GAP
        return _HEAD + line * height, _HEAD + (line + 1) * height

    def top(self, line: int) -> int:
        return self.band(line)[0] + _LINE_GAP // 2

    def x(self, ticks_into_line: int) -> float:
        left = _MARGIN + _GUTTER
        return left + ticks_into_line / self.ticks_per_line * (WIDTH - _MARGIN - left)

    def y(self, pitch: int, line: int) -> int:
        return self.top(line) + (self.high - pitch) * self.row


def draw_piano_roll(
    melody: Melody,
    composition: Composition,
    path: Path,
    *,
    on_progress: OnProgress = lambda *_: None,
) -> None:
    """Draw a composition, note by note, beside the melody it was made from.

    Args:
        melody: What the player gave.
        composition: What came of it.
        path: The PNG file to write; it is there whole or not at all.
        on_progress: Told how far it is.

    Raises:
        LibraryError: If the file cannot be written.
    """
    image = piano_roll_picture(melody, composition, on_progress=on_progress)
    temporary = path.with_name(f".{path.name}.part")
    try:
        image.save(temporary, format="PNG", optimize=True)
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise LibraryError(
            f"the picture {path} cannot be written: {error.strerror or error}"
        ) from error


def piano_roll_picture(
    melody: Melody, composition: Composition, *, on_progress: OnProgress = lambda *_: None
) -> Image.Image:
    """The picture of `draw_piano_roll`, RGB, `WIDTH` pixels wide and as high as it needs."""
    difference = changes(melody, composition)
    layout = _layout(composition, (*melody.notes, *composition.notes))
    image = Image.new("RGB", (WIDTH, layout.height), PAPER)
    with _drawn(image, 0, _HEAD) as pen:
        _draw_head(pen, melody, composition, difference)
    shapes = _shapes(difference, layout)
    for line in range(layout.lines):
        with _drawn(image, *layout.band(line)) as pen:
            _draw_grid(pen, layout, line, composition.beats_per_bar)
            for shape, box in shapes[line]:
                shape(pen, box)
        on_progress(line + 1, layout.lines)
    return image


def note_name(pitch: int) -> str:
    """The name of a pitch, `C4` being middle C (60)."""
    return f"{NOTE_NAMES[pitch % 12]}{pitch // 12 - 1}"


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size * _SUPERSAMPLING)


class _Pen:
    """Draws in pixels of the finished picture on a part of it that is larger.

    Args:
        draw: The part.
        top: Row of the picture at which the part begins.
    """

    def __init__(self, draw: ImageDraw.ImageDraw, top: int) -> None:
        self._draw = draw
        self._top = top

    def text(
        self,
        at: tuple[float, float],
        text: str,
        *,
        size: int,
        fill: tuple[int, int, int] = INK,
        anchor: str = "ls",
    ) -> float:
        """Write a text and return its width."""
        font = _font(size)
        x, y = self._larger(at)
        self._draw.text((x, y), text, font=font, fill=fill, anchor=anchor)
        return float(self._draw.textlength(text, font=font)) / _SUPERSAMPLING

    def line(self, points: Sequence[float], fill: tuple[int, int, int], width: float = 1) -> None:
        self._draw.line(self._larger(points), fill=fill, width=round(width * _SUPERSAMPLING))

    def rectangle(
        self, box: Sequence[float], fill: tuple[int, int, int], outline: tuple[int, int, int] | None
    ) -> None:
        self._draw.rectangle(self._larger(box), fill=fill, outline=outline)

    def kept_note(self, box: Sequence[float]) -> None:
        self._rounded(box, fill=KEPT, outline=KEPT, width=1)

    def added_note(self, box: Sequence[float]) -> None:
        self._rounded(box, fill=ADDED, outline=ADDED_EDGE, width=1.5)

    def removed_note(self, box: Sequence[float]) -> None:
        self._rounded(box, fill=PAPER, outline=REMOVED, width=2)
        left, top, right, bottom = box
        reach = min(bottom - top, right - left) / 2 - 1
        x, y = (left + right) / 2, (top + bottom) / 2
        self.line((x - reach, y - reach, x + reach, y + reach), REMOVED, 2)
        self.line((x - reach, y + reach, x + reach, y - reach), REMOVED, 2)

    def _rounded(
        self,
        box: Sequence[float],
        *,
        fill: tuple[int, int, int],
        outline: tuple[int, int, int],
        width: float,
    ) -> None:
        left, top, right, bottom = box
        self._draw.rounded_rectangle(
            self._larger(box),
            radius=min(4, (bottom - top) / 2, (right - left) / 2) * _SUPERSAMPLING,
            fill=fill,
            outline=outline,
            width=round(width * _SUPERSAMPLING),
        )

    def _larger(self, points: Sequence[float]) -> list[float]:
        """Points as x, y, x, y and so on, on the part."""
        return [(p - self._top * (i % 2)) * _SUPERSAMPLING for i, p in enumerate(points)]


@contextmanager
def _drawn(image: Image.Image, top: int, bottom: int) -> Iterator[_Pen]:
    """Draw on the rows from top to bottom; only these are ever held larger than they are."""
    size = (image.width * _SUPERSAMPLING, (bottom - top) * _SUPERSAMPLING)
    part = Image.new("RGB", size, PAPER)
    yield _Pen(ImageDraw.Draw(part), top)
    image.paste(part.reduce(_SUPERSAMPLING), (0, top))


_Shape = Callable[[_Pen, Sequence[float]], None]


def _shapes(
    difference: Changes, layout: _Layout
) -> Sequence[Sequence[tuple[_Shape, Sequence[float]]]]:
    """What to draw on each line, in the order in which one may cover another."""
    shapes: list[list[tuple[_Shape, Sequence[float]]]] = [[] for _ in range(layout.lines)]
    for notes, shape in (
        (difference.removed, _Pen.removed_note),
        (difference.added, _Pen.added_note),
        (difference.kept, _Pen.kept_note),
    ):
        for note in notes:
            for line, box in _boxes(note, layout):
                shapes[line].append((shape, box))
    return shapes


def _layout(composition: Composition, notes: Iterable[Note]) -> _Layout:
    notes = tuple(notes)
    ticks_per_bar = composition.beats_per_bar * TICKS_PER_BEAT
    bars = max(-(-max((n.end_ticks for n in notes), default=1) // ticks_per_bar), 1)
    low = min((n.pitch for n in notes), default=60) - 2
    high = max((n.pitch for n in notes), default=72) + 2
    while high - low + 1 < _MIN_ROWS:
        low, high = low - 1, high + 1
    low, high = max(low, 0), min(high, 127)
    # As few lines as keep a beat wider than 25 pixels, of equal length as far as that goes.
    widest = max((WIDTH - 2 * _MARGIN - _GUTTER) // (25 * composition.beats_per_bar), 1)
    lines = -(-bars // widest)
    row = min(max(600 // (high - low + 1), 9), 14)  # a line of 600 pixels, if names can be read
    room = _MAX_HEIGHT // ((high - low + 1) * row + _LINE_GAP)
    lines = min(lines, max(room, 1))
    bars_per_line = -(-bars // lines)
    return _Layout(
        bars_per_line=bars_per_line,
        lines=-(-bars // bars_per_line),
        row=row,
        low=low,
        high=high,
        ticks_per_bar=ticks_per_bar,
    )


def _boxes(note: Note, layout: _Layout) -> Iterable[tuple[int, Sequence[float]]]:
    """Every line of the picture that a note sounds in, and its rectangle there."""
    first = note.start_ticks // layout.ticks_per_line
    last = (note.end_ticks - 1) // layout.ticks_per_line
    for line in range(first, last + 1):
        origin = line * layout.ticks_per_line
        left = layout.x(max(note.start_ticks - origin, 0)) + 1
        right = layout.x(min(note.end_ticks - origin, layout.ticks_per_line)) - 1
        top = layout.y(note.pitch, line)
        yield line, (left, top + 1, max(right, left + 3), top + layout.row - 1)


def _draw_head(pen: _Pen, melody: Melody, composition: Composition, difference: Changes) -> None:
    # The font that comes with Pillow has no accents.
    title = to_ascii(composition.name or melody.name).strip() or "Composition"
    pen.text((_MARGIN, 56), title, size=30)
    tracks = len(composition.tracks)
    details = (
        f"{composition.tempo_bpm:g} bpm, {composition.beats_per_bar} beats a bar, "
        f"{len(composition.notes)} notes in {tracks} {'track' if tracks == 1 else 'tracks'}"
    )
    pen.text((_MARGIN, 84), details, size=16, fill=QUIET_INK)
    x = float(_MARGIN)
    for shape, label, count in (
        (pen.kept_note, "your notes, kept", len(difference.kept)),
        (pen.added_note, "added", len(difference.added)),
        (pen.removed_note, "your notes, removed", len(difference.removed)),
    ):
        shape((x, 103, x + 40, 117))
        x += 50 + pen.text((x + 50, 116), f"{label} ({count})", size=16) + 36


def _draw_grid(pen: _Pen, layout: _Layout, line: int, beats_per_bar: int) -> None:
    left, right = layout.x(0), layout.x(layout.ticks_per_line)
    top, bottom = layout.top(line), layout.top(line) + layout.line_height
    for pitch in range(layout.low, layout.high + 1):
        y = layout.y(pitch, line)
        if pitch % 12 in _BLACK_KEYS:
            pen.rectangle((left, y, right, y + layout.row), BLACK_KEY_ROW, None)
    bar_width = layout.x(layout.ticks_per_bar) - left
    if bar_width >= _NARROWEST_BEAT * beats_per_bar:
        for beat in range(layout.bars_per_line * beats_per_bar):
            x = layout.x(beat * TICKS_PER_BEAT)
            pen.line((x, top, x, bottom), BEAT_LINE)
    for pitch in range(layout.low, layout.high + 1):
        if pitch % 12 == 0:
            y = layout.y(pitch, line) + layout.row
            pen.line((left, y, right, y), OCTAVE_LINE)
    # Of bars too narrow for their numbers only some are drawn.
    every = next(n for n in _BARS_APART if n * bar_width >= _NARROWEST_BAR)
    for bar in range(0, layout.bars_per_line + 1, every):
        x = layout.x(bar * layout.ticks_per_bar)
        pen.line((x, top - 4, x, bottom), BAR_LINE, 1.5)
        if bar < layout.bars_per_line:
            number = line * layout.bars_per_line + bar + 1
            pen.text((x + 4, top - 5), str(number), size=13, fill=QUIET_INK)
    pen.text((left - 6, top - 5), "bar", size=13, fill=QUIET_INK, anchor="rs")
    _draw_keyboard(pen, layout, line)


def _draw_keyboard(pen: _Pen, layout: _Layout, line: int) -> None:
    """Keys with the names of the white ones, so that every row can be read."""
    right = layout.x(0) - 6
    left = right - 34
    for pitch in range(layout.low, layout.high + 1):
        y = layout.y(pitch, line)
        black = pitch % 12 in _BLACK_KEYS
        pen.rectangle((left, y, right, y + layout.row), PAPER, BAR_LINE)
        if black:
            pen.rectangle((left, y + 1, right - 10, y + layout.row - 1), INK, None)
        if not black:
            is_c = pitch % 12 == 0
            name = note_name(pitch)
            pen.text(
                (left - 6, y + layout.row / 2),
                name,
                size=13 if is_c else 11,
                fill=INK if is_c else QUIET_INK,
                anchor="rm",
            )
