"""Programs of ours in processes of their own, which say that they are ready and then obey."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from firmware.errors import DeviceError

_ROOT: Final = Path(__file__).parents[1]
_END_S: Final = 20.0


@contextmanager
def program(module: str, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """Run `python -m MODULE ARGUMENT…`, once it is ready; at the end its standard input is closed.

    Raises:
        DeviceError: If it does not run.
    """
    with subprocess.Popen(  # noqa: S603 - our own programs
        [sys.executable, "-m", module, *arguments],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        try:
            assert running.stdout is not None
            if running.stdout.readline() != "ready\n":
                raise DeviceError(f"{module} does not run")
            yield running
        finally:
            _end(running)


def ask(running: "subprocess.Popen[str]", command: str) -> str:
    """Tell a program a line, and wait for the one that it answers.

    Raises:
        DeviceError: If it has ended.
    """
    assert running.stdin is not None
    assert running.stdout is not None
    running.stdin.write(f"{command}\n")
    running.stdin.flush()
    answer = running.stdout.readline().strip()
    if not answer:
        raise DeviceError(f"a program ended when it was to {command}")
    return answer


def _end(running: "subprocess.Popen[str]") -> None:
    """Let it end by itself, since what it holds of JACK outlives one that is killed."""
    assert running.stdin is not None
    with suppress(BrokenPipeError):
        running.stdin.close()
    try:
        running.wait(_END_S)
    except subprocess.TimeoutExpired:
        running.terminate()
