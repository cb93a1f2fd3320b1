"""What is asked of the instrument on its pages, and what is asked back before."""

from dataclasses import replace

from firmware.panel.commands import (
    BringBackPiece,
    BringBackSettings,
    DeleteComposition,
    DeletePreset,
    DeleteTake,
    KeepPreset,
    NameMelody,
    PlayComposition,
    Press,
    Refresh,
    RenamePreset,
    SetChannel,
    SetThru,
    SettleDeletion,
    SetTrack,
    Shelf,
    UsePreset,
)
from firmware.panel.keys import Dial, Key
from firmware.panel.pages.compositions import CompositionPage, CompositionsPage
from firmware.panel.pages.listen import TakePage
from firmware.panel.pages.naming import ERASE, SIGNS, SPACE, NamePage
from firmware.panel.states import Trigger
from firmware.panel.views import NameView
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
