"""The running instrument: how fast it starts, what it weighs, how soon a key is heard.

It is measured from outside, as a process with its worker and the shipped model. A key's way is
two hops through JACK and one through the engine: stopwatch, engine, stopwatch. Beside it stands
the shortest loop that python-rtmidi allows, with the same worker at work, since on a machine
with other work on it the 99th percentile says as much of the machine as of either.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.jack import Stopwatch, jack_server
from bench.processes import resident_mb
from bench.row import Row
from firmware.errors import DeviceError, WorkerError

START_LIMIT_S = 1.5
MEMORY_LIMIT_MB = 220.0

_STARTS = 5
_ROUNDS = 5
_KEYS = 200  # of a round
_PAUSE_S = 0.004
_PITCH = 120
_PATIENCE_S = 120.0
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def rows() -> list[Row]:
    """Measure all of it."""
    starts = [_start_s() for _ in range(_STARTS)]
    with tempfile.TemporaryDirectory() as home, _instrument(Path(home)) as running:
        _generate(running, Path(home))
        engine_mb, worker_mb = resident_mb(running.pid), resident_mb(_worker_of(running.pid))
    return [
        Row(
            name="cold start: process start to ready to play",
            unit="s",
            ours=statistics.median(starts),
            peer_name="bound asked for",
            peer=START_LIMIT_S,
        ),
        Row(
            name=f"resident memory: engine {engine_mb:.0f} and worker {worker_mb:.0f}, after a "
            "generation",
            unit="MB",
            ours=engine_mb + worker_mb,
            peer_name="bound asked for",
            peer=MEMORY_LIMIT_MB,
        ),
        *_latency_rows(),
    ]


def _latency_rows() -> list[Row]:
    measured = _latencies()
    lost = ", ".join(f"{m.lost} of {_ROUNDS * _KEYS} lost {name}" for name, m in measured.items())
    return [
        Row(
            name=f"MIDI in to out over JACK, {name}, worker generating ({lost})",
            unit="ms",
            ours=getattr(measured["busy"], name),
            peer_name=peer_name,
            peer=getattr(measured[peer], name),
        )
        for name in ("median", "p99")
        for peer, peer_name in (
            ("idle", "the same, worker idle"),
            ("bare", "bare python-rtmidi loop, worker generating"),
        )
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """What a key's way takes, in milliseconds.

    Attributes:
        median: Of all keys.
        p99: The 99th percentile, as the median of the rounds.
        lost: Keys that were not heard.
    """

    median: float
    p99: float
    lost: int


def _start_s() -> float:
    with tempfile.TemporaryDirectory() as home:
        began = time.perf_counter()
        with _instrument(Path(home)):
            return time.perf_counter() - began


@contextmanager
def _instrument(home: Path, settings: str = "") -> Iterator["subprocess.Popen[str]"]:
    """The simulated instrument, once it is ready to be played; switched off in the end."""
    config = home / "config.toml"
    config.write_text(settings)
    environ = {
        **os.environ,
        "CONTINUO_HOME": str(home / "library"),
        "CONTINUO_CONFIG": str(config),
        "PYTHONPATH": str(Path(__file__).parents[1]),
    }
    with subprocess.Popen(
        [sys.executable, "-m", "firmware", "run", "--simulate"],
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as running:
        try:
            assert running.stdout is not None
            if not any("Continuo is ready" in line for line in running.stdout):
                raise WorkerError("the instrument did not start")
            yield running
        finally:
            running.terminate()


def _say(running: "subprocess.Popen[str]", *commands: str) -> None:
    assert running.stdin is not None
    running.stdin.write("".join(f"{command}\n" for command in commands))
    running.stdin.flush()


def _generate(running: "subprocess.Popen[str]", home: Path) -> None:
    """Play a few notes and wait for the composition that is made of them."""
    scale = [f"{verb} {pitch}" for pitch in (60, 64, 67, 72) for verb in ("strike", "release")]
    _say(running, *scale, "keep", "generate")
    deadline = time.monotonic() + _PATIENCE_S
    while not list((home / "library").glob("2*")):
        if time.monotonic() > deadline:
            raise WorkerError("the instrument made no composition")
        time.sleep(0.1)


def _latencies() -> dict[str, Latency]:
    """The instrument with its worker idle and busy, and the bare loop beside the busy worker."""
    with (
        jack_server(),
        closing(Stopwatch("Bench")) as ours,
        closing(Stopwatch("Other")) as theirs,
        tempfile.TemporaryDirectory() as home,
        _instrument(
            Path(home), 'midi_input = "Bench keys"\nmidi_output = "Bench ears"\n'
        ) as running,
        _bare_loop("Other"),
    ):
        _generate(running, Path(home))
        rounds: dict[str, list[list[float | None]]] = {"idle": [], "busy": [], "bare": []}
        for _ in range(_ROUNDS):
            _say(running, "stop")
            time.sleep(1.0)
            rounds["idle"].append([_strike(ours) for _ in range(_KEYS)])
            rounds["busy"].append(_while_generating(running, ours))
            rounds["bare"].append(_while_generating(running, theirs))
    return {name: _latency(each) for name, each in rounds.items()}


@contextmanager
def _bare_loop(name: str) -> Iterator[None]:
    program = str(Path(__file__).with_name("bare_thru.py"))
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, program, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        try:
            assert running.stdout is not None
            if running.stdout.readline() != "ready\n":
                raise DeviceError("the bare loop does not run")
            yield
        finally:
            running.terminate()


def _while_generating(running: "subprocess.Popen[str]", stopwatch: Stopwatch) -> list[float | None]:
    """Press generate over and over, so that the worker never rests while keys are struck."""
    _say(running, "generate")
    worker = _worker_of(running.pid)
    before_s, began = _cpu_s(worker), time.monotonic()
    found: list[float | None] = []
    for key in range(_KEYS):
        if key % 10 == 0:
            _say(running, "generate")
        found.append(_strike(stopwatch))
    share = (_cpu_s(worker) - before_s) / (time.monotonic() - began)
    if share < 0.2:  # other work on the machine takes its part
        raise WorkerError(f"the worker was to be busy, but computed {share:.0%} of the time")
    return found


def _strike(stopwatch: Stopwatch) -> float | None:
    time.sleep(_PAUSE_S)
    return stopwatch.strike(_PITCH)


def _latency(rounds: list[list[float | None]]) -> Latency:
    heard = [sorted(ms for ms in each if ms is not None) for each in rounds]
    return Latency(
        median=statistics.median(ms for each in heard for ms in each),
        p99=statistics.median(each[int(0.99 * len(each))] for each in heard),
        lost=sum(len(each) for each in rounds) - sum(len(each) for each in heard),
    )


def _worker_of(pid: int) -> int:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    if len(children) != 1:
        raise WorkerError(f"the instrument has {len(children)} processes beside its own")
    return int(children[0])


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK_S
