"""The order of things in the ALSA driver, on a sequencer of the tests' own."""

import importlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from firmware.config import Config
from firmware.devices import alsa_ports, rtmidi_ports
from firmware.devices.alsa_ports import AlsaSequencer
from firmware.devices.board import open_keyboards
from firmware.devices.identity import UsbIdentity
from firmware.devices.midi_ports import PortChange
from firmware.errors import DeviceError
from firmware.midi.messages import MidiMessage, NoteOff, NoteOn, to_bytes
from tests.devices import fake_sequencer as fake

Eventually = Callable[[Callable[[], bool]], bool]
SYNTHESIZER, LEFT, RIGHT = 128, 20, 24  # clients
SOCKETS = {LEFT: "1-1.3", RIGHT: "1-1.4"}
MIDI_1 = "AKM322:MIDI 1"


class Stage:
    """A machine with a synthesizer and the driver; keyboards are plugged into two sockets."""

    def __init__(self, kernel: fake.Kernel, stack: ExitStack, *, wanted: str = "") -> None:
        self.kernel = kernel
        kernel.synthesizers[SYNTHESIZER] = []
        self.socket_of_card = {1: "1-1.3", 2: "1-1.4"}
        self.sequencer = AlsaSequencer(
            midi_input=wanted,
            midi_output="",
            now_ns=time.monotonic_ns,
            places=2,
            identify=lambda card: UsbIdentity(usb_id="1acc:1533", path=self.socket_of_card[card]),
            speaking=self._speaking,
        )
        self.spoken = 0
        self.heard: list[tuple[int, MidiMessage]] = []
        self.told = 0
        self.inputs = self.sequencer.inputs
        for port in self.inputs:
            stack.callback(port.close)
        stack.callback(self.sequencer.output.close)

    def open(self) -> None:
        """Open every port, as the engine does."""
        self.sequencer.output.open(self._tell)
        for index, port in enumerate(self.inputs):
            port.open(lambda message, _, i=index: self.heard.append((i, message)), self._tell)  # type: ignore[misc]

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        before = len(self.heard)
        yield
        self.spoken += len(self.heard) - before

    def _tell(self) -> None:
        self.told += 1


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setattr(alsa_ports, "_library", lambda: fake)
    with fake.new_kernel() as kernel:
        with ExitStack() as stack:
            yield Stage(kernel, stack)
        assert kernel.clients == {}
        assert "continuo-midi" not in {thread.name for thread in threading.enumerate()}


def test_a_key_comes_in_and_goes_out(stage: Stage, eventually: Eventually) -> None:
    stage.kernel.plug(LEFT, "AKM322")
    stage.open()
    assert [p.name for p in stage.inputs] == [MIDI_1, None]
    assert stage.inputs[0].identity == UsbIdentity(usb_id="1acc:1533", path="1-1.3")
    assert stage.sequencer.output.name == "FLUID Synth:Synth input"
    assert stage.inputs[0].poll() is None, "what is there from the beginning is no change"
    stage.kernel.play(LEFT, to_bytes(NoteOn(pitch=60, velocity=9)))
    assert eventually(lambda: stage.heard == [(0, NoteOn(pitch=60, velocity=9))])
    stage.sequencer.output.send(NoteOff(pitch=60))
    assert stage.kernel.synthesizers[SYNTHESIZER] == [to_bytes(NoteOff(pitch=60))]


def test_every_plug_is_announced_without_being_asked_for(
    stage: Stage, eventually: Eventually
) -> None:
    stage.open()
    stage.kernel.plug(LEFT, "AKM322")
    assert eventually(lambda: stage.told == 1)
    assert stage.inputs[0].poll() == PortChange(name=MIDI_1, is_there=True)
    assert stage.inputs[0].poll() is None
    stage.kernel.unplug(LEFT)
    assert eventually(lambda: stage.told == 2)
    assert stage.inputs[0].poll() == PortChange(name=MIDI_1, is_there=False)
    assert stage.inputs[0].name is None


