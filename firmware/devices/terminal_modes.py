"""A terminal taken over as a whole, and given back whatever happens."""

import contextlib
import os
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from firmware.errors import DeviceError

if TYPE_CHECKING:
    from prompt_toolkit.input.vt100 import Vt100Input
    from prompt_toolkit.output.vt100 import Vt100_Output

_MOST_BYTES = 64 * 1024  # of what was said meanwhile
_STOP_S = 2.0
_LINES = "continuo run --simulate obeys typed lines, from a file or a pipe as well"

# Plain text, the cursor, the screen as it was.
_RESTORE: Final = "\x1b[0m\x1b[?25h\x1b[?1049l"
_GUARD: Final = 'trap "" HUP INT QUIT TERM TTOU; read word || { stty "$1"; printf %s "$2"; } <&2'
"""Reads until a process ends: with a word it ended well, else the terminal is still taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """Both ways of a terminal.

    Attributes:
        keys: What is typed.
        screen: What is seen.
    """

    keys: "Vt100Input"
    screen: "Vt100_Output"


def open_terminal() -> Terminal:
    """The terminal of standard input and output.

    Raises:
        DeviceError: If there is none, or its library is missing.
    """
    stdin, stdout = sys.__stdin__, sys.__stdout__
    if stdin is None or stdin.closed or not stdin.isatty():
        raise DeviceError("standard input is no terminal", remedy=_LINES)
    if stdout is None or stdout.closed or not stdout.isatty():
        raise DeviceError("standard output is no terminal", remedy=_LINES)
    kind = os.environ.get("TERM", "")
    if kind in ("", "dumb", "unknown"):
        raise DeviceError(f"a terminal of the kind {kind!r} cannot place text", remedy=_LINES)
    try:
        from prompt_toolkit.input.vt100 import Vt100Input  # noqa: PLC0415 - a driver's library
        from prompt_toolkit.output.vt100 import Vt100_Output  # noqa: PLC0415
    except ImportError as error:
        raise DeviceError(
            "the terminal library is not installed", remedy="pip install continuo[simulator]"
        ) from error
    return Terminal(keys=Vt100Input(stdin), screen=Vt100_Output.from_pty(stdout, term=kind))


@contextlib.contextmanager
def taken_over(terminal: Terminal) -> Iterator[None]:
    """The whole window without a cursor, every key as it comes."""
    screen = terminal.screen
    with _stderr_kept(), _guarded(terminal), terminal.keys.raw_mode():
        screen.enter_alternate_screen()
        screen.hide_cursor()
        screen.flush()
        try:
            yield
        finally:
            screen.write_raw(_RESTORE)
            with contextlib.suppress(OSError):  # the window is closed
                screen.flush()
            # What was typed too late is not for the shell.
            with contextlib.suppress(termios.error):
                termios.tcflush(terminal.keys.fileno(), termios.TCIFLUSH)


@contextlib.contextmanager
def _guarded(terminal: Terminal) -> Iterator[None]:
    """A shell of a few bytes that gives the terminal back if this process is killed."""
    try:
        saved = subprocess.run(
            ["stty", "-g"],  # noqa: S607 - it has no fixed place
            stdin=terminal.keys.fileno(),
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        guard = subprocess.Popen(  # noqa: S603 - our own arguments
            ["/bin/sh", "-c", _GUARD, "continuo-guard", saved, _RESTORE],
            stdin=subprocess.PIPE,
            stdout=terminal.screen.fileno(),
            stderr=terminal.keys.fileno(),  # the terminal whose modes these are
        )
    except (OSError, subprocess.SubprocessError):  # without stty a kill costs a `reset`
        yield
        return
    try:
        yield
    finally:
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            guard.communicate(b"over\n", _STOP_S)


@contextlib.contextmanager
def _stderr_kept() -> Iterator[None]:
    """Keep what is said on standard error, by libraries as well, from the picture until the end."""
    if sys.stderr is None or not os.isatty(2):
        yield
        return
    with tempfile.TemporaryFile() as kept:
        sys.stderr.flush()
        before = os.dup(2)
        os.dup2(kept.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(before, 2)
            os.close(before)
            kept.seek(max(kept.seek(0, os.SEEK_END) - _MOST_BYTES, 0))
            with contextlib.suppress(OSError):
                os.write(2, kept.read())
