"""The one table of parameters."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.errors import BundleHashError, ParameterError
from firmware.parameters import (
    OWN_NAME,
    PARAMETERS,
    PARAMETERS_BY_KEY,
    ChoiceSpec,
    NumberSpec,
    Parameters,
    ParameterSpec,
    Technique,
    Value,
    parameters_for,
    specs_of,
)

specs = st.sampled_from(PARAMETERS)
numbers = st.sampled_from([spec for spec in PARAMETERS if isinstance(spec, NumberSpec)])
choices = st.sampled_from([spec for spec in PARAMETERS if isinstance(spec, ChoiceSpec)])


@pytest.mark.parametrize(
    ("technique", "key", "values", "default"),
    [
        *((technique, "creative_risk", "0.1 to 6", 1.0) for technique in Technique),
        (Technique.ENHANCE, "max_input_notes_removed", "0 to 100", 50),
        (Technique.ENHANCE, "max_notes_added", "0 to 500", 90),
        (Technique.ENHANCE, "sampling_iterations", "1 to 200", 100),
        (Technique.EXTEND, "sampling_technique", "TopK, Nucleus or Random", "Nucleus"),
        (Technique.EXTEND, "sampling_threshold", "0.01 to 1", 0.95),
        (Technique.EXTEND, "input_duration", "1 to 60", 30.0),
        (Technique.EXTEND, "track_extension_duration", "1 to 60", 20.0),
        (Technique.EXTEND, "max_rest_time", "0.25 to 10", 6.0),
        (Technique.EXTEND, "max_note_length", "0.25 to 10", 4.0),
        (Technique.EXTEND, "style", "chorale, piano, song or quartet", "piano"),
        (Technique.ACCOMPANY, "model", "musegan or unet", "musegan"),
        (
            *(Technique.ACCOMPANY, "genre"),
            "symphony, jazz, pop, rock, songwriter, bach or your own",
            "symphony",
        ),
        (Technique.ACCOMPANY, "seed", "0 to 999", 0),
    ],
)
def test_a_technique_has_the_promised_ranges_and_defaults(
    technique: Technique, key: str, values: str, default: Value
) -> None:
    """The design's table of parameters, row by row."""
    spec = {spec.key: spec for spec in specs_of(technique)}[key]
    assert (spec.range_text, spec.default) == (values, default)
    assert parameters_for(technique)[key] == default


@given(spec=specs, start=st.floats(0, 1), turns=st.lists(st.integers(-300, 300), max_size=20))
def test_whatever_is_turned_lands_on_a_value_that_a_person_could_have_given(
    spec: ParameterSpec, start: float, turns: list[int]
) -> None:
    """Both kinds of knob, and `text` writes what `checked` reads."""
    value = spec.at(start)
    for clicks in turns:
        value = spec.turned(value, clicks)
        assert spec.checked(value) == value
        assert type(value) in spec.kinds
        assert spec.checked(spec.text(value)) == value


@given(spec=specs, position=st.floats(-1, 2))
def test_a_knob_with_end_stops_reaches_both_ends_and_stands_where_its_value_is(
    spec: ParameterSpec, position: float
) -> None:
    value = spec.at(position)
    assert 0.0 <= spec.position(value) <= 1.0
    assert spec.at(spec.position(value)) == value
    assert spec.at(0.0) == spec.turned(value, -1000)
    assert spec.at(1.0) == spec.turned(value, 1000)


def test_a_choice_stands_in_the_middle_of_its_part_of_the_way() -> None:
    style = PARAMETERS_BY_KEY["style"]
    positions = [style.position(choice) for choice in ("chorale", "piano", "song", "quartet")]
    assert positions == [0.125, 0.375, 0.625, 0.875]
    assert [style.at(position) for position in (0.24, 0.25, 0.75)] == [
        "chorale",
        "piano",
        "quartet",
    ]


def test_a_trainers_own_genre_is_one_wherever_it_is_installed() -> None:
    """The knob goes through the table's, then through what is installed; a person may write any."""
    genre = PARAMETERS_BY_KEY["genre"]
    assert parameters_for(Technique.ACCOMPANY, {"genre": " Polka "})["genre"] == "polka"
    for wrong in ("", "two words", "ça", "-", "x" * 32, None, 3):
        with pytest.raises(ParameterError, match="bach or your own"):
            genre.checked(wrong)
    installed = {"genre": ("polka", "rock", "laendler"), "model": ("other",)}
    specs_installed = {s.key: s for s in specs_of(Technique.ACCOMPANY, installed=installed)}
    knob = specs_installed["genre"]
    assert knob.turned("bach", 1) == "laendler"
    assert knob.at(1.0) == knob.turned("bach", 9) == "polka"
    assert knob.at(knob.position("laendler")) == "laendler"
    assert specs_installed["model"] is PARAMETERS_BY_KEY["model"], "what is no open choice stays"
    # Saved when it was installed, and it is no more.
    assert genre.position("polka") == 1.0
    assert genre.turned("polka", 0) == "polka"
    assert genre.turned("polka", -1) == "bach"


