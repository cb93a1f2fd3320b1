"""Run folders: what a training leaves behind, and how a model is made from one.

A run folder holds `config.json` (configuration, encoding fingerprint, git revision),
`metrics.csv`, `loss.png`, TensorBoard's `events.*` and `model.weights.npz`: the weights
that were best on the validation split. `checkpoint.*` is there to resume from and may be
deleted afterwards.
"""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np

from firmware.errors import ConfigError
from firmware.music.band import BAND_ENCODING, BandSpec
from firmware.music.encoding import CHORALE_ENCODING, EncodingSpec
from firmware.music.tokens import TOKEN_ENCODING, TokenSpec
from training.config import (
    BandTrainConfig,
    ChoraleTrainConfig,
    Config,
    Recipe,
    TokenTrainConfig,
    from_json,
    to_json,
)
from training.models import arcnn, band_unet, musegan
from training.models.musegan import MuseganConfig
from training.models.transformer_xl import TransformerXL

CONFIG_FILE: Final = "config.json"
METRICS_FILE: Final = "metrics.csv"
PLOT_FILE: Final = "loss.png"
WEIGHTS_FILE: Final = "model.weights.npz"
PROGRESS_FILE: Final = "checkpoint.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """What a run folder says about its training.

    Attributes:
        config: The configuration, seed included.
        encoding: Fingerprint of the encoding it was trained for.
        git_revision: Revision of the code, or "unknown".
        backend: Keras backend that trained it.
        corpora: Names of the corpora that it saw.
    """

    config: Recipe
    encoding: str
    git_revision: str
    backend: str
    corpora: tuple[str, ...]


def write_record(run: Path, record: RunRecord) -> None:
    """Make the run folder and write its `config.json`."""
    run.mkdir(parents=True, exist_ok=True)
    (run / CONFIG_FILE).write_text(json.dumps(to_json(record), indent=1) + "\n")


def read_record(run: Path) -> RunRecord:
    """Read a run folder's `config.json`.

    Raises:
        ConfigError: If there is none, or it is not one.
    """
    path = run / CONFIG_FILE
    try:
        return from_json(RunRecord, json.loads(path.read_text()))
    except OSError as error:
        raise ConfigError(
            f"{run} is not the folder of a training run: it has no {CONFIG_FILE}",
            remedy="python -m training train makes one",
        ) from error
    except json.JSONDecodeError as error:
        raise ConfigError(f"{path} is not JSON: {error}") from error


def open_run(run: Path, record: RunRecord) -> None:
    """Make the run folder, or find the run in it that the record describes.

    Raises:
        ConfigError: If the folder holds a run of another configuration.
    """
    if not (run / CONFIG_FILE).exists():
        write_record(run, record)
        return
    found = read_record(run)
    if found.config != record.config or found.encoding != record.encoding:
        raise ConfigError(
            f"{run} holds a run of another configuration",
            remedy="name another folder with --run, or delete this one",
        )


def load_model(run: Path, *, spec: EncodingSpec = CHORALE_ENCODING) -> keras.Model:
    """Rebuild the trained float model of a run folder.

    Args:
        run: The run folder.
        spec: The encoding that the model must have been trained for.

    Returns:
        The model of `training.models.arcnn.build`, in float32, made of plain layers.

    Raises:
        ConfigError: If the folder is no run of an AR-CNN, or its encoding is another one.
    """
    config = _config_of(run, ChoraleTrainConfig, spec, what="AR-CNN", recipe="bach-arcnn")
    model = arcnn.build(config.net, spec=spec)
    load_weights(model, run / WEIGHTS_FILE)
    return model


def load_transformer(run: Path, *, spec: TokenSpec = TOKEN_ENCODING) -> TransformerXL:
    """Rebuild the trained Transformer-XL of a run folder.

    Args:
        run: The run folder.
        spec: The encoding that it must have been trained for.

    Returns:
        The network in float32, of which any graph can be made.

    Raises:
        ConfigError: If the folder is no run of a Transformer-XL, or its encoding is another one.
    """
    config = _config_of(run, TokenTrainConfig, spec, what="Transformer-XL", recipe="extend-xl")
    network = TransformerXL(config.net, spec=spec)
    load_weights(network.training_graph(2), run / WEIGHTS_FILE)
    return network


def load_band(run: Path, *, spec: BandSpec = BAND_ENCODING) -> tuple[keras.Model, BandTrainConfig]:
    """Rebuild the trained generator of a run folder.

    Args:
        run: The run folder.
        spec: The encoding that it must have been trained for.

    Returns:
        The network in float32, made of plain layers, and the configuration of its training,
        which names its genres in the order of its slots.

    Raises:
        ConfigError: If the folder is no run of a band, or its encoding is another one.
    """
    config = _config_of(run, BandTrainConfig, spec, what="band", recipe="musegan or unet")
    model = build_band(config, spec=spec)
    load_weights(model, run / WEIGHTS_FILE)
    return model, config


def build_band(config: BandTrainConfig, *, spec: BandSpec = BAND_ENCODING) -> keras.Model:
    """The generator that a configuration describes."""
    if isinstance(config.net, MuseganConfig):
        return musegan.build(config.net, spec=spec)
    return band_unet.build(config.net, spec=spec)


def save_weights(model: keras.Model, path: Path) -> None:
    """Write a model's weights by the names of its layers.

    Kernels are stored in half precision: it halves the file and moves the figures by less
    than the fifth decimal.
    """
    arrays: dict[str, Any] = {}
    for variable in _weights(model).values():
        array = np.asarray(variable.numpy(), dtype=np.float32)
        arrays[variable.path] = array.astype(np.float16) if array.ndim > 1 else array
    fresh = path.with_name(f"new-{path.name}")
    np.savez_compressed(fresh, **arrays)
    fresh.replace(path)


def load_weights(model: keras.Model, path: Path) -> None:
    """Read what `save_weights` wrote into a model with layers of the same names.

    Raises:
        ConfigError: If the file is missing or is another network's.
    """
    try:
        with np.load(path) as arrays:
            found = {name: arrays[name].astype(np.float32) for name in arrays.files}
    except OSError as error:
        raise ConfigError(
            f"there are no weights at {path}", remedy="python -m training train makes them"
        ) from error
    variables = _weights(model)
    if set(found) != set(variables):
        odd = sorted(set(found) ^ set(variables))
        raise ConfigError(f"{path} does not hold this network's weights: {odd[0]} is in only one")
    for name, variable in variables.items():
        variable.assign(found[name])


def _config_of(
    run: Path,
    kind: type[Config],
    spec: EncodingSpec | TokenSpec | BandSpec,
    *,
    what: str,
    recipe: str,
) -> Config:
    """A run's configuration, once it is seen to be of a kind and for an encoding."""
    record = read_record(run)
    if not isinstance(record.config, kind):
        raise ConfigError(
            f"the run in {run} is of {record.config.name}, which is no {what}",
            remedy=f"name a run of {recipe}",
        )
    if record.encoding != spec.fingerprint():
        raise ConfigError(
            f"the run in {run} was trained for encoding {record.encoding}, "
            f"this code has {spec.fingerprint()}",
            remedy="train it again",
        )
    return record.config


