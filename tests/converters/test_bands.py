"""A band's run becomes a bundle that plays, and that says what the trained network says."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="converting needs TensorFlow, the extra 'training'")

from firmware.errors import BundleTensorError
from firmware.inference.band import input_shapes, output_shapes
from firmware.inference.bundle import Bundle, read_bundle, replay_golden
from firmware.music.band import BAND_ENCODING as SPEC
from firmware.music.notes import Melody, Note
from firmware.parameters import Technique, parameters_for
from firmware.techniques import generate
from firmware.techniques.progress import finish

REPOSITORY = Path(__file__).parents[2]
BUNDLES = ("unet-int8", "unet-weights", "musegan-float")

# Makes runs of untrained small networks, which play no matter what, and converts them: one
# process, since TensorFlow takes seconds to start and must not see pytest's rule that a warning
# is an error.
MAKE = """
import os, sys
os.environ["KERAS_BACKEND"] = "tensorflow"
from dataclasses import replace
from pathlib import Path
import keras
import numpy as np
from converters import bands
from converters.cli import main
from firmware.music.band import BAND_ENCODING, BandNote, Role
from training.band.shards import BandPiece, write_band_shard
from training.config import recipe
from training.models.band_unet import BandUnetConfig
from training.models.musegan import MuseganConfig
from training.runs import RunRecord, WEIGHTS_FILE, load_band, save_weights, write_record

folder = Path(sys.argv[1])
rng = np.random.default_rng(3)

def piece(genre, number):
    pitches = {role: range(40, 90) for role in Role} | {Role.DRUMS: range(9)}
    notes = [
        BandNote(role, at, at + 4, int(rng.choice(pitches[role])))
        for role in Role
        for at in range(0, 128, 4)
    ]
    return BandPiece(
        corpus="polka" if genre == "polka" else "bach-jsb", name=f"{genre}/{number}", genre=genre,
        notes=tuple(notes), beats_per_bar=4, steps=128,
    )

pieces = [piece(genre, number) for genre in ("rock", "polka") for number in range(3)]
write_band_shard(folder / "shards" / "train.npz", pieces)
bands.CALIBRATION_WINDOWS = 12
bands.PARITY_WINDOWS = 6
NETS = {
    "unet": BandUnetConfig(level_widths=(8, 8, 8, 8), bottom_width=16, drum_width=16),
    "musegan": MuseganConfig(
        latent_width=16, melody_widths=(8, 8, 8, 8), track_widths=(8, 8, 8, 8), drum_track_width=8
    ),
}
codes = []
for name, net in NETS.items():
    keras.utils.set_random_seed(0)
    config = replace(recipe(name), net=net, genres=("rock", "polka"))
    record = RunRecord(
        config=config, encoding=BAND_ENCODING.fingerprint(), git_revision="0" * 40,
        backend="tensorflow", corpora=("bach-jsb", "polka"),
    )
    run = folder / f"run-{name}"
    write_record(run, record)
    from training.runs import build_band
    network = build_band(config)
    for layer in network.layers:
        if layer.weights and (layer.name == "band" or layer.name.endswith("_say")):
            layer.kernel.assign(0.3 * np.asarray(layer.kernel))
    save_weights(network, run / WEIGHTS_FILE)
for bundle in sys.argv[2:]:
    name, precision = bundle.split("-")
    run, shards = str(folder / f"run-{name}"), str(folder / "shards")
    codes.append(
        main([run, "-o", str(folder / bundle), "--precision", precision, "--shards", shards])
    )
sys.exit(max(codes))
"""


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bundles of two small networks that know two genres, one of them a trainer's own."""
    folder = tmp_path_factory.mktemp("bands")
    done = subprocess.run(
        (sys.executable, "-c", MAKE, str(folder), *BUNDLES),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )
    assert done.returncode == 0, done.stderr
    (folder / "said").write_text(done.stdout)
    return folder


@pytest.fixture(params=BUNDLES)
def bundle(request: pytest.FixtureRequest, folder: Path) -> Bundle:
    """Each of them."""
    return read_bundle(folder / request.param)


def test_the_bundle_passes_every_check_of_the_firmware(bundle: Bundle) -> None:
    assert replay_golden(bundle).passed