@given(spec=specs, clicks=st.integers(1, 100))
def test_a_click_upwards_and_one_back_is_no_change_away_from_the_ends(
    spec: ParameterSpec, clicks: int
) -> None:
    middle = spec.at(0.5)
    if spec.turned(middle, clicks) not in (spec.at(0.0), spec.at(1.0)):
        assert spec.turned(spec.turned(middle, clicks), -clicks) == middle


def test_every_default_is_a_value_and_a_click_changes_it() -> None:
    for spec in PARAMETERS:
        assert spec.checked(spec.default) == spec.default
        assert {spec.turned(spec.default, 1), spec.turned(spec.default, -1)} != {spec.default}


@given(
    spec=numbers, value=st.one_of(st.floats(), st.integers(), st.text(), st.none(), st.booleans())
)
def test_a_person_gets_a_number_in_range_or_a_refusal_that_names_the_range(
    spec: NumberSpec, value: object
) -> None:
    try:
        checked = spec.checked(value)
    except ParameterError as error:
        assert f"{spec.low:g}..{spec.high:g}" in str(error)  # noqa: PT017 - either way is right
    else:
        assert spec.low <= checked <= spec.high
        assert isinstance(checked, int) == spec.is_integer


@given(spec=choices, value=st.one_of(st.text(), st.floats(), st.none(), st.booleans()))
def test_a_person_gets_a_choice_or_a_refusal_that_names_them_all(
    spec: ChoiceSpec, value: object
) -> None:
    try:
        found = spec.checked(value)
        assert found in spec.choices or (spec.is_open and OWN_NAME.fullmatch(found))
    except ParameterError as error:
        assert spec.range_text in str(error)  # noqa: PT017 - either way is right


@pytest.mark.parametrize(
    ("given", "stands_for"),
    [
        ({"sampling_technique": "nucleus"}, "Nucleus"),
        ({"sampling_technique": " TOPK "}, "TopK"),
        ({"max_rest_time": "1.5 s"}, 1.5),
        ({"input_duration": "12s"}, 12.0),
    ],
)
def test_what_a_person_writes_is_stored_as_the_table_has_it(
    given: dict[str, object], stands_for: Value
) -> None:
    (key,) = given
    assert parameters_for(Technique.EXTEND, given)[key] == stands_for


def test_a_number_is_read_as_a_number_and_a_choice_as_a_choice() -> None:
    parameters = parameters_for(Technique.EXTEND)
    assert parameters.number("max_rest_time") == 6.0
    assert parameters.integer("input_duration") == 30
    assert parameters.choice("style") == "piano"
    for read in (Parameters.number, Parameters.integer):
        with pytest.raises(TypeError, match="style is a choice"):
            read(parameters, "style")
    with pytest.raises(TypeError, match="max_rest_time is a number"):
        parameters.choice("max_rest_time")


def test_an_unknown_parameter_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ParameterError, match=r"no parameter 'temperature'.*creative_risk"):
        parameters_for(Technique.ENHANCE, {"temperature": 1.0})


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e999", ""])
def test_not_a_number_is_in_no_range(value: str) -> None:
    for spec in PARAMETERS:
        if isinstance(spec, NumberSpec):
            with pytest.raises(ParameterError):
                spec.checked(value)


def test_a_refusal_stays_short_whatever_was_given() -> None:
    for spec in PARAMETERS:
        with pytest.raises(ParameterError) as caught:
            spec.checked("x" * 5000)
        assert len(str(caught.value)) < 250


def test_a_technique_has_a_word_for_what_was_done() -> None:
    assert [technique.past for technique in Technique] == ["enhanced", "accompanied", "extended"]


def test_labels_fit_the_panel() -> None:
    assert all(len(spec.label) <= 16 for spec in PARAMETERS)


def test_an_error_keeps_its_remedy_when_it_travels_between_processes() -> None:
    error = BundleHashError("the model has another hash", remedy="copy it again")
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert (type(copy), copy.message, copy.remedy) == (
        BundleHashError,
        error.message,
        error.remedy,
    )
