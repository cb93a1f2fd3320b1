"""From the folder of a training run to a bundle, with every check on the way."""

import os
import subprocess
from pathlib import Path
from typing import Final

from rich.console import Console

from converters.bands import convert_band
from converters.bundles import write_bundle
from converters.chorales import convert_chorales
from converters.conversion import Conversion, Precision
from converters.licences import corpora_named
from converters.transformers import convert_transformer, styles_of
from firmware.errors import BundleError, ModelRuntimeError
from firmware.inference.bundle import Replay, read_bundle, replay_golden
from firmware.inference.manifest import Provenance
from training.band.shards import BAND_SHARDS, read_band_shard
from training.cli import SHARDS
from training.config import BandTrainConfig, TokenTrainConfig
from training.corpora import corpora_folder, read_chorales
from training.runs import RunRecord, read_record
from training.shards import read_shard, shard_path

_REPLAY: Final = """
import sys
from pathlib import Path
from firmware.inference.bundle import read_bundle, replay_golden
found = replay_golden(read_bundle(Path(sys.argv[1])), runtime=sys.argv[2])
print(found.difference, found.allowed)
"""


def convert(
    run: Path,
    *,
    name: str,
    title: str,
    corpora: Path | None,
    shards: Path | None,
    precision: Precision = Precision.HALF,
) -> Conversion:
    """Convert a run.

    Args:
        run: The run folder.
        name: The bundle's name.
        title: What the player reads; empty for what its kind is called.
        corpora: Folder of the corpora, for what is calibrated on chorales.
        shards: Folder of the shards that it learned from; None for where they usually are.
        precision: What the numbers of a band are; the other kinds have no choice.

    Raises:
        ContinuoError: If the run is not one, the licence of a corpus is not known, or the
            model is not what was trained.
    """
    record = read_record(run)
    config = record.config
    own = config.genres if isinstance(config, BandTrainConfig) else ()
    training = Provenance(
        corpora=corpora_named(record.corpora, own=own),
        revision=record.git_revision,
        seed=config.seed,
        steps=_steps(record),
        backend=record.backend,
    )
    if isinstance(config, TokenTrainConfig):
        tokens = read_shard(shard_path(shards or SHARDS, "valid"))
        styles = styles_of(config)
        title = title or (f"{styles[0].capitalize()} alone" if len(styles) == 1 else "All styles")
        return convert_transformer(run, tokens, training, styles=styles, name=name, title=title)
    if isinstance(config, BandTrainConfig):
        pieces = read_band_shard(shard_path(shards or BAND_SHARDS, "train"))
        return convert_band(run, pieces, training, name=name, title=title, precision=precision)
    chorales = read_chorales(corpora_folder(corpora))
    return convert_chorales(run, chorales, training, name=name, title=title or "Bach chorale")


def _steps(record: RunRecord) -> int:
    """Updates of the weights, those of the runs that it started from as well."""
    before = record.config.starts_from
    return record.config.steps + (_steps(read_record(Path(before))) if before else 0)


def check_golden(folder: Path, *, other_python: Path | None = None) -> dict[str, Replay]:
    """Replay a bundle's golden arrays.

    Args:
        folder: The bundle.
        other_python: A Python that has tflite-runtime, to replay them there too.

    Returns:
        What was found, by runtime.

    Raises:
        BundleError: If they differ by more than is allowed.
    """
    found = {"litert": replay_golden(read_bundle(folder), runtime="litert")}
    if other_python is not None:
        found["tflite-runtime"] = _replayed_by(other_python, folder, "tflite-runtime")
    for runtime, replay in found.items():
        if not replay.passed:
            raise BundleError(
                f"{runtime} differs from the golden arrays by {replay.difference:.3f}, "
                f"{replay.allowed:.3f} is allowed"
            )
    return found


def main(
    run: Path,
    output: Path,
    *,
    title: str,
    corpora: Path | None,
    shards: Path | None,
    other_python: Path | None,
    precision: Precision = Precision.HALF,
) -> None:
    """Convert, write and check, with a sign of life, and tell what came out."""
    console = Console(highlight=False, soft_wrap=True)
    with console.status("converting and checking (about half a minute)"):
        done = convert(
            run,
            name=output.name,
            title=title,
            corpora=corpora,
            shards=shards,
            precision=precision,
        )
        write_bundle(output, done.content, done.manifest, done.golden)
        replays = check_golden(output, other_python=other_python)
    manifest = done.manifest
    console.print(
        f"{output}: {len(done.content) / 1024:.0f} KiB, {manifest.parameters:,} parameters, "
        f"{manifest.mmac:g} million multiply-adds a pass"
    )
    console.print(done.finding)
    for runtime, replay in replays.items():
        console.print(
            f"golden arrays with {runtime}: differ by {replay.difference:.3f} "
            f"({replay.allowed:.3f} is allowed)"
        )


def _replayed_by(python: Path, bundle: Path, runtime: str) -> Replay:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    try:
        done = subprocess.run(  # noqa: S603 (the person named this Python)
            (str(python), "-c", _REPLAY, str(bundle.resolve()), runtime),
            capture_output=True,
            text=True,
            check=True,
            env=environment,
        )
    except OSError as error:
        raise ModelRuntimeError(f"{python} cannot be run: {error.strerror}") from error
    except subprocess.CalledProcessError as error:
        reason = (error.stderr.strip() or "no output").splitlines()[-1]
        raise ModelRuntimeError(f"{python} failed with {runtime}: {reason}") from error
    difference, allowed = map(float, done.stdout.split())
    return Replay(difference=difference, allowed=allowed)
