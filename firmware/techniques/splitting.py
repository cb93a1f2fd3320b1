"""Splitting polyphony into voices: the smoothest lines in their registers.

Letters: N notes, V voices, B ways that are kept, K choices for a chord.
"""

from collections import defaultdict
from collections.abc import Collection, Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Final

import numpy as np
from numpy.typing import NDArray

VOICE_RANGES: Final = ((60, 81), (52, 74), (46, 69), (36, 66))
"""Lowest and highest MIDI pitch of soprano, alto, tenor and bass in Bach's chorales."""

NO_VOICE: Final = -1
"""Voice of a note that stays outside of the model."""

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
_SILENT_COST: Final = 20.0  # of a note in a voice that has no line
_BEAM_WIDTH: Final = 32
_CHORDS_AT_ONCE: Final = 64  # without a pause


@dataclass(frozen=True, slots=True)
class Span:
    """A note in time steps.

    Attributes:
        index: Which note of the melody.
        start: First step.
        end: The step after its last.
        pitch: MIDI pitch, not shifted.
    """

    index: int
    start: int
    end: int
    pitch: int


def tolerance(span: Span) -> int:
    """Steps by which the next note may begin before this one has ended (played legato)."""
    return max(1, (span.end - span.start) // 4)


def split(
    spans: Sequence[Span], shift: int, evidence: NDArray[np.float64] | None
) -> Generator[None, None, list[int]]:
    """Give polyphonic notes voices: a beam search for the smoothest lines in their registers.

    Where no more than two notes sound at once there are two lines, and two voices for them.
    It yields every few milliseconds.

    Args:
        spans: All notes.
        shift: What is added to every pitch.
        evidence: (N, V) log-likelihood of each note in each voice, or None.

    Returns:
        A voice for each note, or `NO_VOICE`.
    """
    by_start: dict[int, list[Span]] = defaultdict(list)
    for span in spans:
        by_start[span.start].append(span)
    pair = _pair_of_voices(spans, shift)
    beam = _Beam(shift, evidence, pair if pair else range(len(VOICE_RANGES)))
    for number, start in enumerate(sorted(by_start)):
        if number % _CHORDS_AT_ONCE == 0:
            yield
        group = sorted(by_start[start], key=lambda span: (-span.pitch, -span.end, span.index))
        beam.advance(start, _most_important(group))
    voices = [NO_VOICE] * len(spans)
    for index, voice in beam.best():
        voices[index] = voice
    return voices


def is_two_part(spans: Sequence[Span]) -> bool:
    """Whether never more than two notes sound at once, but for a little legato."""
    changes = sorted(
        change
        for span in spans
        for change in ((span.start, 1), (max(span.end - tolerance(span), span.start + 1), -1))
    )
    sounding = most = 0
    for _, change in changes:
        sounding += change
        most = max(most, sounding)
    return most <= 2


def _pair_of_voices(spans: Sequence[Span], shift: int) -> tuple[int, int] | None:
    """The voices whose registers suit two lines best; None for more than two lines."""
    if not is_two_part(spans):
        return None
    pitches = sorted(span.pitch + shift for span in spans for _ in range(span.end - span.start))
    lower, upper = np.mean(pitches[: len(pitches) // 2 or 1]), np.mean(pitches[len(pitches) // 2 :])
    pairs = combinations(range(len(VOICE_RANGES)), 2)
    return min(
        pairs,
        key=lambda pair: abs(upper - _REGISTERS[pair[0]]) + abs(lower - _REGISTERS[pair[1]]),
    )


def _most_important(group: list[Span]) -> list[Span]:
    """Of a chord of more notes than voices the outer ones first, without doubled pitches."""
    if len(group) <= len(VOICE_RANGES):
        return group
    distinct: dict[int, Span] = {}
    for span in group:
        distinct.setdefault(span.pitch, span)
    rest = list(distinct.values())
    taken: list[Span] = []
    while rest and len(taken) < len(VOICE_RANGES):
        taken.append(rest.pop(0 if len(taken) % 2 == 0 else -1))
    return sorted(taken, key=lambda span: (-span.pitch, span.index))


class _Beam:
    """The best ways so far to give the notes voices.

    Letters: B ways, K choices for a chord, V voices.
    """

    def __init__(
        self, shift: int, evidence: NDArray[np.float64] | None, singing: Collection[int]
    ) -> None:
        voices = len(VOICE_RANGES)
        self._shift = shift
        self._evidence = evidence
        self._silent = [voice for voice in range(voices) if voice not in singing]
        self._costs = np.zeros(1)
        self._pitches = np.zeros((1, voices))  # (B, V) of the last note
        self._ends = np.full((1, voices), -_MEMORY_STEPS * 99.0)  # (B, V)
        self._tolerated = self._ends.copy()  # (B, V) from when on the voice may go on
        self._history: list[tuple[list[Span], NDArray[np.int64], NDArray[np.int64]]] = []

    def advance(self, start: int, chord: list[Span]) -> None:
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
        one[:, :, self._silent] += _SILENT_COST
        # What sounds on above in a lower voice or below in a higher one is crossed.
        others, own = self._pitches[:, None, :], pitches[None, :, None]
        heard = sounds[:, None, :]
        crossed = ((others < own) & heard) @ _UPPER_OF + ((others > own) & heard) @ _LOWER_OF
        one[:, :, :-1] += _CROSSING_COST * crossed
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
            self._tolerated[at] = span.end - tolerance(span)
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


_UPPER_OF: Final = np.triu(np.ones((len(VOICE_RANGES),) * 2), 1)
"""(V, V): 1 where the first voice is above the second."""

_LOWER_OF: Final = _UPPER_OF.T

_CHOICES: Final = tuple(_choices(notes) for notes in range(len(VOICE_RANGES) + 1))
