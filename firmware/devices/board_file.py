"""Board files: what is wired to which pin, read from one TOML file per board.

The drivers open what it says, and documents are drawn from it. Everything is checked against the
header of the Raspberry Pi where the file enters, so that a slip is one sentence and no smoke.
"""

import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, fields
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from firmware.devices import header
from firmware.devices.controls import Button, Knob, Led
from firmware.devices.quadrature import Detent
from firmware.devices.wiring import (
    BoardFile,
    Bus,
    ButtonWiring,
    Controller,
    DisplayWiring,
    Enclosure,
    EncoderWiring,
    LedWiring,
    Position,
    PotentiometerWiring,
    Screen,
    Sound,
)
from firmware.errors import ConfigError
from firmware.inference.manifest import read_bounded

BOARDS = Path(__file__).parents[1] / "boards"
"""The board files that ship."""

LONGEST_MM = 1000.0
"""No panel is larger; a slip of the point is."""

MAX_BYTES = 256 * 1024
"""A larger file is no board file."""

_Value = TypeVar("_Value")
_Choice = TypeVar("_Choice", bound=StrEnum)


def shipped_boards() -> tuple[str, ...]:
    """Names of the boards that ship."""
    return tuple(sorted(path.stem for path in BOARDS.glob("*.toml")))


def load_board(board: str) -> BoardFile:
    """The board that the settings name.

    Args:
        board: One of `shipped_boards`, or the path of a board file.

    Raises:
        ConfigError: If there is none, or it cannot be wired like that.
    """
    is_path = "/" in board or board.endswith(".toml")
    path = Path(board) if is_path else BOARDS / f"{board}.toml"
    try:
        text = read_bounded(path.expanduser(), MAX_BYTES).decode()
    except FileNotFoundError as error:
        raise ConfigError(
            f"there is no board {board!r}",
            remedy=f"{', '.join(shipped_boards())}, or the path of a board file",
        ) from error
    except (OSError, ValueError, RuntimeError) as error:  # the last: `~nobody` has no home
        raise ConfigError(f"the board file {path} cannot be read") from error
    return read_board(text, source=str(path) if is_path else f"board {board}")


def read_board(text: str, *, source: str = "the board file") -> BoardFile:
    """Read a board from TOML.

    Args:
        text: The file's text.
        source: What errors call the file.

    Raises:
        ConfigError: If it is no TOML, a key is unknown or missing, a value cannot be, or a pin
            is used twice, is none of the header's or belongs to a bus in use.
    """
    try:
        raw = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{source} is not TOML: {error}") from error
    board = _record(BoardFile, _BOARD, f"{source}: ", raw)
    _check(board, source)
    return board


def _check(board: BoardFile, source: str) -> None:
    _check_display(board.display, source)
    used: dict[int, str] = {}
    for pin, what in board.pins():
        if pin not in header.PIN_OF_GPIO:
            raise ConfigError(f"{source}: {what} is GPIO{pin}, which is not on the 40-pin header")
        for bus, lines in board.buses():
            if pin in lines:
                raise ConfigError(
                    f"{source}: {what} is GPIO{pin}, which is {lines[pin]} of {bus} in use"
                )
        if pin in used:
            raise ConfigError(f"{source}: {what} is GPIO{pin}, which is {used[pin]} already")
        used[pin] = what
    _check_converter(board, source)
    turned = [*(e.turns for e in board.encoders), *(p.turns for p in board.potentiometers)]
    _check_once(source, "turned", turned)
    _check_once(source, "pressed", (p for s in board.switches for p in (s.press, s.long_press)))
    _check_once(source, "lit", (light for led in board.leds for light in led.lights))
    _check_positions(board, source)


def _check_display(display: DisplayWiring, source: str) -> None:
    lines = (display.data_command, display.reset)
    if display.bus is Bus.SPI and None in lines:
        raise ConfigError(f"{source}: a display on SPI needs display.data_command and .reset")
    if display.bus is Bus.I2C and lines != (None, None):
        raise ConfigError(f"{source}: a display on I²C has no display.data_command or .reset")


