"""Whether the synthesizer is heard: what its sound card plays, as the kernel tells.

A stream of a program that hangs runs dry and stands still, and one whose card was pulled out is
gone, while the program is still there in either case.

Reference:
    Linux: Documentation/sound/designs/procfile.rst, sound/core/pcm.c
    (`snd_pcm_substream_proc_status_read`).
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SYNTHESIZER: Final = "FluidSynth:FluidSynth"
"""What the appliance's own synthesizer is called in the ALSA sequencer; one that is not told a name
calls itself `FLUID Synth` and its process."""

SETTINGS: Final = Path("/etc/default/continuo-sound")
"""Names the card that it plays on."""

# The last one counts, as for systemd: DEVICE=plughw:0 or "plughw:CARD=Device,DEV=0". What names no
# card of the kernel's, such as Bluetooth, shows nothing there.
_DEVICE: Final = re.compile(r"^DEVICE=(.*)$", re.MULTILINE)
_CARD: Final = re.compile(r"\w+:(?:CARD=)?([\w-]+)(?:,.*)?")

_FRAMES: Final = re.compile(r"^hw_ptr\s*: (\d+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Playback:
    """What a sound card plays at an instant.

    Attributes:
        card: Its number or name.
        is_there: Whether it is there, and can play.
        running: The streams that run, each with the frames that it has played.
    """

    card: str
    is_there: bool
    running: frozenset[tuple[str, int]]

    def goes_on_from(self, before: "Playback") -> bool:
        """Whether it has played since an instant before."""
        return bool(self.running - before.running)


def look_at_playback(root: Path = Path("/")) -> Playback | None:
    """What the card of the appliance's synthesizer plays now; None if it is not known which one.

    It takes a lock of the kernel's, for which a card that is just being opened lets it wait.

    Args:
        root: Where `/proc` and `/etc` are.
    """
    card = _card(root)
    if card is None:
        return None
    folder = root / "proc/asound" / (f"card{card}" if card.isdecimal() else card)
    return Playback(
        card=card,
        is_there=any(folder.glob("pcm*p")),
        running=frozenset(_running(folder)),
    )


def _card(root: Path) -> str | None:
    devices = _DEVICE.findall(_read(root / SETTINGS.relative_to("/")))
    found = _CARD.fullmatch(devices[-1].strip().strip("\"'")) if devices else None
    return found[1] if found else None


def _running(folder: Path) -> Iterator[tuple[str, int]]:
    for path in folder.glob("pcm*p/sub*/status"):
        text = _read(path)
        frames = _FRAMES.search(text)
        if text.startswith("state: RUNNING\n") and frames:
            yield str(path.parent.relative_to(folder)), int(frames[1])


def _read(path: Path) -> str:
    with suppress(OSError):  # pulled out meanwhile
        return path.read_text(errors="replace")
    return ""
