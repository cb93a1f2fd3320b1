"""A run of the Transformer-XL becomes a bundle that says what the network says."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="converting needs TensorFlow, the extra 'training'")

from converters import cli
from firmware.inference.bundle import read_bundle, replay_golden
from firmware.music.tokens import GridNote, encode, written
from firmware.parameters import Technique
from training.shards import TokenPiece, shard_path, with_borders, write_shard

REPOSITORY = Path(__file__).parents[2]

# One process, as for the AR-CNN.
MAKE = """
import os, sys
os.environ["KERAS_BACKEND"] = "tensorflow"
from dataclasses import replace
from pathlib import Path
import keras
from converters.cli import main
from firmware.music.tokens import TOKEN_ENCODING
from training.config import recipe
from training.models.transformer_xl import TransformerXL
from training.runs import RunRecord, WEIGHTS_FILE, save_weights, write_record

folder = Path(sys.argv[1])
keras.utils.set_random_seed(0)
small = recipe("extend-xl-small")
net = replace(small.net, layers=1, width=64, heads=2, inner=64, memory=80)
record = RunRecord(
    config=replace(small, net=net),
    encoding=TOKEN_ENCODING.fingerprint(),
    git_revision="0" * 40,
    backend="tensorflow",
    corpora=("bach-jsb", "mutopia"),
)
write_record(folder / "run", record)
save_weights(TransformerXL(net).training_graph(8), folder / "run" / WEIGHTS_FILE)
sys.exit(main([str(folder / "run"), "-o", str(folder / "tiny"), "--shards", sys.argv[2]]))
"""


def shards(folder: Path, notes: int) -> Path:
    rng = np.random.default_rng(1)
    placed = [
        GridNote(start=6 * n, pitch=int(rng.integers(50, 80)), duration=6) for n in range(notes)
    ]
    tokens = with_borders(encode(written(placed)))
    piece = TokenPiece(
        corpus="mutopia", name="invented", style=1, texture=0, tokens=tokens, notes=notes
    )
    write_shard(shard_path(folder, "valid"), [piece])
    return folder


def test_a_run_becomes_a_bundle(tmp_path: Path) -> None:
    """Written, read again with every check of the firmware, and described."""
    done = subprocess.run(
        (sys.executable, "-c", MAKE, str(tmp_path), str(shards(tmp_path, 80))),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.strip().splitlines()
    assert len(lines) == 3
    assert "nats a token" in lines[1]
    bundle = read_bundle(tmp_path / "tiny")
    manifest = bundle.manifest
    assert replay_golden(bundle).passed
    assert manifest.technique is Technique.EXTEND
    assert [signature.name for signature in manifest.signatures] == ["next", "read"]
    assert [corpus.name for corpus in manifest.training.corpora] == ["bach-jsb", "mutopia"]
    habits = bundle.load_ring().habits
    assert habits is not None  # counted on the only piece
    assert any(weights[0] for weights in habits.copying.values())
    # One copy of the weights for both signatures, a byte each.
    assert len(bundle.content) < 1.5 * manifest.parameters + 100_000


def test_pieces_too_short_to_prove_anything_are_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The ring has to wrap while the model is checked."""
    run = REPOSITORY / "training" / "runs" / "extend-small"
    code = cli.main([str(run), "-o", str(tmp_path / "b"), "--shards", str(shards(tmp_path, 30))])
    assert code == 2
    assert "is longer than its memory of 256 tokens" in capfd.readouterr().err
    assert not (tmp_path / "b").exists()
