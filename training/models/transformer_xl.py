"""Transformer-XL: the next token of a piece, from what lies up to M tokens back at each layer.

Three graphs share one set of weights. *Training* reads whole windows, in which each token
sees itself and the M before it: exactly what a ring of M remembered keys and values holds,
so nothing has to be stopped, carried or shifted while training. *Step* reads one token and
the ring; it returns the token's own key and value, which the host writes into the ring in
place. *Prefill* reads a chunk of a prompt the same way.

Positions are relative, as the ring demands, but by rotation: keys are stored rotated by
where they stand, so that a score depends on distances alone and the step graph needs no
gather over distances. Part of each head turns with the number of the token, part with
musical time, at the periods of music (a beat, bars of three and four, phrases): a head can
look for "the same place in the bar before" at any tempo and density.

Every token also carries style, texture, its place in the beat, and the chord that sounds
(which a note's duration, written long ago, would otherwise have to be remembered for).

Letters: B batch, T tokens, D width, H heads, E width of a head, M memory, V vocabulary,
P pitches, L layers, R = E / 2 rotated pairs.

Reference:
    Z. Dai et al., "Transformer-XL" (ACL 2019), for the memory; J. Su et al., "RoFormer"
    (2021), for rotation; D. So et al., "Primer" (NeurIPS 2021), for the squared ReLU.
"""

import math
from dataclasses import dataclass

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from firmware.errors import ConfigError
from firmware.inference.ring import HIDDEN
from firmware.music.rotations import MUSICAL_PERIODS, TOKEN_PERIODS
from firmware.music.token_state import CHORD_PLANES
from firmware.music.tokens import TOKEN_ENCODING, TokenSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformerConfig:
    """What the network looks like.

    Attributes:
        layers: L.
        width: D.
        heads: H; a head must be twice as wide as there are periods.
        inner: Width of the feed-forward layers.
        memory: M, tokens that a layer sees beside the present one.
        dropout: Share of values dropped while training.
    """

    layers: int = 6
    width: int = 256
    heads: int = 8
    inner: int = 1024
    memory: int = 512
    dropout: float = 0.1

    def __post_init__(self) -> None:
        pairs = len(MUSICAL_PERIODS) + len(TOKEN_PERIODS)
        if self.width != self.heads * 2 * pairs:
            raise ConfigError(f"width must be {2 * pairs} a head, got {self.width}")

    @property
    def head_width(self) -> int:
        """E."""
        return self.width // self.heads


def multiply_adds(config: TransformerConfig, *, spec: TokenSpec = TOKEN_ENCODING) -> int:
    """Count the multiply-adds of one token with a full memory; tables only look up."""
    width = config.width
    dense = 4 * width * width + 2 * width * config.inner
    attention = 2 * (config.memory + 1) * width
    borders = (CHORD_PLANES * spec.pitches + spec.vocabulary) * width
    return config.layers * (dense + attention) + borders


