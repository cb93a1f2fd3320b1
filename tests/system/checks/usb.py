"""What is plugged into the guest: gadgets of its own kernel."""

import re
from typing import Final

from tests.system.machine import Guest, eventually

GADGETS: Final = "/sys/kernel/config/usb_gadget"
STRIKE, RELEASE = "903C50", "803C00"
"""Of the keyboard, on its first channel."""
HEARD: Final = "9F3C50"
"""From the instrument, on the channel that it plays keyboards on."""
ENDED: Final = ("8F3C", "9F3C00")


class Computer:
    """A program on the computer that listens to the instrument's cable."""

    def __init__(self, guest: Guest) -> None:
        self._guest = guest
        self._known = 0
        self.heard = ""

    def __enter__(self) -> "Computer":
        dump = "amidi -p hw:Continuo -d >/tmp/computer.txt 2>&1"
        self._guest.run(f"({dump} & echo $! >/tmp/amidi.pid); sleep 2")
        return self

    def __exit__(self, *_: object) -> None:
        self._guest.run("kill $(cat /tmp/amidi.pid); true")

    def skip(self) -> str:
        """Take what was heard so far for known: what lay on the cable before it was there.

        Returns:
            All of it, a message a line.
        """
        old = self.said()
        self._known = len(re.sub(r"\s", "", old))
        return old

    def said(self) -> str:
        """All of it, a message a line."""
        return self._guest.run("cat /tmp/computer.txt")

    def hears(self, *wanted: str, since: bool = False, within_s: float = 30.0) -> bool:
        """Whether one of these comes; of what was heard since the last time, if that is asked."""
        begin = self._known if since else 0

        def came() -> bool:
            self.heard = re.sub(r"\s", "", self.said())
            return any(text in self.heard[begin:] for text in wanted)

        found = eventually(came, within_s)
        self._known = len(self.heard)
        return found


def plug_keyboard(guest: Guest) -> None:
    """The AKM322, as its maker made it known."""
    make_gadget(guest, "player", usb_id="1acc:1533", title="AKM322", function="midi.0")
    plug(guest, "player", "dummy_udc.1")


def make_gadget(guest: Guest, name: str, *, usb_id: str, title: str, function: str) -> None:
    """Something with a plug; its `usb_id` is vendor:product, and its function is configfs's."""
    vendor, product = usb_id.split(":")
    folder = f"{GADGETS}/{name}"
    before = f"echo player >functions/{function}/id;" if function == "midi.0" else ""
    guest.run(
        f"mkdir -p {folder} && cd {folder} && mkdir -p strings/0x409 configs/c.1 "
        f"functions/{function} && {before} echo 0x{vendor} >idVendor && "
        f"echo 0x{product} >idProduct && "
        f"echo {title} >strings/0x409/product && echo 42 >strings/0x409/serialnumber && "
        f"ln -s {folder}/functions/{function} configs/c.1/"
    )


def plug(guest: Guest, name: str, controller: str) -> None:
    """Into a socket of the guest."""
    guest.run(f"echo {controller} >{GADGETS}/{name}/UDC")


def unplug(guest: Guest, name: str) -> None:
    """Out of it."""
    guest.run(f"echo >{GADGETS}/{name}/UDC")
