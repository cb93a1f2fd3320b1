"""Real MIDI ports through python-rtmidi: ALSA on the device, JACK as well.

A port that vanishes gives no sign, so that the list of ports is asked for again and again, always
through the one client that was made at the start: a client for each question would use up what
ALSA has. Devices are told apart by name without the client number, which changes at every plug;
`alsa_ports`, where it can be used, is told of every plug and tells twins apart.
"""

import importlib
import logging
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from firmware.devices.identity import UsbIdentity, card_of_client, identity_of_card
from firmware.devices.midi_ports import MidiListener, PortChange, PortListener
from firmware.errors import DeviceError
from firmware.midi.messages import MidiMessage, MidiParser, to_bytes

CLIENT_NAME = "Continuo"

_LOG = logging.getLogger(__name__)
_CLIENT_NUMBER = re.compile(r" (\d+):\d+$")
# Ports that are there without a device: a loop back to the sender, and the machine's own.
_NO_DEVICES = re.compile(rf"^(Midi Through|RtMidi|{CLIENT_NAME})", re.IGNORECASE)


def _alsa_is_there() -> bool:
    return Path("/dev/snd/seq").exists()


def _jack_is_there() -> bool:
    # A server's socket; asking the library instead prints to standard error where there is none.
    server = os.environ.get("JACK_DEFAULT_SERVER", "default")
    return any(Path("/dev/shm").glob(f"jack_{server}_{os.getuid()}_*"))  # noqa: S108 - JACK's own


APIS: Mapping[str, tuple[str, Callable[[], bool]]] = MappingProxyType(
    {
        # name: (rtmidi's constant, whether there is one to talk to), in order of preference
        "alsa": ("API_LINUX_ALSA", _alsa_is_there),
        "jack": ("API_UNIX_JACK", _jack_is_there),
    }
)


def running_apis() -> tuple[str, ...]:
    """The MIDI systems that run on this machine, the preferred one first."""
    return tuple(name for name, (_, is_there) in APIS.items() if is_there())


def device_name(port: str) -> str:
    """A port's name without the client number that ALSA puts at its end."""
    return _CLIENT_NUMBER.sub("", port)


def choose_port(ports: list[str], wanted: str) -> int | None:
    """The port to connect to.

    Args:
        ports: As rtmidi lists them.
        wanted: Part of the name, in any case, or "" for the first that is a device.

    Returns:
        Its index, or None.
    """
    for index, port in enumerate(ports):
        if _NO_DEVICES.match(port):
            continue
        if wanted.lower() in port.lower():
            return index
    return None


class _RtMidiPort:
    """What input and output have in common: one client for life, a port that comes and goes.

    Args:
        api: One of `APIS`.
        kind: rtmidi's class.
        wanted: Part of the device's name, or "".
        port_name: What our end is called.
    """

    def __init__(self, *, api: str, kind: str, wanted: str, port_name: str) -> None:
        rtmidi = _library()
        self._errors: type[Exception] = rtmidi.RtMidiError
        constant, is_there = APIS[api]
        if not is_there():
            raise DeviceError(f"{api} does not run here", remedy="`continuo ports` lists what does")
        try:
            self._client = getattr(rtmidi, kind)(getattr(rtmidi, constant), name=CLIENT_NAME)
        except self._errors as error:
            raise DeviceError(f"{api} gives no MIDI client: {error}") from error
        self._wanted = wanted
        self._port_name = port_name
        self._last = ""  # the device that was connected before, which has the first choice
        self._connected: str | None = None  # as rtmidi lists it

    @property
    def name(self) -> str | None:
        return device_name(self._connected) if self._connected else None

    def ports(self) -> list[str]:
        """Every port there is, as rtmidi lists it."""
        try:
            return list(self._client.get_ports())
        except self._errors as error:
            _LOG.warning("the list of MIDI ports cannot be had: %s", error)
            return []

    def poll(self) -> PortChange | None:
        ports = self.ports()
        if self._connected is not None:
            if self._connected in ports:
                return None
            gone = device_name(self._connected)
            self._connected = None
            self._client.close_port()
            return PortChange(name=gone, is_there=False)
        index = choose_port(ports, self._last) if self._last else None
        if index is None:
            index = choose_port(ports, self._wanted)
        if index is None:
            return None
        try:
            self._client.open_port(index, name=self._port_name)
        except self._errors as error:
            _LOG.warning("%s cannot be opened: %s", ports[index], error)
            return None
        self._connected = ports[index]
        self._listen()
        self._last = device_name(ports[index])
        return PortChange(name=self._last, is_there=True)

    def close(self) -> None:
        self._connected = None
        self._client.delete()

    def _listen(self) -> None:
        """Be ready for what a port that has just been opened says."""