def _check_converter(board: BoardFile, source: str) -> None:
    if not board.potentiometers:
        return
    if board.display.bus is Bus.SPI and board.display.chip_select == board.converter_select:
        raise ConfigError(
            f"{source}: the display and the MCP3008 share chip select {board.converter_select}",
            remedy="converter_select = 0 or 1",
        )
    channels: dict[int, str] = {}
    for wiring in board.potentiometers:
        if wiring.channel in channels:
            raise ConfigError(
                f"{source}: potentiometers.{wiring.name}.channel is {wiring.channel}, which is "
                f"that of {channels[wiring.channel]} already"
            )
        channels[wiring.channel] = wiring.name


def _check_positions(board: BoardFile, source: str) -> None:
    """Every part is on the panel; whether it has room there, the enclosure's own check says."""
    if board.enclosure is None:
        return
    width, depth = board.enclosure.panel_mm
    for position, what in board.positions():
        if position is None:
            raise ConfigError(f"{source}: {what}.position_mm is missing, and there is an enclosure")
        if position[0] >= width or position[1] >= depth:
            raise ConfigError(
                f"{source}: {what}.position_mm is {position[0]:g}, {position[1]:g}, which is off "
                f"the panel of {width:g} by {depth:g} mm"
            )


def _check_once(source: str, verb: str, controls: Iterable[StrEnum | None]) -> None:
    seen: set[StrEnum] = set()
    for control in controls:
        if control is not None and control in seen:
            raise ConfigError(f"{source}: {control.value!r} is {verb} in two places")
        if control is not None:
            seen.add(control)


_Reader = Callable[[str, object], Any]


def _record(
    kind: type[_Value], readers: Mapping[str, _Reader], where: str, raw: object, **given: object
) -> _Value:
    """A dataclass from a TOML table: every key known, none missing that has no default."""
    if not isinstance(raw, dict):
        raise ConfigError(f"{where.rstrip('.: ')} must be a table, got {raw!r:.60}")
    for key in raw:
        if key not in readers:
            raise ConfigError(f"{where}unknown key {key!r}", remedy=", ".join(readers))
    needed = [
        field.name
        for field in fields(kind)  # type: ignore[arg-type]
        if field.default is MISSING and field.name not in given
    ]
    for name in needed:
        if name not in raw:
            raise ConfigError(f"{where}{name} is missing")
    values = {key: readers[key](f"{where}{key}", value) for key, value in raw.items()}
    return kind(**{**values, **given})


