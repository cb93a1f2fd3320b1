"""Real MIDI ports through alsa-midi: the ALSA sequencer, which announces what comes and goes.

One client listens for every keyboard and to the kernel's announcements, on one thread that sleeps
until something is said; a second client speaks, so that a sender never shares a buffer with it.
Both are made once and live as long as the instrument: a plug makes and leaves nothing. Keyboards
are known by their USB identity, and come back to the place that they had.

What is tested is the order of things, with a sequencer of the tests' own making, and that the
library has every name used here. This driver has never run on hardware.
"""

import contextlib
import importlib
import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Final

from firmware.devices.alsa_places import Address, AlsaInput, AlsaOutput, Source
from firmware.devices.identity import UsbIdentity, assign, card_of_client, identity_of_card
from firmware.devices.rtmidi_ports import CLIENT_NAME, choose_port
from firmware.devices.usb_gadget import GadgetIdentity, own_identity
from firmware.errors import DeviceError

PLACES: Final = 4
"""Keyboards at a time."""

STOP_S: Final = 2.0

_COMES = frozenset({"PortStartEvent"})
_GOES = frozenset({"PortExitEvent"})  # the client's own exit follows, and says no more
_WAKE: Final = b"\xfe"  # to ourselves: nothing else ends the wait for an event
_LOG = logging.getLogger(__name__)

COMPUTER: Final = "Computer"
"""What a computer on the USB cable is called, which plays like a keyboard."""
_GADGET_CLIENT: Final = "f_midi"  # the kernel's name for the instrument's end of the cable

Listed = tuple[str, bool]
"""A port's name, and whether the instrument uses it or would."""


