"""A keyboard and a synthesizer that are unplugged and plugged in over and over, over JACK.

The ports are the instrument's own, through python-rtmidi; the devices are another process's. After
every plug a key must be heard at the other end within a second. ALSA's announced plugs, which need
a kernel with its sequencer, are counted in the tests on a simulated one.
"""

import os
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

from bench.jack import PATIENCE_S, jack_server
from bench.plugged import PLAYABLE_S
from bench.programs import ask, program
from bench.row import Row
from firmware.devices.rtmidi_ports import RtMidiInput, RtMidiOutput
from firmware.errors import DeviceError

_CYCLES: Final = 100
_FIRST: Final = 3  # cycles after which everything that is opened once is open
_PITCHES: Final = 128
_NAME: Final = "Plugs"

OnProgress = Callable[[float, float], None]


def rows(*, cycles: int = _CYCLES, told: OnProgress = lambda _done, _total: None) -> list[Row]:
    """Unplug and plug in so often.

    Raises:
        DeviceError: If there is no JACK, or a plug is not noticed.
    """
    with jack_server(), program("bench.plugged", _NAME) as devices:
        keyboard = RtMidiInput(api="jack", wanted=f"{_NAME} keys", now_ns=time.monotonic_ns)
        synthesizer = RtMidiOutput(api="jack", wanted=f"{_NAME} ears")
        with closing(keyboard), closing(synthesizer):
            keyboard.open(lambda message, _: synthesizer.send(message))
            synthesizer.open()
            ports = (keyboard, synthesizer)
            for _ in range(_FIRST):
                _cycle(devices, ports, 0)
            before = _open_files(), _listed(ports)
            unheard = 0
            for number in range(cycles):
                told(number, cycles)
                unheard += not _cycle(devices, ports, number % _PITCHES)
            left = [b - a for a, b in zip(before, (_open_files(), _listed(ports)), strict=True)]
    name = f"{cycles:,} unplugs and plugs of keyboard and synthesizer over JACK"
    return [
        Row(name=f"{name}: {what}", unit=unit, ours=count, peer_name="asked for: none")
        for what, unit, count in (
            ("open files left", "files", left[0]),
            ("ports of any client left", "ports", left[1]),
            (f"not playable within {PLAYABLE_S:g} s", "plugs", unheard),
        )
    ]


def _cycle(
    devices: "subprocess.Popen[str]", ports: tuple[RtMidiInput, RtMidiOutput], pitch: int
) -> bool:
    """Unplug, wait until that is noticed, plug in, and strike a key; whether it is heard."""
    ask(devices, "unplug")
    _poll_until(ports, is_there=False)
    ask(devices, "plug")
    _poll_until(ports, is_there=True)
    return ask(devices, f"strike {pitch}") == "heard"


def _poll_until(ports: tuple[RtMidiInput, RtMidiOutput], *, is_there: bool) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while any((port.name is not None) is not is_there for port in ports):
        if time.monotonic() > deadline:
            raise DeviceError("a plug was not noticed")
        for port in ports:
            port.poll()
        time.sleep(0.002)


def _open_files() -> int:
    return len(list(Path(f"/proc/{os.getpid()}/fd").iterdir()))


def _listed(ports: tuple[RtMidiInput, RtMidiOutput]) -> int:
    return sum(len(port.ports()) for port in ports)
