"""The front of the instrument in a terminal: one thread reads its keys, one draws.

Neither can hold up a note: what the keys do is posted as a device's events are, and a terminal
that takes no text holds up the drawing alone.
"""

import logging
import os
import selectors
import threading
import traceback
from collections.abc import Callable, Mapping
from types import MappingProxyType

from PIL import Image

from firmware.devices.controls import Led
from firmware.devices.terminal import can_say
from firmware.devices.terminal_keys import TerminalHands
from firmware.devices.terminal_modes import Terminal
from firmware.devices.terminal_picture import Line, Sight, Style, picture
from firmware.errors import DeviceError

STOP_S = 2.0
FRAME_S = 0.05
"""Between two pictures at least."""

_LOOK_S = 0.25  # between two looks at the window's size
_ESCAPE_S = 0.1  # after which an escape is a key of its own, not the beginning of one
_STYLES: Mapping[Style, str] = MappingProxyType(
    {
        Style.PLAIN: "",
        Style.SCREEN: "\x1b[96;40m",
        Style.DARK: "\x1b[2m",
        Style.RECORD: "\x1b[91m",
        Style.GENERATE: "\x1b[93m",
        Style.PLAY: "\x1b[92m",
    }
)
_LOG = logging.getLogger(__name__)


class TerminalFront:
    """Draws the instrument and reads the keys.

    Args:
        terminal: The terminal, taken over.
        hands: What the keys do.
        news: What is connected, a line each; asked on the drawing thread.
        on_lost: Called on whatever thread finds out that the terminal is gone, or fails.

    Attributes:
        error: Why the terminal was lost, or None.
    """

    def __init__(
        self,
        terminal: Terminal,
        hands: TerminalHands,
        news: Callable[[], tuple[str, ...]],
        on_lost: Callable[[], None],
    ) -> None:
        self._keys = terminal.keys
        self._screen = terminal.screen
        self._is_unicode = can_say(self._screen.stdout, "▀⣿●↑")
        self._hands = hands
        self._news = news
        self._on_lost = on_lost
        self._frame: Image.Image | None = None
        self._lit: frozenset[Led] = frozenset()
        self._drawn: tuple[Line, ...] = ()
        self._size: os.terminal_size | None = None
        self._changed = threading.Condition()
        self._is_stale = True
        self._is_closing = threading.Event()
        self._threads = [
            threading.Thread(target=self._guarded, args=(work,), name=name)
            for name, work in (("continuo-keys", self._read), ("continuo-terminal", self._draw))
        ]
        self.error: Exception | None = None

    def start(self) -> None:
        """Begin to read and to draw."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """End both.

        Raises:
            DeviceError: If the terminal takes no text any more.
        """
        self._is_closing.set()
        self._mark()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(STOP_S)
        if any(thread.is_alive() for thread in self._threads):
            raise DeviceError("the terminal does not take any text")

    def show(self, frame: Image.Image) -> None:
        """Draw a frame soon; one that comes too fast replaces the one before."""
        self._frame = frame
        self._mark()

    def light(self, lit: frozenset[Led]) -> None:
        """Draw the lights soon."""
        self._lit = lit
        self._mark()

    def _mark(self) -> None:
        with self._changed:
            self._is_stale = True
            self._changed.notify()

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except (OSError, EOFError) as error:  # the window is closed
            self._lose(error)
        except Exception as error:  # the top of this thread: without it nobody could end it
            _LOG.error("the terminal's front ended\n%s", traceback.format_exc())
            self._lose(error)

    def _lose(self, error: Exception) -> None:
        if not self._is_closing.is_set():
            self.error = self.error or error
            self._on_lost()

    def _read(self) -> None:
        try:
            with selectors.SelectSelector() as selector:
                selector.register(self._keys.fileno(), selectors.EVENT_READ)
                while not self._is_closing.is_set():
                    pressed = (
                        self._keys.read_keys()
                        if selector.select(self._wait_s())
                        else self._keys.flush_keys()
                    )
                    if self._keys.closed:
                        raise EOFError("the terminal is closed")
                    for key in pressed:
                        self._hands.press(str(getattr(key.key, "value", key.key)))
                        self._mark()
                    self._hands.run_due()
        finally:
            self._hands.release_all()

    def _wait_s(self) -> float:
        left_s = self._hands.left_s()
        return _ESCAPE_S if left_s is None else min(left_s, _ESCAPE_S)

    def _draw(self) -> None:
        while not self._is_closing.is_set():
            with self._changed:
                if not self._is_stale:
                    self._changed.wait(_LOOK_S)
                self._is_stale = False
            self._paint()
            self._is_closing.wait(FRAME_S)

    def _paint(self) -> None:
        """Write the lines that have changed since the last time."""
        size = os.get_terminal_size(self._screen.fileno())
        sight = Sight(
            frame=self._frame,
            lit=self._lit,
            octave_pitch=self._hands.octave_pitch,
            note_ms=self._hands.note_ms,
            news=self._news(),
        )
        lines = picture(sight, size.columns, size.lines, is_unicode=self._is_unicode)
        screen = self._screen
        if size != self._size or len(lines) != len(self._drawn):
            screen.erase_screen()
            self._drawn, self._size = (), size
        before = (*self._drawn, *(None for _ in lines))
        for row, line in enumerate(lines):
            if line != before[row]:
                screen.cursor_goto(row + 1, 1)
                for piece in line:
                    screen.write_raw(_STYLES[piece.style])
                    screen.write(piece.text)
                    screen.reset_attributes()
                if sum(len(piece.text) for piece in line) < size.columns:
                    screen.erase_end_of_line()
        self._drawn = lines
        screen.flush()
