"""Every page against its golden image.

A page that was changed on purpose is looked at and its images are written anew with
`CONTINUO_GOLDEN=write python -m pytest tests/panel/test_pages.py`.
"""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from firmware.panel.canvas import HEIGHT, WIDTH, RollNote
from firmware.panel.font import width_of
from firmware.panel.pages import PAGES, draw
from firmware.panel.settings import TECHNIQUE, Settings, set_value
from firmware.panel.views import (
    CountInView,
    DuetView,
    GenerateView,
    HomeView,
    ListenView,
    MessageView,
    RecordView,
    View,
)
from firmware.parameters import Technique

GOLDEN = Path(__file__).parent / "golden"
BAR = 4 * 480

_SOPRANO = [(0, 71), (1, 71), (2, 72), (3, 74), (4, 74), (5, 72), (6, 71), (7, 69), (8, 67)]
_BASS = [(0, 43), (2, 48), (4, 47), (6, 50), (8, 43)]
NOTES = (
    *(
        RollNote(start_ticks=480 * b, end_ticks=480 * (b + 1), pitch=p, is_players=True)
        for b, p in _SOPRANO
    ),
    *(
        RollNote(start_ticks=480 * b, end_ticks=480 * (b + 2), pitch=p, is_players=False)
        for b, p in _BASS
    ),
)


def rows(technique: Technique, *, position: float | None = None) -> tuple[tuple[str, str], ...]:
    """The technique's rows, at their defaults or with every knob at a position."""
    settings = Settings(technique=technique)
    for spec in settings.specs:
        if position is not None and spec is not TECHNIQUE:
            settings = set_value(settings, spec.key, spec.at(position))
    return settings.rows()


def _home(**changes: object) -> HomeView:
    values: dict[str, object] = {
        "technique": "enhance",
        "tempo_bpm": 96.0,
        "melody": "Ode to Joy · 16 bars",
        "rows": rows(Technique.ENHANCE),
        "selected": 1,
    }
    return HomeView(**(values | changes))  # type: ignore[arg-type]


def _listen(*, playhead: int, is_paused: bool) -> ListenView:
    return ListenView(
        title="Ode to Joy",
        notes=NOTES,
        first_ticks=0,
        ticks=4 * BAR,
        ticks_per_bar=BAR,
        playhead=playhead,
        position_s=4,
        length_s=83,
        is_paused=is_paused,
    )


VIEWS: dict[str, View] = {
    "home": _home(),
    "home-without-melody": _home(melody="", selected=0),
    "home-long-name-last-row": _home(
        melody="Freude, schöner Götterfunken, Tochter aus Elysium",
        rows=rows(Technique.ENHANCE, position=1.0),
        selected=4,
    ),
    "home-extend": _home(technique="extend", rows=rows(Technique.EXTEND), selected=0),
    "home-extend-middle": _home(
        technique="extend", rows=rows(Technique.EXTEND, position=0.6), selected=5
    ),
    "home-extend-last-row": _home(
        technique="extend", tempo_bpm=220.0, rows=rows(Technique.EXTEND, position=0.97), selected=8
    ),
    "count-in": CountInView(beat=2, beats=4, tempo_bpm=96.0),
    "record-empty": RecordView(
        bar=1, beat=1, notes=(), first_ticks=0, ticks=4 * BAR, ticks_per_bar=BAR
    ),
    "record": RecordView(
        bar=3, beat=2, notes=NOTES[:9], first_ticks=0, ticks=4 * BAR, ticks_per_bar=BAR
    ),
    "generate-begins": GenerateView(
        technique="enhance", done=0, total=0, seconds_left=None, is_playing=False
    ),
    "generate": GenerateView(
        technique="enhance", done=42, total=100, seconds_left=75, is_playing=True
    ),
    "generate-extend": GenerateView(
        technique="extend", done=20, total=20, seconds_left=599, is_playing=False
    ),
    "listen": _listen(playhead=37, is_paused=False),
    "listen-paused": _listen(playhead=0, is_paused=True),
    "duet-listening": DuetView(tempo_bpm=88.3, is_answering=False),
    "duet-answering": DuetView(tempo_bpm=120.0, is_answering=True),
    "message": MessageView(sentence="there is no melody yet", remedy="press record and play"),
    "message-long": MessageView(
        sentence="the model was trained for encoding 0123456789abcdef0123456789abcdef, this "
        "firmware has another one, and so they cannot make any music together",
        remedy="train or convert it again with this version",
    ),
}


