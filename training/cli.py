"""Corpora to token shards, and a model into a run folder."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from firmware.errors import ConfigError, ContinuoError
from training.corpora import corpora_folder, read_chorales

if TYPE_CHECKING:
    from training.config import Recipe
    from training.train import Task

SHARDS: Final = Path("build/extend-tokens")
"""Where token shards are, unless something else is said."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; an error is one line with its remedy and exit code 2."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.run_command(options)
    except ContinuoError as error:
        Console(stderr=True, soft_wrap=True, highlight=False, markup=False).print(f"error: {error}")
        return 2
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    shards = commands.add_parser("shards", help="write the corpora as tokens, for extend-xl")
    _add_folders(shards)
    shards.set_defaults(run_command=_shards)
    train = commands.add_parser("train", help="train a model into a run folder")
    train.add_argument("name", help="recipe, such as bach-arcnn or extend-xl")
    _add_folders(train)
    train.add_argument("--run", type=Path, metavar="DIR", help="run folder (runs/NAME)")
    train.add_argument("--steps", type=int, metavar="N", help="how many batches to learn from")
    train.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="change a value of the recipe, such as net.width=64 (a list is JSON)",
    )
    train.set_defaults(run_command=_train)
    evaluate = commands.add_parser("evaluate", help="measure bundles on the test split")
    evaluate.add_argument(
        "bundles", type=Path, nargs="*", metavar="BUNDLE", help="bundle folders (those that ship)"
    )
    _add_folders(evaluate)
    evaluate.add_argument("--run", type=Path, metavar="DIR", help="its run (training/runs/NAME)")
    evaluate.add_argument("--quick", action="store_true", help="only what takes a minute or two")
    evaluate.add_argument("--json", action="store_true", help="print one JSON object, no table")
    evaluate.add_argument(
        "--check", action="store_true", help="fail where a manifest claims better than measured"
    )
    evaluate.add_argument(
        "--write", action="store_true", help="write what was measured into the manifest"
    )
    evaluate.set_defaults(run_command=_evaluate)
    sheet = commands.add_parser("sheet", help="draw ten melodies before and after enhance")
    sheet.add_argument("bundle", type=Path, metavar="BUNDLE", help="bundle folder")
    sheet.add_argument(
        "-o", "--output", type=Path, metavar="FOLDER", required=True, help="where the files go"
    )
    sheet.add_argument("--seed", type=int, default=1, help="another one, other music (1)")
    sheet.set_defaults(run_command=_sheet)
    return parser


def _sheet(options: argparse.Namespace) -> int:
    from training.sheet import make  # noqa: PLC0415

    make(options.bundle, options.output, seed=options.seed)
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from training.report_card import evaluate  # noqa: PLC0415

    return evaluate(
        options.bundles,
        options.corpora,
        options.shards,
        run=options.run,
        quick=options.quick,
        as_json=options.json,
        check=options.check,
        write=options.write,
    )


def _add_folders(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--corpora", type=Path, metavar="DIR", help="folder of the corpora")
    parser.add_argument(
        "--shards",
        type=Path,
        default=SHARDS,
        metavar="DIR",
        help=f"folder of the token shards ({SHARDS})",
    )


def _shards(options: argparse.Namespace) -> int:
    # Reading scores needs the renderer's library, which a machine that only trains has not.
    from training.score_corpora import make_shards  # noqa: PLC0415

    with _progress() as progress:
        tasks: dict[str, TaskID] = {}

        def tick(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=total)
            progress.update(tasks[what], completed=done)

        counts = make_shards(corpora_folder(options.corpora), options.shards, tick=tick)
        said = ", ".join(f"{split} {count:,}" for split, count in counts.items())
        progress.console.print(f"tokens: {said}; in {options.shards}")
    return 0


def _train(options: argparse.Namespace) -> int:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # Only a training needs Keras, which takes seconds to start.
    from training.config import recipe, with_settings  # noqa: PLC0415
    from training.train import Trainer  # noqa: PLC0415

    settings = dict(_setting(pair) for pair in options.set)
    if options.steps is not None:
        settings["steps"] = str(options.steps)
    config = with_settings(recipe(options.name), settings)
    run = options.run if options.run is not None else Path("runs") / options.name
    trainer = Trainer(_task(config, options), run)
    unit = trainer.curves.unit
    with _progress() as progress:
        say = progress.console.print
        if trainer.step:
            say(f"going on at step {trainer.step} in {run}")
        task = progress.add_task(config.name, total=config.steps, completed=trainer.step)
        for step, valid in trainer.steps():
            progress.update(task, completed=step)
            if valid is not None:
                say(f"step {step}: validation {valid:.4f}, best {trainer.best:.4f}")
        say(f"best validation {trainer.best:.4f} nats per {unit}; run folder {run}")
    return 0


def _task(config: "Recipe", options: argparse.Namespace) -> "Task":
    from training.chorale_task import ChoraleTask  # noqa: PLC0415 - as above
    from training.config import ChoraleTrainConfig  # noqa: PLC0415
    from training.shards import shard_path  # noqa: PLC0415
    from training.token_task import TokenTask  # noqa: PLC0415

    if isinstance(config, ChoraleTrainConfig):
        return ChoraleTask(config, read_chorales(corpora_folder(options.corpora)))
    if not shard_path(options.shards, "train").exists():
        _shards(options)
    return TokenTask(config, options.shards)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )


def _setting(pair: str) -> tuple[str, str]:
    name, equals, value = pair.partition("=")
    if not equals:
        raise ConfigError(f"--set wants KEY=VALUE, got {pair!r}")
    return name, value
