"""An AR-CNN to a full-integer model."""

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from converters.bundles import Description, check_parity, manifest_of, signatures_of
from converters.calibration import calibration_windows
from converters.conversion import Conversion
from converters.quantize import quantize
from firmware.inference.manifest import Manifest, Provenance
from firmware.inference.runtime import InterpreterModel
from firmware.music.encoding import CHORALE_ENCODING
from firmware.parameters import Technique
from training.corpora import ChoraleCorpora
from training.models.arcnn import multiply_adds
from training.runs import load_model

CALIBRATION_WINDOWS: Final = 192
PARITY_WINDOWS: Final = 24
GOLDEN_WINDOWS: Final = 2
INPUT_NAME: Final = "planes"
GOLDEN_TOLERANCE_STEPS: Final = 1
"""Most that an output may differ, in quantization steps."""

_SEED: Final = 5


def convert_chorales(
    run: Path, corpora: ChoraleCorpora, training: Provenance, *, name: str, title: str
) -> Conversion:
    """Convert the run of an AR-CNN.

    Args:
        run: The run folder.
        corpora: What the calibration draws from: the training split.
        training: Where the weights come from.
        name: The bundle's name.
        title: What the player reads.

    Raises:
        ContinuoError: If the run is not one, or the model says something else than the float one.
    """
    net = load_model(run)
    windows = CALIBRATION_WINDOWS + PARITY_WINDOWS + GOLDEN_WINDOWS
    planes, masked = calibration_windows(corpora.train, corpora.synthetic, windows, seed=_SEED)
    judged = slice(-PARITY_WINDOWS, None)
    content = quantize(net, {INPUT_NAME: planes[GOLDEN_WINDOWS:-PARITY_WINDOWS]})
    description = Description(
        name=name,
        title=title,
        technique=Technique.ENHANCE,
        architecture="arcnn",
        genre="bach",
        encoding=CHORALE_ENCODING,
        parameters=sum(int(np.prod(weight.shape)) for weight in net.trainable_weights),
        mmac=multiply_adds(net) / 1e6,
        training=training,
        golden_tolerance=GOLDEN_TOLERANCE_STEPS * _largest_step(content),
    )
    manifest = manifest_of(content, description)
    model = InterpreterModel(content, manifest)
    expected = net.predict_on_batch({INPUT_NAME: planes[judged]})["pitch_logits"]
    divergence = check_parity(expected, model, planes[judged], masked[judged])
    return Conversion(
        content=content,
        manifest=manifest,
        golden=_golden(manifest, model, planes[:GOLDEN_WINDOWS]),
        finding=f"int8 differs from float by {divergence:.4f} nats a masked cell",
    )


def _largest_step(content: bytes) -> float:
    """The largest quantization step of an output."""
    (signature,) = signatures_of(content)
    return max(tensor.scale for tensor in signature.outputs)


def _golden(
    manifest: Manifest, model: InterpreterModel, planes: NDArray[np.float32]
) -> dict[str, NDArray[Any]]:
    outputs = [model.run(**{INPUT_NAME: window}) for window in planes]
    return {f"input_{INPUT_NAME}": planes} | {
        f"output_{tensor.name}": np.stack([output[tensor.name] for output in outputs])
        for tensor in manifest.signatures[0].outputs
    }
