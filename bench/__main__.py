"""`python -m bench [NAME…]`: run the benchmarks, print a table, write `build/bench.json`."""

import argparse
import importlib
import json
import pkgutil
import sys
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

import bench
from bench.row import Row
from firmware.errors import ContinuoError

NOT_BENCHMARKS = frozenset({"__main__", "row"})


def main() -> int:
    """Run what was asked for, or everything."""
    known = [m.name for m in pkgutil.iter_modules(bench.__path__) if m.name not in NOT_BENCHMARKS]
    known = [name for name in known if hasattr(importlib.import_module(f"bench.{name}"), "rows")]
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(known)}")
    parser.add_argument("--output", type=Path, default=Path("build/bench.json"), metavar="FILE")
    options = parser.parse_args()
    unknown = sorted(set(options.names) - set(known))
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]!r}, only {', '.join(known)}")
    rows, missing = collect(options.names or known)
    print_table(rows)
    for line in missing:
        print(line)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps([row.as_json() for row in rows], indent=2) + "\n")
    print(f"written to {options.output}")
    return 1 if missing else 0


def collect(names: Iterable[str]) -> tuple[list[Row], list[str]]:
    """Every benchmark's rows, and a sentence for each one that could not run."""
    names = list(names)
    rows: list[Row] = []
    missing: list[str] = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=len(names))
        for name in names:
            progress.update(task, description=name)
            try:
                rows += importlib.import_module(f"bench.{name}").rows()
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


if __name__ == "__main__":
    sys.exit(main())
