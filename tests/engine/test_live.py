"""The instrument in a pseudo-terminal, as a person sees it and plays it."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyte
import pytest

HERE = Path(__file__).parent
PATIENCE_S = 30.0


class Window:
    """A terminal's window with the instrument in it."""

    def __init__(self, folder: Path, columns: int = 80, rows: int = 24) -> None:
        self.folder = folder
        self.outer, self.inner = pty.openpty()
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.written = b""
        self.resize(columns, rows)
        self.modes = termios.tcgetattr(self.inner)
        paths = f"{HERE.parents[1]}:{HERE}"
        self.running = subprocess.Popen(
            [sys.executable, str(HERE / "live_instrument.py"), str(folder)],
            stdin=self.inner,
            stdout=self.inner,
            stderr=self.inner,
            env={**os.environ, "PYTHONPATH": paths, "TERM": "xterm-256color", "LANG": "C.UTF-8"},
            start_new_session=True,
        )

    def resize(self, columns: int, rows: int) -> None:
        """Make it another size."""
        self.screen.resize(rows, columns)
        fcntl.ioctl(self.inner, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self.outer, keys.encode())

    @property
    def text(self) -> str:
        """What is seen."""
        return "\n".join(self.screen.display)

    @property
    def heard(self) -> str:
        """What the synthesizer heard, a line a message."""
        path = self.folder / "heard"
        return path.read_text() if path.exists() else ""

    def wait(self, is_so: Callable[[], bool]) -> None:
        """Read what is drawn until something is so."""
        end = time.monotonic() + PATIENCE_S
        while not is_so():
            assert time.monotonic() < end, f"{self.text}\n{self.heard[-500:]}"
            if select.select([self.outer], [], [], 0.05)[0]:
                content = os.read(self.outer, 65536)
                self.written += content
                self.stream.feed(content)

    def wait_for_end(self) -> int:
        """Wait for the process; its exit code."""
        self.wait(lambda: self.running.poll() is not None)
        return self.running.returncode

    def is_given_back(self) -> bool:
        """Whether the window is as it was."""
        modes = termios.tcgetattr(self.inner)
        return b"\x1b[?1049l" in self.written and modes[:4] == self.modes[:4]


@pytest.fixture
def window(tmp_path: Path) -> Iterator[Window]:
    window = Window(tmp_path)
    try:
        window.wait(lambda: "No sound" in window.text and "⣿" in window.text)
        yield window
    finally:
        if window.running.poll() is None:
            window.running.kill()
            window.running.wait()
        os.close(window.outer)
        os.close(window.inner)


def test_home_and_the_keys_are_seen(window: Window) -> None:
    assert "○ record" in window.text
    assert "q ends" in window.text
    assert "sudo apt install fluidsynth" in window.text
    assert not termios.tcgetattr(window.inner)[3] & termios.ECHO


def test_a_key_sounds_and_ends_by_itself(window: Window) -> None:
    window.type("xa")
    window.wait(lambda: "NoteOn(pitch=72" in window.heard)
    window.wait(lambda: "NoteOff(pitch=72" in window.heard)


def test_a_recording_becomes_a_composition(window: Window) -> None:
    window.type("r")
    window.wait(lambda: "● record" in window.text)
    for key in "adg":
        window.type(key)
    window.wait(lambda: window.heard.count("NoteOn") == 3)
    window.wait(lambda: window.heard.count("NoteOff") >= 3)
    window.type("c")
    window.wait(lambda: "● play" in window.text)
    window.wait(lambda: len(list(window.folder.glob("library/*/composition.mid"))) == 1)
    window.type("P")
    window.wait(lambda: "○ play" in window.text)


def test_the_picture_follows_the_window(window: Window) -> None:
    window.resize(140, 45)
    window.wait(lambda: "▀" in window.text or "█" in window.text)
    window.resize(40, 10)
    window.wait(lambda: "40 by 10" in window.text)
    window.resize(80, 24)
    window.wait(lambda: "q ends" in window.text)


@pytest.mark.parametrize("key", ["q", "\x03"], ids=["q", "Ctrl-C"])
def test_it_ends_and_gives_the_terminal_back(window: Window, key: str) -> None:
    window.type(f"a{key}")
    assert window.wait_for_end() == 0
    window.wait(window.is_given_back)
    assert "NoteOn(pitch=60" in window.heard
    assert "NoteOff(pitch=60" in window.heard.split("NoteOn(pitch=60")[-1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_signal_gives_the_terminal_back(window: Window, number: signal.Signals) -> None:
    window.running.send_signal(number)
    window.wait_for_end()
    window.wait(window.is_given_back)


def test_a_closed_window_ends_it(tmp_path: Path) -> None:
    window = Window(tmp_path)
    window.wait(lambda: "No sound" in window.text)
    os.close(window.inner)
    os.close(window.outer)
    assert window.running.wait(PATIENCE_S) != 0


@pytest.mark.parametrize("redirection", ["</dev/null", "</dev/null >/dev/null"])
def test_without_a_terminal_it_says_what_else_there_is(tmp_path: Path, redirection: str) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", f'"$0" -m firmware run --terminal {redirection}', sys.executable],
        env={**os.environ, "PYTHONPATH": str(HERE.parents[1]), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith(
        "continuo: standard input is no terminal (continuo run --simulate"
    )
    assert len(done.stderr.splitlines()) == 1
