"""What slows a Raspberry Pi down, as its firmware tells: a weak supply, or heat.

Reference:
    Raspberry Pi documentation, "vcgencmd", "get_throttled".
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

THROTTLED_FILE: Final = "sys/devices/platform/soc/soc:firmware/get_throttled"
"""Below the root: the same bits in hexadecimal, for whoever may not ask with vcgencmd."""

LOW_NOW: Final = 1 << 0
"""The bit for a voltage that is too low now."""

SUPPLY: Final = "use a supply of 5.1 V and 3 A or more, with a short, thick cable"
COOLING: Final = "give it a heat sink, or the case more holes"


class Cause(StrEnum):
    """What is not as it should be."""

    SUPPLY = "supply"
    HEAT = "heat"


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttling:
    """Something that slows it down, or did since it was switched on.

    Attributes:
        cause: What is not as it should be.
        sentence: What was seen.
        remedy: What helps.
        is_now: Whether it is so at this moment.
    """

    cause: Cause
    sentence: str
    remedy: str
    is_now: bool


_BITS: Final = (
    # bit, cause, what it says, whether it is so now: the first of a cause is what counts
    (0, Cause.SUPPLY, "the voltage is too low now", True),
    (3, Cause.HEAT, "the processor is too hot now, and slowed down", True),
    (2, None, "the processor is slowed down now", True),
    (16, Cause.SUPPLY, "the voltage was too low since power-up", False),
    (19, Cause.HEAT, "the processor was too hot since power-up", False),
    (18, None, "the processor was slowed down since power-up", False),
)
_REMEDIES: Final = {Cause.SUPPLY: SUPPLY, Cause.HEAT: COOLING}


def throttling_of(bits: int) -> tuple[Throttling, ...]:
    """What the firmware's bits say, in words: one for each cause, what is so now first.

    A processor that is slowed down for no reason that the other bits give is put to the supply.
    """
    found: dict[Cause, Throttling] = {}
    for bit, cause, sentence, is_now in _BITS:
        if not bits >> bit & 1 or (cause is None and found):
            continue
        of = cause or Cause.SUPPLY
        one = Throttling(cause=of, sentence=sentence, remedy=_REMEDIES[of], is_now=is_now)
        found.setdefault(of, one)
    return tuple(found.values())


def throttled_bits(root: Path) -> int | None:
    """The bits, read without asking a program; None where the computer does not tell them.

    Args:
        root: Where `/sys` is.
    """
    try:
        return bits_of((root / THROTTLED_FILE).read_text(errors="replace"))
    except OSError:
        return _alarm(root)


def bits_of(text: str) -> int | None:
    """The bits in what the file or vcgencmd says, such as `throttled=0x50005`; None if none are."""
    try:
        return int(text.strip().rpartition("=")[2], 16)
    except ValueError:
        return None


def _alarm(root: Path) -> int | None:
    """The kernel's own sensor of the supply, which tells of this moment alone."""
    for path in sorted(root.glob("sys/class/hwmon/hwmon*/name")):
        try:
            if path.read_text(errors="replace").strip() == "rpi_volt":
                alarm = path.with_name("in0_lcrit_alarm").read_text(errors="replace")
                return LOW_NOW if alarm.strip() == "1" else 0
        except OSError:  # it was taken away meanwhile
            continue
    return None
