"""The simulated instrument as a process: it says when it is ready, obeys, and ends cleanly."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@contextmanager
def instrument(home: Path) -> Iterator["subprocess.Popen[str]"]:
    """`continuo run --simulate --json`, once it is ready to play."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(home)}
    for name in ("CONTINUO_HOME", "CONTINUO_CONFIG", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        environ.pop(name, None)
    running = subprocess.Popen(
        [sys.executable, "-m", "firmware", "run", "--simulate", "--json"],
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with running:
        try:
            assert running.stderr is not None
            assert any("Continuo is ready" in line for line in running.stderr)
            yield running
        finally:
            if running.poll() is None:
                running.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_switches_it_off(tmp_path: Path, number: signal.Signals) -> None:
    with instrument(tmp_path) as running:
        running.send_signal(number)
        out, err = running.communicate(timeout=20)
    assert running.returncode == 0
    assert json.loads(out) == {"library": str(tmp_path / "Continuo")}
    assert "Traceback" not in err


def test_it_obeys_typed_commands(tmp_path: Path) -> None:
    with instrument(tmp_path) as running:
        out, err = running.communicate("strike 60\nrelease 60\nfly\nquit\n", timeout=20)
    assert running.returncode == 0
    assert "'fly' is no command" in err
    assert len(out.splitlines()) == 1


def test_it_sweeps_what_a_power_cut_left(tmp_path: Path) -> None:
    left = tmp_path / "Continuo" / ".continuo-dead"
    left.mkdir(parents=True)
    (left / "composition.mid").write_bytes(b"half")
    with instrument(tmp_path) as running:
        running.communicate("quit\n", timeout=20)
    assert not left.exists()
