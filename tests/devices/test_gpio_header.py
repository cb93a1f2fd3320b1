"""The kernel's lines: edges of all of them in the order of their time, on one thread."""

import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from firmware.devices.gpio_header import CHIPS, GpiodHeader, open_header
from firmware.errors import DeviceError

gpiod: Any = pytest.importorskip("gpiod", reason="gpiod is for Linux")
line: Any = pytest.importorskip("gpiod.line", reason="gpiod is for Linux")

Eventually = Callable[[Callable[[], bool]], bool]
RISING = gpiod.EdgeEvent.Type.RISING_EDGE
FALLING = gpiod.EdgeEvent.Type.FALLING_EDGE


@dataclass
class Edge:
    """What the library tells of one."""

    event_type: Any
    timestamp_ns: int
    Type: Any = gpiod.EdgeEvent.Type


class Request:
    """One line, whose descriptor can be waited for as the kernel's."""

    def __init__(self, number: int, settings: Any) -> None:
        self.offsets = [number]
        self.settings = settings
        self.value = line.Value.ACTIVE
        self.edges: list[Edge] = []
        self.is_released = self.is_broken = False
        self._end, self._kernel = socket.socketpair()
        self.fd = self._end.fileno()

    def happen(self, *edges: Edge) -> None:
        """The kernel sees edges."""
        self.edges += edges
        self._kernel.send(b"x")

    def read_edge_events(self) -> list[Edge]:
        """See `gpiod.LineRequest`."""
        if self.is_broken:
            raise OSError("No such device")
        self._end.recv(1000)
        edges, self.edges = self.edges, []
        return edges

    def get_value(self, number: int) -> Any:
        """See `gpiod.LineRequest`."""
        assert number == self.offsets[0]
        return self.value

    def set_value(self, number: int, value: Any) -> None:
        """See `gpiod.LineRequest`."""
        assert number == self.offsets[0]
        self.value = value

    def release(self) -> None:
        """See `gpiod.LineRequest`."""
        self.is_released = True
        self._end.close()
        self._kernel.close()


class Chip:
    """A chip with lines that can be had once each."""

    def __init__(self) -> None:
        self.requests: dict[int, Request] = {}
        self.is_closed = False

    def request_lines(
        self, config: dict[int, Any], *, consumer: str, event_buffer_size: int
    ) -> Request:
        """See `gpiod.Chip`."""
        assert consumer == "continuo"
        assert event_buffer_size > 16, "the kernel's own is too small for a knob that is spun"
        ((number, settings),) = config.items()
        if number in self.requests:
            raise OSError("Device or resource busy")
        self.requests[number] = Request(number, settings)
        return self.requests[number]

    def close(self) -> None:
        """See `gpiod.Chip`."""
        self.is_closed = True


@pytest.fixture
def chip() -> Chip:
    return Chip()


@pytest.fixture
def header(chip: Chip) -> Iterator[GpiodHeader]:
    header = GpiodHeader(chip)
    yield header
    header.close()


def test_inputs_are_pulled_up_and_outputs_are_low(chip: Chip, header: GpiodHeader) -> None:
    is_high = header.watch(5, lambda *_: None)
    drive = header.drive(16)
    closed, lit = chip.requests[5], chip.requests[16]
    assert closed.settings.direction is line.Direction.INPUT
    assert closed.settings.bias is line.Bias.PULL_UP
    assert closed.settings.edge_detection is line.Edge.BOTH
    assert closed.settings.event_clock is line.Clock.MONOTONIC
    assert lit.settings.direction is line.Direction.OUTPUT
    assert lit.settings.output_value is line.Value.INACTIVE
    assert is_high()
    closed.value = line.Value.INACTIVE
    assert not is_high()
    for high, value in ((True, line.Value.ACTIVE), (False, line.Value.INACTIVE)):
        drive(high)
        assert lit.value is value
    with pytest.raises(OSError, match="busy"):
        header.watch(5, lambda *_: None)


