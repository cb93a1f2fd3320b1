"""Push buttons: the protocol, the rule against bouncing contacts, and a simulator."""

from collections.abc import Callable, Iterable
from typing import Protocol

from firmware.devices.controls import Button

ButtonListener = Callable[[Button, int], None]
"""Called when a button goes down, with the nanosecond, on any thread; returns at once."""

BOUNCE_NS = 5_000_000
"""Contacts are at rest after this long; the data sheets of common tactile switches say 5 ms."""


LONG_PRESS_NS = 600_000_000
"""A finger that stays this long means something else."""


class Buttons(Protocol):
    """The buttons of the front panel."""

    def open(self, listener: ButtonListener, on_long_press: ButtonListener | None = None) -> None:
        """Hand on every press from now on.

        Args:
            listener: Told at once, when a button goes down.
            on_long_press: Told besides, of a button that has been down for `LONG_PRESS_NS`.
        """
        ...

    def close(self) -> None:
        """Let go of the lines; the listener is not called afterwards."""
        ...


class Debouncer:
    """Tells presses from the chatter of a contact.

    The first contact counts at once, so that a press is not late; whatever the contact does
    within `BOUNCE_NS` of its last change is chatter. What it does is judged edge by edge, so
    that an opening lost in the chatter costs no later press.
    """

    def __init__(self) -> None:
        self._changed_ns: dict[str, int] = {}

    def is_press(self, button: str, at_ns: int, *, closed: bool) -> bool:
        """Take one edge of a contact, by whatever name; whether it is a press."""
        rest_ns = at_ns - self._changed_ns.get(button, at_ns - BOUNCE_NS)
        self._changed_ns[button] = at_ns
        return closed and rest_ns >= BOUNCE_NS


class SimulatedButtons:
    """Buttons under a program's fingers.

    Args:
        now_ns: The clock that stamps the presses.
    """

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self._debouncer = Debouncer()
        self._listener: ButtonListener | None = None
        self._on_long_press: ButtonListener | None = None

    def open(self, listener: ButtonListener, on_long_press: ButtonListener | None = None) -> None:
        """See `Buttons.open`."""
        self._listener, self._on_long_press = listener, on_long_press

    def close(self) -> None:
        """See `Buttons.close`."""
        self._listener = self._on_long_press = None

    def press(self, button: Button) -> None:
        """Press and let go again, with contacts that close and open cleanly."""
        now_ns = self._now_ns()
        self.bounce(button, ((now_ns, True), (now_ns + BOUNCE_NS, False)))

    def hold(self, button: Button) -> None:
        """Press and stay for as long as a long press takes."""
        now_ns = self._now_ns()
        self.bounce(button, ((now_ns, True),))
        if self._on_long_press is not None:
            self._on_long_press(button, now_ns + LONG_PRESS_NS)
        self.bounce(button, ((now_ns + LONG_PRESS_NS, False),))

    def bounce(self, button: Button, edges: Iterable[tuple[int, bool]]) -> None:
        """Move a contact as a real one does.

        Args:
            button: Which one.
            edges: (nanosecond, whether it closes), in order.
        """
        for at_ns, closed in edges:
            if self._debouncer.is_press(button, at_ns, closed=closed) and self._listener:
                self._listener(button, at_ns)
