"""Rotary encoders turned fast: reversals and lost detents, ours and gpiozero's on the same edges.

Nothing was recorded: the traces are made up, from what a data sheet publishes. After each of its
edges a contact opens and closes at random for as long as Bourns allows a PEC11R ("contact bounce
(15 RPM) 2.0 ms maximum"), though 100 detents a second are many times that speed. That is the worst
that can be told from a turn: with 2.5 ms between the edges of a full-cycle encoder, the 3.0 ms that
TE allows a DPL12 would have both contacts chatter at once, in which no direction is left. Both
decoders get the same edges in the same order: ours from a simulated header, as the instrument's
knobs, gpiozero's as a `RotaryEncoder` without the limit of steps at which it would stop counting.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from bench.row import Row
from firmware.devices.controls import Knob
from firmware.devices.gpio_knobs import GpioKnobs
from firmware.devices.gpio_lines import Lines
from firmware.devices.quadrature import QUARTERS, Contact, Detent
from firmware.devices.simulated_header import SimulatedHeader
from firmware.devices.wiring import EncoderWiring
from firmware.errors import DeviceError

DETENTS_PER_S: Final = 100
CHATTER_S: Final = 0.002
MOST_BOUNCES: Final = 6
"""Of one edge: so many times the contact lets go and closes again, or fewer."""

LOST_LIMIT_PERCENT: Final = 0.1

_RUN: Final = 250  # detents in one direction
_TURNED: Final = 20_000
_UNEVEN: Final = 0.2  # of the time between two edges
_REST_S: Final = 0.2
_A, _B = 17, 27

Edge = tuple[float, Contact, bool]
"""Seconds, which contact, and whether its line is high then."""

_CYCLE: Final = (
    (Contact.A, False),
    (Contact.B, False),
    (Contact.A, True),
    (Contact.B, True),
)


@dataclass(slots=True, kw_only=True)
class Count:
    """Clicks that were told while a knob was turned.

    Attributes:
        clicks: In the direction in which it was turned.
        reversals: Against it.
    """

    clicks: int = 0
    reversals: int = 0

    def take(self, clicks: int, direction: int) -> None:
        """Take clicks, clockwise positive, of a knob that is turned clockwise (1) or back (-1)."""
        forward = clicks * direction
        self.clicks += max(forward, 0)
        self.reversals += max(-forward, 0)

    def lost_percent(self, turned: int) -> float:
        """Detents that were not told."""
        return 100 * (turned - self.clicks) / turned


def rows(turned: int = _TURNED) -> list[Row]:
    """Turn an encoder of each kind so many detents, to and fro.

    Raises:
        DeviceError: If gpiozero is not installed.
    """
    return [row for detent in (Detent.FULL, Detent.HALF) for row in _rows(detent, turned)]


def traces(detent: Detent, turned: int, rng: random.Random) -> Iterator[tuple[int, list[Edge]]]:
    """Turns to and fro: the direction, and the edges of both contacts in order of time."""
    place, began_s = 0, 0.0
    for run in range(turned // _RUN):
        direction = 1 if run % 2 == 0 else -1
        edges = list(_bouncing(_clean(detent, direction, place), began_s, detent, rng))
        place += direction * _RUN * QUARTERS[detent]
        began_s = edges[-1][0] + _REST_S
        yield direction, edges


def count(detent: Detent, turned: int) -> tuple[Count, Count]:
    """What ours and gpiozero's tell of the same edges."""
    mock, gpiozero = _library("gpiozero.pins.mock"), _library("gpiozero")
    ours, theirs = Count(), Count()
    direction = 1

    header = SimulatedHeader()
    lines = Lines(header)
    wiring = EncoderWiring(name="menu", a=_A, b=_B, turns=Knob.SELECT, detent=detent)
    knobs = GpioKnobs(lines, [wiring], lambda: 0)
    knobs.open(lambda _knob, clicks, _at_ns: ours.take(clicks, direction))

    peers = mock.MockFactory(pin_class=_scripted(mock.MockPin))
    encoder = gpiozero.RotaryEncoder(_A, _B, max_steps=0, pin_factory=peers)
    encoder.when_rotated_clockwise = lambda: theirs.take(1, direction)
    encoder.when_rotated_counter_clockwise = lambda: theirs.take(-1, direction)

    numbers = {Contact.A: _A, Contact.B: _B}
    try:
        for direction, edges in traces(detent, turned, random.Random(7)):  # noqa: B007 - see above
            for at_s, contact, high in edges:
                header.move(numbers[contact], high=high, at_ns=round(at_s * 1e9))
                peers.pin(f"GPIO{numbers[contact]}").move(at_s, high=high)
    finally:
        knobs.close()
        lines.close()
        encoder.close()
        peers.close()
    return ours, theirs


