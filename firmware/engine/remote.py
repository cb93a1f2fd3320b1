"""The buttons and knobs of a MIDI keyboard, where it is one that is known."""

from firmware.midi.control_maps import CONTROL_MAPS, ControlMap


def control_map_of(device: str | None) -> ControlMap | None:
    """The control map of a keyboard by the model in its name, as ports do not tell USB numbers."""
    if device is None:
        return None
    for control_map in CONTROL_MAPS.values():
        if control_map.name.split()[-1].lower() in device.lower():
            return control_map
    return None
