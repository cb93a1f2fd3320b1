"""MIDI messages as values, to and from bytes, and a parser for a raw stream of them.

The words are the field's own: what MIDI libraries call a message's *note* is our `pitch`, and
their *pitch* is a pitch bend. A note-on of velocity 0 is a `NoteOff` as soon as it is read.
Values are not checked here, where every key press would pay for it: whatever comes from bytes
fits by construction, and `to_bytes` refuses what does not.

Reference:
    MIDI 1.0 Detailed Specification 4.2, tables I to VII.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import astuple, dataclass
from enum import IntEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from firmware.errors import MusicError
from firmware.midi.bytes import REALTIME, ByteParser

if TYPE_CHECKING:
    import mido


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteOff:
    """A key is let go. How fast it is let go is not kept.

    Attributes:
        pitch: 0..127 (60 is middle C).
        channel: 0..15 (people count from 1).
    """

    pitch: int
    channel: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteOn:
    """A key is struck.

    Attributes:
        pitch: 0..127 (60 is middle C).
        velocity: 1..127.
        channel: 0..15.
    """

    pitch: int
    velocity: int
    channel: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPressure:
    """A held key is pressed harder.

    Attributes:
        pitch: 0..127.
        pressure: 0..127.
        channel: 0..15.
    """

    pitch: int
    pressure: int
    channel: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlChange:
    """A knob, slider, wheel, pedal or button moved.

    Attributes:
        control: 0..127, which one.
        value: 0..127.
        channel: 0..15.
    """

    control: int
    value: int
    channel: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramChange:
    """Another instrument is chosen.

    Attributes:
        program: 0..127 (0 is the grand piano).
        channel: 0..15.
    """

    program: int
    channel: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelPressure:
    """The held keys are pressed harder.

    Attributes:
        pressure: 0..127.
        channel: 0..15.
    """

    pressure: int
    channel: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PitchBend:
    """The pitch wheel moved.

    Attributes:
        bend: -8192..8191, 0 in the middle.
        channel: 0..15.
    """

    bend: int
    channel: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SongPosition:
    """Where a sequencer is that is started next with `Realtime.CONTINUE`.

    Attributes:
        sixteenths: Since the beginning of the song, 0..16383.
    """

    sixteenths: int


class Realtime(IntEnum):
    """Messages of one byte, which is their number; they may stand inside of other messages."""

    CLOCK = 0xF8
    START = 0xFA
    CONTINUE = 0xFB
    STOP = 0xFC
    ACTIVE_SENSING = 0xFE
    RESET = 0xFF


ChannelMessage = (
    NoteOff | NoteOn | KeyPressure | ControlChange | ProgramChange | ChannelPressure | PitchBend
)
MidiMessage = ChannelMessage | Realtime | SongPosition
"""Everything that the instrument listens to or says. System exclusive is neither."""

CHANNELS = 16
DRUM_CHANNEL = 9
"""What people call channel 10."""
SUSTAIN_PEDAL = 64
SOSTENUTO_PEDAL = 66
ALL_SOUND_OFF = 120
RESET_ALL_CONTROLLERS = 121
ALL_NOTES_OFF = 123


def _note_on(channel: int, pitch: int, velocity: int) -> ChannelMessage:
    if velocity == 0:
        return NoteOff(pitch=pitch, channel=channel)
    return NoteOn(pitch=pitch, velocity=velocity, channel=channel)


_DECODERS: Mapping[int, Callable[[int, int, int], ChannelMessage]] = MappingProxyType(
    {
        0x80: lambda channel, pitch, _: NoteOff(pitch=pitch, channel=channel),
        0x90: _note_on,
        0xA0: lambda channel, a, b: KeyPressure(pitch=a, pressure=b, channel=channel),
        0xB0: lambda channel, a, b: ControlChange(control=a, value=b, channel=channel),
        0xC0: lambda channel, a, _: ProgramChange(program=a, channel=channel),
        0xD0: lambda channel, a, _: ChannelPressure(pressure=a, channel=channel),
        0xE0: lambda channel, a, b: PitchBend(bend=(b << 7 | a) - 8192, channel=channel),
    }
)
_STATUSES: Mapping[type, int] = MappingProxyType(
    {
        NoteOff: 0x80,
        NoteOn: 0x90,
        KeyPressure: 0xA0,
        ControlChange: 0xB0,
        ProgramChange: 0xC0,
        ChannelPressure: 0xD0,
        PitchBend: 0xE0,
    }
)
_RELEASE_VELOCITY = 64  # what a keyboard sends that cannot measure it
_SONG_POSITION = 0xF2


def to_bytes(message: MidiMessage) -> bytes:
    """A message as it goes over the wire, status byte included.

    Raises:
        MusicError: If a value does not fit into its byte.
    """
    if isinstance(message, Realtime):
        return bytes((message,))
    if isinstance(message, SongPosition):
        if not 0 <= message.sixteenths < 1 << 14:
            raise MusicError(f"{message} does not fit into MIDI's 14 bits")
        return bytes((_SONG_POSITION, message.sixteenths & 0x7F, message.sixteenths >> 7))
    *values, channel = astuple(message)
    if isinstance(message, NoteOff):
        values.append(_RELEASE_VELOCITY)
    elif isinstance(message, PitchBend):
        values = [(message.bend + 8192) & 0x7F, (message.bend + 8192) >> 7]
    if not 0 <= channel < CHANNELS or not all(0 <= value < 128 for value in values):
        raise MusicError(f"{message} does not fit into MIDI's 7-bit values and 16 channels")
    return bytes((_STATUSES[type(message)] | channel, *values))


def from_mido(message: "mido.Message") -> MidiMessage | None:
    """Translate a mido message; None for what the instrument does not listen to."""
    return next(iter(MidiParser().feed(message.bytes())), None)


def to_mido(message: MidiMessage) -> "mido.Message":
    """Translate into a mido message.

    Raises:
        MusicError: If a value does not fit into its byte.
    """
    import mido  # noqa: PLC0415 - the import sandbox stays small without it

    return mido.Message.from_bytes(to_bytes(message))


class MidiParser:
    """Bytes in, messages out, however the bytes are cut into pieces; see `ByteParser`.

    What the instrument does not listen to, system exclusive above all, is passed over.
    """

    def __init__(self) -> None:
        self._bytes = ByteParser()

    def feed(self, content: Iterable[int]) -> list[MidiMessage]:
        """Take some bytes.

        Args:
            content: 0..255, as they came.

        Returns:
            The messages that are complete with them, in order.
        """
        found = (_decoded(content) for content in self._bytes.feed(content))
        return [message for message in found if message is not None]


def _decoded(content: bytes) -> MidiMessage | None:
    status = content[0]
    if status < 0xF0:
        return _DECODERS[status & 0xF0](status & 0x0F, content[1], content[-1])
    if status == _SONG_POSITION:
        return SongPosition(sixteenths=content[2] << 7 | content[1])
    return Realtime(status) if status in REALTIME else None
