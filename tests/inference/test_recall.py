"""How likely a repetition or a longer rest is: worked by hand, and never a broken probability."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.inference.bundle import read_bundle, shipped_bundles
from firmware.inference.recall import (
    FEATURES,
    KINDS,
    SILENCES,
    Recall,
    TokenHabits,
    sharpened,
    silence_row,
)
from firmware.music.tokens import TOKEN_ENCODING as SPEC
from firmware.music.tokens import GridNote, encode
from firmware.parameters import Technique

V = SPEC.vocabulary
BEAT = SPEC.beat_resolution
ALIKE = np.zeros(V, np.float32)
"""Logits of a network that knows nothing."""


def habits(**weights: float) -> TokenHabits:
    """Of copying: these weights, for every kind of token. A rest is as the network has it."""
    row = tuple(weights.get(name.replace(" ", "_"), 0.0) for name in FEATURES)
    return TokenHabits(
        copying=dict.fromkeys(KINDS, row),
        resting=((0.0, 1.0),) * len(SILENCES),
    )


def tune_again() -> list[int]:
    """Eight notes, a beat each, and the first two again; the beat of the third was read."""
    notes = [60, 64, 62, 67, 65, 69, 71, 72, 60, 64]
    tokens: list[int] = encode(
        [GridNote(start=BEAT * n, pitch=pitch, duration=BEAT) for n, pitch in enumerate(notes)],
        bars=range(0, 10 * BEAT, 4 * BEAT),
        beats=11,
    ).tolist()
    return tokens


def told(numbers: TokenHabits) -> Recall:
    recall = Recall(numbers)
    recall.read(tune_again())
    return recall


def test_a_constant_is_a_share() -> None:
    """Odds of three to one, whatever the network thinks."""
    copied = told(habits(constant=math.log(3.0))).copied(ALIKE)
    assert copied is not None
    assert copied.token == SPEC.first_pitch + 62 - SPEC.lowest_pitch
    assert copied.share == pytest.approx(0.75)


def test_evidence_is_weighed_in_logits() -> None:
    """Seven tokens right, of a network that thinks one in V: worked by hand."""
    copied = told(habits(chance=1.0, score=0.5, run=0.25)).copied(ALIKE)
    assert copied is not None
    judged = -math.log(V - 1) + 0.5 * math.log2(7) + 0.25 * math.log2(8)
    assert copied.share == pytest.approx(1.0 / (1.0 + math.exp(-judged)))


def test_with_the_network_alone_nothing_changes() -> None:
    said = np.random.default_rng(1).normal(size=V).astype(np.float32)
    expected = np.exp(said) / np.exp(said).sum()
    np.testing.assert_allclose(told(habits(chance=1.0)).expected(said), expected, rtol=1e-5)


def test_the_others_share_what_is_left() -> None:
    """As the network has them among themselves."""
    said = np.random.default_rng(2).normal(size=V).astype(np.float32)
    shares = told(habits(constant=math.log(3.0))).expected(said)
    token = SPEC.first_pitch + 62 - SPEC.lowest_pitch
    assert shares[token] == pytest.approx(0.75)
    assert shares.sum() == pytest.approx(1.0)
    others = np.delete(np.exp(said.astype(np.float64)), token)
    np.testing.assert_allclose(np.delete(shares, token), 0.25 * others / others.sum(), rtol=1e-5)


def test_what_cannot_stand_is_not_repeated() -> None:
    recall = told(habits(constant=9.0))
    allowed = np.ones(V, np.bool_)
    allowed[SPEC.first_pitch + 62 - SPEC.lowest_pitch] = False
    assert recall.copied(ALIKE, allowed) is None
    # Where one token alone can follow there is nothing to decide.
    alone = ~allowed
    assert recall.copied(ALIKE, alone) is None


@pytest.mark.parametrize(("beats", "bar_stood"), [(10, False), (12, True)])
def test_a_bar_line_may_stand_elsewhere(*, beats: int, bar_stood: bool) -> None:
    """A beat is repeated as the bar that must stand there, and a bar as a beat."""
    notes = [60, 64, 62, 67, 65, 69, 71, 72, 60, 64, 62, 67]
    tokens = encode(
        [GridNote(start=BEAT * n, pitch=p, duration=BEAT) for n, p in enumerate(notes[:beats])],
        bars=(0, 4 * BEAT),
    )
    recall = Recall(habits(constant=9.0))
    recall.read(tokens.tolist())
    free = recall.copied(ALIKE)
    assert free is not None
    assert free.token == (SPEC.bar if bar_stood else SPEC.beat)
    allowed = np.ones(V, np.bool_)
    allowed[free.token] = False
    moved = recall.copied(ALIKE, allowed)
    assert moved is not None
    assert moved.token == (SPEC.beat if bar_stood else SPEC.bar)


def test_a_rest_lasts_as_counted() -> None:
    """A note of a beat, and three beats of silence: in the second row; and not before."""
    resting = [(0.0, 1.0), (math.log(4.0), 0.0), *[(0.0, 1.0)] * 3]
    numbers = TokenHabits(copying=habits(chance=1.0).copying, resting=tuple(resting))
    recall = Recall(numbers)
    recall.read([SPEC.bar, SPEC.first_pitch, SPEC.first_duration + BEAT - 1, SPEC.beat])
    assert recall.rested(ALIKE) is ALIKE
    recall.read([SPEC.beat])
    np.testing.assert_allclose(recall.rested(ALIKE), ALIKE, atol=1e-9)  # as the network has it
    recall.read([SPEC.beat])
    shares = np.exp(recall.rested(ALIKE))
    shares /= shares.sum()
    assert shares[[SPEC.beat, SPEC.bar]].sum() == pytest.approx(0.8)
    assert shares[SPEC.beat] == pytest.approx(0.4)
    assert recall.expected(ALIKE)[SPEC.beat] == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("beats", "row"), [(0, None), (1, 0), (2, 1), (3, 1), (4, 2), (7, 2), (8, 3), (9, 4), (99, 4)]
)
def test_silences_have_rows(beats: int, row: int | None) -> None:
    assert silence_row(beats) == row


def test_temperature_is_of_decisions_too() -> None:
    """Odds of four to one are of two to one at 2, and of sixteen to one at a half."""
    assert sharpened(0.8, 1.0) == pytest.approx(0.8)
    assert sharpened(0.8, 2.0) == pytest.approx(2 / 3)
    assert sharpened(0.8, 0.5) == pytest.approx(16 / 17)


SHIPPED = [
    bundle.manifest.habits
    for bundle in map(read_bundle, shipped_bundles().values())
    if bundle.manifest.technique is Technique.EXTEND
]


@given(
    tokens=st.lists(st.integers(0, V - 1), max_size=40).map(lambda some: some * 3),
    strength=st.floats(0.0, 200.0),
    which=st.integers(0, len(SHIPPED) - 1),
)
def test_shipped_habits_always_give_probabilities(
    tokens: list[int], strength: float, which: int
) -> None:
    """Whatever was read, and however sure the network is."""
    recall = Recall(TokenHabits.from_json(SHIPPED[which]))
    recall.read(tokens)
    said = np.random.default_rng(len(tokens)).normal(scale=strength, size=V).astype(np.float32)
    shares = recall.expected(said)
    assert shares.sum() == pytest.approx(1.0)
    assert shares.min() >= 0.0
    copied = recall.copied(said)
    assert copied is None or 0.0 < copied.share < 1.0


def test_habits_survive_the_round_trip() -> None:
    numbers = habits(constant=1.5, off_bar=-0.5)
    assert TokenHabits.from_json(numbers.to_json()) == numbers
    assert all(TokenHabits.from_json(raw).to_json() == raw for raw in SHIPPED)


def broken(**changes: Any) -> dict[str, Any]:
    return {**habits(constant=1.0).to_json(), **changes}


@pytest.mark.parametrize(
    "raw",
    [
        {},
        broken(more=1),
        broken(copying=[]),
        broken(copying={"moves": {}}),
        broken(copying={kind: {"constant": 1.0} for kind in KINDS}),
        broken(copying=dict.fromkeys(KINDS, dict.fromkeys(FEATURES, "much"))),
        broken(copying=dict.fromkeys(KINDS, dict.fromkeys(FEATURES, float("inf")))),
        broken(copying=dict.fromkeys(KINDS, dict.fromkeys(FEATURES, True))),
        broken(resting={"1": [0.0, 1.0]}),
        broken(resting={str(beats): [0.0] for beats in SILENCES}),
        broken(resting=dict.fromkeys(map(str, SILENCES), 3)),
    ],
)
def test_what_are_no_habits_is_refused(raw: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"does not have|numbers"):
        TokenHabits.from_json(raw)
