"""The raw lines and channels of a front panel, for the test of its wiring: protocol and simulator.

Everything else of the panel is told what a hand means; here is what the wires do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from firmware.devices.buttons import SimulatedButtons
from firmware.devices.knobs import SimulatedKnobs
from firmware.devices.potentiometers import FULL_SCALE
from firmware.devices.quadrature import QUARTERS, Contact, QuadratureDecoder
from firmware.devices.wiring import BoardFile, ButtonWiring, EncoderWiring

MS_NS = 1_000_000
PRESS_NS = 80 * MS_NS
"""How long a simulated finger stays."""

QUARTER_NS = 5 * MS_NS
"""Between two contacts of a simulated turn."""


def line(pin: int) -> str:
    """What documents call a GPIO line."""
    return f"GPIO{pin}"


def channel(number: int) -> str:
    """What documents call a channel of the MCP3008."""
    return f"CH{number}"


@dataclass(frozen=True, slots=True)
class Move:
    """A wire has another level.

    Attributes:
        wire: Which one, as `line` and `channel` call it.
        level: Of a line 1 for high and 0 for low, which a closed contact makes it; of a channel
            0..1023.
        at_ns: When: good for telling how far two moves lie apart, not what time it is.
    """

    wire: str
    level: int
    at_ns: int


MoveListener = Callable[[Move], None]
"""Called on any thread; returns at once."""


class Wires(Protocol):
    """What the parts of a board are wired to."""

    @property
    def board(self) -> BoardFile:
        """What should be wired where."""
        ...

    def listen(self, listener: MoveListener) -> None:
        """Hand on every move from now on; the first one of each wire is the level it has.

        Raises:
            DeviceError: If a line cannot be read.
        """
        ...

    def ignore(self) -> None:
        """Hand on nothing more."""
        ...


class SimulatedWires:
    """A panel under a program's fingers and soldering iron.

    What the wires do reaches the simulated buttons and knobs, too, by the rules of the drivers: a
    fault acts on the instrument as it does on a real one.

    Args:
        board: What should be wired where.
        buttons: What its switches are to the instrument.
        knobs: What its encoders are to the instrument.
        now_ns: The clock that stamps the moves.
    """

    def __init__(
        self,
        board: BoardFile,
        buttons: SimulatedButtons,
        knobs: SimulatedKnobs,
        now_ns: Callable[[], int],
    ) -> None:
        self.board = board
        self._buttons = buttons
        self._knobs = knobs
        self._now_ns = now_ns
        self._listener: MoveListener | None = None
        self._switches = {line(switch.pin): switch for switch in board.switches}
        self._contacts = {
            line(pin): (encoder, contact)
            for encoder in board.encoders
            for contact, pin in ((Contact.A, encoder.a), (Contact.B, encoder.b))
        }
        self._decoders = {e.name: QuadratureDecoder(e.detent) for e in board.encoders}
        self._shafts = {e.name: (1, 1) for e in board.encoders}  # levels of A and B
        self._levels = dict.fromkeys((*self._switches, *self._contacts), 1)
        self._levels |= {channel(p.channel): FULL_SCALE // 2 for p in board.potentiometers}
        self._soldered = {wire: wire for wire in self._levels}  # where each part's wire goes
        self._grounded: set[str] = set()
        self._loose: set[str] = set()
        self._bridged: dict[str, str] = {}

    def listen(self, listener: MoveListener) -> None:
        """See `Wires.listen`."""
        self._listener = listener
        for wire, level in self._levels.items():
            listener(Move(wire, level, self._now_ns()))

    def ignore(self) -> None:
        """See `Wires.ignore`."""
        self._listener = None

    def cut(self, wire: str) -> None:
        """Leave a part's wire unsoldered."""
        del self._soldered[wire]

    def swap(self, wire: str, other: str) -> None:
        """Solder two wires to each other's place."""
        self._soldered[wire], self._soldered[other] = self._soldered[other], self._soldered[wire]

    def ground(self, wire: str) -> None:
        """Let a line touch ground."""
        self._move(wire, 0, self._now_ns())
        self._grounded.add(wire)

    def bridge(self, wire: str, other: str) -> None:
        """Let solder join two lines."""
        self._bridged |= {wire: other, other: wire}

    def loosen(self, wire: str) -> None:
        """Let a contact chatter whenever it moves."""
        self._loose.add(wire)

    def hum(self, wire: str, moves: int, *, every_ns: int = 10 * MS_NS) -> None:
        """Let a line go up and down by itself, as one does that nothing pulls up."""
        for number in range(moves):
            level = 1 - self._levels[wire]
            self._move(wire, level, self._now_ns() + number * every_ns)

    def press(self, name: str, *, finger_ns: int = PRESS_NS) -> None:
        """Press a switch and let go."""
        self.hold(name)
        self._contact(line(self._switch(name).pin), 1, self._now_ns() + finger_ns)

    def hold(self, name: str) -> None:
        """Press a switch and stay."""
        self._contact(line(self._switch(name).pin), 0, self._now_ns())

    def let_go(self, name: str) -> None:
        """Take the finger off."""
        self._contact(line(self._switch(name).pin), 1, self._now_ns())

    def turn(self, name: str, clicks: int) -> None:
        """Turn an encoder by so many detents, clockwise positive."""
        encoder = next(e for e in self.board.encoders if e.name == name)
        at_ns = self._now_ns()
        for number in range(abs(clicks) * QUARTERS[encoder.detent]):
            a, b = self._shafts[name]
            if (a == b) == (clicks > 0):  # both alike: clockwise A moves, else B
                self._shafts[name] = (1 - a, b)
                moved, level = encoder.a, 1 - a
            else:
                self._shafts[name] = (a, 1 - b)
                moved, level = encoder.b, 1 - b
            self._contact(line(moved), level, at_ns + number * QUARTER_NS)

    def slide(self, name: str, reading: int) -> None:
        """Turn a potentiometer until the converter reads so much."""
        wiring = next(p for p in self.board.potentiometers if p.name == name)
        wire = self._soldered.get(channel(wiring.channel))
        if wire is not None:
            self._move(wire, reading, self._now_ns())

    def _switch(self, name: str) -> ButtonWiring:
        return next(switch for switch in self.board.switches if switch.name == name)

    def _contact(self, wire: str, level: int, at_ns: int) -> None:
        """A part's contact moves; its line does, wherever that is."""
        soldered = self._soldered.get(wire)
        if soldered is None:
            return
        self._move(soldered, level, at_ns)
        if soldered in self._bridged:
            self._move(self._bridged[soldered], level, at_ns)
        if wire in self._loose:
            for number in range(1, 9):
                self._move(soldered, (level + number) % 2, at_ns + number * 8 * MS_NS)

    def _move(self, wire: str, level: int, at_ns: int) -> None:
        if wire in self._grounded or self._levels[wire] == level:
            return
        self._levels[wire] = level
        if self._listener is not None:
            self._listener(Move(wire, level, at_ns))
        if wire in self._switches:
            press = self._switches[wire].press
            if press is not None:
                self._buttons.bounce(press, [(at_ns, level == 0)])
        elif wire in self._contacts:
            self._turn(*self._contacts[wire], level, at_ns)

    def _turn(self, encoder: EncoderWiring, contact: Contact, level: int, at_ns: int) -> None:
        clicks = self._decoders[encoder.name].edge(contact, at_ns, high=level == 1)
        if clicks and encoder.turns is not None:
            self._knobs.turn(encoder.turns, clicks)
