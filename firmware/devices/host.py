"""What the computer tells of itself: the protocol, a reader of Linux's files, and a simulator."""

import os
import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol, TypedDict

from firmware.devices.throttling import throttled_bits
from firmware.version import installed_version

_MB: Final = 1_000_000
# A leaf of the routing table, and what it is for: this computer itself.
_LOCAL: Final = re.compile(r"\|-- ([\d.]+)\n +/32 host LOCAL")


class HostFacts(TypedDict):
    """What is known; None is what the computer does not tell.

    Keys: version of the firmware, processor's share of busy time since the last look in per cent,
    memory in use and in all, processor's temperature, room on the library's disk, name, address,
    and what slows it down, as `throttling_of` reads it.
    """

    version: str
    cpu_percent: int | None
    memory_used_mb: int | None
    memory_mb: int | None
    temperature_c: int | None
    disk_free_mb: int | None
    host: str | None
    address: str | None
    throttled: int | None


class Host(Protocol):
    """The computer that the instrument runs on."""

    def look(self, folder: Path) -> HostFacts:
        """See how it is; may wait for a disk.

        Args:
            folder: Whose disk's room is told.
        """
        ...


class LinuxHost:
    """A computer with Linux.

    Args:
        root: Where `/proc` and `/sys` are.
        address: Finds the network address, or None.
    """

    def __init__(
        self, root: Path = Path("/"), address: Callable[[], str | None] | None = None
    ) -> None:
        self._root = root
        self._address = address or self._own_address
        self._busy, self._total = self._ticks()

    def look(self, folder: Path) -> HostFacts:
        """See `Host.look`."""
        total, available = self._memory("MemTotal"), self._memory("MemAvailable")
        used = None if total is None or available is None else total - available
        return HostFacts(
            version=installed_version(),
            cpu_percent=self._cpu_percent(),
            memory_used_mb=used,
            memory_mb=total,
            temperature_c=self._temperature(),
            disk_free_mb=_disk_free_mb(folder),
            host=socket.gethostname() or None,
            address=self._address(),
            throttled=throttled_bits(self._root),
        )

    def _cpu_percent(self) -> int | None:
        busy, total = self._ticks()
        passed, worked = total - self._total, busy - self._busy
        self._busy, self._total = busy, total
        return round(100 * worked / passed) if passed > 0 else None

    def _ticks(self) -> tuple[int, int]:
        """Busy and all ticks of the processor since it was started; zeros if it does not say."""
        first = self._read("proc/stat").partition("\n")[0].split()
        try:
            ticks = [int(word) for word in first[1:9]]
        except ValueError:
            ticks = []
        idle = sum(ticks[3:5])  # idle, and waiting for a disk
        return sum(ticks) - idle, sum(ticks)

    def _memory(self, key: str) -> int | None:
        for line in self._read("proc/meminfo").splitlines():
            name, _, rest = line.partition(":")
            words = rest.split()
            if name == key and words and words[0].isdecimal():
                return int(words[0]) * 1024 // _MB
        return None

    def _temperature(self) -> int | None:
        text = self._read("sys/class/thermal/thermal_zone0/temp").strip()
        return round(int(text) / 1000) if text.lstrip("-").isdecimal() else None

    def _own_address(self) -> str | None:
        """The address of this computer in its network; the cable's own only if there is no other.

        Read and not asked of a socket: the instrument's sandbox has none.
        """
        found = _LOCAL.findall(self._read("proc/net/fib_trie"))
        found = [address for address in found if not address.startswith("127.")]
        return min(found, key=lambda address: address.startswith("169.254."), default=None)

    def _read(self, path: str) -> str:
        try:
            return (self._root / path).read_text(errors="replace")
        except OSError:
            return ""


class SimulatedHost:
    """A computer that is what a program says.

    Attributes:
        facts: What it tells.
    """

    def __init__(self) -> None:
        self.facts = HostFacts(
            version=installed_version(),
            cpu_percent=12,
            memory_used_mb=312,
            memory_mb=4096,
            temperature_c=48,
            disk_free_mb=24_000,
            host="continuo",
            address="192.168.1.23",
            throttled=0,
        )

    def look(self, folder: Path) -> HostFacts:
        """See `Host.look`."""
        del folder
        return self.facts


def _disk_free_mb(folder: Path) -> int | None:
    """Room for those who are not root; the folder itself may not be there yet."""
    for place in (folder, *folder.parents):
        try:
            state = os.statvfs(place)
        except FileNotFoundError:
            continue
        except OSError:
            return None
        return state.f_bavail * state.f_frsize // _MB
    return None
