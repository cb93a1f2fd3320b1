"""Switch the instrument on, in real time, until Ctrl-C or SIGTERM."""

import io
import logging
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import TextIO

from firmware.config import Config
from firmware.devices.board import Board, open_board, open_midi, simulated_board, with_midi
from firmware.devices.rtmidi_ports import running_apis
from firmware.devices.terminal import TerminalScreen
from firmware.engine.choices import Choices
from firmware.engine.clock import Clock, SystemClock
from firmware.engine.console import Console
from firmware.engine.control.access import spoken_to
from firmware.engine.engine import Engine
from firmware.engine.events import OutputFailed, StopRequested
from firmware.engine.service import Service
from firmware.engine.service_switches import ssh_switch
from firmware.engine.sound_watch import sound_watched
from firmware.errors import DeviceError, LibraryError
from firmware.library.notebook import MEMORY_FOLDER, Notebook
from firmware.library.restore import finish_restore
from firmware.library.stick_status import STICKS
from firmware.library.store import Library

_LOG = logging.getLogger(__name__)

# The last is a terminal's whose window was closed, unless nohup had it ignored.
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(
    config: Config,
    *,
    simulate: bool,
    safe: bool = False,
    choices: Choices | None = None,
    commands: TextIO | None = None,
    output: TextIO | None = None,
) -> None:
    """Run the instrument until it is told to stop; it is silent then.

    Args:
        config: The maker's settings.
        simulate: Whether the front panel is simulated: drawn in the terminal, its buttons
            pressed by typed commands. MIDI ports are real where there are any.
        safe: Whether it begins in safe mode: with defaults, and no model loaded ahead.
        choices: What is left to chance.
        commands: Where typed commands come from; standard input by default. Where there is
            none, and after its end, the instrument goes on without.
        output: Where lines and the panel go; standard output by default.

    Raises:
        ContinuoError: If a device that must be there is not.
        OSError: If the output was taken away while the panel was shown there; all is silent then.
    """
    clock = SystemClock()
    output = output or sys.stdout
    if simulate:
        if output is None:
            raise DeviceError(
                "there is nothing to show the panel on: standard output is closed",
                remedy="run it in a terminal, or with > FILE",
            )
        _run_simulated(config, clock, choices, commands or sys.stdin, output, safe=safe)
        return
    board = open_board(config, clock.now_ns)
    with closing(Service(clock)) as service:
        choices = replace(
            choices or Choices(),
            sticks=STICKS,
            ssh=ssh_switch(config.library),
            loses_power=service.can_switch_machine_off,
        )
        engine = engine_of(board, config, clock, choices, safe=safe)
        with stopped_by_signals(engine) as was_told:
            engine.open()
            if output is not None:
                with suppress(OSError):  # it has a panel of its own
                    _say(output, _ready(board))
            with spoken_to(engine, config), _heard(engine, board, service):
                service.run(engine, partial(_status, engine, board))
            if not was_told.is_set():
                service.switch_machine_off()


@contextmanager
def _heard(engine: Engine, board: Board, service: Service) -> Iterator[None]:
    """See to it that the synthesizer is heard, where both are services of systemd."""
    if not service.is_ours:
        yield
        return

    def tell(message: str, remedy: str) -> None:
        engine.post(OutputFailed(message=message, remedy=remedy))

    with sound_watched(board.synthesizer, start_again=service.start_sound_again, tell=tell):
        yield


def engine_of(
    board: Board, config: Config, clock: Clock, choices: Choices | None, *, safe: bool
) -> Engine:
    """An engine with the library and the memory that the settings name."""
    return Engine(
        board,
        library_of(config),
        clock,
        config,
        choices,
        notebook=notebook_of(config),
        wants_safe=safe,
    )


