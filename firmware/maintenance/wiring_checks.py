"""The front panel: what the board file says is wired, as far as it can be seen from inside."""

import struct
from collections.abc import Iterable, Mapping
from typing import Final

from firmware.config import Config
from firmware.devices.board_file import load_board
from firmware.devices.gpio_header import USER
from firmware.devices.wiring import BoardFile, Bus, ButtonWiring
from firmware.maintenance.findings import Found, absent, fault, ok, warning
from firmware.maintenance.lines import Line
from firmware.maintenance.probe import Probe, Reply

I2C_BUS: Final = 1
FAST_HERTZ: Final = 400_000

_CONFIG_TXT: Final = "/boot/firmware/config.txt, then reboot"

_NO_PI: Final = "no lines here: this is no Raspberry Pi"


def check_i2c(probe: Probe, config: Config) -> Found:
    """Whether the bus is there, may be used, and is quick enough."""
    if load_board(config.board).display.bus is not Bus.I2C:
        return absent(f"the board {config.board} has nothing on I²C")
    if not probe.is_there(f"dev/i2c-{I2C_BUS}"):
        sentence = f"there is no bus /dev/i2c-{I2C_BUS}"
        if not probe.is_pi:
            return absent(f"{sentence}: this is no Raspberry Pi")
        return fault(sentence, f"write dtparam=i2c_arm=on into {_CONFIG_TXT}")
    if not probe.may_use(f"dev/i2c-{I2C_BUS}"):
        return fault(f"you may not use /dev/i2c-{I2C_BUS}", _as_service("i2c"))
    raw = probe.read_bytes(f"sys/class/i2c-adapter/i2c-{I2C_BUS}/of_node/clock-frequency")
    hertz = struct.unpack(">I", raw)[0] if len(raw) == 4 else None
    if hertz is not None and hertz < FAST_HERTZ:
        return warning(
            f"the bus runs at {hertz // 1000} kHz, and each page of the screen takes long",
            f"write dtparam=i2c_arm_baudrate={FAST_HERTZ} into {_CONFIG_TXT}",
        )
    speed = f" at {hertz // 1000} kHz" if hertz else ""
    return ok(f"/dev/i2c-{I2C_BUS} is there{speed}")


def check_display(probe: Probe, config: Config) -> Found:
    """Whether the screen answers."""
    display = load_board(config.board).display
    if display.bus is Bus.SPI:
        return _spi(probe, display.chip_select, "the screen, which cannot answer,")
    match probe.i2c(probe.root, I2C_BUS, display.address):
        case Reply.ANSWERS:
            return ok(f"the {display.controller} answers at {display.address:#x}")
        case Reply.SILENT:
            return _silent(probe, display.address)
        case Reply.REFUSED:
            return fault(f"you may not use /dev/i2c-{I2C_BUS}", _as_service("i2c"))
        case Reply.NO_BUS if probe.is_pi:
            return fault("the screen has no bus", "see i2c")
    return absent("no screen here: there is no I²C bus")


def check_buttons(probe: Probe, config: Config) -> Found:
    """Whether each button's line is free or the instrument's, and none is pressed all the time."""
    return _switches(probe, load_board(config.board).switches, "button")


def check_encoders(probe: Probe, config: Config) -> Found:
    """Whether each encoder's lines are free or the instrument's."""
    board = load_board(config.board)
    pins = {
        f"{e.name}.{side}": pin for e in board.encoders for side, pin in (("a", e.a), ("b", e.b))
    }
    return _taken(probe, pins, (), "encoder", len(board.encoders))


def check_leds(probe: Probe, config: Config) -> Found:
    """Whether each light's line is free or the instrument's."""
    leds = load_board(config.board).leds
    return _taken(probe, {}, {led.name: led.pin for led in leds}.items(), "light", len(leds))


def check_potentiometers(probe: Probe, config: Config) -> Found:
    """Whether the converter's bus is there."""
    board: BoardFile = load_board(config.board)
    if not board.potentiometers:
        return absent(f"the board {config.board} has no potentiometers")
    return _spi(probe, board.converter_select, f"{len(board.potentiometers)} potentiometers")


def _silent(probe: Probe, address: int) -> Found:
    other = 0x3D if address == 0x3C else 0x3C
    if probe.i2c(probe.root, I2C_BUS, other) is Reply.ANSWERS:
        return fault(
            f"nothing answers at {address:#x}, but something does at {other:#x}",
            f"set address = {other:#x} in the board file",
        )
    return fault(
        f"nothing answers at {address:#x}",
        "check SDA (pin 3), SCL (pin 5), 3.3 V (pin 1) and ground (pin 6)",
    )


def _spi(probe: Probe, select: int, what: str) -> Found:
    path = f"dev/spidev0.{select}"
    if not probe.is_there(path):
        if not probe.is_pi:
            return absent("no SPI bus here: this is no Raspberry Pi")
        return fault(f"there is no bus /{path}", f"write dtparam=spi=on into {_CONFIG_TXT}")
    if not probe.may_use(path):
        return fault(f"you may not use /{path}", _as_service("spi"))
    return ok(f"/{path} is there for {what}")


def _switches(probe: Probe, switches: Iterable[ButtonWiring], what: str) -> Found:
    pins = {switch.name: switch.pin for switch in switches}
    found = _taken(probe, pins, (), what, len(pins))
    lines = _lines(probe, pins, {}) if found.verdict == "ok" else None
    pressed = [name for name, pin in pins.items() if lines and lines[pin].is_high is False]
    if pressed:
        first = pressed[0]
        return warning(
            f"{_listed(pressed)} reads as pressed",
            f"let go of it, or look for a short between line {pins[first]} and ground",
        )
    return found


def _taken(
    probe: Probe,
    inputs: Mapping[str, int],
    outputs: Iterable[tuple[str, int]],
    what: str,
    count: int,
) -> Found:
    """Whether lines are where they should be, and nobody's else."""
    named = dict(outputs)
    if not inputs and not named:
        return absent(f"the board has no {what}s")
    try:
        lines = _lines(probe, inputs, named)
    except OSError:
        return fault("you may not look at the GPIO lines", _as_service("gpio"))
    if lines is None:
        if not probe.is_pi:
            return absent(_NO_PI)
        return fault("the kernel shows no GPIO chip with the header's lines", "update the system")
    for name, pin in {**inputs, **named}.items():
        user = lines[pin].user
        if user and user != USER:
            return fault(
                f"line {pin} of {what} {name} is taken by {user}",
                f"switch that off in {_CONFIG_TXT}, or wire it to another line",
            )
    used = sum(bool(lines[pin].user) for pin in (*inputs.values(), *named.values()))
    whose = "in use by the instrument" if used else "free"
    return ok(f"{count} {what}{'' if count == 1 else 's'}, lines {whose}")


def _lines(
    probe: Probe, inputs: Mapping[str, int], outputs: Mapping[str, int]
) -> Mapping[int, Line] | None:
    return probe.lines(probe.root, inputs.values(), outputs.values())


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _as_service(group: str) -> str:
    return f"sudo continuo doctor; for yourself: sudo usermod -aG {group} $USER"
