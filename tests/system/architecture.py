"""The machines that a guest can be: a Raspberry Pi as far as QEMU goes, and a PC."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

CORES: Final = 2
MEMORY_MB: Final = 1536


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """One kind of machine.

    Attributes:
        name: As Debian calls it.
        title: For people.
        emulator: QEMU's program for it.
        machine: What that emulates.
        console: Where its kernel speaks.
        door: Attaches the test's own shell, a character device of the id `shell`.
        ssh_port: On this machine, for the guest's SSH.
        packages: Of Debian, beside those that every guest has.
        has_panel: Whether it has GPIO lines and a screen, and so the kernel that is made for them.
    """

    name: str
    title: str
    emulator: str
    machine: tuple[str, ...]
    console: str
    door: tuple[str, ...]
    ssh_port: int
    packages: tuple[str, ...] = ()
    has_panel: bool = False


ARCHITECTURES: Final[Mapping[str, Architecture]] = MappingProxyType(
    {
        "arm64": Architecture(
            name="arm64",
            title="arm64, as a Raspberry Pi 4",
            emulator="qemu-system-aarch64",
            machine=("-machine", "virt,gic-version=3", "-cpu", "cortex-a72"),
            console="ttyAMA0",
            door=("-device", "pci-serial,chardev=shell"),
            ssh_port=22023,
            has_panel=True,
        ),
        "amd64": Architecture(
            name="amd64",
            title="amd64, as a PC",
            emulator="qemu-system-x86_64",
            machine=("-machine", "q35", "-cpu", "max"),
            console="ttyS0",
            door=("-serial", "chardev:shell"),
            ssh_port=22022,
            packages=("linux-image-amd64", "initramfs-tools"),
        ),
    }
)
