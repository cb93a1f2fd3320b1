"""The figures of Extend: on a shipped bundle, on models of known answer, beside a real network."""

import math
import operator
from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware.inference.bundle import read_bundle, shipped_bundles
from firmware.inference.recall import FEATURES, KINDS, SILENCES, TokenHabits
from firmware.inference.ring import RingModel
from firmware.music.token_state import TokenState
from firmware.music.tokens import REST_PITCH, TOKEN_ENCODING, GridNote, Texture, encode, written
from firmware.parameters import Technique
from training import token_figures
from training.figures import Figures
from training.shards import TokenPiece, with_borders
from training.token_figures import (
    SEGMENT,
    TOKEN_FULL,
    TOKEN_QUICK,
    FloatNetwork,
    Logits,
    TokenJudged,
    agreement,
    held_out,
    nats_of,
    notes_of,
    said_by_ring,
    said_in_chunks,
    said_without_memory,
)

# Keras 3 copies TensorFlow's variables in a way that numpy 2 has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

V = TOKEN_ENCODING.vocabulary
NEAR = 0.1
"""Logits: a chunk rounds its activations as a single token does, but adds in another order."""


@pytest.fixture(scope="module")
def model() -> RingModel:
    bundles = map(read_bundle, shipped_bundles().values())
    return next(b for b in bundles if b.manifest.technique is Technique.EXTEND).load_ring()


def piece(beats: int, *, style: str = "piano", seed: int = 3, sixteenths: int = 0) -> TokenPiece:
    """Two notes on every beat, of pitches that nobody can foretell."""
    rng = np.random.default_rng(seed)
    notes = written(
        GridNote(start=12 * beat, pitch=int(rng.integers(40, 84)), duration=12)
        for beat in range(beats)
        for _ in range(2)
    )
    return TokenPiece(
        corpus="invented",
        name=f"{style}-{seed}",
        style=TOKEN_ENCODING.styles.index(style),
        texture=TOKEN_ENCODING.textures.index(Texture.FULL),
        tokens=with_borders(encode(notes, bars=range(0, 12 * beats, 48))),
        notes=len(notes),
        sixteenths=sixteenths,
    )


def judged(model: object, pieces: Sequence[TokenPiece], network: object = None) -> TokenJudged:
    return TokenJudged(model=model, train=pieces, test=pieces, network=network)  # type: ignore[arg-type]


def measure(part: str, of: TokenJudged) -> Figures:
    return TOKEN_FULL[part](of, lambda _done, _total: None)


