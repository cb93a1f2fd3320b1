"""AR-CNN: fills in masked cells of four-voice music, in any order.

Two branches look at the same window. The *grid* branch is a stack of dilated separable
residual convolutions over time and pitch; it is the same at every pitch, so it knows
intervals. The *context* branch is a stack of dilated convolutions over time alone, on a
vector a time step; it is told the whole pitch axis, so it knows keys, harmony and metre,
and a weight in it costs P times fewer multiplications than one on the grid. The branches
exchange what they know at some of the blocks.

Letters: T time steps, P pitch classes of the grid, C input planes, V voices,
W grid width, D context width, E exchanged planes.

Reference:
    C.-Z. A. Huang et al., "Counterpoint by Convolution" (ISMIR 2017), for the orderless
    task; F. Chollet, "Xception" (CVPR 2017), for the separable convolutions.
"""

import math
from dataclasses import dataclass

import keras
from keras import layers, ops

from firmware.errors import ConfigError
from firmware.music.encoding import CHORALE_ENCODING, EncodingSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class ArcnnConfig:
    """What the network looks like.

    Attributes:
        width: W, channels of the grid branch.
        dilations: For each residual block its two convolutions' dilations, each as
            (time steps, pitches).
        context_width: D, channels of the context branch; 0 leaves that branch out.
        context_planes: E, planes that the branches exchange at each pitch.
        context_blocks: Indices of the residual blocks before which they exchange.
        context_dilations: For each exchange the dilations, in time steps, of its
            convolutions over time.
        dropout: Share of the context branch's values dropped while training.
    """

    width: int = 48
    dilations: tuple[tuple[tuple[int, int], tuple[int, int]], ...] = (
        ((1, 1), (1, 2)),
        ((2, 4), (1, 1)),
        ((4, 8), (1, 2)),
        ((8, 1), (1, 4)),
        ((16, 2), (1, 1)),
    )
    context_width: int = 128
    context_planes: int = 8
    context_blocks: tuple[int, ...] = (1, 3)
    context_dilations: tuple[tuple[int, ...], ...] = ((1, 2, 4), (8, 16, 1))
    dropout: float = 0.1

    def __post_init__(self) -> None:
        if len(self.context_blocks) != len(self.context_dilations):
            raise ConfigError(
                "context_blocks and context_dilations must be equally long, got "
                f"{len(self.context_blocks)} and {len(self.context_dilations)}"
            )


class DenseSeparableConv2D(layers.SeparableConv2D):  # type: ignore[misc]
    """The same layer with the same weights, computed as one dense convolution.

    Nine times the multiplications, but on a GPU's matrix units they cost less than the
    gradient of a depthwise convolution. The exported graph uses the plain layer.
    """

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        """Convolve (B, T, P, W) with "same" zero padding and stride 1."""
        # (3, 3, W, 1) * (1, 1, W, W) -> (3, 3, W in, W out)
        kernel = ops.multiply(self.depthwise_kernel, self.pointwise_kernel)
        return ops.conv(
            inputs,
            ops.cast(kernel, inputs.dtype),
            strides=1,
            padding="same",
            dilation_rate=self.dilation_rate,
        )