def _weights(model: keras.Model) -> dict[str, keras.Variable]:
    # A dropout layer's random state is a variable too, but no weight.
    return {
        variable.path: variable
        for variable in (*model.trainable_variables, *model.non_trainable_variables)
        if "seed" not in variable.path
    }


def write_checkpoint(
    run: Path, models: Mapping[str, keras.Model], progress: Mapping[str, float]
) -> None:
    """Write what a training goes on from.

    Args:
        run: The run folder.
        models: What is trained, with its optimizer, by a name for its file.
        progress: Where the training stands.
    """
    for name, model in models.items():
        fresh = run / f"new-{_checkpoint_file(name)}"
        model.save_weights(fresh)
        fresh.replace(run / _checkpoint_file(name))
    # The progress file is replaced last: a kill in between repeats some steps.
    fresh = run / f"new-{PROGRESS_FILE}"
    fresh.write_text(json.dumps(dict(progress)) + "\n")
    fresh.replace(run / PROGRESS_FILE)


def read_checkpoint(run: Path, models: Mapping[str, keras.Model]) -> dict[str, float] | None:
    """Read what `write_checkpoint` wrote into the same models; None where nothing is."""
    path = run / PROGRESS_FILE
    if not path.exists():
        return None
    for name, model in models.items():
        if model.compiled:
            model.optimizer.build(model.trainable_variables)
        model.load_weights(run / _checkpoint_file(name))
    progress: dict[str, float] = json.loads(path.read_text())
    return progress


def _checkpoint_file(name: str) -> str:
    return f"checkpoint.{name}.weights.h5"


def git_revision() -> str:
    """Revision of the code, with "+" where the tree has changes, or "unknown"."""
    folder = Path(__file__).parent
    try:
        revision = _git("rev-parse", "HEAD", folder=folder)
        changed = _git("status", "--porcelain", folder=folder)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return revision + ("+" if changed else "")


def _git(*arguments: str, folder: Path) -> str:
    done = subprocess.run(  # noqa: S603 - fixed arguments
        ("git", *arguments),  # noqa: S607 - whichever git the trainer has
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()
