"""Learning to fill in masked cells of chorales: the AR-CNN of Enhance."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import keras
import numpy as np
from numpy.typing import NDArray

from firmware.music.encoding import CHORALE_ENCODING
from training.batches import ChoraleSampler
from training.config import ChoraleTrainConfig
from training.corpora import ChoraleCorpora
from training.evaluate import Predict, masked_cell_nll
from training.models import arcnn
from training.models.losses import attack_loss, masked_cell_loss
from training.models.planes import EncodePlanes
from training.reports import Curves
from training.train import Batch, adamw

_VALIDATION_SEED: Final = 11
_VALIDATION_DRAWS: Final = 4


class ChoraleTask:
    """A `training.train.Task`.

    Args:
        config: What to train.
        corpora: What to learn from (`train`, `synthetic`) and to choose by (`valid`).
    """

    losses: Final[Mapping[str, str]] = {
        "loss": "train_loss",
        "pitch_logits_loss": "train_pitch_nll",
        "attack_logits_loss": "train_attack_nll",
    }
    curves = Curves(
        train="train_pitch_nll",
        valid="valid_masked_cell_nll",
        unit="nats per masked cell",
        limits=(0.35, 1.2),
    )

    def __init__(self, config: ChoraleTrainConfig, corpora: ChoraleCorpora) -> None:
        self.config = config
        self.encoding = CHORALE_ENCODING.fingerprint()
        self.corpora = ("bach-jsb",) + (("bach-jsfakes",) if corpora.synthetic else ())
        self._valid = corpora.valid
        self._sampler = ChoraleSampler(
            corpora.train, corpora.synthetic, config=config.batches, seed=config.seed
        )
        keras.utils.set_random_seed(config.seed)
        keras.config.set_dtype_policy(config.precision)
        try:
            self.kept = arcnn.build(config.net, dense=config.dense)
            self.model = _with_encoder(self.kept)
        finally:
            keras.config.set_dtype_policy("float32")
        self.model.compile(
            optimizer=adamw(config),
            loss={"pitch_logits": masked_cell_loss, "attack_logits": attack_loss},
            loss_weights={"pitch_logits": 1.0, "attack_logits": config.attack_weight},
        )
        self.begins_with = self.model
        self.checkpointed = {"model": self.model}
        self._predict = _predict_with(self.kept)

    def batch(self, number: int) -> Batch:
        """Batch `number` of crops."""
        batch = self._sampler.batch(number)
        return batch.inputs(), batch.targets()

    def after_step(self, step: int) -> None:
        """Nothing: `kept` is a part of `model`."""

    def validate(self) -> dict[str, float]:
        """The masked-cell NLL of the validation split."""
        figure = masked_cell_nll(
            self._predict, self._valid, seed=_VALIDATION_SEED, draws=_VALIDATION_DRAWS
        )
        return {self.curves.valid: figure}

    def report(self, run: Path, step: int) -> tuple[str, ...]:  # noqa: ARG002
        """Nothing: the figures say it all."""
        return ()


def _with_encoder(net: keras.Model) -> keras.Model:
    steps, voices = CHORALE_ENCODING.time_steps, len(CHORALE_ENCODING.voices)
    inputs = {
        "cells": keras.Input((steps, voices), dtype="int32", name="cells"),
        "masked": keras.Input((steps, voices), dtype="float32", name="masked"),
        "attacks": keras.Input((steps, voices), dtype="float32", name="attacks"),
        "inside": keras.Input((steps,), dtype="float32", name="inside"),
    }
    planes = EncodePlanes(name="encode")(**inputs)
    return keras.Model(inputs, net({"planes": planes}), name="training")


def _predict_with(net: keras.Model) -> Predict:
    def predict(planes: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(net.predict_on_batch({"planes": planes})["pitch_logits"])

    return predict
