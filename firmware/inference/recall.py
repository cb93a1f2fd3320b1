"""What a network of tokens cannot count, counted: how surely music goes on repeating, or resting.

The network remembers some twelve bars and was not told how long it has been silent. So it loses
a repetition that people would keep to, and ends rests too early. Both are told from all that was
read: `CopyMemory` says what would follow if the music went on repeating itself and the clock how
long nothing has sounded. How often that comes true was counted on music that the network has not
learned from (`training.token_habits`), given how likely the network thinks it. It stands in the
bundle as weights of a logistic regression, and is used as a probability.

Letters: V vocabulary.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass
from math import exp, isfinite, log
from types import MappingProxyType
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from firmware.inference.copying import CopyMemory, Suggestion
from firmware.inference.sampling import probabilities
from firmware.music.tokens import TOKEN_ENCODING, TokenSpec

MOVES, PITCHES, DURATIONS = "moves", "pitches", "durations"
KINDS: Final = (MOVES, PITCHES, DURATIONS)
"""What a token can be: a move in time, a pitch or a rest of a part, a duration."""

FEATURES: Final = (
    "constant",
    "chance",
    "score",
    "run",
    "score run",
    "chance score",
    "chance run",
    "distance",
    "rounds",
    "rounds run",
    "distance rounds",
    "off bar",
    "rivals",
)
"""What a suggestion is judged by, besides the fields of `Suggestion` and their products:
`chance`, what the network thinks of it, in logits."""

SILENCES: Final = (1, 2, 4, 8, 9)
"""Beats of silence, each up to the next: what was learned has none that is longer than two bars
of four, as longer ones were taken out."""

_SUREST: Final = 12.0
"""Logits: one in 160,000 is the least that can have been counted."""

Logits = NDArray[np.float32] | NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenHabits:
    """Weights of the logistic regressions of a bundle.

    Attributes:
        copying: By the kind of a suggested token, a weight for each of `FEATURES`.
        resting: For each of `SILENCES`, a constant and a weight of what the network thinks of
            one more silent beat, in logits.
    """

    copying: Mapping[str, tuple[float, ...]]
    resting: tuple[tuple[float, float], ...]

    def to_json(self) -> dict[str, Any]:
        """What stands in a manifest."""
        return {
            "copying": {
                kind: dict(zip(FEATURES, weights, strict=True))
                for kind, weights in self.copying.items()
            },
            "resting": {
                str(beats): list(weights)
                for beats, weights in zip(SILENCES, self.resting, strict=True)
            },
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Read what `to_json` gives.

        Raises:
            ValueError: If it is something else; the sentence says what.
        """
        copying = _table(_table(raw, ("copying", "resting"))["copying"], KINDS)
        resting = _table(raw["resting"], tuple(map(str, SILENCES)))
        pairs = [_numbers(resting[str(beats)], 2) for beats in SILENCES]
        return cls(
            copying=MappingProxyType(
                {
                    kind: _numbers([_table(copying[kind], FEATURES)[name] for name in FEATURES])
                    for kind in KINDS
                }
            ),
            resting=tuple((constant, weight) for constant, weight in pairs),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """What may be repeated.

    Attributes:
        token: The next one.
        share: Its probability, above 0 and below 1.
    """

    token: int
    share: float


class Recall:
    """What was read, and what it says about the next token.

    Args:
        habits: Of the bundle.
        spec: The encoding.
    """

    def __init__(self, habits: TokenHabits, *, spec: TokenSpec = TOKEN_ENCODING) -> None:
        self.memory = CopyMemory(spec=spec)
        self._habits = habits
        self._spec = spec

    def copy(self) -> Self:
        """The same, which goes on by itself."""
        other = copy(self)
        other.memory = self.memory.copy()
        return other

    def read(self, tokens: Iterable[int]) -> None:
        """Take the next tokens."""
        for token in tokens:
            self.memory.read(token)

    def rested(self, logits: Logits) -> Logits:
        """(V,) logits, with those of BEAT and BAR such that a rest lasts as rests do."""
        row = silence_row(self.memory.silence_beats)
        if row is None:
            return logits
        spec = self._spec
        chance = chance_of(float(probabilities(logits, 1.0)[[spec.beat, spec.bar]].sum()))
        constant, weight = self._habits.resting[row]
        corrected = logits.astype(np.float64)
        corrected[[spec.beat, spec.bar]] += constant + weight * chance - chance
        return corrected

    def copied(self, logits: Logits, allowed: NDArray[np.bool_] | None = None) -> Copied | None:
        """What would be repeated, if anything, and how likely it is.

        Args:
            logits: (V,) as `rested` gives them.
            allowed: (V,) what can follow, or None for everything. Bars may begin elsewhere than
                they did: where BAR cannot stand, BEAT is a repetition of it, and the other way.
        """
        suggested = self.memory.suggestion()
        if suggested is None:
            return None
        token = suggested.token
        if allowed is not None:
            moves = (self._spec.beat, self._spec.bar)
            if token in moves and not allowed[token]:
                token = moves[1 - moves.index(token)]
            if not allowed[token] or allowed.sum() == 1:
                return None
        share = float(probabilities(logits, 1.0, allowed=allowed)[token])
        weights = self._habits.copying[kind_of_token(token, spec=self._spec)]
        seen = evidence(suggested, chance_of(share))
        judged = sum(weight * value for weight, value in zip(weights, seen, strict=True))
        return Copied(token=token, share=_share_of(judged))

    def expected(self, logits: Logits) -> NDArray[np.float64]:
        """(V,) probabilities of the next token, all told, where nothing limits it."""
        logits = self.rested(logits)
        shares = probabilities(logits, 1.0)
        copied = self.copied(logits)
        others = 0.0 if copied is None else 1.0 - shares[copied.token]
        if copied is not None and others > 0.0:
            shares *= (1.0 - copied.share) / others
            shares[copied.token] = copied.share
        return shares


def kind_of_token(token: int, *, spec: TokenSpec = TOKEN_ENCODING) -> str:
    """One of `KINDS`."""
    if token < spec.first_pitch:
        return MOVES
    return DURATIONS if token >= spec.first_duration else PITCHES


def silence_row(beats: int) -> int | None:
    """Which of `SILENCES` a silence belongs to, or None for none of them."""
    return bisect_right(SILENCES, beats) - 1 if beats >= SILENCES[0] else None


def chance_of(share: float) -> float:
    """A probability in logits, none surer than can be counted."""
    least = _share_of(-_SUREST)
    share = min(max(share, least), 1.0 - least)
    return log(share / (1.0 - share))


def sharpened(share: float, temperature: float) -> float:
    """A yes or no of a probability, at a temperature."""
    return _share_of(chance_of(share) / temperature)


def evidence(suggested: Suggestion, chance: float) -> tuple[float, ...]:
    """The values of `FEATURES`."""
    score, run, distance, rounds = (
        suggested.score,
        suggested.run,
        suggested.distance,
        suggested.rounds,
    )
    return (
        1.0,
        chance,
        score,
        run,
        score * run,
        chance * score,
        chance * run,
        distance,
        rounds,
        rounds * run,
        distance * rounds,
        suggested.off_bar,
        suggested.rivals,
    )


def _share_of(chance: float) -> float:
    return 1.0 / (1.0 + exp(-min(max(chance, -_SUREST), _SUREST)))


def _table(value: object, names: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or value.keys() != set(names):
        raise ValueError(f"{value!r:.80} does not have {', '.join(names)}")
    return value


def _numbers(values: object, count: int = len(FEATURES)) -> tuple[float, ...]:
    if not isinstance(values, list) or len(values) != count:
        raise ValueError(f"{values!r:.80} is not {count} numbers")
    if not all(type(value) in (int, float) and isfinite(value) for value in values):
        raise ValueError(f"{values!r:.80} is not {count} numbers")
    return tuple(map(float, values))
