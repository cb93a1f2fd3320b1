"""The disk that a computer on the USB cable sees: the compositions as MIDI files, to read only.

It is an image that never changes. When the library does, another is made beside it, and the kernel
is given that: the computer sees a medium that was taken out and another put in, as of a reader of
cards, and never a file system that changes under it.
"""

import errno
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from firmware.devices.fat_image import DiskFile, write_image
from firmware.devices.usb_gadget import LUN, Configfs
from firmware.errors import DeviceError

LABEL: Final = "CONTINUO"
"""Of the file system; by it a stick is told from this (systemd/udev)."""

FOLDER: Final = "Compositions"

_README: Final = """\
These are the compositions that your Continuo has kept, as MIDI files to listen to and to copy.
This disk can only be read. What you keep while it is plugged in appears by itself.
"""
_GROWING: Final = "growing.img"
_PATTERN: Final = "disk-*.img"


def image_name(files: Sequence[DiskFile]) -> str:
    """A name that says what is in the image: the same files have the same."""
    digest = hashlib.sha256()
    for file in sorted(files, key=lambda file: file.name):
        digest.update(f"{file.name}\0{len(file.content)}\0{file.modified_s}\0".encode())
        digest.update(file.content)
    return f"disk-{digest.hexdigest()[:16]}.img"


def make_image(folder: Path, files: Sequence[DiskFile]) -> Path:
    """Make the image of these files, unless it is there already.

    Args:
        folder: Where images are, on a disk in memory.
        files: The compositions.

    Returns:
        The image, whole.

    Raises:
        DeviceError: If there is no room for it.
    """
    image = folder / image_name(files)
    if image.exists():
        return image
    growing = folder / _GROWING
    try:
        with growing.open("wb") as target:
            write_image(target, label=LABEL, readme=_README, folder=FOLDER, files=files)
        os.replace(growing, image)
    except OSError as error:
        growing.unlink(missing_ok=True)
        if isinstance(error, DeviceError):
            raise
        raise DeviceError(f"the disk was not made: {error.strerror}") from error
    return image


def seen(configfs: Configfs) -> str:
    """The name of the image that the computer sees, or an empty text."""
    # The kernel tells the path as it is outside of the sandbox that it was opened in, or less.
    return Path(configfs.read(f"{LUN}/file")).name


def put_in(configfs: Configfs, image: Path) -> bool:
    """Have the computer see an image; images that it does not see any more are removed.

    Returns:
        Whether it saw another before, or none.

    Raises:
        DeviceError: If the kernel refuses.
    """
    if seen(configfs) == image.name:
        return False
    try:
        _switch(configfs, str(image))
    except OSError as error:
        raise DeviceError(f"the disk was not put in: {error.strerror}") from error
    for other in image.parent.glob(_PATTERN):
        if other != image:
            other.unlink(missing_ok=True)
    return True


def _switch(configfs: Configfs, image: str) -> None:
    try:
        configfs.write(f"{LUN}/file", image)
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        # The computer has mounted the disk and locked it, as it would a drive's door.
        configfs.write(f"{LUN}/forced_eject", "1")
        configfs.write(f"{LUN}/file", image)
