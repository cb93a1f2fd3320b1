"""Call and response: what a player and the instrument play to each other, in turn.

Nothing here sounds or generates: keys and heard answers go in, with their instants, and out
come when it is the instrument's turn, what it is to go on from, and when it may come in.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import Final

import numpy as np

from firmware.engine.pace import beats_of
from firmware.engine.recorder import MAX_NOTES, Recorder
from firmware.errors import EngineStateError
from firmware.midi.messages import MidiMessage, NoteOff, NoteOn
from firmware.midi.pairing import NotePairer, PairedNote
from firmware.music.notes import Composition, Melody, Note
from firmware.music.timing import (
    MAX_TEMPO_BPM,
    MIN_TEMPO_BPM,
    TICKS_PER_BEAT,
    divide_rounded,
    nanoseconds_of_ticks,
    ticks_of_nanoseconds,
)
from firmware.music.turns import Turn

FEWEST_NOTES: Final = 2
"""Of a phrase: one key may have been touched by accident."""

LONGEST_PHRASE_NS: Final = 65_000_000_000
"""Of a longer one the end is answered."""

MOST_NOTES: Final = 1200
"""Of the conversation. If it grows longer the oldest turns are forgotten, until half is left:
seldom, since the model then reads it anew. A note is two tokens or more, so that half of it
fills a ring of a thousand."""

_BLIP_TICKS: Final = TICKS_PER_BEAT // 6
"""A note that was broken off so soon came together with the player's, who meant to stop it."""

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
        turns: What was said lately, the oldest first. The last one is as `take_turn` returned it,
            with what was heard of the answer since.
    """

    def __init__(self, *, tempo_bpm: float, beats_per_bar: int, pause_beats: int) -> None:
        self.tempo_bpm = tempo_bpm
        self.beats_per_bar = beats_per_bar
        self.turns: tuple[Turn, ...] = ()
        self._pause_beats = pause_beats
        self._pairer = NotePairer()
        self._keys: set[tuple[int, int, int]] = set()  # (keyboard, channel, pitch) that are down
        self._calls: deque[PairedNote] = deque(maxlen=MAX_NOTES)
        self._answers: deque[PairedNote] = deque(maxlen=MAX_NOTES)
        self._struck = 0  # since the last turn of the instrument
        self._moved_ns = 0  # when a key or the pedal last did
        self._call_began_ns = 0
        self._said_until_ns = 0
        self._bar_ns: int | None = None  # when one bar began
        self._late_beats = 0  # by which the bars of the last answer came later than ours
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

    def feed(self, message: MidiMessage, at_ns: int, keyboard: int = 0) -> None:
        """Take what the player does."""
        ended = self._pairer.feed(at_ns, message, source=keyboard)
        self._calls.extend(ended)
        match message:
            case NoteOn():
                self._keys.add((keyboard, message.channel, message.pitch))
                if not self._struck:
                    self._call_began_ns = at_ns
                self._struck += 1
                self._is_paced = False
                if self._bar_ns is None:
                    self._bar_ns = at_ns
            case NoteOff():
                self._keys.discard((keyboard, message.channel, message.pitch))
            case _ if not ended:
                return
        self._moved_ns = at_ns

    def release(self, now_ns: int, keyboard: int | None = None) -> None:
        """End every note of a keyboard, since it no longer can; None for all keyboards."""
        self._calls.extend(self._pairer.close_all(now_ns, source=keyboard))
        self._keys = {key for key in self._keys if keyboard not in (None, key[0])}

    def take_turn(self, now_ns: int, *, name: str) -> Melody:
        """End the player's phrase.

        Args:
            now_ns: The present.
            name: What the melody is called.

        Returns:
            What the answer goes on from, at the player's tempo, beginning with a bar: the phrase.
            If nothing was played since the last answer, that one goes on.

        Raises:
            EngineStateError: If nothing was played yet.
        """
        melody = self._phrase(now_ns, name)
        self._struck = 0
        if melody is None and self.turns:
            *before, last = self.turns
            self.turns = tuple(before)
            melody = _joined(last)
        if melody is None:
            raise EngineStateError(
                "there is nothing to answer yet", remedy="play, and pause for a moment"
            )
        self.turns = (*self.turns, Turn(melody=melody))
        self._forget()
        return melody

    def entry_ns(self, now_ns: int) -> int:
        """When the answer to what `take_turn` returned may come in: on a beat after its end.

        So the answer keeps the beat of the phrase, which goes on through the pause.
        """
        beat_ns = self._ns(1)
        beats = max(-((self._said_until_ns - now_ns) // beat_ns), 0)
        return self._said_until_ns + beats * beat_ns

    def hear(self, answer: Composition, *, until_ticks: int, now_ns: int) -> None:
        """Take what was heard of an answer.

        Args:
            answer: What it went on from as the first track, then what is new.
            until_ticks: Where it has come to, now.
            now_ns: The present.
        """
        heard = [
            _cut(note, until_ticks)
            for track in answer.tracks[1:]
            for note in track.notes
            if note.end_ticks <= until_ticks or note.start_ticks < until_ticks - _BLIP_TICKS
        ]
        for note in heard:
            ago, left = (
                nanoseconds_of_ticks(until_ticks - ticks, answer.tempo_bpm)
                for ticks in (note.start_ticks, note.end_ticks)
            )
            self._answers.append(PairedNote(now_ns - ago, now_ns - left, note.pitch, note.velocity))
        if heard:
            began_ns = now_ns - nanoseconds_of_ticks(until_ticks, answer.tempo_bpm)
            self._late_beats = divide_rounded(began_ns - self._bar_before(began_ns), self._ns(1))
            *before, last = self.turns
            self.turns = (*before, replace(last, answer=tuple(sorted(heard))))
            self._said_until_ns = max(note.end for note in self._answers)
            self._forget()

    def melody(self, now_ns: int, *, name: str) -> Melody | None:
        """All that was played and heard, in time.

        Args:
            now_ns: The present; what sounds ends here.
            name: What the melody is called.

        Returns:
            At the player's tempo, beginning with a bar; None if there is nothing.
        """
        self._calls.extend(self._pairer.close_all(now_ns))
        notes = sorted((*self._calls, *self._answers))
        return self._written(notes, name) if notes else None

    def _phrase(self, now_ns: int, name: str) -> Melody | None:
        """What was played since the instrument's turn; None if that is nothing."""
        self._calls.extend(self._pairer.close_all(now_ns))
        notes = sorted(note for note in self._calls if note.start >= self._call_began_ns)
        if not self._struck or not notes:
            return None
        self._said_until_ns = max(note.end for note in notes)
        since_ns = self._said_until_ns - LONGEST_PHRASE_NS
        phrase = [note for note in notes if note.end >= since_ns]
        return self._written(phrase, name, late_ns=self._ns(self._late_beats))

    def _forget(self) -> None:
        sizes = [len(turn.melody.notes) + len(turn.answer) for turn in self.turns]
        if sum(sizes) <= MOST_NOTES:
            return
        while len(sizes) > 1 and sum(sizes) > MOST_NOTES // 2:
            del sizes[0]
        self.turns = self.turns[-len(sizes) :]

    def _written(
        self, notes: Sequence[PairedNote], name: str, *, late_ns: int = 0
    ) -> Melody | None:
        recorder = Recorder(
            origin_ns=self._bar_before(notes[0].start - late_ns) + late_ns,
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


def _joined(turn: Turn) -> Melody:
    """The end of a phrase with the answer to it."""
    notes = (*turn.melody.notes, *turn.answer)
    longest_ticks = ticks_of_nanoseconds(LONGEST_PHRASE_NS, turn.melody.tempo_bpm)
    since_ticks = max(note.end_ticks for note in notes) - longest_ticks
    return turn.melody.with_notes(note for note in notes if note.end_ticks >= since_ticks)


def _cut(note: Note, end_ticks: int) -> Note:
    """A note that ends no later than at a tick after its start."""
    return replace(note, duration_ticks=min(note.end_ticks, end_ticks) - note.start_ticks)