class RtMidiInput(_RtMidiPort):
    """A keyboard on a real port. See `MidiInput`.

    Args:
        api: One of `APIS`.
        wanted: Part of the keyboard's name, or "" for the first there is.
        now_ns: The clock that stamps what arrives.

    Raises:
        DeviceError: If the library or the MIDI system is not there.
    """

    def __init__(self, *, api: str, wanted: str, now_ns: Callable[[], int]) -> None:
        super().__init__(api=api, kind="MidiIn", wanted=wanted, port_name="keys")
        self._api = api
        self._now_ns = now_ns
        self._parser = MidiParser()
        self._listener: MidiListener | None = None
        self._identity: UsbIdentity | None = None
        # Of what it leaves out by itself, the clock and active sensing are wanted.
        self._client.ignore_types(sysex=True, timing=False, active_sense=False)

    @property
    def identity(self) -> UsbIdentity | None:
        """See `MidiInput.identity`."""
        return self._identity if self._connected else None

    def open(self, listener: MidiListener, on_change: PortListener | None = None) -> None:
        """See `MidiInput.open`. Nothing announces a change here."""
        del on_change
        self._listener = listener
        self.poll()

    def close(self) -> None:
        """See `MidiInput.close`."""
        self._client.cancel_callback()
        self._listener = None
        super().close()

    def _listen(self) -> None:
        # JACK's names have no such number, whatever they end with.
        self._identity = _identity_of(self._connected) if self._api == "alsa" else None
        self._parser = MidiParser()  # what was cut off by a plug is not gone on with
        # rtmidi forgets its callback when a port is closed, and says nothing of it.
        self._client.cancel_callback()
        self._client.set_callback(self._arrived)

    def _arrived(self, event: tuple[list[int], float], _data: object) -> None:
        at_ns = self._now_ns()
        listener = self._listener
        if listener is not None:
            for message in self._parser.feed(event[0]):
                listener(message, at_ns)


class RtMidiOutput(_RtMidiPort):
    """A synthesizer on a real port. See `MidiOutput`.

    Args:
        api: One of `APIS`.
        wanted: Part of the synthesizer's name, or "" for the first there is.

    Raises:
        DeviceError: If the library or the MIDI system is not there.
    """

    def __init__(self, *, api: str, wanted: str) -> None:
        super().__init__(api=api, kind="MidiOut", wanted=wanted, port_name="music")

    def open(self, on_change: PortListener | None = None) -> None:
        """See `MidiOutput.open`. Nothing announces a change here."""
        del on_change
        self.poll()

    def send(self, message: MidiMessage) -> None:
        """See `MidiOutput.send`."""
        if self._connected is None:
            return
        try:
            self._client.send_message(to_bytes(message))
        except self._errors as error:
            raise DeviceError(f"{self.name} does not answer: {error}") from error


def _identity_of(port: str | None) -> UsbIdentity | None:
    """Which device an ALSA port belongs to, by the client number at the end of its name."""
    number = _CLIENT_NUMBER.search(port or "")
    card = card_of_client(int(number[1])) if number else None
    return None if card is None else identity_of_card(card)


def _library() -> Any:
    try:
        return importlib.import_module("rtmidi")
    except ImportError as error:
        raise DeviceError(
            "the MIDI library is not installed",
            remedy="pip install python-rtmidi, or Debian's python3-rtmidi",
        ) from error
