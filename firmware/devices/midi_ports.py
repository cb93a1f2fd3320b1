"""Where notes come from and go to: the protocols of MIDI ports, and their simulators.

A program strikes, unplugs and listens to the simulated ones.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from firmware.devices.identity import UsbIdentity
from firmware.errors import DeviceError
from firmware.midi.messages import (
    ControlChange,
    MidiMessage,
    MidiParser,
    NoteOff,
    NoteOn,
    to_bytes,
)

MidiListener = Callable[[MidiMessage, int], None]
"""Called with a message and the nanosecond of its arrival, on any thread; returns at once."""

PortListener = Callable[[], None]
"""Called when a port came or went and a poll would tell which, on any thread; returns at once."""

_REMEMBERED = 200_000  # messages, so that a simulated instrument can run for days


AKM322_IDENTITY = UsbIdentity(usb_id="1acc:1533", path="1-1.1")
"""Of the simulated keyboard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PortChange:
    """A port came or went.

    Attributes:
        name: The device's name, without the number that changes when it is plugged in again.
        is_there: Whether it came.
    """

    name: str
    is_there: bool


class MidiInput(Protocol):
    """A keyboard."""

    @property
    def name(self) -> str | None:
        """The device that is connected, or None."""
        ...

    @property
    def identity(self) -> UsbIdentity | None:
        """Which device it is, whatever it is called; None if that cannot be told."""
        ...

    def open(self, listener: MidiListener, on_change: PortListener | None = None) -> None:
        """Connect, now or as soon as the device is there, and hand on what it says.

        Args:
            listener: Told every message.
            on_change: Told at once when the device comes or goes, where the system announces it.
        """
        ...

    def poll(self) -> PortChange | None:
        """Notice whether the device came or went since the last poll; quick and leak-free."""
        ...

    def close(self) -> None:
        """Disconnect; the listener is not called afterwards."""
        ...


class MidiOutput(Protocol):
    """A synthesizer."""

    @property
    def name(self) -> str | None:
        """The device that is connected, or None."""
        ...

    def open(self, on_change: PortListener | None = None) -> None:
        """Connect, now or as soon as the device is there.

        Args:
            on_change: As of `MidiInput.open`.
        """
        ...

    def poll(self) -> PortChange | None:
        """Notice whether the device came or went since the last poll; quick and leak-free."""
        ...

    def send(self, message: MidiMessage) -> None:
        """Send at once; without a device, nowhere.

        Raises:
            DeviceError: If the device failed or vanished while sending.
        """
        ...

    def close(self) -> None:
        """Disconnect."""
        ...


class SimulatedKeyboard:
    """A keyboard under a program's fingers. Its keys speak MIDI bytes through the real parser.

    Args:
        now_ns: The clock that stamps what it says.
        name: What it is called.
        identity: Which one it is.
    """

    def __init__(
        self,
        now_ns: Callable[[], int],
        *,
        name: str = "Simulated AKM322",
        identity: UsbIdentity | None = AKM322_IDENTITY,
    ) -> None:
        self._now_ns = now_ns
        self._name = name
        self._identity = identity
        self._listener: MidiListener | None = None
        self._on_change: PortListener | None = None
        self._parser = MidiParser()
        self._plugged = True
        self._seen = False

    @property
    def name(self) -> str | None:
        """The keyboard's name while it is plugged in."""
        return self._name if self._plugged else None

    @property
    def identity(self) -> UsbIdentity | None:
        """See `MidiInput.identity`."""
        return self._identity if self._plugged else None

    def open(self, listener: MidiListener, on_change: PortListener | None = None) -> None:
        """See `MidiInput.open`."""
        self._listener, self._on_change = listener, on_change
        self._seen = self._plugged

    def poll(self) -> PortChange | None:
        """See `MidiInput.poll`."""
        if self._seen == self._plugged:
            return None
        self._seen = self._plugged
        return PortChange(name=self._name, is_there=self._plugged)

    def close(self) -> None:
        """See `MidiInput.close`."""
        self._listener = self._on_change = None

    def strike(self, pitch: int, *, velocity: int = 80) -> None:
        """Press a key."""
        self.say(to_bytes(NoteOn(pitch=pitch, velocity=velocity, channel=0)))

    def release(self, pitch: int) -> None:
        """Let a key go. Like many keyboards it says so with a note-on of velocity 0."""
        self.say(bytes((0x90, pitch, 0)))

    def pedal(self, *, down: bool) -> None:
        """Move the sustain pedal."""
        self.say(to_bytes(ControlChange(control=64, value=127 if down else 0, channel=0)))

    def say(self, content: bytes) -> None:
        """Send any bytes, well-formed or not. Nothing arrives while it is unplugged."""
        if not self._plugged:
            return
        for message in self._parser.feed(content):
            if self._listener is not None:
                self._listener(message, self._now_ns())

    def unplug(self) -> None:
        """Pull the cable, whatever keys are held: their note-offs never come."""
        self._plug(is_there=False)

    def plug_in(self) -> None:
        """Put the cable back; the parser starts afresh, as a driver's does."""
        self._parser = MidiParser()
        self._plug(is_there=True)

    def _plug(self, *, is_there: bool) -> None:
        self._plugged = is_there
        if self._on_change is not None:
            self._on_change()


class SimulatedSynthesizer:
    """A synthesizer that remembers what it was told.

    Args:
        now_ns: The clock that stamps what it hears.
        name: What it is called.

    Attributes:
        heard: The last messages, each with the nanosecond of its arrival.
        sounding: (channel, pitch) of the notes that are on.
    """

    def __init__(self, now_ns: Callable[[], int], *, name: str = "Simulated synthesizer") -> None:
        self._now_ns = now_ns
        self._name = name
        self._plugged = True
        self._connected = False
        self._on_change: PortListener | None = None
        self.heard: deque[tuple[int, MidiMessage]] = deque(maxlen=_REMEMBERED)
        self.sounding: set[tuple[int, int]] = set()

    @property
    def name(self) -> str | None:
        """The synthesizer's name while it is connected."""
        return self._name if self._connected else None

    def open(self, on_change: PortListener | None = None) -> None:
        """See `MidiOutput.open`."""
        self._on_change = on_change
        self._connected = self._plugged

    def poll(self) -> PortChange | None:
        """See `MidiOutput.poll`."""
        if self._connected == self._plugged:
            return None
        self._connected = self._plugged
        return PortChange(name=self._name, is_there=self._plugged)

    def send(self, message: MidiMessage) -> None:
        """See `MidiOutput.send`."""
        if not self._connected:
            return
        if not self._plugged:
            raise DeviceError(f"{self._name} does not answer", remedy="check its cable")
        self.heard.append((self._now_ns(), message))
        match message:
            case NoteOn(pitch=pitch, channel=channel):
                self.sounding.add((channel, pitch))
            case NoteOff(pitch=pitch, channel=channel):
                self.sounding.discard((channel, pitch))
            case ControlChange(control=120 | 123, channel=channel):
                self.sounding = {key for key in self.sounding if key[0] != channel}
            case _:
                pass

    def close(self) -> None:
        """See `MidiOutput.close`."""
        self._on_change = None

    def unplug(self) -> None:
        """Pull the cable: it falls silent and forgets what sounded."""
        self.sounding.clear()
        self._plug(is_there=False)

    def plug_in(self) -> None:
        """Put the cable back."""
        self._plug(is_there=True)

    def _plug(self, *, is_there: bool) -> None:
        self._plugged = is_there
        if self._on_change is not None:
            self._on_change()
