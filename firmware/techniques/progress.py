"""How a technique tells how far it is."""

from collections.abc import Generator
from dataclasses import dataclass

from firmware.music.notes import Composition


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One step of a generation.

    Attributes:
        done: Steps done.
        total: Steps in all.
        preview: The composition so far, where it is worth hearing; else None.
    """

    done: int
    total: int
    preview: Composition | None = None


Generation = Generator[Progress, None, Composition]
"""A technique at work: yields `Progress`, returns the finished composition."""


def finish(generation: Generation) -> Composition:
    """Run a generation to its end."""
    while True:
        try:
            next(generation)
        except StopIteration as stop:
            composition: Composition = stop.value
            return composition
