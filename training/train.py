"""The training loop: batches in, weights and a run folder out.

Keras 3 and its `train_on_batch` alone, so it runs on any of Keras' backends. What is
learned, the loop knows as a `Task`.
"""

from collections.abc import Generator, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np
from keras import optimizers

from training.ahead import Ahead
from training.config import Recipe, TrainConfig
from training.reports import Curves, MetricsLog, plot_losses
from training.runs import (
    METRICS_FILE,
    PLOT_FILE,
    WEIGHTS_FILE,
    RunRecord,
    git_revision,
    load_weights,
    open_run,
    read_checkpoint,
    save_weights,
    write_checkpoint,
)

Batch = tuple[Mapping[str, Any], Any]
"""What the training model reads, and what it should have said."""


class Task(Protocol):
    """What is learned, in one training."""

    @property
    def config(self) -> Recipe:
        """The configuration."""

    @property
    def encoding(self) -> str:
        """Fingerprint of the encoding."""

    @property
    def corpora(self) -> tuple[str, ...]:
        """Names of the corpora that are learned from."""

    @property
    def model(self) -> "Learner":
        """What learns from batches: a compiled model, or several that learn together."""

    @property
    def kept(self) -> keras.Model:
        """The network whose weights are the result: a part of `model`, or an average of it."""

    @property
    def begins_with(self) -> keras.Model:
        """The network that takes over the weights of the run in `config.starts_from`."""

    @property
    def checkpointed(self) -> Mapping[str, keras.Model]:
        """What must be saved to go on from, by names for its files."""

    @property
    def losses(self) -> Mapping[str, str]:
        """Columns of the metrics, by Keras' names of the losses."""

    @property
    def curves(self) -> Curves:
        """The figures that are told and drawn."""

    def batch(self, number: int) -> Batch:
        """Batch `number` of the training, which is always the same one."""

    def after_step(self, step: int) -> None:
        """Whatever is to be done after each step."""

    def validate(self) -> dict[str, float]:
        """Figures of `kept` on the validation split, `curves.valid` among them."""

    def report(self, run: Path, step: int) -> tuple[str, ...]:
        """Write what is to be seen of a training into its folder, after each validation.

        Returns:
            Sentences about how it goes, if there is something to say.
        """


class Learner(Protocol):
    """What learns from batches."""

    def train_on_batch(
        self, inputs: Any, targets: Any, *, return_dict: bool
    ) -> Mapping[str, float]:
        """Learn from one batch; its losses by name, those that were computed."""


class Trainer:
    """One training in one run folder.

    Args:
        task: What to train. If the folder already holds a run, it must have the same
            configuration, and the training goes on where that one was interrupted.
        run: The run folder.

    Raises:
        ConfigError: If the folder holds a run of another configuration.
    """

    def __init__(self, task: Task, run: Path) -> None:
        self._task = task
        self._run = run
        self.curves = task.curves
        config = task.config
        open_run(
            run,
            RunRecord(
                config=config,
                encoding=task.encoding,
                git_revision=git_revision(),
                backend=keras.backend.backend(),
                corpora=task.corpora,
            ),
        )
        found = read_checkpoint(run, task.checkpointed)
        self.step = 0
        self.best = float("inf")
        self.remarks: tuple[str, ...] = ()
        if found is not None:
            self.step, self.best = int(found["step"]), found["best"]
        elif config.starts_from:
            load_weights(task.begins_with, Path(config.starts_from) / WEIGHTS_FILE)

    def steps(self) -> Generator[tuple[int, float | None], None, None]:
        """Train to the end.

        Yields:
            After each step its number and, where it was just measured, the figure of the
            validation split.
        """
        task, config = self._task, self._task.config
        losses: list[Mapping[str, float]] = []
        log = MetricsLog(self._run, resume_at=self.step)
        with log, Ahead(task.batch, self.step, config.steps) as batches:
            for inputs, targets in batches:
                losses.append(task.model.train_on_batch(inputs, targets, return_dict=True))
                self.step += 1
                task.after_step(self.step)
                valid: float | None = None
                if self.step % config.validate_every == 0 or self.step == config.steps:
                    figures = self._validate()
                    valid = figures[task.curves.valid]
                    means = {column: _mean(losses, name) for name, column in task.losses.items()}
                    log.write(self.step, means | figures)
                    self.remarks = task.report(self._run, self.step)
                    losses.clear()
                if self.step % config.checkpoint_every == 0 or self.step == config.steps:
                    progress = {"step": self.step, "best": self.best}
                    write_checkpoint(self._run, task.checkpointed, progress)
                yield self.step, valid
        plot_losses(self._run / METRICS_FILE, self._run / PLOT_FILE, task.curves)

    def _validate(self) -> dict[str, float]:
        figures = self._task.validate()
        if figures[self._task.curves.valid] < self.best:
            self.best = figures[self._task.curves.valid]
            save_weights(self._task.kept, self._run / WEIGHTS_FILE)
        return figures


def adamw(
    config: TrainConfig, *, beta_1: float = 0.9, beta_2: float = 0.999, last_share: float = 0.0
) -> optimizers.AdamW:
    """AdamW with a rate that rises along a line and falls along a cosine.

    Args:
        config: Says how high, when and how long.
        beta_1: Memory of the gradients.
        beta_2: Memory of the squared gradients.
        last_share: Share of the highest rate that is left at the end.
    """
    rate = optimizers.schedules.CosineDecay(
        initial_learning_rate=config.learning_rate / 100,
        decay_steps=max(config.steps - config.warmup_steps, 1),
        alpha=last_share,
        warmup_target=config.learning_rate,
        warmup_steps=config.warmup_steps,
    )
    return optimizers.AdamW(
        rate,
        weight_decay=config.weight_decay,
        beta_1=beta_1,
        beta_2=beta_2,
        global_clipnorm=1.0,
    )


def _mean(losses: Iterable[Mapping[str, float]], name: str) -> float:
    found = [float(loss[name]) for loss in losses if name in loss]
    return float(np.mean(found)) if found else float("nan")
