"""A run becomes a bundle that this firmware reads and that says what the trained model says."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("tensorflow", reason="converting needs TensorFlow, the extra 'training'")

from converters import cli
from converters.licences import CORPORA, corpora_named
from firmware.errors import ConfigError
from firmware.inference.bundle import Bundle, read_bundle, replay_golden
from firmware.music.encoding import CHORALE_ENCODING

REPOSITORY = Path(__file__).parents[2]

# Makes an untrained run of a small network and converts it: one process, since TensorFlow
# takes seconds to start and must not see pytest's rule that a warning is an error.
MAKE = """
import os, sys
os.environ["KERAS_BACKEND"] = "tensorflow"
from dataclasses import replace
from pathlib import Path
import keras
from converters import chorales
from converters.cli import main
from firmware.music.encoding import CHORALE_ENCODING
from training.config import recipe
from training.models import arcnn
from training.runs import RunRecord, WEIGHTS_FILE, save_weights, write_record

folder = Path(sys.argv[1])
keras.utils.set_random_seed(0)
net = replace(
    recipe("bach-arcnn").net,
    width=16,
    dilations=(((1, 1), (1, 2)), ((2, 4), (1, 1))),
    context_width=16,
    context_blocks=(1,),
    context_dilations=((1, 2),),
)
config = replace(recipe("bach-arcnn"), net=net)
record = RunRecord(
    config=config,
    encoding=CHORALE_ENCODING.fingerprint(),
    git_revision="0" * 40,
    backend="tensorflow",
    corpora=("bach-jsb", "bach-jsfakes"),
)
write_record(folder / "run", record)
save_weights(arcnn.build(net), folder / "run" / WEIGHTS_FILE)
chorales.CALIBRATION_WINDOWS = chorales.PARITY_WINDOWS = 8
sys.exit(main([str(folder / "run"), "-o", str(folder / "tiny"), "--corpora", sys.argv[2]]))
"""


@pytest.fixture(scope="session")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two invented chorales a split, and no synthetic ones."""
    folder = tmp_path_factory.mktemp("corpora")
    rng = np.random.default_rng(3)

    def piece() -> list[list[int]]:
        beats: NDArray[np.int64] = np.array([72, 65, 60, 48]) + rng.integers(-2, 3, size=(40, 4))
        steps: list[list[int]] = np.repeat(beats, 4, axis=0).tolist()
        return steps

    (folder / "bach-jsb").mkdir()
    splits = {split: [piece(), piece()] for split in ("train", "valid", "test")}
    (folder / "bach-jsb" / "Jsb16thSeparated.json").write_text(json.dumps(splits))
    return folder


@pytest.fixture(scope="session")
def converted(
    tmp_path_factory: pytest.TempPathFactory, corpora: Path
) -> tuple[Bundle, subprocess.CompletedProcess[str]]:
    """A bundle that the command made, and what the command printed."""
    folder = tmp_path_factory.mktemp("converted")
    done = subprocess.run(
        (sys.executable, "-c", MAKE, str(folder), str(corpora)),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )
    assert done.returncode == 0, done.stderr
    return read_bundle(folder / "tiny"), done


Converted = tuple[Bundle, subprocess.CompletedProcess[str]]


def test_the_bundle_passes_every_check_of_the_firmware(converted: Converted) -> None:
    bundle, _ = converted
    assert bundle.manifest.name == "tiny"
    assert replay_golden(bundle).passed


def test_inputs_and_outputs_are_int8_under_their_names(converted: Converted) -> None:
    (signature,) = converted[0].manifest.signatures
    spec = CHORALE_ENCODING
    grid = (1, spec.time_steps, spec.grid_pitches)
    assert [(t.name, t.shape, t.dtype) for t in signature.inputs] == [
        ("planes", (*grid, spec.plane_count), "int8")
    ]
    assert [(t.name, t.shape, t.dtype) for t in signature.outputs] == [
        (name, (*grid, len(spec.voices)), "int8") for name in ("attack_logits", "pitch_logits")
    ]


def test_the_manifest_names_the_corpora_with_licences(converted: Converted) -> None:
    corpora = converted[0].manifest.training.corpora
    assert [corpus.name for corpus in corpora] == ["bach-jsb", "bach-jsfakes"]
    assert "CC BY 4.0" in corpora[1].licence


def test_the_manifest_counts_weights_and_multiplications(converted: Converted) -> None:
    """By hand: the stem alone is 16 x 16 weights at 128 x 48 places, the rest is more."""
    manifest = converted[0].manifest
    assert 256 < manifest.parameters < 100_000
    assert manifest.mmac > 256 * 128 * 48 / 1e6
    assert dataclasses.asdict(manifest.training)["seed"] == 1


def test_the_command_says_what_it_measured_and_nothing_else(converted: Converted) -> None:
    """Three lines; the converter's own chatter is kept back."""
    _, done = converted
    assert "fully_quantize" not in done.stderr
    lines = done.stdout.strip().splitlines()
    assert len(lines) == 3
    assert "KiB" in lines[0]
    assert "nats a masked cell" in lines[1]
    assert "golden arrays with litert" in lines[2]


def test_what_is_no_run_is_one_line(
    tmp_path: Path, corpora: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    code = cli.main([str(tmp_path), "-o", str(tmp_path / "b"), "--corpora", str(corpora)])
    assert code == 2
    error = capfd.readouterr().err
    assert error.count("\n") == 1
    assert "not the folder of a training run" in error
    assert not (tmp_path / "b").exists()


def test_missing_corpora_are_one_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    nowhere = tmp_path / "nowhere"
    run = REPOSITORY / "training" / "runs" / "bach-arcnn"
    assert cli.main([str(run), "-o", str(tmp_path / "b"), "--corpora", str(nowhere)]) == 2
    assert str(nowhere) in capfd.readouterr().err


def test_a_corpus_of_unknown_licence_is_refused() -> None:
    assert corpora_named(CORPORA) == tuple(CORPORA.values())
    with pytest.raises(ConfigError, match="hit-parade"):
        corpora_named(["bach-jsb", "hit-parade"])
