"""The way through the pages: every one can be reached and left, whatever is pressed."""

import importlib.util
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from firmware.panel.commands import (
    BringBackPiece,
    BringBackSettings,
    Command,
    DeleteComposition,
    DeletePreset,
    DeleteTake,
    Generate,
    KeepPreset,
    NameMelody,
    PlayComposition,
    Press,
    Refresh,
    RenamePreset,
    RestoreTake,
    SetChannel,
    SetParameter,
    SetThru,
    SetTime,
    SettleDeletion,
    SetTrack,
    Shelf,
    Source,
    StepTakes,
    UseMelody,
    UsePreset,
)
from firmware.panel.drawing import draw
from firmware.panel.keys import Dial, Key, spec_of
from firmware.panel.navigation import Navigation
from firmware.panel.overview import Overview
from firmware.panel.pages.activity import PAGE_OF_STATE
from firmware.panel.pages.compositions import CompositionPage, CompositionsPage
from firmware.panel.pages.home import HomePage
from firmware.panel.pages.listen import ListenPage, TakePage, TrackPage
from firmware.panel.pages.listing import ListPage
from firmware.panel.pages.naming import ERASE, SIGNS, SPACE, NamePage
from firmware.panel.settings import set_value
from firmware.panel.states import TABLE, Move, State, Trigger
from firmware.panel.views import ListView, NameView, PeekView, View
from firmware.parameters import Technique

if TYPE_CHECKING:
    from tests.panel import examples
else:
    _SPEC = importlib.util.spec_from_file_location(
        "panel_examples", Path(__file__).parent / "examples.py"
    )
    examples = importlib.util.module_from_spec(_SPEC)
    _SPEC.loader.exec_module(examples)

EMPTY, FULL = examples.EMPTY, examples.FULL
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
    "SystemPage",
    "TakePage",
    "TextPage",
    "TrackPage",
    "VerdictsPage",
    "WiringPage",
}
FEWEST = 5
"""Events on every page, of so many: none is met by chance alone."""

DEEPEST = 8
"""Pages that can lie upon each other, with room to spare."""


