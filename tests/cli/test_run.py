"""The simulated instrument as a process: it says when it is ready, obeys, and ends cleanly."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def environment(home: Path) -> dict[str, str]:
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(home)}
    for name in ("CONTINUO_HOME", "CONTINUO_CONFIG", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        environ.pop(name, None)
    return environ


@contextmanager
def instrument(
    home: Path, redirection: str = "", *, arguments: str = ""
) -> Iterator["subprocess.Popen[str]"]:
    """`continuo run --simulate --json`, redirected by a shell, once it is ready to play."""
    line = f'exec "$0" -m firmware run --simulate --json {arguments} {redirection}'
    running = subprocess.Popen(
        ["/bin/sh", "-c", line, sys.executable],
        env=environment(home),
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


@pytest.fixture
def hang_up() -> Iterator[None]:
    """A program that is started under nohup is deaf to it, and so are its children."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("hang_up")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_switches_it_off(tmp_path: Path, number: signal.Signals) -> None:
    with instrument(tmp_path) as running:
        running.send_signal(number)
        out, err = running.communicate(timeout=20)
    assert running.returncode == 0
    assert json.loads(out) == {"library": str(tmp_path / "Continuo")}
    assert "Traceback" not in err


def test_kills_are_counted_until_it_is_switched_off(tmp_path: Path) -> None:
    """And what a start remembers lies beside the compositions."""
    memory = tmp_path / "Continuo" / ".memory"
    for count in (1, 2):
        with instrument(tmp_path) as running:
            running.kill()
            running.communicate(timeout=20)
        assert len(json.loads((memory / "running.json").read_text())["ran_s"]) == count
    with instrument(tmp_path, arguments="--safe") as running:
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=20)
    assert running.returncode == 0
    assert sorted(path.name for path in memory.iterdir()) == ["memory.json", "pieces.json"]


def test_what_was_played_outlives_a_kill(tmp_path: Path) -> None:
    """A real process, a real clock and a real signal: the playing waits to be brought back."""
    memory = tmp_path / "Continuo" / ".memory"
    with instrument(tmp_path) as running:
        assert running.stdin is not None
        running.stdin.write("strike 60\nrelease 60\nstrike 67\nrelease 67\n")
        running.stdin.flush()
        deadline = time.monotonic() + 60
        while not (memory / "pieces.json").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        running.kill()
        running.communicate(timeout=20)
    with instrument(tmp_path) as running:
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=20)
    earlier = json.loads((memory / "earlier-pieces.json").read_text())["pieces"]
    assert [note[1] for piece in earlier for note in piece["notes"]] == [60, 67]


def test_it_obeys_typed_commands(tmp_path: Path) -> None:
    with instrument(tmp_path) as running:
        out, err = running.communicate("strike 60\nrelease 60\nfly\nquit\n", timeout=20)
    assert running.returncode == 0
    assert "'fly' is no command" in err
    assert len(out.splitlines()) == 1


@pytest.mark.parametrize("redirection", ["<&-", "</dev/null"])
def test_without_commands_it_runs_until_it_is_switched_off(
    tmp_path: Path, redirection: str
) -> None:
    with instrument(tmp_path, redirection) as running:
        with pytest.raises(subprocess.TimeoutExpired):
            running.wait(0.5)
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=20)
    assert running.returncode == 0
    assert "Traceback" not in err
    assert "continuo:" not in err


def test_commands_can_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "commands").write_text("fly\nquit")
    with instrument(tmp_path, f"<'{tmp_path}/commands'") as running:
        _, err = running.communicate(timeout=20)
    assert running.returncode == 0
    assert "'fly' is no command" in err


@pytest.mark.parametrize(
    ("redirection", "code", "said"),
    [
        ("| head -1", 0, "Continuo is ready"),
        (">&-", 2, "continuo: there is nothing to show the panel on"),
        ("<&- >&-", 2, "continuo: there is nothing to show the panel on"),
        (">/dev/full", 2, "continuo: the panel cannot be shown: No space left on device"),
    ],
)
def test_without_anyone_to_look_it_ends(
    tmp_path: Path, redirection: str, code: int, said: str
) -> None:
    """In one line, and with no trace of what it tried."""
    done = subprocess.run(
        ["/bin/sh", "-c", f'"$0" -m firmware run --simulate {redirection}', sys.executable],
        env=environment(tmp_path),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == code
    (line,) = (done.stdout + done.stderr).splitlines()
    assert line.startswith(said)


def test_it_sweeps_what_a_power_cut_left(tmp_path: Path) -> None:
    left = tmp_path / "Continuo" / ".continuo-dead"
    left.mkdir(parents=True)
    (left / "composition.mid").write_bytes(b"half")
    with instrument(tmp_path) as running:
        running.communicate("quit\n", timeout=20)
    assert not left.exists()
