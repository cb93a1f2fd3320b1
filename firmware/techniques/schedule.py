"""How the passes of an enhancement are spent: hearing, a confident draft, roaming, settling."""

from dataclasses import dataclass
from typing import Final

DRAFT_PASSES: Final = 12
"""Passes of the draft of the first window: what can be heard before the rest is done."""

DRAFT_ALONE: Final = 40
"""Up to as many passes, a draft of everything is all that is written."""

_LISTENING: Final = 6  # one pass in so many
_JUDGING_LOOKS: Final = 4
_FEWEST_LOOKS: Final = 2
_JUDGING_ROUNDS: Final = 2
_VOICING_LOOKS: Final = 2
_VOICING_ROUNDS: Final = 4
_HIGHEST_SHARE: Final = 0.9
_LOWEST_SHARE: Final = 0.1
_ANNEALING: Final = 0.7  # of the passes that roam
_COOLING: Final = 0.35  # of the temperature, while the masks shrink
_SETTLING: Final = 0.15  # of the passes that write
_SETTLING_COLDNESS: Final = 0.3
_PREVIEWS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """One pass that writes.

    Attributes:
        share: Of the open cells, those that are written anew.
        temperature: Of the draw.
        confident: Whether the least certain cells are chosen, rather than any.
        preview: Whether it is worth hearing afterwards.
    """

    share: float
    temperature: float
    confident: bool = False
    preview: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How many passes go where.

    Attributes:
        voicing: Passes of each round that hears which voices the notes belong to.
        judging: Passes of each round that hears which notes sound wrong.
        writing: The passes that write.
    """

    voicing: tuple[int, ...]
    judging: tuple[int, ...]
    writing: tuple[Pass, ...]

    @property
    def passes(self) -> int:
        """All of them."""
        return sum(self.voicing) + sum(self.judging) + len(self.writing)


def plan(passes: int, risk: float, *, voicing: bool, judging: bool, drafted: int) -> Plan:
    """Divide the passes.

    Args:
        passes: As many as the player wants, 1 or more.
        risk: The player's creative risk: the temperature.
        voicing: Whether there is a choice of voices for the player's notes.
        judging: Whether notes of the player's may be removed.
        drafted: Passes that are already spent on a draft of all there is.
    """
    listening = passes // _LISTENING
    judged: tuple[int, ...] = ()
    if judging and listening >= _JUDGING_LOOKS:
        judged = (_JUDGING_LOOKS,) * min(_JUDGING_ROUNDS, listening // (2 * _JUDGING_LOOKS) + 1)
    elif judging and listening:
        judged = (_FEWEST_LOOKS,)
    left = listening - sum(judged)
    rounds = min(_VOICING_ROUNDS, max(left, 0) // _VOICING_LOOKS) if voicing else 0
    voiced = (_VOICING_LOOKS,) * rounds
    writing = max(passes - sum(judged) - sum(voiced) - drafted, 1)
    steps = draft(writing, risk) if passes <= DRAFT_ALONE else _roam(writing, risk)
    return Plan(voicing=voiced, judging=judged, writing=tuple(steps))


def draft(passes: int, risk: float) -> list[Pass]:
    """Write everything, then again what is least certain, less and less of it."""
    return [
        Pass(
            share=1.0 - number / passes,
            temperature=risk,
            confident=True,
            preview=number in {passes - 1, DRAFT_PASSES - 1},
        )
        for number in range(passes)
    ]


def _roam(passes: int, risk: float) -> list[Pass]:
    """Annealed masks: first nearly everything anew, then less and less; at the end calmly."""
    settling = round(passes * _SETTLING)
    roaming = passes - settling
    preview_every = max(1, passes // _PREVIEWS)
    steps: list[Pass] = []
    for number in range(passes):
        way = min(number / max(_ANNEALING * roaming, 1.0), 1.0)
        share = _HIGHEST_SHARE + (_LOWEST_SHARE - _HIGHEST_SHARE) * way
        steps.append(
            Pass(
                share=share if number else 1.0,
                temperature=risk
                * (_SETTLING_COLDNESS if number >= roaming else 1.0 - _COOLING * way),
                preview=(number + 1) % preview_every == 0 and number > passes // 2,
            )
        )
    return steps
