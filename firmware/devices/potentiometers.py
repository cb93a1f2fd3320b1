"""Potentiometers at an MCP3008, where a maker prefers them to encoders.

A thread of its own reads them; the position becomes the clicks of an encoder, so many over the
whole travel, so that every page that is turned by one is turned by the other.
"""

import logging
import threading
from collections.abc import Callable, Iterable

from firmware.devices.knobs import KnobListener
from firmware.devices.wiring import PotentiometerWiring
from firmware.errors import DeviceError

FULL_SCALE = 1023
"""The MCP3008's largest reading. Reference: its data sheet, Microchip DS21295."""

END = 12
"""Readings this near to an end are the end: a wiper seldom reaches the last of its track."""

DEAD_BAND = 0.004
"""Of the travel: less than this is noise, once it is smoothed."""

CLICKS = 60
"""An encoder's clicks over the whole travel."""

READ_S = 0.02
STOP_S = 2.0

ReadingListener = Callable[[int, int, int], None]
"""Called with the channel, its reading and the nanosecond, on this driver's thread."""

_SMOOTHING = 0.25  # what a new reading counts: settled after about ten readings
_RETRY_S = 1.0

_LOG = logging.getLogger(__name__)


class Wiper:
    """Where a potentiometer stands, judged from noisy readings. Pure."""

    def __init__(self) -> None:
        self._smooth: float | None = None
        self.position = 0.0

    def read(self, reading: int) -> float | None:
        """Take a reading.

        Args:
            reading: 0..`FULL_SCALE`; another one is taken for the nearest.

        Returns:
            The new position, 0..1 with both ends reached exactly, or None if it stands still.
        """
        span = FULL_SCALE - 2 * END
        target = min(max((reading - END) / span, 0.0), 1.0)
        is_first = self._smooth is None
        if self._smooth is None or target in (0.0, 1.0):
            self._smooth = target
        else:
            self._smooth += _SMOOTHING * (target - self._smooth)
        is_new_end = self._smooth in (0.0, 1.0) and self._smooth != self.position
        if not is_first and not is_new_end and abs(self._smooth - self.position) < DEAD_BAND:
            return None
        self.position = self._smooth
        return self.position


class ClickCounter:
    """A position as an encoder's clicks; the first only says where it stands. Pure."""

    def __init__(self) -> None:
        self._at: int | None = None

    def move_to(self, position: float) -> int:
        """Clicks from the last position to this one, clockwise positive."""
        place = position * CLICKS
        if self._at is None:
            self._at = round(place)
            return 0
        if abs(place - self._at) < 0.75:  # beyond the middle, so that it does not flutter there
            return 0
        clicks = round(place) - self._at
        self._at += clicks
        return clicks


class PotentiometerKnobs:
    """The potentiometers of a board.

    Args:
        read: Reads a channel, or raises `DeviceError`.
        wirings: Which potentiometer is where; those that turn nothing are only read for who
            listens.
        now_ns: The clock that stamps the turns.
        on_touch: Called at every click, on this driver's thread.
        read_s: Between two readings, in seconds.
    """

    def __init__(
        self,
        read: Callable[[int], int],
        wirings: Iterable[PotentiometerWiring],
        now_ns: Callable[[], int],
        on_touch: Callable[[], None] = lambda: None,
        *,
        read_s: float = READ_S,
    ) -> None:
        self._read = read
        self._now_ns = now_ns
        self._on_touch = on_touch
        self._read_s = read_s
        self._knobs = [
            (wiring.channel, wiring.turns, Wiper(), ClickCounter()) for wiring in wirings
        ]
        self._listener: KnobListener | None = None
        self._on_reading: ReadingListener | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def open(self, listener: KnobListener) -> None:
        """See `Knobs.open`."""
        self._listener = listener
        self._thread = threading.Thread(
            target=self._work, name="continuo-potentiometers", daemon=True
        )
        self._thread.start()

    def listen(self, listener: ReadingListener | None) -> None:
        """Hand on every reading besides, or with None no more."""
        self._on_reading = listener

    def close(self) -> None:
        """See `Knobs.close`.

        Raises:
            DeviceError: If the thread does not end.
        """
        self._stop.set()
        if self._thread is None:
            return
        self._thread.join(STOP_S)
        if self._thread.is_alive():
            raise DeviceError("the thread of the potentiometers does not end")

    def _work(self) -> None:
        has_failed = False
        wait_s = 0.0
        while not self._stop.wait(wait_s):
            wait_s = self._read_s
            try:
                self._read_all()
                has_failed = False
            except DeviceError as error:
                if not has_failed:
                    _LOG.warning("%s", error)
                has_failed, wait_s = True, _RETRY_S
            # The top of the thread: the next reading is another chance.
            except Exception:
                _LOG.exception("a turn of a potentiometer was lost")

    def _read_all(self) -> None:
        told = self._on_reading
        for channel, knob, wiper, counter in self._knobs:
            if knob is None and told is None:
                continue
            reading = self._read(channel)
            if told is not None:
                told(channel, reading, self._now_ns())
            position = wiper.read(reading)
            clicks = 0 if position is None else counter.move_to(position)
            if clicks and knob is not None:
                self._on_touch()
                if self._listener is not None and not self._stop.is_set():
                    self._listener(knob, clicks, self._now_ns())
