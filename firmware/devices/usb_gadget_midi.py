"""What the instrument plays, for a computer on its USB cable: nobody ever waits for that computer.

Where the kernel's buffer is full, because a program does not read, messages are dropped and
counted. What was lost may have been a note's end, so that the first thing that gets through again
silences everything; the same is said to a computer that has just come. What has waited for a second
is forgotten as well: a program that begins to read later would hear a burst of old notes.

What the computer plays itself is not said back to it: a sequencer that plays on what it hears would
go round for ever.

Reference:
    Linux: include/uapi/sound/asound.h (`SNDRV_RAWMIDI_IOCTL_DROP`), drivers/usb/gadget/function/
    f_midi.c, Documentation/ABI/stable/sysfs-class-udc (`state`).
"""

import contextlib
import fcntl
import os
import re
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Final, Protocol

from firmware.devices.midi_ports import MidiOutput, PortChange, PortListener
from firmware.devices.usb_gadget import CONFIGFS, CONTROLLERS, NAME, Configfs, is_host_there
from firmware.midi.messages import CHANNELS, ControlChange, MidiMessage, to_bytes

_CARD: Final = re.compile(rf"^ *(\d+) \[{NAME} *\]:", re.MULTILINE)
_WAITING: Final = re.compile(r"^Output 0$.*?Buffer size *: (\d+)$\s*Avail *: (\d+)$", re.M | re.S)
_DROP: Final = 0x40045730  # what waits to be sent is forgotten
_LAST_WORDS_S: Final = 0.1
_LOOK_S: Final = 0.01
_OUTPUT: Final = struct.pack("i", 0)
_PEDAL, _ALL_SOUND_OFF, _ALL_NOTES_OFF = 64, 120, 123

SILENCE: Final = b"".join(
    to_bytes(ControlChange(control=control, value=0, channel=channel))
    for channel in range(CHANNELS)
    for control in (_PEDAL, _ALL_SOUND_OFF, _ALL_NOTES_OFF)
)
"""Ends every note on every channel, also one that the pedal holds."""


class Cable(Protocol):
    """The computer's end, as the kernel shows it."""

    def device(self) -> Path | None:
        """The raw MIDI device, or None while there is no gadget."""
        ...

    def is_host_there(self) -> bool:
        """Whether a computer is on the cable, and awake."""
        ...

    def waiting_bytes(self) -> int:
        """How much of what was written to the device has not been fetched."""
        ...


class LinuxCable:
    """The kernel's.

    Args:
        root: Where `proc` and `dev` are.
        configfs: All gadgets.
        controllers: All USB device controllers.
    """

    def __init__(
        self,
        root: Path = Path("/"),
        configfs: Path = CONFIGFS,
        controllers: Path = CONTROLLERS,
    ) -> None:
        self._root = root
        self._configfs = Configfs(configfs)
        self._controllers = controllers

    def device(self) -> Path | None:
        """See `Cable.device`."""
        card = _CARD.search(self._told("cards"))
        return self._root / f"dev/snd/midiC{card[1]}D0" if card else None

    def is_host_there(self) -> bool:
        """See `Cable.is_host_there`."""
        controller = self._configfs.read(f"{NAME}/UDC")
        return bool(controller) and is_host_there(self._controllers, controller)

    def waiting_bytes(self) -> int:
        """See `Cable.waiting_bytes`."""
        card = _CARD.search(self._told("cards"))
        found = _WAITING.search(self._told(f"card{card[1]}/midi0")) if card else None
        return int(found[1]) - int(found[2]) if found else 0

    def _told(self, name: str) -> str:
        try:
            return (self._root / "proc/asound" / name).read_text(errors="replace")
        except OSError:
            return ""


