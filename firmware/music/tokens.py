"""Melodies and scores as tokens: the one tokenizer of training and device.

Musical time is a grid of `beat_resolution` steps a quarter note, fine enough for
sixteenths and for triplets. A piece is a sequence of beats. Each beat begins with BEAT,
or BAR where a bar line is known to stand; POSITION moves on inside of the beat; a note is
its PITCH followed by its DURATION. Nothing is ever switched off later, so no note can hang.

    BAR  PITCH 67 DURATION 6  PITCH 48 DURATION 12  POSITION 6  PITCH 69 DURATION 6  BEAT ...

Notes that begin together are written from the highest down. A score whose parts are kept
apart (the chorales) writes one event for each part that has become free, in the order of
the parts, and REST where the part is silent: from this the parts can be told apart again.
Style and texture are no tokens of the sequence, where they would leave the model's memory
after a minute: they are added to every token (see `training.models.transformer_xl`).

Reference:
    Y.-S. Huang, Y.-H. Yang, "Pop Music Transformer" (ACM MM 2020), for beats and positions.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware.errors import MusicError
from firmware.music.fingerprint import fingerprint_of
from firmware.music.notes import Note
from firmware.music.timing import ticks_per_step

Tokens = NDArray[np.uint16]
"""(n,), values 0..vocabulary-1."""


class Texture(StrEnum):
    """How many notes sound together."""

    LINE = "line"
    FULL = "full"


class GridNote(NamedTuple):
    """A note, or the rest of a part, on the grid.

    Attributes:
        start: Time step at which it begins.
        pitch: MIDI pitch, or `REST_PITCH`.
        duration: Time steps, 1 or more.
    """

    start: int
    pitch: int
    duration: int

    @property
    def end(self) -> int:
        """The first time step after it."""
        return self.start + self.duration


REST_PITCH: Final = -1

_DURATIONS: Final = (
    *range(1, 13),
    *(steps for steps in range(13, 49) if steps % 3 == 0 or steps % 4 == 0),
    *range(54, 97, 6),
    *range(108, 193, 12),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSpec:
    """Everything that training and device must agree on about tokens.

    The vocabulary is, in this order: pad, start, end, beat, bar, the positions inside of a
    beat, the pitches, rest, the durations.

    Attributes:
        name: What kind of encoding it is.
        version: Raised when the meaning of a token changes.
        beat_resolution: Time steps per quarter note.
        lowest_pitch: MIDI pitch of the first pitch token.
        pitches: Number of pitch tokens.
        durations: Time steps of each duration token, ascending.
        styles: Names of the styles, in the order of the model's table.
        textures: Names of the textures, in the order of the model's table.
    """

    name: str
    version: int
    beat_resolution: int
    lowest_pitch: int
    pitches: int
    durations: tuple[int, ...]
    styles: tuple[str, ...]
    textures: tuple[str, ...]

    pad = property(lambda _: 0, doc="Fills a batch; never part of a piece.")
    start = property(lambda _: 1, doc="Begins a piece.")
    end = property(lambda _: 2, doc="Ends a piece.")
    beat = property(lambda _: 3, doc="Moves on to the next beat.")
    bar = property(lambda _: 4, doc="Moves on to the next beat, with which a bar begins.")

    @property
    def first_position(self) -> int:
        """Token of position 1 in the beat (position 0 is where BEAT and BAR lead)."""
        return 5

    @property
    def first_pitch(self) -> int:
        """Token of the lowest pitch."""
        return self.first_position + self.beat_resolution - 1

    @property
    def rest(self) -> int:
        """Token that stands for a pitch where a part is silent."""
        return self.first_pitch + self.pitches

    @property
    def first_duration(self) -> int:
        """Token of the shortest duration."""
        return self.rest + 1

    @property
    def vocabulary(self) -> int:
        """Number of tokens."""
        return self.first_duration + len(self.durations)

    @property
    def highest_pitch(self) -> int:
        """MIDI pitch of the last pitch token."""
        return self.lowest_pitch + self.pitches - 1

    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that differ when anything above differs."""
        return fingerprint_of(self)


