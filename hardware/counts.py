"""How many there are of each kind of part on a board."""

from collections.abc import Mapping

from firmware.devices.wiring import BoardFile, Sound
from firmware.errors import ConfigError
from hardware.wires import groups


def counts(board: BoardFile) -> Mapping[str, int]:
    """Quantities by the names that `parts.toml` and `power.toml` use."""
    return {
        "one": 1,
        "display": 1,
        "buttons": len(board.buttons),
        "encoders": len(board.encoders),
        "leds": len(board.leds),
        "potentiometers": len(board.potentiometers),
        "converter": int(bool(board.potentiometers)),
        "i2s": int(board.sound is Sound.I2S),
        "usb": int(board.sound is Sound.USB),
        "enclosure": int(board.enclosure is not None),
        "wires": sum(len(group.wires) for group in groups(board)),
    }


def references(board: BoardFile, count: str) -> str:
    """What the board file calls the parts that a name counts, or an empty string."""
    named: Mapping[str, tuple[str, ...]] = {
        "display": ("display",),
        "buttons": tuple(f"buttons.{button.name}" for button in board.buttons),
        "encoders": tuple(f"encoders.{encoder.name}" for encoder in board.encoders),
        "leds": tuple(f"leds.{led.name}" for led in board.leds),
        "potentiometers": tuple(f"potentiometers.{knob.name}" for knob in board.potentiometers),
        "converter": ("converter_select",),
        "i2s": ("sound",),
        "usb": ("sound",),
        "enclosure": ("enclosure",),
    }
    return ", ".join(named.get(count, ()))


def quantity(board: BoardFile, count: str, *, what: str) -> int:
    """How many there are.

    Args:
        board: The board.
        count: A name of `counts`.
        what: What the error calls the entry.

    Raises:
        ConfigError: If there is no such name.
    """
    known = counts(board)
    if count not in known:
        raise ConfigError(f"{what} counts {count!r}", remedy=", ".join(known))
    return known[count]
