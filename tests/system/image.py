"""The guest's disk: Debian with the package installed as a maker would, and a door for the test.

Debian itself is fetched once and kept; the package goes into a copy of it for every run.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
BUILD: Final = ROOT / "build" / "system-test"
HERE: Final = Path(__file__).parent

TOOLS: Final = ("mmdebstrap", "qemu-system-x86_64", "mke2fs", "dpkg-deb", "ssh")
INSTALL: Final = (
    "sudo apt install --no-install-recommends mmdebstrap qemu-system-x86 e2fsprogs openssh-client"
)
SUITE: Final = "bookworm"
PACKAGES: Final = (
    # what a maker's Debian has anyway
    *("systemd", "systemd-sysv", "udev", "kmod", "dbus", "linux-image-amd64", "initramfs-tools"),
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
        disk: The guest's.
        kernel: Debian's.
        initrd: Debian's.
    """

    disk: Path
    kernel: Path
    initrd: Path


def missing() -> str:
    """Why no guest can be made here, or an empty text."""
    absent = [tool for tool in TOOLS if shutil.which(tool) is None]
    if absent:
        return f"{', '.join(absent)} not installed: {INSTALL}"
    if os.geteuid() != 0:
        return "a guest's disk is made by root: sudo make system-test"
    return ""


def make_image(package: Path) -> Image:
    """A disk of Debian with the package, installed into a fresh copy unless it is here already."""
    BUILD.mkdir(parents=True, exist_ok=True)
    image = Image(disk=BUILD / "disk.img", kernel=BUILD / "vmlinuz", initrd=BUILD / "initrd")
    installed, stamp = BUILD / "installed.img", BUILD / "installed.sha256"
    wanted = _stamp(package)
    if not stamp.is_file() or stamp.read_text() != wanted:
        stamp.unlink(missing_ok=True)
        _install(package, installed, image)
        stamp.write_text(wanted)
    # What the guest writes in a run is gone with the next.
    _run("cp", "--sparse=always", "--reflink=auto", installed, image.disk)
    return image


def _install(package: Path, installed: Path, image: Image) -> None:
    base = _base()
    root = BUILD / "root"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    _run("tar", "-x", "-C", root, "-f", base, "--numeric-owner", "--exclude=./dev/*")
    shutil.copyfile(package, root / "continuo.deb")
    _prepare(root)
    # In namespaces of its own: nothing of the guest is seen or mounted outside.
    script = "mount -t proc proc proc && exec chroot . dpkg -i /continuo.deb"
    _run("unshare", "--mount", "--pid", "--fork", "sh", "-c", f"cd {root} && {script}")
    (root / "continuo.deb").unlink()
    # One real keyboard beside the simulated one: the player's. Emulated sound is slow.
    with (root / "etc/continuo/config.toml").open("a") as settings:
        settings.write('midi_input = "AKM322"\n')
    sound = root / "etc/default/continuo-sound"
    text = sound.read_text().replace("=48000", "=22050").replace("=128", "=1024")
    sound.write_text(text)
    for name, target in (("vmlinuz", image.kernel), ("initrd.img", image.initrd)):
        shutil.copyfile(next((root / "boot").glob(f"{name}-*")), target)
    installed.unlink(missing_ok=True)
    _run("mke2fs", "-q", "-F", "-t", "ext4", "-L", "root", "-d", root, installed, _SIZE)
    shutil.rmtree(root)


def _stamp(package: Path) -> str:
    """What changes with the package and with what the test puts beside it."""
    digest = hashlib.sha256(package.read_bytes())
    for path in (Path(__file__), *sorted((HERE / "guest").rglob("*"))):
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _base() -> Path:
    """Debian with its packages, as an archive; made anew where the list of packages is another."""
    base, stamp = BUILD / f"{SUITE}.tar", BUILD / f"{SUITE}.packages"
    wanted = "\n".join(PACKAGES)
    if not stamp.is_file() or stamp.read_text() != wanted:
        options = ["--variant=minbase", f"--include={','.join(PACKAGES)}"]
        _run("mmdebstrap", "--quiet", *options, SUITE, base)
        stamp.write_text(wanted)
    return base


def _prepare(root: Path) -> None:
    """What is the test's and not the package's: a shell on a serial line, and no front panel."""
    (root / "etc/hostname").write_text("continuo\n")
    (root / "etc/machine-id").write_text("")
    (root / "etc/fstab").write_text("/dev/vda / ext4 errors=remount-ro,noatime 0 1\n")
    shutil.copytree(HERE / "guest", root, dirs_exist_ok=True)
    wants = root / "etc/systemd/system/sysinit.target.wants"
    wants.mkdir(parents=True, exist_ok=True)
    (wants / "test-shell.service").symlink_to("../test-shell.service")


def _run(*command: object) -> None:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{command[0]} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
