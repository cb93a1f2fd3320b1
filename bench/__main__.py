"""`python -m bench [NAME…]`: run the benchmarks, print a table, write `build/bench.json`."""

import argparse
import importlib
import inspect
import json
import pkgutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Final

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

import bench
from bench.row import Row
from firmware.errors import ContinuoError

NOT_BENCHMARKS = frozenset({"__main__", "row"})

SIZES: Final[Mapping[str, tuple[Callable[[str], float], str]]] = MappingProxyType(
    {
        # an argument of a benchmark's `rows`: (its type, what it says)
        "hours": (float, "of a simulated day's playing"),
        "minutes": (float, "of music played in real time"),
        "messages": (int, "of a keyboard under load"),
        "cycles": (int, "of unplugging and plugging in"),
    }
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for, or everything."""
    known = [m.name for m in pkgutil.iter_modules(bench.__path__) if m.name not in NOT_BENCHMARKS]
    known = [name for name in known if hasattr(importlib.import_module(f"bench.{name}"), "rows")]
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(known)}")
    parser.add_argument("--output", type=Path, default=Path("build/bench.json"), metavar="FILE")
    for size, (kind, meaning) in SIZES.items():
        parser.add_argument(f"--{size}", type=kind, metavar="N", help=meaning)
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.names) - set(known))
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]!r}, only {', '.join(known)}")
    names = options.names or known
    given = {size: getattr(options, size) for size in SIZES}
    sizes = {size: value for size, value in given.items() if value is not None}
    for size, value in sizes.items():
        if value <= 0:
            parser.error(f"--{size} must be above 0, got {value:g}")
        if not any(size in _takes(name) for name in names):
            parser.error(f"--{size} is of none of {', '.join(names)}")
    rows, missing = collect(names, **sizes)
    print_table(row for found in rows.values() for row in found)
    for line in missing:
        print(line)
    write(rows, options.output)
    print(f"written to {options.output}")
    return 1 if missing else 0


def collect(names: Iterable[str], **sizes: float) -> tuple[dict[str, list[Row]], list[str]]:
    """Every benchmark's rows by its name, and a sentence for each one that could not run.

    Args:
        names: Of the benchmarks.
        sizes: Of `SIZES`, for those benchmarks that have one.
    """
    names = list(names)
    rows: dict[str, list[Row]] = {}
    missing: list[str] = []
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    times = (TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, *times, console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=len(names))
        for name in names:
            progress.update(task, description=name)
            try:
                rows[name] = _run(name, sizes, progress)
            except ContinuoError as error:
                missing.append(f"{name}: not measured: {error}")
            progress.advance(task)
    return rows, missing


def print_table(rows: Iterable[Row]) -> None:
    """Print what was measured."""
    table = Table("name", "unit", "peer")
    for heading in ("ours", "theirs", "times better"):
        table.add_column(heading, justify="right")
    for row in rows:
        ratio = row.ratio
        peer = "" if row.peer is None else f"{row.peer:.4g}"
        better = "" if ratio is None else f"{ratio:.2f}"
        table.add_row(row.name, row.unit, row.peer_name, f"{row.ours:.4g}", peer, better)
    Console(width=None if sys.stdout.isatty() else 140).print(table)


def write(rows: Mapping[str, list[Row]], path: Path) -> None:
    """Write rows down, beside those that other benchmarks have left there."""
    kept = [entry for entry in _read(path) if entry.get("benchmark") not in rows]
    new = [{"benchmark": name, **row.as_json()} for name, found in rows.items() for row in found]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([*kept, *new], indent=2) + "\n")


def _read(path: Path) -> list[dict[str, object]]:
    try:
        entries: list[dict[str, object]] = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return []
    return [entry for entry in entries if "benchmark" in entry]


def _run(name: str, sizes: Mapping[str, float], progress: Progress) -> list[Row]:
    """One benchmark's rows; those that take long tell how far they are."""
    taken = _takes(name)
    chosen: dict[str, object] = {size: value for size, value in sizes.items() if size in taken}
    task = None
    if "told" in taken:
        task = progress.add_task(f"  {name}")
        chosen["told"] = partial(_tell, progress, task)
    try:
        rows: list[Row] = importlib.import_module(f"bench.{name}").rows(**chosen)
        return rows
    finally:
        if task is not None:
            progress.remove_task(task)


def _tell(progress: Progress, task: TaskID, done: float, total: float) -> None:
    progress.update(task, completed=done, total=total)


def _takes(name: str) -> frozenset[str]:
    """What can be said to a benchmark's `rows`."""
    return frozenset(inspect.signature(importlib.import_module(f"bench.{name}").rows).parameters)


if __name__ == "__main__":
    sys.exit(main())
