"""Which voice sings which of the player's notes.

A single line goes to the voice that suits its register, if need be after an internal shift
of the whole melody; polyphony is split by register and continuity. What more than four
voices would be needed for stays outside of the model.
"""

from collections import defaultdict
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware.music.encoding import CHORALE_ENCODING, EncodingSpec
from firmware.music.notes import Note
from firmware.music.piano_roll import span_in_steps
from firmware.techniques.progress import finish
from firmware.techniques.splitting import (
    NO_VOICE,
    VOICE_RANGES,
    Span,
    is_two_part,
    split,
    tolerance,
)

_SHIFTS: Final = range(-60, 85)
_SHIFT_COST: Final = 0.02  # a semitone, so that no shift is the first choice
_NEW_KEY_COST: Final = 0.6  # a shift that is no whole octave
_SOLO_COST: Final = (0.0, 1.0, 0.8, 0.35)  # a tune sounds best on top, then as the bass
_OUT_OF_RANGE_COST: Final = 0.5  # a semitone
_ARTICULATION_STEPS: Final = 2  # a shorter rest is staccato or breath, not silence


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One of the player's notes on the model's grid.

    Attributes:
        index: Which note of the melody.
        voice: 0 for the soprano to 3 for the bass, or `NO_VOICE`.
        start: First time step.
        end: The step after its last: what the voice sings, legato.
        grid_class: Its pitch class on the grid, after the shift.
    """

    index: int
    voice: int
    start: int
    end: int
    grid_class: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Casting:
    """All notes of a melody with their voices.

    Attributes:
        parts: One a note, in the melody's order.
        shift: Semitones that were added to every pitch to reach the grid.
        lines: How many voices the notes are in: 1, 2, or 4 where up to four may be.
    """

    parts: tuple[Part, ...]
    shift: int
    lines: int


def cast(
    notes: Sequence[Note],
    *,
    evidence: NDArray[np.float64] | None = None,
    spec: EncodingSpec = CHORALE_ENCODING,
) -> Casting:
    """Give every note a voice, at once: see `casting`."""
    return finish(casting(notes, evidence=evidence, spec=spec))


def casting(
    notes: Sequence[Note],
    *,
    evidence: NDArray[np.float64] | None = None,
    spec: EncodingSpec = CHORALE_ENCODING,
) -> Generator[None, None, Casting]:
    """Give every note a voice; yield every few milliseconds.

    Args:
        notes: The melody's notes, in order; any number, any pitch, on or off the grid.
        evidence: (N, V) log-likelihood of each note in each voice, where a model has judged
            that; it then counts more than the registers. A single line is not moved by it.
        spec: The model's encoding.
    """
    spans = [
        Span(index, *span_in_steps(note, beat_resolution=spec.beat_resolution), note.pitch)
        for index, note in enumerate(notes)
    ]
    lines = 1 if _is_single_line(spans) else 2 if is_two_part(spans) else len(spec.voices)
    if lines == 1:
        shift, voice = _solo_place(spans, spec)
        voices = [voice] * len(spans)
    else:
        shift = _shift_of_many(spans)
        voices = yield from split(spans, shift, evidence)
    yield
    ends = _legato_ends(spans, voices)
    parts = tuple(
        Part(
            index=span.index,
            voice=voice if end > span.start else NO_VOICE,
            start=span.start,
            end=end,
            grid_class=_folded(span.pitch + shift, spec) - spec.lowest_pitch,
        )
        for span, voice, end in zip(spans, voices, ends, strict=True)
    )
    yield
    return Casting(parts=parts, shift=shift, lines=lines)


def _is_single_line(spans: Sequence[Span]) -> bool:
    """Whether no note has to be cut by more than a little for one voice to sing them all."""
    ordered = sorted(spans, key=lambda span: (span.start, span.end))
    return all(
        before.start < after.start and before.end - after.start <= tolerance(before)
        for before, after in pairwise(ordered)
    )


def _solo_place(spans: Sequence[Span], spec: EncodingSpec) -> tuple[int, int]:
    """Shift and voice for a single line."""
    weights = _steps_by_pitch(spans)
    total = sum(weights.values())

    def cost(shift: int, voice: int) -> float:
        low, high = VOICE_RANGES[voice]
        outside = sum(
            weight * _outside(pitch + shift, low, high) for pitch, weight in weights.items()
        )
        return _OUT_OF_RANGE_COST * outside / total + _shift_cost(shift) + _SOLO_COST[voice]

    choices = [(shift, voice) for shift in _SHIFTS for voice in range(len(spec.voices))]
    return min(choices, key=lambda choice: (cost(*choice), abs(choice[0]), choice))


def _shift_of_many(spans: Sequence[Span]) -> int:
    """Whole octaves by which polyphony best fits the grid."""
    lowest, highest = VOICE_RANGES[-1][0], VOICE_RANGES[0][1]
    weights = _steps_by_pitch(spans)
    total = sum(weights.values())

    def cost(shift: int) -> float:
        outside = sum(
            weight * _outside(pitch + shift, lowest, highest) for pitch, weight in weights.items()
        )
        return outside / total + _shift_cost(shift)

    octaves = [shift for shift in _SHIFTS if shift % 12 == 0]
    return min(octaves, key=lambda shift: (cost(shift), abs(shift), shift))


def _steps_by_pitch(spans: Sequence[Span]) -> dict[int, int]:
    steps: dict[int, int] = defaultdict(int)
    for span in spans:
        steps[span.pitch] += span.end - span.start
    return steps


def _shift_cost(shift: int) -> float:
    return _SHIFT_COST * abs(shift) + (_NEW_KEY_COST if shift % 12 else 0.0)


def _outside(pitch: int, low: int, high: int) -> int:
    return max(low - pitch, pitch - high, 0)


def _folded(pitch: int, spec: EncodingSpec) -> int:
    """The nearest pitch of the same name that the grid holds."""
    below = max(spec.lowest_pitch - pitch, 0)
    above = max(pitch - spec.highest_pitch, 0)
    return pitch + 12 * -(-below // 12) - 12 * -(-above // 12)


def _legato_ends(spans: Sequence[Span], voices: Sequence[int]) -> list[int]:
    """Where each note ends for the model: cut by the next of its voice, or drawn to it."""
    ends = [span.end for span in spans]
    by_voice: dict[int, list[Span]] = defaultdict(list)
    for span, voice in zip(spans, voices, strict=True):
        if voice != NO_VOICE:
            by_voice[voice].append(span)
    for own in by_voice.values():
        own.sort(key=lambda span: (span.start, span.end))
        for span, after in pairwise(own):
            gap = after.start - span.end
            if gap < 0 or gap <= min(_ARTICULATION_STEPS, span.end - span.start):
                ends[span.index] = after.start
    return ends
