"""The figures of enhance, on models of known answer."""

from typing import Any

import numpy as np
import pytest

from firmware.music.encoding import CHORALE_ENCODING
from firmware.parameters import Technique, parameters_for
from firmware.techniques.enhance import enhance
from firmware.techniques.progress import finish
from training.corpora import Chorale
from training.markov import VoiceChains
from training.musical import (
    cells_of,
    harmonized_texture,
    iterations_table,
    repair,
    result_nll,
    risk_table,
    seam,
    soprano_of,
    sopranos,
)

SPEC = CHORALE_ENCODING
CHORD = (36, 31, 28, 12)


class ChordModel:
    """Says the same chord at every step, with one number of nats of certainty."""

    def __init__(self, strength: float = 8.0) -> None:
        self.logits = np.zeros((SPEC.time_steps, SPEC.grid_pitches, 4), dtype=np.float32)
        for voice, grid_class in enumerate(CHORD):
            self.logits[:, grid_class, voice] = strength

    def run(self, **_: Any) -> dict[str, Any]:
        """Say it."""
        return {"pitch_logits": self.logits, "attack_logits": self.logits * 0 - 5.0}


def chord_piece(steps: int) -> Chorale:
    cells = np.tile(np.array(CHORD, dtype=np.int16), (steps, 1))
    cells[2::8, 0] = 38  # so that the soprano has notes
    return Chorale(name="chords", cells=cells, attacks=np.zeros(cells.shape, dtype=np.int8))


def test_a_composition_reads_back_as_the_cells_it_was_made_of() -> None:
    piece = chord_piece(64)
    parameters = parameters_for(Technique.ENHANCE, {"max_notes_added": 500})
    melody = soprano_of(piece.cells)
    made = finish(enhance(melody, parameters, ChordModel(20.0), np.random.default_rng(0)))
    cells = cells_of(made)
    assert (cells[:, 0] == piece.cells[:, 0]).mean() > 0.9
    assert (cells[:, 1:] == CHORD[1:]).all()


def test_the_surprise_of_a_sure_model_by_what_it_is_sure_of() -> None:
    """Every cell is judged, windows or not: what it says costs nothing, the rest 8 nats."""
    for steps in (40, 128, 300):
        cells = np.tile(np.array(CHORD, dtype=np.int16), (steps, 1))
        cells[5, 2] = 20
        surprise = result_nll(ChordModel(), cells)
        assert surprise[5, 2] == pytest.approx(8.0, abs=0.1)
        surprise[5, 2] = 0.0
        assert surprise.max() < 0.1


def test_pieces_take_turns_and_come_back_with_another_crop() -> None:
    pieces = [chord_piece(200), chord_piece(160)]
    melodies = list(sopranos(pieces, 5, seed=0))
    assert len(melodies) == 5
    assert all(melody.end_ticks <= 128 * 120 for melody in melodies)
    assert melodies == list(sopranos(pieces, 5, seed=0))


def test_every_figure_comes_out_of_a_small_run() -> None:
    pieces = [chord_piece(300), chord_piece(290)]
    model = ChordModel()
    chains = VoiceChains(piece.cells for piece in pieces)
    repaired = repair(model, pieces, chains)
    assert 0.0 < repaired.repair_f1 <= 1.0
    assert harmonized_texture(model, pieces, samples=2).held > 0.8
    rows = iterations_table(model, pieces, melodies=2, iterations=(1, 3))
    assert [row.iterations for row in rows] == [1, 3]
    calm, wild = risk_table(model, pieces, melodies=2, risks=(0.3, 6.0))
    assert calm.entropy < wild.entropy
    assert calm.edits < wild.edits
    met = seam(model, pieces, melodies=2)
    assert met.near >= 0.0
    assert met.elsewhere > 0.0
