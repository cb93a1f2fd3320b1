"""The guest's disk: Debian with the package installed as a maker would, and a door for the test.

Debian itself is fetched once and kept; the package goes into a copy of it for every run.
"""

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.system.architecture import ARCHITECTURES, Architecture
from tests.system.device_tree import make_device_tree
from tests.system.kernel.build import Kernel, make_kernel
from tests.system.tools import claim, run, run_as

ROOT: Final = Path(__file__).parents[2]
BUILD: Final = Path(os.environ.get("CONTINUO_GUESTS") or ROOT / "build" / "system-test")
"""Where guests are kept; elsewhere, they outlive a checkout."""
HERE: Final = Path(__file__).parent

SUITE: Final = "bookworm"
PACKAGES: Final = (
    # what a maker's Debian has anyway
    *("systemd", "systemd-sysv", "udev", "kmod", "dbus"),
    *("openssh-server", "iproute2", "python3", "procps", "mount", "init-system-helpers"),
    # what the package depends on
    *("fluidsynth", "timgm6mb-soundfont", "libasound2"),
    # what the test looks with
    *("alsa-utils", "openssh-client", "e2fsprogs", "dosfstools"),
)
_SIZE: Final = "2600M"


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """What QEMU starts.

    Attributes:
        architecture: For which machine.
        disk: The guest's.
        kernel: Debian's.
        initrd: Debian's, or one of ours that is smaller.
        device_tree: What the guest takes itself for, or None where QEMU says so itself.
    """

    architecture: Architecture
    disk: Path
    kernel: Path
    initrd: Path
    device_tree: Path | None = None


def folder_of(architecture: Architecture) -> Path:
    """Where everything of a guest is kept."""
    return BUILD / architecture.name


def is_kept(architecture: Architecture) -> bool:
    """Whether a guest's Debian was fetched before, so that one is made in a minute or two."""
    return (folder_of(architecture) / f"{SUITE}.packages").is_file()


def make_image(package: Path, architecture: Architecture = ARCHITECTURES["amd64"]) -> Image:
    """A disk of Debian with the package, installed into a fresh copy unless it is here already."""
    folder = folder_of(architecture)
    folder.mkdir(parents=True, exist_ok=True)
    claim(folder)
    kernel = make_kernel(architecture, folder / "kernel") if architecture.has_panel else None
    image = Image(
        architecture=architecture,
        disk=folder / "disk.qcow2",
        kernel=kernel.image if kernel else folder / "vmlinuz",
        initrd=kernel.initrd if kernel else folder / "initrd",
        device_tree=make_device_tree(architecture, folder / "pi.dtb") if kernel else None,
    )
    installed, stamp = folder / "installed.img", folder / "installed.sha256"
    wanted = _stamp(package, architecture, kernel)
    if not stamp.is_file() or stamp.read_text() != wanted:
        stamp.unlink(missing_ok=True)
        _install(package, installed, image, kernel)
        stamp.write_text(wanted)
    # What the guest writes in a run is gone with the next.
    base = ("-b", installed, "-F", "raw")
    run("qemu-img", "create", "-q", "-f", "qcow2", *base, image.disk)
    return image


def _install(package: Path, installed: Path, image: Image, kernel: Kernel | None) -> None:
    architecture = image.architecture
    root = folder_of(architecture) / "root"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    archives = [_base(architecture), *([kernel.modules] if kernel else [])]
    for archive in archives:
        kept = ("--keep-directory-symlink", "--numeric-owner", "--exclude=./dev/*")
        run("tar", "-x", "-C", root, "-f", archive, *kept)
    shutil.copyfile(package, root / "continuo.deb")
    _prepare(root, architecture)
    # In namespaces of its own: nothing of the guest is seen or mounted outside.
    apt = "apt-get install --yes --no-install-recommends /continuo.deb"
    run_as(architecture, "sh", "-c", f"cd {root} && mount -t proc proc proc && exec chroot . {apt}")
    (root / "continuo.deb").unlink()
    # One real keyboard beside the simulated one: the player's. Emulated sound is slow.
    with (root / "etc/continuo/config.toml").open("a") as settings:
        settings.write('midi_input = "AKM322"\n')
    sound = root / "etc/default/continuo-sound"
    text = sound.read_text().replace("=48000", "=22050").replace("=128", "=1024")
    sound.write_text(text)
    if kernel is None:
        for name, target in (("vmlinuz", image.kernel), ("initrd.img", image.initrd)):
            shutil.copyfile(next((root / "boot").glob(f"{name}-*")), target)
    installed.unlink(missing_ok=True)
    run("mke2fs", "-q", "-F", "-t", "ext4", "-L", "root", "-d", root, installed, _SIZE)
    shutil.rmtree(root)


def _stamp(package: Path, architecture: Architecture, kernel: Kernel | None) -> str:
    """What changes with the package and with what the test puts beside it."""
    digest = hashlib.sha256(package.read_bytes())
    beside = [path for folder in _beside(architecture) for path in sorted(folder.rglob("*"))]
    for path in (Path(__file__), *([kernel.modules] if kernel else []), *beside):
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _base(architecture: Architecture) -> Path:
    """Debian with its packages, as an archive; made anew where the list of packages is another."""
    folder = folder_of(architecture)
    base, stamp = folder / f"{SUITE}.tar", folder / f"{SUITE}.packages"
    packages = (*PACKAGES, *architecture.packages)
    wanted = "\n".join(packages)
    if not stamp.is_file() or stamp.read_text() != wanted:
        # That its programs run here is seen to by `run_as`.
        options = [f"--architectures={architecture.name}", "--skip=check/qemu"]
        options += ["--variant=minbase", f"--include={','.join(packages)}"]
        run_as(architecture, "mmdebstrap", "--quiet", "--mode=root", *options, SUITE, base)
        stamp.write_text(wanted)
    return base


def _prepare(root: Path, architecture: Architecture) -> None:
    """What is the test's and not the package's: a shell on a serial line, and its own devices."""
    (root / "etc/hostname").write_text("continuo\n")
    (root / "etc/machine-id").write_text("")
    (root / "etc/fstab").write_text("/dev/vda / ext4 errors=remount-ro,noatime 0 1\n")
    for folder in _beside(architecture):
        shutil.copytree(folder, root, symlinks=True, dirs_exist_ok=True)
    wants = root / "etc/systemd/system/sysinit.target.wants"
    wants.mkdir(parents=True, exist_ok=True)
    (wants / "test-shell.service").symlink_to("../test-shell.service")


def _beside(architecture: Architecture) -> tuple[Path, Path]:
    return HERE / "guest", HERE / f"guest-{architecture.name}"
