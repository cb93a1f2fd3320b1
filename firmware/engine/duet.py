"""Call and response: what a player and the instrument play to each other, in turn.

Nothing here sounds or generates: keys and heard answers go in, with their instants, and out
come when it is the instrument's turn, what it is to go on from, and when it may come in.
"""

from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Final

import numpy as np

from firmware.engine.pace import beats_of
from firmware.engine.recorder import MAX_NOTES, Recorder
from firmware.errors import EngineStateError
from firmware.midi.messages import MidiMessage, NoteOff, NoteOn
from firmware.midi.pairing import NotePairer, PairedNote
from firmware.music.notes import Composition, Melody
from firmware.music.timing import (
    MAX_TEMPO_BPM,
    MIN_TEMPO_BPM,
    TICKS_PER_BEAT,
    divide_rounded,
    nanoseconds_of_ticks,
)

FEWEST_NOTES: Final = 2
"""Of a phrase: one key may have been touched by accident."""

REMEMBERED_NS: Final = 65_000_000_000
"""How much an answer is made from: as much as can be listened to, and a beat more."""

_PACED_NOTES: Final = 500
"""More than anybody plays in the time from which the tempo is told."""


class Conversation:
    """A duet from its beginning on. Time runs in nanoseconds.

    Args:
        tempo_bpm: Until the player's own can be told.
        beats_per_bar: Quarter notes a bar.
        pause_beats: A silence of so many beats ends the player's phrase.

    Attributes:
        tempo_bpm: The player's, as far as it can be told.
        beats_per_bar: As given.
    """

    def __init__(self, *, tempo_bpm: float, beats_per_bar: int, pause_beats: int) -> None:
        self.tempo_bpm = tempo_bpm
        self.beats_per_bar = beats_per_bar
        self._pause_beats = pause_beats
        self._pairer = NotePairer()
        self._keys: set[tuple[int, int]] = set()  # (channel, pitch) of those that are down
        self._calls: deque[PairedNote] = deque(maxlen=MAX_NOTES)
        self._answers: deque[PairedNote] = deque(maxlen=MAX_NOTES)
        self._struck = 0  # since the last turn of the instrument
        self._moved_ns = 0  # when a key or the pedal last did
        self._call_began_ns = 0
        self._call_ended_ns = 0
        self._bar_ns: int | None = None  # when one bar began
        self._is_paced = True  # whether the tempo is that of the latest notes

    @property
    def turn_ns(self) -> int | None:
        """When it will be the instrument's turn, or None while the player is not done."""
        if self._keys or self._struck < FEWEST_NOTES:
            return None
        return self._moved_ns + self._ns(self._pause_beats)

    def is_turn(self, now_ns: int) -> bool:
        """Whether the player has paused, in beats of the tempo in which the phrase was played."""
        turn_ns = self.turn_ns
        if turn_ns is None or now_ns < turn_ns:
            return False
        if not self._is_paced:  # looked for in the silence, where it keeps no key waiting
            self._is_paced = True
            self._follow()
        return now_ns >= self._moved_ns + self._ns(self._pause_beats)

    def feed(self, message: MidiMessage, at_ns: int) -> None:
        """Take what the player does."""
        ended = self._pairer.feed(at_ns, message)
        self._calls.extend(ended)
        match message:
            case NoteOn():
                self._keys.add((message.channel, message.pitch))
                if not self._struck:
                    self._call_began_ns = at_ns
                self._struck += 1
                self._is_paced = False
                if self._bar_ns is None:
                    self._bar_ns = at_ns
            case NoteOff():
                self._keys.discard((message.channel, message.pitch))
            case _ if not ended:
                return
        self._moved_ns = at_ns

    def release(self, now_ns: int) -> None:
        """End every note that still sounds, since its keyboard no longer can."""
        self._calls.extend(self._pairer.close_all(now_ns))
        self._keys.clear()

    def take_turn(self, now_ns: int, *, name: str) -> Melody:
        """End the player's phrase.

        Args:
            now_ns: The present.
            name: What the melody is called.

        Returns:
            What the answer goes on from: all that was lately played and heard, in time.

        Raises:
            EngineStateError: If that is nothing.
        """
        self._struck = 0
        melody = self.melody(now_ns, name=name, last_ns=REMEMBERED_NS)
        if melody is None:
            raise EngineStateError(
                "there is nothing to answer yet", remedy="play, and pause for a moment"
            )
        return melody

    def entry_ns(self, now_ns: int) -> int:
        """When the answer to what `take_turn` returned may come in: on a beat after its end.

        So the answer keeps the beat of the phrase, which goes on through the pause.
        """
        beat_ns = self._ns(1)
        beats = max(-((self._call_ended_ns - now_ns) // beat_ns), 0)
        return self._call_ended_ns + beats * beat_ns

    def hear(self, answer: Composition, *, until_ticks: int, now_ns: int) -> None:
        """Take what was heard of an answer.

        Args:
            answer: What it went on from as the first track, then what is new.
            until_ticks: Where it has come to, now.
            now_ns: The present.
        """
        for note in (note for track in answer.tracks[1:] for note in track.notes):
            if note.start_ticks < until_ticks:
                ago, left = (
                    nanoseconds_of_ticks(max(until_ticks - ticks, 0), answer.tempo_bpm)
                    for ticks in (note.start_ticks, note.end_ticks)
                )
                heard = PairedNote(now_ns - ago, now_ns - left, note.pitch, note.velocity)
                self._answers.append(heard)

    def melody(self, now_ns: int, *, name: str, last_ns: int | None = None) -> Melody | None:
        """What was played and heard, in time.

        Args:
            now_ns: The present; what sounds ends here.
            name: What the melody is called.
            last_ns: How much of the end of it, or None for the whole.

        Returns:
            At the player's tempo, beginning with a bar; None if there is nothing.
        """
        self._calls.extend(self._pairer.close_all(now_ns))
        notes = sorted(
            note
            for note in (*self._calls, *self._answers)
            if last_ns is None or now_ns - note.end <= last_ns
        )
        if not notes:
            return None
        self._call_ended_ns = max(note.end for note in notes)
        return self._written(notes, name)

    def _written(self, notes: Sequence[PairedNote], name: str) -> Melody | None:
        recorder = Recorder(
            origin_ns=self._bar_before(notes[0].start),
            tempo_bpm=self.tempo_bpm,
            beats_per_bar=self.beats_per_bar,
        )
        recorder.take(notes)
        return recorder.finish(notes[-1].end, name=name)

    def _follow(self) -> None:
        """Take over the player's tempo; what was a beat of the bar remains that one."""
        calls = sorted(islice(reversed(self._calls), _PACED_NOTES))
        beats = beats_of(calls, tempo_bpm=self.tempo_bpm)
        if beats is None:
            return
        times_ns = calls[0].start + np.round(beats.times_s * 1e9).astype(np.int64)
        # Where the phrase began the bars that were known still held.
        first = int(np.abs(times_ns - self._call_began_ns).argmin())
        first_ns, last_ns = int(times_ns[first]), int(times_ns[-1])
        beat = divide_rounded(first_ns - self._bar_before(first_ns), self._ns(1))
        self.tempo_bpm = min(max(round(beats.tempo_bpm, 1), MIN_TEMPO_BPM), MAX_TEMPO_BPM)
        self._bar_ns = last_ns - self._ns(beat + len(times_ns) - 1 - first)

    def _bar_before(self, at_ns: int) -> int:
        """The last bar line at or before an instant."""
        assert self._bar_ns is not None
        return at_ns - (at_ns - self._bar_ns) % self._ns(self.beats_per_bar)

    def _ns(self, beats: int) -> int:
        return nanoseconds_of_ticks(beats * TICKS_PER_BEAT, self.tempo_bpm)
