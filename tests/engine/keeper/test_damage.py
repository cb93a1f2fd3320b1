"""Neither a damaged memory nor a full disk keeps anybody from playing, and each is told once."""

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from firmware.devices.controls import Knob
from firmware.engine.keeper import EARLIER_MEMORY_FILE, MEMORY_FILE, PIECES_FILE, RUNNING_FILE
from firmware.panel.pages.recovery import RecoveryPage
from firmware.panel.views import ListenView
from firmware.parameters import Technique

if TYPE_CHECKING:
    from tests.engine.conftest import MakeInstrument

from tests.engine.keeper.lives import SECOND_NS, Make, switch_off, technique, wait_for_the_disk


@pytest.mark.parametrize("name", [MEMORY_FILE, PIECES_FILE, RUNNING_FILE, EARLIER_MEMORY_FILE])
@pytest.mark.parametrize("content", [b"", b"\xff\x00", b'{"format": 9}', b"[1, 2"])
def test_a_damaged_file_is_one_sentence_and_is_put_aside(
    make: Make, folder: Path, name: str, content: bytes
) -> None:
    folder.mkdir(parents=True)
    (folder / name).write_bytes(content)
    simulation = make()
    assert technique(simulation) is Technique.ENHANCE
    assert (folder / f"{name}.damaged-1").read_bytes() == content
    switch_off(simulation)
    again = make()
    assert again.engine.crew.keeper is not None
    assert again.engine.crew.keeper.recovery is None
    assert (folder / f"{name}.damaged-1").read_bytes() == content


def test_a_damaged_file_is_told_on_the_panel(make: Make, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / MEMORY_FILE).write_text('{"format": 9}')
    simulation = make()
    simulation.open_page("System")
    simulation.open_page("Last time")
    simulation.open_page("What to do")
    assert "has another format" in simulation.text()
    simulation.turn(Knob.SELECT, 9)
    assert "It is kept as memory.json.damaged-1." in simulation.text()


def test_a_full_disk_is_told_once_and_the_memory_before_stays(
    make: Make, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = make()
    first.change("Tempo", 5)
    wait_for_the_disk(first)
    before = (folder / MEMORY_FILE).read_text()

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    told = 0
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refuse)
        for _ in range(4):
            first.change("Tempo", 5)
            wait_for_the_disk(first)
            told += "no room left" in first.sentence()
            first.advance(5 * SECOND_NS)
    assert told == 1
    assert (folder / MEMORY_FILE).read_text() == before
    wait_for_the_disk(first)
    assert '"tempo_bpm": 125.0' in (folder / MEMORY_FILE).read_text()


def test_a_disk_that_is_full_to_the_end_is_no_crash(
    make: Make, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = make()
    first.change("Tempo", 5)
    wait_for_the_disk(first)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "mkdir", refuse)
        first.change("Tempo", 5)
        switch_off(first)
    assert not (folder / RUNNING_FILE).exists()
    assert make().engine.instrument.settings.tempo_bpm == 105.0


def test_two_instruments_do_not_remember_in_one_place(make: Make, folder: Path) -> None:
    first, second = make(), make()
    assert isinstance(second.engine.panel.navigation.top, RecoveryPage)
    second.open_page("What to do")
    assert "Another instrument remembers" in second.text()
    switch_off(second)
    assert (folder / RUNNING_FILE).exists(), "the first one still runs"
    switch_off(first)
    assert not (folder / RUNNING_FILE).exists()


def test_nothing_is_written_while_nothing_changes(make: Make, folder: Path) -> None:
    simulation = make()
    simulation.advance(400 * SECOND_NS)
    wait_for_the_disk(simulation)
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    simulation.advance(3600 * SECOND_NS)
    wait_for_the_disk(simulation)
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    assert list(before) == [RUNNING_FILE]


def test_an_instrument_that_forgets_leaves_nothing(
    make_instrument: "MakeInstrument", folder: Path
) -> None:
    simulation = make_instrument(bundle=None)
    simulation.change("Tempo", 5)
    simulation.advance(10 * SECOND_NS)
    switch_off(simulation)
    assert not folder.exists()
    assert not isinstance(simulation.view(), ListenView)
