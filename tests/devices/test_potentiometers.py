"""Potentiometers: still where they are still, and at their ends where they are at their ends."""

import random
import threading
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.devices.controls import Knob
from firmware.devices.mcp3008 import Mcp3008
from firmware.devices.potentiometers import (
    CLICKS,
    END,
    FULL_SCALE,
    ClickCounter,
    PotentiometerKnobs,
    Wiper,
)
from firmware.devices.wiring import PotentiometerWiring
from firmware.errors import DeviceError

RISK = PotentiometerWiring(name="risk", channel=3, turns=Knob.VALUE)


def settle(wiper: Wiper, reading: int) -> float:
    for _ in range(60):
        wiper.read(reading)
    return wiper.position


@given(start=st.integers(0, FULL_SCALE), noise=st.integers(0, END))
def test_both_ends_are_reached_exactly_from_anywhere(start: int, noise: int) -> None:
    wiper = Wiper()
    settle(wiper, start)
    assert settle(wiper, FULL_SCALE - noise) == 1.0
    assert settle(wiper, noise) == 0.0


@given(st.integers(0, FULL_SCALE))
def test_a_position_is_where_the_wiper_stands(reading: int) -> None:
    place = min(max((reading - END) / (FULL_SCALE - 2 * END), 0.0), 1.0)
    assert settle(Wiper(), reading) == pytest.approx(place, abs=0.005)


@given(reading=st.integers(0, FULL_SCALE), seed=st.integers(0, 999))
def test_noise_turns_nothing(reading: int, seed: int) -> None:
    """Two steps of the converter to either side, for ten seconds."""
    rng = random.Random(seed)
    wiper, counter = Wiper(), ClickCounter()
    counter.move_to(settle(wiper, reading))
    for _ in range(500):
        position = wiper.read(reading + rng.randint(-2, 2))
        assert position is None or counter.move_to(position) == 0


def test_the_whole_travel_is_so_many_clicks_both_ways() -> None:
    wiper, counter = Wiper(), ClickCounter()
    readings = [0] * 5 + list(range(0, FULL_SCALE + 1, 7)) + [FULL_SCALE] * 60
    for direction in (1, -1):
        told = [
            counter.move_to(position)
            for reading in readings[::direction]
            if (position := wiper.read(reading)) is not None
        ]
        if direction == -1:
            told += [counter.move_to(p) for _ in range(60) if (p := wiper.read(0)) is not None]
        assert sum(told) == direction * CLICKS
        assert all(click * direction >= 0 for click in told)


def test_a_position_between_two_clicks_does_not_flutter() -> None:
    counter = ClickCounter()
    places = (30.0, 30.45, 30.55, 30.45, 30.8, 30.55, 30.45, 30.2)
    assert [counter.move_to(place / CLICKS) for place in places] == [0, 0, 0, 0, 1, 0, 0, -1]


class Spi:
    """An MCP3008 at the end of the bus, as its data sheet draws it."""

    def __init__(self, values: dict[int, int]) -> None:
        self.values = values
        self.is_closed = False

    def transfer(self, content: Sequence[int]) -> Sequence[int]:
        """Three words there, three back."""
        start, select, _ = content
        assert start == 1
        assert select & 0x80, "single-ended"
        value = self.values[select >> 4 & 7]
        return [0, value >> 8, value & 0xFF]

    def close(self) -> None:
        """Let go of the bus."""
        self.is_closed = True


def test_the_converter_is_asked_as_its_data_sheet_says() -> None:
    spi = Spi({0: 0, 3: 0x2A5, 7: FULL_SCALE})
    converter = Mcp3008(spi)
    assert [converter.read(channel) for channel in (0, 3, 7)] == [0, 0x2A5, FULL_SCALE]
    converter.close()
    assert spi.is_closed


def test_a_bus_without_a_converter_is_one_sentence() -> None:
    """Nobody drives the line, which reads ones."""
    with pytest.raises(DeviceError, match="there is no MCP3008"):
        Mcp3008(Spi({0: 0xFFFF})).read(0)
    with pytest.raises(DeviceError, match="cannot be read"):
        Mcp3008(Spi({})).read(0)


def test_a_turn_is_clicks_and_a_bus_that_fails_costs_none(
    eventually: Callable[[Callable[[], bool]], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firmware.devices.potentiometers._RETRY_S", 0.01)
    reading = [100]
    asked: list[int] = []
    clicks: list[tuple[Knob, int]] = []

    def read(channel: int) -> int:
        asked.append(channel)
        if len(asked) % 7 == 0:
            raise DeviceError("a loose wire")
        return reading[0]

    knobs = PotentiometerKnobs(read, [RISK], lambda: 5, read_s=0.001)
    knobs.open(lambda knob, moved, at_ns: clicks.append((knob, moved)) if at_ns == 5 else None)
    assert eventually(lambda: len(asked) > 20)
    assert clicks == []
    reading[0] = FULL_SCALE
    begin = round((100 - END) / (FULL_SCALE - 2 * END) * CLICKS)
    assert eventually(lambda: sum(moved for _, moved in clicks) == CLICKS - begin)
    knobs.close()
    assert {knob for knob, _ in clicks} == {Knob.VALUE}
    assert set(asked) == {3}
    assert not [t for t in threading.enumerate() if t.name == "continuo-potentiometers"]
