"""The one table of parameters."""

import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.errors import BundleHashError, ParameterError
from firmware.parameters import (
    PARAMETERS,
    ParameterSpec,
    Technique,
    parameters_for,
    specs_of,
)

specs = st.sampled_from(PARAMETERS)


@pytest.mark.parametrize(
    ("key", "low", "high", "default"),
    [
        ("creative_risk", 0.1, 6.0, 1.0),
        ("max_input_notes_removed", 0, 100, 50),
        ("max_notes_added", 0, 500, 90),
        ("sampling_iterations", 1, 200, 100),
    ],
)
def test_enhance_has_the_promised_ranges_and_defaults(
    key: str, low: float, high: float, default: float
) -> None:
    """The design's table of parameters, row by row."""
    spec = {spec.key: spec for spec in specs_of(Technique.ENHANCE)}[key]
    assert (spec.low, spec.high, spec.default) == (low, high, default)
    assert parameters_for(Technique.ENHANCE)[key] == default


@given(spec=specs, value=st.floats(allow_nan=False, width=32))
def test_a_knob_is_clamped_and_always_lands_on_a_value_a_person_could_have_given(
    spec: ParameterSpec, value: float
) -> None:
    clamped = spec.clamped(value)
    assert spec.low <= clamped <= spec.high
    assert spec.checked(clamped) == clamped


@given(spec=specs, value=st.one_of(st.floats(), st.integers(), st.text(), st.none(), st.booleans()))
def test_a_person_gets_a_value_in_range_or_a_refusal_that_names_the_range(
    spec: ParameterSpec, value: object
) -> None:
    try:
        checked = spec.checked(value)
    except ParameterError as error:
        assert f"{spec.low:g}..{spec.high:g}" in str(error)  # noqa: PT017 - either way is right
    else:
        assert spec.low <= checked <= spec.high
        assert isinstance(checked, int) == spec.is_integer


def test_an_unknown_parameter_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ParameterError, match=r"no parameter 'temperature'.*creative_risk"):
        parameters_for(Technique.ENHANCE, {"temperature": 1.0})


def test_not_a_number_is_in_no_range() -> None:
    for spec in PARAMETERS:
        with pytest.raises(ParameterError):
            spec.checked(math.nan)


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
