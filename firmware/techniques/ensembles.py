"""Who plays the four voices."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Ensemble:
    """Four players.

    Attributes:
        name: What the player chooses, as the parameter `ensemble` has it.
        programs: General MIDI programs of soprano, alto, tenor and bass.
        surplus_program: Of the player's notes beyond four voices.
    """

    name: str
    programs: tuple[int, int, int, int]
    surplus_program: int


ENSEMBLES: Final[Mapping[str, Ensemble]] = MappingProxyType(
    {
        ensemble.name: ensemble
        for ensemble in (
            Ensemble(name="choir", programs=(52, 52, 52, 52), surplus_program=0),
            Ensemble(name="strings", programs=(40, 40, 41, 42), surplus_program=48),
            Ensemble(name="organ", programs=(19, 19, 19, 19), surplus_program=19),
            Ensemble(name="piano", programs=(0, 0, 0, 0), surplus_program=0),
        )
    }
)

SURPLUS_NAME: Final = "more"
