"""GPIO lines as the kernel tells of them, without taking any from the instrument that runs."""

import importlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from firmware.devices.gpio_header import open_chip

_USER: Final = "continuo doctor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A GPIO line.

    Attributes:
        user: What has taken it, or "" if it is free.
        is_high: How it reads when it is pulled up; None where it was not read.
    """

    user: str = ""
    is_high: bool | None = None


def look_at_lines(
    root: Path, inputs: Iterable[int], outputs: Iterable[int]
) -> Mapping[int, Line] | None:
    """The lines of the header.

    Args:
        root: Where `/dev` is.
        inputs: Lines that are read as well where they are free, for a moment, pulled up.
        outputs: Lines that are only looked at.

    Returns:
        Each line by its number, or None if there is no such chip here.

    Raises:
        DeviceError: If the library is missing.
        OSError: If the chip may not be opened.
    """
    inputs = tuple(inputs)
    chip = open_chip(root / "dev")
    if chip is None:
        return None
    with chip:
        lines = {number: _look(chip, number) for number in (*inputs, *outputs)}
        free = [number for number in inputs if not lines[number].user]
        return lines | {number: Line(is_high=_read(chip, number)) for number in free}


def _look(chip: Any, number: int) -> Line:
    info = chip.get_line_info(number)
    return Line(user=(info.consumer or "something") if info.used else "")


def _read(chip: Any, number: int) -> bool | None:
    line = importlib.import_module("gpiod.line")
    settings = importlib.import_module("gpiod").LineSettings(
        direction=line.Direction.INPUT, bias=line.Bias.PULL_UP
    )
    try:
        with chip.request_lines({number: settings}, consumer=_USER) as request:
            return bool(request.get_value(number) is line.Value.ACTIVE)
    except OSError:  # somebody took it at this moment
        return None
