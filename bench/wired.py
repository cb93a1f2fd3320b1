"""An instrument with the full board: real drivers and a real clock, on simulated lines and bus.

A simulated header stands for the Pi's lines, and at the end of luma's driver is a bus that takes
as long as I²C does. Everything between is the instrument as it runs on a Pi, its engine on a thread
of its own and its worker in a process. `python -m bench.wired FOLDER` runs one that nobody touches.
"""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image

from firmware.config import Config
from firmware.devices.board import WiredBoard, open_midi
from firmware.devices.board_file import load_board
from firmware.devices.buttons import BOUNCE_NS, LONG_PRESS_NS
from firmware.devices.display import Display
from firmware.devices.front_panel import open_front_panel
from firmware.devices.gpio_lines import Lines
from firmware.devices.luma_panel import LumaPanel
from firmware.devices.midi_ports import SimulatedKeyboard, SimulatedSynthesizer
from firmware.devices.simulated_header import SimulatedHeader
from firmware.devices.wiring import BoardFile
from firmware.engine.clock import SystemClock
from firmware.engine.engine import Engine
from firmware.engine.events import StopRequested
from firmware.engine.run import engine_of
from firmware.errors import WorkerError

I2C_HZ: Final = 400_000
BOARD: Final = "full"
STOP_S: Final = 20.0

_BITS: Final = 9  # of a byte on I²C, with its acknowledgement
_HEADER: Final = 2  # bytes: the address, and whether commands or content follow


class SlowBus:
    """luma's serial interface to a chip that takes everything, as slowly as I²C is.

    Attributes:
        written: (When its last bit was through, what) of every row of pixels, in order.
    """

    def __init__(self) -> None:
        self.written: list[tuple[int, bytes]] = []

    def command(self, *words: int) -> None:
        """Take a command with its arguments."""
        self._pass(len(words))

    def data(self, content: list[int]) -> None:
        """Take pixels."""
        self._pass(len(content))
        self.written.append((time.monotonic_ns(), bytes(content)))

    def cleanup(self) -> None:
        """Nothing is held."""

    @staticmethod
    def _pass(count: int) -> None:
        time.sleep((count + _HEADER) * _BITS / I2C_HZ)


class CountingDisplay:
    """Hands frames on to a display, and counts those that differ from the one before.

    Args:
        display: Which one.

    Attributes:
        frames: How many there were.
    """

    def __init__(self, display: Display) -> None:
        self._display = display
        self._before = b""
        self.frames = 0

    def show(self, image: Image.Image) -> None:
        """See `Display.show`."""
        content = image.tobytes()
        self.frames += content != self._before
        self._before = content
        self._display.show(image)

    def wake(self) -> None:
        """See `Display.wake`."""
        self._display.wake()

    def close(self) -> None:
        """See `Display.close`."""
        self._display.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wired:
    """The instrument and what a finger and an eye find at it.

    Attributes:
        engine: The engine, which runs.
        keyboard: Simulated keys.
        synthesizer: What hears the music, unless it goes to a real port.
        display: The display.
        bus: The display's.
        board_file: What is wired to which line.
        header: The lines.
    """

    engine: Engine
    keyboard: SimulatedKeyboard
    synthesizer: SimulatedSynthesizer
    display: CountingDisplay
    bus: SlowBus
    board_file: BoardFile
    header: SimulatedHeader

    def press(self, name: str, *, held_s: float = 2 * BOUNCE_NS / 1e9) -> int:
        """Press a button of the board file and let it go; the nanosecond of its edge."""
        button = next(b for b in self.board_file.buttons if b.name == name)
        at_ns = time.monotonic_ns()
        self._move(button.pin, high=False)
        time.sleep(held_s)
        self._move(button.pin, high=True)
        return at_ns

    def hold(self, name: str) -> None:
        """Press a button for as long as a long press takes."""
        self.press(name, held_s=1.2 * LONG_PRESS_NS / 1e9)

    def turn(self, name: str, *, clockwise: bool) -> int:
        """Turn an encoder of the board file by a detent; the nanosecond of its last edge."""
        wiring = next(e for e in self.board_file.encoders if e.name == name)
        first, second = (wiring.a, wiring.b) if clockwise else (wiring.b, wiring.a)
        for number, high in ((first, False), (second, False), (first, True)):
            self._move(number, high=high)
            time.sleep(0.001)
        at_ns = time.monotonic_ns()
        self._move(second, high=True)
        return at_ns

    def _move(self, number: int, *, high: bool) -> None:
        self.header.move(number, high=high)


@contextmanager
def wired(config: Config, *, has_midi: bool = False) -> Iterator[Wired]:
    """The instrument, ready to be played; switched off in the end.

    Args:
        config: The maker's settings.
        has_midi: Whether it is played and heard through the machine's MIDI ports.

    Raises:
        DeviceError: If a library is not installed, or no MIDI system runs.
        WorkerError: If it does not end.
    """
    clock = SystemClock()
    header, bus = SimulatedHeader(), SlowBus()
    board_file = load_board(BOARD)
    panel = open_front_panel(
        board_file,
        Lines(header),
        clock.now_ns,
        make_panel=lambda: LumaPanel(board_file.display, bus),
    )
    keyboard, synthesizer = SimulatedKeyboard(clock.now_ns), SimulatedSynthesizer(clock.now_ns)
    display = CountingDisplay(panel.display)
    ports = open_midi(config, clock.now_ns) if has_midi else (keyboard, synthesizer)
    board = WiredBoard(
        keyboards=(ports[0],),
        synthesizer=ports[1],
        buttons=panel.buttons,
        knobs=panel.knobs,
        display=display,
        leds=panel.leds,
        panel=panel,
    )
    engine = engine_of(board, config, clock, None, safe=False)
    interval_s = sys.getswitchinterval()
    engine.open()
    thread = threading.Thread(target=engine.run, name="bench-engine")
    thread.start()
    try:
        yield Wired(
            engine=engine,
            keyboard=keyboard,
            synthesizer=synthesizer,
            display=display,
            bus=bus,
            board_file=board_file,
            header=header,
        )
    finally:
        engine.post(StopRequested())
        thread.join(STOP_S)
        sys.setswitchinterval(interval_s)
        if thread.is_alive():
            raise WorkerError("the engine does not end")


def main(folder: str) -> None:
    """Run one until standard input is closed."""
    with wired(Config(library=Path(folder))):
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1])
