"""What a command says: to people as lines, to programs as one JSON object."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The outcome of a command.

    Attributes:
        content: For `--json`.
        lines: For people.
        problem: What a check found wrong, or an empty string: the exit code tells, too.
        remedy: What helps.
    """

    content: Mapping[str, Any]
    lines: Sequence[str]
    problem: str = ""
    remedy: str = ""


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns with a line above; numbers are the caller's to align."""
    cells = [list(head), *[list(row) for row in rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    ruled = [cells[0], ["-" * width for width in widths], *cells[1:]]
    return [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in ruled
    ]
