"""Repairing damaged chorales: how well enhance puts back what was taken away.

Letters: L time steps of a piece, V voices.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from firmware.music.encoding import CHORALE_ENCODING, Cells, EncodingSpec
from firmware.music.notes import Composition, Melody, Note
from firmware.music.timing import ticks_per_step
from firmware.techniques.score import NOBODY, score_of
from firmware.techniques.voices import cast
from training.markov import VoiceChains

REMOVED_SHARE: Final = 0.5
WRONG_SHARE: Final = 0.015

NoteStart = tuple[int, int]
"""Tick and pitch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Damaged:
    """A piece and what is left of it.

    Attributes:
        original: Its notes, voice by voice.
        melody: Half of them, and some wrong ones.
    """

    original: tuple[tuple[Note, ...], ...]
    melody: Melody


def notes_of(cells: Cells, *, spec: EncodingSpec = CHORALE_ENCODING) -> list[tuple[Note, int]]:
    """Read cells (L, V) as notes with their voices; equal neighbours are one note."""
    step = ticks_per_step(spec.beat_resolution)
    found: list[tuple[Note, int]] = []
    for voice in range(cells.shape[1]):
        line = cells[:, voice]
        starts = np.flatnonzero(np.append([True], line[1:] != line[:-1]))
        ends = np.append(starts[1:], len(line))
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            if line[start] != spec.rest:
                note = Note(
                    start_ticks=start * step,
                    pitch=int(line[start]) + spec.lowest_pitch,
                    duration_ticks=(end - start) * step,
                )
                found.append((note, voice))
    return found


def damage(
    cells: Cells, rng: np.random.Generator, *, spec: EncodingSpec = CHORALE_ENCODING
) -> Damaged:
    """Take half of a piece's notes away and put wrong ones in.

    Every note is removed with probability `REMOVED_SHARE`. Then `WRONG_SHARE` times as many
    notes as the piece had (a fraction by chance) are added: each takes its start from one
    removed note and its length from another one, and a pitch that is drawn from the piece's
    range and sounds nowhere in the original during that time.

    Args:
        cells: (L, V) the piece.
        rng: Chooses.
        spec: The encoding.
    """
    sung = notes_of(cells, spec=spec)
    notes = [note for note, _ in sung]
    gone = rng.random(len(notes)) < REMOVED_SHARE
    kept = [note for note, removed in zip(notes, gone, strict=True) if not removed]
    removed = [note for note, removed in zip(notes, gone, strict=True) if removed]
    low, high = min(note.pitch for note in notes), max(note.pitch for note in notes)
    for _ in range(int(WRONG_SHARE * len(notes) + rng.random())):
        start = removed[int(rng.integers(len(removed)))].start_ticks
        length = removed[int(rng.integers(len(removed)))].duration_ticks
        right = {
            note.pitch
            for note in notes
            if note.start_ticks < start + length and start < note.end_ticks
        }
        choices = [pitch for pitch in range(low, high + 1) if pitch not in right]
        pitch = int(rng.choice(choices))
        kept.append(Note(start_ticks=start, pitch=pitch, duration_ticks=length))
    voices = range(len(spec.voices))
    original = tuple(tuple(note for note, own in sung if own == voice) for voice in voices)
    return Damaged(original=original, melody=Melody(notes=tuple(kept)))


def starts_of(tracks: Iterable[Iterable[Note]]) -> Counter[NoteStart]:
    """Starts of notes with their pitches; a note that follows on the same pitch is the same note.

    The corpus cannot tell a note struck again from one that is held, so neither may count.
    """
    found: Counter[NoteStart] = Counter()
    for track in tracks:
        ends: set[tuple[int, int]] = set()
        for note in sorted(track):
            if (note.start_ticks, note.pitch) not in ends:
                found[(note.start_ticks, note.pitch)] += 1
            ends.add((note.end_ticks, note.pitch))
    return found


def f1(original: Counter[NoteStart], other: Counter[NoteStart]) -> float:
    """Harmonic mean of precision and recall: 2 x right / (notes of one + notes of the other)."""
    right = sum((original & other).values())
    return 2 * right / max(sum(original.values()) + sum(other.values()), 1)


def composition_f1(damaged: Damaged, composition: Composition) -> float:
    """F1 of a repaired piece."""
    return f1(starts_of(damaged.original), starts_of(t.notes for t in composition.tracks))


def untouched_f1(damaged: Damaged) -> float:
    """F1 of the damaged piece as it is."""
    return f1(starts_of(damaged.original), starts_of([damaged.melody.notes]))


def markov_f1(
    damaged: Damaged, chains: VoiceChains, *, spec: EncodingSpec = CHORALE_ENCODING
) -> float:
    """F1 of a repair by second-order Markov chains.

    The notes get voices as in enhance; all cells that are nobody's between the first and the
    last note of the piece are filled with the likeliest line of each voice.
    """
    score = score_of(cast(damaged.melody.notes, spec=spec), spec=spec)
    filled = chains.filled(score.cells, score.owners == NOBODY)
    step = ticks_per_step(spec.beat_resolution)
    voices: list[list[Note]] = [[] for _ in spec.voices]
    for note, voice in notes_of(filled, spec=spec):
        voices[voice].append(
            Note(
                start_ticks=note.start_ticks + int(score.steps[0]) * step,
                pitch=note.pitch - score.casting.shift,
                duration_ticks=note.duration_ticks,
            )
        )
    surplus = [damaged.melody.notes[part.index] for part in score.casting.parts if part.voice < 0]
    return f1(starts_of(damaged.original), starts_of([*voices, surplus]))


def mean(figures: Sequence[float]) -> float:
    """Mean over pieces."""
    return float(np.mean(figures))
