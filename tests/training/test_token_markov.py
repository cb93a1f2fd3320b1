"""The chain that every network has to beat."""

import numpy as np
import pytest

from firmware.music.tokens import TOKEN_ENCODING
from training.token_markov import TokenChain

START, BEAT, PITCH = TOKEN_ENCODING.start, TOKEN_ENCODING.beat, TOKEN_ENCODING.first_pitch
SIZE = TOKEN_ENCODING.vocabulary


def piece(*tokens: int) -> np.ndarray[tuple[int], np.dtype[np.uint16]]:
    return np.array(tokens, dtype=np.uint16)


def test_probabilities_are_witten_and_bells() -> None:
    """Worked by hand: two tokens were seen, each once, each after a context of its own."""
    chain = TokenChain([piece(START, BEAT, PITCH)])
    of_order_0 = (1 + 2 / SIZE) / 4
    of_order_1 = (1 + of_order_0) / 2
    of_order_2 = (1 + of_order_1) / 2
    found = np.exp(-chain.nats(piece(START, BEAT, PITCH)))
    np.testing.assert_allclose(found, [of_order_2, of_order_2])


@pytest.mark.parametrize("context", [(START, BEAT), (BEAT, BEAT), (PITCH, 90), (90, BEAT)])
def test_what_may_follow_sums_to_one(context: tuple[int, int]) -> None:
    """Also after contexts of which only a part, or nothing, ever turned up."""
    chain = TokenChain([piece(START, BEAT, PITCH, 90), piece(START, BEAT, BEAT, PITCH)])
    nats = [chain.nats(piece(*context, token))[-1] for token in range(SIZE)]
    assert np.exp(-np.array(nats)).sum() == pytest.approx(1.0)


def test_two_tokens_are_remembered_and_three_are_not() -> None:
    """Which of both durations comes depends on the one before, three tokens back."""
    loop = piece(START, *[BEAT, PITCH, 90, BEAT, PITCH, 91] * 40)
    nats = TokenChain([loop]).nats(loop)
    assert nats[-3:-1].max() < 0.05
    assert nats[-1] == pytest.approx(np.log(2), abs=0.05)
