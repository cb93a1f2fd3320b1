"""From the folder of a training run to a bundle, with every check on the way."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from rich.console import Console

from converters.bundles import Description, check_parity, write_bundle
from converters.calibration import calibration_windows
from converters.licences import corpora_named
from converters.quantize import INPUT_NAME, quantize
from firmware.errors import BundleError, ModelRuntimeError
from firmware.inference.bundle import golden_difference, read_bundle
from firmware.inference.manifest import Manifest, Provenance
from training.corpora import ChoraleCorpora
from training.models.arcnn import multiply_adds
from training.runs import load_model, read_record

CALIBRATION_WINDOWS: Final = 192
PARITY_WINDOWS: Final = 24
GOLDEN_WINDOWS: Final = 2
_SEED: Final = 5

_REPLAY: Final = """
import sys
from pathlib import Path
from firmware.inference.bundle import golden_difference, read_bundle
print(golden_difference(read_bundle(Path(sys.argv[1])), runtime=sys.argv[2]))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """What became of a run.

    Attributes:
        manifest: The bundle's description.
        model_bytes: Size of the model.
        divergence: Mean divergence of the int8 from the float model a masked cell, in nats.
        golden: Largest difference from the golden arrays, by runtime.
    """

    manifest: Manifest
    model_bytes: int
    divergence: float
    golden: dict[str, float]


def convert(
    run: Path,
    output: Path,
    corpora: ChoraleCorpora,
    *,
    title: str,
    other_python: Path | None = None,
) -> Conversion:
    """Convert a run to a bundle and check it.

    Args:
        run: The run folder.
        output: The bundle's folder; its name becomes the bundle's.
        corpora: What the calibration draws from: the training split.
        title: What the player reads.
        other_python: A Python that has tflite-runtime, to replay the golden arrays there too.

    Raises:
        ContinuoError: If the run is not one, the licence of a corpus is not known, or the
            bundle fails a check.
    """
    record = read_record(run)
    net = load_model(run)
    windows = CALIBRATION_WINDOWS + PARITY_WINDOWS + GOLDEN_WINDOWS
    planes, masked = calibration_windows(corpora.train, corpora.synthetic, windows, seed=_SEED)
    golden, judged = planes[:GOLDEN_WINDOWS], slice(-PARITY_WINDOWS, None)
    content = quantize(net, planes[GOLDEN_WINDOWS:-PARITY_WINDOWS])
    description = Description(
        name=output.name,
        title=title,
        architecture="arcnn",
        genre="bach",
        parameters=sum(int(np.prod(weight.shape)) for weight in net.trainable_weights),
        mmac=multiply_adds(net) / 1e6,
        training=Provenance(
            corpora=corpora_named(record.corpora),
            revision=record.git_revision,
            seed=record.config.seed,
            steps=record.config.steps,
            backend=record.backend,
        ),
    )
    manifest = write_bundle(output, content, description, golden)
    bundle = read_bundle(output)
    expected = net.predict_on_batch({INPUT_NAME: planes[judged]})["pitch_logits"]
    divergence = check_parity(expected, bundle.load(), planes[judged], masked[judged])
    differences = {"litert": golden_difference(bundle, runtime="litert")}
    if other_python is not None:
        differences["tflite-runtime"] = _replayed_by(other_python, output, "tflite-runtime")
    for runtime, difference in differences.items():
        if difference > manifest.golden_tolerance:
            raise BundleError(
                f"{runtime} differs from the golden arrays by {difference:.3f}, "
                f"{manifest.golden_tolerance:.3f} is allowed"
            )
    return Conversion(
        manifest=manifest,
        model_bytes=len(content),
        divergence=divergence,
        golden=differences,
    )


def main(
    run: Path, output: Path, corpora: ChoraleCorpora, *, title: str, other_python: Path | None
) -> None:
    """Convert, with a sign of life, and tell what came out."""
    console = Console(highlight=False, soft_wrap=True)
    with console.status("calibrating and converting to int8 (about half a minute)"):
        done = convert(run, output, corpora, title=title, other_python=other_python)
    manifest = done.manifest
    console.print(
        f"{output}: {done.model_bytes / 1024:.0f} KiB, {manifest.parameters:,} parameters, "
        f"{manifest.mmac:g} million multiply-adds a pass"
    )
    console.print(f"int8 differs from float by {done.divergence:.4f} nats a masked cell")
    for runtime, difference in done.golden.items():
        console.print(
            f"golden arrays with {runtime}: differ by {difference:.3f} "
            f"({manifest.golden_tolerance:.3f} is allowed)"
        )


def _replayed_by(python: Path, bundle: Path, runtime: str) -> float:
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
    return float(done.stdout)
