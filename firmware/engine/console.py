"""Hands for the simulated instrument: a line of text is a finger, a thread reads the lines."""

import logging
import os
import selectors
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from firmware.devices.board import SimulatedBoard
from firmware.devices.controls import Button, Knob
from firmware.engine.schedule import key_moves
from firmware.errors import ContinuoError, ControlError
from firmware.library.melodies import bundled_melodies
from firmware.music.notes import Melody
from firmware.music.timing import nanoseconds_of_ticks

STOP_S = 2.0
MAX_CLICKS = 1000
"""Of a knob in one command: from one end of any parameter to the other."""

MAX_WAIT_S = 3600

_MAX_LINE = 1000  # characters; no command comes near it, and /dev/zero has no end of them
_LOG = logging.getLogger(__name__)


class Console:
    """Reads commands and moves the simulated devices.

    Args:
        descriptor: File to read from.
        board: The devices.
        say: Prints a line.
        stop: Switches the instrument off.
    """

    def __init__(
        self,
        descriptor: int,
        board: SimulatedBoard,
        say: Callable[[str], None],
        stop: Callable[[], None],
    ) -> None:
        self._descriptor = descriptor
        self._board = board
        self._say = say
        self._stop = stop
        self._closing = threading.Event()
        self._wake: tuple[int, int] | None = None  # what is written here ends the reading
        self._thread = threading.Thread(target=self._work, name="continuo-console")
        self._verbs: Mapping[str, Callable[[list[str]], None]] = MappingProxyType(
            {
                **{str(button): self._presser(button) for button in Button},
                **{str(knob): self._turner(knob) for knob in Knob},
                "strike": lambda words: self._board.keyboard.strike(_pitch(words)),
                "release": lambda words: self._board.keyboard.release(_pitch(words)),
                "melody": lambda words: self._play(_melody(words)),
                "wait": lambda words: self._wait(
                    _number(words, "how many seconds", 0, MAX_WAIT_S, otherwise=1)
                ),
                "unplug": lambda _: self._board.keyboard.unplug(),
                "plug": lambda _: self._board.keyboard.plug_in(),
                "panic": lambda _: self._board.buttons.hold(Button.STOP),
                "help": lambda _: self._say(help_text()),
                "quit": lambda _: self._stop(),
            }
        )

    def start(self) -> None:
        """Begin reading."""
        self._wake = os.pipe()
        self._thread.start()

    def close(self) -> None:
        """Stop reading, if it was begun.

        Raises:
            ControlError: If the thread does not end.
        """
        if self._wake is None:
            return
        self._closing.set()
        os.write(self._wake[1], b"!")
        self._thread.join(STOP_S)
        if self._thread.is_alive():
            raise ControlError("the console does not end")
        for descriptor in self._wake:
            os.close(descriptor)
        self._wake = None

    def obey(self, line: str) -> None:
        """Do what a line says."""
        words = line.split()
        if not words:
            return
        verb = self._verbs.get(words[0].lower())
        if verb is None:
            self._say(f"{words[0][:40]!r} is no command; help lists them")
            return
        try:
            verb(words[1:])
        except ContinuoError as error:
            self._say(str(error))

    def _work(self) -> None:
        try:
            for line in self._lines():
                self.obey(line)
        except OSError as error:  # the terminal is gone; the instrument goes on without commands
            _LOG.info("no more commands can be read: %s", error)
        except Exception:  # the top of this thread
            _LOG.error("the console ended\n%s", traceback.format_exc())

    def _lines(self) -> Iterator[str]:
        """What is typed, until it ends or the console is closed; the last line needs no end."""
        assert self._wake is not None
        text = b""
        # Not epoll, which refuses a file to which standard input was redirected.
        with selectors.SelectSelector() as selector:
            selector.register(self._wake[0], selectors.EVENT_READ)
            selector.register(self._descriptor, selectors.EVENT_READ)
            while not self._closing.is_set():
                selector.select()
                if self._closing.is_set():
                    return
                content = os.read(self._descriptor, 4096)
                *lines, text = (text + (content or b"\n")).split(b"\n")
                text = text[:_MAX_LINE]
                for line in lines:
                    if self._closing.is_set():
                        return
                    yield line.decode(errors="replace")
                if not content:
                    return

    def _presser(self, button: Button) -> Callable[[list[str]], None]:
        return lambda _: self._board.buttons.press(button)

    def _turner(self, knob: Knob) -> Callable[[list[str]], None]:
        return lambda words: self._board.knobs.turn(
            knob, _number(words, "how many clicks", -MAX_CLICKS, MAX_CLICKS, otherwise=1)
        )

    def _wait(self, seconds: int) -> None:
        self._closing.wait(seconds)

    def _play(self, melody: Melody) -> None:
        """Strike a melody's keys, in its own time."""
        before = 0
        for ticks, goes_down, pitch, velocity in key_moves(melody):
            # Fingers need no better time than this; what is due to play has the engine's.
            seconds = nanoseconds_of_ticks(ticks - before, melody.tempo_bpm) / 1e9
            if self._closing.wait(seconds):
                return
            before = ticks
            if goes_down:
                self._board.keyboard.strike(pitch, velocity=velocity)
            else:
                self._board.keyboard.release(pitch)


def help_text() -> str:
    """The commands, a line each."""
    return "\n".join(
        (
            f"{', '.join(Button)}: press a button",
            f"{' N, '.join(Knob)} N: turn a knob by N clicks",
            "strike PITCH, release PITCH: a key of the keyboard (60 is middle C)",
            f"melody NAME: let fingers play one of {', '.join(bundled_melodies())}",
            "wait SECONDS: before the next command",
            "unplug, plug: the keyboard's cable",
            "panic: hold stop until everything is silent",
            "quit: switch off",
        )
    )


def _pitch(words: list[str]) -> int:
    return _number(words, "a pitch", 0, 127)


def _melody(words: list[str]) -> Melody:
    melodies = bundled_melodies()
    name = words[0] if words else next(iter(melodies))
    if name not in melodies:
        raise ControlError(
            f"there is no melody {name[:40]!r}", remedy=f"there is {', '.join(melodies)}"
        )
    return melodies[name]


def _number(
    words: list[str], what: str, low: int, high: int, *, otherwise: int | None = None
) -> int:
    if not words and otherwise is not None:
        return otherwise
    got = f", got {words[0][:40]!r}" if words else ""
    try:
        number = int(words[0])
    except (IndexError, ValueError):
        number = None
    if number is None or not low <= number <= high:
        raise ControlError(f"say {what} as a whole number in {low}..{high}{got}")
    return number
