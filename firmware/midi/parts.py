"""The notes of a Standard MIDI File, paired and sorted into one part for each instrument."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from firmware.midi.messages import DRUM_CHANNEL
from firmware.midi.pairing import NOTE_CONTROLS, ChannelPairer, PairedNote
from firmware.midi.standard_file import (
    META_NAME,
    META_PORT,
    META_TEXT,
    MetaEvent,
    StandardMidiFile,
    TrackChunk,
)

CONTINUED: Final = b"Continuo: more notes of the track above"
"""A text event that ties a track of a file to the one before it.

One channel cannot say which of two notes on one pitch ends first, so that a part whose notes
overlap on a pitch is written as several tracks.
"""
_ANY_CHANNEL: Final = -1


@dataclass(slots=True, kw_only=True)
class Part:
    """One instrument's notes.

    Attributes:
        name: What the file calls the track.
        program: General MIDI program, 0..127.
        is_drum: Whether it is on the drum channel.
        notes: In ticks of the file, in the order in which they end.
    """

    name: str
    program: int
    is_drum: bool
    notes: list[PairedNote] = field(default_factory=list)


def collect_parts(file: StandardMidiFile, *, has_pedal: bool) -> list[Part]:
    """Pair the notes of all tracks.

    There is one part for each program on each channel of each track, and an empty one for a
    track that has a program and no notes.

    Args:
        file: What was read.
        has_pedal: Whether the sustain pedal makes notes longer.

    Returns:
        The parts, in the order of the file's tracks.
    """
    return _Collector(file, has_pedal=has_pedal).collect()


def name_of(metas: Iterable[MetaEvent]) -> str:
    """The first name among meta events, without what cannot be shown.

    Newer files use UTF-8, older ones Latin-1.
    """
    content = next((data for _, kind, data in metas if kind == META_NAME), b"")
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    return "".join(character for character in text if character.isprintable()).strip()


class _Collector:
    """Pairs the notes of a file and sorts them into parts.

    A pedal or a program holds for its channel, whichever track of the file it stands in, unless
    the track that has the notes says otherwise.
    """

    def __init__(self, file: StandardMidiFile, *, has_pedal: bool) -> None:
        self._chunks = file.chunks
        self._beat_ticks = max(round(1 / file.beats_per_tick), 1)
        self._ports = [_port(chunk.meta_events) for chunk in file.chunks]
        self._leads = _leads(file.chunks)
        self._pairers: dict[tuple[int, int], ChannelPairer] = {}  # of (chunk, channel)
        self._sharing: dict[tuple[int, int], list[int]] = {}  # chunks by (port, channel)
        for number, chunk in enumerate(file.chunks):
            for channel in sorted({status & 0x0F for _, status, _, _ in chunk.channel_events}):
                self._pairers[number, channel] = ChannelPairer(has_pedal=has_pedal)
                self._sharing.setdefault((self._ports[number], channel), []).append(number)
        self._programs: dict[tuple[int, int], int] = {}  # of (port, channel)
        self._own_programs: dict[tuple[int, int], int] = {}  # of (chunk, channel)
        self._parts: dict[tuple[int, int, int], Part] = {}  # of (chunk, channel, program)
        self._sounding: dict[tuple[int, int, int], Part] = {}  # of (chunk, channel, pitch)
        self._last_tick = 0

    def collect(self) -> list[Part]:
        """The parts, in the order of the file's tracks."""
        timeline = [
            (tick, number, status, first, second)
            for number, chunk in enumerate(self._chunks)
            for tick, status, first, second in chunk.channel_events
        ]
        timeline.sort(key=lambda event: event[0])  # stable: at one tick in the file's order
        for tick, number, status, first, second in timeline:
            kind, channel = status & 0xF0, status & 0x0F
            if kind == 0x90 and second:
                self._strike(tick, number, channel, first, second)
            elif kind in {0x80, 0x90}:
                self._last_tick = tick
                ended = self._pairers[number, channel].release(tick, first)
                self._keep(number, channel, ended)
            elif kind == 0xB0 and first in NOTE_CONTROLS:
                self._control(tick, number, channel, first, second)
            elif kind == 0xC0:
                self._own_programs[number, channel] = first
                self._programs[self._ports[number], channel] = first
        self._close_hanging_notes()
        self._add_silent_tracks()
        return [self._parts[key] for key in sorted(self._parts, key=lambda key: key[0])]

    def _strike(self, tick: int, number: int, channel: int, pitch: int, velocity: int) -> None:
        self._last_tick = tick
        ended = self._pairers[number, channel].strike(tick, pitch, velocity)
        self._keep(number, channel, ended)
        common = self._programs.get((self._ports[number], channel), 0)
        program = self._own_programs.get((number, channel), common)
        self._sounding[number, channel, pitch] = self._part(number, channel, program)

    def _control(self, tick: int, number: int, channel: int, control: int, value: int) -> None:
        for sharer in self._sharing[self._ports[number], channel]:
            ended = self._pairers[sharer, channel].control(tick, control, value)
            self._keep(sharer, channel, ended)

    def _keep(self, number: int, channel: int, ended: Iterable[PairedNote]) -> None:
        for note in ended:
            self._sounding[number, channel, note.pitch].notes.append(note)

    def _part(self, number: int, channel: int, program: int) -> Part:
        lead = self._leads[number]
        chunk = number if lead is None else lead
        # The layers of one of our own tracks differ in nothing but their channel.
        key = (chunk, channel if lead is None else _ANY_CHANNEL, program)
        if key not in self._parts:
            self._parts[key] = Part(
                name=name_of(self._chunks[chunk].meta_events),
                program=program,
                is_drum=channel == DRUM_CHANNEL,
            )
        return self._parts[key]

    def _close_hanging_notes(self) -> None:
        for (number, channel), pairer in self._pairers.items():
            hanging = pairer.close_all(self._last_tick)
            self._keep(
                number,
                channel,
                (n._replace(end=max(n.end, n.start + self._beat_ticks)) for n in hanging),
            )

    def _add_silent_tracks(self) -> None:
        """A track that has an instrument and no notes is still one."""
        heard = {number for number, _, _ in self._sounding}
        for number, chunk in enumerate(self._chunks):
            programs = (e for e in chunk.channel_events if e[1] & 0xF0 == 0xC0)
            first = next(programs, None)
            if number not in heard and first is not None:
                self._part(number, first[1] & 0x0F, first[2])


def _leads(chunks: Sequence[TrackChunk]) -> list[int | None]:
    """For each chunk of a track that was written as several: the first of them."""
    leads: list[int | None] = [None] * len(chunks)
    for number, chunk in enumerate(chunks):
        is_more = any(
            kind == META_TEXT and data == CONTINUED for _, kind, data in chunk.meta_events
        )
        if is_more and number:
            before = leads[number - 1]
            leads[number - 1] = leads[number] = number - 1 if before is None else before
    return leads


def _port(metas: Iterable[MetaEvent]) -> int:
    return next((data[0] for _, kind, data in metas if kind == META_PORT and data), 0)
