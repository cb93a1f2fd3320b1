"""Sound through a FluidSynth of our own, a child process that is told what to play line by line.

It needs no MIDI system, only the program, a soundfont and a sound device.
"""

import contextlib
import logging
import os
import shutil
import subprocess
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from firmware.devices.audio import RENDERERS
from firmware.devices.midi_ports import PortChange, PortListener
from firmware.errors import DeviceError
from firmware.midi.messages import (
    ControlChange,
    MidiMessage,
    NoteOff,
    NoteOn,
    PitchBend,
    ProgramChange,
)

START_S: Final = 15.0
"""A large soundfont takes its time to load."""

STOP_S: Final = 2.0
_REASONS = 5  # last lines of what it says
_NO_AUDIO = b"Failed to create the audio driver"
# Three periods of 256 frames are 17 ms at 44.1 kHz; the default depends on the driver.
_BUFFER = ("-z", "256", "-c", "3")
_LOG = logging.getLogger(__name__)


class FluidSynthesizer:
    """A synthesizer. See `MidiOutput`.

    Args:
        program: FluidSynth.
        soundfont: The instruments.
        options: More of FluidSynth's options, such as the audio driver's.

    Raises:
        DeviceError: If it does not start or finds no sound device.
    """

    def __init__(self, program: str, soundfont: Path, options: Sequence[str] = ()) -> None:
        self._name = f"FluidSynth with {soundfont.name}"
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own arguments, no shell
                [program, "-n", "-q", *_BUFFER, *options, str(soundfont)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                bufsize=0,
                process_group=0,  # out of a terminal's reach: it ends when we say so, or end
            )
        except OSError as error:
            raise DeviceError(f"FluidSynth cannot be started: {error.strerror}") from error
        assert self._process.stdin is not None
        self._descriptor = self._process.stdin.fileno()
        os.set_blocking(self._descriptor, False)  # a hung synthesizer must not hang the music
        self._last_lines: deque[bytes] = deque(maxlen=_REASONS)
        self._has_begun = threading.Event()
        self._is_there = False
        self._was_there = True
        self._is_closing = False
        self._on_change: PortListener | None = None
        self._thread = threading.Thread(target=self._listen, name="continuo-fluidsynth")
        self._thread.start()
        if not self._has_begun.wait(START_S) or not self._is_there:
            self.close()
            raise DeviceError("FluidSynth finds no sound device", remedy=self._reason())

    @property
    def name(self) -> str | None:
        """What it is called while it runs."""
        return self._name if self._is_there else None

    def open(self, on_change: PortListener | None = None) -> None:
        """See `MidiOutput.open`."""
        self._on_change = on_change

    def poll(self) -> PortChange | None:
        """See `MidiOutput.poll`. What has died does not come again."""
        if self._is_there or not self._was_there:
            return None
        self._was_there = False
        return PortChange(name=self._name, is_there=False)

    def send(self, message: MidiMessage) -> None:
        """See `MidiOutput.send`."""
        line = command(message)
        if line is None or not self._is_there:
            return
        try:
            # Shorter than a pipe's atomic write: it goes as a whole or not at all.
            os.write(self._descriptor, f"{line}\n".encode())
        except OSError as error:
            raise DeviceError(f"{self._name} does not answer: {error.strerror}") from error

    def close(self) -> None:
        """See `MidiOutput.close`.

        Raises:
            DeviceError: If it does not end.
        """
        assert self._process.stdin is not None
        self._is_closing = True
        with contextlib.suppress(OSError):
            os.write(self._descriptor, b"quit\n")
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._thread.join(STOP_S)
        if self._thread.is_alive():
            raise DeviceError("FluidSynth does not end")

    def _listen(self) -> None:
        """Read what it says, lest it wait for a reader; its first prompt says that it can play."""
        assert self._process.stdout is not None
        text = b""
        with self._process.stdout as said:
            while content := said.read(4096):
                *lines, text = (text + content).split(b"\n")
                self._last_lines.extend(line for line in lines if line.strip())
                if any(_NO_AUDIO in line for line in lines):
                    break  # older ones go on without sound
                if text.endswith(b"> ") and not self._has_begun.is_set():
                    self._is_there = True
                    self._has_begun.set()
                text = text[-200:]
        was_there, self._is_there = self._is_there, False
        self._has_begun.set()
        if was_there and not self._is_closing:
            _LOG.warning("FluidSynth has ended: %s", self._reason())
            if self._on_change is not None:
                self._on_change()

    def _reason(self) -> str:
        return next((line.decode(errors="replace") for line in reversed(self._last_lines)), "")


def start_fluidsynth() -> FluidSynthesizer:
    """A synthesizer on this machine's sound device.

    Raises:
        DeviceError: If it is not installed, or there is no sound device.
    """
    program, renderer = shutil.which("fluidsynth"), RENDERERS["fluidsynth"]()
    if program is None or renderer is None:
        raise DeviceError("FluidSynth is not installed", remedy="sudo apt install fluidsynth")
    return FluidSynthesizer(program, renderer.soundfont)


def command(message: MidiMessage) -> str | None:
    """A message in the words of FluidSynth's shell, or None if it has none."""
    match message:
        case NoteOn(pitch=pitch, velocity=velocity, channel=channel):
            return f"noteon {channel} {pitch} {velocity}"
        case NoteOff(pitch=pitch, channel=channel):
            return f"noteoff {channel} {pitch}"
        case ControlChange(control=control, value=value, channel=channel):
            return f"cc {channel} {control} {value}"
        case ProgramChange(program=program, channel=channel):
            return f"prog {channel} {program}"
        case PitchBend(bend=bend, channel=channel):
            return f"pitch_bend {channel} {bend + 8192}"
        case _:  # pressure, clock and the like
            return None
