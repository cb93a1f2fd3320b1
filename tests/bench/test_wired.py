"""What is measured on the full board is measured, at a tiny size."""

import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from bench import first_sound, idle, playback, plugs, thru, touch
from bench.busy import FRAMES_PER_S
from bench.enhance import eight_bars
from bench.thru import Way, Work
from bench.touch import bring
from bench.wired import wired
from firmware.config import Config
from firmware.devices.controls import Knob
from firmware.errors import WorkerError
from firmware.parameters import Technique

pytest.importorskip("luma.oled", reason="luma.oled is not installed")

needs_jack = pytest.mark.skipif(shutil.which("jackd") is None, reason="jackd is not installed")


def test_a_finger_at_its_lines_moves_the_instrument_and_its_pixels(tmp_path: Path) -> None:
    with wired(Config(library=tmp_path)) as instrument:
        bring(instrument, eight_bars())
        settings = instrument.engine.instrument.settings
        frames = instrument.display.frames
        edge_ns = instrument.turn("risk", clockwise=True)
        written = instrument.bus.written
        touch.wait_until(lambda: any(at_ns > edge_ns for at_ns, _ in written), "a frame")
        touch.wait_until(lambda: instrument.display.frames > frames, "a frame")
        risk = instrument.engine.instrument.settings.value("creative_risk")
        assert risk > settings.value("creative_risk")  # type: ignore[operator]
        assert Knob.RISK in {encoder.turns for encoder in instrument.board_file.encoders}


def test_touches_are_timed_to_their_pixels() -> None:
    rows = touch.rows(touches=2)
    assert {row.peer for row in rows} == {100.0}
    first, last, p99, longest = (row.ours for row in rows)
    assert 0 < first <= last <= p99 <= longest


def test_a_press_is_timed_to_the_first_note() -> None:
    (took_ms,) = first_sound._times_ms(Technique.ACCOMPANY, eight_bars(), 1)
    assert 0 < took_ms < 30_000


def test_every_technique_is_timed() -> None:
    assert {technique for technique, _ in first_sound.CASES.values()} == set(Technique)


def test_notes_are_timed_beside_the_bare_loop() -> None:
    bound, bare, drift = playback.rows(minutes=0.02)
    assert (bound.peer, drift.peer) == (2.0, 50.0)
    assert bound.ours == bare.ours > 0
    assert bare.peer is not None
    assert bare.peer > 0
    assert "known to ±" in drift.name


def test_drift_is_the_slope_of_lateness() -> None:
    due_s = np.linspace(0, 100, 500)
    found = playback.drift_of(due_s, 0.3 + 0.02 * due_s)  # 2 ms in 100 s
    assert found.ppm == pytest.approx(20.0)
    assert found.error_ppm == pytest.approx(0.0, abs=1e-6)
    noise = np.where(np.arange(500) % 2 == 0, 1.0, -1.0)
    found = playback.drift_of(due_s, noise)
    assert abs(found.ppm) < 2 * found.error_ppm < 5


def test_an_idle_instrument_is_looked_at() -> None:
    (row,) = idle.rows(seconds=0.2)
    assert row.peer == 2.0
    assert row.ours >= 0


@needs_jack
def test_keys_are_timed_through_an_instrument_with_all_hands_full(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(thru, "_ROUNDS", 2)
    ways, work = thru._measured(40, lambda *_: None, least_work=0.0)
    assert {name: way.sent for name, way in ways.items()} == {"idle": 20, "busy": 40, "bare": 40}
    assert all(way.lost == 0 for way in ways.values())
    assert work.frames > 0
    assert work.generations >= work.saved


def test_an_instrument_that_did_not_work_is_no_figure() -> None:
    thru.must_have_worked(Work(generations=5, saved=4, frames=10 * FRAMES_PER_S, seconds=10))
    with pytest.raises(WorkerError, match="of 5 generations 3 were saved"):
        thru.must_have_worked(Work(generations=5, saved=3, frames=10 * FRAMES_PER_S, seconds=10))
    with pytest.raises(WorkerError, match=r"but showed 10\.0"):
        thru.must_have_worked(Work(generations=5, saved=5, frames=100, seconds=10))


def test_the_99th_percentile_is_the_second_longest_of_a_hundred() -> None:
    way = Way(times_ms=tuple(float(ms) for ms in range(100)), sent=200, lost=0)
    assert (way.median_ms, way.p99_ms) == (49.5, 99.0)


@needs_jack
def test_plugs_are_counted() -> None:
    files, ports, unheard = plugs.rows(cycles=2)
    assert (files.ours, ports.ours, unheard.ours) == (0, 0, 0)


def test_what_does_not_come_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(touch, "_PATIENCE_S", 0.01)
    began = time.monotonic()
    with pytest.raises(WorkerError, match="a frame does not come"):
        touch.wait_until(lambda: False, "a frame")
    assert time.monotonic() - began < 5
