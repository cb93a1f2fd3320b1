"""An ALSA sequencer of the tests' own: alsa-midi's names, and a kernel that forgets like ALSA's."""

import queue
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

WRITE_PORT, READ_PORT = "write", "read"
FIRST_PROGRAM = 128


class ALSAError(Exception):
    """As of the library."""


@dataclass(frozen=True)
class Address:
    """As of the library."""

    client_id: int
    port_id: int


@dataclass(frozen=True)
class PortInfo:
    """As of the library."""

    client_id: int
    port_id: int
    name: str
    client_name: str


@dataclass
class MidiBytesEvent:
    """As of the library."""

    midi_bytes: bytes
    dest: Address | None = None


@dataclass
class PortStartEvent:
    """As of the library."""

    addr: Address
    dest: Address | None = None


class PortExitEvent(PortStartEvent):
    """As of the library."""


class ClientExitEvent(PortStartEvent):
    """As of the library."""


@dataclass
class Kernel:
    """Devices, programs, and who listens to whom.

    Attributes:
        devices: Client number to name; each has one port, 0.
        wires: (sender, receiver), both (client, port).
        clients: The programs that are open.
        synthesizers: Client number to what it heard.
        most_clients: How many were open at once.
    """

    devices: dict[int, str] = field(default_factory=dict)
    wires: set[tuple[tuple[int, int], tuple[int, int]]] = field(default_factory=set)
    clients: dict[int, "SequencerClient"] = field(default_factory=dict)
    synthesizers: dict[int, list[bytes]] = field(default_factory=dict)
    most_clients: int = 0

    def plug(self, client: int, name: str) -> None:
        """Put a keyboard's cable in."""
        self.devices[client] = name
        self._announce(PortStartEvent(Address(client, 0)))

    def unplug(self, client: int) -> None:
        """Pull it: the wires go with it."""
        del self.devices[client]
        self.wires = {w for w in self.wires if client not in (w[0][0], w[1][0])}
        self._announce(PortExitEvent(Address(client, 0)))
        self._announce(ClientExitEvent(Address(client, 0)))

    def end(self, client: int) -> None:
        """End a synthesizer's program."""
        del self.synthesizers[client]
        self.wires = {w for w in self.wires if client != w[1][0]}

    def play(self, client: int, content: bytes) -> None:
        """Have a keyboard say something to whoever listens."""
        self._deliver((client, 0), content)

    def _announce(self, event: PortStartEvent) -> None:
        for sender, receiver in self.wires:
            if sender == (0, 1):
                self.clients[receiver[0]].arrived.put(event)

    def _deliver(self, sender: tuple[int, int], content: bytes) -> None:
        for source, (client, port) in self.wires:
            if source != sender:
                continue
            if client in self.synthesizers:
                self.synthesizers[client].append(content)
            else:
                self.clients[client].arrived.put(MidiBytesEvent(content, Address(client, port)))


class SequencerClient:
    """As of the library, as far as the driver uses it."""

    kernel = Kernel()

    def __init__(self, client_name: str) -> None:
        kernel = self.kernel
        self.name = client_name
        used = (*kernel.clients, *kernel.synthesizers)
        self.client_id = max(used, default=FIRST_PROGRAM - 1) + 1
        self.arrived: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.ports: list[PortInfo] = []
        self.waiting: list[tuple[PortInfo, MidiBytesEvent]] = []
        kernel.clients[self.client_id] = self
        kernel.most_clients = max(kernel.most_clients, len(kernel.clients))

    def create_port(self, name: str, caps: str) -> PortInfo:
        """See the library."""
        assert caps in (WRITE_PORT, READ_PORT)
        self.ports.append(PortInfo(self.client_id, len(self.ports), name, self.name))
        return self.ports[-1]

    def list_ports(self, *, input: bool = False, output: bool = False) -> list[PortInfo]:  # noqa: A002
        """See the library."""
        assert input != output
        if input:
            return [PortInfo(c, 0, "MIDI 1", name) for c, name in self.kernel.devices.items()]
        found = [PortInfo(c, 0, "Synth input", "FLUID Synth") for c in self.kernel.synthesizers]
        own = [port for client in self.kernel.clients.values() for port in client.ports]
        return [*own, *found]

    def subscribe_port(self, sender: object, dest: object) -> None:
        """See the library."""
        wire = (_address(sender), _address(dest))
        if wire in self.kernel.wires:
            raise ALSAError("Device or resource busy")
        self.kernel.wires.add(wire)

    def unsubscribe_port(self, sender: object, dest: object) -> None:
        """See the library."""
        wire = (_address(sender), _address(dest))
        if wire not in self.kernel.wires:
            raise ALSAError("No such file or directory")
        self.kernel.wires.remove(wire)

    def event_input(self, *, prefer_bytes: bool) -> object:
        """See the library."""
        assert prefer_bytes
        event = self.arrived.get()
        if isinstance(event, ALSAError):
            raise event
        return event

    def event_output_direct(
        self, event: MidiBytesEvent, *, port: PortInfo, dest: PortInfo | None = None
    ) -> None:
        """See the library, which in 1.0.4 keeps it in a buffer of its own nevertheless."""
        event.dest = Address(*_address(dest)) if dest is not None else None
        self.waiting.append((port, event))

    def drain_output(self) -> None:
        """See the library."""
        for port, event in self.waiting:
            if event.dest is not None:
                self.kernel.clients[event.dest.client_id].arrived.put(event)
            else:
                self.kernel._deliver(_address(port), event.midi_bytes)
        self.waiting.clear()

    def close(self) -> None:
        """See the library."""
        del self.kernel.clients[self.client_id]


def _address(port: Any) -> tuple[int, int]:
    return port if isinstance(port, tuple) else (port.client_id, port.port_id)


@contextmanager
def new_kernel() -> Iterator[Kernel]:
    """A machine that was just switched on."""
    SequencerClient.kernel = Kernel()
    yield SequencerClient.kernel
