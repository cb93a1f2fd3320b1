"""The buttons and knobs of a MIDI keyboard, where it is one that is known."""

from firmware.devices.identity import UsbIdentity
from firmware.midi.control_maps import CONTROL_MAPS, ControlMap


def control_map_of(device: str | None, identity: UsbIdentity | None = None) -> ControlMap | None:
    """The control map of a keyboard by its USB numbers, else by the model in its name."""
    if identity is not None and identity.usb_id in CONTROL_MAPS:
        return CONTROL_MAPS[identity.usb_id]
    if device is None:
        return None
    for control_map in CONTROL_MAPS.values():
        if control_map.name.split()[-1].lower() in device.lower():
            return control_map
    return None
