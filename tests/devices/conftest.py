"""A JACK server of the tests' own, without any sound card."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection, Listener
from pathlib import Path

import pytest

from firmware.devices.rtmidi_ports import running_apis

PATIENCE_S = 10.0
PEER = Path(__file__).parent / "jack_peer.py"


@pytest.fixture
def jack(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run a server with the dummy driver for as long as a test takes."""
    jackd = shutil.which("jackd")
    if jackd is None:
        pytest.skip("jackd is not installed (Debian's jackd2), so no real MIDI ports are opened")
    pytest.importorskip("rtmidi", reason="python-rtmidi is not installed")
    monkeypatch.setenv("JACK_DEFAULT_SERVER", f"continuo-test-{os.getpid()}")
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    server = os.environ["JACK_DEFAULT_SERVER"]
    # Synchronous: with other work on the machine a client misses its millisecond now and then, and
    # without this the server goes on without it, which loses and doubles messages.
    command = [jackd, "--name", server, "--sync", "--no-realtime"]
    command += ["-d", "dummy", "-r", "48000", "-p", "64"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        try:
            deadline = time.monotonic() + PATIENCE_S
            while "jack" not in running_apis() and time.monotonic() < deadline:
                if running.poll() is not None:
                    pytest.skip(f"jackd does not run here, it ended with {running.returncode}")
                time.sleep(0.05)
            time.sleep(0.3)  # the socket is there a moment before the server listens to it
            yield
        finally:
            running.terminate()


@pytest.fixture
def peer(jack: None, tmp_path: Path) -> Iterator[Connection]:
    """Another process with a keyboard and a synthesizer; see `jack_peer`."""
    del jack
    address = str(tmp_path / "peer.sock")
    with (
        Listener(address) as listener,
        subprocess.Popen([sys.executable, str(PEER), address]) as process,
    ):
        connection = listener.accept()
        assert connection.recv() == "ready"
        yield connection
        connection.close()
        assert process.wait(PATIENCE_S) == 0


@pytest.fixture
def ask() -> Callable[..., object]:
    """Have the peer do something, and its answer."""

    def asked(connection: Connection, command: str, argument: object = None) -> object:
        connection.send((command, argument))
        assert connection.poll(PATIENCE_S), f"the peer does not answer {command}"
        return connection.recv()

    return asked


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], bool]:
    """Give two processes and JACK a while."""

    def waited(is_true: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + PATIENCE_S
        while not is_true() and time.monotonic() < deadline:
            time.sleep(0.02)
        return is_true()

    return waited
