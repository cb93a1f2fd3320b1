"""What the knobs and buttons of known keyboards mean: a table for each, and the look-up.

The names of buttons and parameters are neutral words here; the engine knows what they do.
A controller that no table has (volume, modulation, the pedal) goes on to the synthesizer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from firmware.midi.messages import ControlChange, MidiMessage

PRESSED_FROM: Final = 64
"""A button's value is 127 while it is down and 0 when it comes up."""
HIGHEST_VALUE: Final = 127


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

CONTROL_MAPS: Mapping[str, ControlMap] = MappingProxyType({AKM322.usb_id: AKM322})
"""Known keyboards by USB identity."""