class _Terminal:
    """Lines for whoever looks; when nobody does any more, that is remembered and told once.

    Args:
        output: Where they go.
        on_lost: Called on whatever thread finds it out.
    """

    def __init__(self, output: TextIO, on_lost: Callable[[], None]) -> None:
        self._output = output
        self._on_lost = on_lost
        self.error: OSError | None = None

    def say(self, text: str) -> None:
        try:
            _say(self._output, text)
        except OSError as error:
            self.lose(error)

    def lose(self, error: OSError) -> None:
        if self.error is None:
            self.error = error
            self._on_lost()


def _run_simulated(
    config: Config,
    clock: Clock,
    choices: Choices | None,
    commands: TextIO | None,
    output: TextIO,
    *,
    safe: bool,
) -> None:
    with ExitStack() as stack:
        # The screen is opened after the engine is made, which ends when the screen is lost.
        hands = simulated_board(
            clock.now_ns,
            on_frame=lambda image: screen.show(image),  # noqa: PLW0108 - not there yet
        )
        board, introduction = _with_real_ports(hands, config, clock)
        engine = engine_of(board, config, clock, choices, safe=safe)

        def stop() -> None:
            engine.post(StopRequested())

        terminal = _Terminal(output, on_lost=stop)
        screen = stack.enter_context(closing(TerminalScreen(output, terminal.lose)))
        stack.enter_context(stopped_by_signals(engine))
        engine.open()
        terminal.say(f"{introduction}{_ready(board)}; type help for its commands")
        descriptor = _descriptor(commands)
        if descriptor is not None:
            console = stack.enter_context(closing(Console(descriptor, hands, terminal.say, stop)))
            console.start()
        stack.enter_context(spoken_to(engine, config))
        service = stack.enter_context(closing(Service(clock)))
        service.run(engine, partial(_status, engine, board))
    if terminal.error is not None:
        raise terminal.error


def _descriptor(commands: TextIO | None) -> int | None:
    """Where a thread can read commands, or None if there is nowhere."""
    if commands is None:
        return None
    with suppress(io.UnsupportedOperation):
        return commands.fileno()
    return None


def _with_real_ports(board: Board, config: Config, clock: Clock) -> tuple[Board, str]:
    """The board with real MIDI ports where there are any, and what is to be said about it."""
    if not running_apis():
        return board, ""  # as on most desktops; its ports' names say that they are simulated
    try:
        keyboard, synthesizer = open_midi(config, clock.now_ns)
    except DeviceError as error:
        return board, f"MIDI is simulated, since {error}\n"
    return with_midi(board, keyboard, synthesizer), ""


def library_of(config: Config) -> Library:
    """The library, without what a power cut left half done."""
    try:
        finish_restore(config.library)
    except LibraryError as error:  # there is still what there was, or most of what shall be
        _LOG.error("%s", error)
    library = Library(config.library)
    library.sweep()
    return library


def notebook_of(config: Config) -> Notebook:
    """Where the instrument remembers, beside its compositions."""
    return Notebook(config.library / MEMORY_FOLDER)


def _ready(board: Board) -> str:
    return f"Continuo is ready: {_connected(board)}; Ctrl-C ends it"


def _status(engine: Engine, board: Board) -> str:
    return f"{engine.instrument.state}; {_connected(board)}"


def _connected(board: Board) -> str:
    keyboards = " and ".join(k.name for k in board.keyboards if k.name) or "no keyboard yet"
    return f"{keyboards}, {board.synthesizer.name or 'no synthesizer yet'}"


def _say(output: TextIO, text: str) -> None:
    output.write(f"{text}\n")
    output.flush()


@contextmanager
def stopped_by_signals(engine: Engine) -> Iterator[threading.Event]:
    """Turn the signals into an event, and give them back afterwards.

    Yields:
        Whether one came: else it was the player who switched the instrument off.
    """
    was_told = threading.Event()

    def stop(*_: object) -> None:
        was_told.set()
        engine.post(StopRequested())

    before = {
        number: signal.signal(number, stop)
        for number in _STOP_SIGNALS
        if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield was_told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
