"""A Debian in a folder, entered in namespaces of its own: for the package, without a kernel.

What is mounted, and who translates another processor's programs, is seen in there alone and ends
with the command: the machine around it is left as it was.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.system.image import BUILD

FOLDER: Final = BUILD / "installing"
SUITES: Final = {"bookworm": "Debian 12", "trixie": "Debian 13"}
ARCHITECTURES: Final = ("amd64", "arm64")
_HERE: Final = {"x86_64": "amd64", "aarch64": "arm64"}
_TOOLS: Final = ("mmdebstrap", "unshare", "setpriv", "chroot", "dpkg-deb", "tar")
_INSTALL: Final = "sudo apt install --no-install-recommends mmdebstrap qemu-user-static"
_TRANSLATOR: Final = Path("/usr/bin/qemu-aarch64-static")
_RULE: Final = Path("/usr/lib/binfmt.d/qemu-aarch64.conf")
_PROXIES: Final = ("http_proxy", "https_proxy", "no_proxy")
# A Raspberry Pi 4's, which programs look at beside what the translator says of the processor.
_CPU: Final = "cortex-a72"
_CPUINFO: Final = """\
processor\t: {number}
BogoMIPS\t: 108.00
Features\t: fp asimd evtstrm crc32 cpuid
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x0
CPU part\t: 0xd08
CPU revision\t: 3

"""
# What a maker's Debian has anyway; Python and all the rest is left to the package to ask for.
_PACKAGES: Final = ("systemd", "systemd-sysv", "udev")

_PREPARE: Final = """\
set -e
mount -t proc proc /proc
if [ -n "$RULE" ]; then
    mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
    printf %s "$RULE" >/proc/sys/fs/binfmt_misc/register
fi
"""
_ENTER: Final = (
    _PREPARE
    + """\
cd "$ROOT"
mount -t proc proc proc
[ -z "$CPUINFO" ] || mount --bind "$CPUINFO" proc/cpuinfo
mount --rbind /sys sys
mount -o remount,bind,ro sys
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=755 tmpfs dev
for node in null zero full random urandom tty; do
    : >dev/$node
    mount --bind /dev/$node dev/$node
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mount --bind "$ARCHIVES" var/cache/apt/archives
exec chroot . env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    HOME=/root LANG=C.UTF-8 TERM=dumb $GIVEN sh -c "$COMMAND"
"""
)


class ChrootError(Exception):
    """A command did not do what was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Debian:
    """What is made.

    Attributes:
        suite: Of Debian, such as `bookworm`.
        architecture: As Debian calls it.
    """

    suite: str
    architecture: str

    @property
    def name(self) -> str:
        """For files."""
        return f"{self.suite}-{self.architecture}"

    @property
    def is_translated(self) -> bool:
        """Whether its programs are another processor's."""
        return self.architecture != _HERE.get(os.uname().machine)

    @property
    def rule(self) -> str:
        """What the kernel has to know of its programs; empty where it is this processor."""
        if not self.is_translated:
            return ""
        magic = _RULE.read_text().strip().rsplit(":", 2)[0]
        # F: the translator is opened here and now, and need not be in the folder.
        return f"{magic}:{_TRANSLATOR}:F"


def missing(debians: Iterable[Debian]) -> str:
    """Why no Debian can be made here, or an empty text."""
    absent = [tool for tool in _TOOLS if shutil.which(tool) is None]
    for debian in debians:
        if debian.is_translated and debian.architecture != "arm64":
            return f"{debian.architecture} cannot be tried on {os.uname().machine}: --architecture"
        if debian.is_translated and not _TRANSLATOR.exists():
            absent.append(_TRANSLATOR.name)
    if absent:
        return f"{', '.join(dict.fromkeys(absent))} not installed: {_INSTALL}"
    if os.geteuid() != 0:
        return "a Debian is made and entered by root: sudo make system-test"
    return ""


