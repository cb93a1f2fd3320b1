"""Which piece goes to which side, and what a shard keeps of it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware.errors import ConfigError
from firmware.music.tokens import TOKEN_ENCODING, GridNote, Texture
from training.corpora import CorporaError
from training.score_corpora import SourcedScore, make_shards, split_pieces
from training.scores import Part, Score
from training.shards import SPLITS, TokenPiece, read_shard, shard_path, write_shard


def _sourced(name: str, *, seed: int, up: int = 0, **said: Any) -> SourcedScore:
    rng = np.random.default_rng(seed)
    pitches = 62 + up + np.cumsum(rng.integers(-3, 4, 80)).clip(-12, 12)
    notes = tuple(
        GridNote(start=6 * at, pitch=int(pitch), duration=6) for at, pitch in enumerate(pitches)
    )
    score = Score(name=name, parts=(Part(name="voice", notes=notes),), bars=())
    return replace(SourcedScore(corpus="tunes", score=score, style="folk"), **said)


def _names(pieces: dict[str, list[TokenPiece]]) -> dict[str, set[str]]:
    return {split: {piece.name for piece in mine} for split, mine in pieces.items()}


def test_a_version_of_a_held_out_piece_is_not_learned_from() -> None:
    """Not even transposed, nor as a synthetic piece; a version of a training piece is."""
    found = _names(
        split_pieces(
            [
                _sourced("bach-test", seed=1, split="test"),
                _sourced("same-tune-higher", seed=1, up=5),
                _sourced("bach-train", seed=2, split="train"),
                _sourced("same-as-train", seed=2, up=2),
            ]
        )
    )
    assert found["test"] == {"bach-test:melody"}
    assert found["train"] == {"bach-train:melody", "same-as-train:melody"}
    assert not found["valid"]


def test_synthetic_pieces_are_only_learned_from_and_tunes_are_spread() -> None:
    """Of a hundred tunes about five are held out for each look; of synthetic ones, none."""
    tunes = [_sourced(f"tune-{n}", seed=n) for n in range(100)]
    made = [_sourced(f"made-{n}", seed=1000 + n, training_only=True) for n in range(100)]
    found = _names(split_pieces([*tunes, *made]))
    for split in ("valid", "test"):
        assert 1 <= len(found[split]) <= 15
        assert all(name.startswith("tune") for name in found[split])
    assert sum(map(len, found.values())) == 200


def test_a_corpus_more_moves_no_piece() -> None:
    """A tune's side follows from its name alone."""
    tunes = [_sourced(f"tune-{n}", seed=n) for n in range(60)]
    more = [_sourced(f"more-{n}", seed=500 + n) for n in range(20)]
    few, many = _names(split_pieces(tunes)), _names(split_pieces([*more, *tunes]))
    assert all(few[split] <= many[split] for split in SPLITS)


def test_shards_hold_every_piece_as_texture_and_as_melody(
    tiny_corpora: Path, tmp_path: Path
) -> None:
    """Two chorales a split, each twice, with corpus, style, texture and length."""
    told: list[tuple[str, int, int]] = []
    counts = make_shards(tiny_corpora, tmp_path, tick=lambda *said: told.append(said))
    for split in SPLITS:
        pieces = read_shard(shard_path(tmp_path, split))
        assert counts[split] == sum(len(piece.tokens) for piece in pieces)
        textures = [TOKEN_ENCODING.textures[piece.texture] for piece in pieces]
        assert textures == [Texture.FULL, Texture.LINE] * 2
        assert [piece.sixteenths for piece in pieces] == [160, 0] * 2
        for piece in pieces:
            assert (piece.corpus, TOKEN_ENCODING.styles[piece.style]) == ("bach-jsb", "chorale")
            assert (piece.tokens[0], piece.tokens[-1]) == (TOKEN_ENCODING.start, TOKEN_ENCODING.end)
    assert told[-1][1] == told[-1][2]


def test_a_shard_of_another_encoding_is_refused(tmp_path: Path) -> None:
    """Its numbers would mean other notes; the message names both encodings."""
    piece = next(_pieces())
    path = tmp_path / "train.npz"
    write_shard(path, [piece])
    (found,) = read_shard(path)
    assert np.array_equal(found.tokens, piece.tokens)
    other = replace(TOKEN_ENCODING, version=TOKEN_ENCODING.version + 1)
    with pytest.raises(ConfigError, match=TOKEN_ENCODING.fingerprint()):
        read_shard(path, spec=other)


def test_without_the_chorales_there_is_nothing_to_compare_with(tmp_path: Path) -> None:
    """The others may be missing, the chorales may not."""
    with pytest.raises(CorporaError, match="Jsb16thSeparated"):
        make_shards(tmp_path, tmp_path / "shards")
    assert not (tmp_path / "shards").exists()


def _pieces() -> Iterator[TokenPiece]:
    yield from split_pieces([_sourced("tune", seed=3, split="train")])["train"]
