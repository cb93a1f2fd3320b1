"""Playback in real time: how late notes are, and whether the music drifts.

The instrument is the full board's on simulated lines, as `bench.wired` says, and shows what it
plays. Every note is compared with the instant at which it is due, counted from where the music
began; a line through that is the drift, to which is added what the system's clock, which network
time may slew, drifts against the machine's raw one. The barest loop that sleeps from note to note
plays at the same time in a process of its own.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.row import Row
from bench.touch import bring, wait_until
from bench.wired import Wired, wired
from firmware.config import Config
from firmware.errors import WorkerError
from firmware.midi.messages import NoteOn
from firmware.music.notes import Melody, Note
from firmware.music.timing import TICKS_PER_BEAT, nanoseconds_of_ticks

LATE_LIMIT_MS: Final = 2.0
DRIFT_LIMIT_PPM: Final = 50.0

_TEMPO_BPM: Final = 97.0
_GAP_TICKS: Final = TICKS_PER_BEAT // 4
_LENGTH_TICKS: Final = _GAP_TICKS * 3 // 4
_ROOT: Final = Path(__file__).parents[1]
_TELL_S: Final = 0.5
_PATIENCE_S: Final = 30.0

OnProgress = Callable[[float, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """The slope of how late notes are over time.

    Attributes:
        ppm: Millionths, by least squares.
        error_ppm: Its standard error: what is finer cannot be told from so many notes.
    """

    ppm: float
    error_ppm: float


def rows(*, minutes: float = 1.0, told: OnProgress = lambda _done, _total: None) -> list[Row]:
    """Play for so many minutes.

    Raises:
        DeviceError: If a library is not installed.
        WorkerError: If a note is not heard.
    """
    melody = sixteenths(60 * minutes)
    due_s = np.array([_seconds(note.start_ticks) for note in melody.notes])
    with _bare_loop(due_s[-1]) as bare:
        late_ms, clock_ppm = _played_ms(melody, due_s, told)
        said, _ = bare.communicate(timeout=_PATIENCE_S)
    bare_ms = np.array(json.loads(said))
    drift = drift_of(due_s, late_ms)
    p99, bare_p99 = (float(np.percentile(times, 99)) for times in (late_ms, bare_ms))
    name = f"playback, {len(late_ms):,} notes in {minutes:g} min"
    return [
        Row(name=f"{name}, p99", unit="ms late", ours=p99, peer_name=peer_name, peer=peer)
        for peer_name, peer in (
            ("asked for", LATE_LIMIT_MS),
            ("bare loop that sleeps, at the same time", bare_p99),
        )
    ] + [
        Row(
            name=f"{name}: drift against the raw clock, known to ±{2 * drift.error_ppm:.2g} ppm",
            unit="ppm",
            ours=abs(drift.ppm + clock_ppm),
            peer_name="asked for",
            peer=DRIFT_LIMIT_PPM,
        )
    ]


def sixteenths(seconds: float) -> Melody:
    """A melody of sixteenths that takes so long."""
    count = round(seconds / _seconds(_GAP_TICKS))
    return Melody(
        notes=tuple(
            Note(
                start_ticks=number * _GAP_TICKS,
                pitch=48 + number * 7 % 36,
                duration_ticks=_LENGTH_TICKS,
            )
            for number in range(max(count, 3))
        ),
        tempo_bpm=_TEMPO_BPM,
        name="Sixteenths",
    )


def drift_of(due_s: NDArray[np.float64], late_ms: NDArray[np.float64]) -> Drift:
    """How lateness grows.

    Args:
        due_s: (notes,) when each was due, in seconds from the beginning.
        late_ms: (notes,) how late it was.
    """
    times = due_s - due_s.mean()
    spread = float(times @ times)
    slope = float(times @ late_ms) / spread
    rest = late_ms - late_ms.mean() - slope * times
    error = np.sqrt(float(rest @ rest) / max(len(times) - 2, 1) / spread)
    return Drift(ppm=1e3 * slope, error_ppm=1e3 * float(error))


def _played_ms(
    melody: Melody, due_s: NDArray[np.float64], told: OnProgress
) -> tuple[NDArray[np.float64], float]:
    """How late each note was, and what the system's clock drifted meanwhile, in ppm."""
    with (
        tempfile.TemporaryDirectory(prefix="continuo-") as home,
        wired(Config(library=Path(home))) as instrument,
    ):
        bring(instrument, melody)
        before = _clocks_ns()
        instrument.press("play")
        player = instrument.engine.instrument.player
        wait_until(lambda: player.beat is not None, "the music")
        assert player.beat is not None
        origin_ns = player.beat.origin_ns
        ends = time.monotonic() + due_s[-1] + _PATIENCE_S
        while len(heard := _notes(instrument)) < len(melody.notes):
            if time.monotonic() > ends:
                raise WorkerError(f"{len(melody.notes) - len(heard)} notes were not heard")
            told((time.monotonic_ns() - origin_ns) / 1e9, float(due_s[-1]))
            time.sleep(_TELL_S)
        after = _clocks_ns()
    if [note.pitch for _, note in heard] != [note.pitch for note in melody.notes]:
        raise WorkerError("other notes were heard than were written")
    at_ns = np.array([at_ns for at_ns, _ in heard], dtype=np.int64)
    late_ms = (at_ns - origin_ns) / 1e6 - 1e3 * due_s
    passed, passed_raw = (b - a for a, b in zip(before, after, strict=True))
    return late_ms, 1e6 * (passed_raw / passed - 1)


def _notes(instrument: Wired) -> list[tuple[int, NoteOn]]:
    heard = tuple(instrument.synthesizer.heard)
    return [(at_ns, message) for at_ns, message in heard if isinstance(message, NoteOn)]


def _clocks_ns() -> tuple[int, int]:
    return time.monotonic_ns(), time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)


def _seconds(ticks: int) -> float:
    return nanoseconds_of_ticks(ticks, _TEMPO_BPM) / 1e9


def _bare_loop(seconds: float) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "bench.bare_player", str(seconds), str(_seconds(_GAP_TICKS))]
    return subprocess.Popen(  # noqa: S603 - our own program
        command, cwd=_ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
