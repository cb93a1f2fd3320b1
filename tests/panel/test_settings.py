"""Knobs: steps, stops, and picking up."""

from hypothesis import given
from hypothesis import strategies as st

from firmware.panel.pickup import PickUp
from firmware.panel.settings import Settings, adjust, change_tempo, select, set_value
from firmware.parameters import PARAMETERS

turns = st.lists(st.integers(-300, 300), max_size=30)


@given(turns=turns, which=st.integers(0, 10))
def test_whatever_is_turned_the_parameters_stay_ones_a_person_could_give(
    turns: list[int], which: int
) -> None:
    settings = select(Settings(), which)
    for clicks in turns:
        settings = adjust(settings, clicks)
        parameters = settings.parameters()  # raises if one is out of range
        assert len(parameters.values) == len(settings.rows())


@given(turns=turns)
def test_the_selection_stops_at_the_ends(turns: list[int]) -> None:
    settings = Settings()
    for clicks in turns:
        settings = select(settings, clicks)
        assert 0 <= settings.selected < len(settings.specs)
    assert select(settings, 1000).selected == len(settings.specs) - 1
    assert select(settings, -1000).selected == 0


@given(turns=turns)
def test_the_tempo_stays_in_its_range_and_lands_on_whole_beats(turns: list[int]) -> None:
    settings = Settings(tempo_bpm=96.5)
    for clicks in turns:
        settings = change_tempo(settings, clicks)
        assert 40.0 <= settings.tempo_bpm <= 220.0
        assert settings.tempo_bpm == int(settings.tempo_bpm)


def test_a_click_is_one_step_of_a_short_range_and_more_of_a_long_one() -> None:
    """Five hundred notes must not take five hundred clicks."""
    settings = Settings()
    keys = [spec.key for spec in settings.specs]
    risk = adjust(select(settings, keys.index("creative_risk")), 1)
    assert risk.parameters()["creative_risk"] == 1.1
    added = adjust(select(settings, keys.index("max_notes_added")), 1)
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


@given(moves=st.lists(st.tuples(st.sampled_from(PARAMETERS), st.floats(0, 1)), max_size=40))
def test_a_knob_never_sets_what_a_person_could_not(moves: list[tuple[object, float]]) -> None:
    pick_up, settings = PickUp(), Settings()
    for spec, position in moves:
        settings = pick_up.move(settings, spec.key, position)  # type: ignore[attr-defined]
        settings.parameters()
