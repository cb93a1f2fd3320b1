"""Extend goes on repeating what was played as surely as it is told to, and no more."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware.inference.recall import FEATURES, KINDS, SILENCES, Recall, TokenHabits
from firmware.music.notes import Composition, Melody, Note
from firmware.music.timing import TICKS_PER_BEAT as BEAT
from firmware.music.tokens import TOKEN_ENCODING as SPEC
from firmware.parameters import Technique, parameters_for
from firmware.techniques.extend import extend
from firmware.techniques.progress import finish

TWICE = Melody(
    notes=tuple(
        Note(start_ticks=at * BEAT, pitch=pitch, duration_ticks=BEAT)
        for at, pitch in enumerate((60, 64, 62, 67, 65, 69, 71, 72) * 2)
    ),
    tempo_bpm=120.0,
    beats_per_bar=4,
)


class RecallingModel:
    """Likes one pitch, and repeats what it has read as surely as it is told to.

    Args:
        constant: Logit of a repetition, whatever it is.
        liking: Logit of the first pitch of the melody; that of others is 0.
    """

    def __init__(self, constant: float, *, liking: float = 0.0) -> None:
        self._logits = np.zeros(SPEC.vocabulary, np.float32)
        self._logits[SPEC.first_pitch + 60 - SPEC.lowest_pitch] = liking
        self._habits = TokenHabits(
            copying=dict.fromkeys(KINDS, (constant, *[0.0] * (len(FEATURES) - 1))),
            resting=((0.0, 1.0),) * len(SILENCES),
        )

    def begin(self, *, style: int, texture: int) -> "RecallingModel":  # noqa: ARG002 - the protocol's
        """Forget everything."""
        self.recall = Recall(self._habits)
        return self

    def read(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        """Read on."""
        self.recall.read(tokens)
        return self._logits.copy()


def made(model: RecallingModel, *, seed: int = 0, **given: Any) -> Composition:
    parameters = parameters_for(Technique.EXTEND, given)
    return finish(extend(TWICE, parameters, model, np.random.default_rng(seed)))


def extension_of(composition: Composition) -> tuple[Note, ...]:
    return composition.tracks[1].notes


@pytest.mark.parametrize("technique", ["TopK", "Nucleus", "Random"])
def test_what_is_sure_to_be_repeated_goes_on(technique: str) -> None:
    """The melody for a third time, also where the network alone would have had it cut off."""
    model = RecallingModel(12.0)
    composition = made(
        model,
        sampling_technique=technique,
        sampling_threshold=0.1,
        track_extension_duration=4.0,
    )
    pitches = [note.pitch for note in extension_of(composition)]
    assert pitches == [60, 64, 62, 67, 65, 69, 71, 72]
    assert all(note.duration_ticks == BEAT for note in extension_of(composition))


def test_what_is_never_repeated_is_avoided() -> None:
    """The melody does not begin again, though its first note is likely; at even odds it does."""

    def beginnings(constant: float) -> list[bool]:
        found = []
        for seed in range(12):
            model = RecallingModel(constant, liking=12.0)
            composition = made(model, seed=seed, track_extension_duration=2.0)
            first = extension_of(composition)[0]
            found.append((first.start_ticks, first.pitch) == (TWICE.end_ticks, 60))
        return found

    assert not any(beginnings(-12.0))
    assert any(beginnings(0.0))


def test_a_high_temperature_repeats_less() -> None:
    """Odds of a hundred to one are of two to one at the highest risk."""

    def repeated(risk: float) -> float:
        copies = [
            made(
                RecallingModel(4.6),
                seed=seed,
                creative_risk=risk,
                track_extension_duration=4.0,
            )
            for seed in range(12)
        ]
        first = [extension_of(copy)[0].pitch == 60 for copy in copies]
        return sum(first) / len(first)

    assert repeated(6.0) < 0.9 < repeated(0.5)
