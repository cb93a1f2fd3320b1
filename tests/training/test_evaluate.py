"""The model-level figures, against fake models of known answer."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware.music.encoding import CHORALE_ENCODING
from training.corpora import Chorale, read_chorales
from training.evaluate import fixed_crops, frame_nll, frame_nll_chronological, masked_cell_nll

_PITCHES = CHORALE_ENCODING.grid_pitches


@pytest.fixture(name="pieces")
def _pieces(tiny_corpora: Path) -> tuple[Chorale, ...]:
    return read_chorales(tiny_corpora).test


def _uniform(planes: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.zeros((*planes.shape[:3], 4), dtype=np.float32)


def test_a_model_that_knows_nothing_has_the_entropy_of_the_grid(
    pieces: tuple[Chorale, ...],
) -> None:
    """It is ln 48 a cell and 4 ln 48 a frame, whatever the ordering."""
    cell = np.log(_PITCHES)
    assert masked_cell_nll(_uniform, pieces, draws=2) == pytest.approx(cell)
    figures = frame_nll(_uniform, pieces, orderings=2)
    assert figures.mixed == pytest.approx(4 * cell)
    assert figures.single == pytest.approx(4 * cell)
    assert frame_nll_chronological(_uniform, pieces) == pytest.approx(4 * cell)


def test_a_model_that_copies_what_it_sees_learns_nothing_of_masked_cells(
    pieces: tuple[Chorale, ...],
) -> None:
    """Were the truth of a masked cell visible in its planes, this figure would be near 0."""

    def copies(planes: NDArray[np.float32]) -> NDArray[np.float32]:
        return 50.0 * planes[..., :4]

    assert masked_cell_nll(copies, pieces, draws=2) == pytest.approx(np.log(_PITCHES))


def test_a_model_that_repeats_the_step_before_profits_from_the_order_of_time(
    pieces: tuple[Chorale, ...],
) -> None:
    """In chronological order three steps in four of these pieces repeat the last one."""

    def repeats(planes: NDArray[np.float32]) -> NDArray[np.float32]:
        logits = np.zeros((*planes.shape[:3], 4), dtype=np.float32)
        logits[:, 1:] = 3.0 * planes[:, :-1, :, :4]
        return logits

    chronological = frame_nll_chronological(repeats, pieces)
    assert chronological < frame_nll(repeats, pieces, orderings=2).single < 4 * np.log(_PITCHES)


def test_averaging_orderings_never_makes_the_figure_worse(pieces: tuple[Chorale, ...]) -> None:
    """By Jensen's inequality; it is also why the figure is no likelihood."""

    def random_model(planes: NDArray[np.float32]) -> NDArray[np.float32]:
        noise = np.random.default_rng(int(planes.sum()))
        return noise.normal(size=(*planes.shape[:3], 4)).astype(np.float32)

    figures = frame_nll(random_model, pieces, orderings=3)
    assert figures.mixed < figures.single


def test_crops_start_on_a_beat_and_stay_the_same(pieces: tuple[Chorale, ...]) -> None:
    """The same seed gives the same windows; steps beyond a short piece are outside."""
    first, again = fixed_crops(pieces, seed=4), fixed_crops(pieces, seed=4)
    for crop, same, piece in zip(first, again, pieces, strict=True):
        np.testing.assert_array_equal(crop.cells, same.cells)
        starts = range(0, len(piece.cells) - 127, 4)
        assert any((piece.cells[start : start + 128] == crop.cells).all() for start in starts)
    short = Chorale(name="short", cells=pieces[0].cells[:20], attacks=pieces[0].attacks[:20])
    (crop,) = fixed_crops([short], seed=4)
    assert crop.inside.sum() == 20
    assert (crop.cells[20:] == CHORALE_ENCODING.rest).all()
