"""GPIO lines as the kernel tells of them, without taking any from the instrument that runs.

Reference: `linux/gpio.h`, the second version of the character device's interface.
"""

import errno
import fcntl
import os
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from firmware.devices.gpio_header import CHIPS

_CHIP_INFO: Final = 0x8044B401  # GPIO_GET_CHIPINFO_IOCTL
_LINE_INFO: Final = 0xC100B405  # GPIO_V2_GET_LINEINFO_IOCTL
_GET_LINE: Final = 0xC250B407  # GPIO_V2_GET_LINE_IOCTL
_GET_VALUES: Final = 0xC010B40E  # GPIO_V2_LINE_GET_VALUES_IOCTL
_USED, _INPUT, _PULLED_UP = 1 << 0, 1 << 2, 1 << 8

_INFO: Final = struct.Struct("=32s32sIIQ176x")
_REQUEST: Final = struct.Struct("=64I32sQI20x240xII20xi")


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
        OSError: If the chip may not be opened.
    """
    inputs = tuple(inputs)
    for path in sorted((root / "dev").glob("gpiochip*")):
        chip = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            if _label(chip) in CHIPS:
                lines = {offset: _info(chip, offset) for offset in (*inputs, *outputs)}
                free = [offset for offset in inputs if not lines[offset].user]
                return lines | {offset: Line(is_high=_read(chip, offset)) for offset in free}
        except OSError as error:
            if error.errno != errno.ENOTTY:  # not a chip at all
                raise
        finally:
            os.close(chip)
    return None


def _label(chip: int) -> str:
    info = fcntl.ioctl(chip, _CHIP_INFO, bytes(68))
    return _text(info[32:64])


def _info(chip: int, offset: int) -> Line:
    asked = _INFO.pack(b"", b"", offset, 0, 0)
    _, user, _, _, flags = _INFO.unpack(fcntl.ioctl(chip, _LINE_INFO, asked))
    return Line(user=(_text(user) or "something") if flags & _USED else "")


def _read(chip: int, offset: int) -> bool | None:
    lines = [offset, *[0] * 63]
    asked = _REQUEST.pack(*lines, b"continuo doctor", _INPUT | _PULLED_UP, 0, 1, 0, 0)
    try:
        line = _REQUEST.unpack(fcntl.ioctl(chip, _GET_LINE, asked))[-1]
    except OSError:  # somebody took it at this moment
        return None
    try:
        bits, _ = struct.unpack("=QQ", fcntl.ioctl(line, _GET_VALUES, struct.pack("=QQ", 0, 1)))
        return bool(bits & 1)
    finally:
        os.close(line)


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode(errors="replace")
