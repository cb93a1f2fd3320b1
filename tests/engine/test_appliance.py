"""What only an appliance has: SSH, a plug to pull, and a supply that may be too weak."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from firmware.devices.controls import Button
from firmware.devices.host import SimulatedHost
from firmware.engine import service_switches
from firmware.engine.farewell import READ_NS
from firmware.engine.service_switches import (
    SSH_OFF,
    SSH_ON,
    SWITCHES_FOLDER,
    SshSwitch,
    is_ssh_on,
    ssh_switch,
)
from firmware.panel.views import MessageView

if TYPE_CHECKING:
    from tests.engine.conftest import MakeInstrument, Rehearsal

from tests.engine.fingers import SECOND_NS, top, value


def _at_system(simulation: "Rehearsal") -> "Rehearsal":
    simulation.open_page("System")
    simulation.wait(lambda: simulation.engine.crew.shelves.system is not None, who="the system")
    return simulation


def test_ssh_is_switched_on_after_a_question_and_off_again(
    make_instrument: "MakeInstrument", tmp_path: Path
) -> None:
    library, key = tmp_path / "library", tmp_path / "key"
    switch = SshSwitch(library=library, key_found=key)
    simulation = _at_system(make_instrument(bundle=None, appliance={"ssh": switch}))
    assert value(simulation, "SSH") == "off >"
    simulation.press(Button.ENTER)
    assert value(simulation, "Address") == "192.168.1.23"
    assert value(simulation, "Maker's key") == "none found >"
    simulation.open_page("Switch on")
    assert "No maker's key was found" in str(simulation.view())
    assert not is_ssh_on(library, key_found=key)
    simulation.press(Button.ENTER)
    simulation.wait(lambda: simulation.is_seen("Switch off"), who="the switch")
    assert (library / SWITCHES_FOLDER / SSH_ON).exists()
    simulation.open_page("Switch off")
    simulation.wait(lambda: simulation.is_seen("Switch on"), who="the switch")
    assert [path.name for path in (library / SWITCHES_FOLDER).iterdir()] == [SSH_OFF]
    key.touch()
    simulation.press(Button.BACK)
    simulation.wait(lambda: _has_key(simulation), who="the switch")
    assert value(simulation, "SSH") == "off >", "off at the panel has the last word"


def _has_key(simulation: "Rehearsal") -> bool:
    simulation.advance(SECOND_NS)
    system = simulation.engine.crew.shelves.system
    return system is not None and system.ssh is not None and system.ssh.has_key


def test_a_disk_that_refuses_the_switch_is_one_sentence(
    make_instrument: "MakeInstrument", tmp_path: Path
) -> None:
    switch = SshSwitch(library=tmp_path / "library", key_found=tmp_path / "key")
    simulation = _at_system(make_instrument(bundle=None, appliance={"ssh": switch}))
    (tmp_path / "library").mkdir(exist_ok=True)
    (tmp_path / "library" / SWITCHES_FOLDER).write_text("no folder")
    simulation.open_page("SSH")
    simulation.open_page("Switch on")
    simulation.press(Button.ENTER)
    simulation.wait(lambda: "SSH was not switched" in simulation.sentence(), who="the switch")
    simulation.press(Button.KEEP)
    assert simulation.is_seen("Switch on")


def test_where_no_service_watches_there_is_no_switch(
    make_instrument: "MakeInstrument", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a desktop, and for a library of one's own beside an appliance's."""
    watcher = tmp_path / "continuo-ssh-on.path"
    monkeypatch.setattr(service_switches, "WATCHED", tmp_path / "library")
    assert ssh_switch(tmp_path / "library", watcher=watcher) is None
    watcher.touch()
    assert ssh_switch(tmp_path / "other", watcher=watcher) is None
    switch = ssh_switch(tmp_path / "library", watcher=watcher)
    assert switch is not None
    assert switch.library == tmp_path / "library"
    assert not _at_system(make_instrument(bundle=None)).is_seen("SSH")


def test_the_unit_that_watches_the_switch_watches_the_folder_that_it_is_in() -> None:
    """What systemd is given and what the instrument writes is one path."""
    unit = Path(__file__).parents[2] / "systemd/units" / service_switches.WATCHER.name
    folder = service_switches.WATCHED / SWITCHES_FOLDER
    assert f"PathChanged={folder / SSH_ON}\n" in unit.read_text()


def test_when_the_plug_may_be_pulled_is_said_before_and_while_it_is_switched_off(
    make_instrument: "MakeInstrument",
) -> None:
    simulation = _at_system(make_instrument(bundle=None, appliance={"loses_power": True}))
    simulation.open_page("Switch off")
    assert "Pull the plug ten seconds after the screen is dark" in str(simulation.view())
    simulation.press(Button.BACK)
    assert top(simulation) == "SystemPage"
    simulation.open_page("Switch off")
    simulation.press(Button.ENTER)
    view = simulation.view()
    assert isinstance(view, MessageView)
    assert view.remedy == "pull the plug ten seconds after the screen is dark"
    simulation.advance(READ_NS // 2)
    assert not simulation.engine.is_stopping
    simulation.advance(READ_NS)
    assert simulation.engine.is_stopping


def test_a_program_that_ends_asks_nobody_to_pull_a_plug(
    make_instrument: "MakeInstrument",
) -> None:
    simulation = _at_system(make_instrument(bundle=None))
    simulation.open_page("Switch off")
    assert "plug" not in str(simulation.view())
    simulation.press(Button.ENTER)
    assert simulation.engine.is_stopping


@pytest.mark.parametrize(
    ("bits", "label", "seen", "text"),
    [
        (0x50005, "Power", "too weak >", "use a supply of 5.1 V"),
        (0x50000, "Power", "was too weak >", "The voltage was too low since power-up."),
        (0x80008, "Cooling", "too hot >", "give it a heat sink"),
        (0, "Power", "fine", ""),
    ],
)
def test_what_slows_the_computer_down_is_said_with_its_remedy(
    make_instrument: "MakeInstrument", bits: int, label: str, seen: str, text: str
) -> None:
    host = SimulatedHost()
    host.facts["throttled"] = bits
    simulation = _at_system(make_instrument(bundle=None, appliance={"host": host}))
    assert value(simulation, label) == seen
    simulation.press(Button.ENTER)
    assert text in simulation.text()


def test_a_computer_that_tells_nothing_of_its_supply_is_not_said_to_be_fine(
    make_instrument: "MakeInstrument",
) -> None:
    host = SimulatedHost()
    host.facts["throttled"] = None
    simulation = _at_system(make_instrument(bundle=None, appliance={"host": host}))
    assert not simulation.is_seen("Power")
    assert not simulation.is_seen("Cooling")