class Player:
    """Somebody at the panel of an instrument that does what it is told, as far as pages see."""

    def __init__(self, overview: Overview = FULL) -> None:
        self.overview = overview
        self.navigation = Navigation()
        self.commands: list[Command] = []

    def press(self, *keys: Key) -> None:
        """Press keys."""
        for key in keys:
            self._go(*self.navigation.key(key, self.overview))

    def turn(self, dial: Dial, clicks: int) -> None:
        """Turn a dial."""
        self._go(*self.navigation.turn(dial, clicks, self.overview))

    def come_to(self, state: State) -> None:
        """Let the instrument do something else."""
        activity = examples.ACTIVITIES.get(state)
        self.overview = replace(self.overview, state=state, activity=activity)
        self.navigation, commands = self.navigation.follow(state, self.overview)
        self.commands += commands

    def open(self, *labels: str) -> None:
        """Enter one row after the other."""
        for label in labels:
            self.select(label)
            self.press(Key.ENTER)

    def select(self, label: str) -> None:
        """Select a row."""
        page = self.navigation.top
        assert isinstance(page, ListPage)
        found = [row.label for row in page.rows(self.overview)]
        self.turn(Dial.SELECT, -len(found))
        self.turn(Dial.SELECT, found.index(label))

    def view(self) -> View:
        """What is seen."""
        return self.navigation.view(self.overview)

    def _go(self, navigation: Navigation, commands: tuple[Command, ...]) -> None:
        self.navigation = navigation
        self.commands += commands
        for command in commands:
            self._obey(command)

    def _obey(self, command: Command) -> None:
        settings = self.overview.settings
        match command:
            case Press(trigger=trigger):
                self._trigger(trigger)
            case Generate():
                self._trigger(Trigger.GENERATE)
            case SetParameter(key=key, value=value):
                self.overview = replace(self.overview, settings=set_value(settings, key, value))
            case SetTime(tempo_bpm=tempo_bpm, beats_per_bar=beats):
                timed = replace(settings, tempo_bpm=tempo_bpm, beats_per_bar=beats)
                self.overview = replace(self.overview, settings=timed)
            case _:
                pass

    def _trigger(self, trigger: Trigger) -> None:
        entry = TABLE[self.overview.state][trigger]
        if isinstance(entry, Move):
            self.come_to(entry.state)


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
    return replace(
        FULL,
        compositions=FULL.compositions[: rng.randrange(8)],
        melodies=FULL.melodies[: rng.randrange(4)],
        tracks=FULL.tracks[: rng.randrange(3)],
        deleted=rng.choice((None, "Für Elise")),
        take=rng.choice((None, FULL.take, replace(FULL.take, is_composition=False))),
        recovery=rng.choice((None, FULL.recovery)),
        listening=rng.choice((None, FULL.listening)),
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
            player.turn(Dial.SELECT, rng.randrange(12))  # to any of its pages alike
            player.press(Key.ENTER)
    assert set(met) == PAGES
    assert min(met.values()) >= FEWEST, met
    assert len(drawn) > 2000


def go_home(player: Player) -> None:
    """Press back as often as there are pages, and once more to end a change."""
    for _ in range(len(player.navigation.stack) + 1):
        player.press(Key.BACK)
    assert len(player.navigation.stack) == 1


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


def test_tracks_are_muted_soloed_and_given_another_instrument() -> None:
    player = Player()
    player.open("Listen")
    player.press(Key.ENTER)
    player.open("Tenor", "Mute", "Solo")
    player.select("Plays")
    player.turn(Dial.VALUE, 9)
    player.press(Key.ENTER)
    player.turn(Dial.SELECT, -99)
    assert player.commands == [
        SetTrack(index=2, is_muted=False),
        SetTrack(index=2, is_soloed=True),
        SetTrack(index=2, program=40),
        SetTrack(index=2, program=0),
    ]


def test_a_preset_gets_a_name_with_the_dial_alone() -> None:
    """Turned to a sign, pushed; the first letter is large, and back leaves it as it was."""
    player = Player()
    player.open("Parameters", "Presets", "Enhance 1", "Name")
    page = player.navigation.top
    assert isinstance(page, NamePage)
    player.turn(Dial.SELECT, SIGNS.index(ERASE))
    player.press(*[Key.ENTER] * 99)
    player.turn(Dial.SELECT, -SIGNS.index(ERASE))
    player.press(Key.ENTER)
    assert type(player.navigation.top).__name__ == "PresetPage", "nothing is no name"
    player.open("Name")
    player.turn(Dial.VALUE, SIGNS.index(ERASE))
    player.press(*[Key.ENTER] * len("hance 1"))
    at = ERASE
    for sign in ("v", "e", SPACE, "2"):
        player.turn(Dial.SELECT, SIGNS.index(sign) - SIGNS.index(at))
        player.press(Key.ENTER)
        at = sign
    view = player.view()
    assert isinstance(view, NameView)
    assert (view.text, view.signs[len(view.signs) // 2]) == ("Enve 2", "2")
    player.turn(Dial.SELECT, len(SIGNS) - SIGNS.index(at))
    player.press(Key.ENTER)
    assert type(player.navigation.top).__name__ == "PresetsPage"
    assert player.commands[-1] == RenamePreset("Enhance 1", "Enve 2")
    count = len(player.commands)
    player.open("Enhance 1", "Name")
    player.turn(Dial.SELECT, 5)
    player.press(Key.ENTER, Key.BACK)
    assert type(player.navigation.top).__name__ == "PresetPage"
    assert len(player.commands) == count


def test_only_a_melody_of_which_nothing_was_made_gets_another_name() -> None:
    assert FULL.take is not None
    player = Player()
    player.open("Listen")
    player.press(Key.ENTER)
    page = player.navigation.top
    assert isinstance(page, TakePage)
    assert "Name" not in [row.label for row in page.rows(FULL)]
    player.overview = replace(FULL, take=replace(FULL.take, is_composition=False))
    player.open("Name")
    player.turn(Dial.SELECT, SIGNS.index("x"))
    player.press(Key.ENTER)
    player.turn(Dial.SELECT, -SIGNS.index("x"))
    player.press(Key.ENTER)
    assert player.commands == [NameMelody(FULL.take.name)], "it is longer than can be written"


def test_the_keyboards_channel_is_any_but_the_drums() -> None:
    player = Player()
    player.open("MIDI")
    player.select("Keyboard's channel")
    for clicks in (-1, -10, -99, 1, 99):
        player.turn(Dial.VALUE, clicks)
    wanted = [9, 1, 1, 12, 16]  # from the eleventh on, which stays set
    assert player.commands == [SetChannel(channel) for channel in wanted]


def test_what_was_not_taken_back_is_brought_back_piece_by_piece() -> None:
    player = Player()
    player.open("System", "Safe mode")
    asked = len(player.commands)
    player.open("Take 1", "Settings")
    assert player.commands[asked:] == [BringBackPiece(2), BringBackSettings()]
    player.overview = replace(player.overview, recovery=None)
    player.press(Key.ENTER, Key.BACK)
    assert type(player.navigation.top).__name__ == "SystemPage"


def test_presets_are_kept_taken_over_and_deleted_after_a_question() -> None:
    player = Player()
    player.open("Parameters", "Presets", "Keep what is set now", "Enhance 1", "Set all to this")
    player.open("Delete")
    player.press(Key.BACK)
    player.open("Delete")
    player.press(Key.ENTER)
    assert type(player.navigation.top).__name__ == "PresetsPage"
    assert player.commands == [
        Refresh(Shelf.PRESETS),
        KeepPreset(),
        UsePreset("Enhance 1"),
        DeletePreset("Enhance 1"),
    ]


def test_a_take_is_deleted_after_a_question_only() -> None:
    player = Player()
    player.open("Listen")
    player.press(Key.ENTER)
    player.open("Delete this take")
    player.press(Key.BACK)
    assert player.commands == []
    player.open("Delete this take")
    player.press(Key.ENTER)
    assert player.commands == [DeleteTake()]
    assert isinstance(player.navigation.top, TakePage)


def test_a_composition_is_deleted_after_a_question_and_for_good_when_the_list_is_left() -> None:
    player = Player(replace(FULL, deleted=None))
    player.open("Compositions", "Take 4")
    assert isinstance(player.navigation.top, CompositionPage)
    player.open("Delete")
    player.press(Key.ENTER)
    assert isinstance(player.navigation.top, CompositionsPage)
    player.overview = replace(player.overview, deleted="Take 4")
    player.press(Key.BACK)
    assert player.commands == [
        Refresh(Shelf.COMPOSITIONS),
        DeleteComposition("4"),
        SettleDeletion(),
    ]


def test_play_plays_the_composition_that_is_selected_unless_something_plays() -> None:
    player = Player()
    player.open("Compositions")
    player.select("Take 4")
    player.press(Key.PLAY, Key.ENTER, Key.PLAY, Key.BACK)
    player.select("2026-11-19_09-00-00_a_extend")
    player.press(Key.PLAY)
    assert player.commands == [
        Refresh(Shelf.COMPOSITIONS),
        PlayComposition("4"),
        PlayComposition("4"),
        Press(Trigger.PLAY),
    ]
    player.press(Key.BACK)
    player.select("Take 4")
    player.press(Key.PLAY)
    assert player.commands[4:] == [Press(Trigger.PLAY)], "it pauses what plays"


def test_a_switch_is_turned_on_clockwise_and_over_by_enter() -> None:
    player = Player()
    player.open("MIDI")
    player.select("Thru")
    player.turn(Dial.VALUE, 1)
    player.turn(Dial.VALUE, -1)
    player.press(Key.ENTER)
    assert player.commands == [SetThru(is_on=True), SetThru(is_on=False), SetThru(is_on=False)]
