"""`python -m training evaluate`: measure bundles, print, check and keep what was measured."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rich.box import SIMPLE
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from firmware.errors import BundleError
from firmware.inference.band import BandModel
from firmware.inference.band_habits import Habits
from firmware.inference.bundle import MANIFEST_FILE, Bundle, read_bundle, shipped_bundles
from firmware.parameters import Technique
from training.band.figures import FULL as BAND_FULL
from training.band.figures import QUICK as BAND_QUICK
from training.band.play import BandJudged, FloatBand, band_parts
from training.band.tables import band_tables
from training.continuations import STYLES
from training.evaluate import Predict
from training.figures import (
    FULL,
    QUICK,
    Figures,
    Judged,
    figures,
    flat,
    float_model,
    overclaimed,
)
from training.sources import CHORALE_GENRE, Sources, Tell
from training.token_figures import TOKEN_FULL, TOKEN_QUICK, TokenJudged

if TYPE_CHECKING:
    from training.models.transformer_xl import TransformerXL

RUNS: Final = Path(__file__).parent / "runs"
_THREADS: Final = 2
_DIGITS: Final = 5
_CONTINUATIONS: Final = "continuations"


def evaluate(
    folders: Sequence[Path],
    corpora: Path | None,
    shards: Path,
    *,
    bands: Path,
    genres: Sequence[str],
    run: Path | None,
    quick: bool,
    as_json: bool,
    check: bool,
    write: bool,
) -> int:
    """Measure bundles on the test split.

    Args:
        folders: Bundle folders; none for all that ship.
        corpora: Folder of the corpora, or None for the one that the environment names.
        shards: Folder of the token shards; they are made from the corpora if there are none.
        bands: Folder of the band's shards; they are made from the corpora if there are none.
        genres: Of bundles of Accompany, those to measure; none for all that a bundle knows.
        run: Run folder of the only bundle, or None for the one of the bundle's name.
        quick: Only what takes a minute or two.
        as_json: Print one JSON object: figures by bundle name, or, of one named bundle, its own.
        check: Fail where a manifest claims better.
        write: Write the figures into the manifests.

    Returns:
        The process's exit code.
    """
    out, notes = Console(highlight=False, soft_wrap=True), Console(stderr=True, soft_wrap=True)
    bundles = _bundles(folders, genres)
    complaints: list[str] = []
    found: dict[str, Figures] = {}
    with _bars(notes) as tell:
        sources = Sources(corpora, shards, tell, bands=bands)
        for bundle in bundles:
            own_run = run if run is not None else RUNS / bundle.manifest.name
            parts = _parts(bundle, sources, own_run, genres=genres, quick=quick, notes=notes)
            measured = _measured(bundle.manifest.name, parts, tell)
            found[bundle.manifest.name] = measured
            if check:
                complaints += _complaints(bundle, measured)
            if write:
                _keep(bundle, measured)
    if as_json:
        one: Figures = found[bundles[0].manifest.name] if len(folders) == 1 else found
        if len(folders) == len(genres) == 1:
            (one,) = one.values()
        out.print(json.dumps(one, indent=2), markup=False)
    else:
        for bundle in bundles:
            tables = _TABLES.get(bundle.manifest.technique, _tables)
            for table in tables(bundle.manifest.name, found[bundle.manifest.name]):
                out.print(table)
    for complaint in complaints:
        notes.print(f"error: {complaint}", markup=False)
    return 1 if complaints else 0


def _bundles(folders: Sequence[Path], genres: Sequence[str]) -> list[Bundle]:
    """The bundles that are named, or all that ship; where genres are, all that have some."""
    found = [read_bundle(folder) for folder in folders or shipped_bundles().values()]
    if genres:
        others = [b.manifest.name for b in found if b.manifest.technique is not Technique.ACCOMPANY]
        if folders and others:
            raise BundleError(
                f"{others[0]} has no genres", remedy="name a bundle of accompany, or no genre"
            )
        found = [bundle for bundle in found if bundle.manifest.name not in others]
    if not found:
        raise BundleError("there is no bundle to evaluate", remedy="name a bundle's folder")
    return found


@contextmanager
def _bars(notes: Console) -> Iterator[Tell]:
    """Progress bars, one for each name that is told."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    progress = Progress(*columns, console=notes, transient=True)
    tasks: dict[str, Any] = {}

    def tell(name: str, done: int, total: int) -> None:
        progress.start()
        if name not in tasks:
            tasks[name] = progress.add_task(name, total=None)
        progress.update(tasks[name], completed=done, total=total if done else None)

    try:
        yield tell
    finally:
        if tasks:
            progress.stop()


Parts = Callable[[Tell], Iterator[Figures]]


