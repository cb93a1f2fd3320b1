"""Windows of pieces: always the same, always in the vocabulary, each token judged once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.errors import ConfigError
from firmware.music.tokens import TOKEN_ENCODING, GridNote, decode, encode
from training.shards import TokenPiece, with_borders
from training.token_batches import TokenBatchConfig, TokenSampler, transposed
from training.token_evaluate import figures, piece_nats

SPEC = TOKEN_ENCODING
CONFIG = TokenBatchConfig(batch_size=4, window=20, shares=(("folk:line", 1.0),))


def _piece(notes: int, *, style: str = "folk", lowest: int = 50) -> TokenPiece:
    line = [GridNote(start=12 * n, pitch=lowest + n % 24, duration=12) for n in range(notes)]
    return TokenPiece(
        corpus="tunes",
        name=f"{style}-{notes}",
        style=SPEC.styles.index(style),
        texture=SPEC.textures.index("line"),
        tokens=with_borders(encode(line, bars=range(0, 12 * notes, 48))),
        notes=notes,
        sixteenths=4 * notes if style == "chorale" else 0,
    )


def test_a_batch_of_a_number_is_always_the_same() -> None:
    """Or an interrupted training would go on with other batches."""
    pieces = [_piece(30), _piece(7)]
    first, again = (TokenSampler(pieces, config=CONFIG, seed=3).batch(5) for _ in range(2))
    other = TokenSampler(pieces, config=CONFIG, seed=3).batch(6)
    assert np.array_equal(first.tokens, again.tokens)
    assert not np.array_equal(first.tokens, other.tokens)


def test_a_style_without_a_share_is_never_drawn_and_none_at_all_is_an_error() -> None:
    """Shares say what is learned."""
    pieces = [_piece(30), _piece(30, style="song")]
    sampler = TokenSampler(pieces, config=CONFIG, seed=3)
    folk = SPEC.styles.index("folk")
    assert all((sampler.batch(number).styles == folk).all() for number in range(5))
    with pytest.raises(ConfigError, match="share"):
        TokenSampler(pieces[1:], config=CONFIG, seed=3)


@given(st.integers(-30, 30), st.integers(21, 84))
def test_transposing_moves_every_pitch_alike_and_leaves_the_rest(up: int, lowest: int) -> None:
    """By less where the keyboard ends."""
    tokens = _piece(24, lowest=lowest).tokens.astype(np.int32)
    before, after = decode(tokens)[0], decode(transposed(tokens, up))[0]
    moved = {b.pitch - a.pitch for a, b in zip(before, after, strict=True)}
    assert len(moved) == 1
    assert moved == {min(max(up, 21 - lowest), 108 - lowest - 23)}
    assert [note[::2] for note in before] == [note[::2] for note in after]


def test_what_follows_the_end_of_a_piece_is_not_judged() -> None:
    """Filling is neither learned from nor measured."""
    batch = TokenSampler([_piece(3)], config=CONFIG, seed=1).batch(0)
    tokens, weights = batch.targets()[:, :, 0], batch.targets()[:, :, 1]
    assert weights.sum() == np.count_nonzero(tokens)
    assert (weights[tokens == SPEC.pad] == 0).all()


def test_every_token_of_every_piece_is_counted_once() -> None:
    """Whatever windows and batches a piece is cut into, one nat a token makes its length."""
    pieces = [_piece(n) for n in (2, 5, 9, 40)]
    nats = piece_nats(
        lambda batch: np.ones((len(batch.tokens), 20), dtype=np.float32),
        pieces,
        window=20,
        stride=8,
        batch_size=3,
    )
    assert nats.tolist() == [len(piece.tokens) - 1 for piece in pieces]


def test_a_chorale_costs_what_its_sixteenths_and_voices_cost() -> None:
    """Figures are per token, per note, and for chorales per step and voice."""
    pieces = [_piece(10, style="chorale"), _piece(20)]
    found = figures(np.array([80.0, 30.0]), pieces)
    assert found["nats_per_note chorale:line"] == pytest.approx(8.0)
    assert found["nats_per_token folk:line"] == pytest.approx(30.0 / (len(pieces[1].tokens) - 1))
    assert found["jsb_nll_per_step_voice"] == pytest.approx(80.0 / (40 * 4))
