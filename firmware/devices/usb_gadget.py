"""The instrument as a USB device: MIDI, a network card and a disk, in one cable to a computer.

What the kernel has to be told is a list of steps, made of values here and carried out on its
configfs, which only knows folders, attributes and links. Taking it back is the same list backwards.

Reference:
    Linux: Documentation/usb/gadget_configfs.rst, Documentation/ABI/testing/configfs-usb-gadget-
    {midi,ncm,mass-storage}; USB Interface Association Descriptor ECN for the device class.
"""

import errno
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from firmware.devices.identity import UsbIdentity
from firmware.errors import DeviceError

CONFIGFS: Final = Path("/sys/kernel/config/usb_gadget")
CONTROLLERS: Final = Path("/sys/class/udc")
MACHINE_ID: Final = Path("/etc/machine-id")

NAME: Final = "continuo"
"""Of the gadget, of its sound card, and what its network card's name begins with."""

USB_ID: Final = "1d6b:0104"
"""The Linux Foundation's number for gadgets of several functions."""

LUN: Final = f"{NAME}/functions/mass_storage.disk/lun.0"
"""Where the disk's image is chosen, below the folder of all gadgets."""

_STRINGS: Final = "strings/0x409"  # English
# Few events lie ready on the cable: they are heard whenever a computer begins to read.
_MIDI_REQUESTS, _MIDI_REQUEST_BYTES = 2, 16


@dataclass(frozen=True, slots=True, kw_only=True)
class GadgetIdentity:
    """What tells this instrument from every other.

    Attributes:
        serial: Its serial number.
        device_mac: Of the network card on this side.
        host_mac: Of the network card on the computer's side.
    """

    serial: str
    device_mac: str
    host_mac: str

    def is_own(self, device: UsbIdentity | None) -> bool:
        """Whether a USB device is this instrument itself, its cable in one of its own sockets."""
        return device is not None and (device.usb_id, device.serial) == (USB_ID, self.serial)


@dataclass(frozen=True, slots=True)
class MakeFolder:
    """A folder, below the folder of all gadgets."""

    path: str


@dataclass(frozen=True, slots=True)
class Write:
    """An attribute, and what is written into it."""

    path: str
    text: str
    is_needed: bool = True  # else a kernel may not know it


@dataclass(frozen=True, slots=True)
class Link:
    """A function that a configuration has."""

    path: str
    target: str


Step = MakeFolder | Write | Link


def identity_of(machine_id: str) -> GadgetIdentity:
    """The identity that a machine keeps for ever, which does not tell the machine's own."""
    digest = hashlib.sha256(f"{NAME} gadget {machine_id.strip()}".encode()).hexdigest()
    ends = [":".join(digest[i : i + 2] for i in range(start, start + 10, 2)) for start in (12, 22)]
    # 02: an address that was given to nobody by the IEEE.
    return GadgetIdentity(serial=digest[:12], device_mac=f"02:{ends[0]}", host_mac=f"02:{ends[1]}")


def own_identity(machine_id: Path = MACHINE_ID) -> GadgetIdentity | None:
    """This machine's, or None if it has no name of its own yet."""
    try:
        text = machine_id.read_text().strip()
    except OSError:
        return None
    return identity_of(text) if text else None


def gadget_steps(identity: GadgetIdentity, controller: str) -> tuple[Step, ...]:
    """Everything that the kernel has to be told, in this order.

    Args:
        identity: The instrument's.
        controller: The USB device controller, as it is called in `/sys/class/udc`.
    """
    vendor, product = USB_ID.split(":")
    configuration = f"{NAME}/configs/c.1"
    steps: list[Step] = [
        MakeFolder(NAME),
        *_writes(
            NAME,
            idVendor=f"0x{vendor}",
            idProduct=f"0x{product}",
            bcdDevice="0x0100",
            bcdUSB="0x0200",
            # Several interfaces that belong together, as those of the network card do.
            bDeviceClass="0xef",
            bDeviceSubClass="0x02",
            bDeviceProtocol="0x01",
        ),
        MakeFolder(f"{NAME}/{_STRINGS}"),
        *_writes(
            f"{NAME}/{_STRINGS}",
            serialnumber=identity.serial,
            manufacturer="Continuo",
            product="Continuo",
        ),
        MakeFolder(configuration),
        *_writes(configuration, MaxPower="500"),
        MakeFolder(f"{configuration}/{_STRINGS}"),
        *_writes(f"{configuration}/{_STRINGS}", configuration="MIDI, network, compositions"),
        *_function_steps(identity),
    ]
    functions = [step.path for step in steps if isinstance(step, MakeFolder) and _is_function(step)]
    steps += [Link(f"{configuration}/{Path(path).name}", path) for path in functions]
    return (*steps, Write(f"{NAME}/UDC", controller))