def archive(debian: Debian) -> Path:
    """A minimal Debian as an archive, made unless it is here already."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    base, stamp = FOLDER / f"{debian.name}.tar", FOLDER / f"{debian.name}.packages"
    wanted = "\n".join(_PACKAGES)
    if not stamp.is_file() or stamp.read_text() != wanted:
        options = f"--mode=root --architectures={debian.architecture} --variant=minbase"
        kept = f"--skip=cleanup/apt/lists --include={','.join(_PACKAGES)}"
        command = f"mmdebstrap --quiet {options} {kept} {debian.suite} {base}"
        process = _begin(_PREPARE + f"exec {command}", {"RULE": debian.rule})
        said = _end(process, "", 3600.0)
        if process.returncode != 0:
            sys.exit(f"mmdebstrap failed:\n{said[-3000:]}")
        stamp.write_text(wanted)
    return base


class Chroot:
    """A fresh Debian, gone again at the end.

    Args:
        debian: Which one.
    """

    def __init__(self, debian: Debian) -> None:
        self.debian = debian
        self.root = FOLDER / f"root-{debian.name}"
        self._archives = FOLDER / f"archives-{debian.name}"

    def __enter__(self) -> Self:
        """Unpack it, with what it needs to reach its mirror as this machine does."""
        base = archive(self.debian)
        self._remove()
        self.root.mkdir()
        (self._archives / "partial").mkdir(parents=True, exist_ok=True)
        subprocess.run(["tar", "-x", "-C", self.root, "-f", base, "--exclude=./dev/*"], check=True)  # noqa: S607
        shutil.copyfile("/etc/resolv.conf", self.root / "etc/resolv.conf")
        # Nothing here outlives a power cut anyway.
        (self.root / "etc/dpkg/dpkg.cfg.d/test").write_text("force-unsafe-io\n")
        keep = 'Binary::apt::APT::Keep-Downloaded-Packages "true";\n'
        (self.root / "etc/apt/apt.conf.d/test").write_text(keep)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove it."""
        self._remove()

    def run(self, command: str, *, answers: str = "", timeout_s: float = 3600.0) -> str:
        """What a command says, standard error included.

        Args:
            command: For the shell, as root.
            answers: What is typed; whoever asks more than that finds the end.
            timeout_s: When it is given up.

        Raises:
            ChrootError: If it fails, or does not end.
        """
        process = self.start(command)
        said = _end(process, answers, timeout_s)
        if process.returncode != 0:
            raise ChrootError(f"{command}: {process.returncode}\n{said[-2500:]}")
        return said

    def fails(self, command: str) -> str:
        """What a command says that must fail.

        Raises:
            ChrootError: If it does not.
        """
        process = self.start(command)
        said = _end(process, "", 3600.0)
        if process.returncode == 0:
            raise ChrootError(f"{command} did not fail:\n{said[-2500:]}")
        return said

    def start(self, command: str) -> "subprocess.Popen[str]":
        """Let a command begin; killed, it takes with it whatever it started."""
        given = [f"{name}={os.environ[name]}" for name in _PROXIES if name in os.environ]
        cpuinfo = ""
        if self.debian.is_translated:
            given.append(f"QEMU_CPU={_CPU}")
            processors = range(os.cpu_count() or 1)
            path = FOLDER / "cpuinfo"
            path.write_text("".join(_CPUINFO.format(number=number) for number in processors))
            cpuinfo = str(path)
        return _begin(
            _ENTER,
            {
                "ROOT": str(self.root),
                "RULE": self.debian.rule,
                "CPUINFO": cpuinfo,
                "ARCHIVES": str(self._archives),
                "GIVEN": " ".join(given),
                "COMMAND": command,
            },
        )

    def _remove(self) -> None:
        if self.root.exists():
            shutil.rmtree(self.root)


def _begin(script: str, variables: dict[str, str]) -> "subprocess.Popen[str]":
    """Start a script as root of namespaces of its own, which has the users of this machine.

    A file system for another processor's programs is private only with users of its own.
    """
    namespaces = ("--user", "--mount", "--pid", "--ipc", "--uts", "--fork")
    # Whoever is killed takes everything with it: this program, and what it starts. Root there has
    # its rights only from a program that is started after the users are known, and getting them
    # lets it forget that it is to die with its parent.
    mortal = ("setpriv", "--pdeathsig", "KILL")
    begin = f'read -r _ && exec {" ".join(mortal)} sh -c "$0"'
    process = subprocess.Popen(
        [*mortal, "unshare", *namespaces, "sh", "-c", begin, script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**os.environ, **variables},
    )
    own, there = (Path(f"/proc/{pid}/ns/user") for pid in ("self", process.pid))
    while process.poll() is None and there.readlink() == own.readlink():
        time.sleep(0.001)
    for name in ("uid_map", "gid_map"):
        Path(f"/proc/{process.pid}/{name}").write_text("0 0 65536")
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()
    return process


def _end(process: "subprocess.Popen[str]", answers: str, timeout_s: float) -> str:
    try:
        return process.communicate(answers, timeout=timeout_s)[0]
    except subprocess.TimeoutExpired as error:
        process.kill()
        said = process.communicate()[0]
        raise ChrootError(f"not within {timeout_s:.0f} s\n{said[-2500:]}") from error
