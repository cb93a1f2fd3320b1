"""What is asked of the instrument on its pages, and what is asked back before."""

from dataclasses import replace

import pytest

from firmware.panel.commands import (
    BringBackPiece,
    BringBackSettings,
    DeleteComposition,
    DeletePreset,
    DeleteTake,
    ImportMelody,
    KeepPreset,
    NameMelody,
    PlayComposition,
    Press,
    Refresh,
    RenameComposition,
    RenamePreset,
    SetChannel,
    SetThru,
    SettleDeletion,
    SetTrack,
    Shelf,
    Source,
    SwitchSsh,
    UseMelody,
    UsePreset,
)
from firmware.panel.keys import Dial, Key
from firmware.panel.overview import SshFacts
from firmware.panel.pages.compositions import CompositionPage, CompositionsPage
from firmware.panel.pages.home import HomePage
from firmware.panel.pages.listen import ListenPage, TakePage
from firmware.panel.pages.naming import ERASE, SIGNS, SPACE, NamePage
from firmware.panel.pages.sticks import StickMelodiesPage
from firmware.panel.pages.system import SystemPage
from firmware.panel.states import Trigger
from firmware.panel.views import NameView, TextView
from tests.panel.examples import FULL
from tests.panel.somebody import Player


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


def test_a_melody_and_a_composition_that_is_kept_get_another_name() -> None:
    """What is not in the library yet has none to change."""
    assert FULL.take is not None
    for take, wanted in (
        (replace(FULL.take, is_composition=False, kept_as=""), NameMelody(FULL.take.name)),
        (FULL.take, RenameComposition("5", FULL.take.name)),
    ):
        player = Player(replace(FULL, take=take))
        player.open("Listen")
        player.press(Key.ENTER)
        player.open("Name")
        player.turn(Dial.SELECT, SIGNS.index("x"))
        player.press(Key.ENTER)
        player.turn(Dial.SELECT, -SIGNS.index("x"))
        player.press(Key.ENTER)
        assert player.commands == [wanted], "it is longer than can be written"
    page, unsaved = player.navigation.top, replace(FULL, take=replace(FULL.take, kept_as=""))
    assert isinstance(page, TakePage)
    assert "Name" not in [row.label for row in page.rows(unsaved)]


def test_a_composition_in_the_library_gets_another_name_and_its_list_is_seen() -> None:
    player = Player()
    player.open("Compositions", "Take 4", "Name")
    player.turn(Dial.SELECT, SIGNS.index("b"))
    player.press(Key.ENTER)
    player.turn(Dial.SELECT, -SIGNS.index("b"))
    player.press(Key.ENTER)
    assert player.commands[-1] == RenameComposition("4", "Take 4b")
    assert isinstance(player.navigation.top, CompositionsPage)


def test_a_sticks_melody_is_played_with_a_key_or_a_row_and_imported() -> None:
    player = Player()
    player.open("Stick 2")
    player.press(Key.ENTER)
    asked = len(player.commands)
    player.select("Ave verum")
    player.press(Key.PLAY, Key.ENTER)
    player.open("Import", "Play")
    play = UseMelody(source=Source.STICK, key="/sdb1/a.mid")
    assert player.commands[asked:] == [play, ImportMelody("/sdb1/a.mid"), play]
    assert isinstance(player.navigation.top, ListenPage)
    player.press(*[Key.BACK] * 2)
    assert isinstance(player.navigation.top, StickMelodiesPage)


@pytest.mark.parametrize(
    "way", [("Stick 2",), ("Stick 2", "Ave verum"), ("Melodies", "On the stick 2")]
)
def test_a_stick_that_is_pulled_out_leaves_no_dead_end(way: tuple[str, ...]) -> None:
    """Whatever of its pages is seen says so, asks for nothing of it, and is left with back."""
    player = Player()
    player.open(way[0])
    player.press(*[Key.ENTER] * (way[0] == "Stick 2" and len(way) > 1))
    player.open(*way[1:])
    asked, pages = len(player.commands), len(player.navigation.stack)
    player.overview = replace(FULL, sticks=())
    assert "pulled out" in str(player.view())
    player.turn(Dial.SELECT, 3)
    player.turn(Dial.VALUE, 1)
    player.press(Key.ENTER)
    assert player.commands[asked:] == []
    for _ in range(pages):
        player.press(Key.BACK)
    assert isinstance(player.navigation.top, HomePage)


def test_what_went_wrong_with_a_stick_is_read_with_the_dial() -> None:
    player = Player()
    player.open("Stick 3")
    first = player.view()
    player.turn(Dial.SELECT, 9)
    last = player.view()
    assert isinstance(first, TextView)
    assert isinstance(last, TextView)
    assert (first.first, last.first) == (0, last.total - len(last.lines))
    assert last.lines[-1] == "Push: 1 melody"


def test_ssh_is_switched_on_after_a_question_and_off_at_once() -> None:
    player = Player()
    player.open("System", "SSH")
    asked = len(player.commands)
    player.open("Switch on")
    player.press(Key.BACK)
    assert player.commands[asked:] == []
    player.open("Switch on")
    player.press(Key.ENTER)
    assert player.commands[asked:] == [SwitchSsh(is_on=True)]
    assert FULL.system is not None
    on = SshFacts(is_on=True, has_key=True, user="maker")
    player.overview = replace(FULL, system=replace(FULL.system, ssh=on))
    player.open("Switch off")
    assert player.commands[asked:] == [SwitchSsh(is_on=True), SwitchSsh(is_on=False)]


def test_where_there_is_no_switch_there_is_no_ssh() -> None:
    assert FULL.system is not None
    for system in (None, replace(FULL.system, ssh=None)):
        rows = SystemPage().rows(replace(FULL, system=system))
        assert "SSH" not in [row.label for row in rows]
        assert rows[-1].label == "Switch off"


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
