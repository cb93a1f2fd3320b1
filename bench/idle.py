"""What the instrument takes of the processor while nobody touches it.

The full board's on simulated lines, as `bench.wired` says, with its display and its worker, which
has the model loaded; both processes are looked at from outside.
"""

import tempfile
import time
from typing import Final

from bench.processes import cpu_s, worker_of
from bench.programs import program
from bench.row import Row

LIMIT_PERCENT: Final = 2.0

_SECONDS: Final = 30.0
_SETTLE_S: Final = 5.0


def rows(seconds: float = _SECONDS) -> list[Row]:
    """Look at it for so many seconds.

    Raises:
        DeviceError: If it does not run.
    """
    with (
        tempfile.TemporaryDirectory(prefix="continuo-") as home,
        program("bench.wired", home) as running,
    ):
        time.sleep(_SETTLE_S)
        pids = running.pid, worker_of(running.pid)
        before, began = [cpu_s(pid) for pid in pids], time.monotonic()
        time.sleep(seconds)
        after, ended = [cpu_s(pid) for pid in pids], time.monotonic()
        running.communicate("")
    engine, worker = (100 * (b - a) / (ended - began) for a, b in zip(before, after, strict=True))
    return [
        Row(
            name=f"idle for {seconds:g} s: engine {engine:.2f} and worker {worker:.2f}",
            unit="% of a core",
            ours=engine + worker,
            peer_name="asked for",
            peer=LIMIT_PERCENT,
        )
    ]
