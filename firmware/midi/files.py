"""Melodies and compositions from and to Standard MIDI Files.

What is written here is read back equal: tempo (to a thousandth of a beat a minute), bars,
names, programs, drums and every note, also two notes of one track that overlap on one pitch.
Files from elsewhere may hold anything; what has no meaning for the instrument is left out.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Final

from firmware.errors import MidiFileError
from firmware.midi.messages import CHANNELS, DRUM_CHANNEL
from firmware.midi.parts import CONTINUED, Part, collect_parts, name_of
from firmware.midi.standard_file import (
    META_NAME,
    META_PORT,
    META_TEMPO,
    META_TEXT,
    META_TIME_SIGNATURE,
    ChannelEvent,
    MetaEvent,
    TrackChunk,
    parse,
    serialize,
)
from firmware.music.notes import Composition, Melody, Note, Track
from firmware.music.timing import (
    MAX_TEMPO_BPM,
    MIN_TEMPO_BPM,
    TICKS_PER_BEAT,
    divide_rounded,
)

MICROSECONDS_PER_MINUTE: Final = 60_000_000
DEFAULT_BEAT_US: Final = 500_000
"""Microseconds a beat in a file that does not say: 120 beats a minute."""


def read_melody(content: bytes, *, name: str, has_pedal: bool = True) -> Melody:
    """Read everything but the drums as one melody.

    Args:
        content: The file's bytes.
        name: What the player will see.
        has_pedal: Whether the sustain pedal makes notes longer.

    Raises:
        MidiFileError: If it is no MIDI file, is damaged, or has no notes.
    """
    composition = read_composition(content, has_pedal=has_pedal)
    melody = composition.as_melody()
    if not melody.notes:
        has_drums = bool(composition.notes)
        raise MidiFileError(
            "the file has no notes but drums" if has_drums else "the file has no notes",
            remedy="choose another one",
        )
    return Melody(
        notes=melody.notes,
        tempo_bpm=melody.tempo_bpm,
        beats_per_bar=melody.beats_per_bar,
        name=name,
    )


def read_composition(content: bytes, *, has_pedal: bool = True) -> Composition:
    """Read a file, one track for each program on each channel of each track of the file.

    Tempo and bars are those that last longest. Notes that are never closed end with the last
    event of any note.

    Args:
        content: The file's bytes.
        has_pedal: Whether the sustain pedal makes notes longer.

    Raises:
        MidiFileError: If it is no MIDI file, or is damaged.
    """
    file = parse(content)
    parts = collect_parts(file, has_pedal=has_pedal)
    end_tick = max((note.end for part in parts for note in part.notes), default=0)
    metas = sorted(
        (event for chunk in file.chunks for event in chunk.meta_events), key=lambda event: event[0]
    )
    scale = file.beats_per_tick * TICKS_PER_BEAT
    return Composition(
        tracks=tuple(_track(part, scale) for part in parts),
        tempo_bpm=120.0 if file.is_in_seconds else _tempo_bpm(metas, end_tick),
        beats_per_bar=_beats_per_bar(metas, end_tick),
        name=name_of(file.chunks[0].meta_events) if file.chunks else "",
    )


def write_melody(melody: Melody) -> bytes:
    """Write a melody as one piano track.

    Raises:
        MidiFileError: If a pause in it is too long for a file.
    """
    return write_composition(
        Composition(
            tracks=(Track(name="melody", notes=melody.notes),),
            tempo_bpm=melody.tempo_bpm,
            beats_per_bar=melody.beats_per_bar,
            name=melody.name,
        )
    )


def write_composition(composition: Composition) -> bytes:
    """Write a composition, each track in a track of its own.

    Raises:
        MidiFileError: If a pause in it is too long for a file.
    """
    beat_us = round(MICROSECONDS_PER_MINUTE / composition.tempo_bpm)
    conductor: list[MetaEvent] = [
        (0, META_NAME, _text(composition.name)),
        (0, META_TEMPO, beat_us.to_bytes(3)),
        # Quarter notes (2 to the power of 2); a metronome click is 24 clocks, a quarter 8/32.
        (0, META_TIME_SIGNATURE, bytes((composition.beats_per_bar, 2, 24, 8))),
    ]
    chunks = [TrackChunk(channel_events=(), meta_events=tuple(conductor))]
    used = {False: 0, True: 0}  # channels given to melodic and to drum tracks
    for track in composition.tracks:
        for layer, notes in enumerate(_layers(track.notes)):
            channel, port = _place(used[track.is_drum], is_drum=track.is_drum)
            used[track.is_drum] += 1
            metas: list[MetaEvent] = [(0, META_NAME, _text(track.name))]
            if layer:
                metas.append((0, META_TEXT, CONTINUED))
            if port:
                metas.append((0, META_PORT, bytes((port,))))
            events = [(0, 0xC0 | channel, track.program, 0), *_note_events(notes, channel)]
            chunks.append(TrackChunk(channel_events=tuple(events), meta_events=tuple(metas)))
    return serialize(chunks)


_MELODIC_CHANNELS: Final = tuple(c for c in range(CHANNELS) if c != DRUM_CHANNEL)
_PORTS: Final = 128


def _track(part: Part, scale: Fraction) -> Track:
    notes: list[Note] = []
    for start, end, pitch, velocity in part.notes:
        start_ticks = divide_rounded(start * scale.numerator, scale.denominator)
        end_ticks = divide_rounded(end * scale.numerator, scale.denominator)
        notes.append(
            Note(
                start_ticks=start_ticks,
                pitch=pitch,
                duration_ticks=max(end_ticks - start_ticks, 1),
                velocity=velocity,
            )
        )
    return Track(name=part.name, notes=tuple(notes), program=part.program, is_drum=part.is_drum)


def _tempo_bpm(metas: Sequence[MetaEvent], end_tick: int) -> float:
    tempos = [
        (tick, int.from_bytes(data))
        for tick, kind, data in metas
        if kind == META_TEMPO and len(data) == 3 and any(data)
    ]
    beat_us = _longest(tempos, end_tick, default=DEFAULT_BEAT_US)
    tempo_bpm = round(MICROSECONDS_PER_MINUTE / beat_us, 3)
    return min(max(tempo_bpm, MIN_TEMPO_BPM), MAX_TEMPO_BPM)


def _beats_per_bar(metas: Sequence[MetaEvent], end_tick: int) -> int:
    """Quarter notes a bar; a bar of seven eighths is taken for four."""
    bars = [
        (tick, divide_rounded(4 * data[0], 2 ** data[1]))
        for tick, kind, data in metas
        if kind == META_TIME_SIGNATURE and len(data) >= 2 and data[1] <= 6
    ]
    return min(max(_longest(bars, end_tick, default=4), 1), 32)


def _longest(changes: Sequence[tuple[int, int]], end_tick: int, *, default: int) -> int:
    """The value that holds for most ticks before the end.

    Args:
        changes: (tick, value from there on), in the order of ticks.
        end_tick: The end of the music.
        default: What holds before the first change.
    """
    end_tick = max(end_tick, 1)
    ticks: dict[int, int] = {}
    following = [*(min(tick, end_tick) for tick, _ in changes), end_tick]
    for (start, value), end in zip([(0, default), *changes], following, strict=True):
        ticks[value] = ticks.get(value, 0) + end - min(start, end_tick)
    return max(ticks, key=lambda value: ticks[value])


def _layers(notes: Iterable[Note]) -> list[list[Note]]:
    """Share notes out so that no two of one layer overlap on one pitch; one layer at least."""
    layers: list[list[Note]] = [[]]
    free_from: list[dict[int, int]] = [{}]  # of each layer, by pitch
    for note in notes:
        fitting = (i for i, f in enumerate(free_from) if f.get(note.pitch, 0) <= note.start_ticks)
        index = next(fitting, len(layers))
        if index == len(layers):
            layers.append([])
            free_from.append({})
        layers[index].append(note)
        free_from[index][note.pitch] = note.end_ticks
    return layers


def _place(number: int, *, is_drum: bool) -> tuple[int, int]:
    """Channel and port of a track; ports beyond the first are for more than fifteen tracks."""
    channels = (DRUM_CHANNEL,) if is_drum else _MELODIC_CHANNELS
    return channels[number % len(channels)], number // len(channels) % _PORTS


def _note_events(notes: Iterable[Note], channel: int) -> list[ChannelEvent]:
    # At one tick offs come first, so that a repeated note is not cut by the end of the last.
    events = [(note.end_ticks, 0, note.pitch, 64) for note in notes]
    events += [(note.start_ticks, 1, note.pitch, note.velocity) for note in notes]
    events.sort()
    return [
        (tick, (0x90 if is_on else 0x80) | channel, pitch, velocity)
        for tick, is_on, pitch, velocity in events
    ]


def _text(name: str) -> bytes:
    return name.encode(errors="replace")
