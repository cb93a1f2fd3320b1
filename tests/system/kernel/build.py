"""The kernel of a guest with a panel: Debian's, the simulators of a panel, and a small initrd.

Everything comes from one version of Debian's kernel: its image, its headers, and the source of the
simulators that Debian does not build. It is made in a Debian of its own, so that this machine needs
no compiler and may run any other version.
"""

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.system.architecture import Architecture
from tests.system.tools import run

HERE: Final = Path(__file__).parent
_SOURCES: Final = ("i2c-oled-sim.c", "Kbuild", "recipe.sh", "init")
_PACKAGES: Final = (
    *("gcc-12-aarch64-linux-gnu", "make", "linux-source-6.1", "kmod", "cpio", "xz-utils"),
    *("libelf1", "libssl3"),
)
_MIRRORS: Final = (
    "deb http://deb.debian.org/debian bookworm main",
    "deb http://deb.debian.org/debian-security bookworm-security main",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """What a guest is started with, and what goes onto its disk.

    Attributes:
        image: For QEMU.
        initrd: For QEMU: finds the disk, and hands over.
        modules: An archive of `usr/lib/modules`.
    """

    image: Path
    initrd: Path
    modules: Path


def make_kernel(architecture: Architecture, folder: Path) -> Kernel:
    """Make it, unless it is here already.

    Args:
        architecture: Whose.
        folder: Where it is kept, with the Debian that it is made in.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = ("vmlinuz", "initrd", "modules.tar")
    image, initrd, modules = (folder / name for name in names)
    stamp, wanted = folder / "made-of.sha256", _stamp()
    if not stamp.is_file() or stamp.read_text() != wanted:
        stamp.unlink(missing_ok=True)
        root = _debian(folder / "debian")
        work = root / "work"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        for name in _SOURCES:
            shutil.copy(HERE / name, work)
        # A mount of its own: what the recipe's programs ask of /proc is there only for them.
        script = "mount -t proc proc proc && exec chroot . sh /work/recipe.sh"
        apart = ("unshare", "--mount", "--pid", "--fork", "sh", "-c")
        run(*apart, f"cd {root} && {script} {architecture.name}")
        for name in names:
            shutil.copyfile(work / "out" / name, folder / name)
        stamp.write_text(wanted)
    return Kernel(image=image, initrd=initrd, modules=modules)


def _debian(root: Path) -> Path:
    stamp, wanted = root.with_suffix(".packages"), "\n".join((*_PACKAGES, *_MIRRORS))
    if not stamp.is_file() or stamp.read_text() != wanted:
        stamp.unlink(missing_ok=True)
        shutil.rmtree(root, ignore_errors=True)
        packages = f"--include={','.join(_PACKAGES)}"
        run("mmdebstrap", "--quiet", "--variant=minbase", packages, "bookworm", root, *_MIRRORS)
        stamp.write_text(wanted)
    return root


def _stamp() -> str:
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for name in _SOURCES:
        digest.update((HERE / name).read_bytes())
    return digest.hexdigest()
