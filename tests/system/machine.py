"""A guest in QEMU: it boots, obeys a shell, and can lose its power."""

import base64
import contextlib
import itertools
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from tests.system.architecture import CORES, MEMORY_MB
from tests.system.image import Image, folder_of

BOOT_S: Final = 600.0
_LINE: Final = 3000  # a multiple of four, as base64 is decoded


class GuestError(Exception):
    """The guest did not do what was asked."""


class Guest:
    """One machine.

    Args:
        image: What it starts from; what it writes stays there, as on a card.

    Attributes:
        console: What its kernel said.
        ssh_port: On this machine, for its SSH.
    """

    def __init__(self, image: Image) -> None:
        self._image = image
        self._process: subprocess.Popen[bytes] | None = None
        self._shell: socket.socket | None = None
        self._numbers = itertools.count(1)
        self._folder = folder_of(image.architecture)
        self.console = self._folder / "console.log"
        self.ssh_port = image.architecture.ssh_port

    def boot(self, drives: Sequence[Path] = ()) -> float:
        """Start it, until its services were started.

        Args:
            drives: Other disks that are in it for this time, as `/dev/disk/by-id/virtio-NAME`;
                what is written to them is forgotten.

        Returns:
            How long that took, in seconds.
        """
        began = time.monotonic()
        address = self._folder / "shell.sock"
        address.unlink(missing_ok=True)
        self._process = subprocess.Popen(
            self._command(address, drives),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            close_fds=False,  # it holds on to what was claimed for it
        )
        self._connect(address)
        self.wait("PS1= PS2=; stty -F /dev/tty -echo", BOOT_S)
        self.wait("systemctl is-system-running | grep -E 'running|degraded'", BOOT_S)
        return time.monotonic() - began

    @contextlib.contextmanager
    def frozen(self) -> Iterator[Path]:
        """Nothing moves in it: what its disk is now is what a power cut would leave.

        Yields:
            The disk.
        """
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WNOWAIT)
        try:
            yield self._image.disk
        finally:
            self._process.send_signal(signal.SIGCONT)

    def cut_power(self) -> None:
        """As if the plug was pulled."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        if self._shell is not None:
            self._shell.close()
            self._shell = None

    def run(self, command: str, *, timeout_s: float = 120.0) -> str:
        """What a command says, standard error included.

        Raises:
            GuestError: If it fails, or does not end.
        """
        code, said = self._say(command, timeout_s)
        if code != 0:
            raise GuestError(f"{command}: {code}\n{said[-2000:]}")
        return said

    def fails(self, command: str, *, timeout_s: float = 120.0) -> str:
        """What a command says that must fail.

        Raises:
            GuestError: If it does not.
        """
        code, said = self._say(command, timeout_s)
        if code == 0:
            raise GuestError(f"{command} did not fail:\n{said[-2000:]}")
        return said

    def wait(self, command: str, timeout_s: float = 120.0) -> float:
        """Wait until a command succeeds.

        Returns:
            How long that took, in seconds.

        Raises:
            GuestError: If it never does.
        """
        began = time.monotonic()
        last = ""
        while time.monotonic() < began + timeout_s:
            with contextlib.suppress(TimeoutError):
                code, last = self._say(command, 30.0)
                if code == 0:
                    return time.monotonic() - began
            time.sleep(0.3)
        raise GuestError(f"{command}: not within {timeout_s:.0f} s\n{last[-2000:]}")

    def put(self, path: str, content: bytes) -> None:
        """Write a small file in the guest."""
        coded = base64.b64encode(content).decode()
        # A terminal takes no line of more than 4 KB.
        for at in range(0, max(len(coded), 1), _LINE):
            redirection = ">>" if at else ">"
            self.run(f"echo {coded[at : at + _LINE]} | base64 -d {redirection}{path}")

    def _command(self, address: Path, drives: Sequence[Path]) -> list[str]:
        image, machine = self._image, self._image.architecture
        command: list[object] = [
            *(machine.emulator, *machine.machine, "-smp", CORES, "-m", MEMORY_MB),
            *("-accel", "tcg,thread=multi,tb-size=1024"),
            *("-nodefaults", "-nographic", "-no-reboot"),
            *("-kernel", image.kernel, "-initrd", image.initrd),
            *("-append", f"root=/dev/vda rw console={machine.console} quiet"),
            *(("-dtb", image.device_tree) if image.device_tree else ()),
            # Nothing gets out; the one port is SSH's, for this machine alone. Slot 2 is enp0s2.
            *("-netdev", f"user,id=n,restrict=on,hostfwd=tcp:127.0.0.1:{self.ssh_port}-:22"),
            *("-device", "virtio-net-pci,netdev=n,romfile=,addr=0x2"),
            *("-drive", f"file={image.disk},if=virtio,format=qcow2,cache=writeback"),
            *itertools.chain.from_iterable(_drive_options(drive) for drive in drives),
            *("-device", "virtio-rng-pci"),
            *("-serial", f"file:{self.console}"),
            *("-chardev", f"socket,id=shell,path={address},server=on,wait=off", *machine.door),
        ]
        return list(map(str, command))

    def _connect(self, address: Path) -> None:
        deadline = time.monotonic() + 30.0
        while time.monotonic() < deadline:
            shell = socket.socket(socket.AF_UNIX)
            try:
                shell.connect(str(address))
            except OSError:
                shell.close()
                time.sleep(0.1)
                continue
            self._shell = shell
            return
        raise GuestError("QEMU did not start")

    def _say(self, command: str, timeout_s: float) -> tuple[int, str]:
        assert self._shell is not None
        number = next(self._numbers)
        # The line comes back as it was typed; what ends the answer is put together by the shell.
        line = f'{{ {command}\n}} </dev/null 2>&1; echo "@@"{number}":$?@@"\n'
        self._shell.sendall(line.encode())
        said, deadline = b"", time.monotonic() + timeout_s
        end = re.compile(rb"@@%d:(\d+)@@" % number)
        while not (found := end.search(said)):
            self._shell.settimeout(max(deadline - time.monotonic(), 0.01))
            said += self._shell.recv(65536)
        text = said[: found.start()].decode(errors="replace").replace("\r", "")
        echoed = f'echo "@@"{number}":$?@@"\n'
        return int(found[1]), text.partition(echoed)[2] if echoed in text else text


def _drive_options(drive: Path) -> tuple[str, ...]:
    name = drive.stem
    return (
        *("-drive", f"file={drive},if=none,id={name},format=qcow2,snapshot=on"),
        *("-device", f"virtio-blk-pci,drive={name},serial={name}"),
    )


def eventually(claim: Callable[[], bool], timeout_s: float) -> bool:
    """Whether a claim comes true in time."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if claim():
            return True
        time.sleep(0.3)
    return False
