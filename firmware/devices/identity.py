"""Which USB device a MIDI port is, whatever it is called today.

Names of ports carry numbers that change at every plug, and two keyboards of one model have the
same name. What stays is the vendor and product number, the serial number of the few that have one,
and the socket that the cable is put into. The kernel tells all three of a sound card.

Reference:
    Linux: Documentation/sound/designs/procfile.rst (`cards`, `usbid`), Documentation/ABI/testing/
    sysfs-bus-usb, sound/core/seq/seq_clientmgr.c (numbers of the cards' clients).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

_FIRST_CARD_CLIENT: Final = 16  # below are the kernel's own
_FIRST_PROGRAM: Final = 128
_CLIENTS_PER_CARD: Final = 4
_CARD = re.compile(r"^ *(\d+) \[.*?\]: (\S+) - (.*)$")
_PLACE = re.compile(r" at usb-(\S+?)-([\d.]+)(?:,|$)")
_USB_ID = re.compile(r"^[0-9a-f]{4}:[0-9a-f]{4}$")
_PORT_FOLDER = re.compile(r"^\d+-[\d.]+$")  # as sysfs names a socket: bus, then the way to it


@dataclass(frozen=True, slots=True, kw_only=True)
class UsbIdentity:
    """One device among all.

    Attributes:
        usb_id: Vendor and product, as `lsusb` prints them.
        serial: Its serial number, or "" of the many that have none.
        path: The socket it is in, or "" if that is not known.
    """

    usb_id: str
    serial: str = ""
    path: str = ""

    @property
    def key(self) -> str:
        """For maps that are stored: it is the same wherever this device, or its like, is put."""
        return f"{self.usb_id}:{self.serial}" if self.serial else self.usb_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A sound card on the USB.

    Attributes:
        number: The kernel's.
        name: Of the device.
        path: The controller and the socket, as `0000:01:00.0-1.3`.
    """

    number: int
    name: str
    path: str


def parse_cards(text: str) -> dict[int, Card]:
    """The USB devices in `/proc/asound/cards`, by number; others and what is damaged are left out.

    Args:
        text: Two lines a card: number, id, driver and name; then the long name with the place.
    """
    cards: dict[int, Card] = {}
    lines = text.splitlines()
    for first, second in pairwise(lines):
        card, place = _CARD.match(first), _PLACE.search(second)
        if card and place and card[2].lower() == "usb-audio":
            number = int(card[1])
            cards[number] = Card(number=number, name=card[3].strip(), path="-".join(place.groups()))
    return cards


def card_of_client(client: int) -> int | None:
    """The sound card whose client this is in the ALSA sequencer, or None for a program's."""
    if not _FIRST_CARD_CLIENT <= client < _FIRST_PROGRAM:
        return None
    return (client - _FIRST_CARD_CLIENT) // _CLIENTS_PER_CARD


def identity_of_card(number: int, root: Path = Path("/")) -> UsbIdentity | None:
    """Look a card up.

    Args:
        number: The kernel's.
        root: Where `proc` and `sys` are.

    Returns:
        Its identity, or None if it is no USB device or is gone already.
    """
    usb_id = _read(root / f"proc/asound/card{number}/usbid").lower()
    if not _USB_ID.match(usb_id):
        return None
    device = _socket(root / f"sys/class/sound/card{number}/device")
    card = parse_cards(_read(root / "proc/asound/cards", whole=True)).get(number)
    return UsbIdentity(
        usb_id=usb_id,
        serial=_read(device / "serial") if device else "",
        path=device.name if device else (card.path if card else ""),
    )


def assign(
    remembered: Sequence[UsbIdentity | None], present: Iterable[UsbIdentity]
) -> Mapping[int, UsbIdentity]:
    """Give devices to the places that knew them: two of one model are told apart.

    The same device in the same socket comes first, then its serial number, then its model, then
    whatever place nobody had, and at last one whose device is away.

    Args:
        remembered: Of each place the device that it had last, or None.
        present: The devices there are, in the order in which they came.

    Returns:
        Place to device; devices beyond the places are left out.
    """
    waiting = list(present)
    found: dict[int, UsbIdentity] = {}
    for likeness in (3, 2, 1, 0, -1):
        for place, before in enumerate(remembered):
            if place in found:
                continue
            fitting = next((d for d in waiting if _likeness(before, d) >= likeness), None)
            if fitting is not None:
                found[place] = fitting
                waiting.remove(fitting)
    return found


def _likeness(before: UsbIdentity | None, device: UsbIdentity) -> int:
    if before is None:
        return 0
    if before == device:
        return 3
    if before.usb_id != device.usb_id:
        return -1
    return 2 if before.serial and before.serial == device.serial else 1


def _socket(link: Path) -> Path | None:
    """The folder of the USB device above one of its interfaces."""
    try:
        device = link.resolve(strict=True)
    except (OSError, RuntimeError):
        return None
    return next((p for p in (device, *device.parents) if _PORT_FOLDER.match(p.name)), None)


def _read(file: Path, *, whole: bool = False) -> str:
    try:
        text = file.read_text(errors="replace")
    except OSError:  # it was unplugged meanwhile, or the kernel does not tell
        return ""
    return text if whole else text.strip()
