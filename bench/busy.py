"""An instrument with all hands full, on real MIDI ports, for whoever measures it from outside.

`python -m bench.busy FOLDER INPUT OUTPUT`: the full board's as `bench.wired` says, with the ports
whose names begin so. It prints `ready`, and does what is written to it line by line: `work` has it
generate without a rest, play what comes of it, save each composition and show a new value on the
display twenty times a second; `rest` ends that; `quit` ends it all, with a line of JSON that says
how much was generated, saved and drawn, and how long that took.
"""

import json
import sys
import threading
import time
from pathlib import Path
from typing import Final

from bench.enhance import eight_bars
from bench.touch import bring, wait_until
from bench.wired import Wired, wired
from firmware.config import Config
from firmware.panel.states import State

FRAMES_PER_S: Final = 20


class Work:
    """Keeps an instrument busy from a thread of its own.

    Args:
        instrument: Which one.
    """

    def __init__(self, instrument: Wired) -> None:
        self._instrument = instrument
        self._ends = threading.Event()
        self._thread: threading.Thread | None = None
        self.generations = 0
        self.seconds = 0.0

    def begin(self) -> None:
        """Begin, if it has not."""
        if self._thread is None:
            self._ends.clear()
            self._thread = threading.Thread(target=self._work, name="bench-busy")
            self._thread.start()
            wait_until(lambda: self._instrument.engine.instrument.generating is not None, "work")

    def end(self) -> None:
        """Leave off, and let it fall silent."""
        if self._thread is None:
            return
        self._ends.set()
        self._thread.join()
        self._thread = None
        self._instrument.hold("play")
        wait_until(lambda: self._instrument.engine.instrument.state is State.IDLE, "silence")

    def _work(self) -> None:
        began, number = time.monotonic(), 0
        while not self._ends.wait(max(began + number / FRAMES_PER_S - time.monotonic(), 0)):
            if self._instrument.engine.instrument.generating is None:
                self._instrument.press("generate")
                self.generations += 1
            self._instrument.turn("risk", clockwise=number % 2 == 0)
            number += 1
        self.seconds += time.monotonic() - began


def main(folder: str, midi_input: str, midi_output: str) -> None:
    """Obey until standard input is closed."""
    config = Config(library=Path(folder), midi_input=midi_input, midi_output=midi_output)
    with wired(config, has_midi=True) as instrument:
        bring(instrument, eight_bars())
        work = Work(instrument)
        _say("ready")
        frames = 0
        for line in sys.stdin:
            match line.strip():
                case "work":
                    frames -= instrument.display.frames
                    work.begin()
                    _say("works")
                case "rest":
                    work.end()
                    frames += instrument.display.frames
                    _say("rests")
                case "quit":
                    break
        work.end()
        figures = {
            "generations": work.generations,
            "saved": len(instrument.engine.saved),
            "frames": frames,
            "seconds": work.seconds,
        }
    _say(json.dumps(figures))


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
