"""The simulated day finds nothing lost in a sound instrument, and what is lost in a broken one."""

from pathlib import Path

import pytest

from bench.day import Day, play, rows
from bench.day_player import PAGES
from firmware.engine.thru import Thru
from firmware.errors import ConfigError
from firmware.library.records import CompositionRecord
from firmware.library.store import Library
from firmware.midi.messages import MidiMessage

ROUND_H = 0.02


def silent(_done: float, _total: float) -> None:
    """Tell nobody."""


def test_a_round_is_played_to_its_end_and_nothing_is_lost() -> None:
    told: list[tuple[float, float]] = []
    day = play(ROUND_H, lambda done, total: told.append((done, total)))
    assert day.lost == {}
    assert day.hours >= ROUND_H
    assert day.events > 5000
    assert day.done > day.events / 2
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert len(PAGES) == len(set(PAGES))


def test_what_the_way_to_the_synthesizer_loses_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    feed, count = Thru.feed, 0

    def lossy(self: Thru, message: MidiMessage, keyboard: int = 0) -> None:
        nonlocal count
        count += 1
        if count % 1000:
            feed(self, message, keyboard)

    monkeypatch.setattr(Thru, "feed", lossy)
    lost = play(ROUND_H, silent).lost
    assert sum(lost.get(kind, 0) for kind in ("wheels", "keys struck", "keys let go")) >= 3


def test_what_the_disk_loses_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    save = Library.save

    def forgetful(self: Library, record: CompositionRecord) -> str:
        name = save(self, record)
        self.delete(name)
        return name

    monkeypatch.setattr(Library, "save", forgetful)
    assert play(ROUND_H, silent).lost == {"compositions on the disk": 1}


def test_the_slope_is_of_the_warm_instrument() -> None:
    """An hour in which buffers fill is left out; then it grows by half a MiB an hour."""
    memory = [(hour / 4, 50.0 + 40 * min(hour / 4, 1.0) + hour / 8) for hour in range(17)]
    day = Day(hours=4.0, events=1, done=1, lost={}, memory=tuple(memory), seconds=1.0)
    assert day.slope_mib == pytest.approx(0.5)


def test_too_short_a_day_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"needs 0\.5 simulated hours, got 0\.1"):
        rows(hours=0.1)
    assert not Path("0.1").exists()
