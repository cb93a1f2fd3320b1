"""What the Raspberry Pi's firmware says in bits, in words with what helps."""

from pathlib import Path

import pytest

from firmware.devices.throttling import (
    COOLING,
    SUPPLY,
    THROTTLED_FILE,
    Cause,
    bits_of,
    throttled_bits,
    throttling_of,
)


@pytest.mark.parametrize(
    ("bits", "found"),
    [
        (0x0, []),
        (0x20002, []),  # the clock is held down, as the documentation has it for any load
        (0x50005, [("the voltage is too low now", SUPPLY, True)]),
        (0x50000, [("the voltage was too low since power-up", SUPPLY, False)]),
        (0xC0008, [("the processor is too hot now, and slowed down", COOLING, True)]),
        (0x4, [("the processor is slowed down now", SUPPLY, True)]),
        (0x40000, [("the processor was slowed down since power-up", SUPPLY, False)]),
        (
            0xD000C,
            [
                ("the processor is too hot now, and slowed down", COOLING, True),
                ("the voltage was too low since power-up", SUPPLY, False),
            ],
        ),
    ],
)
def test_each_cause_is_said_once_with_its_own_remedy(
    bits: int, found: list[tuple[str, str, bool]]
) -> None:
    """What is so now comes before what was, and a reason before what came of it."""
    said = throttling_of(bits)
    assert [(one.sentence, one.remedy, one.is_now) for one in said] == found
    assert len({one.cause for one in said}) == len(said)
    assert {one.cause for one in said if one.remedy == COOLING} <= {Cause.HEAT}


def test_the_bits_are_read_where_they_are(tmp_path: Path) -> None:
    """From the firmware's own file, else from the kernel's sensor, else from nowhere."""
    assert throttled_bits(tmp_path) is None
    sensor = tmp_path / "sys/class/hwmon/hwmon1"
    sensor.mkdir(parents=True)
    (sensor / "name").write_text("rpi_volt\n")
    assert throttled_bits(tmp_path) is None
    (sensor / "in0_lcrit_alarm").write_text("0\n")
    assert throttled_bits(tmp_path) == 0
    (sensor / "in0_lcrit_alarm").write_text("1\n")
    assert throttled_bits(tmp_path) == 1
    (tmp_path / THROTTLED_FILE).parent.mkdir(parents=True)
    (tmp_path / THROTTLED_FILE).write_text("50000\n")
    assert throttled_bits(tmp_path) == 0x50000


def test_what_is_no_number_has_no_bits() -> None:
    assert bits_of("throttled=0x50005\n") == 0x50005
    for text in ("", "throttled=", "VCHI initialization failed"):
        assert bits_of(text) is None
