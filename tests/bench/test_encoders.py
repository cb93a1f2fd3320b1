"""The traces of encoders chatter as they say, and both decoders are counted alike."""

import random

import pytest

from bench import encoders
from bench.encoders import CHATTER_S, Count, count, traces
from firmware.devices.quadrature import QUARTERS, Contact, Detent

pytest.importorskip("gpiozero", reason="gpiozero is not installed")


def quarters(edges: list[encoders.Edge]) -> int:
    """Where a turn ends, clockwise positive, whatever chatters on the way."""
    is_high, place = dict.fromkeys(Contact, True), 0
    for _, contact, high in edges:
        if is_high[contact] != high:
            is_high[contact] = high
            place += 1 if (len(set(is_high.values())) == 2) == (contact is Contact.A) else -1
    return place


@pytest.mark.parametrize("detent", [Detent.FULL, Detent.HALF])
def test_a_trace_turns_as_far_as_it_says(detent: Detent) -> None:
    found = list(traces(detent, 1000, random.Random(1)))
    assert [direction for direction, _ in found] == [1, -1, 1, -1]
    for direction, edges in found:
        times_s = [at_s for at_s, _, _ in edges]
        assert times_s == sorted(times_s)
        assert quarters(edges) == direction * 250 * QUARTERS[detent]
        assert times_s[-1] - times_s[0] == pytest.approx(2.5, abs=0.02), "100 detents a second"
        assert len(edges) > 3 * 250 * QUARTERS[detent], "it chatters"


def test_ours_tells_every_detent_and_gpiozero_every_cycle() -> None:
    ours, theirs = count(Detent.HALF, 500)
    assert (ours.clicks, ours.reversals) == (500, 0)
    assert (theirs.clicks, theirs.reversals) == (250, 0)
    assert theirs.lost_percent(500) == 50.0


def test_where_both_contacts_chatter_at_once_it_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders, "CHATTER_S", 2 * CHATTER_S)
    ours, _ = count(Detent.FULL, 500)
    assert ours.clicks < 500


def test_a_click_against_the_turn_is_no_click() -> None:
    counted = Count()
    for clicks, direction in ((1, 1), (-1, -1), (1, -1)):
        counted.take(clicks, direction)
    assert (counted.clicks, counted.reversals) == (2, 1)
