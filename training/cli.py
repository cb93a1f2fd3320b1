"""Corpora to token shards, and a model into a run folder."""

import argparse
import os
from collections.abc import Callable, Sequence
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
from training.band.shards import BAND_SHARDS
from training.corpora import corpora_folder, read_chorales
from training.sources import Sources

if TYPE_CHECKING:
    from training.band.corpora import BarCounts
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
    shards = commands.add_parser("shards", help="write the corpora as what a technique learns from")
    shards.add_argument(
        "technique",
        nargs="?",
        choices=("extend", "accompany"),
        default="extend",
        help="tokens for extend-xl (this is the default), or rolls of melody and band",
    )
    shards.add_argument(
        "--midi",
        type=Path,
        metavar="DIR",
        help="of accompany: a genre of one's own, from MIDI files",
    )
    shards.add_argument("--genre", metavar="NAME", help="the name of the genre in --midi")
    _add_folders(shards)
    shards.set_defaults(run_command=_shards_of)
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
    evaluate.add_argument(
        "--genre",
        action="append",
        default=[],
        dest="genres",
        metavar="GENRE",
        help="of a bundle of accompany, this genre alone (all that it knows); may be repeated",
    )
    evaluate.add_argument("--quick", action="store_true", help="only what takes a minute or two")
    evaluate.add_argument("--json", action="store_true", help="print one JSON object, no table")
    evaluate.add_argument(
        "--check", action="store_true", help="fail where a manifest claims better than measured"
    )
    evaluate.add_argument(
        "--write", action="store_true", help="write what was measured into the manifest"
    )
    evaluate.set_defaults(run_command=_evaluate)
    habits = commands.add_parser(
        "habits", help="measure what the players of a bundle of accompany must be helped with"
    )
    habits.add_argument("bundle", type=Path, metavar="BUNDLE", help="bundle folder")
    habits.add_argument(
        "--genre",
        action="append",
        default=[],
        dest="genres",
        metavar="GENRE",
        help="go on, in this genre alone, from what was found before; may be repeated",
    )
    _add_folders(habits)
    habits.set_defaults(run_command=_habits)
    sheet = commands.add_parser("sheet", help="draw what a bundle makes of some melodies")
    sheet.add_argument(
        "bundles",
        type=Path,
        nargs="+",
        metavar="BUNDLE",
        help="bundle folder; of accompany, all that are to be side by side; else of several that "
        "serve a melody the first",
    )
    _add_folders(sheet)
    sheet.add_argument(
        "-o", "--output", type=Path, metavar="FOLDER", required=True, help="where the files go"
    )
    sheet.add_argument("--seed", type=int, default=1, help="another one, other music (1)")
    sheet.set_defaults(run_command=_sheet)
    return parser


def _sheet(options: argparse.Namespace) -> int:
    from firmware.inference.bundle import read_bundle  # noqa: PLC0415
    from firmware.parameters import Technique  # noqa: PLC0415
    from training import sheet  # noqa: PLC0415
    from training.band import sheet as band_sheet  # noqa: PLC0415

    bundles = [read_bundle(folder) for folder in options.bundles]
    of_bands = [bundle.manifest.technique is Technique.ACCOMPANY for bundle in bundles]
    if all(of_bands):
        with _progress() as progress:
            sources = Sources(
                options.corpora, options.shards, _ticking(progress), bands=_band_folder(options)
            )
            pieces = sources.bands["test"]
        band_sheet.make(bundles, pieces, options.output, seed=options.seed)
    else:
        sheet.make(bundles, options.output, seed=options.seed)
    return 0


def _habits(options: argparse.Namespace) -> int:
    from firmware.inference.bundle import read_bundle  # noqa: PLC0415
    from training.band.habits import settle  # noqa: PLC0415

    bundle = read_bundle(options.bundle)
    with _progress() as progress:
        tick = _ticking(progress)
        sources = Sources(options.corpora, options.shards, tick, bands=_band_folder(options))
        settle(bundle, sources.bands["train"], options.genres, tell=tick)
        progress.console.print(f"in the manifest of {options.bundle}")
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from training.report_card import evaluate  # noqa: PLC0415

    return evaluate(
        options.bundles,
        options.corpora,
        options.shards,
        bands=_band_folder(options),
        genres=options.genres,
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


def _shards_of(options: argparse.Namespace) -> int:
    if (options.midi is None) != (options.genre is None):
        raise ConfigError("--midi and --genre belong together", remedy="give both, or none")
    if options.technique == "accompany":
        return _band_shards(options) if options.midi is None else _genre_shards(options)
    if options.midi is not None:
        raise ConfigError("--midi is of accompany", remedy="shards accompany --midi DIR")
    return _shards(options)


def _genre_shards(options: argparse.Namespace) -> int:
    from training.band.own_genre import make_genre_shards  # noqa: PLC0415 - as below

    if options.shards == SHARDS:
        raise ConfigError("a genre of one's own wants a folder of its own", remedy="--shards DIR")
    with _progress() as progress:
        counts = make_genre_shards(
            options.midi, options.genre, options.shards, tick=_ticking(progress)
        )
        _say_bars(progress, counts, options.shards)
    return 0


def _band_folder(options: argparse.Namespace) -> Path:
    """The folder of the band's shards."""
    named: Path = options.shards
    return BAND_SHARDS if named == SHARDS else named


def _band_shards(options: argparse.Namespace) -> int:
    from training.band.corpora import make_band_shards  # noqa: PLC0415 - as below

    shards = _band_folder(options)
    with _progress() as progress:
        counts = make_band_shards(corpora_folder(options.corpora), shards, tick=_ticking(progress))
        _say_bars(progress, counts, shards)
    return 0


def _say_bars(progress: Progress, counts: "BarCounts", shards: Path) -> None:
    for genre, bars in counts.items():
        said = ", ".join(f"{split} {count:,}" for split, count in bars.items())
        progress.console.print(f"bars of {genre}: {said}")
    progress.console.print(f"in {shards}")


def _ticking(progress: Progress) -> Callable[[str, int, int], None]:
    """Shows each thing that is told of as a bar."""
    tasks: dict[str, TaskID] = {}

    def tick(what: str, done: int, total: int) -> None:
        if what not in tasks:
            tasks[what] = progress.add_task(what, total=total)
        progress.update(tasks[what], completed=done)

    return tick


def _shards(options: argparse.Namespace) -> int:
    # Reading scores needs the renderer's library, which a machine that only trains has not.
    from training.score_corpora import make_shards  # noqa: PLC0415

    with _progress() as progress:
        counts = make_shards(
            corpora_folder(options.corpora), options.shards, tick=_ticking(progress)
        )
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
                for remark in trainer.remarks:
                    say(f"  {remark}")
        say(f"best validation {trainer.best:.4f} {unit}; run folder {run}")
    return 0


def _task(config: "Recipe", options: argparse.Namespace) -> "Task":
    from training.chorale_task import ChoraleTask  # noqa: PLC0415 - as above
    from training.config import BandTrainConfig, ChoraleTrainConfig  # noqa: PLC0415
    from training.shards import shard_path  # noqa: PLC0415
    from training.token_task import TokenTask  # noqa: PLC0415

    if isinstance(config, ChoraleTrainConfig):
        return ChoraleTask(config, read_chorales(corpora_folder(options.corpora)))
    if isinstance(config, BandTrainConfig):
        from training.band.task import BandTask  # noqa: PLC0415

        shards = _band_folder(options)
        if not shard_path(shards, "train").exists():
            _band_shards(options)
        return BandTask(config, shards)
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
