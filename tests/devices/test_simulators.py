"""The simulated devices obey the rules of real ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from firmware.devices.board import simulated_board
from firmware.devices.buttons import BOUNCE_NS, SimulatedButtons
from firmware.devices.controls import Button, Knob, Led
from firmware.devices.display import HEIGHT, WIDTH, SimulatedDisplay
from firmware.devices.knobs import SimulatedKnobs
from firmware.devices.midi_ports import PortChange, SimulatedKeyboard, SimulatedSynthesizer
from firmware.errors import DeviceError
from firmware.midi.messages import ControlChange, MidiMessage, NoteOff, NoteOn, Realtime

MS_NS = 1_000_000


def now_ns() -> int:
    return 42


def open_keyboard() -> tuple[SimulatedKeyboard, list[tuple[MidiMessage, int]]]:
    heard: list[tuple[MidiMessage, int]] = []
    keyboard = SimulatedKeyboard(now_ns)
    keyboard.open(lambda message, at_ns: heard.append((message, at_ns)))
    return keyboard, heard


def test_a_key_speaks_midi_bytes_and_lets_go_with_velocity_zero() -> None:
    keyboard, heard = open_keyboard()
    keyboard.strike(60, velocity=90)
    keyboard.release(60)
    assert heard == [(NoteOn(pitch=60, velocity=90), 42), (NoteOff(pitch=60), 42)]


def test_bytes_go_through_the_real_parser_with_running_status_and_clocks() -> None:
    """A note-on, a clock byte inside of the next one, which has no status of its own."""
    keyboard, heard = open_keyboard()
    keyboard.say(bytes((0x90, 60, 90, 62)))
    keyboard.say(bytes((0xF8, 91)))
    assert [message for message, _ in heard] == [
        NoteOn(pitch=60, velocity=90),
        Realtime.CLOCK,
        NoteOn(pitch=62, velocity=91),
    ]


def test_an_unplugged_keyboard_is_silent_and_its_coming_and_going_is_told_once() -> None:
    keyboard, heard = open_keyboard()
    assert keyboard.poll() is None
    keyboard.unplug()
    keyboard.strike(60)
    assert keyboard.name is None
    assert keyboard.poll() == PortChange(name="Simulated AKM322", is_there=False)
    assert keyboard.poll() is None
    keyboard.plug_in()
    assert keyboard.poll() == PortChange(name="Simulated AKM322", is_there=True)
    keyboard.strike(61)
    assert [message for message, _ in heard] == [NoteOn(pitch=61, velocity=80)]


def test_a_synthesizer_that_is_unplugged_fails_until_it_was_looked_for() -> None:
    synthesizer = SimulatedSynthesizer(now_ns)
    synthesizer.open()
    synthesizer.send(NoteOn(pitch=60, velocity=1))
    synthesizer.unplug()
    with pytest.raises(DeviceError, match="does not answer"):
        synthesizer.send(NoteOff(pitch=60))
    assert synthesizer.poll() == PortChange(name="Simulated synthesizer", is_there=False)
    synthesizer.send(NoteOff(pitch=60))
    assert synthesizer.sounding == set()
    assert len(synthesizer.heard) == 1


def test_all_sound_off_silences_one_channel() -> None:
    synthesizer = SimulatedSynthesizer(now_ns)
    synthesizer.open()
    for channel in (0, 1):
        synthesizer.send(NoteOn(pitch=60, velocity=1, channel=channel))
    synthesizer.send(ControlChange(control=120, value=0, channel=1))
    assert synthesizer.sounding == {(0, 60)}


@given(
    chatter=st.lists(st.integers(1, BOUNCE_NS // 20), max_size=15),
    held_ns=st.integers(20 * MS_NS, 3000 * MS_NS),
)
def test_a_bouncing_contact_is_one_press(chatter: list[int], held_ns: int) -> None:
    """It chatters when it closes and when it opens, each time for less than it rests between."""
    presses: list[tuple[Button, int]] = []
    buttons = SimulatedButtons(now_ns)
    buttons.open(lambda button, at_ns: presses.append((button, at_ns)))
    edges: list[tuple[int, bool]] = []
    at_ns = 0
    for begins_closed in (True, False):
        edges.append((at_ns, begins_closed))
        for index, pause_ns in enumerate(chatter):
            at_ns += pause_ns
            edges.append((at_ns, begins_closed == bool(index % 2)))
        at_ns += held_ns
    buttons.bounce(Button.PLAY, edges)
    buttons.bounce(Button.PLAY, [(at_ns, True)])
    assert presses == [(Button.PLAY, 0), (Button.PLAY, at_ns)]


def test_a_knob_turns_click_by_click_both_ways() -> None:
    turns: list[tuple[Knob, int, int]] = []
    knobs = SimulatedKnobs(now_ns)
    knobs.open(lambda knob, clicks, at_ns: turns.append((knob, clicks, at_ns)))
    knobs.turn(Knob.VALUE, 2)
    knobs.turn(Knob.TEMPO, -1)
    assert turns == [(Knob.VALUE, 1, 42), (Knob.VALUE, 1, 42), (Knob.TEMPO, -1, 42)]


def test_a_display_tells_new_frames_only_and_is_blank_after_it_was_unplugged() -> None:
    frames: list[Image.Image] = []
    display = SimulatedDisplay(frames.append)
    dark, light = (Image.new("1", (WIDTH, HEIGHT), colour) for colour in (0, 255))
    for image in (dark, dark, light):
        display.show(image)
    assert [frame.getpixel((0, 0)) for frame in frames] == [0, 255]
    display.unplug()
    with pytest.raises(DeviceError):
        display.show(dark)
    display.plug_in()
    assert display.image is None
    display.show(light)
    assert len(frames) == 3, "the same image again is a new frame on a blank screen"


def test_a_display_refuses_what_is_no_frame() -> None:
    with pytest.raises(ValueError, match="128x64"):
        SimulatedDisplay().show(Image.new("L", (WIDTH, HEIGHT)))


def test_a_closed_board_is_dark_and_tells_nothing() -> None:
    board = simulated_board(now_ns)
    heard: list[object] = []
    board.keyboard.open(lambda *event: heard.append(event))
    board.buttons.open(lambda *event: heard.append(event))
    board.knobs.open(lambda *event: heard.append(event))
    board.leds.light(Led.PLAY, on=True)
    board.display.show(Image.new("1", (WIDTH, HEIGHT)))
    board.close()
    board.keyboard.strike(60)
    board.buttons.press(Button.PLAY)
    board.knobs.turn(Knob.VALUE, 1)
    assert heard == []
    assert board.leds.lit == set()
    assert board.display.image is None