class AlsaSequencer:
    """The two clients, the thread that listens, and what is connected.

    Args:
        midi_input: Part of a keyboard's name, or "" for all that are no programs' loops.
        midi_output: Part of the synthesizer's name, or "" for the first there is.
        now_ns: The clock that stamps what arrives.
        places: Keyboards at a time.
        identify: Looks a sound card's identity up.
        own: The instrument's own, as a USB device: it is no keyboard of itself.
        speaking: Entered while what a computer on the USB cable says is handed on.

    Raises:
        DeviceError: If the library or the sequencer is not there.
    """

    def __init__(
        self,
        *,
        midi_input: str,
        midi_output: str,
        now_ns: Callable[[], int],
        places: int = PLACES,
        identify: Callable[[int], UsbIdentity | None] = identity_of_card,
        own: GadgetIdentity | None = None,
        speaking: Callable[[], AbstractContextManager[None]] = contextlib.nullcontext,
    ) -> None:
        self._library = _library()
        self._errors: type[Exception] = self._library.ALSAError
        self._midi_input = midi_input
        self._midi_output = midi_output
        self._now_ns = now_ns
        self._identify = identify
        self._own = own or own_identity()
        self._speaking = speaking
        self._is_closing = False
        self._thread: threading.Thread | None = None
        # Held while connections change; never while a listener is called.
        self._lock = threading.Lock()
        with contextlib.ExitStack() as stack:
            try:
                self._ears = self._library.SequencerClient(CLIENT_NAME)
                stack.callback(self._ears.close)
                self._mouth = self._library.SequencerClient(CLIENT_NAME)
                stack.callback(self._mouth.close)
                self._announced = self._ears.create_port("plugs", self._library.WRITE_PORT)
                self._music = self._mouth.create_port("music", self._library.READ_PORT)
                ports = [
                    self._ears.create_port(f"keys {place + 1}", self._library.WRITE_PORT)
                    for place in range(places)
                ]
                self._ears.subscribe_port((0, 1), self._announced)  # the kernel's own port
            except self._errors as error:
                raise DeviceError(f"the ALSA sequencer gives no client: {error}") from error
            stack.pop_all()
        self.inputs = tuple(AlsaInput(self, port) for port in ports)
        self.output = AlsaOutput(self)
        self._open = {*self.inputs, self.output}
        self._by_port = {place.port.port_id: place for place in self.inputs}

    def start(self) -> None:
        """Connect what is there, and listen; once."""
        with self._lock:
            if self._thread is not None:
                return
            self._thread = threading.Thread(target=self._work, name="continuo-midi", daemon=True)
        self.look()
        self._thread.start()

    def send(self, content: bytes) -> None:
        """Say something to the synthesizer.

        Raises:
            DeviceError: If it does not get through.
        """
        event = self._library.MidiBytesEvent(content)
        try:
            self._say(event)
        except self._errors as error:
            raise DeviceError(f"the synthesizer does not answer: {error}") from error

    def look(self, exited: Address | None = None) -> None:
        """Connect and let go, as ports have come and gone.

        Args:
            exited: A port that was gone for certain, though another may have its number already.
        """
        with self._lock:
            try:
                sources = self._sources()
                targets = self._ears.list_ports(output=True)
            except self._errors as error:
                _LOG.warning("the list of MIDI ports cannot be had: %s", error)
                return
            changed = self._match_keyboards(sources, exited)
            changed += self._match_synthesizer(
                {_name(p): (p.client_id, p.port_id) for p in targets}, exited
            )
        for port in changed:
            port.tell()

    def listed(self) -> tuple[tuple[Listed, ...], tuple[Listed, ...]]:
        """Others' ports that can be heard, and those that can be spoken to, connected or not.

        Raises:
            DeviceError: If the sequencer does not say.
        """
        own = (self._ears.client_id, self._mouth.client_id)
        try:
            heard, spoken_to = (
                [port for port in found if port.client_id not in own]
                for found in (
                    self._ears.list_ports(input=True),
                    self._ears.list_ports(output=True),
                )
            )
            wanted = {source.address for source in self._sources()[: len(self.inputs)]}
        except self._errors as error:
            raise DeviceError(f"the list of MIDI ports cannot be had: {error}") from error
        chosen = choose_port([_name(port) for port in spoken_to], self._midi_output)
        return (
            tuple((_name(p), (p.client_id, p.port_id) in wanted) for p in heard),
            tuple((_name(p), index == chosen) for index, p in enumerate(spoken_to)),
        )

    def close_one(self, port: AlsaInput | AlsaOutput) -> None:
        """Let go of a port; with the last one both clients and the thread end.

        Raises:
            DeviceError: If the thread does not end.
        """
        self._open.discard(port)
        if self._open or self._is_closing:
            return
        self._is_closing = True
        if self._thread is not None:
            event = self._library.MidiBytesEvent(_WAKE)
            with contextlib.suppress(self._errors):
                self._say(event, dest=self._announced)
            self._thread.join(STOP_S)
            if self._thread.is_alive():
                raise DeviceError("the thread of the MIDI ports does not end")
        self._mouth.close()
        self._ears.close()

    def _say(self, event: Any, **to: Any) -> None:
        self._mouth.event_output_direct(event, port=self._music, **to)
        # In alsa-midi 1.0.4 "direct" ends in the library's own buffer, and nobody hears it.
        self._mouth.drain_output()

    def _work(self) -> None:
        while not self._is_closing:
            try:
                # Without a timeout: the library takes its seconds for milliseconds, and spins.
                event = self._ears.event_input(prefer_bytes=True)
                self._take(event)
            except self._errors as error:  # a lost event: the kernel's buffer was full
                _LOG.warning("the ALSA sequencer says: %s", error)
                self.look()
            except Exception:  # the top of the thread, which has other keys to hear
                _LOG.exception("an event of the ALSA sequencer was lost")

    def _take(self, event: Any) -> None:
        at_ns = self._now_ns()
        content = getattr(event, "midi_bytes", None)
        if content is not None:
            place = self._by_port.get(event.dest.port_id)
            if place is not None and place.name == COMPUTER:
                with self._speaking():
                    place.hear(content, at_ns)
            elif place is not None:
                place.hear(content, at_ns)
        elif type(event).__name__ in _COMES:
            self.look()
        elif type(event).__name__ in _GOES:
            self.look((event.addr.client_id, event.addr.port_id))

    def _sources(self) -> list[Source]:
        """What may be a keyboard: of each client the first port that is wanted."""
        sources: dict[int, Source] = {}
        for port in self._ears.list_ports(input=True):
            name = _name(port)
            if port.client_id in sources or choose_port([name], self._midi_input) is None:
                continue
            card = card_of_client(port.client_id)
            identity = self._identify(card) if card is not None else None
            if self._own is not None and self._own.is_own(identity):
                continue
            sources[port.client_id] = Source(
                name=COMPUTER if port.client_name == _GADGET_CLIENT else name,
                address=(port.client_id, port.port_id),
                identity=identity,
            )
        return list(sources.values())

    def _match_keyboards(
        self, sources: list[Source], exited: Address | None
    ) -> list[AlsaInput | AlsaOutput]:
        changed: list[AlsaInput | AlsaOutput] = []
        there = {source.address for source in sources}
        for place in self.inputs:
            address = place.source.address if place.source else None
            if address is not None and (address == exited or address not in there):
                self._part(address, place.port)
                place.leave()
                changed.append(place)
        taken = {place.source.address for place in self.inputs if place.source}
        waiting = {s.known_as: s for s in sources if s.address not in taken}
        free = [place for place in self.inputs if place.source is None]
        for index, identity in assign([p.last for p in free], waiting).items():
            place, source = free[index], waiting[identity]
            try:
                self._ears.subscribe_port(source.address, place.port)
            except self._errors as error:  # gone again, or another program has it for itself
                _LOG.warning("%s cannot be opened: %s", source.name, error)
                continue
            place.join(source)
            changed.append(place)
        return changed

    def _match_synthesizer(
        self, targets: dict[str, Address], exited: Address | None
    ) -> list[AlsaInput | AlsaOutput]:
        changed: list[AlsaInput | AlsaOutput] = []
        output = self.output
        if output.target is not None:
            address = output.target[1]
            if address == exited or address not in targets.values():
                self._part(self._music, address)
                output.leave()
                changed.append(output)
        if output.target is None:
            names = list(targets)
            index = choose_port(names, self._midi_output)
            if index is not None:
                try:
                    self._ears.subscribe_port(self._music, targets[names[index]])
                except self._errors as error:
                    _LOG.warning("%s cannot be opened: %s", names[index], error)
                    return changed
                output.join((names[index], targets[names[index]]))
                changed.append(output)
        return changed

    def _part(self, sender: Any, receiver: Any) -> None:
        """End a connection, which mostly has ended with its device.

        Not so if the news of its end is older than its beginning: the device was back already.
        """
        with contextlib.suppress(self._errors):
            self._ears.unsubscribe_port(sender, receiver)


def _name(port: Any) -> str:
    return f"{port.client_name}:{port.name}"


def _library() -> Any:
    try:
        return importlib.import_module("alsa_midi")
    # OSError: the library is there, but the system's libasound, which it wraps, is not.
    except (ImportError, OSError) as error:
        raise DeviceError(
            "the library of the ALSA sequencer is not installed", remedy="pip install alsa-midi"
        ) from error
