"""Knobs: steps, stops, and picking up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.errors import ParameterError
from firmware.panel.pickup import PickUp
from firmware.panel.settings import DUET, TECHNIQUE, Settings, change_tempo, set_value
from firmware.parameters import PARAMETERS, ParameterSpec, Technique

turns = st.lists(st.integers(-300, 300), max_size=30)


def turned(settings: Settings, key: str, clicks: int) -> Settings:
    """What a page makes of some clicks."""
    spec = next(spec for spec in settings.specs if spec.key == key)
    return set_value(settings, key, spec.turned(settings.value(key), clicks))


@given(hands=st.lists(st.tuples(st.integers(0, 8), st.integers(-9, 9))))
def test_whatever_is_turned_the_settings_stay_ones_a_person_could_give(
    hands: list[tuple[int, int]],
) -> None:
    """Technique and parameters, in any order."""
    settings = Settings()
    for row, clicks in hands:
        key = settings.specs[row % len(settings.specs)].key
        settings = turned(settings, key, clicks)
        parameters = settings.parameters()  # raises if one is out of range
        assert [key for key, _ in parameters.values] == [s.key for s in settings.specs[1:]]
        technique = DUET if settings.is_duet else settings.technique.capitalize()
        assert settings.value(TECHNIQUE.key) == technique
        assert settings.technique is Technique.EXTEND or not settings.is_duet


def test_the_first_row_chooses_the_technique_and_each_keeps_its_own_values() -> None:
    settings = set_value(Settings(), "creative_risk", 2.5)
    extending = turned(settings, TECHNIQUE.key, 2)
    assert extending.technique is Technique.EXTEND
    assert extending.parameters().number("creative_risk") == 1.0
    extending = set_value(extending, "creative_risk", 4.0)
    back = turned(extending, TECHNIQUE.key, -2)
    assert back.technique is Technique.ENHANCE
    assert back.parameters().number("creative_risk") == 2.5
    assert turned(back, TECHNIQUE.key, 99).parameters().number("creative_risk") == 4.0


def test_a_duet_has_the_values_of_extend() -> None:
    settings = set_value(Settings(technique=Technique.EXTEND), "creative_risk", 2.5)
    duet = turned(settings, TECHNIQUE.key, 1)
    assert duet.is_duet
    assert duet.parameters() == settings.parameters()
    assert turned(duet, TECHNIQUE.key, 9) == duet
    assert turned(duet, TECHNIQUE.key, -1) == settings


def test_the_genre_knob_goes_through_what_is_installed_too() -> None:
    settings = Settings(technique=Technique.ACCOMPANY, installed={"genre": ("rock", "polka")})
    settings = turned(settings, "genre", 99)
    assert settings.parameters().choice("genre") == "polka"
    assert turned(settings, "genre", -1).parameters().choice("genre") == "bach"


def test_a_value_that_there_is_not_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"0\.1\.\.6"):
        set_value(Settings(), "creative_risk", 7.0)
    with pytest.raises(ParameterError, match="Enhance, Accompany, Extend or Duet"):
        set_value(Settings(), TECHNIQUE.key, "improve")


@given(turns=turns)
def test_the_tempo_stays_in_its_range_and_lands_on_whole_beats(turns: list[int]) -> None:
    settings = Settings(tempo_bpm=96.5)
    for clicks in turns:
        settings = change_tempo(settings, clicks)
        assert 40.0 <= settings.tempo_bpm <= 220.0
        assert settings.tempo_bpm == int(settings.tempo_bpm)


def test_a_click_is_one_step_of_a_short_range_and_more_of_a_long_one() -> None:
    """Five hundred notes must not take five hundred clicks."""
    risk = turned(Settings(), "creative_risk", 1)
    assert risk.parameters()["creative_risk"] == 1.1
    added = turned(Settings(), "max_notes_added", 1)
    assert added.parameters()["max_notes_added"] == 95


def test_a_parameter_of_another_technique_is_left_alone() -> None:
    assert set_value(Settings(), "no_such_parameter", 3) == Settings()


def test_a_knob_that_stands_elsewhere_changes_nothing_until_it_passes_the_value() -> None:
    """The default is 50 %; the knob stands at 0 and is turned up."""
    pick_up, settings = PickUp(), Settings()
    key = "max_input_notes_removed"
    values = []
    for position in (0.0, 0.2, 0.4, 0.6, 0.8, 0.3):
        settings = pick_up.move(settings, key, position)
        values.append(settings.parameters()[key])
    assert values == [50, 50, 50, 60, 80, 30]


def test_a_value_changed_elsewhere_must_be_picked_up_again() -> None:
    pick_up, settings = PickUp(), Settings()
    key = "max_input_notes_removed"
    settings = pick_up.move(settings, key, 0.5)
    settings = set_value(settings, key, 90)
    assert pick_up.move(settings, key, 0.6).parameters()[key] == 90
    settings = set_value(settings, key, 50)  # as the knob had set it, before it moved on
    assert pick_up.move(settings, key, 0.7).parameters()[key] == 50


def test_a_choice_is_picked_up_where_its_part_of_the_way_begins() -> None:
    """Four styles, the second is set: it has the second quarter of the way."""
    pick_up, settings = PickUp(), Settings(technique=Technique.EXTEND)
    values = []
    for position in (0.0, 0.2, 0.26, 0.4, 0.51, 0.99, 1.0, 0.1):
        settings = pick_up.move(settings, "style", position)
        values.append(settings.value("style"))
    assert values == ["piano"] * 4 + ["song", "quartet", "quartet", "chorale"]
    pick_up, settings = PickUp(), Settings(technique=Technique.EXTEND)
    for position in (0.49, 0.51):
        settings = pick_up.move(settings, "style", position)
    assert settings.value("style") == "song", "it stood in the second quarter"


def test_a_knob_that_moved_under_another_technique_must_pick_its_value_up_again() -> None:
    pick_up, settings = PickUp(), Settings()
    key = "max_notes_added"
    for position in (0.1, 0.5):
        settings = pick_up.move(settings, key, position)
    assert settings.value(key) == 250
    extending = set_value(settings, TECHNIQUE.key, "Extend")
    extending = pick_up.move(extending, key, 0.9)
    settings = set_value(extending, TECHNIQUE.key, "Enhance")
    assert pick_up.move(settings, key, 0.8).value(key) == 250
    assert pick_up.move(settings, key, 0.4).value(key) == 200, "it passed the value"


@given(
    moves=st.lists(st.tuples(st.sampled_from(PARAMETERS), st.floats(0, 1)), max_size=40),
    technique=st.sampled_from(Technique),
)
def test_a_knob_never_sets_what_a_person_could_not(
    moves: list[tuple[ParameterSpec, float]], technique: Technique
) -> None:
    pick_up, settings = PickUp(), Settings(technique=technique)
    for spec, position in moves:
        settings = pick_up.move(settings, spec.key, position)
        settings.parameters()
