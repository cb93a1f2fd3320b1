"""The benchmark of the clock counts ticks, and tells when one is late."""

from bench.clock import _late_ms, rows
from firmware.midi.clock import Beat


def test_it_prints_our_figure_beside_the_bound_and_the_bare_loop() -> None:
    bound, bare = rows(seconds=0.4)
    assert any(f" {count} ticks" in bound.name for count in (35, 36, 37))
    assert bound.peer == 1.0
    assert bound.ours == bare.ours > 0
    assert bare.peer is not None
    assert bare.peer > 0


def test_what_is_late_is_counted_from_when_it_was_due() -> None:
    beat = Beat(origin_ns=0, tempo_bpm=125.0)  # a tick every 20 ms
    assert _late_ms(beat, [0, 20_500_000, 40_000_000]) == [0.0, 0.5, 0.0]
