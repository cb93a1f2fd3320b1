"""MuseGAN of Accompany, and the critic that both architectures have; needs Keras."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

keras = pytest.importorskip("keras", reason="the training extra is not installed")

from firmware.errors import ConfigError  # noqa: E402 - after the skip
from firmware.music.band import BAND_ENCODING  # noqa: E402
from training.models import band_critic  # noqa: E402
from training.models.band_critic import BandCriticConfig, PitchClasses  # noqa: E402
from training.models.band_layers import CONDITIONS, multiply_adds  # noqa: E402
from training.models.musegan import MuseganConfig, build  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SMALL = MuseganConfig(
    latent_width=8, melody_widths=(4, 6, 8, 8), track_widths=(4, 6, 8, 8), drum_track_width=6
)
SMALL_CRITIC = BandCriticConfig(roll_widths=(4, 6, 8), time_width=6, bar_width=8)
SEGMENTS = BAND_ENCODING.noise_shape[0] - 1


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


def _changed(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(segments, planes): where two outputs differ."""
    apart = np.abs(one - other)[0]
    bars = apart.reshape(SEGMENTS, 16, -1, apart.shape[-1])
    return np.asarray(bars.max(axis=(1, 2)) > 1e-6)


def test_it_reads_and_says_what_the_device_expects(network: Any) -> None:
    """Names and shapes are the contract with the converter and the technique."""
    assert set(network.input) == {*CONDITIONS, "noise"}
    said = _said(network, _inputs())
    assert said["band"].shape == (2, 64, 64, 6)
    assert said["drums"].shape == (2, 64, 9)


@pytest.mark.parametrize("name", [*CONDITIONS, "noise"])
def test_all_that_it_is_told_is_heard(network: Any, name: str) -> None:
    """Another value of any input changes band and drums."""
    inputs = _inputs()
    before = _said(network, inputs)
    after = _said(network, inputs | {name: 1.0 - inputs[name]})
    assert np.abs(after["band"] - before["band"]).max() > 1e-6
    assert np.abs(after["drums"] - before["drums"]).max() > 1e-7


def test_each_track_has_noise_of_its_own(network: Any) -> None:
    """Numbers 16..19 are the bass's, 28..31 the drums'; the first half is everybody's."""
    inputs = _inputs()
    before = _said(network, inputs)

    def with_noise(segment: int, numbers: slice) -> dict[str, NDArray[np.float32]]:
        noise = inputs["noise"].copy()
        noise[:, segment, numbers] += 3.0
        return _said(network, inputs | {"noise": noise})

    bass = with_noise(0, slice(16, 20))
    assert _changed(bass["band"], before["band"])[:, :2].all()
    assert not _changed(bass["band"], before["band"])[:, 2:].any()
    assert not _changed(bass["drums"], before["drums"]).any()
    drums = with_noise(2, slice(28, 32))
    assert not _changed(drums["band"], before["band"]).any()
    # Noise of a segment that only a track hears stays in the segment.
    assert _changed(drums["drums"], before["drums"]).any(axis=1).tolist() == [0, 1, 0, 0]
    assert _changed(with_noise(0, slice(0, 16))["band"], before["band"]).all()


def test_the_recipe_is_within_the_budget() -> None:
    """At most 3 million weights and 1,000 million multiply-adds; it trains on a desktop's core."""
    network = build(MuseganConfig())
    assert network.count_params() <= 3_000_000
    assert multiply_adds(network, segments=SEGMENTS) <= 200_000_000


def test_the_critic_judges_bars_and_phrase_of_each_window_alone() -> None:
    """A window's scores are the same in any batch; another band has other scores."""
    keras.utils.set_random_seed(2)
    critic = band_critic.build(SMALL_CRITIC)
    rng = np.random.default_rng(4)
    inputs = _inputs() | {
        "band": (rng.random((2, 64, 64, 6)) < 0.1).astype(np.float32),
        "drums": (rng.random((2, 64, 9)) < 0.2).astype(np.float32),
    }
    del inputs["noise"]
    both = _said(critic, inputs)
    assert both["bars"].shape == (2, SEGMENTS)
    assert both["phrase"].shape == (2, 1)
    alone = _said(critic, {name: array[1:] for name, array in inputs.items()})
    for name, array in both.items():
        np.testing.assert_allclose(array[1:], alone[name], atol=1e-5)
    other = _said(critic, inputs | {"drums": 1.0 - inputs["drums"]})
    assert np.abs(other["phrase"] - both["phrase"]).min() > 1e-6


def test_the_encoder_says_noise_of_the_generators_shape() -> None:
    """A mean and the logarithm of a variance for each number."""
    encoder = band_critic.build_encoder(SMALL_CRITIC)
    inputs = _inputs() | {
        "band": np.zeros((2, 64, 64, 6), np.float32),
        "drums": np.zeros((2, 64, 9), np.float32),
    }
    del inputs["noise"]
    said = _said(encoder, inputs)
    assert said["mean"].shape == said["log_variance"].shape == (2, *BAND_ENCODING.noise_shape)


def test_pitch_classes_are_counted_over_octaves() -> None:
    rolls = np.zeros((1, 1, 64, 2), dtype=np.float32)
    rolls[0, 0, [0, 12, 13], 1] = 1.0
    counts = np.asarray(keras.ops.convert_to_numpy(PitchClasses()(rolls))).reshape(12, 2)
    assert counts[:, 0].tolist() == [0.0] * 12
    assert counts[:, 1].tolist() == [2.0, 1.0] + [0.0] * 10


def test_widths_must_be_positive() -> None:
    with pytest.raises(ConfigError, match="positive"):
        MuseganConfig(latent_width=0)