def test_chunks_say_what_single_tokens_say(model: RingModel) -> None:
    """Also behind the end of the ring."""
    long = piece((model.memory + SEGMENT) // 4)
    assert len(long.tokens) > model.memory + SEGMENT
    np.testing.assert_allclose(said_in_chunks(model, long), said_by_ring(model, long), atol=NEAR)


def test_without_memory_it_still_knows_the_musical_state(model: RingModel) -> None:
    """After a segment it says what a new reader says that was told where the music stands."""
    whole = piece(40)
    forgetful, remembering = said_without_memory(model, whole), said_in_chunks(model, whole)
    np.testing.assert_array_equal(forgetful[:SEGMENT], remembering[:SEGMENT])
    assert np.abs(forgetful[SEGMENT] - remembering[SEGMENT]).max() > NEAR
    reader = model.begin(style=whole.style, texture=whole.texture)
    reader.state = TokenState()
    reader.state.advance_all(whole.tokens[:SEGMENT])
    told = reader.read_each(whole.tokens[SEGMENT : 2 * SEGMENT].tolist())
    np.testing.assert_array_equal(forgetful[SEGMENT : 2 * SEGMENT], told)


def test_nats_are_of_all_tokens_but_the_first() -> None:
    said = np.zeros((5, V), np.float32)
    five = piece(1).cut(5)
    assert nats_of(said, five) == pytest.approx(4 * math.log(V))
    said[0, five.tokens[1]] = 100.0
    assert nats_of(said, five) == pytest.approx(3 * math.log(V), rel=1e-5)


def test_rests_of_parts_and_what_is_cut_off_are_no_notes() -> None:
    notes = [GridNote(start=0, pitch=60, duration=12), GridNote(start=0, pitch=55, duration=12)]
    rest = GridNote(start=0, pitch=REST_PITCH, duration=12)
    tokens = with_borders(encode([*notes, rest]))
    whole = TokenPiece(corpus="", name="", style=0, texture=1, tokens=tokens, notes=3)
    assert notes_of(whole) == 2
    assert notes_of(whole.cut(4)) == 1


def test_as_many_tokens_of_each_style_whatever_its_pieces_are() -> None:
    """Fifty pieces give the beginnings of forty; chorales are whole."""
    short = [piece(300, seed=seed) for seed in range(50)]
    chorales = [piece(300, style="chorale", seed=seed) for seed in range(50)]
    pieces = held_out([*short, *chorales], "piano")
    assert {len(piece.tokens) for piece in pieces} == {1024}
    assert len({piece.name for piece in pieces}) == 40
    again = held_out([*chorales, *short], "piano")
    assert [piece.name for piece in again] == [piece.name for piece in pieces]
    assert all(map(operator.is_, held_out([*short, *chorales], "chorale"), chorales))
    few = [piece(2200, style="quartet", seed=seed) for seed in range(4)]
    assert [len(piece.tokens) for piece in held_out(few, "quartet")] == [10_240] * 4


def test_a_model_that_knows_nothing_costs_a_choice_of_all_tokens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Figures worked by hand: V tokens that are all alike."""

    def anything(_model: object, piece: TokenPiece) -> Logits:
        return np.zeros((len(piece.tokens), V), np.float32)

    monkeypatch.setattr(token_figures, "said_in_chunks", anything)
    monkeypatch.setattr(token_figures, "said_without_memory", anything)
    chorales = [piece(16, style="chorale", seed=seed, sixteenths=64) for seed in (1, 2)]
    tokens = sum(len(piece.tokens) - 1 for piece in chorales)
    nats = tokens * math.log(V)
    unknowing = SimpleNamespace(habits=None)
    found = measure("chorales", judged(unknowing, chorales))
    expected = pytest.approx(nats / (4 * 128))
    assert found == {
        "jsb_nll_per_step_voice": expected,
        "jsb_nll_per_step_voice_network": expected,
    }
    found = measure("held-out pieces", judged(unknowing, chorales))
    per_note = nats / sum(notes_of(piece) for piece in chorales)
    assert found["nats_per_note"] == {"chorale": pytest.approx(per_note)}
    assert found["nats_per_note_network"] == found["nats_per_note"]
    margins = found["nats_per_note_margins"]
    assert margins["without_memory"] == {"chorale": pytest.approx(0.0)}
    assert margins["markov"]["chorale"] == pytest.approx(
        found["nats_per_note_markov"]["chorale"] - per_note
    )
    assert margins["markov"]["chorale"] < -1.0  # it has learned these very pieces


def test_what_ships_is_judged_with_what_it_recalls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Notes that come a second time cost less than those that nobody can foretell."""

    def anything(_model: object, piece: TokenPiece) -> Logits:
        return np.zeros((len(piece.tokens), V), np.float32)

    monkeypatch.setattr(token_figures, "said_in_chunks", anything)
    once = piece(16, style="chorale", sixteenths=64)
    tokens = with_borders([*once.tokens[1:-1].tolist()] * 2)
    twice = replace(once, tokens=tokens, notes=2 * once.notes, sixteenths=128)
    sure = TokenHabits(
        copying=dict.fromkeys(KINDS, (12.0, *[0.0] * (len(FEATURES) - 1))),
        resting=((0.0, 1.0),) * len(SILENCES),
    )
    found = measure("chorales", judged(SimpleNamespace(habits=sure), [twice]))
    key = "jsb_nll_per_step_voice"
    assert found[key] < 0.6 * found[f"{key}_network"]


def test_quantized_is_set_against_what_was_trained(
    model: RingModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A float model that is right about each first token is better by what that token costs."""

    def righter(_network: object, piece: TokenPiece) -> Logits:
        said = said_in_chunks(model, piece)
        said[0, piece.tokens[1]] = 1000.0
        return said

    monkeypatch.setattr(FloatNetwork, "said", righter)
    chorale = piece(16, style="chorale", sixteenths=64)
    first = piece(16, style="chorale", sixteenths=64).cut(2)
    cost = nats_of(said_in_chunks(model, first), first)
    found = measure("chorales", judged(model, [chorale], network=object()))
    assert found["quantized_delta"] == pytest.approx(cost / (len(chorale.tokens) - 1), abs=1e-3)


def test_agreement_is_of_the_tokens_that_overwrite_the_ring(
    model: RingModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network that thinks otherwise after 128 of the last 512 tokens agrees on three quarters."""

    def sometimes_other(_network: object, piece: TokenPiece) -> Logits:
        said = said_by_ring(model, piece)
        said[: model.memory] += 100.0  # not looked at
        best = said.argmax(axis=-1)
        for at in range(len(said) - 512, len(said), 4):
            said[at, (best[at] + 1) % V] = said[at, best[at]] + 2.5
        return said

    monkeypatch.setattr(FloatNetwork, "said", sometimes_other)
    found = agreement(model, None, [piece(300), piece(5, seed=4)])  # type: ignore[arg-type]
    assert found["top1_agreement"] == pytest.approx(0.75)
    assert found["max_logit_difference"] > 2.5
    assert agreement(model, None, [piece(5)]) == {}  # type: ignore[arg-type]


def test_without_the_trained_network_nothing_is_said_about_it(model: RingModel) -> None:
    of = judged(model, [piece(16, style="chorale", sixteenths=64)])
    assert measure("agreement", of) == {}
    key = "jsb_nll_per_step_voice"
    assert list(measure("chorales", of)) == [key, f"{key}_network"]


def test_padding_changes_nothing_of_what_the_network_says() -> None:
    """One graph serves pieces of several lengths."""
    pytest.importorskip("keras", reason="the training extra is not installed")
    from keras import ops  # noqa: PLC0415 - after the skip

    from training.models.transformer_xl import TransformerConfig, TransformerXL  # noqa: PLC0415
    from training.token_batches import evaluation_batches  # noqa: PLC0415

    config = TransformerConfig(layers=1, width=32, heads=1, inner=32, memory=8, dropout=0.0)
    network = TransformerXL(config)
    said = FloatNetwork(network)
    for one in (piece(12), piece(17, style="song")):
        length = len(one.tokens)
        graph = network.training_graph(length)
        ((batch, _),) = evaluation_batches([one], window=length, stride=length, batch_size=1)
        expected: NDArray[np.float32] = ops.convert_to_numpy(graph(batch.inputs()))[0]
        np.testing.assert_allclose(said.said(one), expected, atol=1e-5)
        assert expected.std() > 1e-3


def test_the_quick_part_is_a_part_of_the_whole() -> None:
    assert TOKEN_QUICK.items() <= TOKEN_FULL.items()
