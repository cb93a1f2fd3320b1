"""What a training tells about itself: a CSV, TensorBoard events and a plot."""

import csv
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from matplotlib.figure import Figure

from training.runs import METRICS_FILE

try:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter
except ImportError:  # TensorBoard is a convenience, the CSV has the same figures.
    EventFileWriter = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """Which figures of a training are told and drawn.

    Attributes:
        train: Column of the loss while training.
        valid: Column of the validation figure that chooses the weights.
        unit: Of the validation figure, in words.
        limits: Lowest and highest figure of the plot.
    """

    train: str
    valid: str
    unit: str
    limits: tuple[float, float]


class MetricsLog:
    """Writes figures of a run to `metrics.csv` and, where it is installed, TensorBoard.

    Args:
        run: The run folder.
        resume_at: The step that training goes on from; later rows of an interrupted
            training are dropped, since they will be written again.
    """

    def __init__(self, run: Path, *, resume_at: int) -> None:
        self._path = run / METRICS_FILE
        if self._path.exists():
            rows = read_metrics(self._path)
            self._path.unlink()
            for row in rows:
                if row["step"] <= resume_at:
                    self._append(row)
        self._events = EventFileWriter(str(run)) if EventFileWriter is not None else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._events is not None:
            self._events.close()

    def write(self, step: int, figures: Mapping[str, float]) -> None:
        """Add the figures of a step."""
        self._append({"step": step, **figures})
        if self._events is not None:
            self._events.add_event(_event(step, figures))

    def _append(self, row: Mapping[str, float]) -> None:
        with self._path.open("a", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            if not file.tell():
                writer.writerow(row)
            step, *figures = row.values()
            writer.writerow([int(step), *(f"{figure:.5f}" for figure in figures)])


def read_metrics(path: Path) -> list[dict[str, float]]:
    """Rows of a `metrics.csv`, in order."""
    with path.open(newline="") as file:
        return [{name: float(text) for name, text in row.items()} for row in csv.DictReader(file)]


def plot_losses(metrics: Path, picture: Path, curves: Curves) -> None:
    """Draw training and validation losses of a run."""
    rows = read_metrics(metrics)
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot()
    for name, label in ((curves.train, "training (augmented)"), (curves.valid, "validation")):
        axes.plot([row["step"] for row in rows], [row[name] for row in rows], label=label)
    best = min(row[curves.valid] for row in rows)
    axes.set(
        xlabel="step",
        ylabel=curves.unit,
        title=f"best validation {best:.3f}",
        ylim=curves.limits,
    )
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(picture)


def _event(step: int, figures: Mapping[str, float]) -> Any:
    values = [Summary.Value(tag=name, simple_value=figure) for name, figure in figures.items()]
    return Event(wall_time=time.time(), step=step, summary=Summary(value=values))
