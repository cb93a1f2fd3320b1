"""From the edge of the generate button to the first note of what it makes, for each technique.

The instrument is the full board's on simulated lines, as `bench.wired` says, with the bundles that
ship, each loaded ahead as it is when the technique was chosen a while ago. The note is heard by a
simulated synthesizer, so that what a sound card adds is not in it.
"""

import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from bench.enhance import eight_bars
from bench.extend import four_voices
from bench.row import Row
from bench.touch import bring, wait_until
from bench.wired import Wired, wired
from firmware.config import Config
from firmware.engine.schedule import KEYBOARD_CHANNEL
from firmware.midi.messages import NoteOn
from firmware.music.notes import Melody
from firmware.panel.states import State
from firmware.parameters import Technique

LIMIT_MS: Final = 300.0

_PRESSES: Final = 20
_PAUSE_S: Final = 0.3
_LOADING_S: Final = 3.0

CASES: Final[Mapping[str, tuple[Technique, Melody]]] = MappingProxyType(
    {
        "enhance, 8 bars of one voice": (Technique.ENHANCE, eight_bars()),
        "accompany, 8 bars of one voice": (Technique.ACCOMPANY, eight_bars()),
        "extend, 8 bars of one voice": (Technique.EXTEND, eight_bars()),
        "extend, 8 bars of four voices": (Technique.EXTEND, four_voices(8)),
    }
)


def rows(presses: int = _PRESSES) -> list[Row]:
    """Press generate so often for each technique.

    Raises:
        DeviceError: If a library is not installed.
        WorkerError: If nothing is heard.
    """
    found: list[Row] = []
    for name, (technique, melody) in CASES.items():
        times_ms = _times_ms(technique, melody, presses)
        found += [
            Row(
                name=f"generate button to first note, {name}, {which} of {presses}",
                unit="ms",
                ours=figure,
                peer_name="asked for",
                peer=LIMIT_MS,
            )
            for which, figure in (
                ("median", statistics.median(times_ms)),
                ("longest", max(times_ms)),
            )
        ]
    return found


def _times_ms(technique: Technique, melody: Melody, presses: int) -> list[float]:
    with (
        tempfile.TemporaryDirectory(prefix="continuo-") as home,
        wired(Config(library=Path(home), technique=technique)) as instrument,
    ):
        bring(instrument, melody)
        time.sleep(_LOADING_S)
        return [_press_ms(instrument) for _ in range(presses)]


def _press_ms(instrument: Wired) -> float:
    """One press, and the stop that makes room for the next one."""
    heard = instrument.synthesizer.heard
    heard.clear()

    def first_ns() -> int | None:
        notes = (at_ns for at_ns, m in tuple(heard) if isinstance(m, NoteOn) and _is_music(m))
        return next(notes, None)

    edge_ns = instrument.press("generate")
    wait_until(lambda: first_ns() is not None, "the first note")
    at_ns = first_ns()
    assert at_ns is not None
    instrument.hold("play")
    wait_until(lambda: instrument.engine.instrument.state is State.IDLE, "silence")
    time.sleep(_PAUSE_S)
    return (at_ns - edge_ns) / 1e6


def _is_music(note: NoteOn) -> bool:
    return note.channel != KEYBOARD_CHANNEL
