"""The instrument as a USB device, plugged into a computer: switch it on and off, make its disk.

systemd calls these; a maker who looks after the instrument seldom needs to.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from time import sleep

from firmware.cli.answer import Answer
from firmware.cli.arguments import Parser
from firmware.config import load_config
from firmware.devices.fat_image import DiskFile
from firmware.devices.usb_gadget import (
    CONTROLLERS,
    NAME,
    Configfs,
    bring_up,
    free_controller,
    gadget_steps,
    is_host_there,
    own_identity,
    take_down,
)
from firmware.devices.usb_gadget_disk import make_image, put_in, seen
from firmware.errors import DeviceError
from firmware.library.handing_out import midi_files, signature_of, wait_until_still
from firmware.library.store import Library

IMAGES = Path("/run/continuo-disk")


def add_arguments(parser: Parser) -> None:
    """Describe the command line."""
    parser.epilog = (
        "up      be a MIDI port, a network card and a disk to the computer on the cable\n"
        "down    be none of them\n"
        "disk    make the disk of the present compositions, and put it in\n"
        "status  tell what the computer sees\n\n"
        "examples:\n  sudo continuo gadget up\n  continuo gadget status --json"
    )
    parser.add_argument("action", choices=list(_ACTIONS), help="what to do")
    parser.add_argument(
        "--controller", metavar="NAME", help="of /sys/class/udc (default: the first that is free)"
    )


def run(arguments: argparse.Namespace) -> Answer:
    """Do it."""
    return _ACTIONS[arguments.action](Configfs(), arguments)


def _up(configfs: Configfs, arguments: argparse.Namespace) -> Answer:
    identity = own_identity()
    if identity is None:
        raise DeviceError(
            "this machine has no name of its own yet", remedy="sudo systemd-machine-id-setup"
        )
    controller = arguments.controller or free_controller(configfs)
    bring_up(configfs, gadget_steps(identity, controller))
    return Answer(
        content={"controller": controller, "serial": identity.serial},
        lines=[f"on {controller}: MIDI, network and disk, serial number {identity.serial}"],
    )


def _down(configfs: Configfs, arguments: argparse.Namespace) -> Answer:
    del arguments
    identity = own_identity()
    if identity is not None:
        take_down(configfs, gadget_steps(identity, ""))
    return Answer(content={"controller": None}, lines=["no USB device any more"])


def _disk(configfs: Configfs, arguments: argparse.Namespace) -> Answer:
    """Make it of what is there when the library stands still, and again if it did not then."""
    del arguments
    library = Library(load_config().library)
    while True:
        made_of = wait_until_still(library, sleep)
        files = [
            DiskFile(name=file.name, content=file.content, modified_s=file.modified_s)
            for file in midi_files(library)
        ]
        put_in(configfs, make_image(IMAGES, files))
        if signature_of(library) == made_of:
            break
    return Answer(content={"files": len(files)}, lines=[f"{len(files)} compositions on the disk"])


def _status(configfs: Configfs, arguments: argparse.Namespace) -> Answer:
    del arguments
    controller = configfs.read(f"{NAME}/UDC")
    content = {
        "controller": controller or None,
        "computer": bool(controller) and is_host_there(CONTROLLERS, controller),
        "disk": seen(configfs) or None,
    }
    return Answer(content=content, lines=[f"{key:<12} {value}" for key, value in content.items()])


_ACTIONS: dict[str, Callable[[Configfs, argparse.Namespace], Answer]] = {
    "up": _up,
    "down": _down,
    "disk": _disk,
    "status": _status,
}
