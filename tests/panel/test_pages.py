"""Every page against its golden image.

A page that was changed on purpose is looked at and its images are written anew with
`CONTINUO_GOLDEN=write python -m pytest tests/panel/test_pages.py`.
"""

import importlib.util
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from firmware.midi.general_midi import INSTRUMENTS
from firmware.panel.canvas import HEIGHT, WIDTH, RollNote
from firmware.panel.commands import NameMelody, SetTime
from firmware.panel.drawing import DRAWINGS, draw
from firmware.panel.drawing.listing import MEANING_LINES
from firmware.panel.font import width_of, wrapped
from firmware.panel.keys import Dial, Key
from firmware.panel.navigation import Navigation
from firmware.panel.overview import Overview
from firmware.panel.page import Page
from firmware.panel.pages.activity import DuetPage, GeneratePage, RecordPage
from firmware.panel.pages.compositions import CompositionPage, CompositionsPage
from firmware.panel.pages.home import HomePage
from firmware.panel.pages.listen import ListenPage, TakePage, TrackPage
from firmware.panel.pages.listing import ListPage
from firmware.panel.pages.melodies import MelodiesPage
from firmware.panel.pages.midi import LearnPage, MidiPage
from firmware.panel.pages.models import ModelsPage, missing_page
from firmware.panel.pages.naming import NamePage
from firmware.panel.pages.parameters import ParametersPage
from firmware.panel.pages.presets import PresetPage, PresetsPage
from firmware.panel.pages.reading import ConfirmPage, FactsPage, TextPage
from firmware.panel.pages.recovery import RecoveryPage
from firmware.panel.pages.sound import SoundPage
from firmware.panel.pages.system import SystemPage
from firmware.panel.pages.wiring import SelfTestPage, VerdictsPage, WiringPage
from firmware.panel.states import State
from firmware.panel.views import (
    ConfirmView,
    GenerateView,
    ListView,
    MessageView,
    RecordView,
    View,
)
from firmware.parameters import PARAMETERS, Technique

if TYPE_CHECKING:
    from tests.panel import examples
else:
    _SPEC = importlib.util.spec_from_file_location(
        "panel_examples", Path(__file__).parent / "examples.py"
    )
    examples = importlib.util.module_from_spec(_SPEC)
    _SPEC.loader.exec_module(examples)

GOLDEN = Path(__file__).parent / "golden"
BAR = examples.BAR
EMPTY, FULL = examples.EMPTY, examples.FULL


def _doing(state: State, **changes: Any) -> Overview:
    activity: Any = examples.ACTIVITIES[state]
    return replace(FULL, state=state, activity=replace(activity, **changes))


def _set(technique: Technique, position: float | None = None) -> Overview:
    return replace(FULL, settings=examples.settings_at(technique, position))


def _confirm(page: ListPage, overview: Overview) -> Page:
    """The question that a page of rows leads to."""
    found = (row.opens for row in page.rows(overview) if isinstance(row.opens, ConfirmPage))
    return next(found)


def _first_opened(page: ListPage, overview: Overview) -> Page:
    """The first page that a page of rows leads to."""
    return next(row.opens for row in page.rows(overview) if row.opens is not None)


def _first_facts(page: ListPage, overview: Overview) -> FactsPage:
    """The first facts that a page of rows leads to."""
    return next(r.opens for r in page.rows(overview) if isinstance(r.opens, FactsPage))


def _naming(page: ListPage, overview: Overview, *, at: int = 0) -> Page:
    """The page on which a name is given that a page of rows leads to."""
    pages = (r.opens for r in page.rows(overview) if isinstance(r.opens, NamePage))
    return replace(next(pages), at=at)


def _asked(
    verb: str, what: str, how: str, at_mm: tuple[float, float] | None, **changes: Any
) -> Overview:
    """The wiring's own test at a question."""
    question = replace(examples.asking(verb, what, how, at_mm), **changes)
    lit = tuple(replace(spot, is_lit=question.has_answer) for spot in question.spots)
    question = replace(question, spots=lit)
    assert FULL.wiring is not None
    return replace(FULL, wiring=replace(FULL.wiring, question=question))


def _peek(dial: Dial, overview: Overview) -> View:
    navigation, _ = Navigation().turn(dial, 1, overview)
    return navigation.view(overview)


COMPOSITIONS, MODELS = FULL.compositions or (), FULL.models or ()
PRESETS = FULL.presets or ()
_DAMAGED = CompositionPage(line=COMPOSITIONS[2])
_COMPOSITION = CompositionPage(line=COMPOSITIONS[0])
_GENERATE_EXTEND = GenerateView(
    technique="extend", done=20, total=20, seconds_left=599, is_playing=False
)

