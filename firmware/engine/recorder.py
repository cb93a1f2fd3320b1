"""From what is played to a melody: recordings, and the capture that always runs."""

from collections import deque
from collections.abc import Iterable
from copy import deepcopy

import numpy as np

from firmware.engine.pace import beats_of
from firmware.engine.schedule import playable
from firmware.midi.messages import SUSTAIN_PEDAL, ControlChange, MidiMessage, NoteOff, NoteOn
from firmware.midi.pairing import NotePairer, PairedNote
from firmware.music.notes import Melody, Note
from firmware.music.tempo import Beats, beat_numbers
from firmware.music.timing import (
    MAX_TEMPO_BPM,
    MIN_TEMPO_BPM,
    TICKS_PER_BEAT,
    nanoseconds_of_ticks,
    ticks_of_nanoseconds,
)

MAX_NOTES = 20_000
"""Of a recording; hours of steady playing. Later ones are heard but not kept."""

EARLY_TICKS = TICKS_PER_BEAT // 2
"""A note struck this much before the first beat was meant for it."""

_EARLY_BEATS = 1 / 8
"""A captured note that is so much before a beat was meant for it."""

PHRASE_PAUSE_NS = 8_000_000_000
"""A silence this long ends what "what I just played" means."""

_CAPTURED_NOTES = 30_000
"""What the capture holds at most: about 5 MB, more than anybody plays in an hour."""


class Recorder:
    """One recording.

    Args:
        origin_ns: When its first beat is.
        tempo_bpm: Quarter notes a minute.
        beats_per_bar: Quarter notes a bar.

    Attributes:
        tempo_bpm: As given.
        beats_per_bar: As given.
    """

    def __init__(self, *, origin_ns: int, tempo_bpm: float, beats_per_bar: int) -> None:
        self._origin_ns = origin_ns
        self.tempo_bpm = tempo_bpm
        self.beats_per_bar = beats_per_bar
        self._pairer = NotePairer()
        self._notes: list[Note] = []

    @property
    def notes(self) -> tuple[Note, ...]:
        """The notes that have ended."""
        return tuple(self._notes)

    def notes_from(self, index: int) -> list[Note]:
        """Those notes that have ended, but for so many that ended first."""
        return self._notes[index:]

    def feed(self, message: MidiMessage, at_ns: int, keyboard: int = 0) -> None:
        """Take what was played."""
        self.take(self._pairer.feed(at_ns, message, source=keyboard))

    def release(self, now_ns: int, keyboard: int | None = None) -> None:
        """End every note of a keyboard, since it no longer can; None for all keyboards."""
        self.take(self._pairer.close_all(now_ns, source=keyboard))

    def position_ticks(self, now_ns: int) -> int:
        """Where in the music an instant is; negative during the count-in."""
        return ticks_of_nanoseconds(now_ns - self._origin_ns, self.tempo_bpm)

    def finish(self, now_ns: int, *, name: str) -> Melody | None:
        """End it, with the keys that are still held; None if nothing was played."""
        self.release(now_ns)
        if not self._notes:
            return None
        return Melody(
            notes=playable(self._notes),  # two keyboards may have held one pitch
            tempo_bpm=self.tempo_bpm,
            beats_per_bar=self.beats_per_bar,
            name=name,
        )

    def take(self, pairs: Iterable[PairedNote]) -> None:
        """Take notes that have ended already."""
        for pair in pairs:
            start, end = self.position_ticks(pair.start), self.position_ticks(pair.end)
            was_for_the_count_in = pair.start < self._origin_ns and (
                start < -EARLY_TICKS or end <= 0
            )
            if was_for_the_count_in or len(self._notes) >= MAX_NOTES:
                continue
            start = max(start, 0)
            self._notes.append(
                Note(
                    start_ticks=start,
                    pitch=pair.pitch,
                    duration_ticks=max(end - start, 1),
                    velocity=pair.velocity,
                )
            )