def _parts(
    bundle: Bundle,
    sources: Sources,
    run: Path,
    *,
    genres: Sequence[str],
    quick: bool,
    notes: Console,
) -> Parts:
    """What there is to measure of a bundle, by its technique."""
    if bundle.manifest.technique is Technique.ENHANCE:
        grid = Judged(
            model=bundle.load_grid(threads=_THREADS),
            corpora=sources.chorales,
            float_predict=_float(run, notes),
        )
        return partial(figures, grid, QUICK if quick else FULL)
    if bundle.manifest.technique is Technique.ACCOMPANY:
        model = bundle.load_band(threads=_THREADS)
        # To read all corpora takes minutes, the chorales a second.
        of_chorales = quick and not genres and CHORALE_GENRE in model.genres
        bands = band_parts(
            (CHORALE_GENRE,) if of_chorales else genres,
            model.genres,
            BAND_QUICK if quick else BAND_FULL,
        )
        pieces = sources.chorale_bands if of_chorales else sources.bands
        band = BandJudged(
            model=model,
            train=pieces["train"],
            test=pieces["test"],
            network=_float_band(run, model.habits, notes),
        )
        return partial(figures, band, bands)
    tokens = TokenJudged(
        model=bundle.load_ring(),
        train=() if quick else sources.tokens["train"],
        test=sources.chorale_tokens if quick else sources.tokens["test"],
        network=_network(run, notes),
        styles=bundle.manifest.serves.get("style", STYLES),
    )
    return partial(figures, tokens, TOKEN_QUICK if quick else TOKEN_FULL)


def _measured(bundle_name: str, parts: Parts, tell: Tell) -> Figures:
    measured: Figures = {}
    for part in parts(lambda name, done, total: tell(f"{bundle_name}: {name}", done, total)):
        measured |= part
    return {key: _rounded(value) for key, value in measured.items()}


def _float(run: Path, notes: Console) -> Predict | None:
    return float_model(run) if _has_run(run, "int8_delta is", notes) else None


def _network(run: Path, notes: Console) -> "TransformerXL | None":
    keys = "quantized_delta, top1_agreement and max_logit_difference are"
    if not _has_run(run, keys, notes):
        return None
    from training.runs import load_transformer  # noqa: PLC0415 - takes seconds

    return load_transformer(run)


def _float_band(run: Path, habits: Mapping[str, Habits], notes: Console) -> BandModel | None:
    if not _has_run(run, "float is", notes):
        return None
    from training.runs import load_band  # noqa: PLC0415 - takes seconds

    network, config = load_band(run)
    return FloatBand(network, config.genres, habits)


def _has_run(run: Path, what_is: str, notes: Console) -> bool:
    """Whether the float model can be had; says what is not measured otherwise."""
    if find_spec("keras") is None:
        notes.print(f"{what_is} not measured: Keras is not installed")
        return False
    if not run.is_dir():
        notes.print(f"{what_is} not measured: there is no run folder {run}")
        return False
    return True


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


def _tables(name: str, measured: Figures) -> Iterator[Table]:
    """One table of single figures, and one of what is measured beside human continuations."""
    single = {key: value for key, value in measured.items() if key != _CONTINUATIONS}
    table = Table("figure", title=name)
    table.add_column("measured", justify="right")
    for key, value in flat(single):
        table.add_row(key, f"{value:.4f}" if isinstance(value, float) else str(value))
    yield table
    if _CONTINUATIONS in measured:
        yield _continuations(name, measured[_CONTINUATIONS])


_TABLES: Final[Mapping[Technique, Callable[[str, Figures], Iterator[Table]]]] = {
    Technique.ACCOMPANY: band_tables
}
"""How the figures of a technique are shown, where not as the others' are."""


def _continuations(name: str, measured: Figures) -> Table:
    """Statistics down, human and sampling techniques across."""
    some = next(iter(measured.values()))
    table = Table(
        "statistic",
        title=f"{name}: {some['extensions']} extensions beside human continuations",
        caption="with the difference from human, and its standard error",
        box=SIMPLE,  # with this, 80 columns are enough
        pad_edge=False,
    )
    for heading in ("human", *measured):
        table.add_column(heading, justify="right", no_wrap=True)
    for statistic, figure in some.items():
        if statistic != "extensions":
            cells = (_beside_human(found[statistic]) for found in measured.values())
            table.add_row(statistic, _number(figure["human"]), *cells)
    return table


def _beside_human(figure: Figures) -> str:
    if figure["difference"] is None:
        return _number(figure["extension"])
    noise = "" if figure.get("error") is None else f"±{100 * figure['error']:.0f}"
    return f"{_number(figure['extension'])} {100 * figure['difference']:+.0f}{noise}%"


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"