def test_edges_of_two_lines_are_told_in_the_order_of_their_time(
    chip: Chip, header: GpiodHeader, eventually: Eventually
) -> None:
    heard: list[tuple[str, bool, int]] = []
    is_held, goes_on = threading.Event(), threading.Event()

    def hold(_high: bool, _at_ns: int) -> None:  # noqa: FBT001 - a level
        is_held.set()
        goes_on.wait(10.0)

    header.watch(4, hold)
    header.watch(5, lambda high, at_ns: heard.append(("a", high, at_ns)))
    header.watch(6, lambda high, at_ns: heard.append(("b", high, at_ns)))
    chip.requests[4].happen(Edge(FALLING, 1))
    assert is_held.wait(10.0)
    # All of it comes while the thread is busy elsewhere.
    chip.requests[6].happen(Edge(FALLING, 20), Edge(RISING, 40))
    chip.requests[5].happen(Edge(FALLING, 10), Edge(RISING, 30))
    goes_on.set()
    assert eventually(lambda: len(heard) == 4)
    assert heard == [("a", False, 10), ("b", False, 20), ("a", True, 30), ("b", True, 40)]


def test_an_edge_that_comes_while_another_line_is_read_is_told_in_its_turn(
    chip: Chip, header: GpiodHeader, eventually: Eventually
) -> None:
    heard: list[str] = []
    header.watch(5, lambda *_: heard.append("a"))
    header.watch(6, lambda *_: heard.append("b"))
    first, second = chip.requests[5], chip.requests[6]
    read = second.read_edge_events

    def read_late() -> list[Edge]:
        edges = read()
        now_ns = time.monotonic_ns()
        first.happen(Edge(FALLING, now_ns))  # it was read before, or was not ready
        return [*edges, Edge(RISING, now_ns + 1)]

    second.read_edge_events = read_late  # type: ignore[method-assign]
    second.happen(Edge(FALLING, 1))
    assert eventually(lambda: len(heard) == 3)
    assert heard == ["b", "a", "b"]


def test_a_line_that_fails_leaves_the_others(
    chip: Chip, header: GpiodHeader, eventually: Eventually, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[bool] = []
    header.watch(5, lambda *_: None)
    header.watch(6, lambda high, _: heard.append(high))
    chip.requests[5].is_broken = True
    chip.requests[5].happen(Edge(FALLING, 1))
    assert eventually(lambda: "GPIO lines [5] are not heard any more" in caplog.text)
    chip.requests[6].happen(Edge(FALLING, 2))
    assert eventually(lambda: heard == [False])
    assert caplog.text.count("not heard any more") == 1


def test_its_end_lets_go_of_everything(chip: Chip) -> None:
    before = len(os.listdir("/proc/self/fd"))
    header = GpiodHeader(chip)
    heard: list[bool] = []
    header.watch(5, lambda high, _: heard.append(high))
    header.drive(16)
    header.close()
    header.close()
    assert chip.is_closed
    assert all(request.is_released for request in chip.requests.values())
    assert len(os.listdir("/proc/self/fd")) == before
    assert "continuo-lines" not in {thread.name for thread in threading.enumerate()}


def test_the_chip_of_the_header_is_known_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = {"gpiochip0": "brcmstb", "gpiochip1": CHIPS[2]}
    opened: list[Any] = []

    class Named(Chip):
        def __init__(self, path: str) -> None:
            super().__init__()
            self.label = labels[Path(path).name]
            opened.append(self)

        def get_info(self) -> SimpleNamespace:
            return SimpleNamespace(label=self.label)

    monkeypatch.setattr(gpiod, "Chip", Named)
    monkeypatch.setattr(gpiod, "is_gpiochip_device", lambda path: Path(path).name in labels)
    for name in (*labels, "gpiochip_of_somebody"):
        (tmp_path / name).touch()
    open_header(tmp_path).close()
    assert [chip.label for chip in opened] == ["brcmstb", CHIPS[2]]
    assert all(chip.is_closed for chip in opened)
    (tmp_path / "gpiochip1").unlink()
    with pytest.raises(OSError, match="is called pinctrl-bcm2835 or"):
        open_header(tmp_path)
    monkeypatch.setitem(sys.modules, "gpiod", None)
    with pytest.raises(DeviceError, match="gpiod is missing, without which there are no buttons"):
        open_header(tmp_path)