def test_a_keyboard_that_is_back_before_anyone_looked_is_connected_again(
    stage: Stage, eventually: Eventually
) -> None:
    """Its number is the same, and its wire is gone nevertheless."""
    stage.kernel.plug(LEFT, "AKM322")
    stage.open()
    with stage.sequencer._lock:  # it cannot look yet
        for _ in range(2):
            stage.kernel.unplug(LEFT)
            stage.kernel.plug(LEFT, "AKM322")
    assert eventually(lambda: stage.sequencer._ears.arrived.empty() and stage.told >= 2)
    assert eventually(lambda: stage.inputs[0].name is not None)
    stage.kernel.play(LEFT, to_bytes(NoteOn(pitch=60, velocity=9)))
    assert eventually(lambda: stage.heard == [(0, NoteOn(pitch=60, velocity=9))])


def test_twins_come_back_to_their_places_whatever_their_numbers(
    stage: Stage, eventually: Eventually
) -> None:
    stage.kernel.plug(LEFT, "AKM322")
    stage.kernel.plug(RIGHT, "AKM322")
    stage.open()
    paths = ["1-1.3", "1-1.4"]
    assert [p.identity.path for p in stage.inputs if p.identity] == paths
    stage.kernel.unplug(LEFT)
    stage.kernel.unplug(RIGHT)
    assert eventually(lambda: [p.name for p in stage.inputs] == [None, None])
    stage.socket_of_card = {1: "1-1.4", 2: "1-1.3"}  # plugged in again in the other order
    stage.kernel.plug(LEFT, "AKM322")
    stage.kernel.plug(RIGHT, "AKM322")
    assert eventually(lambda: all(p.name for p in stage.inputs))
    assert [p.identity.path for p in stage.inputs if p.identity] == paths
    stage.kernel.play(RIGHT, to_bytes(NoteOn(pitch=60, velocity=9)))
    assert eventually(lambda: stage.heard == [(0, NoteOn(pitch=60, velocity=9))])


def test_a_thousand_plugs_leak_no_client_no_wire_and_no_thread(
    stage: Stage, eventually: Eventually
) -> None:
    stage.open()
    wires, threads = set(stage.kernel.wires), threading.active_count()
    for _ in range(1000):
        stage.kernel.plug(LEFT, "AKM322")
        stage.kernel.unplug(LEFT)
    assert eventually(lambda: stage.sequencer._ears.arrived.empty() and not stage.inputs[0].name)
    assert stage.kernel.wires == wires
    assert len(stage.kernel.clients) == stage.kernel.most_clients == 2
    assert threading.active_count() == threads
    stage.kernel.plug(LEFT, "AKM322")
    stage.kernel.play(LEFT, to_bytes(NoteOn(pitch=60, velocity=9)))
    assert eventually(lambda: stage.inputs[0].name is not None)
    assert stage.kernel.wires > wires


def test_a_lost_event_is_survived_and_the_ports_are_looked_at(
    stage: Stage, eventually: Eventually
) -> None:
    stage.open()
    stage.kernel.devices[LEFT] = "AKM322"  # nobody was told
    stage.sequencer._ears.arrived.put(fake.ALSAError("No space left on device"))
    assert eventually(lambda: stage.inputs[0].name == MIDI_1)


def test_loops_and_what_is_not_wanted_are_no_keyboards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alsa_ports, "_library", lambda: fake)
    with fake.new_kernel() as kernel, ExitStack() as stack:
        stage = Stage(kernel, stack, wanted="keystation")
        for client, name in ((16, "Midi Through"), (LEFT, "AKM322"), (RIGHT, "Keystation 49")):
            kernel.plug(client, name)
        stage.open()
        assert [port.name for port in stage.inputs] == ["Keystation 49:MIDI 1", None]


