"""The OLED over luma.oled: a thread of its own writes, and only what changed.

An OLED wears out where it is lit: after a minute without touch it is dimmed, after five it is off,
and while it is lit the picture moves by a pixel every minute, round a square of two by two.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from firmware.devices.display import HEIGHT, WIDTH
from firmware.devices.loops import Loop
from firmware.errors import DeviceError

_LOG = logging.getLogger(__name__)

Pages = NDArray[np.uint8]
"""(HEIGHT // 8, WIDTH): a byte is eight pixels below each other, the topmost in its lowest bit."""

SECOND_NS = 1_000_000_000
RETRY_NS = SECOND_NS
"""Between two tries to make a panel anew that did not answer."""

STOP_S = 3.0
_ORBIT = ((0, 0), (1, 0), (1, 1), (0, 1))  # pixels right and down


class Light(Enum):
    """How bright a panel is."""

    FULL = 0xCF
    DIM = 0x08
    OFF = 0


class Panel(Protocol):
    """A panel that was just set up: blank, and lit at full brightness. Every call may fail."""

    def write(self, page: int, content: bytes) -> None:
        """Write one of its rows of eight pixels.

        Raises:
            DeviceError: If it does not answer.
        """
        ...

    def light(self, light: Light) -> None:
        """Make it as bright as that.

        Raises:
            DeviceError: If it does not answer.
        """
        ...

    def close(self) -> None:
        """Switch it off if it still answers, and let go of its bus."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Care:
    """When a panel is spared.

    Attributes:
        dim_ns: Without touch until it is dimmed.
        off_ns: Without touch until it is off.
        shift_ns: Between two shifts of the picture.
    """

    dim_ns: int = 60 * SECOND_NS
    off_ns: int = 300 * SECOND_NS
    shift_ns: int = 60 * SECOND_NS


def as_pages(image: Image.Image) -> Pages:
    """A frame of mode "1" as the controllers store it."""
    pixels = np.asarray(image, dtype=bool).reshape(HEIGHT // 8, 8, WIDTH)
    return np.packbits(pixels, axis=1, bitorder="little")[:, 0, :]


def shifted(image: Image.Image, right: int, down: int) -> Image.Image:
    """A frame moved by so many pixels; what leaves it on one side is cut off."""
    moved = Image.new("1", image.size)
    moved.paste(image, (right, down))
    return moved


class PanelWriter:
    """Brings one panel to what it should show. One thread at a time calls it.

    Args:
        make: Sets a panel up, or raises `DeviceError`.
        care: When it is spared.
    """

    def __init__(self, make: Callable[[], Panel], care: Care) -> None:
        self._make = make
        self._care = care
        self._panel: Panel | None = None
        self._sent: Pages = np.zeros((HEIGHT // 8, WIDTH), dtype=np.uint8)
        self._light = Light.FULL
        self._retry_ns: int | None = None
        self.error: DeviceError | None = None

    def step(self, image: Image.Image | None, touched_ns: int, now_ns: int) -> int:
        """Do what is due.

        Args:
            image: What to show, or None for nothing yet.
            touched_ns: When it was last touched.
            now_ns: What time it is.

        Returns:
            When to be called again at the latest, in nanoseconds of the same clock.
        """
        if self._retry_ns is not None and now_ns < self._retry_ns:
            return self._retry_ns
        try:
            self._write(image, touched_ns, now_ns)
        except DeviceError as error:
            if self.error is None:
                _LOG.warning("%s", error)
            self.error = error
            self._retry_ns = now_ns + RETRY_NS
            self.close()
            return self._retry_ns
        self.error = None
        self._retry_ns = None
        return self._due_ns(touched_ns, now_ns)

    def close(self) -> None:
        """Let go of the panel."""
        panel, self._panel = self._panel, None
        if panel is not None:
            panel.close()

    def _write(self, image: Image.Image | None, touched_ns: int, now_ns: int) -> None:
        if self._panel is None:
            # One that lost power is blank and deaf until it is set up again.
            self._panel = self._make()
            self._sent = np.zeros_like(self._sent)
            self._light = Light.FULL
        light = self._light_at(now_ns - touched_ns)
        if light is not Light.OFF and image is not None:
            right, down = _ORBIT[now_ns // self._care.shift_ns % len(_ORBIT)]
            self._send(self._panel, as_pages(shifted(image, right, down)))
        if light is not self._light:
            self._panel.light(light)
            self._light = light

    def _send(self, panel: Panel, pages: Pages) -> None:
        for page in np.flatnonzero((pages != self._sent).any(axis=1)):
            panel.write(int(page), pages[page].tobytes())
            self._sent[page] = pages[page]

    def _light_at(self, idle_ns: int) -> Light:
        if idle_ns >= self._care.off_ns:
            return Light.OFF
        return Light.DIM if idle_ns >= self._care.dim_ns else Light.FULL

    def _due_ns(self, touched_ns: int, now_ns: int) -> int:
        shift_ns = self._care.shift_ns
        times = (
            touched_ns + self._care.dim_ns,
            touched_ns + self._care.off_ns,
            (now_ns // shift_ns + 1) * shift_ns,
        )
        return min(time for time in times if time > now_ns)


class OledDisplay:
    """A display whose bus nobody waits for.

    Args:
        make: Sets a panel up, or raises `DeviceError`; called on the display's thread, never
            twice at a time.
        now_ns: The clock.
        care: When the panel is spared.

    Attributes:
        loop: Of the thread that writes.
    """

    def __init__(
        self, make: Callable[[], Panel], now_ns: Callable[[], int], care: Care | None = None
    ) -> None:
        self._writer = PanelWriter(make, care or Care())
        self._now_ns = now_ns
        self._touched_ns = now_ns()
        self._image: Image.Image | None = None
        self._has_news = False
        self._due_ns = 0  # at once: the panel is set up before there is anything to show
        self._is_closing = False
        self.loop = Loop("the display", now_ns)
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="continuo-display", daemon=True)
        self._thread.start()

    def show(self, image: Image.Image) -> None:
        """See `Display.show`: a frame that comes too fast takes the place of the one that waits."""
        if (image.mode, image.size) != ("1", (WIDTH, HEIGHT)):
            raise ValueError(
                f"a frame is {WIDTH}x{HEIGHT} of mode 1, got {image.size} {image.mode}"
            )
        with self._changed:
            self._image = image.copy()
            self._has_news = True
            self._changed.notify()
        if self._writer.error is not None:
            raise DeviceError(self._writer.error.message, remedy=self._writer.error.remedy)

    def wake(self) -> None:
        """See `Display.wake`."""
        with self._changed:
            self._touched_ns = self._now_ns()
            self._has_news = True
            self._changed.notify()

    def close(self) -> None:
        """See `Display.close`.

        Raises:
            DeviceError: If the thread does not end.
        """
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        self._thread.join(STOP_S)
        if self._thread.is_alive():
            raise DeviceError("the display's bus hangs", remedy="check its cable")

    def _work(self) -> None:
        try:
            while (job := self._next()) is not None:
                self.loop.begin()
                self._due_ns = self._writer.step(*job, self._now_ns())
                self.loop.rest()
        # The top of the thread.
        except Exception:
            _LOG.exception("the display is given up")
            self._writer.error = DeviceError("the display was given up", remedy="see the log")
        finally:
            self._writer.close()

    def _next(self) -> tuple[Image.Image | None, int] | None:
        """Wait until there is something to do."""
        with self._changed:
            while not self._is_closing and not self._has_news:
                wait_s = (self._due_ns - self._now_ns()) / 1e9
                if wait_s <= 0:
                    break
                self._changed.wait(wait_s)
            if self._is_closing:
                return None
            self._has_news = False
            return self._image, self._touched_ns
