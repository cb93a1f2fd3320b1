"""A ring that wraps, chunks, and pieces that must not be mixed up: on a shipped bundle."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware.errors import BundleSchemaError, BundleTensorError, ModelRuntimeError
from firmware.inference.bundle import read_bundle, shipped_bundles
from firmware.inference.ring import RingModel
from firmware.music.tokens import TOKEN_ENCODING, GridNote, encode, written
from firmware.parameters import Technique

BUNDLES = {
    name: folder
    for name, folder in shipped_bundles().items()
    if read_bundle(folder).manifest.technique is Technique.EXTEND
}
NEAR = 0.05
"""Logits: a chunk rounds its activations as a single token does, but adds in another order."""


@pytest.fixture(scope="module")
def model() -> RingModel:
    """The shortest ring, which is soon written over."""
    models = (read_bundle(folder).load_ring() for folder in BUNDLES.values())
    return min(models, key=lambda model: model.memory)


def piece(notes: int, *, seed: int = 3) -> list[int]:
    rng = np.random.default_rng(seed)
    placed = [
        GridNote(start=6 * number, pitch=int(rng.integers(40, 84)), duration=6)
        for number in range(notes)
        for _ in range(2)
    ]
    tokens = encode(written(placed), bars=range(0, 6 * notes, 48))
    return [TOKEN_ENCODING.start, *tokens.tolist()]


@pytest.mark.parametrize("prompt", [1, 7, 8, 63, 64, 65, 300])
def test_a_prompt_read_at_once_says_what_single_tokens_say(model: RingModel, prompt: int) -> None:
    """Also where the ring is written over, which 300 tokens and 40 more do."""
    assert model.memory < 340
    tokens = piece(90)[: prompt + 40]
    one_by_one = model.begin(style=1, texture=1)
    expected = [one_by_one.read([token]) for token in tokens][prompt - 1 :]
    at_once = model.begin(style=1, texture=1)
    found = [at_once.read(tokens[:prompt])] + [at_once.read([t]) for t in tokens[prompt:]]
    np.testing.assert_allclose(found, expected, atol=NEAR)


def test_a_new_piece_remembers_nothing_of_the_one_before(model: RingModel) -> None:
    tokens = piece(20)
    first = model.begin(style=2, texture=0).read(tokens)
    model.begin(style=0, texture=1).read(piece(150, seed=8))
    np.testing.assert_array_equal(model.begin(style=2, texture=0).read(tokens), first)


def test_style_and_texture_are_heard(model: RingModel) -> None:
    tokens = piece(12)
    said = [
        model.begin(style=style, texture=texture).read(tokens)
        for style in (0, 1)
        for texture in (0, 1)
    ]
    for number, logits in enumerate(said):
        assert all(np.abs(logits - other).max() > NEAR for other in said[:number])


def test_an_answer_belongs_to_the_caller(model: RingModel) -> None:
    reader = model.begin(style=1, texture=1)
    said = reader.read(piece(8))
    kept = said.copy()
    reader.read([TOKEN_ENCODING.beat])
    np.testing.assert_array_equal(said, kept)


def test_a_piece_that_another_one_ended_is_refused(model: RingModel) -> None:
    """There is one ring, and it is no longer this piece's."""
    old = model.begin(style=1, texture=1)
    old.read(piece(4))
    model.begin(style=1, texture=1)
    with pytest.raises(ModelRuntimeError, match="another piece"):
        old.read([TOKEN_ENCODING.beat])
    with pytest.raises(ModelRuntimeError, match="no tokens"):
        model.begin(style=1, texture=1).read([])


def test_a_place_is_gone_back_to_whatever_was_read_since(model: RingModel) -> None:
    """Bit for bit: after the ring was written over, after another piece, and twice."""
    before, after = piece(70), piece(30, seed=5)
    reader = model.begin(style=2, texture=1)
    reader.read(before)
    place = reader.keep()
    expected = [reader.read(after), reader.read([TOKEN_ENCODING.beat])]
    for other in (after, piece(150, seed=8)):
        model.begin(style=0, texture=0).read(other)
        again = model.go_on(place)
        assert (again.style, again.texture, again.count) == (2, 1, len(before))
        found = [again.read(after), again.read([TOKEN_ENCODING.beat])]
        np.testing.assert_array_equal(found, expected)


