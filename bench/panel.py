"""The panel: how long its pages take to draw where they have most to show.

Each page gets lists of a thousand rows and piano rolls of four thousand notes, changed a little for
every drawing, as music that plays changes them; what is timed is all that a frame costs the owner
thread once the instrument was looked at: from the view model to the image.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Final

from bench.row import Row
from firmware.panel.canvas import RollNote
from firmware.panel.commands import Source
from firmware.panel.overview import (
    CompositionLine,
    MelodyLine,
    Overview,
    TakeLine,
    TrackLine,
)
from firmware.panel.page import Page
from firmware.panel.pages.activity import RecordPage
from firmware.panel.pages.compositions import CompositionsPage
from firmware.panel.pages.home import HomePage
from firmware.panel.pages.listen import ListenPage, TakePage
from firmware.panel.pages.melodies import MelodiesPage
from firmware.panel.pages.parameters import ParametersPage
from firmware.panel.pages.sound import SoundPage
from firmware.panel.states import State
from firmware.panel.views import ListenView, RecordView

LIMIT_MS: Final = 20.0
"""What a page may take."""

_DRAWINGS = 200
_NOTES = 4000
_ROWS = 1000
_BAR = 4 * 480


def rows() -> list[Row]:
    """Measure the page that is slowest, and the one that is drawn while music plays."""
    times_ms = {name: _times_ms(page, overviews) for name, page, overviews in _cases()}
    late_ms = {name: statistics.quantiles(found, n=100)[98] for name, found in times_ms.items()}
    slowest = max(late_ms, key=lambda name: late_ms[name])
    listening = statistics.median(times_ms["listen"])
    return [
        Row(
            name=f"panel: slowest page ({slowest}), 99th percentile",
            unit="ms",
            ours=late_ms[slowest],
            peer_name="asked for",
            peer=LIMIT_MS,
        ),
        Row(name="panel: a frame while music plays, median", unit="ms", ours=listening),
    ]


def drawings() -> Iterator[Callable[[], object]]:
    """Frames of music that plays, each drawn when it is called, without end."""
    full = _full()
    for number in count():
        yield partial(ListenPage().draw, _listening(full, number % _DRAWINGS))


def _times_ms(page: Page, overviews: Iterator[Overview]) -> list[float]:
    times: list[float] = []
    for overview in overviews:
        began = time.perf_counter()
        page.draw(overview)
        times.append((time.perf_counter() - began) * 1e3)
    return times


def _cases() -> Iterator[tuple[str, Page, Iterator[Overview]]]:
    full = _full()
    walked = [replace(full, level=number % 6) for number in range(_DRAWINGS)]
    for name, kind in (
        ("home", HomePage),
        ("parameters", ParametersPage),
        ("take", TakePage),
        ("melodies", MelodiesPage),
        ("compositions", CompositionsPage),
        ("sound", SoundPage),
    ):
        yield name, kind(selected=_ROWS // 2), iter(walked)
    yield "listen", ListenPage(), (_listening(full, number) for number in range(_DRAWINGS))
    yield "record", RecordPage(), (_recording(full, number) for number in range(_DRAWINGS))


def _full() -> Overview:
    return Overview(
        take=TakeLine(name="A melody with a long name", what="accompanied", number=10),
        takes=10,
        tracks=tuple(TrackLine(name=f"Track {number}", program=number) for number in range(16)),
        melodies=tuple(
            MelodyLine(source=Source.IMPORTED, key=str(n), name=f"Melody {n}", what="file")
            for n in range(_ROWS)
        ),
        compositions=tuple(
            CompositionLine(name=str(n), title=f"Take {n}", what="enhanced", day="21 Nov")
            for n in range(_ROWS)
        ),
    )


def _notes() -> tuple[RollNote, ...]:
    return tuple(
        RollNote(
            start_ticks=120 * (number // 4),
            end_ticks=120 * (number // 4) + 110,
            pitch=36 + number * 7 % 60,
            is_players=number % 4 == 0,
        )
        for number in range(_NOTES)
    )


_ROLL = _notes()
_PAGES = tuple(
    tuple(note for note in _ROLL if at < note.end_ticks and note.start_ticks < at + 4 * _BAR)
    for at in range(0, _ROLL[-1].end_ticks, 4 * _BAR)
)


def _listening(overview: Overview, number: int) -> Overview:
    view = ListenView(
        title="A melody with a long name",
        notes=_ROLL,
        first_ticks=number // 50 * 4 * _BAR,
        ticks=4 * _BAR,
        ticks_per_bar=_BAR,
        playhead=number % 128,
        position_s=number,
        length_s=999,
        is_paused=False,
        take="10/10",
    )
    return replace(overview, state=State.PLAYING, listening=view)


def _recording(overview: Overview, number: int) -> Overview:
    view = RecordView(
        bar=number // 4 + 1,
        beat=number % 4 + 1,
        notes=_PAGES[number // 50 % len(_PAGES)],
        count=_NOTES,
        pitches=(min(note.pitch for note in _PAGES[0]), max(note.pitch for note in _PAGES[0])),
        first_ticks=number // 50 * 4 * _BAR,
        ticks=4 * _BAR,
        ticks_per_bar=_BAR,
    )
    return replace(overview, state=State.RECORDING, activity=view)
