"""The one factory: which devices an instrument has is decided here and nowhere else.

A MIDI system is a row in `rtmidi_ports.APIS`; a front panel is a board file.
"""

import logging
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from firmware.config import Config
from firmware.devices.alsa_ports import PLACES, AlsaSequencer
from firmware.devices.board_file import load_board
from firmware.devices.buttons import Buttons, SimulatedButtons
from firmware.devices.display import Display, FrameListener, SimulatedDisplay
from firmware.devices.front_panel import FrontPanel, open_front_panel
from firmware.devices.gpio_lines import open_lines
from firmware.devices.knobs import Knobs, SimulatedKnobs
from firmware.devices.leds import Leds, LightListener, SimulatedLeds
from firmware.devices.loops import Loop
from firmware.devices.midi_ports import (
    MidiInput,
    MidiOutput,
    SimulatedKeyboard,
    SimulatedSynthesizer,
)
from firmware.devices.rtmidi_ports import RtMidiInput, RtMidiOutput, running_apis
from firmware.devices.usb_gadget_midi import GadgetMidi, WithComputer
from firmware.devices.wires import SimulatedWires, Wires
from firmware.devices.wiring import BoardFile
from firmware.errors import DeviceError

NowNs = Callable[[], int]
_LOG = logging.getLogger(__name__)


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
        loops: Of the threads that it hangs on.
        wires: What its parts are wired to, or None where nothing is.
    """

    keyboards: tuple[MidiInput, ...]
    synthesizer: MidiOutput
    buttons: Buttons
    knobs: Knobs
    display: Display
    leds: Leds
    loops: tuple[Loop, ...] = ()
    wires: Wires | None = None

    def close(self) -> None:
        """Let go of every device, what could still post something first.

        Raises:
            ContinuoError: If one does not let go; the others do nevertheless.
        """
        with ExitStack() as stack:  # its last is called first
            stack.callback(self.leds.close)
            stack.callback(self.display.close)
            stack.callback(self.synthesizer.close)
            stack.callback(self.knobs.close)
            stack.callback(self.buttons.close)
            for keyboard in reversed(self.keyboards):
                stack.callback(keyboard.close)


@dataclass(frozen=True, slots=True, kw_only=True)
class WiredBoard(Board):
    """A board with a real front panel.

    Attributes:
        panel: The front panel, whose lines are let go of last.
    """

    panel: FrontPanel

    def close(self) -> None:
        """See `Board.close`."""
        try:
            Board.close(self)
        finally:
            self.panel.lines.close()


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
    wires: SimulatedWires | None = None


def simulated_board(
    now_ns: NowNs,
    *,
    on_frame: FrameListener | None = None,
    on_light: LightListener | None = None,
    wired: BoardFile | None = None,
) -> SimulatedBoard:
    """An instrument without hardware.

    Args:
        now_ns: The clock of its devices.
        on_frame: Called with every new frame of its display.
        on_light: Called with the lights that are on, when that changes.
        wired: What its front panel is wired like, for the test of that.
    """
    keyboard = SimulatedKeyboard(now_ns)
    buttons, knobs = SimulatedButtons(now_ns), SimulatedKnobs(now_ns)
    return SimulatedBoard(
        keyboards=(keyboard,),
        keyboard=keyboard,
        synthesizer=SimulatedSynthesizer(now_ns),
        buttons=buttons,
        knobs=knobs,
        display=SimulatedDisplay(on_frame),
        leds=SimulatedLeds(on_light),
        wires=SimulatedWires(wired, buttons, knobs, now_ns) if wired else None,
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
        wires=board.wires,
    )


def open_midi(config: Config, now_ns: NowNs) -> tuple[MidiInput, MidiOutput]:
    """The real MIDI ports of this machine: a keyboard and a synthesizer.

    Raises:
        DeviceError: If no MIDI system runs here or its library is missing.
    """
    keyboards, synthesizer = open_keyboards(config, now_ns, places=1)
    return keyboards[0], synthesizer


def open_keyboards(
    config: Config, now_ns: NowNs, *, places: int = PLACES
) -> tuple[tuple[MidiInput, ...], MidiOutput]:
    """The real MIDI ports of this machine.

    Args:
        config: Which are wanted.
        now_ns: Their clock.
        places: Keyboards at a time; without alsa-midi there is one.

    Raises:
        DeviceError: If no MIDI system runs here or its library is missing.
    """
    running = running_apis()
    if not running:
        raise DeviceError(
            "no MIDI system runs here", remedy="load ALSA's snd-seq module or start JACK"
        )
    api = running[0]
    if api == "alsa":
        computer = GadgetMidi()
        try:
            sequencer = AlsaSequencer(
                midi_input=config.midi_input,
                midi_output=config.midi_output,
                now_ns=now_ns,
                places=places,
                speaking=computer.speaking,
            )
        except DeviceError as error:  # without it no plug is announced, but all else works
            _LOG.warning("%s", error)
        else:
            return sequencer.inputs, WithComputer(sequencer.output, computer)
    return (
        (RtMidiInput(api=api, wanted=config.midi_input, now_ns=now_ns),),
        RtMidiOutput(api=api, wanted=config.midi_output),
    )


def open_board(config: Config, now_ns: NowNs) -> Board:
    """The real instrument.

    Raises:
        ConfigError: If its board file cannot be.
        DeviceError: If its front panel or its MIDI ports are not there.
    """
    board_file = load_board(config.board)
    try:
        panel = open_front_panel(board_file, open_lines(), now_ns)
    except DeviceError as error:
        raise DeviceError(
            error.message, remedy=f"{error.remedy}; without a panel, `continuo run --simulate`"
        ) from error
    return _wired(panel, config, now_ns)


def _wired(panel: FrontPanel, config: Config, now_ns: NowNs) -> Board:
    with ExitStack() as stack:
        stack.callback(panel.lines.close)
        stack.callback(panel.display.close)
        keyboards, synthesizer = open_keyboards(config, now_ns)
        stack.pop_all()
    return WiredBoard(
        keyboards=keyboards,
        synthesizer=synthesizer,
        buttons=panel.buttons,
        knobs=panel.knobs,
        display=panel.display,
        leds=panel.leds,
        loops=panel.loops,
        wires=panel.wires,
        panel=panel,
    )
