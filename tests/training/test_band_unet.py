"""The U-Net of Accompany; needs Keras."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

keras = pytest.importorskip("keras", reason="the training extra is not installed")

from firmware.errors import ConfigError  # noqa: E402 - after the skip
from firmware.music.band import BAND_ENCODING  # noqa: E402
from training.models.band_layers import CONDITIONS, Octaves, multiply_adds  # noqa: E402
from training.models.band_unet import BandUnetConfig, build  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SMALL = BandUnetConfig(level_widths=(4, 6, 8, 8), bottom_width=8, drum_width=6)
SPEC = BAND_ENCODING


@pytest.fixture(scope="module")
def network() -> Any:
    keras.utils.set_random_seed(1)
    return build(SMALL)


def _inputs(batch: int = 2) -> dict[str, NDArray[np.float32]]:
    rng = np.random.default_rng(3)
    shapes = {
        "melody": (80, 64, 2),
        "known": (16, 64, 6),
        "known_drums": (16, 9),
        "features": (80, 6),
        "tonality": (64,),
        "genre": (8,),
    }
    inputs = {
        name: (rng.random((batch, *shape)) < 0.1).astype(np.float32)
        for name, shape in shapes.items()
    }
    return inputs | {"noise": rng.standard_normal((batch, 5, 32)).astype(np.float32)}


def _said(network: Any, inputs: dict[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
    return {name: np.asarray(array) for name, array in network.predict_on_batch(inputs).items()}


def test_it_reads_and_says_what_the_device_expects(network: Any) -> None:
    """Names and shapes are the contract with the converter and the technique."""
    assert set(network.input) == {*CONDITIONS, "noise"}
    said = _said(network, _inputs())
    assert said["band"].shape == (2, 64, 64, 6)
    assert said["drums"].shape == (2, 64, 9)
    assert said["band"].dtype == said["drums"].dtype == np.float32


@pytest.mark.parametrize("name", [*CONDITIONS, "noise"])
def test_all_that_it_is_told_is_heard(network: Any, name: str) -> None:
    """Another value of any input changes the band, and that of all but pitches the drums."""
    inputs = _inputs()
    before = _said(network, inputs)
    after = _said(network, inputs | {name: 1.0 - inputs[name]})
    assert np.abs(after["band"] - before["band"]).max() > 1e-6
    assert np.abs(after["drums"] - before["drums"]).max() > 1e-7


def test_windows_of_a_batch_do_not_hear_each_other(network: Any) -> None:
    """Nothing is normalized over the batch."""
    inputs = _inputs()
    both = _said(network, inputs)
    alone = _said(network, {name: array[:1] for name, array in inputs.items()})
    np.testing.assert_allclose(both["band"][:1], alone["band"], atol=1e-5)
    np.testing.assert_allclose(both["drums"][:1], alone["drums"], atol=1e-5)


def test_the_recipe_is_within_the_budget() -> None:
    """At most 3 million weights and 1,000 million multiply-adds; it trains on a desktop's core."""
    network = build(BandUnetConfig())
    assert network.count_params() <= 3_000_000
    assert multiply_adds(network, segments=SPEC.noise_shape[0] - 1) <= 200_000_000


def test_multiply_adds_are_counted_by_hand() -> None:
    """A convolution, a transposed one, a dense layer, and one that runs for each segment."""
    x = first = keras.Input((8, 4, 3))
    x = keras.layers.Conv2D(5, (3, 3), strides=(2, 1), padding="same")(x)
    x = keras.layers.Conv2DTranspose(2, (2, 1), strides=(2, 1))(x)
    x = keras.layers.Dense(7, name="segment_dense")(x)
    by_hand = 4 * 4 * 9 * 3 * 5 + 4 * 4 * 2 * 5 * 2 + 6 * 8 * 4 * 2 * 7
    assert multiply_adds(keras.Model(first, x), segments=6) == by_hand


def test_octaves_meet() -> None:
    """A pitch is where its pitch class sounds, in any octave, and never more than once."""
    rolls = np.zeros((1, 2, 64), dtype=np.float32)
    rolls[0, 0, [5, 17]] = 1.0
    folded = np.asarray(keras.ops.convert_to_numpy(Octaves()(rolls)))
    assert np.flatnonzero(folded[0, 0]).tolist() == [5, 17, 29, 41, 53]
    assert folded.max() == 1.0
    assert not folded[0, 1].any()


def test_widths_must_be_positive() -> None:
    with pytest.raises(ConfigError, match="positive"):
        BandUnetConfig(bottom_width=0)
