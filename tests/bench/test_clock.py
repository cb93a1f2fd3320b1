"""The benchmark of the clock counts ticks, and tells when one is late."""

import re

from bench.clock import Ear, late_ms, rows
from firmware.midi.clock import Beat
from firmware.midi.messages import Realtime, SongPosition


def test_it_prints_our_figure_beside_the_bound_and_the_bare_loop() -> None:
    bound, bare = rows(seconds=0.4)
    # Some 37; on a machine that has much else to do, some are left out, or more are in time.
    assert re.search(r" [1-9]\d* ticks at 220 bpm", bound.name)
    assert bound.peer == 1.0
    assert bound.ours == bare.ours > 0
    assert bare.peer is not None
    assert bare.peer > 0


def test_what_is_late_is_counted_from_when_it_was_due() -> None:
    beat = Beat(origin_ns=0, tempo_bpm=125.0)  # a tick every 20 ms
    assert late_ms(beat, [(0, 0), (1, 20_500_000), (2, 40_000_000)]) == [0.0, 0.5, 0.0]


def test_a_clock_that_goes_on_elsewhere_is_not_called_late_for_it() -> None:
    ear = Ear()
    for message in (
        Realtime.START,
        Realtime.CLOCK,
        Realtime.CLOCK,
        Realtime.STOP,
        SongPosition(sixteenths=8),
        Realtime.CONTINUE,
        Realtime.CLOCK,
    ):
        ear.hear(message)
    assert [number for number, _ in ear.ticks] == [0, 1, 48]
