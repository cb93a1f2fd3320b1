"""Training of the Transformer-XL end to end, on a tiny corpus; needs Keras."""

from pathlib import Path

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="the training extra is not installed")

from firmware.errors import ConfigError  # noqa: E402 - after the skip
from firmware.music.tokens import TOKEN_ENCODING  # noqa: E402
from training.ahead import Ahead  # noqa: E402
from training.cli import main  # noqa: E402
from training.config import TokenTrainConfig, recipe, with_settings  # noqa: E402
from training.models.transformer_xl import TransformerXL  # noqa: E402
from training.reports import read_metrics  # noqa: E402
from training.runs import WEIGHTS_FILE, load_model, load_weights, read_record, save_weights  # noqa: E402
from training.score_corpora import make_shards  # noqa: E402
from training.token_task import TokenTask, token_loss  # noqa: E402
from training.train import Trainer  # noqa: E402

# Keras 3 copies TensorFlow's variables in a way that numpy 2 has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SMALL = {
    "steps": "4",
    "warmup_steps": "1",
    "validate_every": "2",
    "checkpoint_every": "2",
    "average_every": "1",
    "judged_by": '["chorale:full"]',
    "batches.batch_size": "2",
    "batches.window": "48",
    "net.layers": "1",
    "net.width": "32",
    "net.heads": "1",
    "net.inner": "32",
    "net.memory": "16",
    "net.dropout": "0.0",
}


@pytest.fixture(scope="module")
def shards(tiny_corpora: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shards")
    make_shards(tiny_corpora, folder)
    return folder


def _small(name: str = "extend-xl", **changes: str) -> TokenTrainConfig:
    config = with_settings(recipe(name), {**SMALL, **changes})
    assert isinstance(config, TokenTrainConfig)
    return config


def test_the_command_makes_shards_and_a_run_folder_that_makes_the_model_again(
    tiny_corpora: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second command finds the shards and the run, and needs no corpora."""
    run, shards = tmp_path / "run", tmp_path / "shards"
    settings = [part for key, value in SMALL.items() for part in ("--set", f"{key}={value}")]
    command = ["train", "extend-xl", "--shards", str(shards), "--run", str(run), *settings]
    assert main([*command, "--steps", "1", "--corpora", str(tiny_corpora)]) == 0
    assert "nats per token" in capsys.readouterr().out.replace("\n", " ")
    for name in ("config.json", "metrics.csv", "loss.png", "model.weights.npz"):
        assert (run / name).stat().st_size
    record = read_record(run)
    assert record.config == _small(steps="1")
    assert record.encoding == TOKEN_ENCODING.fingerprint()
    assert record.backend == keras.backend.backend()
    assert record.corpora == ("bach-jsb",)
    (row,) = read_metrics(run / "metrics.csv")
    assert row["valid_nats_per_token"] == row["nats_per_token chorale:full"] < 10
    load_weights(TransformerXL(record.config.net).step_graph(), run / WEIGHTS_FILE)
    assert main([*command, "--steps", "1"]) == 0
    with pytest.raises(ConfigError, match="no AR-CNN"):
        load_model(run)


def test_an_interrupted_training_ends_like_one_that_was_not(shards: Path, tmp_path: Path) -> None:
    """Stopped after step 3 (checkpoint at 2) and started again: the same figures."""
    for _ in Trainer(TokenTask(_small(), shards), tmp_path / "whole").steps():
        pass
    steps = Trainer(TokenTask(_small(), shards), tmp_path / "halves").steps()
    for _ in range(3):
        next(steps)
    steps.close()
    resumed = Trainer(TokenTask(_small(), shards), tmp_path / "halves")
    assert resumed.step == 2
    for _ in resumed.steps():
        pass
    whole, halves = (read_metrics(tmp_path / run / "metrics.csv") for run in ("whole", "halves"))
    assert [row["step"] for row in halves] == [2.0, 4.0]
    for row, other in zip(whole, halves, strict=True):
        assert row == pytest.approx(other, abs=2e-4)


def test_the_last_word_begins_with_the_weights_of_the_first_run(
    shards: Path, tmp_path: Path
) -> None:
    """`extend-xl-chorale` goes on from `starts_from`, and says what to do where that is missing."""
    first = TokenTask(_small(seed="7"), shards).kept
    (tmp_path / "first").mkdir()
    save_weights(first, tmp_path / "first" / WEIGHTS_FILE)
    last = _small("extend-xl-chorale", starts_from=str(tmp_path / "first"))
    task = TokenTask(last, shards)
    Trainer(task, tmp_path / "last")
    for begun, given in zip(task.model.get_weights(), first.get_weights(), strict=True):
        np.testing.assert_allclose(begun, given, atol=1e-3)
    missing = _small("extend-xl-chorale", starts_from=str(tmp_path / "nothing"))
    with pytest.raises(ConfigError, match="nothing"):
        Trainer(TokenTask(missing, shards), tmp_path / "other")


def test_averaged_weights_follow_and_never_hold_the_random_ones(shards: Path) -> None:
    """The first update copies; later ones move a part of the way."""
    task = TokenTask(_small(average_every="3"), shards)

    def set_all(value: float) -> None:
        task.model.set_weights([np.full_like(w, value) for w in task.model.get_weights()])

    said = []
    for step in range(1, 8):
        set_all(float(step))
        task.after_step(step)
        said.append(float(task.kept.get_weights()[0].ravel()[0]))
    assert said[:3] == [1.0, 1.0, 1.0]
    assert said[3] == pytest.approx(1.0 / 11 + 4.0 * 10 / 11)
    assert said[3] < said[6] < 7.0


def test_the_loss_is_the_mean_over_what_is_judged() -> None:
    """A uniform guess costs the logarithm of the vocabulary, however much is filling."""
    target = np.zeros((2, 5, 2), dtype=np.float32)
    target[0, :, 1] = 1.0
    target[1, :2, 1] = 1.0
    logits = np.zeros((2, 5, 7), dtype=np.float32)
    logits[1, 2:] = 50.0 * np.eye(7)[3]  # nonsense where nothing is judged
    loss = keras.ops.convert_to_numpy(token_loss(target, logits))
    assert loss.shape == (2,)
    assert loss.mean() == pytest.approx(np.log(7.0), rel=1e-6)


def test_an_error_while_making_a_batch_ends_the_training() -> None:
    """It is raised where the batch is taken, after those before it; the thread is gone."""

    def make(number: int) -> int:
        if number == 4:
            raise ConfigError("no batch 4")
        return number

    taken: list[int] = []
    with pytest.raises(ConfigError, match="no batch 4"), Ahead(make, 2, 50) as items:
        taken.extend(items)
    taken.clear()
    with Ahead(make, 5, 5000) as items:
        taken = [next(items) for _ in range(3)]
    assert taken == [5, 6, 7]
