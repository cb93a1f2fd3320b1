"""The parity check can fail."""

from typing import Any, cast

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="converting needs TensorFlow, the extra 'training'")

from converters.bundles import PARITY_TOLERANCE_NATS, check_parity
from firmware.errors import BundleTensorError
from firmware.inference.runtime import InterpreterModel


class Saying:
    """A model that always says the same."""

    def __init__(self, logits: np.ndarray[Any, Any]) -> None:
        self._logits = logits

    def run(self, **_: Any) -> dict[str, Any]:
        """Say it."""
        return {"pitch_logits": self._logits}


def divergence(change: float) -> float:
    """Of a model whose first class is `change` logits too likely, in one masked cell of two."""
    logits = np.zeros((2, 3, 1), dtype=np.float32)
    changed = logits.copy()
    changed[0, 0, 0] += change
    model = cast("InterpreterModel", Saying(changed))
    masked = np.ones((1, 2, 1), dtype=np.bool_)
    return check_parity(logits[None], model, np.zeros((1, 2, 3, 1), dtype=np.float32), masked)


def test_the_same_model_does_not_diverge() -> None:
    assert divergence(0.0) == 0.0


def test_the_divergence_is_kullback_leiblers() -> None:
    """Uniform over three classes against logits (0.3, 0, 0), by hand, in half of the cells."""
    expected = (np.log((np.exp(0.3) + 2) / 3) - 0.1) / 2
    assert divergence(0.3) == pytest.approx(expected, rel=1e-4)


def test_too_much_divergence_is_refused() -> None:
    with pytest.raises(BundleTensorError, match=f"{PARITY_TOLERANCE_NATS:g} are allowed"):
        divergence(2.0)