def build(  # noqa: C901 - the layers' small functions are counted with it
    config: ArcnnConfig, *, spec: EncodingSpec = CHORALE_ENCODING, dense: bool = False
) -> keras.Model:
    """Build the network.

    Args:
        config: Its sizes.
        spec: The encoding whose tensors it reads and writes.
        dense: Compute separable convolutions as dense ones, for training on a GPU; the
            weights and the function are the same.

    Returns:
        A model from `planes` (T, P, C) to `pitch_logits` (T, P, V), whose softmax over P
        says what stands in a cell, and `attack_logits` (T, P, V), whose sigmoid is the
        probability that a pitch which sounded in the step before is struck again.
    """
    steps, pitches, voices = spec.time_steps, spec.grid_pitches, len(spec.voices)
    planes = keras.Input((steps, pitches, spec.plane_count), name="planes")
    separable_layer = DenseSeparableConv2D if dense else layers.SeparableConv2D

    def normed(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
        return layers.BatchNormalization(momentum=0.98, epsilon=1e-3, name=f"{name}_norm")(x)

    def pointwise(x: keras.KerasTensor, width: int, name: str) -> keras.KerasTensor:
        return normed(layers.Conv2D(width, 1, use_bias=False, name=name)(x), name)

    def separable(x: keras.KerasTensor, dilation: tuple[int, int], name: str) -> keras.KerasTensor:
        x = separable_layer(
            config.width,
            3,
            padding="same",
            dilation_rate=dilation,
            use_bias=False,
            depthwise_initializer="he_normal",
            name=name,
        )(x)
        return normed(x, name)

    def over_time(x: keras.KerasTensor, dilation: int, name: str) -> keras.KerasTensor:
        x = layers.Conv2D(
            config.context_width,
            (3, 1),
            padding="same",
            dilation_rate=(dilation, 1),
            use_bias=False,
            name=name,
        )(x)
        return layers.ReLU(name=f"{name}_relu")(normed(x, name))

    def exchange(
        x: keras.KerasTensor, context: keras.KerasTensor | None, at: int
    ) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        name = f"context{at}"
        told = pointwise(x, config.context_planes, f"{name}_tell")
        told = layers.ReLU(name=f"{name}_tell_relu")(told)
        # (T, P, E) -> (T, 1, P * E): the whole pitch axis becomes one vector a step.
        told = layers.Reshape((steps, 1, pitches * config.context_planes), name=f"{name}_in")(told)
        told = pointwise(told, config.context_width, f"{name}_hear")
        if context is not None:
            told = layers.Add(name=f"{name}_join")([context, told])
        context = layers.ReLU(name=f"{name}_hear_relu")(told)
        for index, dilation in enumerate(config.context_dilations[at]):
            more = over_time(context, dilation, f"{name}_time{index}")
            if config.dropout:
                more = layers.Dropout(config.dropout, name=f"{name}_drop{index}")(more)
            context = layers.Add(name=f"{name}_add{index}")([context, more])
        answer = pointwise(context, pitches * config.context_planes, f"{name}_answer")
        answer = layers.ReLU(name=f"{name}_answer_relu")(answer)
        # (T, 1, P * E) -> (T, P, E): back on the grid.
        answer = layers.Reshape((steps, pitches, config.context_planes), name=f"{name}_out")(answer)
        answer = pointwise(answer, config.width, f"{name}_spread")
        return layers.Add(name=f"{name}_tell_back")([x, answer]), context

    x = layers.ReLU(name="stem_relu")(pointwise(planes, config.width, "stem"))
    context: keras.KerasTensor | None = None
    for block, (first, second) in enumerate(config.dilations):
        if config.context_width and block in config.context_blocks:
            x, context = exchange(x, context, config.context_blocks.index(block))
        y = layers.ReLU(name=f"block{block}_relu")(separable(x, first, f"block{block}a"))
        y = separable(y, second, f"block{block}b")
        x = layers.ReLU(name=f"block{block}_out")(layers.Add(name=f"block{block}_add")([x, y]))
    outputs = {
        name: layers.Conv2D(voices, 1, dtype="float32", name=name)(x)
        for name in ("pitch_logits", "attack_logits")
    }
    return keras.Model({"planes": planes}, outputs, name="arcnn")


def multiply_adds(model: keras.Model) -> int:
    """Count the multiply-adds of one pass through the convolutions of a model."""
    total = 0
    for layer in model.layers:
        if isinstance(layer, layers.Conv2D | layers.SeparableConv2D):
            _, steps, pitches, _ = layer.output.shape
            for weight in layer.weights:
                if len(weight.shape) == 4:  # a kernel, not a bias
                    total += math.prod(weight.shape) * int(steps) * int(pitches)
    return total
