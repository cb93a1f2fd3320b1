"""One request and its answer: asked on the control socket's thread, answered on the engine's."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from firmware.engine.control.lines import Request, answer_line, progress_line, refusal_line
from firmware.errors import ContinuoError


class Exchange:
    """One request and its answer, which is given on the engine's thread, once.

    Args:
        request: What is asked for.
        say: Takes what is said; from any thread, returns at once.
    """

    def __init__(self, request: Request, say: Callable[["Word"], None]) -> None:
        self.request = request
        self._say = say
        self._is_over = False

    def tell(self, content: Mapping[str, Any]) -> None:
        """Say how far it is."""
        if not self._is_over:
            self._say(Word(exchange=self, line=progress_line(content), is_last=False))

    def finish(self, content: Mapping[str, Any]) -> None:
        """Answer."""
        self._end(answer_line(content))

    def refuse(self, error: ContinuoError) -> None:
        """Answer that it cannot be done."""
        self._end(refusal_line(error))

    def _end(self, line: bytes) -> None:
        if not self._is_over:
            self._is_over = True
            self._say(Word(exchange=self, line=line, is_last=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One line of an answer.

    Attributes:
        exchange: Whose.
        line: With its end.
        is_last: Whether it is the last.
    """

    exchange: Exchange
    line: bytes
    is_last: bool
