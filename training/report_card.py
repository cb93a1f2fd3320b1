"""`python -m training evaluate`: measure bundles, print, check and keep what was measured."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from firmware.errors import BundleError
from firmware.inference.bundle import MANIFEST_FILE, Bundle, read_bundle, shipped_bundles
from training.corpora import ChoraleCorpora, read_chorales
from training.evaluate import Predict
from training.figures import FULL, QUICK, Figures, Judged, figures, float_model, overclaimed

RUNS: Final = Path(__file__).parent / "runs"
_THREADS: Final = 2
_DIGITS: Final = 5


def evaluate(
    folders: Sequence[Path],
    corpora_folder: Path,
    *,
    run: Path | None,
    quick: bool,
    as_json: bool,
    check: bool,
    write: bool,
) -> int:
    """Measure bundles on the test split.

    Args:
        folders: Bundle folders; none for all that ship.
        corpora_folder: The corpora.
        run: Run folder of the only bundle, or None for the one of the bundle's name.
        quick: Only what takes a minute or two.
        as_json: Print one JSON object: figures by bundle name, or, of one named bundle, its own.
        check: Fail where a manifest claims better.
        write: Write the figures into the manifests.

    Returns:
        The process's exit code.
    """
    out, notes = Console(highlight=False, soft_wrap=True), Console(stderr=True, soft_wrap=True)
    corpora = read_chorales(corpora_folder)
    bundles = [read_bundle(folder) for folder in folders or shipped_bundles().values()]
    if not bundles:
        raise BundleError("there is no bundle to evaluate", remedy="name a bundle's folder")
    complaints: list[str] = []
    found: dict[str, Figures] = {}
    for bundle in bundles:
        own_run = run if run is not None else RUNS / bundle.manifest.name
        measured = _measured(bundle, corpora, _float(own_run, notes), quick=quick, notes=notes)
        found[bundle.manifest.name] = measured
        if check:
            complaints += _complaints(bundle, measured)
        if write:
            _keep(bundle, measured)
    if as_json:
        one = found[bundles[0].manifest.name] if len(folders) == 1 else found
        out.print(json.dumps(one, indent=2), markup=False)
    else:
        for name, measured in found.items():
            out.print(_table(name, measured))
    for complaint in complaints:
        notes.print(f"error: {complaint}", markup=False)
    return 1 if complaints else 0


def _measured(
    bundle: Bundle,
    corpora: ChoraleCorpora,
    float_predict: Predict | None,
    *,
    quick: bool,
    notes: Console,
) -> Figures:
    judged = Judged(
        model=bundle.load(threads=_THREADS), corpora=corpora, float_predict=float_predict
    )
    measured: Figures = {}
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=notes, transient=True) as progress:
        tasks: dict[str, Any] = {}

        def advance(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = progress.add_task(f"{bundle.manifest.name}: {name}", total=None)
            progress.update(tasks[name], completed=done, total=total if done else None)

        for part in figures(judged, QUICK if quick else FULL, advance):
            measured |= part
    return {key: _rounded(value) for key, value in measured.items()}


def _float(run: Path, notes: Console) -> Predict | None:
    if find_spec("keras") is None:
        notes.print("int8_delta is not measured: Keras is not installed")
        return None
    if not run.is_dir():
        notes.print(f"int8_delta is not measured: there is no run folder {run}")
        return None
    return float_model(run)


def _complaints(bundle: Bundle, measured: Figures) -> list[str]:
    claimed = bundle.manifest.quality
    sentences = (overclaimed(claimed, measured, name=name, bundle=bundle) for name in measured)
    return [sentence for sentence in sentences if sentence]


def _keep(bundle: Bundle, measured: Figures) -> None:
    quality = {**bundle.manifest.quality, **measured}
    text = replace(bundle.manifest, quality=quality).to_json()
    fresh = bundle.folder / f"new-{MANIFEST_FILE}"
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(bundle.folder / MANIFEST_FILE)


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, _DIGITS)
    if isinstance(value, Mapping):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return value


def _table(name: str, measured: Figures) -> Table:
    table = Table("figure", title=name)
    table.add_column("measured", justify="right")
    for key, value in _flat(measured):
        table.add_row(key, f"{value:.4f}" if isinstance(value, float) else str(value))
    return table


def _flat(value: Any, key: str = "") -> list[tuple[str, Any]]:
    if isinstance(value, Mapping):
        return [
            line
            for name, item in value.items()
            for line in _flat(item, f"{key}.{name}" if key else str(name))
        ]
    if isinstance(value, list):
        return [
            line for number, item in enumerate(value) for line in _flat(item, f"{key}[{number}]")
        ]
    return [(key, value)]
