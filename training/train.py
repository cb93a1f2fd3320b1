"""The training loop: batches in, weights and a run folder out.

Keras 3 and its `train_on_batch` alone, so it runs on any of Keras' backends.
"""

import json
from collections.abc import Generator, Iterable, Iterator, Mapping
from pathlib import Path
from queue import Queue
from threading import Event, Thread
from typing import Final

import keras
import numpy as np
from keras import optimizers
from numpy.typing import NDArray

from firmware.errors import ConfigError
from firmware.music.encoding import CHORALE_ENCODING
from training.batches import Batch, ChoraleSampler
from training.config import TrainConfig
from training.corpora import ChoraleCorpora
from training.evaluate import Predict, masked_cell_nll
from training.models import arcnn
from training.models.losses import attack_loss, masked_cell_loss
from training.models.planes import EncodePlanes
from training.reports import MetricsLog, plot_losses
from training.runs import (
    METRICS_FILE,
    PLOT_FILE,
    WEIGHTS_FILE,
    RunRecord,
    git_revision,
    read_record,
    save_weights,
    write_record,
)

CHECKPOINT_FILE: Final = "checkpoint.weights.h5"
PROGRESS_FILE: Final = "checkpoint.json"
_VALIDATION_SEED: Final = 11
_VALIDATION_DRAWS: Final = 4
_BATCHES_AHEAD: Final = 4


class Trainer:
    """One training in one run folder.

    Args:
        config: What to train. If the folder already holds a run, it must have the same
            configuration, and the training goes on where that one was interrupted.
        corpora: What to learn from (`train`, `synthetic`) and to choose by (`valid`).
        run: The run folder.

    Raises:
        ConfigError: If the folder holds a run of another configuration.
    """

    def __init__(self, config: TrainConfig, corpora: ChoraleCorpora, run: Path) -> None:
        self._config = config
        self._corpora = corpora
        self._run = run
        self._sampler = ChoraleSampler(
            corpora.train, corpora.synthetic, config=config.batches, seed=config.seed
        )
        self._open_run()
        keras.utils.set_random_seed(config.seed)
        keras.config.set_dtype_policy(config.precision)
        try:
            self.net = arcnn.build(config.net, dense=config.dense)
            self._model = _with_encoder(self.net)
        finally:
            keras.config.set_dtype_policy("float32")
        self._model.compile(
            optimizer=_optimizer(config),
            loss={"pitch_logits": masked_cell_loss, "attack_logits": attack_loss},
            loss_weights={"pitch_logits": 1.0, "attack_logits": config.attack_weight},
        )
        self._predict = _predict_with(self.net)
        self.step = 0
        self.best = float("inf")
        self._resume()

    def steps(self) -> Generator[tuple[int, float | None], None, None]:
        """Train to the end.

        Yields:
            After each step its number and, where it was just measured, the masked-cell
            NLL of the validation split.
        """
        config = self._config
        losses: list[Mapping[str, float]] = []
        log = MetricsLog(self._run, resume_at=self.step)
        with log, _Ahead(self._sampler, self.step, config.steps) as batches:
            for batch in batches:
                losses.append(
                    self._model.train_on_batch(batch.inputs(), batch.targets(), return_dict=True)
                )
                self.step += 1
                valid: float | None = None
                if self.step % config.validate_every == 0 or self.step == config.steps:
                    valid = self._validate()
                    log.write(
                        self.step,
                        {
                            "train_loss": _mean(losses, "loss"),
                            "train_pitch_nll": _mean(losses, "pitch_logits_loss"),
                            "train_attack_nll": _mean(losses, "attack_logits_loss"),
                            "valid_masked_cell_nll": valid,
                        },
                    )
                    losses.clear()
                if self.step % config.checkpoint_every == 0 or self.step == config.steps:
                    self._checkpoint()
                yield self.step, valid
        plot_losses(self._run / METRICS_FILE, self._run / PLOT_FILE)

    def _open_run(self) -> None:
        record = RunRecord(
            config=self._config,
            encoding=CHORALE_ENCODING.fingerprint(),
            git_revision=git_revision(),
            backend=keras.backend.backend(),
            corpora=("bach-jsb",) + (("bach-jsfakes",) if self._corpora.synthetic else ()),
        )
        if not (self._run / "config.json").exists():
            write_record(self._run, record)
            return
        found = read_record(self._run)
        if found.config != record.config or found.encoding != record.encoding:
            raise ConfigError(
                f"{self._run} holds a run of another configuration",
                remedy="name another folder with --run, or delete this one",
            )

    def _validate(self) -> float:
        figure = masked_cell_nll(
            self._predict, self._corpora.valid, seed=_VALIDATION_SEED, draws=_VALIDATION_DRAWS
        )
        if figure < self.best:
            self.best = figure
            save_weights(self.net, self._run / WEIGHTS_FILE)
        return figure

    def _checkpoint(self) -> None:
        # The progress file is replaced last: a kill in between repeats some steps.
        fresh = self._run / f"new-{CHECKPOINT_FILE}"
        self._model.save_weights(fresh)
        fresh.replace(self._run / CHECKPOINT_FILE)
        progress = self._run / f"new-{PROGRESS_FILE}"
        progress.write_text(json.dumps({"step": self.step, "best": self.best}) + "\n")
        progress.replace(self._run / PROGRESS_FILE)

    def _resume(self) -> None:
        progress = self._run / PROGRESS_FILE
        if not progress.exists():
            return
        found = json.loads(progress.read_text())
        self._model.optimizer.build(self._model.trainable_variables)
        self._model.load_weights(self._run / CHECKPOINT_FILE)
        self.step, self.best = int(found["step"]), float(found["best"])


class _Ahead:
    """Makes batches in a thread of its own, a few ahead of the training."""

    def __init__(self, sampler: ChoraleSampler, first: int, end: int) -> None:
        self._queue: Queue[Batch] = Queue(_BATCHES_AHEAD)
        self._stopped = Event()
        self._sampler, self._first, self._end = sampler, first, end
        self._thread = Thread(target=self._make, name="batches", daemon=True)

    def __enter__(self) -> Iterator[Batch]:
        self._thread.start()
        return (self._queue.get() for _ in range(self._first, self._end))

    def __exit__(self, *exception: object) -> None:
        self._stopped.set()
        while not self._queue.empty():
            self._queue.get_nowait()
        self._thread.join(timeout=10.0)
        if self._thread.is_alive():
            raise RuntimeError("the thread that makes batches does not end")

    def _make(self) -> None:
        for number in range(self._first, self._end):
            if self._stopped.is_set():
                return
            self._queue.put(self._sampler.batch(number))


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


def _optimizer(config: TrainConfig) -> optimizers.Optimizer:
    rate = optimizers.schedules.CosineDecay(
        initial_learning_rate=config.learning_rate / 100,
        decay_steps=max(config.steps - config.warmup_steps, 1),
        warmup_target=config.learning_rate,
        warmup_steps=config.warmup_steps,
    )
    return optimizers.AdamW(rate, weight_decay=config.weight_decay, global_clipnorm=1.0)


def _mean(losses: Iterable[Mapping[str, float]], name: str) -> float:
    return float(np.mean([float(loss[name]) for loss in losses]))
