"""The MIDI ports of this machine are listed, also where there are none."""

from typing import TYPE_CHECKING

import pytest

from firmware.cli import ports
from firmware.errors import DeviceError

if TYPE_CHECKING:
    from tests.cli.conftest import Continuo


class FakePort:
    """A client of a MIDI system that has a keyboard and a loop."""

    def __init__(self, **_: object) -> None:
        """Whatever the driver is given."""

    def ports(self) -> list[str]:
        """Names as rtmidi lists them."""
        return ["Midi Through:Midi Through Port-0 14:0", "AKM322:AKM322 MIDI 1 20:0"]

    def close(self) -> None:
        """Let go of nothing."""


class NoSequencer:
    """Where its library is not installed."""

    def __init__(self, **_: object) -> None:
        """Fail as the driver does."""
        raise DeviceError("the library of the ALSA sequencer is not installed")


def test_the_port_that_would_be_used_is_marked(
    continuo: "Continuo", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ports, "running_apis", lambda: ("alsa",))
    monkeypatch.setattr(ports, "AlsaSequencer", NoSequencer)
    monkeypatch.setattr(ports, "RtMidiInput", FakePort)
    monkeypatch.setattr(ports, "RtMidiOutput", FakePort)
    content = continuo("ports", "--json").json
    assert content["apis"] == ["alsa"]
    assert [(p["direction"], p["name"], p["used"]) for p in content["ports"]] == [
        ("input", "Midi Through:Midi Through Port-0", False),
        ("input", "AKM322:AKM322 MIDI 1", True),
        ("output", "Midi Through:Midi Through Port-0", False),
        ("output", "AKM322:AKM322 MIDI 1", True),
    ]
    assert "used" in continuo("ports").out


def test_with_alsa_midi_it_is_asked_and_nothing_is_left_open(
    continuo: "Continuo", monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes every keyboard; python-rtmidi need not be installed."""
    opened = ["keys 1", "keys 2", "music"]

    class Place:
        def __init__(self, name: str) -> None:
            self.name = name

        def close(self) -> None:
            opened.remove(self.name)

    class Sequencer:
        def __init__(self, **_: object) -> None:
            self.inputs, self.output = (Place("keys 1"), Place("keys 2")), Place("music")

        def listed(self) -> object:
            return (("AKM322:MIDI 1", True), ("KeyStep:MIDI 1", True)), (("FLUID Synth", True),)

    monkeypatch.setattr(ports, "running_apis", lambda: ("alsa",))
    monkeypatch.setattr(ports, "AlsaSequencer", Sequencer)
    monkeypatch.setattr(ports, "RtMidiInput", NoSequencer)
    content = continuo("ports", "--json").json
    assert [(p["direction"], p["name"], p["used"]) for p in content["ports"]] == [
        ("input", "AKM322:MIDI 1", True),
        ("input", "KeyStep:MIDI 1", True),
        ("output", "FLUID Synth", True),
    ]
    assert opened == []


def test_a_machine_without_midi_is_no_error(
    continuo: "Continuo", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ports, "running_apis", lambda: ())
    assert "no MIDI system" in continuo("ports").out
    assert continuo("ports", "--json").json == {"apis": [], "ports": []}