class GadgetMidi:
    """The computer, as far as it listens.

    Args:
        cable: What it is on; by default this machine's.

    Attributes:
        dropped: Messages that found no room.
    """

    def __init__(self, cable: Cable | None = None) -> None:
        self._cable = cable or LinuxCable()
        self._lock = threading.Lock()  # between the owner, who polls, and whoever sends
        self._descriptor: int | None = None
        self._is_heard = False
        self._first = b""  # to be written before anything else
        self._written = self._fetched = self._waiting = 0  # bytes, the last two as polled
        self._speaker = threading.local()
        self.dropped = 0

    def poll(self) -> None:
        """Notice whether the computer came or went; quick, and to be called every second or so."""
        is_there = self._cable.is_host_there()
        with self._lock:
            if is_there and self._descriptor is None:
                self._open()
            is_heard = is_there and self._descriptor is not None
            if is_heard == self._is_heard and not (is_heard and self._is_stuck()):
                return
            self._is_heard = is_heard
            self._forget()
            if is_heard:
                # At once: a few messages lie ready on the cable, and cannot be taken back.
                self._first = SILENCE
                self._write(b"")

    @contextlib.contextmanager
    def speaking(self) -> Iterator[None]:
        """While this thread hands on what the computer said, it says nothing back."""
        self._speaker.is_computer = True
        try:
            yield
        finally:
            self._speaker.is_computer = False

    def send(self, message: MidiMessage) -> None:
        """Send at once or not at all; it neither waits nor fails."""
        with self._lock:
            if not self._is_heard or getattr(self._speaker, "is_computer", False):
                return
            content = to_bytes(message)
            if self._first and not self._write(b""):
                self.dropped += 1
            elif not self._write(content):
                self.dropped += 1
                # The first bytes of this one may be through already, and need their end.
                self._first += SILENCE

    def close(self) -> None:
        """Let go, in silence."""
        with self._lock:
            if self._is_heard:
                self._forget()
                self._first = SILENCE
                self._write(b"")
                until_s = monotonic() + _LAST_WORDS_S
                while self._cable.waiting_bytes() and monotonic() < until_s:
                    sleep(_LOOK_S)
            self._lose()

    def _open(self) -> None:
        device = self._cable.device()
        if device is None:
            return
        with contextlib.suppress(OSError):  # another program has it: the next poll, then
            self._descriptor = os.open(device, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)

    def _is_stuck(self) -> bool:
        """Whether what waited at the last look waits still."""
        before, waited = self._fetched, self._waiting
        self._waiting = self._cable.waiting_bytes()
        self._fetched = self._written - self._waiting
        return min(waited, self._waiting) > 0 and self._fetched == before

    def _write(self, content: bytes) -> bool:
        """Write what comes first, and this; whether all of it went."""
        if self._descriptor is None:
            return False
        waiting = self._first + content
        try:
            written = os.write(self._descriptor, waiting)
        except BlockingIOError:
            return False
        except OSError:  # the gadget was taken back
            self._lose()
            return False
        self._written += written
        self._first = waiting[written:]
        return not self._first

    def _forget(self) -> None:
        """Forget what nobody has read yet: later it would be a burst of old notes.

        The kernel would also wait for its reader, up to ten seconds, before it closes the device.
        """
        self._first = b""
        self._written = self._fetched = self._waiting = 0
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                fcntl.ioctl(self._descriptor, _DROP, _OUTPUT)

    def _lose(self) -> None:
        self._is_heard = False
        self._forget()
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class WithComputer:
    """A synthesizer, with a computer that hears the same. See `MidiOutput`.

    Args:
        synthesizer: What counts: its name, its changes and its failures are those of both.
        computer: Hears the same.
    """

    def __init__(self, synthesizer: MidiOutput, computer: GadgetMidi) -> None:
        self._synthesizer = synthesizer
        self._computer = computer

    @property
    def name(self) -> str | None:
        """See `MidiOutput.name`."""
        return self._synthesizer.name

    def open(self, on_change: PortListener | None = None) -> None:
        """See `MidiOutput.open`."""
        self._computer.poll()
        self._synthesizer.open(on_change)

    def poll(self) -> PortChange | None:
        """See `MidiOutput.poll`."""
        self._computer.poll()
        return self._synthesizer.poll()

    def send(self, message: MidiMessage) -> None:
        """See `MidiOutput.send`."""
        self._computer.send(message)
        self._synthesizer.send(message)

    def close(self) -> None:
        """See `MidiOutput.close`."""
        try:
            self._synthesizer.close()
        finally:
            self._computer.close()
