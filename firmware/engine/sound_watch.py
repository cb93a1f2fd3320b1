"""Looks whether the appliance's synthesizer is heard, and has it started again when it is not.

FluidSynth may hang, or live on without a sound when its card was pulled out and is back: systemd
sees a process that runs. On a thread of its own, since the kernel may let it wait for a card.
"""

import logging
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from types import MappingProxyType
from typing import Final

from firmware.devices.midi_ports import MidiOutput
from firmware.devices.sound_card import SYNTHESIZER, Playback, look_at_playback

LOOK_S: Final = 1.0
"""Between two looks."""

SILENT_LOOKS: Final = 5
"""Longer than FluidSynth takes from its MIDI port to its first sound, the soundfont is loaded then,
and than it takes to get over a buffer that ran dry."""

FIRST_PAUSE: Final = 10
"""Looks between the first start and the second; each further pause is twice as long."""

LONGEST_PAUSE: Final = 600
STEADY_LOOKS: Final = 60
"""What has played for so long is well: its next failure is a first one."""

_STOP_S: Final = 2.0
_LOG = logging.getLogger(__name__)


class Trouble(Enum):
    """Why nothing is heard."""

    GONE = "the card is gone"
    SILENT = "the card is there, and plays nothing"


MESSAGES: Final[Mapping[Trouble, tuple[str, str]]] = MappingProxyType(
    {
        Trouble.GONE: ("No sound: its card is gone", "plug the sound card in again"),
        Trouble.SILENT: (
            "No sound: it is started again",
            "if that does not help, check the sound card",
        ),
    }
)
"""What the player should know, and what helps."""


class SoundWatch:
    """Judges what is seen, look by look."""

    def __init__(self) -> None:
        self._before: Playback | None = None
        self._silent = 0  # looks
        self._steady = 0
        self._rest = 0
        self._pause = FIRST_PAUSE

    def look(self, playback: Playback | None) -> Trouble | None:
        """Judge what is seen now.

        Args:
            playback: Of the card, or None while there is no synthesizer that could play on it.

        Returns:
            What something is to be done about now.
        """
        before, self._before = self._before, playback
        self._rest = max(self._rest - 1, 0)
        if playback is None or before is None or playback.is_there != before.is_there:
            self._silent = self._steady = 0
            return None  # so far
        if playback.goes_on_from(before):
            self._silent = 0
            self._steady += 1
            if self._steady >= STEADY_LOOKS:
                self._pause = FIRST_PAUSE
            return None
        self._silent += 1
        self._steady = 0
        if not playback.is_there:
            self._rest, self._pause = 0, FIRST_PAUSE  # a card that comes is a new chance
            return Trouble.GONE if self._silent == SILENT_LOOKS else None
        if self._silent < SILENT_LOOKS or self._rest:
            return None
        self._rest, self._pause = self._pause, min(2 * self._pause, LONGEST_PAUSE)
        return Trouble.SILENT


@contextmanager
def sound_watched(
    synthesizer: MidiOutput,
    *,
    start_again: Callable[[], None],
    tell: Callable[[str, str], None],
    look: Callable[[], Playback | None] = look_at_playback,
    look_s: float = LOOK_S,
) -> Iterator[None]:
    """Watch, on a thread of its own, until the block ends.

    Args:
        synthesizer: What is played to; only the appliance's own is watched.
        start_again: Has that one started again; called on that thread.
        tell: Tells the player a sentence, and what helps; called on that thread.
        look: Sees what its card plays.
        look_s: Seconds between two looks.
    """
    ends = threading.Event()
    watch = SoundWatch()

    def look_once() -> None:
        is_ours = SYNTHESIZER in (synthesizer.name or "")
        trouble = watch.look(look() if is_ours else None)
        if trouble is None:
            return
        _LOG.warning("no sound: %s", trouble.value)
        if trouble is Trouble.SILENT:
            start_again()
            ends.wait(look_s)  # its port goes, which the player is told as well, and at once
        tell(*MESSAGES[trouble])

    def work() -> None:
        try:
            while not ends.wait(look_s):
                look_once()
        except Exception:  # the top of this thread
            _LOG.error("the sound is not watched any more\n%s", traceback.format_exc())

    # One that waits for a card must not keep the instrument from ending.
    thread = threading.Thread(target=work, name="continuo-sound-watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ends.set()
        thread.join(_STOP_S)
        if thread.is_alive():
            _LOG.error("the thread that watches the sound does not end")
