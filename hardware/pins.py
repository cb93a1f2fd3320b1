"""Whether a board's pins are well chosen: what the firmware refuses, and what a kit must not do.

The firmware's own check says what cannot be at all (a pin twice, a pin of a bus in use). A board
that people are told to solder must also be quiet and safe before the firmware runs.
"""

from collections.abc import Iterator

from firmware.devices.wiring import BoardFile
from firmware.errors import ConfigError
from hardware.header import BOARD_PULL_UP_OHM, DRIVEN_AT_BOOT, Pull, pin_of_line


def check_pins(board: BoardFile, *, source: str = "") -> None:
    """Look at a board that `read_board` has already accepted.

    Args:
        board: The board.
        source: What the error calls it; by default its name.

    Raises:
        ConfigError: If a light would glow or a contact short something before the firmware runs,
            or a pull-up of the Pi itself is in the way.
    """
    source = source or f"board {board.name}"
    for problem, remedy in _problems(board):
        raise ConfigError(f"{source}: {problem}", remedy=remedy)


def _problems(board: BoardFile) -> Iterator[tuple[str, str]]:
    for led in board.leds:
        what = f"leds.{led.name}.pin is GPIO{led.pin}"
        pin = pin_of_line(led.pin)
        if pin.pull is Pull.UP:
            yield (
                f"{what}, which is pulled up from power-up on: the light would glow by itself",
                "a line from 9 on",
            )
        if led.pin in DRIVEN_AT_BOOT:
            yield f"{what}, but {DRIVEN_AT_BOOT[led.pin]}", "another line"
    for what, line in contacts(board):
        if line in DRIVEN_AT_BOOT:
            yield (
                f"{what} is GPIO{line}, but {DRIVEN_AT_BOOT[line]}: a closed contact would short "
                "it to ground",
                "another line",
            )
    for line, what in board.pins():
        if line in BOARD_PULL_UP_OHM:
            yield (
                f"{what} is GPIO{line}, which has the I²C bus's pull-up of "
                f"{BOARD_PULL_UP_OHM[line]} Ω on the Pi itself",
                "leave it to the bus",
            )


def contacts(board: BoardFile) -> Iterator[tuple[str, int]]:
    """Everything that joins a line to ground when it is pressed or turned, with its line."""
    for button in board.buttons:
        yield f"buttons.{button.name}.pin", button.pin
    for encoder in board.encoders:
        yield f"encoders.{encoder.name}.a", encoder.a
        yield f"encoders.{encoder.name}.b", encoder.b
        if encoder.push is not None:
            yield f"encoders.{encoder.name}.push_pin", encoder.push.pin
