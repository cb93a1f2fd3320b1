"""What the kernel writes of sound cards, as in sound/core/pcm.c."""

import shutil
from collections.abc import Sequence
from pathlib import Path

NO_STREAM = "closed\n"


def running(frames: int, state: str = "RUNNING") -> str:
    """The status of a stream that has played some frames."""
    return (
        f"state: {state}\n"
        "owner_pid   : 612\n"
        "trigger_time: 31.402563114\n"
        "tstamp      : 0.000000000\n"
        "delay       : 384\n"
        "avail       : 0\n"
        "avail_max   : 128\n"
        "-----\n"
        f"hw_ptr      : {frames}\n"
        f"appl_ptr    : {frames + 384}\n"
    )


XRUN = running(1_384, "XRUN")
"""Of a program that stands still: its buffer ran dry."""


class Machine:
    """A root with sound cards, on the first of which the synthesizer is to play."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.set("DEVICE=plughw:0\n")

    def set(self, settings: str) -> None:
        """Set up the synthesizer."""
        path = self.root / "etc/default/continuo-sound"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(settings)

    def plug(self, number: int, *, streams: Sequence[str], name: str = "Headphones") -> None:
        """Plug a card in, or have its streams be others."""
        for index, stream in enumerate(streams):
            path = self.root / f"proc/asound/card{number}/pcm0p/sub{index}/status"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(stream)
        link = self.root / "proc/asound" / name
        if not link.is_symlink():
            link.symlink_to(f"card{number}")

    def unplug(self, number: int) -> None:
        """Pull a card out."""
        shutil.rmtree(self.root / f"proc/asound/card{number}")
