"""The last lines of the log in memory, for programs that ask; and a file of them, where wanted."""

import logging
import queue
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import QueueHandler, QueueListener, RotatingFileHandler
from pathlib import Path
from typing import Final

from firmware.engine.control.exchange import Exchange
from firmware.errors import ControlError

KEPT: Final = 400
MAX_LINE: Final = 1000
"""Characters of a line that are kept; a traceback's later lines are lines of their own."""

MOST_ASKED: Final = 200
"""Lines in one answer."""

FILE_BYTES: Final = 1024 * 1024
"""The file begins anew when it is this large, and the one before it is kept beside it."""

_MOST_BYTES: Final = 48 * 1024
_LOG = logging.getLogger(__name__)
_FORMAT = logging.Formatter(
    "%(asctime)s %(levelname)s %(name)s: %(message)s", datefmt="%Y-%m-%d %H:%M:%S"
)


class LogTail(logging.Handler):
    """Remembers the last lines."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(_FORMAT)
        self._lines: deque[str] = deque(maxlen=KEPT)

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record; on whatever thread."""
        self._lines.extend(line[:MAX_LINE] for line in self.format(record).splitlines())

    def last(self, count: int) -> list[str]:
        """So many lines, or as many as there are; the latest comes last."""
        return list(self._lines)[-count:] if count else []

    def answer(self, exchange: Exchange) -> None:
        """Give a program the lines that it asks for."""
        count = exchange.request.arguments.get("lines", 50)
        if 1 <= count <= MOST_ASKED:
            exchange.finish({"lines": _that_fit(self.last(count))})
        else:
            exchange.refuse(ControlError(f"lines must be in 1..{MOST_ASKED}, got {count}"))


@contextmanager
def kept_log(file: Path | None) -> Iterator[LogTail]:
    """Keep the log while the block runs.

    Args:
        file: Where it is written as well, on a thread of its own; or None. Where that cannot be,
            the log says so.
    """
    tail = LogTail()
    root = logging.getLogger()
    with _written(file) as written:
        handlers = [tail, *written]
        for handler in handlers:
            root.addHandler(handler)
        try:
            yield tail
        finally:
            for handler in handlers:
                root.removeHandler(handler)


@contextmanager
def _written(file: Path | None) -> Iterator[list[logging.Handler]]:
    if file is None:
        yield []
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        writer = RotatingFileHandler(file, maxBytes=FILE_BYTES, backupCount=1, encoding="utf-8")
    except OSError as error:
        _LOG.warning("the log's file %s cannot be written: %s", file, error.strerror)
        yield []
        return
    writer.setFormatter(_FORMAT)
    # A disk may take longer than the music can wait.
    waiting: queue.Queue[logging.LogRecord] = queue.Queue(10 * KEPT)
    listener = QueueListener(waiting, writer)
    listener.start()
    try:
        yield [QueueHandler(waiting)]
    finally:
        listener.stop()
        writer.close()


def _that_fit(lines: list[str]) -> list[str]:
    """The last of the lines, as many as fit into an answer."""
    left, fitting = _MOST_BYTES, []
    for line in reversed(lines):
        left -= 6 * len(line) if not line.isascii() else len(line) + 8  # as JSON spells it
        if left < 0:
            break
        fitting.append(line)
    return fitting[::-1]
