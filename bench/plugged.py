"""A keyboard and a synthesizer that come and go, in a process of their own.

`python -m bench.plugged NAME` obeys line by line and says what came of it: `unplug`, `plug`, and
`strike PITCH`, which strikes that key until the synthesizer hears it, for a second at most, and
answers whether it did.
"""

import importlib
import sys
import time
from typing import Any, Final

from firmware.midi.messages import NoteOn, to_bytes

PLAYABLE_S: Final = 1.0
_AGAIN_S: Final = 0.05


class Devices:
    """Both devices, each a client that is there or not.

    Args:
        name: What they are called; "keys" and "ears" are added.
    """

    def __init__(self, name: str) -> None:
        self._rtmidi: Any = importlib.import_module("rtmidi")
        self._name = name
        self._keys: Any = None
        self._ears: Any = None

    def plug(self) -> str:
        """Plug both in."""
        api = self._rtmidi.API_UNIX_JACK
        self._keys = self._rtmidi.MidiOut(api, name=f"{self._name} keys")
        self._ears = self._rtmidi.MidiIn(api, name=f"{self._name} ears")
        self._keys.open_virtual_port("out")
        self._ears.open_virtual_port("in")
        return "plugged in"

    def unplug(self) -> str:
        """Unplug both."""
        self._keys.delete()
        self._ears.delete()
        return "unplugged"

    def strike(self, pitch: int) -> str:
        """Strike a key until it is heard."""
        wanted = list(to_bytes(NoteOn(pitch=pitch, velocity=100)))
        last = time.monotonic() + PLAYABLE_S
        while time.monotonic() < last:
            self._keys.send_message(wanted)
            again = time.monotonic() + _AGAIN_S
            while time.monotonic() < again:
                event = self._ears.get_message()  # no callback: one may run while it is deleted
                if event is not None and event[0] == wanted:
                    return "heard"
                time.sleep(0.001)
        return "lost"


def main(name: str) -> None:
    """Obey until standard input is closed."""
    devices = Devices(name)
    devices.plug()
    _say("ready")
    for line in sys.stdin:
        match line.split():
            case ["plug"]:
                _say(devices.plug())
            case ["unplug"]:
                _say(devices.unplug())
            case ["strike", pitch]:
                _say(devices.strike(int(pitch)))
    devices.unplug()


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
