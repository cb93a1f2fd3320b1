"""Figures of bands as tables: one a genre, and one of what creative risk does."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rich.box import SIMPLE
from rich.table import Table

from training.figures import Figures

_TWINS: Final[Mapping[str, str]] = {
    "consonance": "consonance_real",
    "take_distance": "take_distance_real",
}
"""Of the figures whose twin is not called `…_corpus`."""

_WHOLE: Final = {"risks": "risks rise", "float": "float holds the same"}
"""Verdicts on more than one number."""


def band_tables(name: str, measured: Figures) -> Iterator[Table]:
    """What was measured of a bundle.

    Args:
        name: The bundle's.
        measured: Figures of `training.band.figures` by genre.
    """
    for genre, figures in measured.items():
        yield _figures(f"{name}: {genre}", figures)
        yield _risks(f"{name}: {genre}, creative risk", figures)


def _figures(title: str, figures: Figures) -> Table:
    judged = figures["judged"]
    failed = [key for key, verdict in judged.items() if not verdict["holds"]]
    table = Table(
        title=title,
        caption=(
            f"{figures['bars']:,} bars, {figures['bars_held_out']:,} of them in their own key; "
            f"{figures['bars_corpus']:,} of the corpus. {len(judged) - len(failed)} of "
            f"{len(judged)} hold{_but(failed)}"
        ),
        box=SIMPLE,
        pad_edge=False,
    )
    table.add_column("figure", no_wrap=True)
    for heading in ("played", "corpus", "held out", "gap", "bar", "holds"):
        table.add_column(heading, justify="right", no_wrap=True)
    for key, verdict in judged.items():
        if key in _WHOLE:
            continue
        twin = figures.get(_TWINS.get(key, f"{key}_corpus"))
        parts, twins, reals = map(_by_part, (figures[key], twin, figures["held_out"].get(key)))
        if "" not in parts:
            table.add_row(key)
        verdict_cells = (*map(_number, (verdict["gap"], verdict["bar"])), _yes(verdict))
        for part, value in parts.items():
            cells = map(_number, (value, twins.get(part), reals.get(part)))
            is_judged = part == verdict.get("worst", "")
            table.add_row(f"  {part}" if part else key, *cells, *(verdict_cells * is_judged))
    for key, label in _WHOLE.items():
        if key in judged:
            table.add_row(label, *[""] * 5, _yes(judged[key]))
    return table


def _risks(title: str, figures: Figures) -> Table:
    rows = figures["risks"]
    table = Table(title=title, box=SIMPLE, pad_edge=False)
    for heading in rows[0]:
        table.add_column(heading.replace("_", " "), justify="right")
    for row in rows:
        table.add_row(*(_number(value) for value in row.values()))
    return table


def _by_part(figure: Any) -> Mapping[str, Any]:
    return figure if isinstance(figure, Mapping) else {"": figure}


def _but(failed: list[str]) -> str:
    return f"; not {', '.join(failed)}" if failed else ""


def _yes(verdict: Figures) -> str:
    return "yes" if verdict["holds"] else "NO"


def _number(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
