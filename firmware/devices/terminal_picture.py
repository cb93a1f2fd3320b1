"""The whole instrument as lines of text: lights, screen, and what every key does."""

import textwrap
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from PIL import Image

from firmware.devices.controls import Led
from firmware.devices.display import HEIGHT, WIDTH
from firmware.devices.terminal import as_blocks, as_text

LEAST_COLUMNS: Final = WIDTH // 2
LEAST_ROWS: Final = HEIGHT // 4 + 1
"""Of a window: the screen in braille below the lights."""

_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


class Style(StrEnum):
    """How a piece of text looks."""

    PLAIN = "plain"
    SCREEN = "screen"
    DARK = "dark"  # a light that is off
    RECORD = "record"
    GENERATE = "generate"
    PLAY = "play"


@dataclass(frozen=True, slots=True)
class Piece:
    """Text of one style."""

    text: str
    style: Style = Style.PLAIN


Line = tuple[Piece, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What there is to be seen.

    Attributes:
        frame: The screen's image, or None while it is off.
        lit: The lights that are on.
        octave_pitch: The C on the left of the piano keys.
        note_ms: What a note lasts.
        news: Where the sound goes and which keyboard is there, a line each.
    """

    frame: Image.Image | None = None
    lit: frozenset[Led] = frozenset()
    octave_pitch: int = 60
    note_ms: int = 400
    news: tuple[str, ...] = ()


def picture(sight: Sight, columns: int, rows: int, *, is_unicode: bool = True) -> tuple[Line, ...]:
    """The lines of a window, none of them as long as it is wide but the screen's.

    Args:
        sight: What there is.
        columns: The window's width in characters.
        rows: Its height. What does not fit is left out, the help before the screen.
        is_unicode: Whether it has more than ASCII.
    """
    if columns < LEAST_COLUMNS or rows < LEAST_ROWS:
        return _too_small(columns, rows)
    help_lines = _help(sight, is_unicode=is_unicode)
    has_room = columns >= WIDTH and rows >= HEIGHT // 2 + 1 + len(help_lines)
    frame = sight.frame or Image.new("1", (WIDTH, HEIGHT))
    drawn = as_blocks(frame) if is_unicode and has_room else as_text(frame, braille=is_unicode)
    lines: list[Line] = [_lights(sight.lit, is_unicode=is_unicode)]
    lines += [(Piece(text, Style.SCREEN),) for text in drawn.split("\n")]
    lines += [(Piece(text[: columns - 1]),) for text in help_lines]
    return tuple(lines[:rows])


def _too_small(columns: int, rows: int) -> tuple[Line, ...]:
    sentence = (
        f"The window has {columns} by {rows} characters, the instrument needs {LEAST_COLUMNS} "
        f"by {LEAST_ROWS}: make it larger. q ends."
    )
    wrapped = textwrap.wrap(sentence, max(columns - 1, 1))
    return tuple((Piece(text),) for text in wrapped[: max(rows, 1)])


def _lights(lit: frozenset[Led], *, is_unicode: bool) -> Line:
    on, off = ("●", "○") if is_unicode else ("*", ".")
    return tuple(
        Piece(f" {on} {led}  ", Style(led.value))
        if led in lit
        else Piece(f" {off} {led}  ", Style.DARK)
        for led in Led
    )


def _help(sight: Sight, *, is_unicode: bool) -> tuple[str, ...]:
    """What the keys do, and what is connected."""
    up_down, left_right = ("↑ ↓", "← →") if is_unicode else ("up down", "left right")
    ends = f"n m notes of {sight.note_ms / 1000:g} s, as no key-up is told"
    octave = f"{_NAMES[sight.octave_pitch % 12]}{sight.octave_pitch // 12 - 1}"
    return (
        f"  w e   t y u    black keys        z x octave from {octave}",
        f" a s d f g h j k white keys        {ends}",
        " r record  c generate  p play, P stop  b back, B keep  0 silence",
        f" {up_down} menu, Enter  {left_right} value  1 2 risk  7 8 tempo",
        " 3 4 and 5 6 the technique's parameters  q ends",
        *(f" {line}" for line in sight.news),
    )
