"""Piano rolls with an onset plane, and back to notes without loss on the grid.

Letters: T time steps, P the 128 MIDI pitches.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware.music.notes import Note
from firmware.music.timing import step_of_tick, tick_of_step, ticks_per_step

PITCHES = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class PianoRoll:
    """Notes on a grid.

    Attributes:
        sounding: (T, P) bool, whether a pitch sounds in a time step.
        onsets: (T, P) bool, whether it is struck there: a subset of `sounding`.
        beat_resolution: Time steps per quarter note.
    """

    sounding: NDArray[np.bool_]
    onsets: NDArray[np.bool_]
    beat_resolution: int


def piano_roll(notes: Iterable[Note], *, beat_resolution: int) -> PianoRoll:
    """Put notes on a grid. A note shorter than a time step still takes one.

    A second note on a pitch that already sounds cuts the first one there.
    """
    spans = [(n.pitch, *span_in_steps(n, beat_resolution=beat_resolution)) for n in notes]
    steps = max((end for _, _, end in spans), default=0)
    sounding = np.zeros((steps, PITCHES), dtype=np.bool_)
    onsets = np.zeros((steps, PITCHES), dtype=np.bool_)
    for pitch, start, end in spans:
        sounding[start:end, pitch] = True
        onsets[start, pitch] = True
    return PianoRoll(sounding=sounding, onsets=onsets, beat_resolution=beat_resolution)


def notes_of_piano_roll(roll: PianoRoll, *, velocity: int = 80) -> tuple[Note, ...]:
    """Read a piano roll as notes; pitches that begin without an onset count as struck."""
    step = ticks_per_step(roll.beat_resolution)
    before = np.zeros_like(roll.sounding)
    before[1:] = roll.sounding[:-1]
    starts = roll.sounding & (roll.onsets | ~before)
    notes: list[Note] = []
    for start, pitch in zip(*(axis.tolist() for axis in np.nonzero(starts)), strict=True):
        end = start + 1
        while end < len(starts) and roll.sounding[end, pitch] and not starts[end, pitch]:
            end += 1
        notes.append(
            Note(
                start_ticks=tick_of_step(start, roll.beat_resolution),
                pitch=pitch,
                duration_ticks=(end - start) * step,
                velocity=velocity,
            )
        )
    return tuple(sorted(notes))


def span_in_steps(note: Note, *, beat_resolution: int) -> tuple[int, int]:
    """First time step of a note and the one after its last; never empty."""
    start = step_of_tick(note.start_ticks, beat_resolution)
    return start, max(step_of_tick(note.end_ticks, beat_resolution), start + 1)
