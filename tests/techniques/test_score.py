"""Rows, voices and sections of a melody."""

import numpy as np

from firmware.music.encoding import CHORALE_ENCODING
from firmware.music.notes import Note
from firmware.techniques.score import NOBODY, score_of
from firmware.techniques.voices import cast

BAR = 1920


def at(bar: int, pitch: int = 67) -> Note:
    return Note(start_ticks=bar * BAR, pitch=pitch, duration_ticks=BAR)


def test_a_long_silence_takes_no_rows_and_parts_the_melody() -> None:
    """Bar 1000 costs no more than bar 5, and the beat goes on where it was."""
    score = score_of(cast([at(0), at(1000)]))
    assert score.sections == (range(16), range(16, 32))
    assert score.steps[[0, 15, 16]].tolist() == [0, 15, 16_000]
    assert score.linked.tolist().count(False) == 2


def test_two_bars_of_silence_are_still_the_same_piece() -> None:
    score = score_of(cast([at(0), at(3)]))
    assert score.sections == (range(64),)
    assert (score.owners[16:48] == NOBODY).all()
    assert not score.sounding[16:48].any()
    assert (score.cells[16:48] == CHORALE_ENCODING.rest).all()


def test_cells_know_their_note() -> None:
    score = score_of(cast([at(2, 67), at(3, 69)]))
    assert score.steps[0] == 32
    expected = np.repeat([0, 1], 16)
    assert (score.owners[:, 0] == expected).all()
    assert (score.cells[:, 0] == 31 + 2 * expected).all()
