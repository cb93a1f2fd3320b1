"""Training batches."""

from pathlib import Path

import numpy as np
import pytest

from firmware.music.encoding import ATTACK_HELD, ATTACK_UNKNOWN, CHORALE_ENCODING
from training.batches import (
    VOICE_PITCH_RANGES,
    BatchConfig,
    ChoraleSampler,
    mask_count,
    transpose_within_ranges,
)
from training.corpora import ChoraleCorpora, read_chorales


@pytest.fixture(name="corpora")
def _corpora(tiny_corpora: Path) -> ChoraleCorpora:
    return read_chorales(tiny_corpora)


def _sampler(corpora: ChoraleCorpora, **changes: float) -> ChoraleSampler:
    config = BatchConfig(batch_size=32, **changes)
    return ChoraleSampler(corpora.train, corpora.synthetic, config=config, seed=3)


def test_a_batch_depends_on_its_number_alone(corpora: ChoraleCorpora) -> None:
    """Which is why an interrupted training goes on as if nothing had happened."""
    first, again = _sampler(corpora), _sampler(corpora)
    first.batch(0)
    np.testing.assert_array_equal(first.batch(7).masked, again.batch(7).masked)
    np.testing.assert_array_equal(first.batch(7).cells, again.batch(7).cells)
    assert (first.batch(7).masked != first.batch(8).masked).any()


def test_weights_of_each_crop_sum_to_one(corpora: ChoraleCorpora) -> None:
    """A crop with one masked cell counts as much as one with all of them."""
    batch = _sampler(corpora).batch(0)
    weights = batch.targets()["pitch_logits"][..., 1]
    np.testing.assert_allclose(weights.sum(axis=(1, 2)), 1.0, rtol=1e-5)
    assert not (batch.masked & ~batch.inside[:, :, None]).any()


def test_bach_never_comes_with_attacks_and_is_never_judged_on_them(
    corpora: ChoraleCorpora,
) -> None:
    """The corpus cannot tell held from repeated, so nothing may be learnt about it."""
    batch = _sampler(corpora, synthetic_share=0.0).batch(0)
    assert (batch.attacks == ATTACK_UNKNOWN).all()
    assert not batch.attack_judged.any()


def test_attacks_are_never_told_where_they_give_a_masked_cell_away(
    corpora: ChoraleCorpora,
) -> None:
    """Not in a masked cell, and no "held" just after one."""
    batch = _sampler(corpora, synthetic_share=1.0, told_attacks_share=1.0).batch(0)
    assert (batch.attacks[batch.masked] == ATTACK_UNKNOWN).all()
    held_after_masked = (batch.attacks[:, 1:] == ATTACK_HELD) & batch.masked[:, :-1]
    assert not held_after_masked.any()
    assert (batch.attacks == ATTACK_HELD).any()
    assert not (batch.attack_judged & (batch.attacks != ATTACK_UNKNOWN)).any()


def test_mask_count_masks_exactly_that_many_free_cells() -> None:
    """For one, for some and for all of the free cells."""
    rng = np.random.default_rng(0)
    free = np.ones((3, 128, 4), dtype=np.bool_)
    free[1, 100:] = False
    count = np.array([1, 400, 512])
    masked = mask_count(rng, free, count)
    assert masked.sum(axis=(1, 2)).tolist() == count.tolist()
    assert not (masked & ~free).any()


def test_transposition_keeps_intervals_and_ranges() -> None:
    """All voices move together, no voice leaves its range, and rests stay rests."""
    rest = CHORALE_ENCODING.rest
    cells = np.empty((200, 128, 4), dtype=np.int32)
    cells[:] = np.array([75, 65, 60, 40]) - CHORALE_ENCODING.lowest_pitch
    cells[:, 9] = rest
    moved = transpose_within_ranges(cells, np.random.default_rng(1), CHORALE_ENCODING)
    assert (moved[:, 9] == rest).all()
    sounding = np.delete(moved, 9, axis=1)
    assert (np.diff(sounding, axis=2) == np.diff(np.delete(cells, 9, axis=1), axis=2)).all()
    shifts = np.unique(sounding[:, 0, 0] - cells[0, 0, 0])
    assert shifts.tolist() == list(range(-4, 7))
    for voice, (lowest, highest) in enumerate(VOICE_PITCH_RANGES):
        pitches = sounding[:, :, voice] + CHORALE_ENCODING.lowest_pitch
        assert lowest <= pitches.min()
        assert pitches.max() <= highest