def _text(what: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ConfigError(f"{what} must be a text in quotes, got {value!r:.60}")
    return value


def _texts(what: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise ConfigError(f"{what} must be a list of texts, got {value!r:.60}")
    return tuple(_text(what, entry) for entry in value)


def _switch(what: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise ConfigError(f"{what} must be true or false, got {value!r:.60}")
    return value


def _whole(low: int, high: int) -> _Reader:
    def read(what: str, value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            shown = hex(value) if isinstance(value, int) else repr(value)
            raise ConfigError(f"{what} must be a whole number in {low}..{high}, got {shown:.60}")
        return value

    return read


def _length(what: str, value: object) -> float:
    known = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not known or not 0 < value <= LONGEST_MM:  # type: ignore[operator]
        raise ConfigError(f"{what} must be a length in mm up to {LONGEST_MM:g}, got {value!r:.60}")
    return float(value)  # type: ignore[arg-type]


def _lengths(what: str, value: object) -> Position:
    if not isinstance(value, list) or len(value) != 2:
        raise ConfigError(f"{what} must be two lengths in mm, [x, y], got {value!r:.60}")
    return _length(what, value[0]), _length(what, value[1])


def _pin(what: str, value: object) -> int:
    # Whether it is on the header is told with what it is for, once all are known.
    if isinstance(value, bool) or not isinstance(value, int):
        raise ConfigError(f"{what} must be the number of a GPIO line, got {value!r:.60}")
    if not -1_000_000 < value < 1_000_000:
        raise ConfigError(f"{what} must be the number of a GPIO line, got {hex(value):.20}")
    return value


def _one_of(kind: type[_Choice]) -> Callable[[str, object], _Choice]:
    def read(what: str, value: object) -> _Choice:
        try:
            return kind(_text(what, value))
        except ValueError as error:
            raise ConfigError(
                f"{what} must be one of {', '.join(kind)}, got {value!r:.60}"
            ) from error

    return read


def _some_of(kind: type[_Choice]) -> Callable[[str, object], tuple[_Choice, ...]]:
    def read(what: str, value: object) -> tuple[_Choice, ...]:
        return tuple(_one_of(kind)(what, entry) for entry in _texts(what, value))

    return read


def _named(
    read: Callable[[str, str, object], _Value],
) -> Callable[[str, object], tuple[_Value, ...]]:
    """A table of tables, each entry called by its key."""

    def read_all(what: str, value: object) -> tuple[_Value, ...]:
        if not isinstance(value, dict):
            raise ConfigError(f"{what} must be a table, got {value!r:.60}")
        return tuple(read(f"{what}.{name}.", name, entry) for name, entry in value.items())

    return read_all


def _button(where: str, name: str, raw: object) -> ButtonWiring:
    return _record(ButtonWiring, _BUTTON, where, raw, name=name)


def _encoder(where: str, name: str, raw: object) -> EncoderWiring:
    """The switch in the shaft is flat in the file, since it is one part."""
    if not isinstance(raw, dict):
        raise ConfigError(f"{where.rstrip('.')} must be a table, got {raw!r:.60}")
    for key in raw:
        if key not in (*_ENCODER, *_PUSH):
            raise ConfigError(f"{where}unknown key {key!r}", remedy=", ".join((*_ENCODER, *_PUSH)))
    of_push = {_PUSH[key]: value for key, value in raw.items() if key in _PUSH}
    push = None
    if of_push:
        if "pin" not in of_push:
            raise ConfigError(f"{where}push_pin is missing")
        push = _button(f"{where}push: ", f"{name} push", of_push)
    rest = {key: value for key, value in raw.items() if key not in _PUSH}
    return _record(EncoderWiring, _ENCODER, where, rest, name=name, push=push)


def _led(where: str, name: str, raw: object) -> LedWiring:
    return _record(LedWiring, _LED, where, raw, name=name)


def _potentiometer(where: str, name: str, raw: object) -> PotentiometerWiring:
    return _record(PotentiometerWiring, _POTENTIOMETER, where, raw, name=name)


def _enclosure(what: str, raw: object) -> Enclosure:
    return _record(Enclosure, _ENCLOSURE, f"{what}.", raw)


def _display(what: str, raw: object) -> DisplayWiring:
    return _record(DisplayWiring, _DISPLAY, f"{what}.", raw)


_BUTTON: Mapping[str, _Reader] = MappingProxyType(
    {
        "pin": _pin,
        "press": _one_of(Button),
        "long_press": _one_of(Button),
        "position_mm": _lengths,
    }
)
_ENCODER: Mapping[str, _Reader] = MappingProxyType(
    {
        "a": _pin,
        "b": _pin,
        "detent": _one_of(Detent),
        "turns": _one_of(Knob),
        "position_mm": _lengths,
    }
)
_PUSH: Mapping[str, str] = MappingProxyType(
    {"push_pin": "pin", "push": "press", "push_long": "long_press"}
)
_LED: Mapping[str, _Reader] = MappingProxyType(
    {"pin": _pin, "lights": _some_of(Led), "position_mm": _lengths}
)
_POTENTIOMETER: Mapping[str, _Reader] = MappingProxyType(
    {"channel": _whole(0, 7), "turns": _one_of(Knob), "position_mm": _lengths}
)
_ENCLOSURE: Mapping[str, _Reader] = MappingProxyType(
    {"panel_mm": _lengths, "height_mm": _length, "title_mm": _lengths}
)
_DISPLAY: Mapping[str, _Reader] = MappingProxyType(
    {
        "controller": _one_of(Controller),
        "bus": _one_of(Bus),
        "address": _whole(0x3C, 0x3D),
        "chip_select": _whole(0, 1),
        "data_command": _pin,
        "reset": _pin,
        "upside_down": _switch,
        "screen": _one_of(Screen),
        "position_mm": _lengths,
    }
)
_BOARD: Mapping[str, _Reader] = MappingProxyType(
    {
        "name": _text,
        "models": _texts,
        "sound": _one_of(Sound),
        "serial_console": _switch,
        "display": _display,
        "buttons": _named(_button),
        "encoders": _named(_encoder),
        "leds": _named(_led),
        "converter_select": _whole(0, 1),
        "potentiometers": _named(_potentiometer),
        "enclosure": _enclosure,
    }
)
