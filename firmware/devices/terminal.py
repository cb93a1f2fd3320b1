"""The simulated screen in a terminal: every character is a block of two by four pixels."""

import errno
import select
import threading
from collections.abc import Callable
from typing import TextIO

import numpy as np
from PIL import Image

from firmware.errors import DeviceError

ROWS = 16
"""Lines of text that the screen takes."""

STOP_S = 2.0
_FRAME_S = 0.1  # between two frames on a terminal
_PAGE_S = 2.0  # between two frames anywhere else, where they pile up
_LOOK_S = 1.0  # between two looks whether anyone still reads

_BRAILLE = 0x2800
# Unicode's order of the eight dots of a braille cell, as (column, row).
_DOTS = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))
_WEIGHTS = np.array([[1 << _DOTS.index((x, y)) for x in range(2)] for y in range(4)])
_SHADES = " ..::oo##"  # by the number of dots, where there is no braille
_BLOCKS = " ▀▄█"

_CLEAR = "\x1b[2J\x1b[H"
_TO_TOP = "\x1b7\x1b[H"  # keeps the cursor for the way back
_BACK = "\x1b8"
_SCROLL_BELOW = f"\x1b[{ROWS + 2}r\x1b[{ROWS + 2};1H"
_SCROLL_ALL = "\x1b[r\x1b[999;1H\n"


def as_text(image: Image.Image, *, braille: bool = True) -> str:
    """A frame as lines of text, a quarter as high and half as wide as it has pixels."""
    pixels = np.asarray(image, dtype=bool)
    height, width = pixels.shape
    cells = pixels.reshape(height // 4, 4, width // 2, 2)  # rows, their pixels, columns, theirs
    if braille:
        codes = _BRAILLE + (cells * _WEIGHTS[None, :, None, :]).sum(axis=(1, 3))
        return "\n".join("".join(map(chr, row)) for row in codes.tolist())
    counts = cells.sum(axis=(1, 3))
    return "\n".join("".join(_SHADES[count] for count in row) for row in counts.tolist())


def as_blocks(image: Image.Image) -> str:
    """A frame as lines of text, half as high as it has pixels and as wide, in square dots."""
    pixels = np.asarray(image, dtype=bool)
    halves = pixels[0::2] + 2 * pixels[1::2].astype(int)  # upper pixel, lower pixel
    return "\n".join("".join(_BLOCKS[half] for half in row) for row in halves.tolist())


class TerminalScreen:
    """Draws frames on a stream, from a thread of its own since a terminal may block.

    On a terminal the frame stays at the top and the rest scrolls below it; a file or a pipe
    gets a frame every now and then.

    Args:
        stream: Where to draw.
        on_lost: Called on that thread, if nobody takes the frames any more, with the reason.
    """

    def __init__(self, stream: TextIO, on_lost: Callable[[OSError], None] = lambda _: None) -> None:
        self._stream = stream
        self._on_lost = on_lost
        self._is_terminal = stream.isatty()
        self._braille = can_say(stream, chr(_BRAILLE))
        self._frame: Image.Image | None = None
        self._changed = threading.Condition()
        self._is_closing = False
        self._pause = threading.Event()
        self._thread = threading.Thread(target=self._work, name="continuo-terminal")
        self._thread.start()

    def show(self, image: Image.Image) -> None:
        """Draw a frame soon; one that comes too fast replaces the one before."""
        with self._changed:
            self._frame = image
            self._changed.notify()

    def close(self) -> None:
        """Give the terminal back.

        Raises:
            DeviceError: If the terminal does not take the last frame in time.
        """
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        self._pause.set()
        self._thread.join(STOP_S)
        if self._thread.is_alive():
            raise DeviceError("the terminal does not take any text")

    def _work(self) -> None:
        try:
            self._write(f"{_CLEAR}{_SCROLL_BELOW}" if self._is_terminal else "")
            while (frame := self._next()) is not None:
                text = as_text(frame, braille=self._braille)
                self._write(f"{_TO_TOP}{text}{_BACK}" if self._is_terminal else f"{text}\n\n")
                self._pause.wait(_FRAME_S if self._is_terminal else _PAGE_S)
            self._write(_SCROLL_ALL if self._is_terminal else "")
        except OSError as error:  # the other end of the pipe is closed
            self._on_lost(error)
        except ValueError as error:  # the stream itself is closed
            self._on_lost(OSError(errno.EBADF, str(error)))

    def _next(self) -> Image.Image | None:
        with self._changed:
            while self._frame is None and not self._is_closing:
                if not self._changed.wait(_LOOK_S) and _has_hung_up(self._stream):
                    raise BrokenPipeError(errno.EPIPE, "nobody reads any more")
            frame, self._frame = self._frame, None
            return frame

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def can_say(stream: TextIO, text: str) -> bool:
    """Whether a stream's encoding has these characters."""
    try:
        text.encode(stream.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def _has_hung_up(stream: TextIO) -> bool:
    """Whether the reader of a pipe or the window of a terminal is gone; nothing is written."""
    poll = select.poll()
    try:
        poll.register(stream, 0)  # errors and hang-ups are told unasked
    except (OSError, ValueError):
        return False  # it is no file at all
    return bool(poll.poll(0))
