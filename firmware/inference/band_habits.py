"""Habits of a genre's players that a network of the band has not learned enough, in numbers.

A network that learns for an hour says the likeliest too surely: its players rest too seldom,
strike too little between the eighths, and keep too near the melody. How much so is measured on
the music that it learned from, genre by genre (`python -m training habits`), and stands in the
bundle. What is done about it, `firmware.techniques.band_decision` says.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from itertools import combinations
from typing import Final, Self

from firmware.music.band import PITCHED_ROLES, Role

PLAYERS: Final = (*PITCHED_ROLES, Role.DRUMS)

PAIRS: Final = tuple(combinations((Role.MELODY, *PITCHED_ROLES), 2))
"""Who may keep near to whom; the second listens to the first."""

MOST: Final = 20.0
"""No habit is stronger than this, in logits: beyond it there is nothing to decide."""

ByRole = Mapping[Role, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """Numbers of one genre, in logits unless something else is said; 0 is what the model says.

    Attributes:
        lowest: The lowest pitch at home that a player plays, 0..127.
        highest: The highest.
        presence: How much rather a player's pitches sound, or drums are struck.
        foreign: How much rather a pitch sounds that is foreign to the melody's key.
        movement: How much less a pitch sounds that was as good as sure in the beat before.
        off_eighths: How much rather a player strikes between the eighths.
        staccato: How much less what began on an eighth sounds on after half of it.
        resting: A player rests in a bar in which the surest pitches are less sure than this on
            average; who has no number never does.
        nearness: How much rather the second of two plays what is near to the first in tonal
            space; what is far, where it is negative.
        repetition: What share of a bar's rhythm is that of the window's bars on average; beyond
            1, how much surer that is made as well.
    """

    lowest: ByRole = field(default_factory=dict)
    highest: ByRole = field(default_factory=dict)
    presence: ByRole = field(default_factory=dict)
    foreign: ByRole = field(default_factory=dict)
    movement: ByRole = field(default_factory=dict)
    off_eighths: ByRole = field(default_factory=dict)
    staccato: ByRole = field(default_factory=dict)
    resting: ByRole = field(default_factory=dict)
    nearness: Mapping[tuple[Role, Role], float] = field(default_factory=dict)
    repetition: ByRole = field(default_factory=dict)

    def to_json(self) -> dict[str, dict[str, float]]:
        """By the names of habits, and of players or pairs."""
        found: dict[str, dict[str, float]] = {}
        for entry in fields(self):
            numbers: Mapping[Role | tuple[Role, Role], float] = getattr(self, entry.name)
            found[entry.name] = {_name(who): number for who, number in numbers.items()}
        return found

    @classmethod
    def from_json(cls, values: Mapping[str, Mapping[str, float]]) -> Self:
        """Read what `to_json` gives.

        Raises:
            ValueError: If a name is unknown, or a number is none that it can be.
        """
        if not isinstance(values, Mapping):
            raise ValueError(f"{values!r:.80} is no table of habits")
        found: dict[str, dict[Role | tuple[Role, Role], float]] = {}
        for habit, numbers in values.items():
            known = _KNOWN.get(habit)
            if known is None or not isinstance(numbers, Mapping):
                raise ValueError(f"there is no habit {habit!r:.80}")
            found[habit] = {}
            for who, number in numbers.items():
                if who not in known:
                    raise ValueError(f"{habit}: there is no {who!r:.80}")
                low, high = _PITCHES if habit in _OF_PITCHES else (-MOST, MOST)
                if type(number) not in (int, float) or not low <= number <= high:
                    raise ValueError(f"{habit}: {number!r:.80} is not in {low:g}..{high:g}")
                found[habit][known[who]] = float(number)
        return cls(**found)  # type: ignore[arg-type]  # by the table, each is what it should be


def _name(who: Role | tuple[Role, Role]) -> str:
    return "-".join(who) if isinstance(who, tuple) else str(who)


_BY_PLAYER: Final[Mapping[str, Role | tuple[Role, Role]]] = {_name(who): who for who in PLAYERS}

_PITCHES: Final = (0, 127)
_OF_PITCHES: Final = frozenset({"lowest", "highest"})

_KNOWN: Final[Mapping[str, Mapping[str, Role | tuple[Role, Role]]]] = {
    "lowest": _BY_PLAYER,
    "highest": _BY_PLAYER,
    "presence": _BY_PLAYER,
    "foreign": _BY_PLAYER,
    "movement": _BY_PLAYER,
    "off_eighths": _BY_PLAYER,
    "staccato": _BY_PLAYER,
    "resting": _BY_PLAYER,
    "nearness": {_name(pair): pair for pair in PAIRS},
    "repetition": _BY_PLAYER,
}

UNCHANGED: Final = Habits()
"""Where nothing was measured."""
