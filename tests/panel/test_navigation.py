"""The way through the pages: every one can be reached and left, whatever is pressed."""

import random
from collections import Counter
from dataclasses import replace

import pytest

from firmware.panel.commands import Generate, RestoreTake, Source, StepTakes, UseMelody
from firmware.panel.drawing import draw
from firmware.panel.keys import Dial, Key, spec_of
from firmware.panel.overview import Overview
from firmware.panel.pages.activity import PAGE_OF_STATE
from firmware.panel.pages.home import HomePage
from firmware.panel.pages.listen import ListenPage, TakePage, TrackPage
from firmware.panel.settings import set_value
from firmware.panel.states import State
from firmware.panel.views import ListView, PeekView, View
from firmware.parameters import Technique
from tests.panel import examples
from tests.panel.examples import EMPTY, FULL
from tests.panel.somebody import Player, go_home

EVENTS = 100_000
PAGES = {
    "CompositionPage",
    "CompositionsPage",
    "ConfirmPage",
    "DuetPage",
    "FactsPage",
    "GeneratePage",
    "HomePage",
    "LearnPage",
    "ListenPage",
    "MelodiesPage",
    "MidiPage",
    "ModelsPage",
    "NamePage",
    "ParametersPage",
    "PresetPage",
    "PresetsPage",
    "RecordPage",
    "RecoveryPage",
    "SelfTestPage",
    "SoundPage",
    "SshPage",
    "StickMelodiesPage",
    "StickMelodyPage",
    "StickPage",
    "SystemPage",
    "TakePage",
    "TextPage",
    "TrackPage",
    "VerdictsPage",
    "WiringPage",
}
FEWEST = 5
"""Events on every page, of so many: none is met by chance alone."""

DEEPEST = 10
"""Pages that can lie upon each other: home to a preset's fault, upon that what plays to one of the
facts about it, and what is being done."""


def _random_event(player: Player, rng: random.Random) -> None:
    match rng.randrange(40):
        case 0:
            player.come_to(rng.choice(list(State)))
        case 1:
            player.overview = replace(
                rng.choice((EMPTY, FULL, _thinned(rng))),
                state=player.overview.state,
                activity=player.overview.activity,
                settings=player.overview.settings,
            )
        case 2:
            technique = rng.choice(list(Technique)).capitalize()
            settings = set_value(player.overview.settings, "technique", technique)
            player.overview = replace(player.overview, settings=settings)
        case number if number < 22:
            clicks = rng.choice((-9, -5, -2, -1, 1, 1, 2, 3, 4, 9))
            player.turn(rng.choice((Dial.SELECT, Dial.SELECT, *Dial)), clicks)
        case _:
            player.press(rng.choice((*[Key.ENTER] * 6, Key.BACK, *Key)))


def _thinned(rng: random.Random) -> Overview:
    """Lists that become shorter while somebody looks at them."""
    assert FULL.compositions is not None
    assert FULL.take is not None
    assert FULL.system is not None
    return replace(
        FULL,
        compositions=FULL.compositions[: rng.randrange(8)],
        melodies=FULL.melodies[: rng.randrange(4)],
        tracks=FULL.tracks[: rng.randrange(3)],
        deleted=rng.choice((None, "Für Elise")),
        take=rng.choice((None, FULL.take, replace(FULL.take, is_composition=False))),
        recovery=rng.choice((None, FULL.recovery)),
        listening=rng.choice((None, FULL.listening)),
        sticks=tuple(rng.sample(FULL.sticks, rng.randrange(4))),
        system=rng.choice((None, FULL.system, replace(FULL.system, ssh=None, strains=None))),
    )


def test_a_hundred_thousand_random_events_find_no_dead_end_and_no_exception() -> None:
    """Whatever is seen can be drawn; from anywhere back leads home; every page is met."""
    rng = random.Random(6)
    player = Player()
    drawn: set[View] = set()
    met: Counter[str] = Counter()
    for number in range(EVENTS):
        _random_event(player, rng)
        view = player.view()
        met[type(player.navigation.top).__name__] += 1
        if view not in drawn:
            drawn.add(view)
            draw(view)
        stack = player.navigation.stack
        assert isinstance(stack[0], HomePage)
        assert len(stack) <= DEEPEST, stack
        wanted = PAGE_OF_STATE.get(player.overview.state)
        assert wanted is None or type(stack[-1]) is wanted
        if number % 100 == 0:
            go_home(player)
            player.turn(Dial.SELECT, -99)
            for _ in range(rng.randrange(1, 4)):  # to any of its pages alike, and of theirs
                player.turn(Dial.SELECT, rng.randrange(14))
                player.press(Key.ENTER)
    assert set(met) == PAGES
    assert min(met.values()) >= FEWEST, met
    assert len(drawn) > 2000