TOKEN_ENCODING: Final = TokenSpec(
    name="beat-tokens",
    version=1,
    beat_resolution=12,
    lowest_pitch=21,
    pitches=88,
    durations=_DURATIONS,
    # The synthetic chorales have a style of their own, so that what the algorithm does
    # differently from Bach is learned apart; it is not offered to the player.
    styles=("chorale", "piano", "song", "quartet", "folk", "synthetic"),
    textures=(Texture.LINE.value, Texture.FULL.value),
)


def encode(
    notes: Iterable[GridNote],
    *,
    bars: Collection[int] = (),
    beats: int | None = None,
    spec: TokenSpec = TOKEN_ENCODING,
) -> Tokens:
    """Write notes as tokens, without START and END.

    Args:
        notes: In the order in which they are to be written; starts must not decrease.
        bars: Time steps of the bar lines; those between two beats are passed over.
        beats: Number of beats to write, or None for as many as hold a start of a note.
        spec: The encoding.

    Returns:
        The tokens. A duration that has no token is written as the nearest one.

    Raises:
        MusicError: If a pitch has no token, or the notes are not in order.
    """
    tokens: list[int] = []
    bar_steps = frozenset(bars)
    beat_number, now = -1, -spec.beat_resolution

    def move_to(beat: int) -> None:
        nonlocal beat_number, now
        while beat_number < beat:
            beat_number += 1
            now = beat_number * spec.beat_resolution
            tokens.append(spec.bar if now in bar_steps else spec.beat)

    for note in notes:
        if note.start < max(now, 0):
            raise MusicError(f"a note at step {note.start} follows one at step {now}")
        move_to(note.start // spec.beat_resolution)
        if note.start > now:
            now = note.start
            tokens.append(spec.first_position - 1 + now % spec.beat_resolution)
        tokens.append(_pitch_token(note.pitch, spec))
        tokens.append(duration_token(note.duration, spec=spec))
    if beats is not None:
        move_to(beats - 1)
    return np.array(tokens, dtype=np.uint16)


def decode(
    tokens: Iterable[int], *, spec: TokenSpec = TOKEN_ENCODING
) -> tuple[tuple[GridNote, ...], tuple[int, ...]]:
    """Read tokens as notes and bar lines.

    START, END and PAD are passed over, as is a pitch that no duration follows.

    Returns:
        The notes (rests of parts too) in the order written, and the time steps of the bars.
    """
    notes: list[GridNote] = []
    bars: list[int] = []
    beat, now, pitch = -1, 0, None
    for token in map(int, tokens):
        if token in (spec.beat, spec.bar):
            beat += 1
            now = beat * spec.beat_resolution
            if token == spec.bar:
                bars.append(now)
        elif spec.first_position <= token < spec.first_pitch:
            now = max(beat, 0) * spec.beat_resolution + token - spec.first_position + 1
        elif spec.first_pitch <= token < spec.rest:
            pitch = token - spec.first_pitch + spec.lowest_pitch
        elif token == spec.rest:
            pitch = REST_PITCH
        elif token >= spec.first_duration and pitch is not None:
            duration = spec.durations[token - spec.first_duration]
            notes.append(GridNote(start=now, pitch=pitch, duration=duration))
            pitch = None
    return tuple(notes), tuple(bars)


def duration_token(steps: int, *, spec: TokenSpec = TOKEN_ENCODING, down: bool = False) -> int:
    """The token of the nearest duration, or of the longest one that is not longer."""
    above = bisect_right(spec.durations, steps)
    nearest = max(above - 1, 0)
    if not down and 0 < above < len(spec.durations):
        shorter, longer = spec.durations[above - 1], spec.durations[above]
        nearest = above if longer - steps < steps - shorter else above - 1
    return spec.first_duration + nearest


def in_range(pitch: int, *, spec: TokenSpec = TOKEN_ENCODING) -> int:
    """A pitch moved by octaves to where there are tokens."""
    while pitch < spec.lowest_pitch:
        pitch += 12
    while pitch > spec.highest_pitch:
        pitch -= 12
    return pitch


def written(notes: Iterable[GridNote], *, spec: TokenSpec = TOKEN_ENCODING) -> list[GridNote]:
    """Bring the notes of a texture into the order and the durations that tokens have.

    From the highest down at each start; of equal notes the longest remains; a note that is
    struck again while it sounds ends there; every duration is one that has a token.
    """
    longest: dict[tuple[int, int], int] = {}
    for note in notes:
        key = (note.start, -note.pitch)
        longest[key] = max(note.duration, longest.get(key, 0))
    ordered: list[GridNote] = []
    struck_again: dict[int, int] = {}
    for (start, negative_pitch), duration in sorted(longest.items(), reverse=True):
        limit = struck_again.get(negative_pitch, start + spec.durations[-1]) - start
        token = duration_token(min(duration, limit), spec=spec)
        if spec.durations[token - spec.first_duration] > limit:
            token = duration_token(limit, spec=spec, down=True)
        fitted = spec.durations[token - spec.first_duration]
        ordered.append(GridNote(start=start, pitch=-negative_pitch, duration=fitted))
        struck_again[negative_pitch] = start
    # Sorting the keys backwards gave the latest first and, within a start, the lowest first.
    return ordered[::-1]


def played(
    notes: Iterable[GridNote], *, velocity: int = 80, spec: TokenSpec = TOKEN_ENCODING
) -> tuple[Note, ...]:
    """Notes of the grid as notes in ticks; rests of parts are left out."""
    step = ticks_per_step(spec.beat_resolution)
    return tuple(
        sorted(
            Note(
                start_ticks=note.start * step,
                pitch=note.pitch,
                duration_ticks=note.duration * step,
                velocity=velocity,
            )
            for note in notes
            if note.pitch != REST_PITCH
        )
    )


def parts_in_order(
    parts: Sequence[Sequence[GridNote]], *, end: int, spec: TokenSpec = TOKEN_ENCODING
) -> list[GridNote]:
    """Merge parts that are silent or sound one note each into one readable sequence.

    Silence becomes REST, and what is longer than any token or has none is cut into pieces,
    so that at each step exactly the free parts have an event.

    Args:
        parts: From the highest down, each in order and without overlap.
        end: Time steps of the piece.
        spec: The encoding.
    """
    events: list[tuple[int, int, GridNote]] = []
    for number, part in enumerate(parts):
        at = 0
        filled: list[GridNote] = []
        for note in part:
            if note.start > at:
                filled.append(GridNote(start=at, pitch=REST_PITCH, duration=note.start - at))
            filled.append(note)
            at = note.end
        if at < end:
            filled.append(GridNote(start=at, pitch=REST_PITCH, duration=end - at))
        events.extend(
            (piece.start, number, piece) for note in filled for piece in _pieces(note, spec)
        )
    return [event for _, _, event in sorted(events, key=lambda event: event[:2])]


def parts_apart(events: Iterable[GridNote], *, parts: int) -> list[list[GridNote]]:
    """Undo `parts_in_order`: give each event to the first part that is free at its start."""
    apart: list[list[GridNote]] = [[] for _ in range(parts)]
    free_at = [0] * parts
    for event in events:
        part = next((n for n in range(parts) if free_at[n] <= event.start), None)
        if part is None:
            raise MusicError(f"no part is free at step {event.start}")
        free_at[part] = event.end
        apart[part].append(event)
    return apart


def texture_of(notes: Sequence[GridNote]) -> Texture:
    """Whether notes are a line or a texture: a line overlaps itself in a tenth of its time at most.

    A tenth, because a legato player lets neighbours overlap.
    """
    sounding = np.zeros(max((note.end for note in notes), default=0) + 1, dtype=np.int32)
    for note in notes:
        sounding[note.start : note.end] += 1
    together = np.count_nonzero(sounding > 1)
    return Texture.FULL if 10 * together > np.count_nonzero(sounding) else Texture.LINE


def _pieces(note: GridNote, spec: TokenSpec) -> list[GridNote]:
    pieces: list[GridNote] = []
    start, left = note.start, note.duration
    while left:
        token = duration_token(left, spec=spec, down=True)
        duration = spec.durations[token - spec.first_duration]
        pieces.append(GridNote(start=start, pitch=note.pitch, duration=duration))
        start, left = start + duration, left - duration
    return pieces


def _pitch_token(pitch: int, spec: TokenSpec) -> int:
    if pitch == REST_PITCH:
        return spec.rest
    if not spec.lowest_pitch <= pitch <= spec.highest_pitch:
        raise MusicError(f"pitch must be in {spec.lowest_pitch}..{spec.highest_pitch}, got {pitch}")
    return spec.first_pitch + pitch - spec.lowest_pitch
