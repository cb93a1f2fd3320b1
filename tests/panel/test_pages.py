"""Every page against its golden image.

A page that was changed on purpose is looked at and its images are written anew with
`CONTINUO_GOLDEN=write python -m pytest tests/panel/test_pages.py`.
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from firmware.panel.canvas import HEIGHT, WIDTH
from firmware.panel.commands import NameMelody
from firmware.panel.drawing import DRAWINGS, draw
from firmware.panel.font import width_of
from firmware.panel.keys import Dial
from firmware.panel.navigation import Navigation
from firmware.panel.overview import Overview, SshFacts, StickLine
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
from firmware.panel.pages.ssh import SshPage
from firmware.panel.pages.sticks import StickMelodiesPage, StickMelodyPage, StickPage
from firmware.panel.pages.system import SystemPage
from firmware.panel.pages.wiring import SelfTestPage, VerdictsPage, WiringPage
from firmware.panel.states import State
from firmware.panel.views import (
    ConfirmView,
    GenerateView,
    ListView,
    MessageView,
    StickView,
    View,
)
from firmware.parameters import Technique
from tests.panel import examples
from tests.panel.examples import COMPOSITIONS, EMPTY, FULL, PRESETS

GOLDEN = Path(__file__).parent / "golden"


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


def _opened(page: ListPage, overview: Overview, label: str) -> Page:
    """What the row of a label leads to."""
    return next(r.opens for r in page.rows(overview) if r.opens is not None and r.label == label)


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


def _system(**changes: Any) -> Overview:
    assert FULL.system is not None
    return replace(FULL, system=replace(FULL.system, **changes))


def _stick(**changes: Any) -> Overview:
    """Only one, in another state than the example."""
    return replace(FULL, sticks=(replace(examples.READY, title="Stick", **changes),))


def _peek(dial: Dial, overview: Overview) -> View:
    navigation, _ = Navigation().turn(dial, 1, overview)
    return navigation.view(overview)


_NO_STICK = replace(FULL, sticks=())
_WITH_KEY = _system(ssh=SshFacts(is_on=False, has_key=True, user="maker"))
_DAMAGED = CompositionPage(line=COMPOSITIONS[2])
_COMPOSITION = CompositionPage(line=COMPOSITIONS[0])
_GENERATE_EXTEND = GenerateView(
    technique="extend", done=20, total=20, seconds_left=599, is_playing=False
)

PAGES: dict[str, tuple[Page, Overview]] = {
    "home": (HomePage(selected=1), _NO_STICK),
    "home-begins": (HomePage(), EMPTY),
    "home-edits": (HomePage(selected=2, is_editing=True), _NO_STICK),
    "home-last-row": (HomePage(selected=99), replace(FULL, level=0)),
    "home-sticks": (HomePage(), FULL),
    "home-no-model": (
        HomePage(selected=1),
        replace(_set(Technique.ACCOMPANY), no_model=FULL.missing[0], sticks=()),
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
    "record-begins": (
        RecordPage(),
        _doing(State.RECORDING, bar=1, beat=1, notes=(), count=0, pitches=None),
    ),
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
    "stick-copying": (StickPage(stick="sda1"), FULL),
    "stick-begins": (
        StickPage(stick="sdb1"),
        _stick(is_copying=True, done=0, total=0, name="", melodies=()),
    ),
    "stick-ready": (StickPage(stick="sdb1"), FULL),
    "stick-some": (StickPage(stick="sdb1"), _stick(done=1198, melodies=())),
    "stick-none": (
        StickPage(stick="sdb1"),
        _stick(done=0, total=0, melodies=examples.READY.melodies[:1]),
    ),
    "stick-failed": (StickPage(stick="sdc1"), FULL),
    "stick-failed-end": (StickPage(stick="sdc1", first=1), FULL),
    "stick-gone": (StickPage(stick="sdx1"), FULL),
    "stick-melodies": (StickMelodiesPage(stick="sdb1", selected=1), FULL),
    "stick-melodies-none": (StickMelodiesPage(stick="sda1"), FULL),
    "stick-melodies-gone": (StickMelodiesPage(stick="sdx1"), FULL),
    "stick-melody": (StickMelodyPage(stick="sdb1", line=examples.READY.melodies[1]), FULL),
    "compositions": (CompositionsPage(selected=1), FULL),
    "compositions-begins": (CompositionsPage(), EMPTY),
    "compositions-none": (CompositionsPage(), replace(EMPTY, compositions=())),
    "compositions-middle": (CompositionsPage(selected=600), FULL),
    "composition": (_COMPOSITION, FULL),
    "composition-name": (_naming(_COMPOSITION, FULL), FULL),
    "composition-damaged": (_DAMAGED, FULL),
    "composition-delete": (_confirm(_COMPOSITION, FULL), FULL),
    "models": (ModelsPage(), FULL),
    "model": (replace(_first_facts(ModelsPage(), FULL), selected=4), FULL),
    "model-fact": (_opened(_first_facts(ModelsPage(), FULL), FULL, "Trained on"), FULL),
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
    "system-fine": (SystemPage(selected=2), _system(strains=(), ssh=None)),
    "system-power": (_first_opened(SystemPage(), FULL), FULL),
    "ssh": (SshPage(), FULL),
    "ssh-on": (SshPage(), _system(ssh=SshFacts(is_on=True, has_key=True, user="maker"))),
    "ssh-nothing": (SshPage(), EMPTY),
    "ssh-switch-on": (_confirm(SshPage(), FULL), FULL),
    "ssh-switch-on-key": (_confirm(SshPage(), _WITH_KEY), _WITH_KEY),
    "ssh-what": (_opened(SshPage(), FULL, "What it is"), FULL),
    "ssh-key": (_opened(SshPage(), FULL, "Maker's key"), FULL),
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
def test_the_time_left_does_not_run_into_what_stands_beside_it(seconds_left: int | None) -> None:
    """Both are on the last line, with a few dark columns between them."""
    generation = GenerateView(
        technique="extend", done=1, total=9, seconds_left=seconds_left, is_playing=True
    )
    stick = VIEWS["stick-copying"]
    assert isinstance(stick, StickView)
    for view, beside in (
        (generation, "back cancels"),
        (replace(stick, seconds_left=seconds_left), "leave it in"),
    ):
        left = WIDTH - 4 - width_of(beside)
        assert draw(view).crop((left - 3, HEIGHT - 11, left, HEIGHT)).getbbox() is None


@given(sentence=st.text(max_size=300), remedy=st.text(max_size=200), name=st.text(max_size=80))
def test_any_text_can_be_shown(sentence: str, remedy: str, name: str) -> None:
    """File names and error messages come in every script."""
    assert draw(MessageView(sentence=sentence, remedy=remedy)).size == (WIDTH, HEIGHT)
    question, home = VIEWS["take-delete"], VIEWS["home"]
    assert isinstance(question, ConfirmView)
    assert isinstance(home, ListView)
    stick = VIEWS["stick-copying"]
    assert isinstance(stick, StickView)
    failed = StickLine(key="a", title=name, problem=sentence or "x", remedy=remedy)
    for view in (
        replace(question, subject=name, consequence=sentence),
        replace(home, title=name, note=name, note_right=remedy, meaning=sentence),
        replace(home, right=name, level=None, rows=((name, remedy), (remedy, name))),
        TextPage(title=name, text=sentence).view(EMPTY),
        NamePage(title=name, text=sentence, command=NameMelody).view(EMPTY),
        replace(stick, title=name, name=sentence),
        StickPage(stick="a").view(replace(EMPTY, sticks=(failed,))),
    ):
        assert draw(view).size == (WIDTH, HEIGHT)
