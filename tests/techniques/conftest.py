"""Models of known answer."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware.music.encoding import CHORALE_ENCODING

SPEC = CHORALE_ENCODING


class PitchClassModel:
    """Likes some pitch classes everywhere, and one of them a little more in each voice.

    Args:
        liked: Pitch classes.
        strength: Their logit; that of others is 0.
        attack_logit: Of every attack.
    """

    def __init__(
        self, liked: tuple[int, ...], *, strength: float = 6.0, attack_logit: float = -3.0
    ) -> None:
        self.calls = 0
        self.planes: list[NDArray[np.float32]] = []
        shape = (SPEC.time_steps, SPEC.grid_pitches, len(SPEC.voices))
        pitches = SPEC.lowest_pitch + np.arange(SPEC.grid_pitches)
        self._logits = np.zeros(shape, dtype=np.float32)
        self._logits[:, np.isin(pitches % 12, liked), :] = strength
        self._logits[:, SPEC.rest, :] = 0.0
        self._attacks = np.full(shape, attack_logit, dtype=np.float32)

    def run(self, **inputs: NDArray[Any]) -> dict[str, NDArray[np.float32]]:
        """Say the same again."""
        self.calls += 1
        assert inputs["planes"].shape == (SPEC.time_steps, SPEC.grid_pitches, SPEC.plane_count)
        self.planes.append(inputs["planes"])
        return {"pitch_logits": self._logits, "attack_logits": self._attacks}


@pytest.fixture
def liking() -> Callable[..., PitchClassModel]:
    """Make a model that likes certain pitch classes."""
    return PitchClassModel
