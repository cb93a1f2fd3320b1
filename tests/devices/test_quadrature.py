"""Rotary encoders: no click is lost or turned round by a bouncing contact."""

import random
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.devices.quadrature import (
    QUARTERS,
    TURN_ROUND_NS,
    Contact,
    Detent,
    QuadratureDecoder,
)

A, B = Contact.A, Contact.B
CLOCKWISE = ((A, False), (B, False), (A, True), (B, True))  # edges of one cycle, from rest
BACK = ((B, False), (A, False), (B, True), (A, True))
MS_NS = 1_000_000
QUARTER_NS = 2_500_000  # of a full-cycle encoder at 100 detents a second

Edge = tuple[Contact, bool]
detents = st.sampled_from(list(Detent))


def turned(detent: Detent, clicks: int, *, start: int = 0) -> list[Edge]:
    """The clean edges of so many clicks from a place in the cycle, in quarters."""
    quarters = abs(clicks) * QUARTERS[detent]
    edges: list[Edge] = []
    place = start
    for _ in range(quarters):
        if clicks > 0:
            edges.append(CLOCKWISE[place % 4])
            place += 1
        else:
            place -= 1
            contact, high = CLOCKWISE[place % 4]
            edges.append((contact, not high))
    return edges


def clicks_of(detent: Detent, edges: list[Edge], spacing_ns: int = QUARTER_NS) -> list[int]:
    decoder = QuadratureDecoder(detent)
    return [
        click
        for index, (contact, high) in enumerate(edges)
        if (click := decoder.edge(contact, index * spacing_ns, high=high))
    ]


@given(detent=detents, clicks=st.integers(-40, 40))
def test_every_detent_is_a_click(detent: Detent, clicks: int) -> None:
    told = clicks_of(detent, turned(detent, clicks))
    assert told == [1 if clicks > 0 else -1] * abs(clicks)


def test_the_cycle_is_the_data_sheets() -> None:
    assert clicks_of(Detent.FULL, list(CLOCKWISE)) == [1]
    assert clicks_of(Detent.FULL, list(BACK)) == [-1]
    assert clicks_of(Detent.HALF, list(CLOCKWISE)) == [1, 1]
    assert clicks_of(Detent.QUARTER, list(BACK)) == [-1, -1, -1, -1]


@given(detent=detents, turns=st.lists(st.integers(-6, 6).filter(bool), min_size=1, max_size=12))
def test_a_hand_that_goes_to_and_fro_is_followed(detent: Detent, turns: list[int]) -> None:
    """Every detent counts; a quarter-detent encoder may owe the last one after a turn round."""
    edges: list[Edge] = []
    place = 0
    for turn in turns:
        edges += turned(detent, turn, start=place)
        place += turn * QUARTERS[detent]
    owed = 1 if detent is Detent.QUARTER else 0
    assert abs(sum(clicks_of(detent, edges, TURN_ROUND_NS)) - sum(turns)) <= owed


@given(
    detent=detents,
    clicks=st.integers(-20, 20).filter(bool),
    chatter=st.lists(st.integers(0, 6), min_size=1, max_size=30),
)
def test_a_bouncing_contact_neither_adds_nor_turns_round(
    detent: Detent, clicks: int, chatter: list[int]
) -> None:
    """Each edge is followed by so many openings and closings of the same contact."""
    edges: list[Edge] = []
    for index, (contact, high) in enumerate(turned(detent, clicks)):
        edges.append((contact, high))
        for _ in range(chatter[index % len(chatter)]):
            edges += [(contact, not high), (contact, high)]
    assert clicks_of(detent, edges) == [1 if clicks > 0 else -1] * abs(clicks)


@given(
    detent=st.sampled_from([Detent.FULL, Detent.HALF]),
    clicks=st.integers(1, 30),
    clockwise=st.booleans(),
    lost=st.sets(st.integers(0, 119)),
)
def test_missed_edges_never_turn_round(
    detent: Detent, clicks: int, *, clockwise: bool, lost: set[int]
) -> None:
    """Whatever edges are missed, no two of them in a row."""
    lost = {index for index in lost if index - 1 not in lost}
    edges = turned(detent, clicks if clockwise else -clicks)
    heard = [edge for index, edge in enumerate(edges) if index not in lost]
    told = clicks_of(detent, heard)
    assert all((click > 0) == clockwise for click in told)
    assert abs(sum(told)) <= clicks


def noisy(
    rng: random.Random, detents_turned: int, detent: Detent
) -> Iterator[tuple[int, Contact, bool]]:
    """A turn at 100 detents a second, each contact chattering for up to 2 ms after it moved.

    The chatter of one contact goes on while the other moves, as it does at that speed.
    """
    timed: list[tuple[float, Contact, bool]] = []
    spacing_ns = QUARTER_NS * 4 // QUARTERS[detent]
    for index, (contact, high) in enumerate(turned(detent, detents_turned)):
        at_ns = (index + rng.uniform(0.0, 0.2)) * spacing_ns
        timed.append((at_ns, contact, high))
        bounces = sorted(rng.uniform(0, 2 * MS_NS) for _ in range(2 * rng.randint(0, 6)))
        for number, later_ns in enumerate(bounces):
            timed.append((at_ns + later_ns, contact, high == bool(number % 2)))
    for at_ns, contact, high in sorted(timed, key=lambda entry: entry[0]):
        yield round(at_ns), contact, high


@pytest.mark.parametrize("detent", Detent)
@pytest.mark.parametrize(("missed", "lost"), [(0.0, 0.0), (0.0001, 0.001), (0.01, 0.06)])
def test_a_fast_turn_with_chatter_has_no_reversal_and_loses_next_to_nothing(
    detent: Detent, missed: float, lost: float
) -> None:
    """20,000 detents at 100 a second, and so many edges of each that are missed altogether."""
    rng = random.Random(7)
    told: list[int] = []
    for _ in range(20):
        decoder = QuadratureDecoder(detent)
        for at_ns, contact, high in noisy(rng, 1000, detent):
            if rng.random() >= missed and (click := decoder.edge(contact, at_ns, high=high)):
                told.append(click)
    assert min(told) > 0, "a reversal"
    assert abs(sum(told) - 20_000) <= 20_000 * lost


def test_a_click_back_that_no_hand_could_make_is_none() -> None:
    edges = turned(Detent.FULL, 1) + turned(Detent.FULL, -1)
    assert clicks_of(Detent.FULL, edges, TURN_ROUND_NS // 4 - 1) == [1]
    assert clicks_of(Detent.FULL, edges, TURN_ROUND_NS // 4) == [1, -1]


def test_after_a_missed_edge_clicks_come_at_the_detents_again() -> None:
    """The first closing of A is missed; the cycle after it clicks with its last edge."""
    decoder = QuadratureDecoder(Detent.FULL)
    edges = [*CLOCKWISE[1:], *CLOCKWISE]
    told = [decoder.edge(contact, QUARTER_NS, high=high) for contact, high in edges]
    assert told == [0, 0, 0, 0, 0, 0, 1]
