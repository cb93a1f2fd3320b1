"""The computer: power, temperature, disk, clock, and who may use what."""

import os
from pathlib import Path
from typing import Final

from firmware.config import Config
from firmware.devices.board_file import load_board
from firmware.devices.throttling import COOLING, bits_of, throttled_bits, throttling_of
from firmware.devices.wiring import Bus
from firmware.maintenance.findings import Found, absent, fault, ok, warning
from firmware.maintenance.probe import Probe

HOT_C: Final = 80
"""From here on a Raspberry Pi slows down."""
WARM_C: Final = 70
FULL_MB: Final = 100
"""A composition is a few kilobytes, but a system without room does odd things."""
NEARLY_FULL_MB: Final = 500
FIRST_YEAR: Final = 2025
"""No clock that was ever set says an earlier one."""


def check_throttling(probe: Probe, _: Config) -> Found:
    """Whether the supply is strong enough, as the Raspberry Pi itself tells."""
    said = probe.run("vcgencmd", "get_throttled")
    bits = bits_of(said.text) if said else None
    if bits is None:
        bits = throttled_bits(probe.root)
    if bits is None:
        return absent("this computer does not tell of its voltage")
    found = throttling_of(bits)
    if not found:
        return ok("the voltage was high enough since power-up")
    first = found[0]
    return (fault if first.is_now else warning)(first.sentence, first.remedy)


def check_temperature(probe: Probe, _: Config) -> Found:
    """Whether the processor is too hot."""
    text = probe.read("sys/class/thermal/thermal_zone0/temp").strip()
    if not text.lstrip("-").isdecimal():
        return absent("this computer does not tell its temperature")
    degrees = round(int(text) / 1000)
    sentence = f"the processor has {degrees} °C"
    if degrees >= HOT_C:
        return fault(f"{sentence} and slows down", COOLING)
    if degrees >= WARM_C:
        return warning(sentence, "a heat sink keeps it from slowing down")
    return ok(sentence)


def check_disk(probe: Probe, config: Config) -> Found:
    """Whether compositions can be written, there is room, and the disk is sound."""
    folder = _nearest(probe, config.library)
    device, kind, options = _mount(probe, config.library)
    state = os.statvfs(folder)
    free_mb = state.f_bavail * state.f_frsize // 1_000_000
    errors = probe.read(f"sys/fs/ext4/{Path(device).name}/errors_count").strip()
    if "ro" in options:
        return fault(
            f"the disk of {config.library} is read-only",
            "after errors the kernel makes it so: continuo backup to a stick, then fsck "
            f"{device}; else sudo mount -o remount,rw {device}",
        )
    if errors not in ("", "0"):
        return warning(
            f"the file system on {device} has seen {errors} errors",
            f"continuo backup to a stick now, then sudo fsck {device}; cards wear out",
        )
    if free_mb < FULL_MB:
        return fault(f"only {free_mb} MB are free", "continuo library delete, or export some")
    if free_mb < NEARLY_FULL_MB:
        return warning(f"only {free_mb} MB are free", "continuo library delete, or export some")
    _, _, of_root = _mount(probe, Path("/"))
    root = ", the system itself is read-only as intended" if "ro" in of_root else ""
    return ok(f"{free_mb:,} MB free on {device or 'the disk'} ({kind or 'unknown'}){root}")


def check_clock(probe: Probe, _: Config) -> Found:
    """Whether the time is right; an instrument without a network may not know it."""
    now = probe.now()
    day = f"{now:%Y-%m-%d %H:%M} UTC"
    if now.year < FIRST_YEAR:
        return warning(
            f"the clock says {day}, and so will new compositions",
            "sudo timedatectl set-time 'YYYY-MM-DD HH:MM', or a network for a moment",
        )
    said = probe.run("timedatectl", "show", "-p", "NTPSynchronized", "--value")
    is_set = probe.is_there("run/systemd/timesync/synchronized")
    if is_set or (said is not None and said.text.strip() == "yes"):
        return ok(f"{day}, set by the network")
    return ok(f"{day}, not set by a network, which it does not need")


def check_permissions(probe: Probe, config: Config) -> Found:
    """Whether this user may use what the instrument does."""
    board = load_board(config.board)
    wanted = {"dev/snd/seq": "audio"}
    if board.display.bus is Bus.I2C:
        wanted["dev/i2c-1"] = "i2c"
    if board.uses_spi:
        wanted["dev/spidev0.0"] = "spi"
    wanted |= {str(path.relative_to(probe.root)): "gpio" for path in probe.found("dev/gpiochip*")}
    refused = {
        path: group
        for path, group in wanted.items()
        if probe.is_there(path) and not probe.may_use(path)
    }
    if refused:
        groups = ",".join(sorted(set(refused.values())))
        return warning(
            f"you may not use /{', /'.join(sorted(refused))}",
            f"the service may; for yourself: sudo usermod -aG {groups} $USER, and log in again",
        )
    folder = _nearest(probe, config.library)
    if not os.access(folder, os.R_OK | os.X_OK):
        return fault(
            f"you may not read {config.library}",
            "sudo usermod -aG continuo $USER, and log in again",
        )
    if not os.access(folder, os.W_OK):
        return warning(
            f"you may read {config.library}, not write to it", "sudo -u continuo continuo …"
        )
    here = sum(probe.is_there(path) for path in wanted)
    return ok(f"the library and {here} devices may be used")


def _nearest(probe: Probe, path: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    there = probe.root / path.relative_to(path.anchor)
    while not there.is_dir():
        there = there.parent
    return there


def _mount(probe: Probe, path: Path) -> tuple[str, str, frozenset[str]]:
    """Device, kind and options of the file system that a path is on."""
    best: tuple[str, str, frozenset[str]] = ("", "", frozenset())
    longest = -1
    for line in probe.read("proc/mounts").splitlines():
        words = line.split()
        if len(words) < 4:
            continue
        device, place, kind, options = words[:4]
        place = place.replace("\\040", " ")
        if path.is_relative_to(place) and len(place) >= longest:
            best, longest = (device, kind, frozenset(options.split(","))), len(place)
    return best
