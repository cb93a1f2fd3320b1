"""systemd hears that the instrument is ready and lives, and stops hearing when a loop hangs."""

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from firmware.config import Config
from firmware.devices.board import SimulatedBoard, simulated_board
from firmware.devices.loops import Loop
from firmware.engine import run as run_module
from firmware.engine.choices import Choices
from firmware.engine.clock import SystemClock, VirtualClock
from firmware.engine.clocks import ClockOut
from firmware.engine.engine import Engine
from firmware.engine.events import StopRequested
from firmware.engine.run import run
from firmware.engine.service import POWER_OFF_FILE, STUCK_NS, Service
from firmware.library.store import Library
from firmware.midi.clock import Beat

WATCHDOG_S = 0.4
PATIENCE_S = 5.0


class Systemd:
    """The other end of the socket."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address)

    def hear(self, wait_s: float = PATIENCE_S) -> str | None:
        """The next that is said, or None if nothing is."""
        self._socket.settimeout(wait_s)
        try:
            return self._socket.recv(4096).decode()
        except TimeoutError:
            return None

    def hear_all(self) -> list[str]:
        """What was said so far."""
        said = []
        while (text := self.hear(0.001)) is not None:
            said.append(text)
        return said

    def close(self) -> None:
        """Listen no more."""
        self._socket.close()


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Systemd]:
    """systemd, as this process would find it."""
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.setenv("WATCHDOG_USEC", str(round(WATCHDOG_S * 1e6)))
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    listening = Systemd(str(tmp_path / "notify"))
    yield listening
    listening.close()


@pytest.fixture
def playing(tmp_path: Path, systemd: Systemd) -> Iterator[Callable[[Callable[[], str]], Engine]]:
    """Runs an instrument as a service on a thread of its own."""
    assert systemd
    running: list[tuple[Engine, Service, threading.Thread]] = []

    def play(status: Callable[[], str]) -> Engine:
        clock = SystemClock()
        engine = Engine(
            simulated_board(clock.now_ns),
            Library(tmp_path / "library"),
            clock,
            Config(library=tmp_path / "library"),
            Choices(studio="fake_studio:FakeStudio"),
        )
        engine.open()
        service = Service(clock)
        thread = threading.Thread(target=service.run, args=(engine, status))
        thread.start()
        running.append((engine, service, thread))
        return engine

    yield play
    for engine, service, thread in running:
        engine.post(StopRequested())
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
        service.close()


def test_it_is_ready_beats_within_half_of_the_time_and_says_that_it_stops(
    systemd: Systemd, playing: Callable[[Callable[[], str]], Engine]
) -> None:
    engine = playing(lambda: "idle")
    assert systemd.hear() == "READY=1\nSTATUS=idle"
    heard_s = []
    for _ in range(3):
        assert systemd.hear() == "WATCHDOG=1"
        heard_s.append(monotonic())
    gaps = [after - before for before, after in pairwise(heard_s)]
    assert max(gaps) < 2 * WATCHDOG_S  # loosely, for a busy machine; the interval is a quarter
    engine.post(StopRequested())
    said = [systemd.hear()]
    while said[-1] == "WATCHDOG=1":
        said.append(systemd.hear())
    assert said[-1] == "STOPPING=1"


def test_when_the_owner_hangs_the_beats_stop_and_come_back_with_it(
    systemd: Systemd, playing: Callable[[Callable[[], str]], Engine]
) -> None:
    """The owner hangs in what it does every turn; no other thread beats for it."""
    hang, go_on = threading.Event(), threading.Event()

    def status() -> str:
        if hang.is_set():
            assert go_on.wait(PATIENCE_S)
        return "idle"

    playing(status)
    assert systemd.hear() == "READY=1\nSTATUS=idle"
    assert systemd.hear() == "WATCHDOG=1"
    hang.set()
    while systemd.hear(WATCHDOG_S / 2) is not None:
        pass
    assert systemd.hear(WATCHDOG_S) is None
    go_on.set()
    assert systemd.hear() == "WATCHDOG=1"


def service_on(clock: VirtualClock, address: str) -> Service:
    return Service(clock, {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "8000000"})


def test_a_loop_that_hangs_stops_the_beats_and_one_that_rests_does_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    systemd = Systemd(str(tmp_path / "notify"))
    clock = VirtualClock()
    service = service_on(clock, str(tmp_path / "notify"))
    resting, hanging = Loop("rests", clock.now_ns), Loop("the display", clock.now_ns)
    beats = []
    for second in range(1, 20):
        if second == 8:
            hanging.begin()
        if second == 18:
            hanging.rest()
        clock.advance_to(second * 1_000_000_000)
        service.turned("", (resting, hanging))
        beats.append(len(systemd.hear_all()))
    stuck_s = STUCK_NS // 1_000_000_000
    # A beat every other second, none from the sixth second of the turn on, and again after it.
    assert [second for second, beat in enumerate(beats, 1) if beat] == [
        *range(1, 7 + stuck_s + 1, 2),
        18,
    ]
    assert caplog.text.count("the display") == 1
    service.close()
    systemd.close()


def test_the_clocks_thread_beats_rests_hangs_and_dies_as_it_does() -> None:
    """Its loop shows a send that does not return, and one that raised."""
    hang, is_in, go_on = threading.Event(), threading.Event(), threading.Event()
    clock = SystemClock()

    def send(_: object) -> None:
        if not hang.is_set() or threading.current_thread().name != "continuo-clock":
            return
        is_in.set()
        assert go_on.wait(PATIENCE_S)
        raise RuntimeError("the port's library")

    out = ClockOut(send, clock.now_ns)
    out.follow(Beat(origin_ns=clock.now_ns(), tempo_bpm=220.0))
    hang.set()
    assert is_in.wait(PATIENCE_S)
    now_ns = clock.now_ns()
    assert out.loop.busy_ns(now_ns + STUCK_NS) > STUCK_NS
    go_on.set()
    assert out._thread is not None
    out._thread.join(PATIENCE_S)
    assert out.loop.busy_ns(clock.now_ns() + STUCK_NS) > STUCK_NS  # dead, not at rest


def test_a_clock_with_nothing_to_do_rests() -> None:
    clock = SystemClock()
    out = ClockOut(lambda _: None, clock.now_ns)
    assert out.loop.busy_ns(clock.now_ns()) == 0
    out.follow(Beat(origin_ns=clock.now_ns(), tempo_bpm=100.0))
    out.follow(None)
    out.close()
    assert out.loop.busy_ns(clock.now_ns() + STUCK_NS) == 0


@pytest.mark.parametrize("kind", ["path", "abstract"])
def test_both_kinds_of_sockets_are_spoken_to(tmp_path: Path, kind: str) -> None:
    name = str(tmp_path / "notify") if kind == "path" else f"continuo-test-{tmp_path.name}"
    systemd = Systemd(name if kind == "path" else f"\0{name}")
    service = service_on(VirtualClock(), name if kind == "path" else f"@{name}")
    service.ready("idle;\nWATCHDOG=trigger")
    assert systemd.hear() == "READY=1\nSTATUS=idle; WATCHDOG=trigger"  # one variable, not two
    service.close()
    systemd.close()


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, 1),
        ({"WATCHDOG_PID": "1"}, 0),  # another process is to beat
        ({"WATCHDOG_USEC": "0"}, 0),
        ({"WATCHDOG_USEC": "soon"}, 0),
    ],
)
def test_it_beats_only_where_it_is_waited_for(
    tmp_path: Path, more: dict[str, str], expected: int
) -> None:
    systemd = Systemd(str(tmp_path / "notify"))
    environ = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "8000000"} | more
    service = Service(VirtualClock(), environ)
    service.turned("", ())
    assert systemd.hear_all().count("WATCHDOG=1") == expected
    service.close()
    systemd.close()


def test_a_socket_that_nobody_reads_holds_nothing_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its buffer is full after a few hundred; that is said once, and the next are lost."""
    systemd = Systemd(str(tmp_path / "notify"))
    clock = VirtualClock()
    service = service_on(clock, str(tmp_path / "notify"))
    for second in range(2_000):
        clock.advance_to(second * 4_000_000_000)
        service.turned("", ())
    assert caplog.text.count("systemd does not listen") == 1
    service.close()
    systemd.close()


