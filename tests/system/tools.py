"""The programs of this machine that a guest is made with."""

import contextlib
import fcntl
import functools
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from tests.system.architecture import Architecture

INSTALL: Final = (
    "sudo apt install --no-install-recommends mmdebstrap qemu-system-x86 qemu-system-arm "
    "qemu-user-static qemu-utils device-tree-compiler e2fsprogs openssh-client"
)
_ALWAYS: Final = ("mmdebstrap", "qemu-img", "mke2fs", "dpkg-deb", "ssh")
_PANEL: Final = ("fdtput",)
_INTERPRETER: Final = "qemu-aarch64-static"
_KNOWN: Final = Path("/proc/sys/fs/binfmt_misc/qemu-aarch64")
# An ELF file of 64 bits for AArch64, whatever else its header says; the interpreter is opened at
# once, so that it need not be found in a root of the guest's.
_BINFMT: Final = (
    r":qemu-aarch64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:"
    r"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:"
    "{interpreter}:OCF"
)
_PREPARE: Final = """\
read -r _
mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc || exit 1
printf %s "$BINFMT" >/proc/sys/fs/binfmt_misc/register || exit 1
unset BINFMT
exec "$@"
"""


def missing(architecture: Architecture) -> str:
    """Why no such guest can be made here, or an empty text."""
    wanted = [*_ALWAYS, architecture.emulator]
    if architecture.has_panel:
        wanted += _PANEL
    if _is_foreign(architecture):
        wanted.append(_INTERPRETER)
    absent = [tool for tool in wanted if shutil.which(tool) is None]
    if absent:
        return f"{', '.join(absent)} not installed: {INSTALL}"
    if os.geteuid() != 0:
        return "a guest's disk is made by root: sudo make system-test"
    return ""


@functools.cache  # it stays ours
def claim(folder: Path) -> None:
    """See to it that no other system test has this folder, until this one and its guest end."""
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit(f"another system test is at work in {folder}: wait until it ends")
    os.set_inheritable(lock, True)  # noqa: FBT003 - the language's


def run(*command: object) -> str:
    """Run a program, in which the whole test ends if it fails.

    Returns:
        What it said.
    """
    return _end(_start(command))


def run_as(architecture: Architecture, *command: object) -> str:
    """Run a program that starts others of that architecture, in mounts and processes of its own.

    Foreign ones are interpreted. Where the kernel of this machine does not know how, it learns it
    within a name space that ends with the program, so that nothing of the machine is changed; from
    Linux 6.7 on it can.

    Returns:
        What it said.
    """
    apart = ["unshare", "--mount", "--pid", "--fork", "--mount-proc"]
    if not _is_foreign(architecture) or _KNOWN.exists():
        return run(*apart, *command)
    interpreter = shutil.which(_INTERPRETER)
    inside = [*apart, "--user", "sh", "-c", _PREPARE, "sh", *command]
    process = _start(inside, BINFMT=_BINFMT.format(interpreter=interpreter))
    own, its = Path("/proc/self/ns/user"), Path(f"/proc/{process.pid}")
    with contextlib.suppress(OSError):  # it has ended, and says why
        while (its / "ns/user").readlink() == own.readlink():
            time.sleep(0.01)
        # Everybody is who they are outside, or the guest's files would belong to nobody.
        for kind in ("uid_map", "gid_map"):
            (its / kind).write_text("0 0 4294967295\n")
    return _end(process, "\n")


def _start(command: Iterable[object], **variables: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        list(map(str, command)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **variables},
    )


def _end(process: "subprocess.Popen[str]", said_to_it: str = "") -> str:
    said, _ = process.communicate(said_to_it)
    if process.returncode != 0:
        assert isinstance(process.args, list)
        sys.exit(f"{' '.join(process.args)[-300:]} failed:\n{said[-4000:]}")
    return said


def _is_foreign(architecture: Architecture) -> bool:
    machines = {"x86_64": "amd64", "aarch64": "arm64"}
    return machines.get(os.uname().machine) != architecture.name
