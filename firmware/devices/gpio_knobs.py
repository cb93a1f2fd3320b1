"""Rotary encoders on GPIO lines."""

import threading
from collections.abc import Callable, Iterable

from firmware.devices.controls import Knob
from firmware.devices.gpio_lines import Lines
from firmware.devices.knobs import KnobListener
from firmware.devices.quadrature import Contact, QuadratureDecoder
from firmware.devices.wiring import EncoderWiring


class GpioKnobs:
    """The encoders of a board.

    Args:
        lines: The Pi's GPIO lines.
        wirings: Which encoder is where; those that turn nothing only wake the panel.
        now_ns: The clock that stamps the turns.
        on_touch: Called at every click, on the library's thread.
    """

    def __init__(
        self,
        lines: Lines,
        wirings: Iterable[EncoderWiring],
        now_ns: Callable[[], int],
        on_touch: Callable[[], None] = lambda: None,
    ) -> None:
        self._lines = lines
        self._wirings = tuple(wirings)
        self._now_ns = now_ns
        self._on_touch = on_touch
        self._lock = threading.Lock()
        self._listener: KnobListener | None = None

    def open(self, listener: KnobListener) -> None:
        """See `Knobs.open`.

        Raises:
            DeviceError: If a line cannot be had.
        """
        self._listener = listener
        for wiring in self._wirings:
            _Encoder(self._lines, wiring, self._turn)

    def close(self) -> None:
        """See `Knobs.close`. The lines themselves are let go of with the others."""
        with self._lock:
            self._listener = None

    def _turn(self, knob: Knob | None, clicks: int) -> None:
        self._on_touch()
        with self._lock:  # so that none is on its way when `close` returns
            if knob is not None and self._listener is not None:
                self._listener(knob, clicks, self._now_ns())


class _Encoder:
    """One encoder: its two lines and what it has counted."""

    def __init__(
        self, lines: Lines, wiring: EncoderWiring, turn: Callable[[Knob | None, int], None]
    ) -> None:
        self._knob = wiring.turns
        self._turn = turn
        self._decoder = QuadratureDecoder(wiring.detent)
        for contact, number in ((Contact.A, wiring.a), (Contact.B, wiring.b)):
            is_high = lines.watch(number, self._listener(contact))
            self._decoder.edge(contact, 0, high=is_high())

    def _listener(self, contact: Contact) -> Callable[[bool, int], None]:
        def changed(high: bool, at_ns: int) -> None:  # noqa: FBT001 - an `EdgeListener`
            clicks = self._decoder.edge(contact, at_ns, high=high)
            if clicks:
                self._turn(self._knob, clicks)

        return changed
