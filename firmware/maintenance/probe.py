"""What a doctor can look at: files below a root, programs, buses and lines."""

import contextlib
import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import sleep
from typing import Final

from firmware.maintenance.lines import Line, look_at_lines

_PROGRAM_S: Final = 10.0
_I2C_SLAVE: Final = 0x0703  # linux/i2c-dev.h
_MAX_BYTES: Final = 1024 * 1024


class Reply(StrEnum):
    """What came of asking an address on a bus."""

    ANSWERS = "answers"
    SILENT = "silent"
    NO_BUS = "no bus"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a program said.

    Attributes:
        code: Its exit code.
        text: Its standard output.
    """

    code: int
    text: str


def run_program(*words: str, content: bytes = b"", within_s: float = _PROGRAM_S) -> Said | None:
    """Run a program; None if it is not installed or does not end.

    Args:
        words: The program and its arguments.
        content: What it reads from its standard input.
        within_s: How long it may take.
    """
    program = shutil.which(words[0])
    if program is None:
        return None
    try:
        found = subprocess.run(  # noqa: S603 - the words are ours
            [program, *words[1:]],
            capture_output=True,
            input=content,
            timeout=within_s,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return Said(code=found.returncode, text=found.stdout.decode(errors="replace"))


def ask_i2c(root: Path, bus: int, address: int) -> Reply:
    """Read one byte from an address, which no display minds."""
    try:
        device = os.open(root / f"dev/i2c-{bus}", os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return Reply.NO_BUS
    except OSError:
        return Reply.REFUSED
    try:
        fcntl.ioctl(device, _I2C_SLAVE, address)
        os.read(device, 1)
    except OSError:
        return Reply.SILENT
    finally:
        os.close(device)
    return Reply.ANSWERS


def package_version(name: str) -> str | None:
    """Of an installed Python package, or None."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


Lines = Callable[[Path, Iterable[int], Iterable[int]], Mapping[int, Line] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One computer.

    Attributes:
        root: Where its files are.
        run: Runs a program.
        i2c: Asks an address of a bus.
        lines: Looks at GPIO lines.
        package: Version of a Python package.
        now: Its clock.
        wait: Waits for some seconds.
    """

    root: Path = Path("/")
    run: Callable[..., Said | None] = run_program
    i2c: Callable[[Path, int, int], Reply] = ask_i2c
    lines: Lines = look_at_lines
    package: Callable[[str], str | None] = package_version
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    wait: Callable[[float], None] = sleep

    @property
    def is_pi(self) -> bool:
        """Whether it is a Raspberry Pi."""
        return "Raspberry Pi" in self.model

    @property
    def model(self) -> str:
        """What the board calls itself, or ""."""
        return self.read("proc/device-tree/model").rstrip("\0\n")

    def read(self, path: str) -> str:
        """A text, or "" where there is none."""
        content = self.read_bytes(path)
        return content.decode(errors="replace")

    def read_bytes(self, path: str) -> bytes:
        """A file's content, or nothing where there is none."""
        with contextlib.suppress(OSError), (self.root / path).open("rb") as file:
            return file.read(_MAX_BYTES)
        return b""

    def is_there(self, path: str) -> bool:
        """Whether there is anything at a path."""
        return os.path.lexists(self.root / path)

    def may_use(self, path: str) -> bool:
        """Whether this user may read from and write to it."""
        return os.access(self.root / path, os.R_OK | os.W_OK)

    def found(self, pattern: str) -> list[Path]:
        """Paths that fit a pattern, sorted."""
        return sorted(self.root.glob(pattern))