def _rows(detent: Detent, turned: int) -> list[Row]:
    ours, theirs = count(detent, turned)
    name = (
        f"encoder, a detent every {detent} cycle, {turned:,} detents at {DETENTS_PER_S}/s with "
        f"chatter of {CHATTER_S * 1e3:g} ms (synthetic)"
    )
    peer_name = "gpiozero's RotaryEncoder, same edges"
    lost = ours.lost_percent(turned)
    return [
        Row(
            name=f"{name}: clicks against the turn",
            unit="clicks",
            ours=ours.reversals,
            peer_name=peer_name,
            peer=theirs.reversals,
        ),
        Row(
            name=f"{name}: detents lost",
            unit="%",
            ours=lost,
            peer_name=peer_name,
            peer=theirs.lost_percent(turned),
        ),
        Row(
            name=f"{name}: detents lost",
            unit="%",
            ours=lost,
            peer_name="asked for",
            peer=LOST_LIMIT_PERCENT,
        ),
    ]


def _clean(detent: Detent, direction: int, place: int) -> Iterator[tuple[Contact, bool]]:
    """A run's edges from a place in the cycle, in quarters, without any chatter."""
    for _ in range(_RUN * QUARTERS[detent]):
        if direction > 0:
            yield _CYCLE[place % 4]
            place += 1
        else:
            place -= 1
            contact, high = _CYCLE[place % 4]
            yield contact, not high


def _bouncing(
    clean: Iterator[tuple[Contact, bool]], began_s: float, detent: Detent, rng: random.Random
) -> Iterator[Edge]:
    """The same as worn contacts make it, in order of time."""
    spacing_s = 1 / (DETENTS_PER_S * QUARTERS[detent])
    edges: list[Edge] = []
    ends_s = dict.fromkeys(Contact, 0.0)
    for index, (contact, high) in enumerate(clean):
        at_s = began_s + (index + rng.uniform(0, _UNEVEN)) * spacing_s
        # A contact that moves on has done with its last chatter.
        edges = [e for e in edges if e[1] is not contact or e[0] < at_s]
        edges.append((at_s, contact, high))
        bounces = sorted(rng.uniform(0, CHATTER_S) for _ in range(2 * rng.randint(0, MOST_BOUNCES)))
        edges += [
            (at_s + later_s, contact, high == bool(number % 2))
            for number, later_s in enumerate(bounces)
        ]
        ends_s[contact] = at_s
        edges.sort(key=lambda edge: edge[0])
        settled_s = min(ends_s.values())
        yield from (edge for edge in edges if edge[0] < settled_s)
        edges = [edge for edge in edges if edge[0] >= settled_s]
    yield from edges


def _scripted(mock_pin: Any) -> Any:
    """A mock pin that is moved at an instant of the trace's and remembers nothing."""

    class ScriptedPin(mock_pin):  # type: ignore[misc]
        _state: bool

        def move(self, at_s: float, *, high: bool) -> None:
            if self._state != high:
                self._state, self._last_change = high, at_s
                if self._when_changed is not None:
                    self._call_when_changed()

    return ScriptedPin


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise DeviceError("gpiozero is not installed") from error
