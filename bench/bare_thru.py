"""The peer of the instrument's latency: the shortest loop that python-rtmidi allows.

`python -m bench.bare_thru NAME`: what the ports called NAME keys say goes to NAME ears, from
rtmidi's own callback, with no queue, no recorder, no player and no panel between.
"""

import importlib
import sys
from typing import Any


def main(name: str) -> None:
    """Hand everything on until standard input is closed."""
    rtmidi: Any = importlib.import_module("rtmidi")
    keys: Any = rtmidi.MidiIn(rtmidi.API_UNIX_JACK, name="Bare")
    ears: Any = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name="Bare")
    keys.set_callback(lambda event, _: ears.send_message(event[0]))
    for client, end in ((keys, "keys"), (ears, "ears")):
        names = client.get_ports()
        client.open_port(
            next(i for i, port in enumerate(names) if port.startswith(f"{name} {end}"))
        )
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.read()
    keys.cancel_callback()
    keys.delete()
    ears.delete()


if __name__ == "__main__":
    main(sys.argv[1])