@pytest.mark.parametrize("state", State)
def test_back_always_leaves_a_page(state: State) -> None:
    """Or leaves off what the instrument is doing, whose page goes then."""
    player = Player()
    player.open("Compositions")
    player.come_to(state)
    for _ in range(9):
        before = player.navigation.top
        player.press(Key.BACK)
        assert player.navigation.top != before or isinstance(before, HomePage)
    assert isinstance(player.navigation.top, HomePage)


def test_a_row_is_changed_with_the_menus_dial_alone_or_with_the_value_dial() -> None:
    player = Player()
    player.open("Parameters")
    player.select("Add at most")
    player.turn(Dial.VALUE, 1)
    assert player.overview.settings.value("max_notes_added") == 95
    player.press(Key.ENTER)
    player.turn(Dial.SELECT, 2)
    assert player.overview.settings.value("max_notes_added") == 105
    view = player.view()
    assert isinstance(view, ListView)
    assert view.is_editing
    player.press(Key.BACK)
    assert player.view() == replace(view, is_editing=False)
    player.turn(Dial.SELECT, 1)
    assert player.overview.settings.value("max_notes_added") == 105


@pytest.mark.parametrize("technique", Technique)
def test_dials_of_their_own_turn_their_parameter_on_every_page(technique: Technique) -> None:
    """Creative risk and the technique's two main parameters, with their meaning for a moment."""
    settings = examples.settings_at(technique)
    for dial in (Dial.RISK, Dial.FIRST, Dial.SECOND):
        spec = spec_of(dial, settings.specs)
        assert spec is not None
        player = Player(replace(FULL, settings=settings))
        player.come_to(State.PLAYING)
        player.turn(dial, 1)
        assert player.overview.settings.value(spec.key) == spec.turned(spec.default, 1)
        view = player.view()
        assert isinstance(view, PeekView)
        assert (view.label, view.meaning) == (spec.label, spec.meaning)
        player.press(Key.ENTER)
        assert isinstance(player.navigation.top, TakePage)


def test_a_dial_that_the_technique_has_nothing_for_turns_nothing() -> None:
    assert spec_of(Dial.VALUE, FULL.settings.specs) is None
    assert spec_of(Dial.SECOND, FULL.settings.specs[:2]) is None


def test_a_melody_that_is_chosen_is_shown() -> None:
    player = Player()
    player.open("Melodies", "Old Hundredth")
    assert player.commands[1:] == [UseMelody(source=Source.BUNDLED, key="a")]
    assert isinstance(player.navigation.top, ListenPage)


def test_the_last_take_can_be_brought_back_though_there_is_no_other() -> None:
    player = Player(replace(EMPTY, can_restore_take=True))
    player.open("Listen")
    player.press(Key.ENTER)
    player.open("Bring back deleted take")
    assert player.commands == [RestoreTake()]


def test_the_page_of_what_is_being_done_comes_and_goes_with_it() -> None:
    player = Player()
    player.open("Sound")
    sound = player.navigation.top
    for state in (State.COUNT_IN, State.RECORDING, State.GENERATING, State.DUET_LISTENING):
        player.come_to(state)
        assert type(player.navigation.top) is PAGE_OF_STATE[state]
        assert len(player.navigation.stack) == 3
    player.come_to(State.IDLE)
    assert player.navigation.top == sound


def test_what_begins_to_play_is_shown_and_stays_when_it_has_ended() -> None:
    player = Player()
    player.come_to(State.GENERATING)
    player.come_to(State.PLAYING)
    assert player.navigation.stack == (HomePage(), ListenPage())
    player.come_to(State.IDLE)
    assert player.navigation.stack == (HomePage(), ListenPage())
    player.press(Key.BACK)
    player.come_to(State.PLAYING)
    player.press(Key.BACK)
    player.come_to(State.PAUSED)
    player.come_to(State.PLAYING)
    assert len(player.navigation.stack) == 1, "who went home while it plays stays there"


def test_who_looks_at_a_track_stays_there_but_sees_a_new_take() -> None:
    player = Player()
    player.open("Listen")
    player.press(Key.ENTER)
    player.open("Soprano")
    player.come_to(State.PLAYING)
    assert isinstance(player.navigation.top, TrackPage)
    player.come_to(State.AUDITIONING)
    player.come_to(State.PLAYING)
    assert player.navigation.stack[1:] == (ListenPage(),)


def test_generate_works_on_what_is_heard_where_it_is_heard() -> None:
    player = Player()
    player.press(Key.GENERATE)
    player.come_to(State.PLAYING)
    player.turn(Dial.SELECT, -2)
    player.press(Key.GENERATE)
    wanted = [Generate(on_heard=False), StepTakes(-2), Generate(on_heard=True)]
    assert player.commands == wanted