class Capture:
    """Remembers the last minutes of playing, whether anybody asked for it or not.

    Args:
        keep_ns: How long it remembers.
    """

    def __init__(self, keep_ns: int) -> None:
        self._keep_ns = keep_ns
        self._pairer = NotePairer()
        self._notes: deque[PairedNote] = deque(maxlen=_CAPTURED_NOTES)  # in order of their ends

    def __len__(self) -> int:
        return len(self._notes)

    def feed(self, message: MidiMessage, at_ns: int, keyboard: int = 0) -> None:
        """Take what was played."""
        match message:
            case NoteOn() | NoteOff():
                pass
            case ControlChange(control=control) if control == SUSTAIN_PEDAL:
                pass
            case _:
                return
        # Paired as it comes: to pair minutes of playing at once would keep the music waiting.
        self._notes.extend(self._pairer.feed(at_ns, message, source=keyboard))
        self._forget(at_ns)

    def release(self, now_ns: int, keyboard: int | None = None) -> None:
        """End every note of a keyboard, since it no longer can; None for all keyboards."""
        self._notes.extend(self._pairer.close_all(now_ns, source=keyboard))

    @property
    def latest(self) -> PairedNote | None:
        """The note that ended last, or None."""
        return self._notes[-1] if self._notes else None

    def played(self, now_ns: int) -> tuple[PairedNote, ...]:
        """What was played, with the notes that sound now as if they ended."""
        self._forget(now_ns)
        # The notes that sound go on after this.
        return (*self._notes, *deepcopy(self._pairer).close_all(now_ns))

    def phrase(
        self, now_ns: int, *, tempo_bpm: float, beats_per_bar: int, name: str
    ) -> Melody | None:
        """What was just played, as `phrase_of` makes it."""
        played = self.played(now_ns)
        return phrase_of(played, tempo_bpm=tempo_bpm, beats_per_bar=beats_per_bar, name=name)

    def _forget(self, now_ns: int) -> None:
        while self._notes and now_ns - self._notes[0].end > self._keep_ns:
            self._notes.popleft()


def phrase_of(
    played: tuple[PairedNote, ...], *, tempo_bpm: float, beats_per_bar: int, name: str
) -> Melody | None:
    """What was just played: everything since the last long silence.

    Args:
        played: What was played.
        tempo_bpm: What is set.
        beats_per_bar: Quarter notes a bar.
        name: What the melody is called.

    Returns:
        The melody, or None if nothing was played. It is at the tempo at which it was played
        where that can be told, and then begins on the beat of its first note or before; else
        it is at the tempo that is set, and begins with its first note.
    """
    phrase = _last_phrase(sorted(played))
    if not phrase:
        return None
    origin_ns = phrase[0].start
    beats = beats_of(phrase, tempo_bpm=tempo_bpm)
    if beats is not None:
        tempo_bpm, after_beat = _steady(beats)
        origin_ns -= nanoseconds_of_ticks(round(after_beat * TICKS_PER_BEAT), tempo_bpm)
    recorder = Recorder(origin_ns=origin_ns, tempo_bpm=tempo_bpm, beats_per_bar=beats_per_bar)
    recorder.take(phrase)
    return recorder.finish(phrase[-1].end, name=name)


def _steady(beats: Beats) -> tuple[float, float]:
    """One tempo for all of a phrase, and how many beats after a beat its first note begins."""
    period_s = (beats.times_s[-1] - beats.times_s[0]) / (len(beats.times_s) - 1)
    tempo_bpm = min(max(round(60.0 / period_s, 1), MIN_TEMPO_BPM), MAX_TEMPO_BPM)
    after_beat = float(beat_numbers(beats.times_s, np.zeros(1))[0]) % 1.0
    return tempo_bpm, 0.0 if after_beat > 1.0 - _EARLY_BEATS else after_beat


def _last_phrase(pairs: list[PairedNote]) -> list[PairedNote]:
    first = 0
    sounds_until = pairs[0].end if pairs else 0
    for index, pair in enumerate(pairs):
        if pair.start - sounds_until > PHRASE_PAUSE_NS:
            first = index
        sounds_until = max(sounds_until, pair.end)
    return pairs[first:]
