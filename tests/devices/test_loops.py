"""A loop that hangs or died can be told from one that has nothing to do."""

import threading
import time
from collections.abc import Callable

import pytest

from firmware.devices.loops import Loop
from firmware.devices.oled import Light, OledDisplay, Panel

PATIENCE_S = 5.0
LONG_NS = 10_000_000_000


class Idle:
    """A panel that takes everything."""

    def write(self, page: int, content: bytes) -> None:
        """See `Panel.write`."""

    def light(self, light: Light) -> None:
        """See `Panel.light`."""

    def close(self) -> None:
        """See `Panel.close`."""


def soon(claim: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while not claim() and time.monotonic() < deadline:
        time.sleep(0.005)
    return claim()


def test_a_turn_is_as_long_as_since_it_began_and_rest_is_none() -> None:
    now_ns = 0
    loop = Loop("it", lambda: now_ns)
    assert loop.busy_ns(LONG_NS) == 0
    loop.begin()
    assert loop.busy_ns(LONG_NS) == LONG_NS
    now_ns = 3
    with loop.resting():
        assert loop.busy_ns(LONG_NS) == 0
    assert loop.busy_ns(LONG_NS) == LONG_NS - 3


def test_a_display_whose_bus_hangs_is_stuck_and_one_that_waits_is_not() -> None:
    is_in, go_on = threading.Event(), threading.Event()

    def make() -> Panel:
        is_in.set()
        assert go_on.wait(PATIENCE_S)
        return Idle()

    display = OledDisplay(make, time.monotonic_ns)
    assert is_in.wait(PATIENCE_S)
    assert display.loop.busy_ns(time.monotonic_ns() + LONG_NS) >= LONG_NS
    go_on.set()
    assert soon(lambda: display.loop.busy_ns(time.monotonic_ns() + LONG_NS) == 0)
    display.close()


def test_a_display_that_died_of_a_fault_is_stuck(caplog: pytest.LogCaptureFixture) -> None:
    def make() -> Panel:
        raise ZeroDivisionError

    display = OledDisplay(make, time.monotonic_ns)
    assert soon(lambda: "given up" in caplog.text)
    assert soon(lambda: not display._thread.is_alive())
    assert display.loop.busy_ns(time.monotonic_ns() + LONG_NS) >= LONG_NS
    display.close()
