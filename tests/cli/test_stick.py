"""The commands that systemd calls for a stick and for the USB cable."""

from pathlib import Path

import pytest

from firmware.cli import gadget as gadget_command
from firmware.devices.usb_gadget import LUN, NAME, bring_up, gadget_steps, identity_of
from firmware.library.stick_status import Phase, sticks
from firmware.library.store import Library
from tests.cli.conftest import Continuo
from tests.devices.fake_configfs import FakeConfigfs
from tests.library.conftest import RECORD


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    (tmp_path / "stick").mkdir()
    (tmp_path / "stick" / "hymn.mid").write_bytes(b"MThd")
    return tmp_path / "stick"


@pytest.fixture
def offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the panel finds sticks; systemd names the folder of one of them."""
    folder = tmp_path / "offered"
    (folder / "sda1").mkdir(parents=True)
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(folder / "sda1"))
    return folder


def test_a_person_is_told_what_was_copied(
    continuo: Continuo, library: Library, stick: Path
) -> None:
    name = library.save(RECORD)
    assert continuo("stick", str(stick)).out == "1 compositions copied, 0 were there already\n"
    assert (stick / "Continuo" / name / "composition.mid").is_file()
    again = continuo("stick", str(stick), "--json")
    assert again.json == {"copied": 0, "present": 1, "unreadable": []}


def test_systemds_folder_tells_the_panel_and_keeps_the_melodies(
    continuo: Continuo,
    library: Library,
    stick: Path,
    offered: Path,
) -> None:
    library.save(RECORD)
    assert continuo("stick", str(stick)).code == 0
    (plugged,) = sticks(offered)
    assert (plugged.status.phase, plugged.status.done) == (Phase.READY, 1)
    assert [path.name for path in plugged.melodies] == ["hymn.mid"]


def test_a_stick_that_fails_is_told_on_the_panel_and_still_offers(
    continuo: Continuo,
    library: Library,
    stick: Path,
    offered: Path,
) -> None:
    library.save(RECORD)
    (stick / "Continuo").touch()  # a file where the folder is to be
    assert continuo("stick", str(stick)).code == 0
    (plugged,) = sticks(offered)
    assert plugged.status.phase is Phase.FAILED
    assert plugged.status.problem
    assert [path.name for path in plugged.melodies] == ["hymn.mid"]


def test_a_stick_that_is_not_there_is_an_error(continuo: Continuo, tmp_path: Path) -> None:
    assert "there is no folder" in continuo("stick", str(tmp_path / "none")).error


@pytest.fixture
def configfs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeConfigfs:
    (tmp_path / "usb_gadget").mkdir()
    configfs = FakeConfigfs(tmp_path / "usb_gadget")
    monkeypatch.setattr(gadget_command, "Configfs", lambda: configfs)
    monkeypatch.setattr(gadget_command, "own_identity", lambda: identity_of("machine"))
    monkeypatch.setattr(gadget_command, "IMAGES", tmp_path)
    return configfs


def test_the_cable_is_switched_on_and_off(continuo: Continuo, configfs: FakeConfigfs) -> None:
    assert continuo("gadget", "up", "--controller", "udc.0", "--json").json["controller"] == "udc.0"
    assert configfs.read(f"{NAME}/UDC") == "udc.0"
    assert continuo("gadget", "status", "--json").json == {
        "controller": "udc.0",
        "computer": False,
        "disk": None,
    }
    assert continuo("gadget", "down").code == 0
    assert list(configfs.root.iterdir()) == []


def test_the_disk_holds_what_the_library_holds(
    continuo: Continuo,
    library: Library,
    configfs: FakeConfigfs,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bring_up(configfs, gadget_steps(identity_of("machine"), "udc.0"))
    monkeypatch.setattr(gadget_command, "sleep", lambda _: None)
    name = library.save(RECORD)
    assert continuo("gadget", "disk", "--json").json == {"files": 1}
    image = Path(configfs.read(f"{LUN}/file"))
    assert name.encode("utf-16-le")[:10] in image.read_bytes()
