"""The end of a melody as a model of tokens reads it, and where its music goes on.

All steps are those of the token grid. They are counted from the first beat that the model
reads, with the longest silences taken out, as they were taken out of what it learned from.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware.music.notes import Melody, Note
from firmware.music.tokens import (
    TOKEN_ENCODING,
    GridNote,
    Texture,
    Tokens,
    TokenSpec,
    duration_token,
    encode,
    in_range,
    texture_of,
    written,
)
from firmware.techniques.pulse import Pulse, pulse_of, ticks_per_s

BARLESS_STYLES: Final = frozenset({"chorale"})
"""Learned from a corpus in which no bar lines are known."""

MOST_TOKENS: Final = 3072
"""What lies further back reaches the model through none of its layers (6 of 512 tokens)."""

_LONGEST_SILENCE_BEATS: Final = 8

_EARLY_BEATS: Final = 1 / 8
"""Half a sixteenth early is still in the beat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What the model reads before it writes.

    Attributes:
        tokens: With START where the model reads the music from its beginning, and up to the
            beat in which the seam lies.
        texture: Whether the music is a line.
        pulse: Where the beats lie in the melody.
        seam: The first time step at or after the end of the melody's last sounding note.
        first_beat: Beat of the pulse at time step 0, as seen from the seam.
        beats_per_bar: For bar lines, or 0 where none are written.
        first_bar_beat: Beat of the prompt with which a bar begins.
    """

    tokens: Tokens
    texture: Texture
    pulse: Pulse
    seam: int
    first_beat: int
    beats_per_bar: int
    first_bar_beat: int


def prompt_of(
    melody: Melody,
    *,
    duration_s: float,
    style: str,
    is_opening: bool = True,
    spec: TokenSpec = TOKEN_ENCODING,
) -> Prompt:
    """Write the end of a melody as tokens.

    Args:
        melody: At least one note.
        duration_s: How much of its end is read; up to a beat more, so that it begins on one.
        style: One of `TokenSpec.styles`.
        is_opening: Whether nothing was read before. Else the melody is written from the beat
            of its first note on, without START.
        spec: The encoding.
    """
    resolution, beats_per_bar = spec.beat_resolution, melody.beats_per_bar
    heard_from = melody.end_ticks - duration_s * ticks_per_s(melody)
    pulse = pulse_of(melody, since_ticks=heard_from)
    begins = pulse.beat_at(melody.notes[0].start_ticks)
    first_beat = math.floor(pulse.beat_at(heard_from))
    is_cut = begins < first_beat
    if not is_cut and is_opening:
        first_beat = math.floor(begins)
        first_beat -= first_beat % beats_per_bar if pulse.has_bars else 0
    elif not is_cut:
        first_beat = math.floor(begins + (_EARLY_BEATS if pulse.is_played else 0.0))
    seam = pulse.step_after(melody.end_ticks, resolution) - first_beat * resolution
    heard = [note for note in melody.notes if pulse.beat_at(note.end_ticks) > first_beat]
    placed = _placed(heard, pulse, first_beat=first_beat, seam=seam, spec=spec)
    texture = texture_of(placed)
    if texture == Texture.LINE:
        placed = _line(placed)
    placed, silence = _without_long_silences(placed, beats_per_bar * resolution, resolution)
    seam, first_beat = seam - silence, first_beat + silence // resolution
    has_bars = pulse.has_bars and style not in BARLESS_STYLES
    beats = seam // resolution + 1
    first_bar_beat = -first_beat % beats_per_bar
    tokens = encode(
        [ending_by(note, seam, spec=spec) for note in written(placed, spec=spec)],
        bars=range(first_bar_beat * resolution, beats * resolution, beats_per_bar * resolution)
        if has_bars
        else (),
        beats=beats,
        spec=spec,
    )
    tokens, left_out = _last_beats(tokens, spec)
    if is_opening and not is_cut and not left_out:
        tokens = np.concatenate([np.array([spec.start], dtype=tokens.dtype), tokens])
    return Prompt(
        tokens=tokens,
        texture=texture,
        pulse=pulse,
        seam=seam - left_out * resolution,
        first_beat=first_beat + left_out,
        beats_per_bar=beats_per_bar if has_bars else 0,
        first_bar_beat=(first_bar_beat - left_out) % beats_per_bar,
    )


def _placed(
    notes: Sequence[Note], pulse: Pulse, *, first_beat: int, seam: int, spec: TokenSpec
) -> list[GridNote]:
    """Notes on the grid, none before its beginning and each beginning before the seam."""
    starts = pulse.beats_at(np.array([note.start_ticks for note in notes], dtype=np.float64))
    ends = pulse.beats_at(np.array([note.end_ticks for note in notes], dtype=np.float64))
    resolution = spec.beat_resolution
    start_steps, end_steps = (
        _score_steps(starts, ends, resolution)
        if pulse.is_played
        else (_nearest(starts * resolution), _nearest(ends * resolution))
    )
    placed = []
    for note, start_step, end_step in zip(notes, start_steps, end_steps, strict=True):
        start = min(max(int(start_step) - first_beat * resolution, 0), seam - 1)
        end = min(int(end_step) - first_beat * resolution, seam)
        pitch = in_range(note.pitch, spec=spec)
        placed.append(GridNote(start=start, pitch=pitch, duration=max(end - start, 1)))
    return placed


def _score_steps(
    starts: NDArray[np.float64], ends: NDArray[np.float64], resolution: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """What a player seems to have meant: starts and ends on sixteenths and triplets.

    In each beat all notes begin on sixteenths, or all on triplets. A note that ends close to
    where another one begins ends there.

    Args:
        starts: (n,) in beats.
        ends: (n,) in beats.
        resolution: Time steps a beat, a multiple of 12.

    Returns:
        Two times (n,) time steps.
    """
    sixteenths = _nearest(starts * 4) * (resolution // 4)
    triplets = _nearest(starts * 3) * (resolution // 3)
    beats = np.floor(starts + _EARLY_BEATS).astype(np.int64)
    misses: defaultdict[int, float] = defaultdict(float)
    for beat, fine, coarse, start in zip(
        beats.tolist(), sixteenths, triplets, starts * resolution, strict=True
    ):
        misses[beat] += (fine - start) ** 2 - (coarse - start) ** 2
    # Where it makes no difference they are sixteenths.
    is_triplet = np.array([misses[beat] > 1e-9 for beat in beats.tolist()], dtype=np.bool_)
    start_steps = np.where(is_triplet, triplets, sixteenths)
    near_sixteenths = _nearest(ends * 4) * (resolution // 4)
    near_triplets = _nearest(ends * 3) * (resolution // 3)
    end_steps = np.where(is_triplet, near_triplets, near_sixteenths)
    onsets = np.unique(start_steps)
    after = np.searchsorted(onsets, start_steps, side="right").clip(max=len(onsets) - 1)
    close = resolution // 6
    nexts = onsets[after]
    meets = (nexts > start_steps) & (np.abs(nexts - end_steps) <= close)
    end_steps = np.where(meets, nexts, np.maximum(end_steps, start_steps + close))
    return start_steps, end_steps


def _nearest(steps: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.floor(steps + 0.5).astype(np.int64)


def _line(notes: Iterable[GridNote]) -> list[GridNote]:
    """The highest note at each start, ended by the next one: the lines that are learned from."""
    line: list[GridNote] = []
    for note in sorted(notes, key=lambda note: (note.start, -note.pitch)):
        if line and line[-1].start == note.start:
            continue
        if line and line[-1].end > note.start:
            line[-1] = line[-1]._replace(duration=note.start - line[-1].start)
        line.append(note)
    return line


def _without_long_silences(
    notes: Iterable[GridNote], bar_steps: int, resolution: int
) -> tuple[list[GridNote], int]:
    """Take whole bars out of long silences; returns how many steps were taken out, too."""
    longest = max(_LONGEST_SILENCE_BEATS * resolution, bar_steps)
    taken_out = silent_from = 0
    moved: list[GridNote] = []
    for note in sorted(notes):
        silence = note.start - taken_out - silent_from
        taken_out += max((silence - longest) // bar_steps, 0) * bar_steps
        moved.append(note._replace(start=note.start - taken_out))
        silent_from = max(silent_from, moved[-1].end)
    return moved, taken_out


def ending_by(note: GridNote, end: int, *, spec: TokenSpec = TOKEN_ENCODING) -> GridNote:
    """A note shortened to a duration that has a token and does not reach over a time step."""
    if note.end <= end:
        return note
    token = duration_token(end - note.start, spec=spec, down=True)
    return note._replace(duration=spec.durations[token - spec.first_duration])


def _last_beats(tokens: Tokens, spec: TokenSpec) -> tuple[Tokens, int]:
    """As many whole beats from the end as may be read; returns how many were left out, too."""
    if len(tokens) <= MOST_TOKENS:
        return tokens, 0
    beats = np.flatnonzero((tokens == spec.beat) | (tokens == spec.bar))
    left_out = int(np.searchsorted(beats, len(tokens) - MOST_TOKENS).clip(max=len(beats) - 1))
    return tokens[beats[left_out] :], left_out
