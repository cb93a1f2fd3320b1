"""The one factory: which devices an instrument has is decided here and nowhere else.

A MIDI system is a row in `rtmidi_ports.APIS`, a front panel a row in `PANEL_DRIVERS`; whatever has
no row is simulated or refused.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from firmware.config import Config
from firmware.devices.buttons import Buttons, SimulatedButtons
from firmware.devices.display import Display, FrameListener, SimulatedDisplay
from firmware.devices.knobs import Knobs, SimulatedKnobs
from firmware.devices.leds import Leds, SimulatedLeds
from firmware.devices.midi_ports import (
    MidiInput,
    MidiOutput,
    SimulatedKeyboard,
    SimulatedSynthesizer,
)
from firmware.devices.rtmidi_ports import RtMidiInput, RtMidiOutput, running_apis
from firmware.errors import DeviceError

NowNs = Callable[[], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """The devices of one instrument.

    Attributes:
        keyboards: Where notes come from.
        synthesizer: Where notes go to.
        buttons: Of the front panel.
        knobs: Of the front panel.
        display: Of the front panel.
        leds: Of the front panel.
    """

    keyboards: tuple[MidiInput, ...]
    synthesizer: MidiOutput
    buttons: Buttons
    knobs: Knobs
    display: Display
    leds: Leds

    def close(self) -> None:
        """Let go of every device, what could still post something first."""
        for keyboard in self.keyboards:
            keyboard.close()
        self.buttons.close()
        self.knobs.close()
        self.synthesizer.close()
        self.display.close()
        self.leds.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedBoard(Board):
    """Devices with physical verbs: strike, press, turn, unplug, look.

    Attributes:
        keyboard: The simulated one of the keyboards.
    """

    keyboard: SimulatedKeyboard
    synthesizer: SimulatedSynthesizer
    buttons: SimulatedButtons
    knobs: SimulatedKnobs
    display: SimulatedDisplay
    leds: SimulatedLeds


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontPanel:
    """The devices that a hand touches and an eye sees."""

    buttons: Buttons
    knobs: Knobs
    display: Display
    leds: Leds


PANEL_DRIVERS: Mapping[str, Callable[[Config, NowNs], FrontPanel]] = MappingProxyType({})
"""Front panels with drivers, in order of preference."""


def simulated_board(now_ns: NowNs, *, on_frame: FrameListener | None = None) -> SimulatedBoard:
    """An instrument without hardware.

    Args:
        now_ns: The clock of its devices.
        on_frame: Called with every new frame of its display.
    """
    keyboard = SimulatedKeyboard(now_ns)
    return SimulatedBoard(
        keyboards=(keyboard,),
        keyboard=keyboard,
        synthesizer=SimulatedSynthesizer(now_ns),
        buttons=SimulatedButtons(now_ns),
        knobs=SimulatedKnobs(now_ns),
        display=SimulatedDisplay(on_frame),
        leds=SimulatedLeds(),
    )


def with_midi(board: Board, keyboard: MidiInput, synthesizer: MidiOutput) -> Board:
    """The same board with one keyboard more and another synthesizer."""
    return Board(
        keyboards=(*board.keyboards, keyboard),
        synthesizer=synthesizer,
        buttons=board.buttons,
        knobs=board.knobs,
        display=board.display,
        leds=board.leds,
    )


def open_midi(config: Config, now_ns: NowNs) -> tuple[MidiInput, MidiOutput]:
    """The real MIDI ports of this machine.

    Raises:
        DeviceError: If no MIDI system runs here or its library is missing.
    """
    running = running_apis()
    if not running:
        raise DeviceError(
            "no MIDI system runs here", remedy="load ALSA's snd-seq module or start JACK"
        )
    api = running[0]
    return (
        RtMidiInput(api=api, wanted=config.midi_input, now_ns=now_ns),
        RtMidiOutput(api=api, wanted=config.midi_output),
    )


def open_board(config: Config, now_ns: NowNs) -> Board:
    """The real instrument.

    Raises:
        DeviceError: If its front panel or its MIDI ports are not there.
    """
    for driver in PANEL_DRIVERS.values():
        panel = driver(config, now_ns)
        keyboard, synthesizer = open_midi(config, now_ns)
        return Board(
            keyboards=(keyboard,),
            synthesizer=synthesizer,
            buttons=panel.buttons,
            knobs=panel.knobs,
            display=panel.display,
            leds=panel.leds,
        )
    raise DeviceError(
        "this firmware has no driver for a front panel yet",
        remedy="`continuo run --simulate` has a simulated one and uses real MIDI ports",
    )
