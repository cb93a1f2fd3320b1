"""What a check is."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.system.machine import Guest, GuestError


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One claim.

    Attributes:
        claim: In a sentence.
        show: Shows it, and says with which figures; raises `GuestError` where it does not hold.
        is_quick: Whether it is part of the quick run, which every change has to pass.
        needs_panel: Whether it wants the instrument as it is on a Raspberry Pi, with its own panel.
    """

    claim: str
    show: Callable[[Guest], str]
    is_quick: bool = False
    needs_panel: bool = False


def see(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - reads as an assertion
    """A claim that holds, or is told of.

    Raises:
        GuestError: If it does not hold; it says `otherwise`.
    """
    if not holds:
        raise GuestError(otherwise)
