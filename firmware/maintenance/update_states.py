"""An update as a table: what each event means in each state, and which steps that takes.

A step changes the disk in one go and may be repeated, and a state is read from the disk. So
wherever power fails, the next start finds a state of the table, and does what stands there. The
link that says what is started leads to a whole release at any moment: the old one or the new one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from firmware.errors import UpdateError


class State(StrEnum):
    """How far an update is."""

    SETTLED = "settled"  # what is started has proved itself
    TRYING = "trying"  # what is started has not, and there is one to return to


class Event(StrEnum):
    """What can happen."""

    STAGED = "a release lies ready"
    HEALTHY = "the new release has proved itself"
    UNHEALTHY = "the new release has not proved itself in time"
    BOOTED = "the machine was switched on"


class Step(StrEnum):
    """What is done to the disk; each is whole or was not begun."""

    NOTE_TRIAL = "note which release is tried, and which one is returned to"
    START_NEW = "let the link lead to the new release"
    START_OLD = "let the link lead back to the old release"
    FORGET_TRIAL = "remove the note"
    SWEEP = "remove releases that nothing leads to"


@dataclass(frozen=True, slots=True)
class Move:
    """The event is taken: steps one after the other, then a state."""

    steps: tuple[Step, ...]
    state: State


TABLE: Mapping[State, Mapping[Event, Move | str]] = MappingProxyType(
    {
        # A text is a refusal.
        State.SETTLED: {
            Event.STAGED: Move((Step.NOTE_TRIAL, Step.START_NEW), State.TRYING),
            Event.HEALTHY: "no release is being tried",
            Event.UNHEALTHY: "no release is being tried",
            Event.BOOTED: Move((Step.SWEEP,), State.SETTLED),
        },
        State.TRYING: {
            Event.STAGED: "another release is being tried",
            # Who does this may run from the release that is left: it is swept at the next start.
            Event.HEALTHY: Move((Step.FORGET_TRIAL,), State.SETTLED),
            Event.UNHEALTHY: Move((Step.START_OLD, Step.FORGET_TRIAL), State.SETTLED),
            Event.BOOTED: Move((Step.START_OLD, Step.FORGET_TRIAL), State.SETTLED),
        },
    }
)


def move(state: State, event: Event) -> Move:
    """What an event means in a state.

    Raises:
        UpdateError: If it is refused.
    """
    entry = TABLE[state][event]
    if isinstance(entry, str):
        raise UpdateError(entry, remedy="continuo update --settle, then try again")
    return entry
