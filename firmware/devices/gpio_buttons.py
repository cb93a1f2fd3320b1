"""Push buttons on GPIO lines: a press at once, a long one while the finger is still down.

The lines tell edges; how long a button is held, a thread of its own finds out, which asks the line
again before it believes it, so that a lost edge makes no long press of a short one.
"""

import logging
import threading
from collections.abc import Callable, Iterable
from functools import partial

from firmware.devices.buttons import BOUNCE_NS, LONG_PRESS_NS, ButtonListener, Debouncer
from firmware.devices.gpio_lines import Lines
from firmware.devices.wiring import ButtonWiring
from firmware.errors import DeviceError

_LOG = logging.getLogger(__name__)

STOP_S = 2.0

HELD_ON = 2
"""After so many times a long press more, holding it on is the long press of what it has become."""


class GpioButtons:
    """The buttons of a board, with those in the encoders.

    Where the board file gives a long press a meaning of its own, it is told as the press of that
    button, and holding it on as that one's long press; else as a long press of the same one.

    Args:
        lines: The Pi's GPIO lines.
        wirings: Which button is where; those that do nothing only wake the panel.
        now_ns: The clock that stamps the presses.
        on_touch: Called at every press, on the library's thread.
        long_press_ns: How long a button is held for a long press.
    """

    def __init__(
        self,
        lines: Lines,
        wirings: Iterable[ButtonWiring],
        now_ns: Callable[[], int],
        on_touch: Callable[[], None] = lambda: None,
        *,
        long_press_ns: int = LONG_PRESS_NS,
    ) -> None:
        self._lines = lines
        self._switches = [_Switch(wiring) for wiring in wirings]
        self._now_ns = now_ns
        self._on_touch = on_touch
        self._long_press_ns = long_press_ns
        self._changed = threading.Condition()
        self._listener: ButtonListener | None = None
        self._on_long_press: ButtonListener | None = None
        self._is_closing = False
        self._thread: threading.Thread | None = None

    def open(self, listener: ButtonListener, on_long_press: ButtonListener | None = None) -> None:
        """See `Buttons.open`.

        Raises:
            DeviceError: If a line cannot be had.
        """
        self._listener, self._on_long_press = listener, on_long_press
        for switch in self._switches:
            switch.is_high = self._lines.watch(switch.wiring.pin, partial(self._move, switch))
        self._thread = threading.Thread(target=self._work, name="continuo-buttons", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """See `Buttons.close`. The lines themselves are let go of with the others.

        Raises:
            DeviceError: If the thread does not end.
        """
        with self._changed:
            self._listener = self._on_long_press = None
            self._is_closing = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(STOP_S)
            if self._thread.is_alive():
                raise DeviceError("the thread of the buttons does not end")

    def _move(self, switch: "_Switch", high: bool, at_ns: int) -> None:  # noqa: FBT001 - a level
        """Take an edge, on the library's thread."""
        with self._changed:
            now_ns = self._now_ns()
            if not switch.take(at_ns, now_ns, closed=not high):
                return
            self._changed.notify()
            self._on_touch()
            if self._listener is not None and switch.wiring.press is not None:
                self._listener(switch.wiring.press, now_ns)

    def _work(self) -> None:
        with self._changed:
            while not self._is_closing:
                now_ns = self._now_ns()
                for switch in self._switches:
                    if switch.is_held(now_ns, self._long_press_ns):
                        self._tell_long_press(switch, now_ns)
                waiting = [switch.due_ns(self._long_press_ns) for switch in self._switches]
                due_ns = min((at_ns for at_ns in waiting if at_ns is not None), default=None)
                self._changed.wait(None if due_ns is None else max(due_ns - now_ns, 0) / 1e9)

    def _tell_long_press(self, switch: "_Switch", at_ns: int) -> None:
        wiring = switch.wiring
        try:
            if wiring.long_press is not None and switch.told == 1:
                if self._listener is not None:
                    self._listener(wiring.long_press, at_ns)
                return
            held = wiring.long_press or wiring.press
            if held is not None and self._on_long_press is not None:
                self._on_long_press(held, at_ns)
        # The top of the thread, which has other buttons to look after.
        except Exception:
            _LOG.exception("a long press of %s was lost", wiring.name)


class _Switch:
    """One contact, and since when it is closed."""

    def __init__(self, wiring: ButtonWiring) -> None:
        self.wiring = wiring
        self.is_high: Callable[[], bool] = lambda: True
        self.down_ns: int | None = None
        self.told = 0  # how many things of this press, for as long as it is held
        self._pressed_ns = 0  # on the edges' own clock
        self._debouncer = Debouncer()

    def take(self, at_ns: int, now_ns: int, *, closed: bool) -> bool:
        """Take one edge; whether it is a press."""
        is_press = self._debouncer.is_press(self.wiring.name, at_ns, closed=closed)
        if is_press:
            self._pressed_ns, self.down_ns, self.told = at_ns, now_ns, 0
        elif not closed and at_ns - self._pressed_ns >= BOUNCE_NS:
            self.down_ns = None
        return is_press

    def due_ns(self, long_press_ns: int) -> int | None:
        """When it will have been held long enough to mean something more, or None."""
        if self.down_ns is None or self.told > (self.wiring.long_press is not None):
            return None
        return self.down_ns + long_press_ns * (1 + HELD_ON * self.told)

    def is_held(self, now_ns: int, long_press_ns: int) -> bool:
        """Whether it is down long enough to mean something more; true once for each meaning."""
        due_ns = self.due_ns(long_press_ns)
        if due_ns is None or due_ns > now_ns:
            return False
        self.told += 1
        try:
            return not self.is_high()
        except DeviceError as error:
            _LOG.warning("%s", error)
            return False
