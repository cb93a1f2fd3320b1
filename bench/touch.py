"""From an edge of a button's or an encoder's line to the pixels, while a generation runs.

The instrument is the full board's on simulated lines, as `bench.wired` says. A refused press puts a
message on the screen and a detent puts a value in its place, and neither lets anything else be
drawn, so that every row that goes over the bus afterwards is owed to the finger. What is timed ends
with the last bit of the last row that changed.
"""

import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

from bench.enhance import long_melody
from bench.row import Row
from bench.wired import I2C_HZ, Wired, wired
from firmware.config import Config
from firmware.engine.events import Brought
from firmware.engine.findings import Imported
from firmware.engine.progress import Generating
from firmware.errors import WorkerError
from firmware.music.notes import Melody

LIMIT_MS: Final = 100.0

_TOUCHES: Final = 200
_BARS: Final = 64  # so that a generation takes some seconds
_PAUSE_S = (0.2, 0.4)  # longer than a frame on the bus takes
_PATIENCE_S: Final = 30.0


def rows(touches: int = _TOUCHES) -> list[Row]:
    """Press and turn so often.

    Raises:
        DeviceError: If a library is not installed.
        WorkerError: If nothing is drawn.
    """
    with (
        tempfile.TemporaryDirectory(prefix="continuo-") as home,
        wired(Config(library=Path(home), metronome=False)) as instrument,
    ):
        bring(instrument, long_melody(_BARS))
        times_ms = list(_touches(instrument, touches))
    first_ms, last_ms = zip(*times_ms, strict=True)
    name = f"input edge to changed pixels, I²C at {I2C_HZ // 1000} kHz, {touches} touches while a "
    return [
        Row(
            name=f"{name}generation runs: {which}",
            unit="ms",
            ours=figure,
            peer_name="asked for",
            peer=LIMIT_MS,
        )
        for which, figure in (
            ("first row, median", statistics.median(first_ms)),
            ("last row, median", statistics.median(last_ms)),
            ("last row, p99", sorted(last_ms)[int(0.99 * len(last_ms))]),
            ("last row, longest", max(last_ms)),
        )
    ]


def bring(instrument: Wired, melody: Melody) -> None:
    """Let a melody be the present take, as one that was imported."""
    instrument.engine.post(Brought(Imported(melody)))
    takes = instrument.engine.instrument.takes
    wait_until(lambda: takes.current is not None and takes.current.melody is melody, "a melody")


def wait_until(is_so: Callable[[], object], what: str) -> None:
    """Wait in real time.

    Raises:
        WorkerError: If it takes too long.
    """
    deadline = time.monotonic() + _PATIENCE_S
    while not is_so():
        if time.monotonic() > deadline:
            raise WorkerError(f"{what} does not come")
        time.sleep(0.001)


def _touches(instrument: Wired, touches: int) -> Iterator[tuple[float, float]]:
    """Milliseconds to the first and to the last row of each touch.

    Counted are those after which the same generation runs as before: the first of a generation
    brings its page to rest, and at its end other things are drawn.
    """
    rng = random.Random(3)
    before: Generating | None = None
    counted = number = 0
    while counted < touches:
        written = len(instrument.bus.written)
        # The message and the value take turns.
        if number % 2 == 0:
            edge_ns = instrument.press("generate")
        else:
            edge_ns = instrument.turn("risk", clockwise=number % 4 == 1)
        number += 1
        rows_after = partial(_rows_after, instrument, written, edge_ns)
        wait_until(rows_after, "a frame")
        time.sleep(rng.uniform(*_PAUSE_S))
        after = instrument.engine.instrument.generating
        if _is_same(before, after):
            rows_ns = rows_after()
            counted += 1
            yield (rows_ns[0] - edge_ns) / 1e6, (rows_ns[-1] - edge_ns) / 1e6
        before = after


def _rows_after(instrument: Wired, written: int, edge_ns: int) -> list[int]:
    """When rows were through that came after an edge, of those that were not written before."""
    return [at_ns for at_ns, _ in instrument.bus.written[written:] if at_ns > edge_ns]


def _is_same(before: Generating | None, after: Generating | None) -> bool:
    return before is not None and after is not None and before.request is after.request
