"""From a key to the synthesizer over JACK, while the instrument has all hands full.

It is measured from outside, as `bench.busy` runs it: a model generates without a rest, what comes
of it is played and saved, and the display shows something new twenty times a second. A key's way is
two hops through JACK and one through the engine: stopwatch, engine, stopwatch. Beside it stands the
shortest loop that python-rtmidi allows, the driver's own figure, round by round beside the same
work, since on a machine with other work on it the 99th percentile says as much of the machine.
"""

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from bench.busy import FRAMES_PER_S
from bench.jack import Stopwatch, jack_server
from bench.processes import cpu_s, worker_of
from bench.programs import ask, program
from bench.row import Row
from firmware.errors import WorkerError

ABOVE_LIMIT_MS: Final = 3.0

_MESSAGES: Final = 10_000
_ROUNDS: Final = 20
_FEWEST: Final = 10  # keys of a round
_PEER_SHARE: Final = 5  # the bare loop has so many times fewer keys
_PAUSE_S: Final = 0.004
_LEAST_WORK: Final = 0.2  # of a core: other work on the machine takes its part

OnProgress = Callable[[float, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """What a key's way took.

    Attributes:
        times_ms: Of each key that was heard in time.
        sent: Messages, a key down and up being two.
        lost: Of them, those that never came.
    """

    times_ms: tuple[float, ...]
    sent: int
    lost: int

    @property
    def p99_ms(self) -> float:
        """The 99th percentile."""
        return sorted(self.times_ms)[int(0.99 * len(self.times_ms))]

    @property
    def median_ms(self) -> float:
        """The median."""
        return statistics.median(self.times_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What the instrument did meanwhile.

    Attributes:
        generations: That were begun.
        saved: Compositions that were.
        frames: New ones that were shown.
        seconds: How long it worked.
    """

    generations: int
    saved: int
    frames: int
    seconds: float


def rows(*, messages: int = _MESSAGES, told: OnProgress = lambda _done, _total: None) -> list[Row]:
    """Send so many messages through the busy instrument.

    Raises:
        DeviceError: If there is no JACK, or a library is not installed.
        WorkerError: If the instrument was not busy.
    """
    ways, work = _measured(messages, told)
    busy, bare = ways["busy"], ways["bare"]
    must_have_worked(work)
    name = (
        f"MIDI in to out over JACK, generating, {work.saved} saves and "
        f"{work.frames / work.seconds:.0f} frames/s at once"
    )
    return [
        *(
            Row(
                name=f"{name}, {which}",
                unit="ms",
                ours=getattr(busy, f"{which}_ms"),
                peer_name=peer_name,
                peer=getattr(ways[peer], f"{which}_ms"),
            )
            for which in ("median", "p99")
            for peer, peer_name in (
                ("idle", "the same, at rest"),
                ("bare", "bare python-rtmidi loop beside the same work"),
            )
        ),
        Row(
            name=f"{name}, p99 above the bare loop's",
            unit="ms",
            ours=busy.p99_ms - bare.p99_ms,
            peer_name="asked for",
            peer=ABOVE_LIMIT_MS,
        ),
        Row(
            name=f"{name}, lost of {busy.sent:,} messages",
            unit="messages",
            ours=busy.lost,
            peer_name=f"asked for: none; the bare loop lost {bare.lost} of {bare.sent:,}",
        ),
    ]


def must_have_worked(work: Work) -> None:
    """See that the instrument was busy.

    Raises:
        WorkerError: If it was not.
    """
    if work.saved < work.generations - 1:
        raise WorkerError(f"of {work.generations} generations {work.saved} were saved")
    if work.frames < 0.8 * FRAMES_PER_S * work.seconds:
        raise WorkerError(
            f"the display was to show {FRAMES_PER_S} frames a second, "
            f"but showed {work.frames / work.seconds:.1f}"
        )


def _measured(
    messages: int, told: OnProgress, *, least_work: float = _LEAST_WORK
) -> tuple[dict[str, Way], Work]:
    keys = max(messages // 2 // _ROUNDS, _FEWEST)
    with (
        jack_server(),
        closing(Stopwatch("Bench")) as ours,
        closing(Stopwatch("Other")) as theirs,
        tempfile.TemporaryDirectory(prefix="continuo-") as home,
        program("bench.busy", home, "Bench keys", "Bench ears") as busy,
        program("bench.bare_thru", "Other"),
    ):
        idle = _way(ours, [_strikes(ours, keys)])
        times: list[list[float]] = []
        bare_times: list[list[float]] = []
        ask(busy, "work")
        worker = worker_of(busy.pid)
        before_s, began = cpu_s(worker), time.monotonic()
        for number in range(_ROUNDS):
            told(number, _ROUNDS)
            times.append(_strikes(ours, keys))
            bare_times.append(_strikes(theirs, max(keys // _PEER_SHARE, _FEWEST)))
        share = (cpu_s(worker) - before_s) / (time.monotonic() - began)
        ask(busy, "rest")
        sent, lost = idle.sent, idle.lost
        way = _way(ours, times)
        ways = {
            "idle": idle,
            "busy": Way(times_ms=way.times_ms, sent=way.sent - sent, lost=way.lost - lost),
            "bare": _way(theirs, bare_times),
        }
        figures = json.loads(ask(busy, "quit"))
    if share < least_work:
        raise WorkerError(f"the worker was to be busy, but computed {share:.0%} of the time")
    return ways, Work(**figures)


def _strikes(stopwatch: Stopwatch, keys: int) -> list[float]:
    times: list[float] = []
    for _ in range(keys):
        time.sleep(_PAUSE_S)
        took_ms = stopwatch.strike()
        if took_ms is not None:
            times.append(took_ms)
    return times


def _way(stopwatch: Stopwatch, rounds: list[list[float]]) -> Way:
    stopwatch.settle()
    return Way(
        times_ms=tuple(ms for each in rounds for ms in each),
        sent=stopwatch.sent,
        lost=stopwatch.sent - stopwatch.found,
    )
