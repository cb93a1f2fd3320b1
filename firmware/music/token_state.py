"""What tokens mean while they are written: where the music stands, what sounds, what may follow.

The network is told the state after each token (`position`, `chord`, `time_step`), and the
sampler asks which tokens keep the music within its limits. There is always one that does.

Letters: n tokens, P pitch tokens, V vocabulary.
"""

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware.errors import MusicError
from firmware.music.tokens import REST_PITCH, TOKEN_ENCODING, GridNote, TokenSpec

CHORD_PLANES: Final = 2
"""Planes of `TokenState.chord`: how many notes sound at a pitch, and for how long still."""

NO_PITCH: Final = -1
"""In `TokenFeatures.note_pitches`: no note is complete with this token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFeatures:
    """The state after each token of a sequence, for training.

    Attributes:
        positions: (n,) int32, time steps since the beat.
        time_steps: (n,) int32, time steps since the first beat of the sequence.
        note_pitches: (n,) int32, index 0..P-1 of the pitch whose note is complete with this
            token, or `NO_PITCH`.
        note_ends: (n,) int32, the first time step after that note.
    """

    positions: NDArray[np.int32]
    time_steps: NDArray[np.int32]
    note_pitches: NDArray[np.int32]
    note_ends: NDArray[np.int32]


def token_features(
    tokens: NDArray[np.integer], *, spec: TokenSpec = TOKEN_ENCODING
) -> TokenFeatures:
    """Compute what `TokenState` would say after each token, for (..., n) tokens at once."""
    tokens = tokens.astype(np.int32)
    beats = (tokens == spec.beat) | (tokens == spec.bar)
    beat_steps = np.maximum(np.cumsum(beats, axis=-1) - 1, 0) * spec.beat_resolution
    moved = (tokens >= spec.first_position) & (tokens < spec.first_pitch)
    inside = np.where(moved, tokens - spec.first_position + 1, 0)
    # Time never goes back, so the latest moment is the largest one so far.
    time_steps = np.maximum.accumulate(
        np.where(beats | moved, beat_steps + inside, 0), axis=-1
    ).astype(np.int32)
    before = np.roll(tokens, 1, axis=-1)
    before[..., :1] = spec.pad
    is_duration = tokens >= spec.first_duration
    pitched = (before >= spec.first_pitch) & (before < spec.rest)
    complete = is_duration & pitched
    durations = np.array(spec.durations, dtype=np.int32)[
        np.where(is_duration, tokens - spec.first_duration, 0)
    ]
    return TokenFeatures(
        positions=(time_steps - beat_steps).astype(np.int32),
        time_steps=time_steps,
        note_pitches=np.where(complete, before - spec.first_pitch, NO_PITCH).astype(np.int32),
        note_ends=np.where(complete, time_steps + durations, 0).astype(np.int32),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What generated music may not do, in time steps.

    Attributes:
        begin: No note begins before this step.
        end: No note sounds at or after this step, 1 or more after `begin`. Time reaches it
            only when the last note ends there, or less than a beat and no longer than the
            longest rest before it.
        longest_note: Longest duration of a note, 1 or more.
        longest_rest: Longest silence, 1 or more.
        rest_before: Length of the silence that lies before `begin` already.
        most_notes: Most notes that sound at once, 1 or more: 1 makes a line.
        beats_per_bar: Where BAR stands instead of BEAT, or 0 where no bar lines are written.
        first_bar_beat: Number of a beat with which a bar begins.
    """

    begin: int = 0
    end: int
    longest_note: int
    longest_rest: int
    rest_before: int = 0
    most_notes: int = 10
    beats_per_bar: int = 0
    first_bar_beat: int = 0

    def __post_init__(self) -> None:
        if min(self.longest_note, self.longest_rest) < 1:
            raise MusicError("the longest note and the longest rest must be 1 time step or more")
        if self.most_notes < 1:
            raise MusicError(f"most_notes must be 1 or more, got {self.most_notes}")
        if not 0 <= self.begin < self.end:
            raise MusicError(f"music must end after it begins, got {self.begin}..{self.end}")


