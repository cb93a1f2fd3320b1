"""Band shards: pieces come back as they were written, and what is no shard is refused."""

from dataclasses import replace
from pathlib import Path

import pytest

from firmware.errors import ConfigError
from firmware.music.band import BAND_ENCODING, BandNote, Role
from training.band.shards import BandPiece, read_band_shard, write_band_shard

_PIECES = (
    BandPiece(
        corpus="tunes",
        name="tunes/Große Fuge",
        genre="symphony",
        notes=(BandNote(Role.MELODY, 0, 4, 60), BandNote(Role.BASS, 0, 8, 36)),
        beats_per_bar=4,
        steps=16,
    ),
    BandPiece(
        corpus="sheets",
        name="sheets/waltz#2",
        genre="jazz",
        notes=(
            BandNote(Role.BASS, 0, 12, 43),
            BandNote(Role.COUNTER, 2, 3, 70),
            BandNote(Role.DRUMS, 4, 5, 8),
            BandNote(Role.HARMONY, 4, 8, 55),
            BandNote(Role.MELODY, 5, 12, 80),
        ),
        beats_per_bar=3,
        steps=24,
        made=frozenset({Role.BASS, Role.DRUMS}),
    ),
)


def test_pieces_come_back_as_they_were_written(tmp_path: Path) -> None:
    """Notes, metre, genre, names in any script, and what rules made."""
    path = tmp_path / "new" / "train.npz"
    write_band_shard(path, _PIECES)
    assert read_band_shard(path) == _PIECES
    assert [entry.name for entry in path.parent.iterdir()] == ["train.npz"]


def test_a_split_may_be_empty(tmp_path: Path) -> None:
    """A genre of three tunes has nothing to spare."""
    write_band_shard(tmp_path / "valid.npz", [])
    assert read_band_shard(tmp_path / "valid.npz") == ()


def test_a_shard_of_another_encoding_is_refused(tmp_path: Path) -> None:
    """Its rows would be other pitches; the message names both encodings."""
    path = tmp_path / "train.npz"
    write_band_shard(path, _PIECES)
    other = replace(BAND_ENCODING, version=BAND_ENCODING.version + 1)
    with pytest.raises(ConfigError, match=f"{BAND_ENCODING.fingerprint()}.*{other.fingerprint()}"):
        read_band_shard(path, spec=other)


def test_what_is_no_shard_is_refused_with_the_remedy(tmp_path: Path) -> None:
    """Missing, no archive, or cut off in the middle."""
    path = tmp_path / "train.npz"
    with pytest.raises(ConfigError, match=r"there is no band shard.*shards accompany"):
        read_band_shard(path)
    path.write_bytes(b"no archive")
    with pytest.raises(ConfigError, match=r"is no band shard.*shards accompany"):
        read_band_shard(path)
    write_band_shard(path, _PIECES)
    path.write_bytes(path.read_bytes()[:-400])
    with pytest.raises(ConfigError, match="is no band shard"):
        read_band_shard(path)


def test_a_piece_has_rolls_of_its_length() -> None:
    """The waltz's notes end before its second bar does."""
    rolls = _PIECES[1].rolls()
    assert (rolls.steps, rolls.beats_per_bar) == (24, 3)
    assert rolls.drums.sum() == 1
