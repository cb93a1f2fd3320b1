"""From note-ons and note-offs to notes with an end: one rule for fingers and for files.

Times are integers of any unit that does not run backwards: nanoseconds while playing, ticks in a
file.
"""

from typing import Final, NamedTuple

from firmware.midi.messages import (
    ALL_NOTES_OFF,
    ALL_SOUND_OFF,
    RESET_ALL_CONTROLLERS,
    SUSTAIN_PEDAL,
    ControlChange,
    MidiMessage,
    NoteOff,
    NoteOn,
)

PEDAL_DOWN: Final = 64
"""Values from here on press the pedal (MIDI 1.0, controller 64)."""
NOTE_CONTROLS: Final = frozenset(
    {SUSTAIN_PEDAL, ALL_SOUND_OFF, RESET_ALL_CONTROLLERS, ALL_NOTES_OFF}
)
"""The controllers that can end a note."""


class PairedNote(NamedTuple):
    """A note with both ends. A tuple, because a file has a hundred thousand of them.

    Attributes:
        start: When it was struck.
        end: When it stopped sounding; equal to `start` where both came at once.
        pitch: 0..127.
        velocity: 1..127.
    """

    start: int
    end: int
    pitch: int
    velocity: int


class ChannelPairer:
    """Pairs the notes of one channel.

    A pitch that is struck again while it sounds ends the earlier note. The pedal keeps notes
    sounding whose keys are up.

    Args:
        has_pedal: Whether the sustain pedal counts; a note ends with its key else.
    """

    def __init__(self, *, has_pedal: bool = True) -> None:
        self._has_pedal = has_pedal
        self._pedal_is_down = False
        self._sounding: dict[int, tuple[int, int]] = {}  # pitch: start, velocity
        self._held: set[int] = set()  # pitches that only the pedal keeps sounding
        self._struck_twice: set[int] = set()  # their earlier note's off is still to come

    @property
    def sounding(self) -> frozenset[int]:
        """Pitches of the notes that have no end yet."""
        return frozenset(self._sounding)

    def strike(self, now: int, pitch: int, velocity: int) -> list[PairedNote]:
        """A key goes down."""
        is_repeat = pitch in self._sounding and pitch not in self._held
        ended = self._end(now, pitch)
        if is_repeat:
            self._struck_twice.add(pitch)
        self._sounding[pitch] = (now, velocity)
        return ended

    def release(self, now: int, pitch: int) -> list[PairedNote]:
        """A key goes up."""
        if pitch not in self._sounding:
            return []
        if pitch in self._struck_twice:
            self._struck_twice.discard(pitch)
            if self._sounding[pitch][0] == now:
                # Files write "struck again" as on, off at one instant as often as off, on. This
                # off is the earlier note's, which the on has ended.
                return []
        if self._pedal_is_down:
            self._held.add(pitch)
            return []
        return self._end(now, pitch)

    def pedal(self, now: int, *, is_down: bool) -> list[PairedNote]:
        """The sustain pedal moves."""
        if not self._has_pedal:
            return []
        self._pedal_is_down = is_down
        if is_down:
            return []
        return [note for pitch in sorted(self._held) for note in self._end(now, pitch)]

    def control(self, now: int, control: int, value: int) -> list[PairedNote]:
        """Any controller moves; some of them end notes."""
        if control == SUSTAIN_PEDAL:
            return self.pedal(now, is_down=value >= PEDAL_DOWN)
        if control == RESET_ALL_CONTROLLERS:
            return self.pedal(now, is_down=False)
        if control == ALL_SOUND_OFF:
            return self.close_all(now)
        if control == ALL_NOTES_OFF:
            self._struck_twice.clear()
            return [n for pitch in sorted(self._sounding) for n in self.release(now, pitch)]
        return []

    def close_all(self, now: int) -> list[PairedNote]:
        """End whatever sounds, pedal or not."""
        return [note for pitch in sorted(self._sounding) for note in self._end(now, pitch)]

    def _end(self, now: int, pitch: int) -> list[PairedNote]:
        self._held.discard(pitch)
        self._struck_twice.discard(pitch)
        open_note = self._sounding.pop(pitch, None)
        if open_note is None:
            return []
        start, velocity = open_note
        return [PairedNote(start, now, pitch, velocity)]


class NotePairer:
    """Pairs the notes of a stream of messages, each channel of each source for itself.

    Args:
        has_pedal: Whether the sustain pedal counts.
    """

    def __init__(self, *, has_pedal: bool = True) -> None:
        self._has_pedal = has_pedal
        self._channels: dict[tuple[int, int], ChannelPairer] = {}  # by source and channel

    @property
    def sounding(self) -> frozenset[tuple[int, int]]:
        """(channel, pitch) of the notes that have no end yet."""
        return frozenset(
            (channel, pitch)
            for (_, channel), pairer in self._channels.items()
            for pitch in pairer.sounding
        )

    def feed(self, now: int, message: MidiMessage, *, source: int = 0) -> list[PairedNote]:
        """Take a message.

        Args:
            now: When it came.
            message: Any; what is no business of notes does nothing.
            source: Which of several keyboards it came from.

        Returns:
            The notes that end with it.
        """
        match message:
            case NoteOn(pitch=pitch, velocity=velocity, channel=channel) if velocity > 0:
                return self._channel(source, channel).strike(now, pitch, velocity)
            case NoteOn(pitch=pitch, channel=channel) | NoteOff(pitch=pitch, channel=channel):
                return self._channel(source, channel).release(now, pitch)
            case ControlChange(control=control, value=value, channel=channel):
                return self._channel(source, channel).control(now, control, value)
            case _:
                return []

    def close_all(self, now: int, *, source: int | None = None) -> list[PairedNote]:
        """End whatever sounds, on every channel of a source; None for all sources."""
        return [
            note
            for key in sorted(self._channels)
            if source in (None, key[0])
            for note in self._channels[key].close_all(now)
        ]

    def _channel(self, source: int, channel: int) -> ChannelPairer:
        key = (source, channel)
        if key not in self._channels:
            self._channels[key] = ChannelPairer(has_pedal=self._has_pedal)
        return self._channels[key]
