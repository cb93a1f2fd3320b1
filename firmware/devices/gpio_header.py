"""The lines of the Pi's header as the kernel has them, through its own library gpiod.

One thread waits for the edges of every line, and sleeps until one comes.
"""

import importlib
import logging
import os
import select
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic_ns, sleep
from typing import Any, Final, Protocol

from firmware.errors import DeviceError

EdgeListener = Callable[[bool, int], None]
"""Called with whether the line is high now and the nanosecond, on a thread of the lines'.

The nanoseconds are the kernel's: good for telling how far two edges lie apart, not what time it is.
"""

CHIPS: Final = ("pinctrl-bcm2835", "pinctrl-bcm2711", "pinctrl-rp1")
"""What the chip is called whose lines are on the header: up to the Pi 3, on the 4, on the 5."""

USER: Final = "continuo"
"""What the kernel calls whoever has a line of ours."""

_EDGES: Final = 512
"""Of one line, that wait in the kernel while this machine is busy."""
GATHER_NS: Final = 1_000_000
"""Edges of two lines come by two ways, the later one perhaps first: so long they are waited for."""
_LOG = logging.getLogger(__name__)


class Header(Protocol):
    """Lines by their numbers. Whatever goes wrong is raised as the kernel's library does."""

    def watch(self, number: int, listener: EdgeListener) -> Callable[[], bool]:
        """Pull a line up and tell its edges from now on.

        Args:
            number: GPIO line.
            listener: Is told; it raises nothing.

        Returns:
            What asks whether the line is high now.
        """
        ...

    def drive(self, number: int) -> Callable[[bool], None]:
        """Drive a line, low at first.

        Returns:
            What sets its level.
        """
        ...

    def close(self) -> None:
        """Let go of every line; nothing is told afterwards."""
        ...


class GpiodHeader:
    """The kernel's. See `Header`.

    Args:
        chip: gpiod's `Chip`; this owns it.
    """

    def __init__(self, chip: Any) -> None:
        self._line = importlib.import_module("gpiod.line")
        self._settings = importlib.import_module("gpiod").LineSettings
        self._chip = chip
        self._watched: dict[int, tuple[Any, EdgeListener]] = {}  # by descriptor
        self._driven: list[Any] = []
        self._poll = select.epoll()
        self._end = os.eventfd(0, os.EFD_CLOEXEC)
        self._poll.register(self._end, select.EPOLLIN)
        self._thread: threading.Thread | None = None
        self._is_closed = False

    def watch(self, number: int, listener: EdgeListener) -> Callable[[], bool]:
        """See `Header.watch`."""
        line = self._line
        request = self._request(
            number,
            direction=line.Direction.INPUT,
            bias=line.Bias.PULL_UP,
            edge_detection=line.Edge.BOTH,
        )
        self._watched[request.fd] = (request, listener)
        self._poll.register(request.fd, select.EPOLLIN)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="continuo-lines", daemon=True)
            self._thread.start()
        return lambda: request.get_value(number) is line.Value.ACTIVE

    def drive(self, number: int) -> Callable[[bool], None]:
        """See `Header.drive`."""
        line = self._line
        request = self._request(number, direction=line.Direction.OUTPUT)
        self._driven.append(request)
        return lambda high: request.set_value(
            number, line.Value.ACTIVE if high else line.Value.INACTIVE
        )

    def close(self) -> None:
        """See `Header.close`."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._thread is not None:
            os.eventfd_write(self._end, 1)
            self._thread.join()
        for request, _ in self._watched.values():
            request.release()
        for request in self._driven:
            request.release()
        self._watched.clear()
        self._driven.clear()
        self._poll.close()
        os.close(self._end)
        self._chip.close()

    def _request(self, number: int, **settings: Any) -> Any:
        return self._chip.request_lines(
            {number: self._settings(**settings)}, consumer=USER, event_buffer_size=_EDGES
        )

    def _run(self) -> None:
        edges: list[tuple[int, bool, EdgeListener]] = []
        while True:
            if not edges:
                self._poll.poll()
            sleep(GATHER_NS / 1e9)
            # While one line is read another one moves: what came since may not be the next.
            until_ns = monotonic_ns() - GATHER_NS
            ready = [descriptor for descriptor, _ in self._poll.poll(0)]
            if self._end in ready:
                return
            for descriptor in ready:
                edges += self._edges(descriptor)
            edges.sort(key=lambda edge: edge[0])
            while edges and edges[0][0] <= until_ns:
                at_ns, is_high, listener = edges.pop(0)
                listener(is_high, at_ns)

    def _edges(self, descriptor: int) -> list[tuple[int, bool, EdgeListener]]:
        request, listener = self._watched[descriptor]
        try:
            events = request.read_edge_events()
        except OSError:
            _LOG.exception("GPIO lines %s are not heard any more", request.offsets)
            self._poll.unregister(descriptor)
            return []
        return [
            (event.timestamp_ns, event.event_type is event.Type.RISING_EDGE, listener)
            for event in events
        ]


def open_header(devices: Path = Path("/dev")) -> GpiodHeader:
    """The header of the Pi that this runs on.

    Raises:
        DeviceError: If the library is missing.
        OSError: If there is no such header, or it may not be had.
    """
    chip = open_chip(devices)
    if chip is None:
        raise OSError(f"no chip of {devices} is called {' or '.join(CHIPS)}")
    return GpiodHeader(chip)


def open_chip(devices: Path) -> Any:
    """Gpiod's `Chip` with the header's lines, or None where there is none.

    Raises:
        DeviceError: If the library is missing.
        OSError: If it may not be had.
    """
    paths = sorted(devices.glob("gpiochip*"))
    if not paths:
        return None
    try:
        gpiod = importlib.import_module("gpiod")
    except ImportError as error:
        raise DeviceError(
            f"the library {error.name or 'gpiod'} is missing, without which there are no buttons",
            remedy="pip install continuo[device]",
        ) from error
    for path in filter(gpiod.is_gpiochip_device, map(str, paths)):
        chip = gpiod.Chip(path)
        if chip.get_info().label in CHIPS:
            return chip
        chip.close()
    return None
