"""Saving on a thread, while the disk is full and when it is not any more."""

import queue
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from firmware.engine.events import Saved, SaveFailed
from firmware.engine.saver import MOST_UNSAVED, Saver
from firmware.errors import LibraryError
from firmware.library.records import CompositionRecord
from tests.library.conftest import RECORD

PATIENCE_S = 5.0


class Disk:
    """A disk that may be full, and what was said of it."""

    def __init__(self) -> None:
        self.is_full = True
        self.saved: list[CompositionRecord] = []
        self.events: queue.Queue[Saved | SaveFailed] = queue.Queue()

    def save(self, record: CompositionRecord) -> str:
        """What a saver is given."""
        if self.is_full:
            raise LibraryError("there is no room left", remedy="delete some")
        self.saved.append(record)
        return f"composition-{len(self.saved)}"

    @contextmanager
    def saver(self, *, again_s: float) -> Iterator[Saver]:
        """A saver at work."""
        saver = Saver(self.save, self.events.put, again_s=again_s)
        saver.start()
        try:
            yield saver
        finally:
            saver.stop()

    def event(self) -> Saved | SaveFailed:
        """The next thing that it says."""
        return self.events.get(timeout=PATIENCE_S)


@pytest.fixture
def disk() -> Disk:
    return Disk()


def _record(seed: int) -> CompositionRecord:
    return replace(RECORD, seed=seed)


def test_a_composition_is_saved_at_once(disk: Disk) -> None:
    disk.is_full = False
    record = _record(1)
    with disk.saver(again_s=60.0) as saver:
        saver.save(record)
        assert disk.event() == Saved("composition-1", record)


def test_what_found_no_room_is_saved_when_there_is_room_again(disk: Disk) -> None:
    first, second = _record(1), _record(2)
    with disk.saver(again_s=0.01) as saver:
        saver.save(first)
        saver.save(second)
        assert [disk.event(), disk.event()] == [
            SaveFailed("there is no room left", "delete some")
        ] * 2
        disk.is_full = False
        assert disk.event() == Saved("composition-1", first, is_late=True)
        assert disk.event() == Saved("composition-2", second, is_late=True)


def test_it_is_tried_again_however_much_else_is_written(disk: Disk) -> None:
    with disk.saver(again_s=0.05) as saver:
        saver.save(_record(1))
        assert isinstance(disk.event(), SaveFailed)
        disk.is_full = False
        busy = True

        def write_more() -> None:
            if busy:
                saver.run(write_more)

        saver.run(write_more)
        assert isinstance(disk.event(), Saved)
        busy = False


def test_the_last_try_is_when_it_is_switched_off(disk: Disk) -> None:
    with disk.saver(again_s=60.0) as saver:
        saver.save(_record(1))
        assert isinstance(disk.event(), SaveFailed)
        disk.is_full = False
    assert len(disk.saved) == 1


def test_of_many_the_oldest_gives_way(disk: Disk) -> None:
    with disk.saver(again_s=60.0) as saver:
        for seed in range(MOST_UNSAVED + 2):
            saver.save(_record(seed))
            assert isinstance(disk.event(), SaveFailed)
        disk.is_full = False
    assert [record.seed for record in disk.saved] == list(range(2, MOST_UNSAVED + 2))
