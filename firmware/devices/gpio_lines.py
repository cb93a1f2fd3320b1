"""The Pi's GPIO lines through gpiozero's pins and lgpio: edges in, levels out.

gpiozero's own buttons and encoders are not used: their bounce time does nothing or swallows
presses, and an exception in one callback ends those that follow.
"""

import importlib
import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from firmware.errors import DeviceError

EdgeListener = Callable[[bool, int], None]
"""Called with whether the line is high now and the nanosecond, on the library's thread.

The nanoseconds are the kernel's: good for telling how far two edges lie apart, not what time it is.
"""

LineListener = Callable[[int, bool, int], None]
"""Called as an `EdgeListener`, but with the number of the line before."""

_LOG = logging.getLogger(__name__)


class Lines:
    """Every line that this program uses, let go of together.

    Args:
        factory: gpiozero's pin factory; this owns it.
    """

    def __init__(self, factory: Any) -> None:
        self._factory = factory
        # gpiozero keeps callbacks by weak references only.
        self._watches: list[_Watch] = []
        self._outputs: list[Any] = []
        self._listener: LineListener | None = None

    def watch(self, number: int, listener: EdgeListener) -> Callable[[], bool]:
        """Pull a line up and hand on its edges from now on.

        Args:
            number: GPIO line.
            listener: Is called at every edge, whatever it raised the last time.

        Returns:
            What asks whether the line is high now; it raises `DeviceError` if that fails.

        Raises:
            DeviceError: If the line cannot be had.
        """

        def is_high() -> bool:
            with _as_device_error(f"GPIO{number} cannot be read"):
                return bool(pin.state)

        with _as_device_error(f"GPIO{number} cannot be read"):
            pin = self._factory.pin(f"GPIO{number}")
            pin.input_with_pull("up")
            pin.edges = "both"
            watch = _Watch(pin, number, listener, self._tell)
            self._watches.append(watch)
            pin.when_changed = watch.changed
        return is_high

    def listen(self, listener: LineListener | None) -> None:
        """Hand on every edge of every line that is watched, besides; at first the levels.

        Args:
            listener: Is called after the line's own; None to hand on nothing more.

        Raises:
            DeviceError: If a line cannot be read.
        """
        self._listener = listener
        if listener is None:
            return
        for watch in self._watches:
            with _as_device_error(f"GPIO{watch.number} cannot be read"):
                is_high = bool(watch.pin.state)
            listener(watch.number, is_high, 0)

    def _tell(self, number: int, high: bool, at_ns: int) -> None:  # noqa: FBT001 - a level
        if self._listener is not None:
            self._listener(number, high, at_ns)

    def output(self, number: int) -> Callable[[bool], None]:
        """Drive a line, low at first.

        Returns:
            What sets its level.

        Raises:
            DeviceError: If the line cannot be had.
        """
        with _as_device_error(f"GPIO{number} cannot be driven"):
            pin = self._factory.pin(f"GPIO{number}")
            pin.output_with_state(state=False)
        self._outputs.append(pin)

        def set_level(high: bool) -> None:  # noqa: FBT001 - a level is what it sets
            with _as_device_error(f"GPIO{number} cannot be driven"):
                pin.state = high

        return set_level

    def spi(self, chip_select: int) -> Any:
        """One chip on the SPI bus, as gpiozero's `SPI`.

        Raises:
            DeviceError: If the bus cannot be had.
        """
        with _as_device_error("the SPI bus cannot be opened", remedy="`raspi-config` enables it"):
            return self._factory.spi(
                clock_pin=11, mosi_pin=10, miso_pin=9, select_pin=8 - chip_select
            )

    def close(self) -> None:
        """Let go of every line; outputs are low afterwards."""
        with _logged_errors():
            for watch in self._watches:
                watch.pin.when_changed = None
            self._watches.clear()
        with _logged_errors():
            for pin in self._outputs:
                pin.state = False
            self._outputs.clear()
        with _logged_errors():
            self._factory.close()


class _Watch:
    """One line's listener, held fast, which no exception can end."""

    def __init__(self, pin: Any, number: int, listener: EdgeListener, also: LineListener) -> None:
        self.pin = pin
        self.number = number
        self._listener = listener
        self._also = also

    def changed(self, ticks: float, state: object) -> None:
        """Take gpiozero's call: seconds, and the level."""
        try:
            at_ns = round(ticks * 1e9)
            self._listener(bool(state), at_ns)
            self._also(self.number, bool(state), at_ns)
        # The top of the library's thread, which would end for good.
        except Exception:
            _LOG.exception("an edge of GPIO%d was lost", self.number)


def open_lines() -> Lines:
    """The lines of the Pi that this runs on.

    Raises:
        DeviceError: If a library is missing or there are no lines.
    """
    # lgpio makes a pipe at import, in the working folder unless told otherwise.
    os.environ.setdefault("LG_WD", os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir())
    try:
        factory = importlib.import_module("gpiozero.pins.lgpio").LGPIOFactory
    except ImportError as error:
        raise DeviceError(
            f"the library {error.name or 'lgpio'} is missing, without which there are no buttons",
            remedy="pip install continuo[device], or Raspberry Pi OS's python3-lgpio",
        ) from error
    with _as_device_error(
        "there are no GPIO lines here",
        remedy="a Raspberry Pi has them, for users in the group gpio",
    ):
        return Lines(factory())


@contextmanager
def _as_device_error(
    message: str, *, remedy: str = "is another program using it?"
) -> Iterator[None]:
    """Whatever the libraries raise, as one sentence; each has an error tree of its own."""
    try:
        yield
    except DeviceError:
        raise
    except Exception as error:
        raise DeviceError(f"{message}: {error}", remedy=remedy) from error


@contextmanager
def _logged_errors() -> Iterator[None]:
    """What fails while closing must not keep the rest from being closed."""
    try:
        with _as_device_error("a GPIO line was not let go of"):
            yield
    except DeviceError as error:
        _LOG.warning("%s", error)