def test_going_back_ends_what_was_read_since(model: RingModel) -> None:
    reader = model.begin(style=1, texture=1)
    reader.read(piece(4))
    place = reader.keep()
    again = model.go_on(place)
    for refused in (lambda: reader.read([TOKEN_ENCODING.beat]), reader.keep):
        with pytest.raises(ModelRuntimeError, match="another piece"):
            refused()
    again.read([TOKEN_ENCODING.beat])


def test_what_is_recalled_is_gone_back_to_as_well(model: RingModel) -> None:
    """Bit for bit what a reader says that read the same without going back."""
    tune, other = piece(20), piece(20, seed=9)[1:]
    tokens = [*tune, *tune[1:50]]
    straight = model.begin(style=1, texture=1)
    said = straight.read(tokens)
    assert straight.recall is not None
    assert straight.recall.memory.suggestion() is not None
    expected = straight.recall.expected(said)
    reader = model.begin(style=1, texture=1)
    reader.read(tokens[:60])
    place = reader.keep()
    reader.read(other)
    for _ in range(2):
        again = model.go_on(place)
        again.read(tokens[60:])
        assert again.recall is not None
        np.testing.assert_array_equal(again.recall.expected(said), expected)
        again.read(other)


def test_a_bundle_without_habits_is_read_as_ever() -> None:
    """One that was made before there were any."""
    bundle = read_bundle(BUNDLES["extend-small"])
    older = RingModel(bundle.content, replace(bundle.manifest, habits={}))
    reader = older.begin(style=1, texture=1)
    tokens = piece(20)
    said = reader.read(tokens)
    assert reader.recall is None
    place = reader.keep()
    assert older.go_on(place).recall is None
    expected = bundle.load_ring().begin(style=1, texture=1).read(tokens)
    np.testing.assert_array_equal(said, expected)


def test_habits_that_are_none_are_refused() -> None:
    bundle = read_bundle(BUNDLES["extend-small"])
    with pytest.raises(BundleSchemaError, match=r"extend-small has no usable habits: .*resting"):
        RingModel(bundle.content, replace(bundle.manifest, habits={"copying": {}}))


def test_the_texture_may_change_within_a_piece(model: RingModel) -> None:
    """It is heard from the next token on, one at a time and in a chunk alike."""
    tokens, more = piece(20), piece(12, seed=5)
    reader = model.begin(style=1, texture=0)
    reader.read(tokens)
    place = reader.keep()
    line = reader.read(more)
    reader = model.go_on(place)
    reader.texture = 1
    full = reader.read(more)
    assert np.abs(full - line).max() > NEAR
    reader = model.go_on(place)
    reader.texture = 1
    one_by_one = [reader.read([token]) for token in more][-1]
    np.testing.assert_allclose(one_by_one, full, atol=NEAR)


@pytest.mark.parametrize("damage", ["one signature", "a name", "a shape"])
def test_a_model_without_a_ring_is_refused(tmp_path: Path, damage: str) -> None:
    bundle = read_bundle(next(iter(BUNDLES.values())))
    raw: dict[str, Any] = json.loads(bundle.manifest.to_json())
    if damage == "one signature":
        del raw["signatures"][0]
    elif damage == "a name":
        raw["signatures"][0]["inputs"][0]["name"] = "chords"
    else:
        raw["signatures"][1]["inputs"][0]["shape"] = [3, 3]
    (tmp_path / "manifest.json").write_text(json.dumps(raw))
    (tmp_path / "model.tflite").write_bytes(bundle.content)
    with pytest.raises(BundleTensorError):
        read_bundle(tmp_path).load()


@pytest.mark.parametrize(
    ("name", "damaged"),
    [
        ("tokens", np.array([1.5, 3.0])),
        ("tokens", np.array([[1, 3]])),
        ("tokens", np.array([], np.int64)),
        ("style", np.arange(3)),
        ("prompt", np.array(1.0)),
        ("prompt", np.array(-3)),
        ("logits", np.zeros((1, 2), np.float32)),
    ],
)
def test_golden_arrays_of_another_kind_are_refused(
    model: RingModel, name: str, damaged: NDArray[Any]
) -> None:
    golden = {
        "tokens": np.array([TOKEN_ENCODING.start, TOKEN_ENCODING.beat]),
        "prompt": np.array(2),
        "style": np.array(1),
        "texture": np.array(1),
        "logits": np.zeros((1, TOKEN_ENCODING.vocabulary), np.float32),
    }
    assert np.isfinite(model.replay(golden))
    with pytest.raises(ValueError):  # noqa: PT011 - any reason: `replay_golden` says which file
        model.replay(golden | {name: damaged})