def test_without_systemd_nothing_is_said(tmp_path: Path) -> None:
    service = Service(VirtualClock(), {"RUNTIME_DIRECTORY": str(tmp_path)})
    service.ready("idle")
    service.turned("idle", ())
    service.switch_machine_off()
    service.start_sound_again()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("who", ["player", "systemd"])
def test_switched_off_at_the_panel_it_takes_the_machine_along(
    tmp_path: Path, systemd: Systemd, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    """Told to stop by a signal, as for an update, it leaves the machine on."""
    engines: list[Engine] = []
    signals: list[Callable[..., Any]] = []

    def board(config: Config, now_ns: Callable[[], int]) -> SimulatedBoard:
        del config
        return simulated_board(now_ns)

    make = run_module.engine_of

    def engine_of(*arguments: Any, **more: Any) -> Engine:
        engines.append(make(*arguments, **more))
        return engines[-1]

    def stop_it() -> None:
        assert systemd.hear() is not None
        if who == "player":
            engines[0].post(StopRequested())
        else:
            signals[0]()

    monkeypatch.setattr(run_module, "open_board", board)
    monkeypatch.setattr(run_module, "engine_of", engine_of)
    monkeypatch.setattr(signal, "signal", lambda _, handler: signals.append(handler))
    stopper = threading.Thread(target=stop_it)
    stopper.start()
    with (tmp_path / "said").open("w") as output:
        run(
            Config(library=tmp_path / "library"),
            simulate=False,
            choices=Choices(studio="fake_studio:FakeStudio"),
            output=output,
        )
    stopper.join(PATIENCE_S)
    assert (tmp_path / POWER_OFF_FILE).exists() == (who == "player")
