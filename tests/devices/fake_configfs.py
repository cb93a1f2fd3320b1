"""A folder that obeys the kernel's rules for USB gadgets."""

import errno
import os
from pathlib import Path

from firmware.devices.usb_gadget import LUN, NAME, Configfs

STRINGS = ("serialnumber", "manufacturer", "product")
ATTRIBUTES = {
    # what the kernel puts into a folder of this name
    NAME: "idVendor idProduct bcdDevice bcdUSB bDeviceClass bDeviceSubClass bDeviceProtocol "
    "bMaxPacketSize0 max_speed UDC",
    "c.1": "MaxPower bmAttributes",
    "midi.0": "index id in_ports out_ports buflen qlen",
    "ncm.0": "dev_addr host_addr qmult ifname",
    "mass_storage.disk": "stall",
    "lun.0": "file ro removable cdrom nofua inquiry_string forced_eject",
}


class FakeConfigfs(Configfs):
    """A folder that obeys the kernel's rules.

    Attributes:
        refused: An attribute that the kernel does not take.
        is_locked: Whether the computer has mounted the disk.
    """

    refused = ""
    is_locked = False

    def make_folder(self, path: str) -> None:
        """See `Configfs.make_folder`."""
        super().make_folder(path)
        folder = self.root / path
        names = ATTRIBUTES.get(folder.name, "").split()
        if folder.parent.name == "strings":
            names = ["configuration"] if folder.parts[-3] == "c.1" else list(STRINGS)
        for name in names:
            (folder / name).touch()
        if folder.name == NAME:
            for default in ("strings", "configs", "functions"):
                (folder / default).mkdir(exist_ok=True)
        if folder.name == "c.1":
            (folder / "strings").mkdir(exist_ok=True)
        if folder.name == "mass_storage.disk":
            self.make_folder(f"{path}/lun.0")

    def write(self, path: str, text: str) -> None:
        """See `Configfs.write`."""
        if Path(path).name == self.refused:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        if not (self.root / path).exists():  # nobody makes files in configfs
            raise OSError(errno.EPERM, os.strerror(errno.EPERM))
        if Path(path).name == "UDC":
            text = text.strip()
        if path.endswith("lun.0/forced_eject"):
            self.is_locked = False
            (self.root / LUN / "file").write_text("")
        if path.endswith("lun.0/file") and self.is_locked:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        super().write(path, text)

    def remove_folder(self, path: str) -> None:
        """See `Configfs.remove_folder`: what is in use is not removed."""
        folder = self.root / path
        if not folder.exists():
            return
        gadget = self.root / NAME
        if (gadget / "UDC").read_text():
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        own = {"strings", "configs", "functions", "lun.0"}
        inside = list(folder.iterdir())
        if any(child.is_symlink() for child in inside) or any(
            child.is_dir() and (child.name not in own or _has_folders(child)) for child in inside
        ):
            raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY))
        for linked in self.root.glob(f"{NAME}/configs/*/*"):
            if linked.is_symlink() and linked.resolve() == folder.resolve():
                raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        for child in inside:
            if child.is_dir():
                for attribute in child.iterdir():
                    attribute.unlink()
                child.rmdir()
            else:
                child.unlink()
        folder.rmdir()


def _has_folders(folder: Path) -> bool:
    return any(child.is_dir() for child in folder.iterdir())
