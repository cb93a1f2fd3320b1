"""What a check comes to."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How it is."""

    OK = "ok"
    WARNING = "warning"  # it works, but look at it
    FAULT = "fault"
    ABSENT = "not here"  # this computer has none, and needs none


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a check found.

    Attributes:
        verdict: How it is.
        sentence: What was seen.
        remedy: What helps, or "".
    """

    verdict: Verdict
    sentence: str
    remedy: str = ""


def ok(sentence: str) -> Found:
    """It is as it should be."""
    return Found(verdict=Verdict.OK, sentence=sentence)


def warning(sentence: str, remedy: str) -> Found:
    """It works, but somebody should look at it."""
    return Found(verdict=Verdict.WARNING, sentence=sentence, remedy=remedy)


def fault(sentence: str, remedy: str) -> Found:
    """It does not work."""
    return Found(verdict=Verdict.FAULT, sentence=sentence, remedy=remedy)


def absent(sentence: str) -> Found:
    """There is none, and that is right so."""
    return Found(verdict=Verdict.ABSENT, sentence=sentence)
