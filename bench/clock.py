"""MIDI clock out: how late its ticks are while the same process draws pages.

The clock's thread sends to nowhere, and every tick is compared with the instant at which it is due;
meanwhile another thread draws a full page twenty times a second, as the owner does while music
plays. Beside it stands the barest loop there is, which sleeps from tick to tick, under that load.
"""

import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from bench.panel import drawings
from bench.row import Row
from firmware.engine.clocks import ClockOut
from firmware.engine.engine import SWITCH_INTERVAL_S
from firmware.midi.clock import PER_BEAT, Beat
from firmware.midi.messages import MidiMessage, Realtime, SongPosition

LIMIT_MS: Final = 1.0
"""Of the 99th percentile."""

_TEMPO_BPM = 220.0
_SECONDS = 20.0
_FRAME_S = 0.05


def rows(seconds: float = _SECONDS) -> list[Row]:
    """Measure the clock and the bare loop, one after the other, under the same load."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    try:
        with _drawing():
            times_ms, bare_ms = _clock_ms(seconds), _bare_ms(seconds)
    finally:
        sys.setswitchinterval(before)
    p99, bare_p99 = (statistics.quantiles(times, n=100)[98] for times in (times_ms, bare_ms))
    name = f"MIDI clock out, {len(times_ms)} ticks at {_TEMPO_BPM:g} bpm while pages are drawn, p99"
    return [
        Row(name=name, unit="ms late", ours=p99, peer_name="asked for", peer=LIMIT_MS),
        Row(name=name, unit="ms late", ours=p99, peer_name="bare loop that sleeps", peer=bare_p99),
    ]


class Ear:
    """Hears a clock's ticks, and knows which they are."""

    def __init__(self) -> None:
        self.ticks: list[tuple[int, int]] = []  # (number, nanosecond)
        self._next = 0

    def hear(self, message: MidiMessage) -> None:
        """Take what the clock says; after a long hold-up it says where it goes on."""
        match message:
            case Realtime.CLOCK:
                self.ticks.append((self._next, time.monotonic_ns()))
                self._next += 1
            case SongPosition(sixteenths=sixteenths):
                self._next = sixteenths * PER_BEAT // 4
            case _:
                pass


def _clock_ms(seconds: float) -> list[float]:
    ear = Ear()
    out = ClockOut(ear.hear, time.monotonic_ns)
    beat = Beat(origin_ns=time.monotonic_ns(), tempo_bpm=_TEMPO_BPM)
    out.follow(beat)
    time.sleep(seconds)
    out.close()
    return late_ms(beat, ear.ticks)


def _bare_ms(seconds: float) -> list[float]:
    beat = Beat(origin_ns=time.monotonic_ns(), tempo_bpm=_TEMPO_BPM)
    ticks: list[tuple[int, int]] = []
    while (due_ns := beat.ns_of(len(ticks))) < beat.origin_ns + seconds * 1e9:
        time.sleep(max(due_ns - time.monotonic_ns(), 0) / 1e9)
        ticks.append((len(ticks), time.monotonic_ns()))
    return late_ms(beat, ticks)


def late_ms(beat: Beat, ticks: Iterable[tuple[int, int]]) -> list[float]:
    """How late ticks are.

    Args:
        beat: Whose they are.
        ticks: Number and nanosecond of each.
    """
    return [(at_ns - beat.ns_of(tick)) / 1e6 for tick, at_ns in ticks]


@contextmanager
def _drawing() -> Iterator[None]:
    ends = threading.Event()
    thread = threading.Thread(target=_draw, args=(ends.wait,), name="bench-drawing")
    thread.start()
    try:
        yield
    finally:
        ends.set()
        thread.join()


def _draw(wait: Callable[[float], bool]) -> None:
    for draw in drawings():
        draw()
        if wait(_FRAME_S):
            return
