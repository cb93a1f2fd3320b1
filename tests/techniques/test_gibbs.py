"""Windows over a score, and drawing its cells."""

from collections.abc import Callable

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from firmware.music.encoding import CHORALE_ENCODING
from firmware.music.notes import Note
from firmware.techniques.gibbs import Sampler, tiles
from firmware.techniques.score import NOBODY, score_of
from firmware.techniques.splitting import VOICE_RANGES
from firmware.techniques.voices import cast

STEPS = CHORALE_ENCODING.time_steps


@given(first=st.integers(0, 500), length=st.integers(1, 2000), seed=st.integers(0, 999))
def test_tiles_cover_every_row_once_with_context(first: int, length: int, seed: int) -> None:
    """Cores cover the section without gap or overlap; windows lie inside of it."""
    section = range(first, first + length)
    found = list(tiles(section, np.random.default_rng(seed), time_steps=STEPS))
    assert [row for tile in found for row in tile.core] == list(section)
    for tile in found:
        assert len(tile.window) == min(STEPS, length)
        assert section.start <= tile.window.start
        assert tile.window.stop <= section.stop
        left = tile.core.start - tile.window.start
        right = tile.window.stop - tile.core.stop
        assert left >= 16 or tile.core.start == section.start
        assert right >= 16 or tile.core.stop == section.stop
    # The work grows with the length, not faster.
    assert len(found) <= 1 + -(-max(length - STEPS, 0) // 96) + 1


def test_borders_move_from_pass_to_pass() -> None:
    rng = np.random.default_rng(0)
    borders = {
        tile.core.start for _ in range(100) for tile in tiles(range(600), rng, time_steps=STEPS)
    }
    assert len(borders) > 300


def test_eight_bars_take_one_window() -> None:
    assert len(list(tiles(range(128), np.random.default_rng(0), time_steps=STEPS))) == 1


def test_drawn_cells_stay_in_their_voices_ranges_and_the_players_stay_as_they_are(
    liking: Callable[..., object],
) -> None:
    melody = [Note(start_ticks=480 * i, pitch=67, duration_ticks=480) for i in range(40)]
    score = score_of(cast(melody))
    sampler = Sampler(score, liking((0, 4, 7), strength=0.0), np.random.default_rng(0))  # type: ignore[arg-type]
    mask = sampler.free.copy()
    sampler.write(mask, sampler.look(mask), temperatures=np.ones(4, dtype=np.float32))
    assert (sampler.cells[score.owners != NOBODY] == 67 - 36).all()
    for voice, (low, high) in enumerate(VOICE_RANGES[1:], start=1):
        pitches = sampler.cells[:, voice] + CHORALE_ENCODING.lowest_pitch
        assert pitches.min() >= low
        assert pitches.max() <= high
