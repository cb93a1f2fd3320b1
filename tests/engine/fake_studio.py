"""Studios for the worker's process whose work is known beforehand."""

import os
import signal
import struct
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from time import sleep
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware.engine.messages import GenerationRequest, Listen
from firmware.errors import BundleHashError, ModelRuntimeError
from firmware.inference.runtime import Model
from firmware.music.notes import Composition, Melody, Note, Track
from firmware.techniques.progress import Generation, Progress


def octaves(melody: Melody, *, below: int = 12) -> Composition:
    """The melody, doubled below: a composition that is easily told."""
    lower = tuple(replace(n, pitch=max(n.pitch - below, 0)) for n in melody.notes)
    return Composition(
        tracks=(
            Track(name="melody", notes=melody.notes, program=0),
            Track(name="below", notes=lower, program=48),
        ),
        tempo_bpm=melody.tempo_bpm,
        beats_per_bar=melody.beats_per_bar,
        name=melody.name,
    )


def extended(melody: Melody, *, bars: int) -> Composition:
    """The melody, and a note for each beat of some bars more."""
    notes = tuple(
        Note(start_ticks=melody.end_ticks + 480 * beat, pitch=84 - beat, duration_ticks=480)
        for beat in range(bars * melody.beats_per_bar)
    )
    return Composition(
        tracks=(Track(name="melody", notes=melody.notes), Track(name="extension", notes=notes)),
        tempo_bpm=melody.tempo_bpm,
        beats_per_bar=melody.beats_per_bar,
        name=melody.name,
    )


class FakeStudio:
    """Doubles the melody 12 + seed semitones below, without a model."""

    wait_s = 0.0
    previews: tuple[int, ...] = ()

    def load(self, folder: Path, threads: int) -> tuple[str, str, Model]:
        """Load nothing; a bundle called broken is refused."""
        del threads
        if folder.name == "broken":
            raise BundleHashError("the model is broken", remedy="copy it again")
        return folder.name, "ab" * 32, _NoModel()

    def start(self, request: GenerationRequest, model: Model) -> Generation:
        """Begin twenty passes."""
        del model
        return self._passes(request.melody, request.seed)

    def listen(self, duet: Listen, model: Model) -> Iterator[None]:
        """Read twenty chunks."""
        del duet, model
        for _ in range(20):
            sleep(self.wait_s)
            yield

    def _passes(self, melody: Melody, seed: int) -> Generation:
        for done in range(1, 21):
            sleep(self.wait_s)
            preview = octaves(melody, below=7) if done in self.previews else None
            yield Progress(done=done, total=20, preview=preview)
        return octaves(melody, below=12 + seed)


class SlowStudio(FakeStudio):
    """Takes a second, so that it can be disturbed."""

    wait_s = 0.05


class PreviewStudio(FakeStudio):
    """Lets hear what there is so far."""

    wait_s = 0.02
    previews = (2, 10)


class RiskStudio(FakeStudio):
    """Doubles the melody an octave below at creative risk 1, and lower with more of it."""

    wait_s = 0.01

    def start(self, request: GenerationRequest, model: Model) -> Generation:
        """Begin twenty passes."""
        del model
        return self._passes(request.melody, round(request.parameters.number("creative_risk")))


class ExtendingStudio(FakeStudio):
    """Lets a melody go on bar by bar, a note a beat; the seed says after which bar it dies."""

    bars = 6
    wait_s = 0.02

    def start(self, request: GenerationRequest, model: Model) -> Generation:
        """Begin to write."""
        del model
        return self._bars(request.melody, request.seed)

    def _bars(self, melody: Melody, seed: int) -> Generation:
        for bar in range(1, self.bars):
            sleep(self.wait_s)
            if bar == seed + 1 and seed:
                _crash()
            yield Progress(
                done=bar,
                total=self.bars,
                preview=extended(melody, bars=bar),
                written_ticks=melody.end_ticks + bar * melody.ticks_per_bar,
            )
        return extended(melody, bars=self.bars)


class FailingStudio(FakeStudio):
    """Fails: seed 0 as foreseen, 1 as nobody foresaw, 2 by taking the process with it."""

    def start(self, request: GenerationRequest, model: Model) -> Generation:
        """Fail, or begin."""
        failures: dict[int, Callable[[], None]] = {0: _foreseen, 1: _unforeseen, 2: _crash}
        failures.get(request.seed, lambda: None)()
        return super().start(request, model)


class CrashingStudio(FakeStudio):
    """Takes the process with it while it loads."""

    def load(self, folder: Path, threads: int) -> tuple[str, str, Model]:
        """Crash."""
        _crash()
        return super().load(folder, threads)


class DeafStudio(FakeStudio):
    """Does not look up from its work, and does not die when asked to."""

    def start(self, request: GenerationRequest, model: Model) -> Generation:
        """Never come back."""
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        sleep(600)
        return super().start(request, model)


class MidWordStudio(FakeStudio):
    """Stands still in the middle of an answer, whose length alone is through."""

    def start(self, request: GenerationRequest, model: Model) -> Generation:
        """Begin to speak."""
        os.write(int(sys.argv[1]), struct.pack("!i", 1000))
        os.kill(os.getpid(), signal.SIGSTOP)
        return super().start(request, model)


class _NoModel:
    def run(self, **inputs: NDArray[Any]) -> dict[str, NDArray[np.float32]]:
        raise AssertionError(f"the fake studio needs no model, was given {sorted(inputs)}")


def _foreseen() -> None:
    raise ModelRuntimeError("the model failed", remedy="try another seed")


def _unforeseen() -> None:
    raise ZeroDivisionError("nobody foresaw this")


def _crash() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
