"""The instrument in a terminal, for a person: its screen is drawn, the computer's keys play it."""

from collections.abc import Callable
from contextlib import ExitStack, closing, suppress

from firmware.config import Config
from firmware.devices.board import Board, SimulatedBoard, open_midi, simulated_board
from firmware.devices.fluidsynth import start_fluidsynth
from firmware.devices.midi_ports import MidiInput, MidiOutput
from firmware.devices.rtmidi_ports import running_apis
from firmware.devices.terminal_front import TerminalFront
from firmware.devices.terminal_keys import TerminalHands
from firmware.devices.terminal_modes import open_terminal, taken_over
from firmware.engine.choices import Choices
from firmware.engine.clock import SystemClock
from firmware.engine.control.access import spoken_to
from firmware.engine.events import StopRequested
from firmware.engine.run import engine_of, stopped_by_signals
from firmware.errors import DeviceError

News = Callable[[], tuple[str, ...]]


def run_live(config: Config, *, safe: bool = False, choices: Choices | None = None) -> None:
    """Run the instrument in this terminal until it is told to stop; it is silent then.

    Args:
        config: The maker's settings. Where they name a MIDI output, sound goes there; else
            FluidSynth makes it, if the machine has that and a sound device.
        safe: As for `run`.
        choices: What is left to chance.

    Raises:
        ContinuoError: If there is no terminal to draw in.
        OSError: If the terminal was taken away; all is silent then.
    """
    clock = SystemClock()
    terminal = open_terminal()
    with ExitStack() as stack:
        # The front is made after the engine, which ends when the front is lost.
        hands_on = simulated_board(
            clock.now_ns,
            on_frame=lambda frame: front.show(frame),  # noqa: PLW0108 - not there yet
            on_light=lambda lit: front.light(lit),  # noqa: PLW0108 - not there yet
        )
        board, news = _connected(hands_on, config, clock)
        try:
            engine = engine_of(board, config, clock, choices, safe=safe)
        except BaseException:
            board.close()  # its sound is a process already
            raise

        def stop() -> None:
            engine.post(StopRequested())

        hands = TerminalHands(
            keyboard=hands_on.keyboard,
            buttons=hands_on.buttons,
            knobs=hands_on.knobs,
            now_ns=clock.now_ns,
            stop=stop,
        )
        stack.enter_context(taken_over(terminal))
        stack.enter_context(stopped_by_signals(engine))
        front = TerminalFront(terminal, hands, news, stop)
        engine.open()
        stack.enter_context(closing(front))
        front.start()
        stack.enter_context(spoken_to(engine, config))
        engine.run()
    if isinstance(front.error, OSError):
        raise front.error
    if front.error is not None:
        raise DeviceError("the terminal is gone") from front.error


def _connected(hands_on: SimulatedBoard, config: Config, clock: SystemClock) -> tuple[Board, News]:
    """The board with what the machine has of MIDI and sound, and what is to be said of both."""
    keyboard, output, why_no_midi = _ports(config, clock)
    synthesizer, silence = _synthesizer(output, config)
    board = Board(
        keyboards=(hands_on.keyboard, keyboard) if keyboard else (hands_on.keyboard,),
        synthesizer=synthesizer or hands_on.synthesizer,
        buttons=hands_on.buttons,
        knobs=hands_on.knobs,
        display=hands_on.display,
        leds=hands_on.leds,
    )

    def news() -> tuple[str, ...]:
        heard = board.synthesizer.name or "what it goes to is gone"
        sound = f"Sound: {heard}" if not silence else f"No sound: {silence}"
        if keyboard is None:
            return sound, f"No MIDI keyboard: {why_no_midi}"
        return sound, f"MIDI keyboard: {keyboard.name or 'none yet, plug one in'}"

    return board, news


def _ports(config: Config, clock: SystemClock) -> tuple[MidiInput | None, MidiOutput | None, str]:
    if not running_apis():
        return None, None, "no ALSA sequencer (sudo modprobe snd-seq) and no JACK"
    try:
        return *open_midi(config, clock.now_ns), ""
    except DeviceError as error:
        return None, None, str(error)


def _synthesizer(output: MidiOutput | None, config: Config) -> tuple[MidiOutput | None, str]:
    """What makes the sound; None if nothing does, with the reason."""
    if output is not None and config.midi_output:
        return output, ""
    try:
        sound = start_fluidsynth()
    except DeviceError as error:
        if output is None:
            return None, str(error)
        output.open()
        if output.name is not None:
            return output, ""
        output.close()
        return None, str(error)
    if output is not None:
        with suppress(DeviceError):
            output.close()
    return sound, ""