class TokenState:
    """Follows a sequence of tokens.

    Attributes:
        time_step: Where the music stands; 0 is the first beat.
        beat: Number of the present beat, -1 before the first.
        silent_from: First time step after everything that was written so far.
        notes: The notes written so far, rests of parts left out.
    """

    def __init__(self, *, spec: TokenSpec = TOKEN_ENCODING) -> None:
        self.time_step = 0
        self.beat = -1
        self.silent_from = 0
        self.notes: list[GridNote] = []
        self._spec = spec
        self._tables = _Tables(spec)
        self._pitch: int | None = None
        self._lowest_struck = spec.highest_pitch + 1
        self._sounding: list[GridNote] = []

    @property
    def position(self) -> int:
        """Time steps since the beat."""
        return self.time_step - max(self.beat, 0) * self._spec.beat_resolution

    def copy(self) -> "TokenState":
        """The same state, which goes on by itself."""
        other = copy(self)
        other.notes = self.notes.copy()
        return other

    def advance(self, token: int) -> GridNote | None:
        """Take the next token.

        Returns:
            The note that is complete with it, if there is one.
        """
        spec = self._spec
        if token in (spec.beat, spec.bar):
            self.beat += 1
            self._move(self.beat * spec.beat_resolution)
        elif spec.first_position <= token < spec.first_pitch:
            inside = token - spec.first_position + 1
            self._move(max(self.beat, 0) * spec.beat_resolution + inside)
        elif spec.first_pitch <= token < spec.rest:
            self._pitch = token - spec.first_pitch + spec.lowest_pitch
            return None
        elif token == spec.rest:
            self._pitch = REST_PITCH
            return None
        elif token >= spec.first_duration and self._pitch is not None:
            return self._complete(spec.durations[token - spec.first_duration])
        self._pitch = None
        return None

    def advance_all(self, tokens: Iterable[int]) -> None:
        """Take several tokens."""
        for token in tokens:
            self.advance(int(token))

    def chord(self) -> NDArray[np.float32]:
        """What sounds: (2, P), notes a pitch, and log(1 + remaining beats) summed over them."""
        spec = self._spec
        planes = np.zeros((CHORD_PLANES, spec.pitches), dtype=np.float32)
        for note in self._sounding:
            at = note.pitch - spec.lowest_pitch
            planes[0, at] += 1.0
            planes[1, at] += np.log1p((note.end - self.time_step) / spec.beat_resolution)
        return planes

    def allowed(self, limits: Limits) -> NDArray[np.bool_]:
        """Which tokens may follow within the limits: (V,), never all False.

        A pitch that sounds is not struck again: on one MIDI channel its first end would end
        both. Nothing may follow but the end of the generation once `time_step` has reached
        `limits.end`, which the caller looks at first.
        """
        spec, tables = self._spec, self._tables
        allowed = np.zeros(spec.vocabulary, dtype=np.bool_)
        if self._pitch is not None:
            longest = max(min(limits.longest_note, limits.end - self.time_step), 1)
            allowed[spec.first_duration :] = tables.durations <= longest
            return allowed
        # Where a note can begin: not later than the rest allows, nor where it could not sound,
        # nor, if the music could end as it is, where it would be no more than a splinter.
        is_begun = self.silent_from > limits.begin
        silent_from = self.silent_from if is_begun else limits.begin - limits.rest_before
        may_end = self._may_end(limits)
        last_start = limits.end - (spec.beat_resolution // 4 if may_end else 1)
        latest = min(max(silent_from + limits.longest_rest, limits.begin), last_start)
        next_beat = (self.beat + 1) * spec.beat_resolution
        allowed[self._next_beat_token(limits)] = (
            self.beat < 0 or next_beat <= latest or (next_beat > last_start and may_end)
        )
        if self.beat < 0:
            return allowed
        sounding = sorted(note.end for note in self._sounding)
        is_full = len(sounding) >= limits.most_notes
        # Where a note can begin at the earliest: time does not stop where none can.
        earliest = max(self.time_step + 1, limits.begin)
        if is_full:
            earliest = max(earliest, sounding[-limits.most_notes])
        steps = self.beat * spec.beat_resolution + tables.positions
        allowed[spec.first_position : spec.first_pitch] = (steps >= earliest) & (steps <= latest)
        if limits.begin <= self.time_step <= latest and not is_full:
            pitches = allowed[spec.first_pitch : spec.rest]
            pitches[: max(self._lowest_struck - spec.lowest_pitch, 0)] = True
            for note in self._sounding:
                pitches[note.pitch - spec.lowest_pitch] = False
        return allowed

    def _may_end(self, limits: Limits) -> bool:
        """Whether the music could end with what is written."""
        rest = limits.end - self.silent_from
        return (
            self.silent_from > limits.begin
            and rest < self._spec.beat_resolution
            and rest <= limits.longest_rest
        )

    def _next_beat_token(self, limits: Limits) -> int:
        in_bar = 1
        if limits.beats_per_bar:
            in_bar = (self.beat + 1 - limits.first_bar_beat) % limits.beats_per_bar
        return int(self._spec.beat if in_bar else self._spec.bar)

    def _move(self, step: int) -> None:
        self.time_step = step
        self._pitch = None
        self._lowest_struck = self._spec.highest_pitch + 1
        self._sounding = [note for note in self._sounding if note.end > step]

    def _complete(self, duration: int) -> GridNote | None:
        pitch, self._pitch = self._pitch, None
        if pitch is None or pitch == REST_PITCH:
            return None
        note = GridNote(start=self.time_step, pitch=pitch, duration=duration)
        self._lowest_struck = min(self._lowest_struck, pitch)
        self.silent_from = max(self.silent_from, note.end)
        self._sounding = [*self._sounding, note]  # never changed in place, so copies share it
        self.notes.append(note)
        return note


class _Tables:
    """Arrays of a spec, made once."""

    def __init__(self, spec: TokenSpec) -> None:
        self._spec = spec

    @cached_property
    def durations(self) -> NDArray[np.int64]:
        return np.array(self._spec.durations, dtype=np.int64)

    @cached_property
    def positions(self) -> NDArray[np.int64]:
        return np.arange(1, self._spec.beat_resolution, dtype=np.int64)
