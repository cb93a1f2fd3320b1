"""What was looked up: deletions that can be undone, and a disk that refuses."""

from pathlib import Path

import pytest

from firmware.devices.host import SimulatedHost
from firmware.engine import findings, lines
from firmware.engine.events import Answered, Brought
from firmware.engine.librarian import WAITING, Librarian
from firmware.engine.machine import Machine
from firmware.engine.shelves import Shelves
from firmware.engine.sticks import StickReader
from firmware.errors import BundleError, LibraryError
from firmware.library.stick_status import Phase, StickStatus, write_status
from firmware.library.store import Library
from firmware.panel.overview import CompositionLine, StickLine
from firmware.parameters import Parameters, Technique, parameters_for


def listed(*names: str) -> findings.Compositions:
    return findings.Compositions(
        tuple(CompositionLine(name=n, title=n.upper(), what="", day="") for n in names)
    )


def names(shelves: Shelves) -> list[str]:
    assert shelves.compositions is not None
    return [line.name for line in shelves.compositions]


def test_what_is_deleted_is_off_the_list_and_comes_back_in_its_place() -> None:
    shelves = Shelves()
    assert shelves.compositions is None
    shelves.put(listed("a", "b", "c"))
    assert shelves.delete("b") is None
    assert (names(shelves), shelves.deleted) == (["a", "c"], "B")
    shelves.put(listed("d", "a", "b", "c"))
    assert names(shelves) == ["d", "a", "c"]
    shelves.restore()
    assert (names(shelves), shelves.deleted) == (["d", "a", "b", "c"], None)


def test_what_is_settled_stays_off_the_list_though_an_older_look_brings_it() -> None:
    """A look that was begun before the disk has deleted it arrives after that."""
    shelves = Shelves()
    shelves.put(listed("a", "b"))
    shelves.delete("a")
    assert shelves.delete("b") == "a"
    shelves.put(listed("a", "b"))
    assert names(shelves) == []
    assert shelves.settle() == "b"
    assert shelves.settle() is None
    shelves.put(listed("a", "b"))
    assert names(shelves) == []
    shelves.put_back("b")
    assert names(shelves) == ["b"]


class Desk:
    """A librarian whose findings are collected."""

    def __init__(self, root: Path, sticks: Path | None = None) -> None:
        self.brought: list[findings.Finding] = []
        machine = Machine(host=SimulatedHost(), sticks=sticks)
        self.librarian = Librarian(Library(root), machine, _none_for_extend, self.take)

    def take(self, event: Brought | Answered) -> None:
        """Be the engine's queue."""
        assert isinstance(event, Brought)
        self.brought.append(event.what)

    def run(self) -> list[findings.Finding]:
        """Let everything be done that was asked for."""
        self.librarian.start()
        self.librarian.stop()
        return self.brought


def _none_for_extend(parameters: Parameters) -> Path:
    if parameters.technique is Technique.EXTEND:
        raise BundleError("no model for extend is installed", remedy="install one")
    return Path("somewhere")


def test_a_technique_without_a_model_is_told_with_the_way_to_install_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(tmp_path)
    monkeypatch.setattr(lines, "installed_bundles", lambda _: {})
    for technique in (Technique.EXTEND, Technique.ENHANCE):
        desk.librarian.check_model(parameters_for(technique))
    desk.librarian.list_models()
    lacking, served, models = desk.run()
    assert isinstance(models, findings.Models)
    (gap,) = models.missing
    assert (gap.technique, gap.remedy) == (Technique.EXTEND, "install one")
    assert lacking == findings.Checked(gap)
    assert served == findings.Checked(None)


def test_a_technique_with_a_model_for_other_values_lacks_none(tmp_path: Path) -> None:
    """Extend has a bundle here, though none is found for its defaults."""
    desk = Desk(tmp_path)
    desk.librarian.list_models()
    (models,) = desk.run()
    assert isinstance(models, findings.Models)
    assert models.missing == ()
    assert {line.name for line in models.lines} >= {"bach-arcnn", "extend-small"}
    assert all(line.about and not line.problem for line in models.lines)


def test_a_disk_that_refuses_is_told_and_the_next_errand_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistake of the firmware's is no more than that either."""
    (tmp_path / "file").write_text("no folder")
    desk = Desk(tmp_path / "file")

    def refuse(*_: object) -> None:
        raise LibraryError("the disk is read-only", remedy="switch its write protection off")

    def fail(*_: object) -> None:
        raise ZeroDivisionError("a mistake")

    monkeypatch.setattr(Library, "delete", refuse)
    monkeypatch.setattr(Library, "load", fail)
    desk.librarian.delete("a")
    desk.librarian.load("a")
    desk.librarian.list_compositions()
    desk.librarian.look_at_system()
    not_deleted, not_loaded, not_listed, looked = desk.run()
    assert not_deleted == findings.NotDeleted(
        "a", "the disk is read-only", "switch its write protection off"
    )
    assert not_loaded == findings.Nothing("that did not work", "the log says why")
    assert isinstance(not_listed, findings.Nothing)
    assert isinstance(looked, findings.Looked)
    assert looked.facts.host == "continuo"


def test_a_composition_that_is_gone_already_is_deleted(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.librarian.delete("a")
    assert desk.run() == [findings.Compositions(())]


def test_too_many_errands_are_refused_not_piled_up(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    for _ in range(WAITING):
        desk.librarian.look_at_system()
    with pytest.raises(LibraryError, match="too slow"):
        desk.librarian.look_at_system()


def test_looks_at_sticks_pile_up_behind_no_errand_and_take_the_place_of_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked for every second, whatever the disk is doing: one waits, and none where it is full."""
    looks, look = 0, StickReader.look

    def counted(self: StickReader) -> tuple[StickLine, ...] | None:
        nonlocal looks
        looks += 1
        return look(self)

    monkeypatch.setattr(StickReader, "look", counted)
    status = StickStatus(phase=Phase.READY)
    (tmp_path / "sda1").mkdir()
    write_status(tmp_path / "sda1", status)
    desk, full = Desk(tmp_path, tmp_path), Desk(tmp_path, tmp_path)
    for _ in range(WAITING * 2):
        desk.librarian.look_at_sticks()
    (seen,) = desk.run()
    assert isinstance(seen, findings.SticksSeen)
    assert ([stick.key for stick in seen.lines], looks) == (["sda1"], 1)
    for _ in range(WAITING):
        full.librarian.look_at_system()
    full.librarian.look_at_sticks()
    assert {type(finding) for finding in full.run()} == {findings.Looked}
    nowhere = Desk(tmp_path)
    nowhere.librarian.look_at_sticks()
    assert nowhere.run() == []
