"""A day at the instrument, on a simulated clock: nothing is lost, and nothing grows.

A player records, has the recordings worked on, listens, turns knobs, leafs through the pages and
pulls the cable, hour after hour, under a stream of clock ticks and wheels. The engine, its threads,
its worker's process and the disk are real; the model is one that composes at once, and only the
clock is not real. What is done at one edge is counted, and what is found of it at the other; the
memory of both processes is taken every five simulated minutes, and a line is laid through it.
"""

import gc
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Final

import numpy as np

from bench.day_player import SECOND_NS, CountingSynthesizer, Player
from bench.processes import resident_mb
from bench.row import Row
from firmware.config import Config
from firmware.devices.board import simulated_board
from firmware.devices.host import SimulatedHost
from firmware.engine.choices import Choices
from firmware.engine.clock import VirtualClock
from firmware.engine.engine import Engine
from firmware.errors import ConfigError
from firmware.library.store import Library

HOUR_NS: Final = 3600 * SECOND_NS
SAMPLE_NS: Final = 300 * SECOND_NS
FEWEST_HOURS: Final = 0.5
"""For a line."""
WARM_HOURS: Final = 1.0
"""Until then buffers fill that are full afterwards; of a shorter run, its first half."""

SLOPE_LIMIT_MIB: Final = 1.0
_MIB: Final = 1024 * 1024

OnProgress = Callable[[float, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What came of it.

    Attributes:
        hours: Simulated.
        events: What the edges posted.
        done: How much was done and looked for, all kinds together.
        lost: What of it was not found, by its kind.
        memory: (Simulated hours, MiB of engine and worker), in order.
        seconds: Of real time.
    """

    hours: float
    events: int
    done: int
    lost: dict[str, int]
    memory: tuple[tuple[float, float], ...]
    seconds: float

    @property
    def slope_mib(self) -> float:
        """MiB an hour, by least squares, once the instrument is warm."""
        warm = min(WARM_HOURS, self.hours / 2)
        hours, mib = np.array([sample for sample in self.memory if sample[0] >= warm]).T
        return float(np.polyfit(hours, mib, 1)[0])


def rows(*, hours: float = 1.0, told: OnProgress = lambda _done, _total: None) -> list[Row]:
    """Play for so many simulated hours.

    Raises:
        ConfigError: If these are too few to tell whether memory grows.
    """
    if hours < FEWEST_HOURS:
        raise ConfigError(
            f"a line through the memory needs {FEWEST_HOURS:g} simulated hours, got {hours:g}"
        )
    day = play(hours, told)
    return rows_of(day)


def rows_of(day: Day) -> list[Row]:
    """What is printed of a day."""
    name = f"{day.hours:.1f} simulated hours, {day.events:,} events in {day.seconds:.0f} s"
    missing = ", ".join(f"{count} {kind}" for kind, count in sorted(day.lost.items()))
    return [
        Row(
            name=f"{name}: lost of {day.done:,} that were looked for",
            unit="lost",
            ours=sum(day.lost.values()),
            peer_name=f"asked for: none{f', but {missing}' * bool(missing)}",
        ),
        Row(
            name=f"{name}: memory of engine and worker, from {day.memory[0][1]:.1f} to "
            f"{day.memory[-1][1]:.1f} MiB, slope once warm",
            unit="MiB an hour",
            ours=day.slope_mib,
            peer_name="asked for",
            peer=SLOPE_LIMIT_MIB,
        ),
    ]


def play(hours: float, told: OnProgress) -> Day:
    """See `rows`."""
    began = monotonic()
    with tempfile.TemporaryDirectory(prefix="continuo-") as home:
        clock = VirtualClock(start_ns=SECOND_NS)
        board = replace(
            simulated_board(clock.now_ns), synthesizer=CountingSynthesizer(clock.now_ns)
        )
        engine = Engine(
            board,
            Library(Path(home)),
            clock,
            Config(library=Path(home)),
            Choices(
                studio="bench.quick_studio:QuickStudio",
                choose_bundle=lambda _: Path("quick"),
                host=SimulatedHost(),
            ),
        )
        engine.open()
        try:
            player = Player(engine, board, clock)
            memory = _play(player, hours, told)
        finally:
            engine.close()
        kept = len(list(Library(Path(home)).list()))
        player.done["compositions on the disk"] = len(engine.saved)
        player.found["compositions on the disk"] = kept
    return Day(
        hours=memory[-1][0],
        events=player.events,
        done=player.done.total(),
        lost=player.lost(),
        memory=tuple(memory),
        seconds=monotonic() - began,
    )


def _play(player: Player, hours: float, told: OnProgress) -> list[tuple[float, float]]:
    """Play until the time is over; the samples of the memory."""
    player.begin()
    began_ns = player.clock.now_ns()
    memory: list[tuple[float, float]] = []
    number = 0
    while (passed_ns := player.clock.now_ns() - began_ns) < hours * HOUR_NS:
        if passed_ns >= len(memory) * SAMPLE_NS:
            memory.append((passed_ns / HOUR_NS, _mib(player.engine)))
        told(passed_ns / HOUR_NS, hours)
        player.play_round(number)
        number += 1
    memory.append(((player.clock.now_ns() - began_ns) / HOUR_NS, _mib(player.engine)))
    return memory


def _mib(engine: Engine) -> float:
    gc.collect()
    worker = 0.0 if engine.worker.pid is None else resident_mb(engine.worker.pid)
    return (resident_mb(os.getpid()) + worker) * 1e6 / _MIB
