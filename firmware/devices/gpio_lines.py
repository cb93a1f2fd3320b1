"""The GPIO lines of a panel: edges in, levels out, and whatever fails in one sentence."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from firmware.devices.gpio_header import EdgeListener, Header, open_header
from firmware.errors import DeviceError

LineListener = Callable[[int, bool, int], None]
"""Called as an `EdgeListener`, but with the number of the line before."""

_LOG = logging.getLogger(__name__)


class Lines:
    """Every line that this program uses, let go of together.

    Args:
        header: Where they are; this owns it.
    """

    def __init__(self, header: Header) -> None:
        self._header = header
        self._inputs: dict[int, Callable[[], bool]] = {}
        self._outputs: list[Callable[[bool], None]] = []
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

        def changed(high: bool, at_ns: int) -> None:  # noqa: FBT001 - a level
            try:
                listener(high, at_ns)
                if self._listener is not None:
                    self._listener(number, high, at_ns)
            # The top of the header's thread, which would end for good.
            except Exception:
                _LOG.exception("an edge of GPIO%d was lost", number)

        def is_high() -> bool:
            with _as_device_error(f"GPIO{number} cannot be read"):
                return level()

        with _as_device_error(f"GPIO{number} cannot be read"):
            level = self._header.watch(number, changed)
        self._inputs[number] = is_high
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
        for number, is_high in self._inputs.items():
            listener(number, is_high(), 0)

    def output(self, number: int) -> Callable[[bool], None]:
        """Drive a line, low at first.

        Returns:
            What sets its level.

        Raises:
            DeviceError: If the line cannot be had.
        """
        with _as_device_error(f"GPIO{number} cannot be driven"):
            drive = self._header.drive(number)

        def set_level(high: bool) -> None:  # noqa: FBT001 - a level is what it sets
            with _as_device_error(f"GPIO{number} cannot be driven"):
                drive(high)

        self._outputs.append(set_level)
        return set_level

    def close(self) -> None:
        """Let go of every line; outputs are low afterwards."""
        for set_level in self._outputs:
            with _logged_errors():
                set_level(False)
        self._outputs.clear()
        self._inputs.clear()
        with _logged_errors():
            self._header.close()


def open_lines() -> Lines:
    """The lines of the Pi that this runs on.

    Raises:
        DeviceError: If a library is missing or there are no lines.
    """
    with _as_device_error(
        "there are no GPIO lines here",
        remedy="a Raspberry Pi has them, for users in the group gpio",
    ):
        return Lines(open_header())


@contextmanager
def _as_device_error(
    message: str, *, remedy: str = "is another program using it?"
) -> Iterator[None]:
    """Whatever the library raises, as one sentence."""
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
