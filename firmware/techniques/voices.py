"""Which voice sings which of the player's notes.

A single line goes to the voice that suits its register, if need be after an internal shift
of the whole melody; polyphony is split by register and continuity. What more than four
voices would be needed for stays outside of the model.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware.music.encoding import CHORALE_ENCODING, EncodingSpec
from firmware.music.notes import Note
from firmware.music.piano_roll import span_in_steps

VOICE_RANGES: Final = ((60, 81), (52, 74), (46, 69), (36, 66))
"""Lowest and highest MIDI pitch of soprano, alto, tenor and bass in Bach's chorales."""

NO_VOICE: Final = -1
"""Voice of a note that stays outside of the model."""

_SHIFTS: Final = range(-60, 85)
_SHIFT_COST: Final = 0.02  # a semitone, so that no shift is the first choice
_NEW_KEY_COST: Final = 0.6  # a shift that is no whole octave
_SOLO_COST: Final = (0.0, 1.0, 0.8, 0.35)  # a tune sounds best on top, then as the bass
_OUT_OF_RANGE_COST: Final = 0.5  # a semitone
_REGISTERS: Final = (70.4, 65.0, 59.5, 50.6)  # mean pitches of the voices in Bach's chorales
_REGISTER_WIDTH: Final = 4.5  # semitones
_MOST_REGISTER_COST: Final = 12.0
_EVIDENCE_WEIGHT: Final = 2.0
_REGISTER_BESIDE_EVIDENCE: Final = 0.5
_LEAP_COST: Final = 0.35  # a semitone from the voice's last note
_MEMORY_STEPS: Final = 12.0  # how long that note is remembered
_CROSSING_COST: Final = 5.0
_CUT_COST: Final = 1.5  # a step that the voice's last note loses
_NO_VOICE_COST: Final = 40.0
_BEAM_WIDTH: Final = 32
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
    """

    parts: tuple[Part, ...]
    shift: int

    @property
    def is_split(self) -> bool:
        """Whether the notes are in more than one voice."""
        return len({part.voice for part in self.parts}) > 1


@dataclass(frozen=True, slots=True)
class _Span:
    index: int
    start: int
    end: int
    pitch: int


def cast(
    notes: Sequence[Note],
    *,
    evidence: NDArray[np.float64] | None = None,
    spec: EncodingSpec = CHORALE_ENCODING,
) -> Casting:
    """Give every note a voice.

    Args:
        notes: The melody's notes, in order; any number, any pitch, on or off the grid.
        evidence: (N, V) log-likelihood of each note in each voice, where a model has judged
            that; it then counts more than the registers. A single line is not moved by it.
        spec: The model's encoding.
    """
    spans = [
        _Span(index, *span_in_steps(note, beat_resolution=spec.beat_resolution), note.pitch)
        for index, note in enumerate(notes)
    ]
    solo = _is_single_line(spans)
    if solo:
        shift, voice = _solo_place(spans, spec)
        voices = [voice] * len(spans)
    else:
        shift = _shift_of_many(spans)
        voices = _split(spans, shift, evidence)
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
    return Casting(parts=parts, shift=shift)


def _is_single_line(spans: Sequence[_Span]) -> bool:
    """Whether no note has to be cut by more than a little for one voice to sing them all."""
    ordered = sorted(spans, key=lambda span: (span.start, span.end))
    return all(
        before.start < after.start and before.end - after.start <= _tolerance(before)
        for before, after in pairwise(ordered)
    )


def _tolerance(span: _Span) -> int:
    """Steps by which the next note may begin before this one has ended (played legato)."""
    return max(1, (span.end - span.start) // 4)


def _solo_place(spans: Sequence[_Span], spec: EncodingSpec) -> tuple[int, int]:
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


def _shift_of_many(spans: Sequence[_Span]) -> int:
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


def _steps_by_pitch(spans: Sequence[_Span]) -> dict[int, int]:
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


def _split(spans: Sequence[_Span], shift: int, evidence: NDArray[np.float64] | None) -> list[int]:
    """Voices of polyphonic notes: a beam search for the smoothest lines in their registers."""
    by_start: dict[int, list[_Span]] = defaultdict(list)
    for span in spans:
        by_start[span.start].append(span)
    beam = _Beam(shift, evidence)
    for start in sorted(by_start):
        group = sorted(by_start[start], key=lambda span: (-span.pitch, -span.end, span.index))
        beam.advance(start, _most_important(group))
    voices = [NO_VOICE] * len(spans)
    for index, voice in beam.best():
        voices[index] = voice
    return voices


def _most_important(group: list[_Span]) -> list[_Span]:
    """Of a chord of more notes than voices the outer ones first, without doubled pitches."""
    if len(group) <= len(VOICE_RANGES):
        return group
    distinct: dict[int, _Span] = {}
    for span in group:
        distinct.setdefault(span.pitch, span)
    rest = list(distinct.values())
    taken: list[_Span] = []
    while rest and len(taken) < len(VOICE_RANGES):
        taken.append(rest.pop(0 if len(taken) % 2 == 0 else -1))
    return sorted(taken, key=lambda span: (-span.pitch, span.index))


class _Beam:
    """The best ways so far to give the notes voices.

    Letters: B ways, K choices for a chord, V voices.
    """

    def __init__(self, shift: int, evidence: NDArray[np.float64] | None) -> None:
        voices = len(VOICE_RANGES)
        self._shift = shift
        self._evidence = evidence
        self._costs = np.zeros(1)
        self._pitches = np.zeros((1, voices))  # (B, V) of the last note
        self._ends = np.full((1, voices), -_MEMORY_STEPS * 99.0)  # (B, V)
        self._tolerated = self._ends.copy()  # (B, V) from when on the voice may go on
        self._history: list[tuple[list[_Span], NDArray[np.int64], NDArray[np.int64]]] = []

    def advance(self, start: int, chord: list[_Span]) -> None:
        """Give the notes of one chord, highest first, voices in every sensible way."""
        choices = _CHOICES[len(chord)]  # (K, notes) with V for "no voice"
        pitches = np.array([span.pitch + self._shift for span in chord], dtype=np.float64)
        sounds = self._tolerated > start
        gaps = np.maximum(start - self._ends, 0.0)
        memory = np.exp(-gaps / _MEMORY_STEPS)
        # (B, notes, V + 1): cost of each note in each voice.
        register = ((pitches[:, None] - np.array(_REGISTERS)) / _REGISTER_WIDTH) ** 2 / 2
        leaps = np.abs(pitches[None, :, None] - self._pitches[:, None, :])
        one = np.full((len(self._costs), len(chord), len(VOICE_RANGES) + 1), _NO_VOICE_COST)
        one[:, :, :-1] = (
            self._judged([span.index for span in chord], np.minimum(register, _MOST_REGISTER_COST))
            + _LEAP_COST * leaps * memory[:, None, :]
            + _CUT_COST * np.maximum(self._ends - start, 0.0)[:, None, :]
            + np.where(sounds, 1e6, 0.0)[:, None, :]
        )
        # What sounds on above in a lower voice or below in a higher one is crossed.
        for voice in range(len(VOICE_RANGES)):
            above = (self._pitches[:, None, :voice] < pitches[None, :, None]) & sounds[
                :, None, :voice
            ]
            below = (self._pitches[:, None, voice + 1 :] > pitches[None, :, None]) & sounds[
                :, None, voice + 1 :
            ]
            one[:, :, voice] += _CROSSING_COST * (above.sum(axis=2) + below.sum(axis=2))
        notes = np.arange(len(chord))
        # (B, K)
        total = self._costs[:, None] + one[:, notes, choices].sum(axis=2)
        kept = np.argsort(total, axis=None, kind="stable")[:_BEAM_WIDTH]
        parents, picks = np.divmod(kept, len(choices))
        self._costs = total[parents, picks] - total[parents[0], picks[0]]
        self._pitches = self._pitches[parents]
        self._ends = self._ends[parents]
        self._tolerated = self._tolerated[parents]
        for note, span in enumerate(chord):
            voices = choices[picks, note]
            rows = np.flatnonzero(voices < len(VOICE_RANGES))
            at = (rows, voices[rows])
            self._pitches[at] = pitches[note]
            self._ends[at] = span.end
            self._tolerated[at] = span.end - _tolerance(span)
        self._history.append((chord, parents, picks))

    def _judged(self, notes: list[int], register: NDArray[np.float64]) -> NDArray[np.float64]:
        """(notes, V) cost of a register, or of what a model thinks of it."""
        if self._evidence is None:
            return register
        return np.asarray(
            _REGISTER_BESIDE_EVIDENCE * register - _EVIDENCE_WEIGHT * self._evidence[notes]
        )

    def best(self) -> Iterator[tuple[int, int]]:
        """Index of each note that got a voice, and the voice."""
        way = 0
        for chord, parents, picks in reversed(self._history):
            for span, voice in zip(chord, _CHOICES[len(chord)][picks[way]].tolist(), strict=True):
                if voice < len(VOICE_RANGES):
                    yield span.index, voice
            way = int(parents[way])


def _choices(notes: int) -> NDArray[np.int64]:
    """(K, notes) every way to give a chord, highest note first, voices from the highest down.

    The number of voices stands for no voice at all.
    """
    nowhere = len(VOICE_RANGES)
    ways = [
        way
        for way in product(range(nowhere + 1), repeat=notes)
        if (sung := [voice for voice in way if voice < nowhere]) == sorted(set(sung))
    ]
    return np.array(ways, dtype=np.int64).reshape(len(ways), notes)


_CHOICES: Final = tuple(_choices(notes) for notes in range(len(VOICE_RANGES) + 1))


def _legato_ends(spans: Sequence[_Span], voices: Sequence[int]) -> list[int]:
    """Where each note ends for the model: cut by the next of its voice, or drawn to it."""
    ends = [span.end for span in spans]
    by_voice: dict[int, list[_Span]] = defaultdict(list)
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
