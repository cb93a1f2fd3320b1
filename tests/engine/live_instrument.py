"""The instrument in the terminal that this program runs in, with a fake model; for tests.

What its synthesizer hears is written to a file, a line a note.
"""

import sys
from pathlib import Path

from firmware.config import Config
from firmware.devices.board import SimulatedBoard, simulated_board
from firmware.engine import live
from firmware.engine.choices import Choices
from firmware.errors import DeviceError
from firmware.midi.messages import MidiMessage


def main(folder: Path) -> None:
    """Run it, with its library in a folder."""
    notes = (folder / "heard").open("w", buffering=1)

    def board(*arguments: object, **more: object) -> SimulatedBoard:
        made = simulated_board(*arguments, **more)  # type: ignore[arg-type]
        send = made.synthesizer.send

        def heard(message: MidiMessage) -> None:
            notes.write(f"{message}\n")
            send(message)

        made.synthesizer.send = heard  # type: ignore[method-assign]
        return made

    def no_sound() -> None:
        raise DeviceError("FluidSynth is not installed", remedy="sudo apt install fluidsynth")

    live.simulated_board = board  # type: ignore[attr-defined]
    live.running_apis = lambda: ()  # type: ignore[attr-defined]
    live.start_fluidsynth = no_sound  # type: ignore[attr-defined,assignment]
    config = Config(library=folder / "library", count_in_bars=0, metronome=False)
    live.run_live(config, choices=Choices(studio="fake_studio:FakeStudio"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