PAGES: dict[str, tuple[Page, Overview]] = {
    "home": (HomePage(selected=1), FULL),
    "home-begins": (HomePage(), EMPTY),
    "home-edits": (HomePage(selected=2, is_editing=True), FULL),
    "home-last-row": (HomePage(selected=99), replace(FULL, level=0)),
    "home-no-model": (
        HomePage(selected=1),
        replace(_set(Technique.ACCOMPANY), no_model=FULL.missing[0]),
    ),
    "parameters": (ParametersPage(), FULL),
    "parameters-edits": (ParametersPage(selected=3, is_editing=True), _set(Technique.ENHANCE, 1.0)),
    "parameters-accompany": (ParametersPage(selected=2), _set(Technique.ACCOMPANY)),
    "parameters-extend": (ParametersPage(selected=6), _set(Technique.EXTEND, 0.97)),
    "parameters-last-row": (ParametersPage(selected=99), FULL),
    "presets": (PresetsPage(selected=1), FULL),
    "presets-begins": (PresetsPage(), EMPTY),
    "preset": (PresetPage(line=PRESETS[0]), FULL),
    "preset-damaged": (PresetPage(line=PRESETS[3]), FULL),
    "preset-name": (_naming(PresetPage(line=PRESETS[0]), FULL, at=9), FULL),
    "preset-name-long": (_naming(PresetPage(line=PRESETS[1]), FULL), FULL),
    "preset-delete": (_confirm(PresetPage(line=PRESETS[1]), FULL), FULL),
    "record-counts-in": (RecordPage(), _doing(State.COUNT_IN)),
    "record-begins": (RecordPage(), _doing(State.RECORDING, bar=1, beat=1, notes=())),
    "record": (RecordPage(), _doing(State.RECORDING)),
    "generate-begins": (
        GeneratePage(),
        _doing(State.GENERATING, done=0, total=0, seconds_left=None, is_playing=False),
    ),
    "generate": (GeneratePage(), _doing(State.AUDITIONING)),
    "generate-extend": (
        GeneratePage(),
        replace(FULL, state=State.GENERATING, activity=_GENERATE_EXTEND),
    ),
    "duet": (DuetPage(), _doing(State.DUET_LISTENING)),
    "duet-answers": (DuetPage(), _doing(State.DUET_ANSWERING, tempo_bpm=120.0)),
    "listen": (ListenPage(), FULL),
    "listen-paused": (
        ListenPage(),
        replace(FULL, listening=examples.listening(playhead=0, is_paused=True)),
    ),
    "listen-next-pass": (
        ListenPage(),
        replace(
            FULL,
            listening=replace(
                examples.listening(playhead=90, is_paused=False),
                take="10/10",
                coming="next pass: bar 1200",
            ),
        ),
    ),
    "take": (TakePage(selected=1), FULL),
    "take-made": (replace(_first_facts(TakePage(), FULL), selected=3), FULL),
    "take-last-row": (TakePage(selected=99), FULL),
    "take-delete": (_confirm(TakePage(), FULL), FULL),
    "track": (TrackPage(index=1), FULL),
    "track-edits": (TrackPage(index=2, selected=2, is_editing=True), FULL),
    "track-drums": (TrackPage(index=4, selected=1), FULL),
    "melodies": (MelodiesPage(selected=2), FULL),
    "compositions": (CompositionsPage(selected=1), FULL),
    "compositions-begins": (CompositionsPage(), EMPTY),
    "compositions-none": (CompositionsPage(), replace(EMPTY, compositions=())),
    "compositions-middle": (CompositionsPage(selected=600), FULL),
    "composition": (_COMPOSITION, FULL),
    "composition-damaged": (_DAMAGED, FULL),
    "composition-delete": (_confirm(_COMPOSITION, FULL), FULL),
    "models": (ModelsPage(), FULL),
    "model": (replace(_first_facts(ModelsPage(), FULL), selected=4), FULL),
    "model-missing": (missing_page(FULL.missing[0]), FULL),
    "midi": (MidiPage(selected=3), FULL),
    "midi-clock": (MidiPage(selected=7), FULL),
    "midi-learn": (LearnPage(selected=8), FULL),
    "midi-learn-first": (LearnPage(), FULL),
    "midi-nothing": (MidiPage(), EMPTY),
    "recovery": (RecoveryPage(selected=1), FULL),
    "recovery-last-row": (RecoveryPage(selected=99), FULL),
    "recovery-nothing": (RecoveryPage(), EMPTY),
    "recovery-what-to-do": (_first_opened(RecoveryPage(), FULL), FULL),
    "sound": (SoundPage(selected=1, is_editing=True), FULL),
    "system": (SystemPage(), FULL),
    "system-last-row": (SystemPage(selected=99), FULL),
    "system-begins": (SystemPage(), EMPTY),
    "system-switch-off": (_confirm(SystemPage(), FULL), FULL),
    "wiring": (WiringPage(selected=1), FULL),
    "wiring-nothing": (WiringPage(), EMPTY),
    "wiring-rest": (SelfTestPage(), _asked("Hands off", "all parts", "wait 3 seconds", None)),
    "wiring-press": (SelfTestPage(), _asked("Press", "generate", "and let go", (48.5, 22))),
    "wiring-turn": (SelfTestPage(), _asked("Turn", "menu", "clockwise, 4 clicks", (21.5, 94))),
    "wiring-hint": (
        SelfTestPage(),
        _asked("Push", "risk", "and let go", (21.5, 62), hint="that was menu push"),
    ),
    "wiring-light": (
        SelfTestPage(),
        _asked("Look at", "record", "does it shine?", (21.5, 38), has_answer=True),
    ),
    "wiring-no-enclosure": (
        SelfTestPage(),
        _asked("Turn", "the knob on the left", "to its left end", None, panel=None),
    ),
    "wiring-verdicts": (VerdictsPage(), FULL),
    "wiring-verdicts-none": (VerdictsPage(), EMPTY),
    "wiring-verdict": (_first_opened(VerdictsPage(), FULL), FULL),
}

