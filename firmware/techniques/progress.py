"""How a technique tells how far it is."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeVar

from firmware.music.notes import Composition


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One step of a generation.

    Attributes:
        done: Steps done; it never falls, and several reports may be of the same step.
        total: Steps in all; 1 while that is not known yet, and nothing is done.
        preview: The composition so far, where it is worth hearing; else None.
        written_ticks: Up to where the preview will not change any more, where it is written
            from its beginning to its end; else None.
    """

    done: int
    total: int
    preview: Composition | None = None
    written_ticks: int | None = None


Generation = Generator[Progress, None, Composition]
"""A technique at work: yields `Progress`, returns the finished composition."""


Result = TypeVar("Result")


def finish(generation: Generator[object, None, Result]) -> Result:
    """Run a generation, or a part of one, to its end and return what it made."""
    while True:
        try:
            next(generation)
        except StopIteration as stop:
            result: Result = stop.value
            return result
