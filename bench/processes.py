"""What a running process takes."""

import os
from pathlib import Path
from typing import Final

from firmware.errors import WorkerError

_TICK_S: Final = 1 / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int | None) -> float:
    """A process's resident memory in megabytes.

    Raises:
        WorkerError: If it has none to measure.
    """
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise WorkerError(f"process {pid} has no memory to measure")


def cpu_s(pid: int) -> float:
    """How long a process has computed so far, to a hundredth of a second."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK_S


def worker_of(pid: int) -> int:
    """The process that an instrument's process has beside itself.

    Raises:
        WorkerError: If it has none, or more than one.
    """
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    if len(children) != 1:
        raise WorkerError(f"the instrument has {len(children)} processes beside its own")
    return int(children[0])
