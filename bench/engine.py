"""The running instrument, measured from outside: how fast it starts, and what it weighs."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.processes import resident_mb, worker_of
from bench.row import Row
from firmware.errors import WorkerError

START_LIMIT_S = 1.5
MEMORY_LIMIT_MB = 220.0

_STARTS = 5
_PATIENCE_S = 120.0


def rows() -> list[Row]:
    """Measure all of it."""
    starts = [_start_s() for _ in range(_STARTS)]
    with tempfile.TemporaryDirectory() as home, _instrument(Path(home)) as running:
        _generate(running, Path(home))
        engine_mb, worker_mb = resident_mb(running.pid), resident_mb(worker_of(running.pid))
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
    ]


def _start_s() -> float:
    with tempfile.TemporaryDirectory() as home:
        began = time.perf_counter()
        with _instrument(Path(home)):
            return time.perf_counter() - began


@contextmanager
def _instrument(home: Path) -> Iterator["subprocess.Popen[str]"]:
    """The simulated instrument, once it is ready to be played; switched off in the end."""
    config = home / "config.toml"
    config.touch()
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
