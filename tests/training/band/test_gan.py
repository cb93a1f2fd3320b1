"""How generator, critic and encoder learn; needs Keras with TensorFlow or JAX."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

keras = pytest.importorskip("keras", reason="the training extra is not installed")

from keras import ops  # noqa: E402 - after the skip

from firmware.errors import ConfigError  # noqa: E402
from firmware.music.band import BAND_ENCODING  # noqa: E402
from training.autodiff import autodiff  # noqa: E402
from training.band.batches import BandBatchConfig, BandPieces, BandSampler  # noqa: E402
from training.band.gan import (  # noqa: E402
    CRITIC_LOSSES,
    GENERATOR_LOSSES,
    BandGan,
    GanConfig,
    draws,
    gradient_penalty,
    reconstruction_nats,
)
from training.band.shards import BandPiece, write_band_shard  # noqa: E402
from training.band.statistics import statistics  # noqa: E402
from training.band.task import BandTask  # noqa: E402
from training.cli import main  # noqa: E402
from training.config import BandTrainConfig, recipe, with_settings  # noqa: E402
from training.reports import read_metrics  # noqa: E402
from training.runs import WEIGHTS_FILE, build_band, load_band, load_model, read_record, save_weights  # noqa: E402
from training.train import Trainer  # noqa: E402

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation:DeprecationWarning",
    "ignore:Even though the .tf.config.experimental_run_functions_eagerly:UserWarning",
)

GENRES = ("rock", "bach")
SMALL = {
    "steps": "2",
    "warmup_steps": "1",
    "validate_every": "2",
    "checkpoint_every": "2",
    "sample_every": "2",
    "average_every": "1",
    "precision": "float32",
    "genres": '["rock", "bach"]',
    "judged_chains": "1",
    "judged_links": "1",
    "batches.batch_size": "2",
    "critic.roll_widths": "[4, 4, 4]",
    "critic.time_width": "4",
    "critic.bar_width": "4",
    "encoder.roll_widths": "[4, 4, 4]",
    "encoder.time_width": "4",
    "encoder.bar_width": "4",
}
SMALL_UNET = {
    "net.level_widths": "[4, 4, 4, 4]",
    "net.bottom_width": "4",
    "net.drum_width": "4",
}
SMALL_MUSEGAN = {
    "net.latent_width": "4",
    "net.melody_widths": "[4, 4, 4, 4]",
    "net.track_widths": "[4, 4, 4, 4]",
    "net.drum_track_width": "4",
}


@pytest.fixture
def _eager() -> Iterator[None]:
    """Tracing a graph takes longer than a few small steps."""
    if keras.backend.backend() != "tensorflow":
        yield
        return
    import tensorflow  # noqa: PLC0415 - a machine with JAX may have none

    tensorflow.config.run_functions_eagerly(True)  # noqa: FBT003
    yield
    tensorflow.config.run_functions_eagerly(False)  # noqa: FBT003


@pytest.fixture(scope="module")
def shards(band_songs: Sequence[BandPiece], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bands")
    for split in ("train", "valid"):
        write_band_shard(folder / f"{split}.npz", band_songs)
    return folder


def _small(name: str = "unet", **changes: str) -> BandTrainConfig:
    net = SMALL_MUSEGAN if name == "musegan" else SMALL_UNET
    config = with_settings(recipe(name), {**SMALL, **net, **changes})
    assert isinstance(config, BandTrainConfig)
    return config


def _weights(model: Any) -> list[NDArray[np.float32]]:
    return [np.array(weight) for weight in model.get_weights()]


def _moved(before: list[NDArray[np.float32]], after: list[NDArray[np.float32]]) -> bool:
    return any((one != other).any() for one, other in zip(before, after, strict=True))


@pytest.mark.usefixtures("_eager")
@pytest.mark.parametrize("name", ["unet", "musegan"])
def test_one_step_changes_all_networks(name: str, shards: Path) -> None:
    """And says all losses, which are numbers; so do both kinds of neurons."""
    task = BandTask(_small(name, **{"gan.neurons": "stochastic"}), shards)
    models = [task.begins_with, *(task.checkpointed[part] for part in ("critic", "encoder"))]
    before = [_weights(model) for model in models]
    inputs, targets = task.batch(0)
    losses = task.model.train_on_batch(inputs, targets, return_dict=True)
    assert set(losses) == {*CRITIC_LOSSES, *GENERATOR_LOSSES}
    assert all(np.isfinite(value) for value in losses.values())
    for old, model in zip(before, models, strict=True):
        assert _moved(old, _weights(model))
    assert np.asarray(task.checkpointed["balance"].get_weights()[0]).any()


@pytest.mark.usefixtures("_eager")
def test_a_plain_wgan_gp_is_one_configuration(shards: Path) -> None:
    """With five updates of the critic to one of the generator; the encoder learns nothing."""
    mends = ("reconstruction", "divergence", "features", "balance", "variety", "mismatch")
    plain = {f"gan.{name}": "0.0" for name in mends} | {"gan.critic_updates": "5"}
    task = BandTask(_small(**plain), shards)
    generator, encoder = task.begins_with, task.checkpointed["encoder"]
    critic, first = task.checkpointed["critic"], _weights(encoder)
    changes = []
    for step in range(5):
        before = [_weights(generator), _weights(critic)]
        losses = task.model.train_on_batch(*task.batch(step), return_dict=True)
        assert ("generator" in losses) is (step == 4)
        assert losses["critic"] == pytest.approx(
            -losses["wasserstein"] + 10.0 * losses["penalty"], rel=1e-4
        )
        changes.append(
            [_moved(one, _weights(m)) for one, m in zip(before, (generator, critic), strict=True)]
        )
    assert changes == [[False, True]] * 4 + [[True, True]]
    assert not _moved(first, _weights(encoder))
    assert losses["generator"] == pytest.approx(losses["adversarial"], rel=1e-5)


def test_the_penalty_of_a_linear_critic_is_known() -> None:
    """Its slope is its weights everywhere: (norm - 1) squared."""
    weights = np.random.default_rng(1).normal(size=(4, 3)).astype(np.float32)
    drums = np.array([2.0, 0.5], dtype=np.float32)

    def score(first: Any, second: Any) -> Any:
        return ops.sum(first * weights, axis=(1, 2)) + ops.sum(second * drums, axis=1)

    backend = autodiff([])
    points = [ops.ones((5, 4, 3)), ops.zeros((5, 2))]
    found = float(gradient_penalty(backend.slopes(score, points)))
    norm = np.sqrt((weights**2).sum() + (drums**2).sum())
    assert found == pytest.approx((norm - 1.0) ** 2, rel=1e-4)


def test_slopes_have_gradients() -> None:
    """Of w x^2 at x = 3 the slope is 6 w; the square of that has the gradient 72 w by w."""
    weight = keras.Variable(2.0)
    backend = autodiff([weight])

    def loss() -> tuple[Any, Any]:
        (slope,) = backend.slopes(lambda x: weight * ops.square(x), [ops.ones((1,)) * 3.0])
        total = ops.sum(ops.square(slope))
        return total, total

    @backend.compiled
    def step() -> Any:
        total, (gradient,) = backend.gradients(loss, [weight])
        weight.assign(weight - 0.01 * gradient)
        return total

    assert float(step()) == pytest.approx(144.0)
    assert float(ops.convert_to_numpy(weight)) == pytest.approx(2.0 - 0.01 * 144.0)
    assert float(step()) == pytest.approx((6.0 * 0.56) ** 2, rel=1e-4)


def test_nats_of_logits_that_say_nothing_are_those_of_coins() -> None:
    """A cell costs the logarithm of two; being struck is asked only of what sounds."""
    band, drums = np.zeros((1, 64, 64, 6), np.float32), np.zeros((1, 64, 9), np.float32)
    band[0, :32, 5, 0] = 1.0
    inside = np.ones((1, 64), np.float32)
    masks = (np.ones_like(band), np.ones_like(drums))
    said = {"band": np.zeros_like(band), "drums": np.zeros_like(drums)}
    nats = float(reconstruction_nats(said, (band, drums), masks, inside, 1.0))
    assert nats == pytest.approx(np.log(2.0) * (64 * 3 + 0.5 + 9), rel=1e-5)
    without = (masks[0] * np.float32(0.0), masks[1])
    nats = float(reconstruction_nats(said, (band, drums), without, inside, 1.0))
    assert nats == pytest.approx(np.log(2.0) * 9, rel=1e-5)


def test_statistics_tell_harmony_rhythm_and_density_apart() -> None:
    """Another pitch, another place in the bar, or more notes change them; the same ones do not."""
    melody, tonality = np.zeros((1, 64, 64, 2), np.float32), np.ones((1, 64), np.float32)
    melody[0, :, 30, 0] = 1.0
    drums = np.zeros((1, 64, 9), np.float32)

    def of(step: int, row: int, length: int) -> NDArray[np.float32]:
        band = np.zeros((1, 64, 64, 6), np.float32)
        band[0, step : step + length, row, 2] = 1.0
        band[0, step, row, 3] = 1.0
        found = statistics(*(ops.convert_to_tensor(x) for x in (band, drums, melody, tonality)))
        return np.asarray(ops.convert_to_numpy(found))

    plain = of(16, 34, 4)
    np.testing.assert_allclose(plain, of(32, 34, 4), atol=1e-6)
    for other in (of(17, 34, 4), of(16, 35, 4), of(16, 34, 8)):
        assert np.abs(other - plain).max() > 0.01


def _gan(config: GanConfig, seed: int = 1) -> BandGan:
    keras.utils.set_random_seed(seed)
    from training.models import band_critic  # noqa: PLC0415

    small = _small()
    networks = {
        "generator": build_band(small),
        "critic": band_critic.build(small.critic),
        "encoder": band_critic.build_encoder(small.encoder),
    }
    for network in networks.values():
        network.compile(optimizer=keras.optimizers.SGD(0.0))
    return BandGan(config=config, **networks)


@pytest.mark.usefixtures("_eager")
def test_balance_remembers_by_genre_what_the_band_has_too_much_of(
    band_songs: Sequence[BandPiece],
) -> None:
    """Of a genre that was not seen nothing is remembered."""
    config = GanConfig(balance_windows=4)
    gan = _gan(config)
    sampler = BandSampler(
        BandPieces(band_songs, genres=GENRES),
        genres=GENRES,
        config=BandBatchConfig(batch_size=2, shares=(("rock", 1.0), ("bach", 0.0))),
        seed=2,
    )
    batch = sampler.batch(0)
    arrays: Mapping[str, Any] = {
        "band": batch.band * 0.0,
        "drums": batch.drums * 0.0,
        "weights": batch.weights,
        "step": 0,
    }
    noise = draws(np.random.default_rng(0), 2, config)
    gan.train_on_batch(dict(batch.conditions) | noise, arrays)
    gaps = np.asarray(gan.balance.get_weights()[0])
    assert (gaps[0] >= 0.0).all()
    assert not gaps[1:].any()


@pytest.mark.usefixtures("_eager")
def test_an_interrupted_training_ends_like_one_that_was_not(shards: Path, tmp_path: Path) -> None:
    """Stopped after the first step and started again: the same figures at the end."""
    every = {"steps": "2", "validate_every": "1", "checkpoint_every": "1"}
    config = _small(**every)
    for _ in Trainer(BandTask(config, shards), tmp_path / "whole").steps():
        pass
    steps = Trainer(BandTask(config, shards), tmp_path / "halves").steps()
    next(steps)
    steps.close()
    resumed = Trainer(BandTask(config, shards), tmp_path / "halves")
    assert resumed.step == 1
    for _ in resumed.steps():
        pass
    whole, halves = (read_metrics(tmp_path / run / "metrics.csv") for run in ("whole", "halves"))
    assert [row["step"] for row in halves] == [1.0, 2.0]
    for row, other in zip(whole, halves, strict=True):
        assert row == pytest.approx(other, abs=1e-3, rel=1e-3, nan_ok=True)


def test_the_command_leaves_a_run_folder_that_makes_the_model_again(
    shards: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Compiled, from the recipe of one genre; the report lies beside the weights."""
    settings = {**SMALL, **SMALL_UNET, "steps": "2"}
    del settings["genres"]
    pairs = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
    run = tmp_path / "run"
    command = ["train", "unet-rock", "--shards", str(shards), "--run", str(run), *pairs]
    assert main(command) == 0
    assert "allowed gap" in capsys.readouterr().out.replace("\n", " ")
    for name in ("config.json", "metrics.csv", "model.weights.npz", "report.html"):
        assert (run / name).stat().st_size
    assert (run / "samples" / "step-000002-rock.mid").read_bytes().startswith(b"MThd")
    record = read_record(run)
    assert isinstance(record.config, BandTrainConfig)
    assert record.config.genres == ("rock",)
    assert record.encoding == BAND_ENCODING.fingerprint()
    assert record.corpora == ("invented",)
    (row,) = read_metrics(run / "metrics.csv")
    assert row["valid_gap"] == row["gap rock"]
    model, config = load_band(run)
    assert config == record.config
    assert model.output["band"].shape[1:] == (64, 64, 6)
    with pytest.raises(ConfigError, match="no AR-CNN"):
        load_model(run)


def test_a_training_may_begin_with_the_weights_of_another(shards: Path, tmp_path: Path) -> None:
    """Of the generator, such as for one genre after all genres."""
    first = build_band(_small())
    (tmp_path / "first").mkdir()
    save_weights(first, tmp_path / "first" / WEIGHTS_FILE)
    task = BandTask(_small(starts_from=str(tmp_path / "first"), seed="8"), shards)
    Trainer(task, tmp_path / "second")
    for begun, given in zip(task.begins_with.get_weights(), first.get_weights(), strict=True):
        np.testing.assert_allclose(begun, given, atol=1e-3)


def test_a_genre_that_nobody_plays_and_odd_settings_are_refused(shards: Path) -> None:
    """In one sentence each."""
    with pytest.raises(ConfigError, match="polka"):
        BandTask(replace(_small(), genres=("polka",)), shards)
    with pytest.raises(ConfigError, match="no recipe"):
        recipe("tango-rock")
    with pytest.raises(ConfigError, match="stochastic"):
        GanConfig(neurons="analogue")
    with pytest.raises(ConfigError, match="multiple"):
        _small(sample_every="3")
