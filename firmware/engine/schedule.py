"""A composition as MIDI messages in the order in which they are sent: pure, integer ticks.

One channel a track, channel 10 for drums only and one left to the player's own keys, so that a
finger and a track never fight over one note.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from firmware.midi.messages import (
    ALL_NOTES_OFF,
    ALL_SOUND_OFF,
    CHANNELS,
    DRUM_CHANNEL,
    RESET_ALL_CONTROLLERS,
    SOSTENUTO_PEDAL,
    SUSTAIN_PEDAL,
    ControlChange,
    MidiMessage,
    NoteOff,
    NoteOn,
    PitchBend,
    ProgramChange,
)
from firmware.music.notes import Composition, Melody, Note, Track

KEYBOARD_CHANNEL = 15
"""Of the player's own keys, where nobody wants another."""

TRACK_CHANNELS = tuple(c for c in range(CHANNELS) if c not in (DRUM_CHANNEL, KEYBOARD_CHANNEL))


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Strike:
    """One note on one channel, from its on to its off.

    Attributes:
        start_ticks: When it is struck.
        end_ticks: When it is let go.
        channel: 0..15.
        pitch: 0..127.
        velocity: 1..127.
    """

    start_ticks: int
    end_ticks: int
    channel: int
    pitch: int
    velocity: int

    @property
    def on(self) -> NoteOn:
        """The message that begins it."""
        return NoteOn(pitch=self.pitch, velocity=self.velocity, channel=self.channel)

    @property
    def off(self) -> NoteOff:
        """The message that ends it."""
        return NoteOff(pitch=self.pitch, channel=self.channel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """What a player needs of a composition.

    Attributes:
        strikes: In order of start; on one channel no two of one pitch overlap.
        programs: What each channel is set to before the music.
        tempo_bpm: Quarter notes a minute.
        end_ticks: Where the last note ends.
    """

    strikes: tuple[Strike, ...]
    programs: tuple[ProgramChange, ...]
    tempo_bpm: float
    end_ticks: int

    def at(self, ticks: int) -> dict[tuple[int, int], Strike]:
        """What sounds at a tick, by (channel, pitch)."""
        return {
            (strike.channel, strike.pitch): strike
            for strike in self.strikes
            if strike.start_ticks <= ticks < strike.end_ticks
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """How the tracks of a composition are to sound other than it says, by their index.

    Attributes:
        silent: Those that are not heard.
        programs: (Index, General MIDI program) of those that play something else.
        keyboard_channel: What is left to the player's own keys.
    """

    silent: frozenset[int] = frozenset()
    programs: tuple[tuple[int, int], ...] = ()
    keyboard_channel: int = KEYBOARD_CHANNEL


AS_WRITTEN = Mix()


@lru_cache(maxsize=8)
def schedule_of(composition: Composition, mix: Mix = AS_WRITTEN) -> Schedule:
    """Give every track its channel and every note its on and its off.

    The last few are kept, so that another thread can have them made before they are needed.
    Tracks beyond the fourteenth share channels; the program of the first one there holds.
    What is silent takes its time nevertheless.
    """
    by_channel: dict[int, list[Note]] = {}
    programs: dict[int, int] = {}
    chosen = dict(mix.programs)
    for index, (channel, track) in enumerate(_channels(composition.tracks, mix.keyboard_channel)):
        if index not in mix.silent:
            by_channel.setdefault(channel, []).extend(track.notes)
        programs.setdefault(channel, chosen.get(index, track.program))
    strikes = [
        Strike(
            start_ticks=note.start_ticks,
            end_ticks=note.end_ticks,
            channel=channel,
            pitch=note.pitch,
            velocity=note.velocity,
        )
        for channel, notes in by_channel.items()
        for note in playable(notes)
    ]
    end_ticks = max((strike.end_ticks for strike in strikes), default=0)
    if mix.silent:
        end_ticks = schedule_of(composition).end_ticks
    return Schedule(
        strikes=tuple(sorted(strikes)),
        programs=tuple(ProgramChange(program=p, channel=c) for c, p in sorted(programs.items())),
        tempo_bpm=composition.tempo_bpm,
        end_ticks=end_ticks,
    )


def playable(notes: Iterable[Note]) -> tuple[Note, ...]:
    """What one keyboard can play: a key that is struck again was let go before.

    Of two notes that begin together on a pitch the longer one stays, and a note that sounds
    when its pitch is struck again ends there.
    """
    by_pitch: dict[int, dict[int, Note]] = {}
    for note in notes:
        starts = by_pitch.setdefault(note.pitch, {})
        before = starts.get(note.start_ticks)
        if before is None or note.duration_ticks > before.duration_ticks:
            starts[note.start_ticks] = note
    kept: list[Note] = []
    for starts in by_pitch.values():
        ordered = [starts[start] for start in sorted(starts)]
        for note, following in zip(ordered, [*ordered[1:], None], strict=True):
            room = following.start_ticks - note.start_ticks if following else note.duration_ticks
            kept.append(_shortened(note, room))
    return tuple(sorted(kept))


def key_moves(melody: Melody) -> list[tuple[int, bool, int, int]]:
    """What fingers do to play a melody, in order.

    Returns:
        (ticks, whether the key goes down, pitch, velocity); of what happens at one tick, keys
        go up first, so that one can go down again.
    """
    moves = [(note.end_ticks, False, note.pitch, 0) for note in melody.notes]
    moves += [(note.start_ticks, True, note.pitch, note.velocity) for note in melody.notes]
    return sorted(moves)


def as_composition(melody: Melody, *, program: int = 0) -> Composition:
    """A melody as one track, so that it can be heard."""
    return Composition(
        tracks=(Track(name="melody", notes=melody.notes, program=program),),
        tempo_bpm=melody.tempo_bpm,
        beats_per_bar=melody.beats_per_bar,
        name=melody.name,
    )


def silence(channel: int) -> tuple[MidiMessage, MidiMessage]:
    """Everything off on a channel. "All notes off" alone leaves what a pedal holds."""
    return (
        ControlChange(control=ALL_SOUND_OFF, value=0, channel=channel),
        ControlChange(control=ALL_NOTES_OFF, value=0, channel=channel),
    )


def reset(channel: int) -> tuple[MidiMessage, ...]:
    """Everything off and in its middle on a channel, whatever state it may be in."""
    return (
        *(
            ControlChange(control=control, value=0, channel=channel)
            for control in (
                SUSTAIN_PEDAL,
                SOSTENUTO_PEDAL,
                ALL_NOTES_OFF,
                ALL_SOUND_OFF,
                RESET_ALL_CONTROLLERS,
            )
        ),
        PitchBend(bend=0, channel=channel),
    )


def _channels(tracks: Iterable[Track], keyboard: int) -> Iterable[tuple[int, Track]]:
    free = [c for c in range(CHANNELS) if c not in (DRUM_CHANNEL, keyboard)]
    melodic = 0
    for track in tracks:
        if track.is_drum:
            yield DRUM_CHANNEL, track
        else:
            yield free[melodic % len(free)], track
            melodic += 1


def _shortened(note: Note, room: int) -> Note:
    return note if note.duration_ticks <= room else replace(note, duration_ticks=room)
