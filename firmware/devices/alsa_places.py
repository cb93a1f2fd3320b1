"""The places of the ALSA driver: one for each keyboard, and the synthesizer's."""

from collections import deque
from dataclasses import dataclass
from typing import Any, Protocol

from firmware.devices.identity import UsbIdentity
from firmware.devices.midi_ports import MidiListener, PortChange, PortListener
from firmware.midi.messages import MidiMessage, MidiParser, to_bytes

Address = tuple[int, int]
"""Client and port."""


class Sequencer(Protocol):
    """What a place asks of the driver."""

    def start(self) -> None:
        """Connect what is there, and listen; once."""
        ...

    def send(self, content: bytes) -> None:
        """Send to the synthesizer."""
        ...

    def close_one(self, port: "AlsaInput | AlsaOutput") -> None:
        """Let go of a place."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A port that a keyboard speaks from."""

    name: str
    address: Address
    identity: UsbIdentity | None

    @property
    def known_as(self) -> UsbIdentity:
        """What it is remembered by: a program has nothing but its name."""
        return self.identity or UsbIdentity(usb_id="", path=self.name)


class _Place:
    """What a place of a keyboard and the synthesizer's have in common."""

    def __init__(self, sequencer: Sequencer) -> None:
        self._sequencer = sequencer
        self._changes: deque[PortChange] = deque()
        self._on_change: PortListener | None = None

    def poll(self) -> PortChange | None:
        """See `MidiInput.poll`: what was announced since, one after the other."""
        try:
            return self._changes.popleft()
        except IndexError:
            return None

    def tell(self) -> None:
        """Have the owner poll."""
        if self._on_change is not None:
            self._on_change()

    def _note(self, name: str, *, is_there: bool) -> None:
        if self._on_change is not None:  # what is there from the beginning is no change
            self._changes.append(PortChange(name=name, is_there=is_there))


class AlsaInput(_Place):
    """A place for a keyboard. See `MidiInput`.

    Args:
        sequencer: Whose it is.
        port: The library's.

    Attributes:
        port: As given.
        source: What is connected, or None.
        last: Which keyboard was here last.
    """

    def __init__(self, sequencer: Sequencer, port: Any) -> None:
        super().__init__(sequencer)
        self.port = port
        self.source: Source | None = None
        self.last: UsbIdentity | None = None
        self._listener: MidiListener | None = None
        self._parser = MidiParser()

    @property
    def name(self) -> str | None:
        """See `MidiInput.name`."""
        source = self.source
        return source.name if source else None

    @property
    def identity(self) -> UsbIdentity | None:
        """See `MidiInput.identity`."""
        source = self.source
        return source.identity if source else None

    def open(self, listener: MidiListener, on_change: PortListener | None = None) -> None:
        """See `MidiInput.open`."""
        self._listener = listener
        self._sequencer.start()
        self._on_change = on_change

    def close(self) -> None:
        """See `MidiInput.close`."""
        self._listener = self._on_change = None
        self._sequencer.close_one(self)

    def hear(self, content: bytes, at_ns: int) -> None:
        """Hand on what the keyboard says."""
        for message in self._parser.feed(content):
            if self._listener is not None:
                self._listener(message, at_ns)

    def join(self, source: Source) -> None:
        """A keyboard is here now."""
        self.source, self.last = source, source.known_as
        self._parser = MidiParser()  # what was cut off by a plug is not gone on with
        self._note(source.name, is_there=True)

    def leave(self) -> None:
        """It is gone."""
        assert self.source is not None
        self._note(self.source.name, is_there=False)
        self.source = None


class AlsaOutput(_Place):
    """A synthesizer. See `MidiOutput`.

    Attributes:
        target: Name and address of what is connected, or None.
    """

    def __init__(self, sequencer: Sequencer) -> None:
        super().__init__(sequencer)
        self.target: tuple[str, Address] | None = None

    @property
    def name(self) -> str | None:
        """See `MidiOutput.name`."""
        target = self.target
        return target[0] if target else None

    def open(self, on_change: PortListener | None = None) -> None:
        """See `MidiOutput.open`."""
        self._sequencer.start()
        self._on_change = on_change

    def send(self, message: MidiMessage) -> None:
        """See `MidiOutput.send`."""
        if self.target is not None:
            self._sequencer.send(to_bytes(message))

    def close(self) -> None:
        """See `MidiOutput.close`."""
        self._on_change = None
        self._sequencer.close_one(self)

    def join(self, target: tuple[str, Address]) -> None:
        """A synthesizer is connected."""
        self.target = target
        self._note(target[0], is_there=True)

    def leave(self) -> None:
        """It is gone."""
        assert self.target is not None
        self._note(self.target[0], is_there=False)
        self.target = None
