"""Tables as Markdown and as CSV, and TOML tables as values."""

import csv
import io
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from firmware.errors import ConfigError


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]], *, right: str = "") -> list[str]:
    """A table in Markdown.

    Args:
        head: Names of the columns.
        rows: As many cells each.
        right: A letter for each column, `r` where it is aligned to the right; others to the left.
    """
    rules = ["---:" if side == "r" else "---" for side in right.ljust(len(head))]
    lines = [head, rules, *rows]
    return [f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines]


def comma_separated(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The same as CSV, as RFC 4180 has it but with plain line ends, which Git leaves alone."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([head, *rows])
    return text.getvalue()


def toml_tables(path: Path, name: str) -> list[dict[str, Any]]:
    """An array of tables in a TOML file of the kit.

    Raises:
        ConfigError: If it is not there.
    """
    tables = tomllib.loads(path.read_text(encoding="utf-8")).get(name)
    if not isinstance(tables, list) or not tables:
        raise ConfigError(f"{path.name} has no [[{name}]]")
    return tables


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
