"""What a running process takes."""

from pathlib import Path

from firmware.errors import WorkerError


def resident_mb(pid: int | None) -> float:
    """A process's resident memory in megabytes.

    Raises:
        WorkerError: If it has none to measure.
    """
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise WorkerError(f"process {pid} has no memory to measure")
