"""Standard MIDI Files: bytes to events and back, without any idea of music.

A reader of its own, because real files break rules that mido insists on (a key signature out of
range, an end-of-track event before the end of its chunk, a wrong number of tracks): what carries
no music may be broken here, and what carries music is read completely or not at all.

Reference:
    Standard MIDI Files 1.0 (RP-001), MIDI Manufacturers Association 1996.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Final, NoReturn

from firmware.errors import MidiFileError
from firmware.midi.bytes import DATA_BYTES
from firmware.music.timing import TICKS_PER_BEAT

META_TEXT: Final = 0x01
META_NAME: Final = 0x03
META_PORT: Final = 0x21
META_END_OF_TRACK: Final = 0x2F
META_TEMPO: Final = 0x51
META_TIME_SIGNATURE: Final = 0x58

MAX_EVENTS: Final = 1_000_000
"""Of one file. A piece of many hours has a tenth of them; more would not fit into memory."""
MAX_DELTA_TICKS: Final = 0x0FFF_FFFF
"""What fits into the four bytes of a variable-length quantity."""

ChannelEvent = tuple[int, int, int, int]
"""Tick, status byte, first and second data byte (0 where there is none)."""
MetaEvent = tuple[int, int, bytes]
"""Tick, type, content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackChunk:
    """One track of a file.

    Attributes:
        channel_events: Notes, controllers, programs in the order of the file.
        meta_events: Names, tempos, time signatures and the like in the order of the file, the
            end of the track left out.
    """

    channel_events: tuple[ChannelEvent, ...]
    meta_events: tuple[MetaEvent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardMidiFile:
    """A file's content.

    Attributes:
        beats_per_tick: Length of a tick in quarter notes.
        is_in_seconds: Whether ticks are fractions of a second (SMPTE), so that tempos in the
            file mean nothing; `beats_per_tick` is at 120 beats a minute then.
        chunks: The tracks.
    """

    beats_per_tick: Fraction
    is_in_seconds: bool
    chunks: tuple[TrackChunk, ...]


def parse(content: bytes) -> StandardMidiFile:
    """Read a file.

    Raises:
        MidiFileError: If it is none, or is damaged where music is.
    """
    # Some files begin with another system's header (RIFF's, MacBinary's).
    start = content.find(b"MThd", 0, 1024)
    if start < 0:
        raise MidiFileError(
            "the file is not a MIDI file" if content else "the file is empty",
            remedy="choose a file whose name ends in .mid",
        )
    header = content[start + 8 : start + 14]
    if len(header) < 6:
        _refuse_as_damaged("it ends in its header")
    kind, division = int.from_bytes(header[0:2]), int.from_bytes(header[4:6])
    chunks = _chunks(content, start + 8 + int.from_bytes(content[start + 4 : start + 8]))
    if kind > 1 and len(chunks) > 1:
        raise MidiFileError(
            "the file holds several pieces at once (MIDI file type 2)"
            if kind == 2
            else f"the file is of the unknown type {kind}",
            remedy="save it as type 0 or 1 in the program it came from",
        )
    beats_per_tick, is_in_seconds = _beats_per_tick(division)
    return StandardMidiFile(
        beats_per_tick=beats_per_tick, is_in_seconds=is_in_seconds, chunks=tuple(chunks)
    )


def serialize(chunks: Iterable[TrackChunk]) -> bytes:
    """Write a file of type 1 with `TICKS_PER_BEAT` ticks a quarter note.

    Args:
        chunks: The tracks, the events of each in the order of their ticks. At one tick meta
            events come first.

    Raises:
        MidiFileError: If two events lie further apart than a file can say.
    """
    bodies = [_body(chunk) for chunk in chunks]
    header = b"".join(n.to_bytes(2) for n in (1, len(bodies), TICKS_PER_BEAT))
    return b"".join(
        kind + len(body).to_bytes(4) + body
        for kind, body in [(b"MThd", header), *((b"MTrk", body) for body in bodies)]
    )


# Data bytes of system messages. They have no place in a file, but some programs record them.
_SYSTEM_DATA_BYTES: Mapping[int, int] = MappingProxyType(
    {0xF1: 1, 0xF2: 2, 0xF3: 1, 0xF6: 0, 0xF8: 0, 0xFA: 0, 0xFB: 0, 0xFC: 0, 0xFE: 0}
)
# Frames a second by what the header says; 29 means the 30000/1001 of colour television.
_FRAME_RATES: Mapping[int, Fraction] = MappingProxyType(
    {24: Fraction(24), 25: Fraction(25), 29: Fraction(30000, 1001), 30: Fraction(30)}
)
_BEATS_PER_SECOND: Final = 2


def _beats_per_tick(division: int) -> tuple[Fraction, bool]:
    """Read the header's last word: ticks a beat, or frames a second and ticks a frame."""
    if division & 0x8000:
        frames, ticks = 0x100 - (division >> 8), division & 0xFF
        if frames not in _FRAME_RATES or not ticks:
            _refuse_as_damaged(f"it counts {ticks} ticks in each of {frames} frames a second")
        return _BEATS_PER_SECOND / (_FRAME_RATES[frames] * ticks), True
    if not division:
        _refuse_as_damaged("it says that a beat has no length")
    return Fraction(1, division), False


def _chunks(content: bytes, at: int) -> list[TrackChunk]:
    chunks: list[TrackChunk] = []
    events = 0
    while 0 <= at < len(content):
        if content[at : at + 4] != b"MTrk":
            # The rest of a chunk, a chunk that is no track, a wrong length: to the next track.
            at = content.find(b"MTrk", at)
            continue
        chunk, end = _parse_track(content, at, number=len(chunks) + 1, budget=MAX_EVENTS - events)
        events += len(chunk.channel_events) + len(chunk.meta_events)
        chunks.append(chunk)
        at = end
    return chunks


def _parse_track(  # noqa: C901, PLR0912, PLR0915 - one loop over bytes; calls double its time
    content: bytes, start: int, *, number: int, budget: int
) -> tuple[TrackChunk, int]:
    """Read one track chunk; returns it and where the next byte stands."""
    channel_events: list[ChannelEvent] = []
    meta_events: list[MetaEvent] = []
    at = start + 8
    end = _end_of_chunk(content, start)
    tick = status = 0
    try:
        while at < end:
            byte = content[at]
            at += 1
            delta = byte & 0x7F
            while byte & 0x80:
                byte = content[at]
                at += 1
                delta = delta << 7 | byte & 0x7F
                if delta > MAX_DELTA_TICKS:
                    _refuse_as_damaged(f"track {number} has a pause without end")
            tick += delta
            byte = content[at]
            at += 1
            if byte < 0xF0:
                if byte & 0x80:
                    status = byte
                    first = content[at]
                    at += 1
                elif status:
                    first = byte  # running status
                else:
                    _refuse_as_damaged(f"track {number} has data where an event should begin")
                second = 0
                if DATA_BYTES[status & 0xF0] == 2:
                    second = content[at]
                    at += 1
                if first | second > 0x7F:
                    _refuse_as_damaged(f"track {number} has an impossible value at byte {at}")
                channel_events.append((tick, status, first, second))
            elif byte in _SYSTEM_DATA_BYTES:
                at += _SYSTEM_DATA_BYTES[byte]
            elif byte in {0xF0, 0xF7, 0xFF}:
                kind = -1
                if byte == 0xFF:
                    kind = content[at]
                    at += 1
                length, at = _quantity(content, at)
                if kind == META_END_OF_TRACK:
                    at += length
                    break
                if kind >= 0:
                    meta_events.append((tick, kind, content[at : at + length]))
                at += length
            else:
                _refuse_as_damaged(f"track {number} has an unknown event at byte {at - 1}")
            if len(channel_events) + len(meta_events) > budget:
                raise MidiFileError(
                    f"the file has more than {MAX_EVENTS:,} events", remedy="cut it into pieces"
                )
        if at > end:
            raise IndexError
    except IndexError:
        _refuse_as_damaged(f"track {number} breaks off in the middle of an event")
    chunk = TrackChunk(channel_events=tuple(channel_events), meta_events=tuple(meta_events))
    return chunk, at


def _end_of_chunk(content: bytes, start: int) -> int:
    """Where a track ends at the latest: where it says, unless that is in the middle of it."""
    stated = start + 8 + int.from_bytes(content[start + 4 : start + 8])
    following = content[stated : stated + 4]
    return stated if following.isalpha() else len(content)


def _quantity(content: bytes, at: int) -> tuple[int, int]:
    """A variable-length quantity, and where the next byte stands."""
    value = 0
    while True:
        byte = content[at]
        at += 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at
        if value > MAX_DELTA_TICKS:
            raise IndexError


def _body(chunk: TrackChunk) -> bytes:
    """A track as bytes. Running status is not used: not every reader gets it right."""
    timed = [
        (tick, b"\xff" + bytes((kind,)) + _quantity_bytes(len(data)) + data)
        for tick, kind, data in chunk.meta_events
    ]
    for tick, status, first, second in chunk.channel_events:
        size = 1 + DATA_BYTES[status & 0xF0]
        timed.append((tick, bytes((status, first, second))[:size]))
    timed.sort(key=lambda event: event[0])
    pieces: list[bytes] = []
    before = 0
    for tick, event in timed:
        pieces += (_quantity_bytes(tick - before), event)
        before = tick
    pieces.append(b"\x00\xff\x2f\x00")
    return b"".join(pieces)


def _quantity_bytes(value: int) -> bytes:
    if value > MAX_DELTA_TICKS:
        raise MidiFileError(
            f"a MIDI file cannot hold a pause of {value // TICKS_PER_BEAT:,} beats",
            remedy="trim the music",
        )
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(value & 0x7F | 0x80)
    return bytes(reversed(groups))


def _refuse_as_damaged(how: str) -> NoReturn:
    raise MidiFileError(
        f"the file is damaged: {how}", remedy="copy it again, or export it once more"
    )
