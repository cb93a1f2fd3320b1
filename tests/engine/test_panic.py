"""Panic, active sensing and cables: no note hangs, whatever it hangs on."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from firmware.devices.buttons import LONG_PRESS_NS
from firmware.devices.controls import Button
from firmware.engine.events import MidiReceived, PortsChanged
from firmware.engine.output import Output
from firmware.engine.schedule import KEYBOARD_CHANNEL
from firmware.engine.thru import Thru
from firmware.midi.messages import (
    ControlChange,
    MidiMessage,
    NoteOff,
    NoteOn,
    PitchBend,
    Realtime,
    to_bytes,
)
from firmware.music.notes import Melody
from firmware.panel.states import State

if TYPE_CHECKING:
    from tests.engine.conftest import MakeInstrument

MS_NS = 1_000_000
SENSING = to_bytes(Realtime.ACTIVE_SENSING)
PANIC = (64, 66, 123, 120, 121)
"""Controllers that are set to 0 on each channel, in this order."""


def test_a_long_press_of_stop_silences_every_channel_in_every_way_there_is(
    make_instrument: "MakeInstrument", melody: Melody
) -> None:
    simulation = make_instrument()
    simulation.record(melody)
    simulation.generate()
    simulation.board.keyboard.strike(72)
    simulation.board.keyboard.pedal(down=True)
    simulation.advance(100 * MS_NS)
    sounding = set(simulation.board.synthesizer.sounding)
    assert {channel for channel, _ in sounding} > {KEYBOARD_CHANNEL}
    heard = simulation.count_heard()
    simulation.board.buttons.hold(Button.STOP)
    simulation.advance(LONG_PRESS_NS)
    messages = simulation.since(heard)
    for channel, pitch in sounding:
        assert NoteOff(pitch=pitch, channel=channel) in messages
    last = messages[-16 * (len(PANIC) + 1) :]
    for channel in range(16):
        assert last[channel * 6 : channel * 6 + 6] == [
            *(ControlChange(control=control, value=0, channel=channel) for control in PANIC),
            PitchBend(bend=0, channel=channel),
        ]
    assert simulation.state() is State.IDLE
    assert simulation.board.synthesizer.sounding == set()
    simulation.board.keyboard.strike(74)
    assert simulation.board.synthesizer.sounding == {(KEYBOARD_CHANNEL, 74)}, "it plays on"


@pytest.mark.parametrize("button", [b for b in Button if b is not Button.STOP])
def test_no_other_button_panics(make_instrument: "MakeInstrument", button: Button) -> None:
    simulation = make_instrument(bundle=None)
    simulation.board.keyboard.strike(60)
    simulation.board.buttons.hold(button)
    simulation.engine.step()
    assert (KEYBOARD_CHANNEL, 60) in simulation.board.synthesizer.sounding


@pytest.mark.parametrize(("held_ms", "panics"), [(590, False), (600, True)])
def test_the_akm322s_own_stop_button_panics_when_it_is_held(
    make_instrument: "MakeInstrument", *, held_ms: int, panics: bool
) -> None:
    simulation = make_instrument(bundle=None)
    keyboard = simulation.board.keyboard
    keyboard.say(bytes((0xB0, 106, 127)))
    keyboard.strike(60)
    simulation.advance(held_ms * MS_NS)
    keyboard.say(bytes((0xB0, 106, 0)))
    simulation.advance(1000 * MS_NS)
    assert (simulation.board.synthesizer.sounding == set()) is panics
    keyboard.strike(62)
    simulation.advance(1000 * MS_NS)
    assert (KEYBOARD_CHANNEL, 62) in simulation.board.synthesizer.sounding, "once"


def test_panic_lets_go_of_what_nobody_remembers_striking() -> None:
    """The output itself keeps the account, whoever sends."""

    class Port:
        name = "port"

        def __init__(self) -> None:
            self.sent: list[MidiMessage] = []

        def open(self, on_change: object = None) -> None:
            del on_change

        def poll(self) -> None:
            """It stays."""

        def close(self) -> None:
            """It stays."""

        def send(self, message: MidiMessage) -> None:
            self.sent.append(message)

    port = Port()
    output = Output(port, lambda error: pytest.fail(str(error)))
    output.send(NoteOn(pitch=61, velocity=1, channel=5))
    output.send(NoteOn(pitch=60, velocity=1, channel=5))
    output.send(NoteOff(pitch=60, channel=5))
    port.sent.clear()
    output.panic()
    assert [m for m in port.sent if isinstance(m, NoteOff)] == [NoteOff(pitch=61, channel=5)]
    port.sent.clear()
    output.panic()
    assert not any(isinstance(message, NoteOff) for message in port.sent)


def test_a_keyboard_that_stops_saying_that_it_is_there_lets_go_of_its_keys_in_time(
    make_instrument: "MakeInstrument",
) -> None:
    simulation = make_instrument(bundle=None)
    for _ in range(4):
        simulation.board.keyboard.say(SENSING)
        simulation.advance(300 * MS_NS)
    simulation.board.keyboard.strike(60)
    simulation.advance(329 * MS_NS)
    assert simulation.board.synthesizer.sounding == {(KEYBOARD_CHANNEL, 60)}
    simulation.advance(2 * MS_NS)
    assert simulation.board.synthesizer.sounding == set()
    assert "silent" in simulation.sentence()
    simulation.board.keyboard.strike(62)
    simulation.advance(1000 * MS_NS)
    assert simulation.board.synthesizer.sounding == {(KEYBOARD_CHANNEL, 62)}, "until it is sensed"


def test_active_sensing_neither_wakes_the_owner_nor_the_display(
    make_instrument: "MakeInstrument", monkeypatch: pytest.MonkeyPatch
) -> None:
    simulation = make_instrument(bundle=None)
    woken: list[bool] = []
    monkeypatch.setattr(type(simulation.board.display), "wake", lambda _: woken.append(True))
    simulation.board.keyboard.say(SENSING + to_bytes(Realtime.CLOCK))
    assert not any(
        isinstance(event, MidiReceived) and event.message is Realtime.ACTIVE_SENSING
        for event in simulation.engine._queue._events
    )
    simulation.engine.step()
    assert not woken
    simulation.board.keyboard.strike(60)
    simulation.engine.step()
    assert woken


def test_held_notes_end_within_100_ms_of_an_unplug_and_it_plays_within_a_second_of_replug(
    make_instrument: "MakeInstrument",
) -> None:
    simulation = make_instrument(bundle=None)
    simulation.advance(50 * MS_NS)
    keyboard, synthesizer = simulation.board.keyboard, simulation.board.synthesizer
    keyboard.pedal(down=True)
    keyboard.strike(60)
    heard = simulation.count_heard()
    keyboard.unplug()
    simulation.advance(1 * MS_NS)
    assert synthesizer.sounding == set()
    pedal = ControlChange(control=64, value=0, channel=KEYBOARD_CHANNEL)
    assert pedal in simulation.since(heard), "or whatever comes next would never end"
    simulation.advance(50 * MS_NS)
    keyboard.plug_in()
    simulation.advance(1 * MS_NS)
    assert "connected" in simulation.sentence()
    keyboard.strike(64)
    assert synthesizer.sounding == {(KEYBOARD_CHANNEL, 64)}


def test_a_thousand_plugs_leave_no_note_no_event_and_no_open_file(
    make_instrument: "MakeInstrument",
) -> None:
    simulation = make_instrument(bundle=None)
    keyboard = simulation.board.keyboard
    before = len(list(Path("/proc/self/fd").iterdir())) if os.path.exists("/proc/self/fd") else 0
    for number in range(1000):
        keyboard.strike(36 + number % 48)
        keyboard.unplug()
        simulation.engine.step()
        assert simulation.board.synthesizer.sounding == set()
        keyboard.plug_in()
        simulation.engine.step()
    assert len(simulation.engine._queue) == 0
    assert simulation.engine.dropped == 0
    if before:
        assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_flood_of_plugs_waits_as_one_event(make_instrument: "MakeInstrument") -> None:
    simulation = make_instrument(bundle=None)
    for number in range(3000):
        simulation.engine.post(MidiReceived(NoteOff(pitch=number % 128, channel=3), number))
        simulation.engine.post(PortsChanged())
    waiting = sum(isinstance(event, PortsChanged) for event in simulation.engine._queue._events)
    assert 1 <= waiting <= 1024 // 2 + 1


def test_one_keyboard_that_goes_takes_no_others_keys_with_it() -> None:
    sent: list[MidiMessage] = []
    thru = Thru(sent.append)
    for keyboard, pitch in ((0, 60), (0, 64), (1, 64), (1, 67)):
        thru.feed(NoteOn(pitch=pitch, velocity=1), keyboard)
    for keyboard, pedal in ((0, 64), (0, 66), (1, 66)):
        thru.feed(ControlChange(control=pedal, value=127), keyboard)
    sent.clear()
    thru.release(0)
    assert sent == [
        NoteOff(pitch=60, channel=KEYBOARD_CHANNEL),
        ControlChange(control=64, value=0, channel=KEYBOARD_CHANNEL),
    ]
    thru.release(1)
    offs = [message for message in sent if isinstance(message, NoteOff)]
    assert [off.pitch for off in offs] == [60, 64, 67]
