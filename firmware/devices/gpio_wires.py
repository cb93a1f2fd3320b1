"""The raw lines and channels of a wired front panel, beside its drivers."""

from firmware.devices.gpio_lines import Lines
from firmware.devices.potentiometers import PotentiometerKnobs
from firmware.devices.wires import Move, MoveListener, channel, line
from firmware.devices.wiring import BoardFile

NOISE = 3
"""A reading that differs by less from the one before is the same."""


class GpioWires:
    """What the drivers of a board hear, before they judge it.

    Args:
        board: What should be wired where.
        lines: The Pi's GPIO lines, which the drivers watch.
        turned: The potentiometers, or None.
    """

    def __init__(
        self, board: BoardFile, lines: Lines, turned: PotentiometerKnobs | None = None
    ) -> None:
        self.board = board
        self._lines = lines
        self._turned = turned

    def listen(self, listener: MoveListener) -> None:
        """See `Wires.listen`."""
        self._lines.listen(lambda pin, high, at_ns: listener(Move(line(pin), int(high), at_ns)))
        if self._turned is None:
            return
        told: dict[int, int] = {}

        def read(number: int, reading: int, at_ns: int) -> None:
            if number not in told or abs(reading - told[number]) >= NOISE:
                told[number] = reading
                listener(Move(channel(number), reading, at_ns))

        self._turned.listen(read)

    def ignore(self) -> None:
        """See `Wires.ignore`."""
        self._lines.listen(None)
        if self._turned is not None:
            self._turned.listen(None)
