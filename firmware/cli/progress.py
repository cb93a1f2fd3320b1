"""A progress bar with the time left, on standard error, so that standard output stays an answer."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

Report = Callable[[int, int], None]
"""Called with the steps done and the steps in all."""

LATE_S = 2.0
"""A player wonders after this long; what is usually quicker needs no bar before."""


@contextmanager
def progress_bar(
    label: str, *, console: Console | None = None, after_s: float = 0.0
) -> Iterator[Report]:
    """Show how far something is while the block runs.

    Args:
        label: What is being done.
        console: Where to show it; standard error by default.
        after_s: Show nothing if it takes no longer than this.

    Yields:
        The function that moves the bar.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=32),
        TaskProgressColumn(),
        TextColumn("time left"),
        TimeRemainingColumn(compact=True),
        TextColumn("elapsed"),
        TimeElapsedColumn(),
    )
    progress = Progress(*columns, console=console or Console(stderr=True))
    began = progress.get_time()
    task = progress.add_task(label, total=None)

    def report(done: int, total: int) -> None:
        progress.update(task, completed=done, total=total)
        if not progress.live.is_started and progress.get_time() - began >= after_s:
            progress.start()

    if not after_s:
        progress.start()
    try:
        yield report
    finally:
        if progress.live.is_started:
            progress.stop()
