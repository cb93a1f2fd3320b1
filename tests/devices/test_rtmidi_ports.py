"""Real MIDI ports between two processes, over JACK's dummy driver."""

import os
import queue
import sys
import time
from collections.abc import Callable
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from firmware.config import Config
from firmware.devices import rtmidi_ports
from firmware.devices.board import open_midi
from firmware.devices.midi_ports import PortChange
from firmware.devices.rtmidi_ports import RtMidiInput, RtMidiOutput, choose_port, device_name
from firmware.errors import DeviceError
from firmware.midi.messages import (
    MidiMessage,
    MidiParser,
    NoteOff,
    NoteOn,
    Realtime,
    SongPosition,
    to_bytes,
)

Ask = Callable[..., object]
Eventually = Callable[[Callable[[], bool]], bool]
MESSAGES = 500


def a_scale(count: int) -> list[MidiMessage]:
    """Notes on and off, no two neighbours alike."""
    return [
        NoteOn(pitch=36 + i % 48, velocity=1 + i % 127) if i % 2 == 0 else NoteOff(pitch=i % 128)
        for i in range(count)
    ]


def test_500_messages_there_and_back_none_lost_and_in_order(
    peer: Connection, ask: Ask, eventually: Eventually
) -> None:
    messages = a_scale(MESSAGES)
    heard: queue.Queue[MidiMessage] = queue.Queue()
    keyboard = RtMidiInput(api="jack", wanted="peer keys", now_ns=time.monotonic_ns)
    synthesizer = RtMidiOutput(api="jack", wanted="PEER EARS")
    with closing(keyboard), closing(synthesizer):
        synthesizer.open()

        def thru(message: MidiMessage, at_ns: int) -> None:
            assert at_ns <= time.monotonic_ns()
            heard.put(message)
            synthesizer.send(message)

        keyboard.open(thru)
        assert (keyboard.name, synthesizer.name) == ("Peer keys:out", "Peer ears:in")
        assert ask(peer, "strike", [to_bytes(m) for m in messages]) == MESSAGES
        assert eventually(lambda: heard.qsize() >= MESSAGES)
        assert [heard.get() for _ in range(heard.qsize())] == messages

        def came_back() -> list[MidiMessage]:
            report = ask(peer, "report")
            assert isinstance(report, list)
            return MidiParser().feed(b"".join(content for _, content in report))

        assert eventually(lambda: len(came_back()) >= MESSAGES)
        assert came_back() == messages


def test_a_keyboard_that_vanishes_is_noticed_and_connected_again_by_the_same_client(
    peer: Connection, ask: Ask, eventually: Eventually
) -> None:
    heard: list[MidiMessage] = []
    keyboard = RtMidiInput(api="jack", wanted="", now_ns=time.monotonic_ns)
    client = keyboard._client
    with closing(keyboard):
        keyboard.open(lambda message, _: heard.append(message))
        assert keyboard.poll() is None
        ask(peer, "unplug")
        assert eventually(lambda: "Peer keys:out" not in keyboard.ports())
        assert keyboard.poll() == PortChange(name="Peer keys:out", is_there=False)
        assert keyboard.poll() is None
        assert keyboard.name is None
        ask(peer, "plug")
        assert eventually(lambda: "Peer keys:out" in keyboard.ports())
        assert keyboard.poll() == PortChange(name="Peer keys:out", is_there=True)
        ask(peer, "strike", [to_bytes(NoteOn(pitch=60, velocity=1))])
        assert eventually(lambda: heard == [NoteOn(pitch=60, velocity=1)])
        assert keyboard._client is client


def test_a_synthesizer_is_never_our_own_keyboard_port(jack: None) -> None:
    """JACK lists every port there is: wired to itself, the instrument would play for ever."""
    del jack
    config = Config(library=Path("nowhere"))
    keyboard, synthesizer = open_midi(config, time.monotonic_ns)
    with closing(keyboard), closing(synthesizer):
        keyboard.open(lambda *_: None)
        synthesizer.open()
        assert (keyboard.name, synthesizer.name) == (None, None)
        synthesizer.send(NoteOn(pitch=60, velocity=1))


def test_without_a_midi_system_there_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rtmidi_ports, "APIS", {"jack": ("API_UNIX_JACK", lambda: False)})
    with pytest.raises(DeviceError, match="no MIDI system runs here"):
        open_midi(Config(library=Path("nowhere")), time.monotonic_ns)
    pytest.importorskip("rtmidi", reason="python-rtmidi is not installed")
    with pytest.raises(DeviceError, match="jack does not run here"):
        RtMidiOutput(api="jack", wanted="")


def test_without_the_library_there_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rtmidi", None)
    with pytest.raises(DeviceError, match="MIDI library is not installed"):
        RtMidiOutput(api="jack", wanted="")


def test_a_device_keeps_its_name_when_alsa_gives_it_another_number() -> None:
    assert device_name("AKM322:AKM322 MIDI 1 20:0") == "AKM322:AKM322 MIDI 1"
    assert device_name("AKM322:AKM322 MIDI 1 128:0") == device_name("AKM322:AKM322 MIDI 1 20:0")
    assert device_name("Peer keys:out") == "Peer keys:out"


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [("", 2), ("akm", 2), ("fluid", 3), ("AKM322:AKM322 MIDI 1", 2), ("organ", None)],
)
def test_ports_are_chosen_by_part_of_their_name_and_never_a_loop(
    wanted: str, chosen: int | None
) -> None:
    ports = [
        "Midi Through:Midi Through Port-0 14:0",
        "Continuo:keys 129:0",
        "AKM322:AKM322 MIDI 1 20:0",
        "FLUID Synth (1):Synth input port 128:0",
    ]
    assert choose_port(ports, wanted) == chosen


def test_plugs_leave_no_client_and_no_open_file(
    peer: Connection, ask: Ask, eventually: Eventually
) -> None:
    """The thousand of the simulator take two minutes over JACK: CONTINUO_PLUGS=1000."""
    heard: list[MidiMessage] = []
    keyboard = RtMidiInput(api="jack", wanted="peer keys", now_ns=time.monotonic_ns)

    def name_now() -> str | None:
        keyboard.poll()
        return keyboard.name

    with closing(keyboard):
        keyboard.open(lambda message, _: heard.append(message))
        before = len(list(Path("/proc/self/fd").iterdir()))
        ports = keyboard.ports()
        for _ in range(int(os.environ.get("CONTINUO_PLUGS", "20"))):
            ask(peer, "unplug")
            assert eventually(lambda: name_now() is None)
            ask(peer, "plug")
            assert eventually(lambda: name_now() is not None)
        assert len(list(Path("/proc/self/fd").iterdir())) == before
        assert sorted(keyboard.ports()) == sorted(ports)
        ask(peer, "strike", [to_bytes(NoteOn(pitch=60, velocity=1))])
        assert eventually(lambda: heard == [NoteOn(pitch=60, velocity=1)])


def test_the_clock_and_active_sensing_come_through(
    peer: Connection, ask: Ask, eventually: Eventually
) -> None:
    """The library leaves both out unless it is asked for them."""
    heard: list[MidiMessage] = []
    keyboard = RtMidiInput(api="jack", wanted="peer keys", now_ns=time.monotonic_ns)
    wanted: list[MidiMessage]
    wanted = [Realtime.ACTIVE_SENSING, Realtime.CLOCK, Realtime.START, SongPosition(sixteenths=5)]
    with closing(keyboard):
        keyboard.open(lambda message, _: heard.append(message))
        ask(peer, "strike", [to_bytes(message) for message in wanted])
        assert eventually(lambda: heard == wanted)
