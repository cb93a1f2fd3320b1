"""The ring graphs compute what the training graph computes."""

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware.inference.ring import HIDDEN
from firmware.music.rotations import rotations
from firmware.music.token_state import TokenState, token_features
from firmware.music.tokens import TOKEN_ENCODING, GridNote, encode, written

keras = pytest.importorskip("keras", reason="the training extra is not installed")

from training.config import TokenTrainConfig, recipe  # noqa: E402 - after the skip
from training.models.transformer_xl import TransformerConfig, TransformerXL  # noqa: E402

# Keras 3 copies TensorFlow's variables in a way that numpy 2 has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

CONFIG = TransformerConfig(layers=2, width=64, heads=2, inner=96, memory=24, dropout=0.0)
TOKENS = 72
STYLE, TEXTURE = 1, 1


@pytest.fixture(scope="module")
def tokens() -> NDArray[np.int32]:
    rng = np.random.default_rng(5)
    notes = [
        GridNote(start=int(start), pitch=int(pitch), duration=int(duration))
        for start, pitch, duration in zip(
            rng.integers(0, 140, 60), rng.integers(40, 80, 60), rng.integers(1, 40, 60), strict=True
        )
    ]
    return encode(written(notes), bars=range(0, 200, 36))[:TOKENS].astype(np.int32)


@pytest.fixture(scope="module")
def network() -> TransformerXL:
    keras.utils.set_random_seed(3)
    network = TransformerXL(CONFIG)
    for variable in network.training_graph(TOKENS).trainable_variables:
        if "norm" not in variable.path:
            variable.assign(2.0 * keras.ops.convert_to_numpy(variable.value))
    return network


@pytest.fixture(scope="module")
def expected(network: TransformerXL, tokens: NDArray[np.int32]) -> NDArray[np.float32]:
    window = tokens[None]
    features = token_features(window)
    logits = network.training_graph(TOKENS)(
        {
            "tokens": window,
            "positions": features.positions,
            "time_steps": features.time_steps,
            "note_pitches": features.note_pitches,
            "note_ends": features.note_ends,
            "styles": np.array([STYLE], dtype=np.int32),
            "textures": np.array([TEXTURE], dtype=np.int32),
        }
    )
    return np.asarray(keras.ops.convert_to_numpy(logits)[0])


@pytest.mark.parametrize("chunks", [[1] * TOKENS, [8] * 9, [8] * 5 + [1] * 32])
def test_a_ring_that_wraps_gives_the_logits_of_the_whole_window(
    network: TransformerXL,
    tokens: NDArray[np.int32],
    expected: NDArray[np.float32],
    chunks: list[int],
) -> None:
    """Token by token or in chunks, with the ring written over three times."""
    found = _read_with_ring(network, tokens, chunks)
    assert np.abs(expected).max() > 1.0
    np.testing.assert_allclose(found, expected, atol=2e-4)


def test_the_default_network_is_within_its_budget() -> None:
    """Five million weights for the default, two for the small one."""
    for name, most in (("extend-xl", 5_000_000), ("extend-xl-small", 2_000_000)):
        config = recipe(name)
        assert isinstance(config, TokenTrainConfig)
        graph = TransformerXL(config.net).step_graph()
        assert graph.count_params() <= most
        assert graph.output["logits"].shape == (1, TOKEN_ENCODING.vocabulary)


def _read_with_ring(
    network: TransformerXL, tokens: NDArray[np.int32], chunks: list[int]
) -> NDArray[np.float32]:
    memory, heads, wide = CONFIG.memory, CONFIG.heads, CONFIG.head_width
    graphs = {size: network.step_graph(size) for size in set(chunks)}
    keys = [np.zeros((heads, wide, memory), np.float32) for _ in range(CONFIG.layers)]
    values = [np.zeros((heads, memory, wide), np.float32) for _ in range(CONFIG.layers)]
    empty = np.full(memory, HIDDEN, np.float32)
    state, said, at = TokenState(), [], 0
    for size in chunks:
        states = []
        for token in tokens[at : at + size]:
            state.advance(int(token))
            states.append((state.position, state.time_step, state.chord().ravel()))
        hidden = np.repeat(empty[None], size, axis=0)
        for row in range(size):
            # A later token of the chunk no longer sees the oldest slots.
            hidden[row, [(at + old) % memory for old in range(row)]] = HIDDEN
        inputs = {
            "tokens": tokens[at : at + size],
            "positions": np.array([position for position, _, _ in states], np.int32),
            "chord": np.stack([chord for _, _, chord in states]),
            "style": np.array([STYLE], np.int32),
            "texture": np.array([TEXTURE], np.int32),
            # Where counting begins must not matter.
            "rotation": rotations(
                np.arange(at, at + size) + 9_999_991,
                np.array([step for _, step, _ in states]) + 1200,
            ),
            "hidden": hidden,
        }
        for layer in range(CONFIG.layers):
            inputs[f"keys_{layer}"] = keys[layer]
            inputs[f"values_{layer}"] = values[layer]
        output = {
            name: keras.ops.convert_to_numpy(value) for name, value in graphs[size](inputs).items()
        }
        said.append(output["logits"])
        for row in range(size):
            slot = (at + row) % memory
            empty[slot] = 0.0
            for layer in range(CONFIG.layers):
                keys[layer][:, :, slot] = output["keys"][layer][:, :, row]
                values[layer][:, slot] = output["values"][layer][:, row]
        at += size
    return np.concatenate(said)
