"""A studio for the worker's process that composes at once, without a model."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from firmware.engine.messages import GenerationRequest, Listen
from firmware.inference.runtime import Model
from firmware.music.notes import Composition, Melody, Track
from firmware.techniques.progress import Generation, Progress

PASSES: Final = 5
_OCTAVE: Final = 12


class QuickStudio:
    """Doubles a melody an octave below in a few passes, the second of which can be heard."""

    def load(self, folder: Path, threads: int) -> tuple[str, str, Model]:
        """See `Studio.load`: there is nothing to load."""
        del threads
        return folder.name, "0" * 64, _NoModel()

    def start(self, request: GenerationRequest, model: Model) -> Generation:
        """See `Studio.start`."""
        del model
        return _passes(request.melody)

    def listen(self, duet: Listen, model: Model) -> Iterator[None]:
        """See `Studio.listen`: it remembers nothing."""
        del duet, model
        yield from ()


def doubled(melody: Melody) -> Composition:
    """What comes of a melody."""
    below = tuple(replace(note, pitch=max(note.pitch - _OCTAVE, 0)) for note in melody.notes)
    return Composition(
        tracks=(Track(name="melody", notes=melody.notes), Track(name="below", notes=below)),
        tempo_bpm=melody.tempo_bpm,
        beats_per_bar=melody.beats_per_bar,
        name=melody.name,
    )


def _passes(melody: Melody) -> Generation:
    composition = doubled(melody)
    for done in range(1, PASSES + 1):
        yield Progress(done=done, total=PASSES, preview=composition if done == 2 else None)
    return composition


class _NoModel:
    def run(self, **inputs: NDArray[Any]) -> dict[str, NDArray[np.float32]]:
        raise AssertionError(f"nothing is to be computed, was given {sorted(inputs)}")
