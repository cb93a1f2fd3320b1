"""Learning to say the next token: the Transformer-XL of Extend.

It reads nothing but token shards, so a machine that trains needs no corpora.

Letters: B batch, T tokens of a window, V vocabulary.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from firmware.errors import ConfigError
from firmware.music.tokens import TOKEN_ENCODING
from training.config import TokenTrainConfig
from training.models.transformer_xl import TransformerXL
from training.reports import Curves
from training.shards import read_shard, shard_path
from training.token_batches import TokenBatch, TokenSampler, kind_of
from training.token_evaluate import figures, piece_nats
from training.train import Batch, adamw


class TokenTask:
    """A `training.train.Task`.

    Args:
        config: What to train.
        shards: Folder of the token shards.

    Raises:
        ConfigError: If there are no shards, or none of what the configuration asks for.
    """

    losses: Final[Mapping[str, str]] = {"loss": "train_nats_per_token"}
    curves = Curves(
        train="train_nats_per_token",
        valid="valid_nats_per_token",
        unit="nats per token",
        limits=(0.5, 3.0),
    )

    def __init__(self, config: TokenTrainConfig, shards: Path) -> None:
        self.config = config
        self.encoding = TOKEN_ENCODING.fingerprint()
        train = read_shard(shard_path(shards, "train"))
        self.corpora = tuple(sorted({piece.corpus for piece in train}))
        self._sampler = TokenSampler(train, config=config.batches, seed=config.seed)
        self._valid = [
            piece
            for piece in read_shard(shard_path(shards, "valid"))
            if kind_of(piece) in config.judged_by
        ]
        window = config.batches.window
        keras.utils.set_random_seed(config.seed)
        keras.config.set_dtype_policy(config.precision)
        try:
            self.model = TransformerXL(config.net).training_graph(window)
            # The averaged weights live in a network of their own.
            self.kept = TransformerXL(config.net).training_graph(window)
        finally:
            keras.config.set_dtype_policy("float32")
        optimizer = adamw(config, beta_2=0.98, last_share=0.05)
        optimizer.exclude_from_weight_decay(var_names=["norm", "bias", "table"])
        self.model.compile(optimizer=optimizer, loss=token_loss)
        self.begins_with = self.model
        self.checkpointed = {"model": self.model, "average": self.kept}
        self._nats = with_nats(self.kept)

    def batch(self, number: int) -> Batch:
        """Batch `number` of windows."""
        batch = self._sampler.batch(number)
        return batch.inputs(), batch.targets()

    def after_step(self, step: int) -> None:
        """Let the averaged weights follow; the first step's are copied."""
        updates, rest = divmod(step - 1, self.config.average_every)
        if rest:
            return
        # A young average follows quickly, or the first weights would stay in it.
        keep = min(self.config.averaging, updates / (updates + 10.0))
        pairs = zip(self.kept.get_weights(), self.model.get_weights(), strict=True)
        self.kept.set_weights([keep * old + (1.0 - keep) * fresh for old, fresh in pairs])

    def validate(self) -> dict[str, float]:
        """Nats per token and per note of each judged style and texture, and their mean."""
        window = self.config.batches.window
        nats = piece_nats(
            self._nll,
            self._valid,
            window=window,
            stride=window - min(self.config.net.memory, window // 2),
            batch_size=self.config.batches.batch_size,
        )
        found = figures(nats, self._valid)
        judged = [
            found[name]
            for kind in self.config.judged_by
            if (name := f"nats_per_token {kind}") in found
        ]
        if not judged:
            raise ConfigError(
                f"the validation shard has none of {', '.join(self.config.judged_by)}"
            )
        return {self.curves.valid: float(np.mean(judged))} | found

    def report(self, run: Path, step: int) -> tuple[str, ...]:  # noqa: ARG002
        """Nothing: the figures say it all."""
        return ()

    def _nll(self, batch: TokenBatch) -> NDArray[np.float32]:
        after = {"after": batch.tokens[:, 1:]}
        return np.asarray(self._nats.predict_on_batch(batch.inputs() | after))


def token_loss(target: keras.KerasTensor, logits: keras.KerasTensor) -> keras.KerasTensor:
    """Nats per judged token of the batch, as (B,) whose mean that is.

    Args:
        target: (B, T, 2), the token and its weight.
        logits: (B, T, V).
    """
    tokens, weight = ops.cast(target[:, :, 0], "int32"), target[:, :, 1]
    nats = _nats_of(tokens, logits) * weight
    return ops.sum(nats, axis=1) / ops.maximum(ops.mean(ops.sum(weight, axis=1)), 1.0)


def with_nats(net: keras.Model) -> keras.Model:
    """The training graph with one more input, `after` (B, T), and nats (B, T) for output.

    Saying a vocabulary of probabilities for every token to the host would take longer than
    computing them.
    """
    inputs = dict(net.input)
    after = keras.Input((inputs["tokens"].shape[1],), dtype="int32", name="after")
    return keras.Model(inputs | {"after": after}, _nats_of(after, net(inputs)), name="nats")


def _nats_of(tokens: keras.KerasTensor, logits: keras.KerasTensor) -> keras.KerasTensor:
    """(B, T) and (B, T, V) -> (B, T)."""
    said = ops.log_softmax(ops.cast(logits, "float32"), axis=-1)
    return -ops.take_along_axis(said, tokens[:, :, None], axis=-1)[:, :, 0]
