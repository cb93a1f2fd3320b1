"""A Transformer-XL to a model with a ring: weights in int8, activations in float.

Full int8 was measured to lose a third of a nat a token, weights alone 0.0002.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from converters.bundles import PARITY_TOLERANCE_NATS, Description, manifest_of
from converters.conversion import Conversion
from firmware.errors import BundleTensorError, ConfigError
from firmware.inference.manifest import Provenance
from firmware.inference.ring import NEXT_SIGNATURE, READ_SIGNATURE, RingModel
from firmware.inference.sampling import log_softmax
from firmware.music.tokens import TOKEN_ENCODING
from firmware.parameters import Technique
from training.config import TokenTrainConfig
from training.continuations import STYLES
from training.models.transformer_xl import TransformerConfig, TransformerXL, multiply_adds
from training.runs import load_transformer
from training.shards import TokenPiece
from training.token_figures import said_by_float, said_by_ring
from training.token_habits import count_habits

CHUNK: Final = 64
"""Tokens that `read` takes at once."""

GOLDEN_TOLERANCE: Final = 0.1
"""Most that a logit may differ: sums in another order round some activations differently. Emulated
Cortex-A72 and A76 cores are 0.04 from an x86-64 processor; int8 is 0.4 from what was trained."""

STYLE_KEY: Final = "style"
"""Parameter that says in whose manner the music goes on."""

_JUDGED_TOKENS: Final = 512
_GOLDEN_TOKENS: Final = 32


def convert_transformer(
    run: Path,
    pieces: Sequence[TokenPiece],
    training: Provenance,
    *,
    styles: Sequence[str],
    name: str,
    title: str,
) -> Conversion:
    """Convert the run of a Transformer-XL.

    Args:
        run: The run folder.
        pieces: Of the validation split: the longest is what it is compared on, and in all of
            them it is counted how surely music goes on repeating, or resting.
        training: Where the weights come from.
        styles: What the weights were chosen by: what it is for.
        name: The bundle's name.
        title: What the player reads.

    Raises:
        ContinuoError: If the run is not one, or the model says something else than the float one.
    """
    network = load_transformer(run)
    content = _content(network)
    description = Description(
        name=name,
        title=title,
        technique=Technique.EXTEND,
        architecture="transformer-xl",
        genre=", ".join(styles),
        encoding=TOKEN_ENCODING,
        parameters=network.step_graph().count_params(),
        mmac=multiply_adds(network.config) / 1e6,
        training=training,
        golden_tolerance=GOLDEN_TOLERANCE,
        serves={STYLE_KEY: tuple(styles)},
    )
    manifest = manifest_of(content, description)
    model = RingModel(content, manifest)
    piece = _judged(pieces, network.config)
    found = said_by_ring(model, piece)
    divergence = _divergence(said_by_float(network, piece), found)
    habits = count_habits(model, pieces, styles=styles)
    return Conversion(
        content=content,
        manifest=replace(manifest, habits=habits.to_json()),
        golden=_golden(model, piece),
        finding=f"quantized differs from float by {divergence:.4f} nats a token",
    )


def styles_of(config: TokenTrainConfig) -> tuple[str, ...]:
    """The player's styles that a training's weights are chosen by: what they are good for."""
    judged = {kind.partition(":")[0] for kind in config.judged_by}
    return tuple(style for style in STYLES if style in judged)


def _content(network: TransformerXL) -> bytes:
    """The flatbuffer, its two signatures sharing the weights."""
    graphs = {NEXT_SIGNATURE: network.step_graph(), READ_SIGNATURE: network.step_graph(CHUNK)}
    archive = keras.export.ExportArchive()
    for graph in graphs.values():
        archive.track(graph)
    for name, graph in graphs.items():
        signature = {t.name: tf.TensorSpec(t.shape, t.dtype, name=t.name) for t in graph.inputs}
        archive.add_endpoint(name, graph, input_signature=[signature])
    with tempfile.TemporaryDirectory() as folder:
        archive.write_out(folder, verbose=False)
        # The first signature becomes what the interpreter runs by itself.
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=sorted(graphs))
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        # tflite-runtime 2.14 knows dense layers with one scale only.
        converter._experimental_disable_per_channel_quantization_for_dense_layers = True  # noqa: SLF001
        content: bytes = converter.convert()
    return content


def _judged(pieces: Sequence[TokenPiece], config: TransformerConfig) -> TokenPiece:
    """The longest piece, which must be longer than the ring for it to wrap."""
    longest = max(pieces, key=lambda piece: len(piece.tokens), default=None)
    if longest is None or len(longest.tokens) <= config.memory + _GOLDEN_TOKENS:
        raise ConfigError(
            f"no piece to check the model on is longer than its memory of {config.memory} tokens"
        )
    count = max(_JUDGED_TOKENS, config.memory + 2 * _GOLDEN_TOKENS)
    return longest.cut(count)


def _divergence(wanted: NDArray[np.float32], found: NDArray[np.float32]) -> float:
    """Mean Kullback-Leibler divergence from the float model a token, in nats.

    Raises:
        BundleTensorError: If it is above `PARITY_TOLERANCE_NATS`.
    """
    float_says, ring_says = log_softmax(wanted), log_softmax(found)
    each = np.sum(np.exp(float_says) * (float_says - ring_says), axis=-1)
    divergence = float(np.mean(each))
    if not divergence <= PARITY_TOLERANCE_NATS:
        raise BundleTensorError(
            f"the quantized model differs from the float model by {divergence:.4f} nats a token, "
            f"{PARITY_TOLERANCE_NATS:g} are allowed"
        )
    return divergence


def _golden(model: RingModel, piece: TokenPiece) -> dict[str, NDArray[Any]]:
    """A prompt that fills the ring, then tokens that overwrite it. See `RingModel.replay`."""
    tokens = piece.tokens[: model.memory + _GOLDEN_TOKENS].tolist()
    prompt = len(tokens) - _GOLDEN_TOKENS
    reader = model.begin(style=piece.style, texture=piece.texture)
    logits = [reader.read(tokens[:prompt])]
    logits += [reader.read([token]) for token in tokens[prompt:]]
    return {
        "tokens": np.array(tokens, np.uint16),
        "prompt": np.array(prompt),
        "style": np.array(piece.style),
        "texture": np.array(piece.texture),
        "logits": np.stack(logits),
    }
