"""Switch the instrument on, in real time, until Ctrl-C or SIGTERM."""

import signal
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TextIO

from firmware.config import Config
from firmware.devices.board import Board, open_board, open_midi, simulated_board, with_midi
from firmware.devices.rtmidi_ports import running_apis
from firmware.devices.terminal import TerminalScreen
from firmware.engine.clock import Clock, SystemClock
from firmware.engine.console import Console
from firmware.engine.engine import Choices, Engine
from firmware.engine.events import StopRequested
from firmware.errors import DeviceError
from firmware.library.store import Library

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def run(
    config: Config,
    *,
    simulate: bool,
    choices: Choices | None = None,
    commands: TextIO | None = None,
    output: TextIO | None = None,
) -> None:
    """Run the instrument until it is told to stop; it is silent then.

    Args:
        config: The maker's settings.
        simulate: Whether the front panel is simulated: drawn in the terminal, its buttons
            pressed by typed commands. MIDI ports are real where there are any.
        choices: What is left to chance.
        commands: Where typed commands come from; standard input by default.
        output: Where lines and the panel go; standard output by default.

    Raises:
        ContinuoError: If a device that must be there is not.
    """
    clock = SystemClock()
    if simulate:
        _run_simulated(config, clock, choices, commands or sys.stdin, output or sys.stdout)
        return
    board = open_board(config, clock.now_ns)
    engine = Engine(board, _library(config), clock, config, choices)
    with _stopped_by_signals(engine):
        engine.open()
        _say(output or sys.stdout, _ready(board))
        engine.run()


def _run_simulated(
    config: Config, clock: Clock, choices: Choices | None, commands: TextIO, output: TextIO
) -> None:
    with closing(TerminalScreen(output)) as screen:
        hands = simulated_board(clock.now_ns, on_frame=screen.show)
        board, introduction = _with_real_ports(hands, config, clock)
        engine = Engine(board, _library(config), clock, config, choices)
        console = Console(
            commands.fileno(),
            hands,
            say=lambda text: _say(output, text),
            stop=lambda: engine.post(StopRequested()),
        )
        with _stopped_by_signals(engine):
            engine.open()
            _say(output, f"{introduction}{_ready(board)}; type help for its commands")
            with closing(console):
                console.start()
                engine.run()


def _with_real_ports(board: Board, config: Config, clock: Clock) -> tuple[Board, str]:
    """The board with real MIDI ports where there are any, and what is to be said about it."""
    if not running_apis():
        return board, ""  # as on most desktops; its ports' names say that they are simulated
    try:
        keyboard, synthesizer = open_midi(config, clock.now_ns)
    except DeviceError as error:
        return board, f"MIDI is simulated, since {error}\n"
    return with_midi(board, keyboard, synthesizer), ""


def _library(config: Config) -> Library:
    library = Library(config.library)
    library.sweep()
    return library


def _ready(board: Board) -> str:
    keyboards = " and ".join(k.name for k in board.keyboards if k.name) or "no keyboard yet"
    synthesizer = board.synthesizer.name or "no synthesizer yet"
    return f"Continuo is ready: {keyboards}, {synthesizer}; Ctrl-C ends it"


def _say(output: TextIO, text: str) -> None:
    output.write(f"{text}\n")
    output.flush()


@contextmanager
def _stopped_by_signals(engine: Engine) -> Iterator[None]:
    """Turn Ctrl-C and SIGTERM into an event, and give the signals back afterwards."""
    before = {
        number: signal.signal(number, lambda *_: engine.post(StopRequested()))
        for number in _STOP_SIGNALS
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
