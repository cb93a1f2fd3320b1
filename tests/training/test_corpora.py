"""Reading the corpora."""

from pathlib import Path

import numpy as np
import pytest

from firmware.music.encoding import ATTACK_HELD, ATTACK_STRUCK, ATTACK_UNKNOWN, CHORALE_ENCODING
from training.corpora import CORPORA_VARIABLE, CorporaError, corpora_folder, read_chorales


def test_jsb_pitches_become_grid_classes_and_silence_the_rest(tiny_corpora: Path) -> None:
    """MIDI pitch minus the lowest one; -1 is the last class; attacks are not known."""
    piece = read_chorales(tiny_corpora).train[0]
    assert piece.cells.dtype == np.int16
    assert (piece.cells[4:8] == CHORALE_ENCODING.rest).all()
    assert set(np.unique(piece.cells[:, 0][:4])) <= {34, 35, 36, 37, 38}
    assert (piece.attacks == ATTACK_UNKNOWN).all()


def test_splits_are_kept_apart(tiny_corpora: Path) -> None:
    """A piece of one split turns up in no other, and synthetic ones in none."""
    corpora = read_chorales(tiny_corpora)
    names = [
        piece.name
        for split in (corpora.train, corpora.valid, corpora.test, corpora.synthetic)
        for piece in split
    ]
    assert len(names) == len(set(names)) == 7
    assert all(piece.name.startswith("jsb-test-") for piece in corpora.test)


def test_midi_notes_carry_their_attacks(tiny_corpora: Path) -> None:
    """A pitch struck again each beat is 1, -1, -1, -1 over and over."""
    (piece,) = read_chorales(tiny_corpora).synthetic
    assert piece.cells.shape == (160, 4)
    assert (piece.cells == np.array([72, 65, 60, 48]) - CHORALE_ENCODING.lowest_pitch).all()
    beat = [ATTACK_STRUCK, ATTACK_HELD, ATTACK_HELD, ATTACK_HELD]
    assert piece.attacks[:, 2].tolist() == beat * 40


def test_absent_corpora_are_one_sentence_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither option nor variable, a folder that is not there, and an empty folder."""
    monkeypatch.delenv(CORPORA_VARIABLE, raising=False)
    with pytest.raises(CorporaError, match=CORPORA_VARIABLE):
        corpora_folder(None)
    with pytest.raises(CorporaError, match="README"):
        corpora_folder(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="Jsb16thSeparated"):
        read_chorales(tmp_path)
    monkeypatch.setenv(CORPORA_VARIABLE, str(tmp_path))
    assert corpora_folder(None) == tmp_path
