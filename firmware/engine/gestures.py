"""What hands do: keys, the board's buttons and knobs, and those of the keyboard.

Devices hear it on their own threads and post it; the owner takes it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from firmware.devices.board import Board
from firmware.devices.controls import Button
from firmware.engine.events import (
    ButtonHeld,
    ButtonPressed,
    Event,
    KnobTurned,
    MidiReceived,
    PortsChanged,
    WiresMoved,
)
from firmware.engine.examiner import Examiner
from firmware.engine.panel_control import PanelControl
from firmware.engine.ports import Ports
from firmware.midi.control_maps import ControlMap, MoveKnob, PressButton
from firmware.midi.messages import MidiMessage, Realtime
from firmware.panel.keys import Dial, Key

Gesture = MidiReceived | ButtonPressed | ButtonHeld | KnobTurned | WiresMoved


@dataclass(frozen=True, slots=True, kw_only=True)
class Gestures:
    """From the devices to the instrument and its panel.

    Attributes:
        board: Whose buttons and knobs they are, and whose display wakes.
        ports: The keyboards, and what they play on.
        panel: Takes keys and dials.
        examiner: Tests what is wired.
        post: Has an event taken; from any thread, returns at once.
    """

    board: Board
    ports: Ports
    panel: PanelControl
    examiner: Examiner
    post: Callable[[Event], None]

    def open(self) -> None:
        """Connect the devices.

        Raises:
            ContinuoError: If one that must be there is not.
        """
        post = self.post
        self.ports.open(self._hear, lambda: post(PortsChanged()))
        self.board.buttons.open(
            lambda button, at_ns: post(ButtonPressed(button, at_ns)),
            lambda button, at_ns: post(ButtonHeld(button, at_ns)),
        )
        self.board.knobs.open(lambda knob, clicks, at_ns: post(KnobTurned(knob, clicks, at_ns)))

    def take(self, gesture: Gesture, now_ns: int) -> None:
        """Take one that was posted."""
        match gesture:
            case MidiReceived():
                self._take_midi(gesture, now_ns)
            case ButtonPressed(button=button):
                self.panel.press(Key(button.value), now_ns)
            case ButtonHeld(button=Button.STOP) if not self.examiner.is_asking:
                self.ports.panic(now_ns)
            case ButtonHeld():  # of another one; its press was all
                pass
            case KnobTurned(knob=knob, clicks=clicks):
                self.panel.turn(Dial(knob.value), clicks, now_ns)
            case WiresMoved():
                self.examiner.take(now_ns)

    def _hear(self, keyboard: int, message: MidiMessage, at_ns: int) -> None:
        """A key sounds here and now, on the keyboard's thread; the owner takes it later."""
        if self.ports.keyboards.is_music(keyboard, message):
            self.ports.instrument.thru.feed(message, keyboard)
        self.post(MidiReceived(message, at_ns, keyboard))

    def _take_midi(self, event: MidiReceived, now_ns: int) -> None:
        keyboards, instrument = self.ports.keyboards, self.ports.instrument
        if isinstance(event.message, Realtime):  # a clock is no hand
            self.ports.clocks.hear(event.message, event.at_ns)
            return
        self.board.display.wake()
        lesson = keyboards.learn(event.keyboard, event.message)
        if lesson is not None:
            instrument.tell(f"Learned: controller {lesson.control}", "", now_ns)
            return
        keyboards.note_stop(event.keyboard, event.message, event.at_ns)
        panel = keyboards.panel_of(event.keyboard, event.message)
        if panel is None:
            instrument.hear(event.message, event.at_ns, event.keyboard)
        else:
            self._control(panel, event.message, now_ns)

    def _control(self, control_map: ControlMap, message: MidiMessage, now_ns: int) -> None:
        """The keyboard's own buttons and knobs."""
        match control_map.lookup(message):
            case PressButton(button=button):
                self.panel.press(Key(button), now_ns)
            case MoveKnob(parameters=keys, position=position):
                self.panel.move(keys, position, now_ns)
            case None:  # a button that comes up
                pass
