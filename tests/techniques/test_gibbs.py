"""Windows over a score, and drawing its cells."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.music.encoding import CHORALE_ENCODING
from firmware.music.notes import Note
from firmware.techniques import gibbs
from firmware.techniques.gibbs import Sampler, tiles, window_count
from firmware.techniques.progress import finish
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
    assert window_count([range(128)], time_steps=STEPS) == 1


@given(lengths=st.lists(st.integers(1, 2000), min_size=1, max_size=5), seed=st.integers(0, 999))
def test_the_number_of_windows_is_foreseen(lengths: list[int], seed: int) -> None:
    """Two of a section more or less, because its borders move."""
    rng = np.random.default_rng(seed)
    sections = [range(length) for length in lengths]
    found = sum(len(list(tiles(section, rng, time_steps=STEPS))) for section in sections)
    assert abs(window_count(sections, time_steps=STEPS) - found) <= 2 * len(sections)


def test_drawing_many_cells_pauses_and_draws_what_it_would_draw_at_once(
    liking: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the pauses are changes nothing."""
    melody = [Note(start_ticks=480 * i, pitch=67, duration_ticks=480) for i in range(200)]
    drawn = []
    pauses = []
    for block in (7, 4096):
        monkeypatch.setattr(gibbs, "_BLOCK", block)
        score = score_of(cast(melody))
        sampler = Sampler(score, liking((0, 4, 7), strength=2.0), np.random.default_rng(0))  # type: ignore[arg-type]
        mask = sampler.free.copy()
        logits = finish(sampler.look(mask))
        work = sampler.write(mask, logits, temperatures=np.ones(4, np.float32))
        pauses.append(sum(1 for _ in work))
        drawn.append((sampler.cells, sampler.confidence))
    assert pauses[0] > 100 * pauses[1]
    np.testing.assert_array_equal(drawn[0][0], drawn[1][0])
    np.testing.assert_array_equal(drawn[0][1], drawn[1][1])


def test_drawn_cells_stay_in_their_voices_ranges_and_the_players_stay_as_they_are(
    liking: Callable[..., object],
) -> None:
    melody = [Note(start_ticks=480 * i, pitch=67, duration_ticks=480) for i in range(40)]
    score = score_of(cast(melody))
    sampler = Sampler(score, liking((0, 4, 7), strength=0.0), np.random.default_rng(0))  # type: ignore[arg-type]
    mask = sampler.free.copy()
    finish(sampler.write(mask, finish(sampler.look(mask)), temperatures=np.ones(4, np.float32)))
    assert (sampler.cells[score.owners != NOBODY] == 67 - 36).all()
    for voice, (low, high) in enumerate(VOICE_RANGES[1:], start=1):
        pitches = sampler.cells[:, voice] + CHORALE_ENCODING.lowest_pitch
        assert pitches.min() >= low
        assert pitches.max() <= high