class TransformerXL:
    """The weights, and the graphs made of them.

    Args:
        config: Sizes.
        spec: The encoding whose tokens it reads and writes.
    """

    def __init__(self, config: TransformerConfig, *, spec: TokenSpec = TOKEN_ENCODING) -> None:
        self.config = config
        self.spec = spec
        width = config.width

        def table(rows: int, name: str) -> layers.Layer:
            return layers.Embedding(
                rows,
                width,
                embeddings_initializer=_normal(0.5 / math.sqrt(width)),
                name=f"{name}_table",
            )

        self._token = table(spec.vocabulary, "token")
        self._style = table(len(spec.styles), "style")
        self._texture = table(len(spec.textures), "texture")
        self._position = table(spec.beat_resolution, "position")
        self._chord = _dense(width, "chord_in", width)
        self._blocks = [_Block(config, number) for number in range(config.layers)]
        self._last_norm = layers.RMSNormalization(epsilon=1e-5, name="last_norm")
        self._logits = layers.Dense(spec.vocabulary, dtype="float32", name="logits")
        self._drop = layers.Dropout(config.dropout, name="embedded_drop")

    def training_graph(self, tokens: int) -> keras.Model:
        """The graph that reads windows of T tokens.

        Inputs are the tokens (B, T), the state after each of them as in `TokenFeatures`,
        and style and texture (B,); the output is `logits` (B, T, V) for the token after.
        """
        spec, config = self.spec, self.config
        names = ("tokens", "positions", "time_steps", "note_pitches", "note_ends")
        inputs = {name: keras.Input((tokens,), dtype="int32", name=name) for name in names}
        inputs |= {
            name: keras.Input((), dtype="int32", name=name) for name in ("styles", "textures")
        }
        chord = _ChordOfNotes(spec.pitches, spec.beat_resolution, name="chord_of_notes")(
            inputs["time_steps"], inputs["note_pitches"], inputs["note_ends"]
        )
        x = self._embed(
            inputs["tokens"],
            inputs["positions"],
            chord,
            ops.expand_dims(inputs["styles"], 1),
            ops.expand_dims(inputs["textures"], 1),
        )
        x = self._drop(x)
        turn = _Turn(name="turn")(inputs["time_steps"])
        number = np.arange(tokens)
        distance = number[:, None] - number[None, :]
        hidden = np.where((distance < 0) | (distance > config.memory), HIDDEN, 0.0)
        for block in self._blocks:
            x = block.over_window(x, turn, hidden.astype(np.float32))
        return keras.Model(inputs, self._logits(self._last_norm(x)), name="transformer_xl")

    def step_graph(self, tokens: int = 1) -> keras.Model:
        """The graph that reads the next tokens beside a ring of what came before.

        Args:
            tokens: How many are read at once: 1 to generate, more to read a prompt.

        Returns:
            A model of batch 1. Inputs: `tokens`, `positions` (T,), `chord` (T, 2·P),
            `style`, `texture` (1,), `rotation` (T, 2, R), `hidden` (T, M), which is 0 where
            a token sees the ring and `HIDDEN` where a slot is empty or too far back, and
            for each layer l the rings `keys_l` (H, E, M) and `values_l` (H, M, E).
            Outputs: `logits` (T, V), and of these tokens `keys` (L, H, E, T) and `values`
            (L, H, T, E).
        """
        spec, config = self.spec, self.config
        heads, memory, wide = config.heads, config.memory, config.head_width
        shapes: dict[str, tuple[tuple[int, ...], str]] = {
            "tokens": ((tokens,), "int32"),
            "positions": ((tokens,), "int32"),
            "chord": ((tokens, CHORD_PLANES * spec.pitches), "float32"),
            "style": ((1,), "int32"),
            "texture": ((1,), "int32"),
            "rotation": ((tokens, 2, wide // 2), "float32"),
            "hidden": ((tokens, memory), "float32"),
        }
        for number in range(config.layers):
            shapes[f"keys_{number}"] = ((heads, wide, memory), "float32")
            shapes[f"values_{number}"] = ((heads, memory, wide), "float32")
        inputs = {
            name: keras.Input(batch_shape=shape, dtype=dtype, name=name)
            for name, (shape, dtype) in shapes.items()
        }
        x = self._embed(
            inputs["tokens"],
            inputs["positions"],
            inputs["chord"],
            inputs["style"],
            inputs["texture"],
        )
        keys, values = [], []
        for number, block in enumerate(self._blocks):
            x, key, value = block.over_ring(
                x,
                inputs["rotation"],
                inputs["hidden"],
                keys=inputs[f"keys_{number}"],
                values=inputs[f"values_{number}"],
                tokens=tokens,
            )
            keys.append(key)
            values.append(value)
        outputs = {
            "logits": self._logits(self._last_norm(x)),
            "keys": ops.stack(keys, axis=0),
            "values": ops.stack(values, axis=0),
        }
        return keras.Model(inputs, outputs, name=f"transformer_xl_read{tokens}")

    def _embed(
        self,
        tokens: keras.KerasTensor,
        positions: keras.KerasTensor,
        chord: keras.KerasTensor,
        style: keras.KerasTensor,
        texture: keras.KerasTensor,
    ) -> keras.KerasTensor:
        x = self._token(tokens) + self._position(positions) + self._chord(chord)
        return x + self._style(style) + self._texture(texture)


class _Block:
    """One layer: attention, then two dense layers, each added to what came in."""

    def __init__(self, config: TransformerConfig, number: int) -> None:
        name = f"block{number}"
        width, inner = config.width, config.inner
        # Residual branches start small, so that depth does not matter at first.
        small = 1.0 / math.sqrt(2.0 * config.layers)
        self._config = config
        self._norm = layers.RMSNormalization(epsilon=1e-5, name=f"{name}_norm")
        self._qkv = _dense(3 * width, f"{name}_qkv", width)
        self._out = _dense(width, f"{name}_out", width, gain=small)
        self._inner_norm = layers.RMSNormalization(epsilon=1e-5, name=f"{name}_inner_norm")
        self._up = _dense(inner, f"{name}_up", width)
        self._down = _dense(width, f"{name}_down", inner, gain=small)
        self._drops = [layers.Dropout(config.dropout, name=f"{name}_drop{n}") for n in range(2)]

    def over_window(
        self, x: keras.KerasTensor, turn: keras.KerasTensor, hidden: NDArray[np.float32]
    ) -> keras.KerasTensor:
        """(B, T, D), (B, T, 2, R), (T, T) -> (B, T, D)."""
        config = self._config
        tokens = x.shape[1]
        # (B, T, 3D) -> (B, T, 3, H, E)
        qkv = ops.reshape(
            self._qkv(self._norm(x)), (-1, tokens, 3, config.heads, config.head_width)
        )
        turn = turn[:, :, :, None, None]  # (B, T, 2, 1, 1, R)
        q_and_k = _turned(qkv[:, :, :2], turn[:, :, 0], turn[:, :, 1])
        scores = ops.einsum("bqhe,bkhe->bhqk", q_and_k[:, :, 0], q_and_k[:, :, 1])
        scores = ops.cast(scores, "float32") / math.sqrt(config.head_width) + hidden
        share = ops.cast(ops.softmax(scores, axis=-1), x.dtype)
        heard = ops.einsum("bhqk,bkhe->bqhe", share, qkv[:, :, 2])
        heard = ops.reshape(heard, (-1, tokens, config.width))
        x = x + self._drops[0](self._out(heard))
        return x + self._drops[1](self._feed_forward(x))

    def over_ring(
        self,
        x: keras.KerasTensor,
        rotation: keras.KerasTensor,
        hidden: keras.KerasTensor,
        *,
        keys: keras.KerasTensor,
        values: keras.KerasTensor,
        tokens: int,
    ) -> tuple[keras.KerasTensor, keras.KerasTensor, keras.KerasTensor]:
        """(T, D) beside a ring -> (T, D), new keys (H, E, T), new values (H, T, E)."""
        config = self._config
        heads, wide, memory = config.heads, config.head_width, config.memory
        qkv = ops.reshape(self._qkv(self._norm(x)), (tokens, 3, heads, wide))
        turn = rotation[:, :, None, None]  # (T, 2, 1, 1, R)
        q_and_k = _turned(qkv[:, :2], turn[:, 0], turn[:, 1])
        q = ops.transpose(q_and_k[:, 0], (1, 0, 2)) * (1.0 / math.sqrt(wide))  # (H, T, E)
        key = ops.transpose(q_and_k[:, 1], (1, 2, 0))  # (H, E, T)
        value = ops.transpose(qkv[:, 2], (1, 0, 2))  # (H, T, E)
        # Scores of old and new tokens are joined, the rings never are: that would copy them.
        old = ops.matmul(q, keys) + hidden  # (H, T, M)
        new = ops.matmul(q, key)  # (H, T, T)
        if tokens > 1:
            number = np.arange(tokens)
            later = np.where(number[None, :] > number[:, None], HIDDEN, 0.0)
            new = new + later.astype(np.float32)
        share = ops.softmax(ops.concatenate([old, new], axis=-1), axis=-1)
        heard = ops.matmul(share[:, :, :memory], values) + ops.matmul(share[:, :, memory:], value)
        heard = ops.reshape(ops.transpose(heard, (1, 0, 2)), (tokens, config.width))
        x = x + self._out(heard)
        return x + self._feed_forward(x), key, value

    def _feed_forward(self, x: keras.KerasTensor) -> keras.KerasTensor:
        return self._down(ops.square(ops.relu(self._up(self._inner_norm(x)))))


@keras.saving.register_keras_serializable(package="continuo")
class _ChordOfNotes(layers.Layer):  # type: ignore[misc]
    """The chord after each token of a window, from the notes written in the window.

    Gives what `TokenState.chord` gives, as (B, T, 2·P).
    """

    def __init__(self, pitches: int, beat_resolution: int, **options: object) -> None:
        super().__init__(**options)
        self._pitches, self._beat_resolution = pitches, beat_resolution

    def call(
        self,
        time_steps: keras.KerasTensor,
        note_pitches: keras.KerasTensor,
        note_ends: keras.KerasTensor,
    ) -> keras.KerasTensor:
        number = ops.arange(time_steps.shape[1])
        left = note_ends[:, None, :] - time_steps[:, :, None]  # (B, T after, T notes)
        sounds = (left > 0) & (number[None, None, :] <= number[None, :, None])
        left = ops.cast(ops.maximum(left, 0), "float32") / self._beat_resolution
        kind = self.compute_dtype
        pitch = ops.one_hot(note_pitches, self._pitches, dtype=kind)  # -1 becomes zeros
        planes = [
            ops.matmul(ops.cast(sounds, kind), pitch),
            ops.matmul(ops.where(sounds, ops.cast(ops.log1p(left), kind), 0), pitch),
        ]
        return ops.concatenate(planes, axis=-1)

    def compute_output_shape(
        self,
        time_steps_shape: tuple[int | None, ...],
        note_pitches_shape: tuple[int | None, ...],  # noqa: ARG002 - Keras' names
        note_ends_shape: tuple[int | None, ...],  # noqa: ARG002
    ) -> tuple[int | None, ...]:
        return (*time_steps_shape, CHORD_PLANES * self._pitches)


@keras.saving.register_keras_serializable(package="continuo")
class _Turn(layers.Layer):  # type: ignore[misc]
    """`rotations` in the graph: (B, T) time steps -> (B, T, 2, R)."""

    def call(self, time_steps: keras.KerasTensor) -> keras.KerasTensor:
        tokens = time_steps.shape[1]
        number = np.arange(tokens)[None, :, None] / np.array(TOKEN_PERIODS)
        times = ops.cast(time_steps, "float32")[:, :, None]
        musical = ops.mod(times / np.array(MUSICAL_PERIODS, dtype=np.float32), 1.0)
        counted = ops.broadcast_to(
            ops.convert_to_tensor((number % 1.0).astype(np.float32)),
            (ops.shape(times)[0], tokens, len(TOKEN_PERIODS)),
        )
        angle = 2.0 * math.pi * ops.concatenate([musical, counted], axis=-1)
        turned = ops.stack([ops.cos(angle), ops.sin(angle)], axis=2)
        return ops.cast(turned, self.compute_dtype)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (*shape, 2, len(MUSICAL_PERIODS) + len(TOKEN_PERIODS))


def _turned(
    x: keras.KerasTensor, cosine: keras.KerasTensor, sine: keras.KerasTensor
) -> keras.KerasTensor:
    """Turn the pairs (first half, second half) of the last axis."""
    half = x.shape[-1] // 2
    first, second = x[..., :half], x[..., half:]
    return ops.concatenate(
        [first * cosine - second * sine, first * sine + second * cosine], axis=-1
    )


def _dense(units: int, name: str, fan_in: int, *, gain: float = 1.0) -> layers.Layer:
    return layers.Dense(
        units,
        use_bias=False,
        kernel_initializer=_normal(gain / math.sqrt(fan_in)),
        name=name,
    )


def _normal(deviation: float) -> keras.initializers.Initializer:
    return keras.initializers.RandomNormal(stddev=deviation)
