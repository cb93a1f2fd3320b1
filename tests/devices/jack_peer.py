"""The other process of the JACK test: a keyboard and a synthesizer with ports of their own.

`python jack_peer.py ADDRESS`: it strikes when told to on its pipe, and reports what it hears.
"""

import importlib
import sys
import time
from multiprocessing.connection import Client
from typing import Any

rtmidi: Any = importlib.import_module("rtmidi")


def main(address: str) -> None:
    """Open ports, then obey until the pipe is closed."""
    keys = _keys()
    ears = rtmidi.MidiIn(rtmidi.API_UNIX_JACK, name="Peer ears")
    heard: list[tuple[int, bytes]] = []
    ears.set_callback(lambda event, _: heard.append((time.monotonic_ns(), bytes(event[0]))))
    ears.open_virtual_port("in")
    with Client(address) as connection:
        connection.send("ready")
        while True:
            try:
                command, argument = connection.recv()
            except EOFError:
                break
            if command == "strike":
                for message in argument:
                    keys.send_message(message)
                    time.sleep(0.001)
                connection.send(len(argument))
            elif command == "report":
                connection.send(list(heard))
            elif command == "unplug":
                keys.delete()
                connection.send("unplugged")
            elif command == "plug":
                keys = _keys()
                connection.send("plugged")
    ears.cancel_callback()
    keys.delete()
    ears.delete()


def _keys() -> Any:
    keys = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name="Peer keys")
    keys.open_virtual_port("out")
    return keys


if __name__ == "__main__":
    main(sys.argv[1])