def test_what_would_be_used_is_listed_though_nothing_is_connected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Both keyboards, for there is room for two, and none of the instrument's own ports."""
    monkeypatch.setattr(alsa_ports, "_library", lambda: fake)
    with fake.new_kernel() as kernel, ExitStack() as stack:
        stage = Stage(kernel, stack)
        for client, name in ((16, "Midi Through"), (LEFT, "AKM322"), (RIGHT, "Keystation 49")):
            kernel.plug(client, name)
        inputs, outputs = stage.sequencer.listed()
        before = [wire for wire in kernel.wires if wire[0] != (0, 1)]
    assert inputs == (
        ("Midi Through:MIDI 1", False),
        ("AKM322:MIDI 1", True),
        ("Keystation 49:MIDI 1", True),
    )
    assert outputs == (("FLUID Synth:Synth input", True),)
    assert before == []


def test_a_synthesizer_may_come_and_go(stage: Stage, eventually: Eventually) -> None:
    stage.open()
    output = stage.sequencer.output
    stage.kernel.end(SYNTHESIZER)
    stage.sequencer.look()
    assert output.poll() == PortChange(name="FLUID Synth:Synth input", is_there=False)
    output.send(NoteOn(pitch=60, velocity=9))  # nowhere
    stage.kernel.synthesizers[SYNTHESIZER + 9] = []
    stage.kernel.plug(LEFT, "AKM322")  # any announcement will do
    assert eventually(lambda: output.name is not None)
    output.send(NoteOn(pitch=60, velocity=9))
    assert stage.kernel.synthesizers[SYNTHESIZER + 9] == [to_bytes(NoteOn(pitch=60, velocity=9))]


def test_without_the_library_rtmidi_is_taken(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "alsa_midi", None)
    with pytest.raises(DeviceError, match="pip install alsa-midi"):
        AlsaSequencer(midi_input="", midi_output="", now_ns=time.monotonic_ns)
    monkeypatch.setitem(sys.modules, "rtmidi", None)
    monkeypatch.setattr(rtmidi_ports, "APIS", {"alsa": ("API_LINUX_ALSA", lambda: True)})
    with pytest.raises(DeviceError, match="the MIDI library is not installed"):
        open_keyboards(Config(library=Path("nowhere")), time.monotonic_ns)
    assert "alsa-midi" in caplog.text


def test_the_library_has_what_the_driver_uses() -> None:
    """The fake above is as good as this: the names are alsa-midi's own."""
    pytest.importorskip("alsa_midi", reason="alsa-midi is not installed", exc_type=ImportError)
    library = importlib.import_module("alsa_midi")
    for name in ("create_port", "list_ports", "subscribe_port", "unsubscribe_port", "close"):
        assert callable(getattr(library.SequencerClient, name))
    for name in ("event_input", "event_output_direct", "drain_output"):
        assert callable(getattr(library.SequencerClient, name))
    assert "client_id" in library.SequencerClient.__base__.__annotations__
    assert {library.WRITE_PORT, library.READ_PORT}
    assert issubclass(library.ALSAError, Exception)
    assert library.MidiBytesEvent(b"\x90\x3c\x40").midi_bytes == b"\x90\x3c\x40"
    assert tuple(library.SYSTEM_ANNOUNCE) == (0, 1)
    for name in alsa_ports._COMES | alsa_ports._GOES:
        assert hasattr(getattr(library, name)(addr=library.Address(20, 0)), "addr")
    assert library.PortInfo(client_id=20, port_id=0, name="MIDI 1").client_name is None


def test_a_computer_on_the_cable_plays_and_is_told_apart(
    stage: Stage, eventually: Eventually
) -> None:
    stage.kernel.plug(LEFT, "AKM322")
    stage.kernel.plug(RIGHT, "f_midi")
    stage.open()
    assert [port.name for port in stage.inputs] == [MIDI_1, "Computer"]
    key = NoteOn(pitch=60, velocity=80)
    stage.kernel.play(LEFT, to_bytes(key))
    stage.kernel.play(RIGHT, to_bytes(key))
    assert eventually(lambda: stage.heard == [(0, key), (1, key)])
    assert eventually(lambda: stage.spoken == 1)
