"""Free playing, for properties that hold of any."""

import numpy as np
from hypothesis import strategies as st

from firmware.music.notes import Note


def performed(period: int, misses: list[int], seed: int) -> tuple[Note, ...]:
    """Free playing: about even, each note a little early or late."""
    rng = np.random.default_rng(seed)
    return tuple(
        Note(
            start_ticks=max(at * period // 2 + miss, 0),
            pitch=int(rng.integers(40, 90)),
            duration_ticks=int(rng.integers(1, period)),
            velocity=int(rng.integers(1, 128)),
        )
        for at, miss in enumerate(misses)
        if at % 2 == 0 or rng.random() < 0.6
    )


def performances(*, most: int) -> st.SearchStrategy[tuple[Note, ...]]:
    """Some beats with notes on them or in between, up to as many half beats."""
    return st.builds(
        performed,
        period=st.integers(200, 1500),
        misses=st.lists(st.integers(-15, 15), min_size=1, max_size=most),
        seed=st.integers(0, 99),
    )
