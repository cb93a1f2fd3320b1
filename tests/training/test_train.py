"""Training end to end, on a tiny corpus; needs Keras with one of its backends."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from firmware.errors import ConfigError  # noqa: E402 - only where Keras is installed
from firmware.music.encoding import CHORALE_ENCODING, encode_planes  # noqa: E402
from training.chorale_task import ChoraleTask  # noqa: E402
from training.cli import main  # noqa: E402
from training.config import (  # noqa: E402
    ChoraleTrainConfig,
    from_json,
    recipe,
    to_json,
    with_settings,
)
from training.corpora import read_chorales  # noqa: E402
from training.models import arcnn  # noqa: E402
from training.models.planes import EncodePlanes  # noqa: E402
from training.reports import read_metrics  # noqa: E402
from training.runs import load_model, read_record  # noqa: E402
from training.train import Trainer  # noqa: E402

# Keras 3 copies TensorFlow's variables in a way that numpy 2 has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SMALL = {
    "steps": "4",
    "warmup_steps": "1",
    "validate_every": "2",
    "checkpoint_every": "2",
    "batches.batch_size": "2",
    "net.width": "16",
    "net.dilations": "[[[1, 1], [2, 2]]]",
    "net.context_width": "16",
    "net.context_planes": "2",
    "net.context_blocks": "[0]",
    "net.context_dilations": "[[1]]",
}


def _small(**changes: str) -> ChoraleTrainConfig:
    config = with_settings(recipe("bach-arcnn"), {**SMALL, **changes})
    assert isinstance(config, ChoraleTrainConfig)
    return config


def test_one_step_leaves_a_run_folder_that_makes_the_model_again(
    tiny_corpora: Path, tmp_path: Path
) -> None:
    """The command writes config, metrics, plot and weights; the weights load and predict."""
    settings = [part for key, value in SMALL.items() for part in ("--set", f"{key}={value}")]
    command = ["train", "bach-arcnn", "--corpora", str(tiny_corpora), "--run", str(tmp_path)]
    assert main([*command, *settings, "--steps", "1"]) == 0
    for name in ("config.json", "metrics.csv", "loss.png", "model.weights.npz"):
        assert (tmp_path / name).stat().st_size
    record = read_record(tmp_path)
    assert record.config == _small(steps="1")
    assert record.encoding == CHORALE_ENCODING.fingerprint()
    (row,) = read_metrics(tmp_path / "metrics.csv")
    assert row["step"] == 1
    assert 0 < row["valid_masked_cell_nll"] < 10
    planes = np.zeros((1, 128, 48, 16), dtype=np.float32)
    outputs = load_model(tmp_path).predict_on_batch({"planes": planes})
    assert outputs["pitch_logits"].shape == outputs["attack_logits"].shape == (1, 128, 48, 4)


def test_an_interrupted_training_ends_like_one_that_was_not(
    tiny_corpora: Path, tmp_path: Path
) -> None:
    """Stopped after step 3 (checkpoint at 2) and started again: same metrics and weights."""
    corpora = read_chorales(tiny_corpora)
    config = _small(**{"net.dropout": "0.0"})
    for _ in Trainer(ChoraleTask(config, corpora), tmp_path / "whole").steps():
        pass
    steps = Trainer(ChoraleTask(config, corpora), tmp_path / "halves").steps()
    for _ in range(3):
        next(steps)
    steps.close()
    resumed = Trainer(ChoraleTask(config, corpora), tmp_path / "halves")
    assert resumed.step == 2
    for _ in resumed.steps():
        pass
    whole, halves = (read_metrics(tmp_path / run / "metrics.csv") for run in ("whole", "halves"))
    assert [row["step"] for row in halves] == [2.0, 4.0]
    for row, other in zip(whole, halves, strict=True):
        assert row == pytest.approx(other, abs=2e-4)


def test_another_configuration_does_not_go_on_in_the_same_folder(
    tiny_corpora: Path, tmp_path: Path
) -> None:
    """Or the run folder would describe weights that it does not hold."""
    corpora = read_chorales(tiny_corpora)
    Trainer(ChoraleTask(_small(), corpora), tmp_path)
    with pytest.raises(ConfigError, match="another configuration"):
        Trainer(ChoraleTask(_small(seed="9"), corpora), tmp_path)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"learning_rat": "1"}, "learning_rat"),
        ({"net.depth": "1"}, "net.depth"),
        ({"steps": "many"}, "steps"),
        ({"net.dilations": "[[1, 2]]"}, "dilations|must be"),
    ],
)
def test_an_unknown_key_or_a_wrong_value_is_an_error(settings: dict[str, str], said: str) -> None:
    """The message names it."""
    with pytest.raises(ConfigError, match=said):
        with_settings(recipe("bach-arcnn"), settings)


def test_a_config_survives_json() -> None:
    """What is in a run folder is the configuration itself."""
    config = _small()
    assert from_json(ChoraleTrainConfig, json.loads(json.dumps(to_json(config)))) == config


def test_the_command_line_says_errors_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2 and a remedy."""
    assert main(["train", "bach-organ", "--corpora", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "bach-arcnn" in error


def test_the_layer_encodes_exactly_as_the_device_does() -> None:
    """`encode_planes` is the one definition; the training graph must not drift from it."""
    rng = np.random.default_rng(2)
    cells = rng.integers(48, size=(3, 128, 4)).astype(np.int16)
    masked = rng.random((3, 128, 4)) < 0.4
    attacks = rng.integers(-1, 2, size=(3, 128, 4)).astype(np.int8)
    inside = np.arange(128) < np.array([[128], [90], [5]])
    expected = [
        encode_planes(c, m, a, first_step=8, inside=i)
        for c, m, a, i in zip(cells, masked, attacks, inside, strict=True)
    ]
    planes = EncodePlanes()(
        cells.astype(np.int32), masked.astype("f"), attacks.astype("f"), inside.astype("f")
    )
    np.testing.assert_allclose(keras.ops.convert_to_numpy(planes), expected, atol=1e-6)


def test_dense_and_separable_networks_are_the_same_function() -> None:
    """What a GPU trained with dense convolutions runs as separable ones on the device."""
    config = _small().net
    dense, plain = arcnn.build(config, dense=True), arcnn.build(config)
    plain.set_weights(dense.get_weights())
    planes = np.random.default_rng(0).normal(size=(2, 128, 48, 16)).astype(np.float32)
    _assert_same(*(net.predict_on_batch({"planes": planes}) for net in (dense, plain)))


def test_exchanges_without_their_dilations_are_refused() -> None:
    """Each exchange between the branches has its own dilations."""
    with pytest.raises(ConfigError, match="equally long"):
        replace(_small().net, context_dilations=())


def _assert_same(*outputs: dict[str, np.ndarray]) -> None:
    first, second = outputs
    names: Sequence[str] = sorted(first)
    for name in names:
        np.testing.assert_allclose(first[name], second[name], atol=1e-4)