def _function_steps(identity: GadgetIdentity) -> tuple[Step, ...]:
    midi, net, disk = (f"{NAME}/functions/{f}" for f in ("midi.0", "ncm.0", "mass_storage.disk"))
    return (
        MakeFolder(midi),
        *_writes(
            midi,
            id=NAME,
            in_ports="1",
            out_ports="1",
            qlen=str(_MIDI_REQUESTS),
            buflen=str(_MIDI_REQUEST_BYTES),
        ),
        MakeFolder(net),
        *_writes(net, dev_addr=identity.device_mac, host_addr=identity.host_mac),
        Write(f"{net}/ifname", f"{NAME}%d", is_needed=False),
        MakeFolder(disk),
        # Vendor, 8 characters, product, 16, and revision, 4.
        Write(f"{LUN}/inquiry_string", f"{'Continuo':8}{'Compositions':16}0001", is_needed=False),
        *_writes(LUN, ro="1", removable="1", cdrom="0"),
    )


class Configfs:
    """The kernel's folder of all gadgets.

    Args:
        root: Where it is.
    """

    def __init__(self, root: Path = CONFIGFS) -> None:
        self.root = root

    def make_folder(self, path: str) -> None:
        """Make a folder; the kernel fills it with attributes, and with folders of its own."""
        (self.root / path).mkdir(exist_ok=True)

    def write(self, path: str, text: str) -> None:
        """Set an attribute."""
        (self.root / path).write_text(text)

    def read(self, path: str) -> str:
        """An attribute, or an empty text if there is none."""
        try:
            return (self.root / path).read_text().strip()
        except OSError:
            return ""

    def link(self, path: str, target: str) -> None:
        """Let a configuration have a function."""
        (self.root / path).symlink_to(self.root / target)

    def unlink(self, path: str) -> None:
        """Take a function away from a configuration."""
        (self.root / path).unlink(missing_ok=True)

    def remove_folder(self, path: str) -> None:
        """Remove a folder, and what the kernel put into it."""
        folder = self.root / path
        if folder.exists():
            folder.rmdir()


def bring_up(configfs: Configfs, steps: Sequence[Step]) -> None:
    """Carry the steps out; what a run before has left is taken back first.

    Raises:
        DeviceError: If the kernel refuses one; those before it are taken back then.
    """
    take_down(configfs, steps)
    for step in steps:
        try:
            _carry_out(configfs, step)
        except OSError as error:
            if isinstance(step, Write) and not step.is_needed:
                continue
            take_down(configfs, steps)
            raise DeviceError(
                f"the kernel does not take {step.path}: {error.strerror}", remedy=_REMEDY
            ) from error


def take_down(configfs: Configfs, steps: Sequence[Step]) -> None:
    """Take back whatever of the steps was carried out.

    Raises:
        DeviceError: If the kernel does not let go.
    """
    if not (configfs.root / NAME).exists():
        return
    try:
        for step in reversed(steps):
            match step:
                case Write(path=path) if path.endswith("/UDC"):
                    _let_go(configfs, path)
                case Write():
                    pass
                case Link(path=path):
                    configfs.unlink(path)
                case MakeFolder(path=path):
                    configfs.remove_folder(path)
    except OSError as error:
        raise DeviceError(
            f"the USB device cannot be taken back: {error.strerror}", remedy="restart the machine"
        ) from error


def free_controller(configfs: Configfs, controllers: Path = CONTROLLERS) -> str:
    """A USB device controller that no other gadget has.

    Raises:
        DeviceError: If there is none.
    """
    try:
        found = sorted(path.name for path in controllers.iterdir())
        others = [path for path in configfs.root.iterdir() if path.name != NAME]
    except OSError as error:
        raise DeviceError("this kernel knows no USB gadgets", remedy=_REMEDY) from error
    taken = {configfs.read(f"{other.name}/UDC") for other in others}
    free = next((name for name in found if name not in taken), None)
    if free is None:
        raise DeviceError("no USB device controller is free", remedy=_REMEDY)
    return free


def is_host_there(controllers: Path, controller: str) -> bool:
    """Whether a computer is on the cable, and awake."""
    try:
        return (controllers / controller / "state").read_text().strip() == "configured"
    except OSError:
        return False


_REMEDY = "a Pi needs dtoverlay=dwc2 in its config.txt, and modprobe libcomposite"


def _carry_out(configfs: Configfs, step: Step) -> None:
    match step:
        case MakeFolder(path=path):
            configfs.make_folder(path)
        case Write(path=path, text=text):
            configfs.write(path, text)
        case Link(path=path, target=target):
            configfs.link(path, target)


def _let_go(configfs: Configfs, path: str) -> None:
    if not configfs.read(path):
        return
    try:
        configfs.write(path, "\n")
    except OSError as error:
        if error.errno != errno.ENODEV:  # it was bound to nothing
            raise


def _writes(folder: str, **texts: str) -> tuple[Write, ...]:
    return tuple(Write(f"{folder}/{name}", text) for name, text in texts.items())


def _is_function(step: MakeFolder) -> bool:
    return Path(step.path).parent.name == "functions"