def test_inputs_and_outputs_have_their_names_and_shapes(bundle: Bundle) -> None:
    (signature,) = bundle.manifest.signatures
    dtype = "int8" if bundle.manifest.name.endswith("int8") else "float32"
    for tensors, shapes in (
        (signature.inputs, input_shapes()),
        (signature.outputs, output_shapes()),
    ):
        assert {t.name: t.shape for t in tensors} == {
            name: (1, *shape) for name, shape in shapes.items()
        }
        assert {t.dtype for t in tensors} == {dtype}


def test_the_manifest_says_what_it_serves_in_the_order_of_the_networks_slots(
    bundle: Bundle,
) -> None:
    manifest = bundle.manifest
    architecture = manifest.name.split("-")[0]
    assert manifest.technique is Technique.ACCOMPANY
    assert manifest.serves == {"model": (architecture,), "genre": ("rock", "polka")}
    assert (manifest.architecture, manifest.title) == (architecture, "Rock, polka")
    assert manifest.is_for(
        parameters_for(Technique.ACCOMPANY, {"model": architecture, "genre": "polka"})
    )
    licences = {corpus.name: corpus.licence for corpus in manifest.training.corpora}
    assert "the trainer's own" in licences["polka"]
    assert "J. S. Bach" in licences["bach-jsb"]
    assert 1000 < manifest.parameters < 1_000_000
    assert 0 < manifest.mmac < 100


def test_it_puts_a_band_around_a_melody(bundle: Bundle) -> None:
    notes = tuple(
        Note(start_ticks=480 * at, pitch=60 + at % 8, duration_ticks=480) for at in range(24)
    )
    melody = Melody(notes=notes)
    model = bundle.load()
    compositions = [
        finish(
            generate(
                melody,
                parameters_for(
                    Technique.ACCOMPANY,
                    {"model": bundle.manifest.architecture, "genre": genre, "creative_risk": 2},
                ),
                model,
                np.random.default_rng(0),
            )
        )
        for genre in ("rock", "polka")
    ]
    for composition in compositions:
        assert composition.tracks[0].notes == melody.notes
        assert sum(len(track.notes) for track in composition.tracks[1:]) > 20
    assert compositions[0] != compositions[1]


def test_the_command_says_how_far_it_is_from_the_trained_network(folder: Path) -> None:
    said = (folder / "said").read_text().strip().splitlines()
    assert len(said) == 3 * len(BUNDLES)
    for name, line in zip(BUNDLES, said[1::3], strict=True):
        precision = name.split("-")[1]
        assert line.startswith(f"in {precision} it differs from the trained network by ")
        divergence = float(line.split(" by ")[1].split()[0])
        assert divergence < {"int8": 0.2, "weights": 0.05, "float": 1e-4}[precision]
        alike = float(line.split("; ")[1].split("%")[0])
        # Networks that nobody trained are sure of nothing, and eight bits tip what is close.
        assert alike > 99.5 or precision != "float"


def test_tflite_runtime_plays_it_too(folder: Path) -> None:
    named = os.environ.get("CONTINUO_TFLITE_PYTHON")
    python = Path(named) if named else REPOSITORY / ".venv-tflite" / "bin" / "python"
    if not python.exists():
        pytest.skip(
            "no Python with tflite-runtime: neither .venv-tflite nor CONTINUO_TFLITE_PYTHON"
        )
    code = (
        "import sys; from pathlib import Path\n"
        "from firmware.inference.bundle import read_bundle, replay_golden\n"
        "for name in sys.argv[1:]:\n"
        "    print(replay_golden(read_bundle(Path(name)), runtime='tflite-runtime').passed)"
    )
    bundles = [str(folder / name) for name in BUNDLES]
    done = subprocess.run(
        (str(python), "-c", code, *bundles),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )
    assert done.stdout.split() == ["True"] * 3, done.stderr


def test_what_is_no_band_is_refused(folder: Path, tmp_path: Path) -> None:
    """A manifest without genres, and one whose model is another kind's."""
    bundle = read_bundle(folder / "unet-int8")
    with pytest.raises(BundleTensorError, match="reads the rolls of a band, not tokens"):
        bundle.load_ring()
    manifest = bundle.folder / "manifest.json"
    text = manifest.read_text()
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "model.tflite").write_bytes(bundle.content)
    genres = text[text.index('"genre": [') :]
    (broken / "manifest.json").write_text(
        text.replace(f",\n    {genres[: genres.index(']') + 1]}", "")
    )
    with pytest.raises(
        BundleTensorError, match=rf"serves 0 genres, a band has 1\.\.{SPEC.genre_slots}"
    ):
        read_bundle(broken).load()