@pytest.mark.parametrize("name", VIEWS)
def test_a_page_looks_like_its_golden_image(name: str) -> None:
    image = draw(VIEWS[name])
    path = GOLDEN / f"{name}.png"
    if os.environ.get("CONTINUO_GOLDEN") == "write":
        GOLDEN.mkdir(exist_ok=True)
        image.save(path, optimize=True)
    with Image.open(path) as golden:
        assert (golden.mode, golden.size) == ("1", (WIDTH, HEIGHT))
        assert golden.tobytes() == image.tobytes(), f"{name} differs; see this module's docstring"


def test_every_page_has_a_golden_image_and_every_image_a_page() -> None:
    assert {type(view) for view in VIEWS.values()} == set(PAGES)
    assert {path.stem for path in GOLDEN.glob("*.png")} == set(VIEWS)


@pytest.mark.parametrize("seconds_left", [None, 0, 59, 60, 599, 600, 86_399])
def test_the_time_left_does_not_run_into_what_back_does(seconds_left: int | None) -> None:
    """Both are on the last line, with a few dark columns between them."""
    page = draw(
        GenerateView(
            technique="extend", done=1, total=9, seconds_left=seconds_left, is_playing=True
        )
    )
    left = WIDTH - 4 - width_of("back cancels")
    assert page.crop((left - 3, HEIGHT - 11, left, HEIGHT)).getbbox() is None


@given(sentence=st.text(max_size=300), remedy=st.text(max_size=200), name=st.text(max_size=80))
def test_any_text_can_be_shown(sentence: str, remedy: str, name: str) -> None:
    """File names and error messages come in every script."""
    assert draw(MessageView(sentence=sentence, remedy=remedy)).size == (WIDTH, HEIGHT)
    assert draw(_home(melody=name)).size == (WIDTH, HEIGHT)


@given(
    notes=st.lists(
        st.builds(
            lambda start, length, pitch, mine: RollNote(
                start_ticks=start, end_ticks=start + length, pitch=pitch, is_players=mine
            ),
            st.integers(0, 20_000),
            st.integers(1, 5_000),
            st.integers(0, 127),
            st.booleans(),
        ),
        max_size=30,
    ),
    bar=st.integers(0, 5),
)
def test_any_notes_can_be_drawn_and_stay_inside_of_the_roll(
    notes: list[RollNote], bar: int
) -> None:
    """Below the header and above the line at the bottom nothing else is drawn upon."""
    record = RecordView(
        bar=bar + 1,
        beat=1,
        notes=tuple(notes),
        first_ticks=bar * BAR,
        ticks=4 * BAR,
        ticks_per_bar=BAR,
    )
    blank = draw(
        RecordView(
            bar=bar + 1,
            beat=1,
            notes=(),
            first_ticks=bar * BAR,
            ticks=4 * BAR,
            ticks_per_bar=BAR,
        )
    )
    header = (0, 0, WIDTH, 11)
    assert draw(record).crop(header).tobytes() == blank.crop(header).tobytes()


@pytest.mark.parametrize("technique", Technique)
@pytest.mark.parametrize("position", [None, 0.0, 0.35, 0.6, 0.97, 1.0])
def test_every_label_and_value_is_seen_in_full(
    technique: Technique, position: float | None
) -> None:
    """A label that gives way to its value is shortened by an ellipsis: none is."""
    for label, value in rows(technique, position=position):
        assert width_of(label) + width_of(value) <= WIDTH - 14