VIEWS: dict[str, View] = {
    **{name: page.view(overview) for name, (page, overview) in PAGES.items()},
    "peek-risk": _peek(Dial.RISK, FULL),
    "peek-tempo": _peek(Dial.TEMPO, FULL),
    "peek-first": _peek(Dial.FIRST, _set(Technique.EXTEND)),
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
    assert {type(view) for view in VIEWS.values()} == set(DRAWINGS)
    assert {path.stem for path in GOLDEN.glob("*.png")} == set(VIEWS)
    shown = {type(page).__name__ for page, _ in PAGES.values()}
    assert shown == set(_concrete(Page)) - {"ListPage", "ActivityPage"}


def _concrete(kind: type) -> Iterator[str]:
    """Names of the pages: a class with slots is made twice."""
    child: type
    for child in kind.__subclasses__():
        yield child.__name__
        yield from _concrete(child)


def test_a_page_draws_what_its_view_is_drawn_to() -> None:
    for name, (page, overview) in PAGES.items():
        assert page.draw(overview).tobytes() == draw(VIEWS[name]).tobytes(), name


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
    question, home = VIEWS["take-delete"], VIEWS["home"]
    assert isinstance(question, ConfirmView)
    assert isinstance(home, ListView)
    for view in (
        replace(question, subject=name, consequence=sentence),
        replace(home, title=name, note=name, note_right=remedy, meaning=sentence),
        replace(home, right=name, level=None, rows=((name, remedy), (remedy, name))),
        TextPage(title=name, text=sentence).view(EMPTY),
        NamePage(title=name, text=sentence, command=NameMelody).view(EMPTY),
    ):
        assert draw(view).size == (WIDTH, HEIGHT)


@given(label=st.text(max_size=60), value=st.text(max_size=60))
def test_a_label_and_its_value_never_run_into_each_other(label: str, value: str) -> None:
    """A row drawn whole is its label and its value, with dark columns between them."""
    view = ListView(title="", rows=((label, value),), selected=None, first=0, total=1)
    both = draw(view)
    only_label = draw(replace(view, rows=((label, "" if not value else " "),)))
    only_value = draw(replace(view, rows=(("", value),)))
    assert both.size == only_label.size == only_value.size
    left = only_value.crop((0, 13, WIDTH, HEIGHT)).getbbox()
    if left is not None and value.strip():
        gap = both.crop((left[0] - 3, 13, left[0], HEIGHT))
        assert left[0] < 3 or gap.getbbox() is None or width_of(value) > WIDTH // 3


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
    blank = RecordView(
        bar=bar + 1,
        beat=1,
        notes=(),
        first_ticks=bar * BAR,
        ticks=4 * BAR,
        ticks_per_bar=BAR,
    )
    header = (0, 0, WIDTH, 11)
    drawn = draw(replace(blank, notes=tuple(notes))).crop(header)
    assert drawn.tobytes() == draw(blank).crop(header).tobytes()


@pytest.mark.parametrize("technique", Technique)
@pytest.mark.parametrize("position", [None, 0.0, 0.35, 0.6, 0.97, 1.0])
def test_every_label_and_value_is_seen_in_full(
    technique: Technique, position: float | None
) -> None:
    """A label that gives way to its value is shortened by an ellipsis: none is."""
    settings = examples.settings_at(technique, position)
    for spec in settings.specs:
        value = spec.text(settings.value(spec.key))
        assert width_of(spec.label) + width_of(value) <= WIDTH - 14


def test_every_meaning_and_every_instrument_is_seen_in_full() -> None:
    for spec in PARAMETERS:
        assert len(wrapped(spec.meaning, WIDTH - 4)) <= MEANING_LINES, spec.key
    for name in INSTRUMENTS:
        assert width_of("Keyboard") + width_of(name) <= WIDTH - 14, name


def _selected(page: ListPage, overview: Overview) -> tuple[str, str]:
    """Label and value of the row that is seen as the selected one."""
    view = page.view(overview)
    assert view.selected is not None
    return view.rows[view.selected]


def _turned_to(page: ListPage, clicks: int, overview: Overview) -> ListPage:
    step = page.turn(Dial.SELECT, clicks, overview)
    assert isinstance(step.page, ListPage)
    return step.page


NO_MODEL = replace(FULL, no_model=FULL.missing[0])
FEWER = replace(FULL, deleted=None, compositions=COMPOSITIONS[:5])


@pytest.mark.parametrize(
    ("page", "clicks", "before", "after"),
    [
        (HomePage(), 2, FULL, NO_MODEL),
        (HomePage(), 5, NO_MODEL, FULL),
        (CompositionsPage(), 3, FEWER, replace(FEWER, deleted="Take 7")),
        (
            CompositionsPage(),
            1,
            FEWER,
            replace(FEWER, compositions=(*COMPOSITIONS[6:900], *COMPOSITIONS[:5])),
        ),
        (MelodiesPage(), 3, FULL, replace(FULL, melodies=FULL.melodies[1:])),
        (
            MelodiesPage(),
            1,
            FULL,
            replace(FULL, melodies=(FULL.melodies[1], *FULL.melodies[2:], FULL.melodies[0])),
        ),
        (MidiPage(), 3, FULL, replace(FULL, midi=replace(FULL.midi, keyboards=()))),
        (MidiPage(), 1, FULL, replace(FULL, midi=replace(FULL.midi, keyboards=("x", "y", "z")))),
        (PresetsPage(), 2, FULL, replace(FULL, presets=PRESETS[1:])),
        (ModelsPage(), 2, FULL, replace(FULL, missing=())),
        (SystemPage(), 6, replace(FULL, recovery=None), FULL),
        (TakePage(), 5, FULL, replace(FULL, tracks=FULL.tracks[:2])),
    ],
)
def test_what_is_selected_stays_selected_where_rows_come_and_go(
    page: ListPage, clicks: int, before: Overview, after: Overview
) -> None:
    """Its key decides, and where it is gone its place; so does what enter does."""
    chosen = _turned_to(page, clicks, before)
    row = chosen.row(before)
    assert row is not None
    is_there = (row.key, row.label) in {(r.key, r.label) for r in chosen.rows(after)}
    found = chosen.row(after)
    assert found is not None
    if is_there:
        assert (found.key, found.label) == (row.key, row.label)
        assert _selected(chosen, after)[0] == row.label
        assert chosen.key(Key.ENTER, after).opens == row.opens
    else:
        assert chosen.place(chosen.rows(after)) == min(clicks, len(chosen.rows(after)) - 1)


def test_two_compositions_of_one_title_are_told_apart() -> None:
    twins = tuple(replace(line, title="Take 1") for line in COMPOSITIONS[3:6])
    overview = replace(FEWER, compositions=twins)
    page = _turned_to(CompositionsPage(), 2, overview)
    row = page.row(replace(overview, compositions=(COMPOSITIONS[0], *twins)))
    assert row is not None
    assert row.key == twins[2].name


def test_a_change_ends_where_its_row_is_gone_and_changes_no_other_row() -> None:
    """And goes on where it has only moved."""
    page = _turned_to(HomePage(), 2, FULL)
    step = page.key(Key.ENTER, FULL)
    assert isinstance(step.page, HomePage)
    assert step.page.view(FULL).is_editing
    moved = step.page.turn(Dial.SELECT, 1, NO_MODEL)
    assert moved.commands == (SetTime(tempo_bpm=121.0, beats_per_bar=4),)
    gone = TrackPage(index=0, selected=2, anchor="Plays", is_editing=True)
    drums = replace(FULL, tracks=FULL.tracks[4:])
    assert not gone.view(drums).is_editing
    assert gone.turn(Dial.SELECT, 1, drums).commands == ()
    assert gone.key(Key.BACK, drums).is_left


@pytest.mark.parametrize("total", [0, 1, 3, 4, 5, 6, 50, 1200])
def test_the_selected_row_is_always_among_those_that_are_seen(total: int) -> None:
    overview = replace(FULL, deleted=None, compositions=COMPOSITIONS[:total])
    for selected in {0, 1, total // 2, total - 1, total, total + 5} - {-1}:
        view = CompositionsPage(selected=selected).view(overview)
        assert view.selected is not None
        assert 0 <= view.selected < len(view.rows)
        assert view.first + view.selected == min(selected, max(total, 1) - 1)
        assert view.first + len(view.rows) <= view.total
