"""What the knobs and buttons of known keyboards mean: a table for each, and the look-up.

The names of buttons and parameters are neutral words here; the engine knows what they do.
A controller that no table has (volume, modulation, the pedal) goes on to the synthesizer.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from firmware.errors import ControlError
from firmware.midi.messages import ControlChange, MidiMessage

PRESSED_FROM: Final = 64
"""A button's value is 127 while it is down and 0 when it comes up."""
HIGHEST_VALUE: Final = 127
FIRST_CHANNEL_MODE: Final = 120
"""Controllers from here on are no knobs, but say "all notes off" and the like."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PressButton:
    """A button of the keyboard went down.

    Attributes:
        button: The panel's button that it stands for, by `devices.controls.Button`'s value.
    """

    button: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveKnob:
    """A knob of the keyboard was turned.

    Attributes:
        parameters: What it sets, by `ParameterSpec.key`: the one that the technique has.
        position: 0.0 at its left stop, 1.0 at its right stop.
    """

    parameters: tuple[str, ...]
    position: float


ControlAction = PressButton | MoveKnob


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What a player has taught a controller.

    Attributes:
        keyboard: Which one: its USB identity's key, or its name where it has none.
        control: The controller's number, 0..119.
        target: The button that it presses, or the parameter that it turns.
        is_button: Which of the two.

    Raises:
        ControlError: If the number is none of a controller's.
    """

    keyboard: str
    control: int
    target: str
    is_button: bool

    def __post_init__(self) -> None:
        if not 0 <= self.control < FIRST_CHANNEL_MODE:
            raise ControlError(
                f"a controller must be in 0..{FIRST_CHANNEL_MODE - 1}, got {self.control}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlMap:
    """The controllers of one keyboard.

    Attributes:
        name: What people call it.
        usb_id: Vendor and product, as `lsusb` prints them.
        lowest_pitch: Of its keys, before any octave button.
        highest_pitch: Of its keys.
        buttons: Controller number to button.
        knobs: Controller number to parameters, of which each technique has one.
    """

    name: str
    usb_id: str
    lowest_pitch: int
    highest_pitch: int
    buttons: Mapping[int, str]
    knobs: Mapping[int, tuple[str, ...]]

    def with_learned(self, learned: Iterable["Learned"]) -> "ControlMap":
        """The same with what was learned in place of what a controller meant, and of what did it.

        Args:
            learned: Of this keyboard; of two for one controller or one target the later holds.
        """
        buttons, knobs = dict(self.buttons), {c: set(keys) for c, keys in self.knobs.items()}
        for lesson in learned:
            buttons = {
                control: button
                for control, button in buttons.items()
                if control != lesson.control and button != lesson.target
            }
            knobs.pop(lesson.control, None)
            for keys in knobs.values():
                keys.discard(lesson.target)
            if lesson.is_button:
                buttons[lesson.control] = lesson.target
            else:
                knobs[lesson.control] = {lesson.target}
        return replace(
            self,
            buttons=MappingProxyType(buttons),
            knobs=MappingProxyType({c: tuple(sorted(keys)) for c, keys in knobs.items() if keys}),
        )

    def lookup(self, message: MidiMessage) -> ControlAction | None:
        """What a message means on this keyboard, or None if it is no business of the panel.

        A button that comes up means nothing.
        """
        if not isinstance(message, ControlChange):
            return None
        button = self.buttons.get(message.control)
        if button is not None and message.value >= PRESSED_FROM:
            return PressButton(button=button)
        parameters = self.knobs.get(message.control)
        if parameters is not None:
            return MoveKnob(parameters=parameters, position=message.value / HIGHEST_VALUE)
        return None

    def is_panel(self, message: MidiMessage) -> bool:
        """Whether a message is the panel's business and must not reach the synthesizer."""
        return isinstance(message, ControlChange) and (
            message.control in self.buttons or message.control in self.knobs
        )


AKM322: Final = ControlMap(
    name="MIDIPLUS AKM322",
    usb_id="1acc:1533",
    lowest_pitch=41,
    highest_pitch=72,
    buttons=MappingProxyType({105: "play", 106: "stop", 107: "record"}),
    knobs=MappingProxyType(
        {
            # The encoder, taken for absolute as the knobs are.
            10: ("sampling_iterations", "genre", "style"),
            21: ("creative_risk",),
            22: ("max_input_notes_removed", "model", "sampling_threshold"),
            23: ("max_notes_added", "seed", "track_extension_duration"),
        }
    ),
)

UNKNOWN: Final = ControlMap(
    name="Keyboard",
    usb_id="",
    lowest_pitch=0,
    highest_pitch=127,
    buttons=MappingProxyType({}),
    knobs=MappingProxyType({}),
)
"""One of which nothing is known, until it is taught."""

CONTROL_MAPS: Mapping[str, ControlMap] = MappingProxyType({AKM322.usb_id: AKM322})
"""Known keyboards by USB identity."""
