"""A guest in QEMU: it boots, obeys a shell, and can lose its power."""

import base64
import contextlib
import itertools
import re
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.system.image import BUILD, Image

BOOT_S: Final = 400.0
SSH_PORT: Final = 22022
_MEMORY_MB: Final = 1536


class GuestError(Exception):
    """The guest did not do what was asked."""


class Guest:
    """One machine.

    Args:
        image: What it starts from; what it writes stays there, as on a card.
    """

    def __init__(self, image: Image) -> None:
        self._image = image
        self._process: subprocess.Popen[bytes] | None = None
        self._shell: socket.socket | None = None
        self._numbers = itertools.count(1)
        self.console = BUILD / "console.log"

    def boot(self) -> float:
        """Start it, until its services were started.

        Returns:
            How long that took, in seconds.
        """
        began = time.monotonic()
        address = BUILD / "shell.sock"
        address.unlink(missing_ok=True)
        self._process = subprocess.Popen(
            [
                *("qemu-system-x86_64", "-machine", "q35", "-cpu", "max", "-smp", "2"),
                *("-accel", "tcg,thread=multi,tb-size=1024", "-m", str(_MEMORY_MB)),
                *("-nodefaults", "-nographic", "-no-reboot"),
                *("-kernel", self._image.kernel, "-initrd", self._image.initrd),
                *("-append", "root=/dev/vda rw console=ttyS0 quiet"),
                *("-drive", f"file={self._image.disk},if=virtio,format=raw,cache=writeback"),
                *("-device", "virtio-rng-pci"),
                *("-serial", f"file:{self.console}"),
                *("-serial", f"unix:{address},server=on,wait=off"),
                # Nothing gets out; the one port is SSH's, for this machine alone.
                *("-netdev", f"user,id=n,restrict=on,hostfwd=tcp:127.0.0.1:{SSH_PORT}-:22"),
                *("-device", "virtio-net-pci,netdev=n,romfile="),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        self._connect(address)
        self.wait("PS1= PS2=; stty -F /dev/ttyS1 -echo", BOOT_S)
        self.wait("systemctl is-system-running | grep -E 'running|degraded'", BOOT_S)
        return time.monotonic() - began

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
        self.run(f"echo {base64.b64encode(content).decode()} | base64 -d >{path}")

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


def eventually(claim: Callable[[], bool], timeout_s: float) -> bool:
    """Whether a claim comes true in time."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if claim():
            return True
        time.sleep(0.3)
    return False
