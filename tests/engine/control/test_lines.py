"""Whatever is sent, a request is read or refused with a sentence; nothing else ever comes of it."""

import json
from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from firmware.engine.control.facts import changed_settings, parameters
from firmware.engine.control.lines import (
    MAX_LINE_BYTES,
    REQUESTS,
    answer_line,
    progress_line,
    read_answer,
    read_request,
    refusal_line,
    request_line,
)
from firmware.errors import ControlError, ParameterError
from firmware.panel.settings import Settings
from firmware.parameters import PARAMETERS, Technique

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from([spec.key for spec in PARAMETERS] + ["technique", "tempo_bpm", "x"])


@given(st.binary(max_size=200))
def test_bytes_are_a_request_or_refused(line: bytes) -> None:
    with suppress(ControlError):
        assert read_request(line).name in REQUESTS


@given(
    st.fixed_dictionaries(
        {"version": st.just(1) | VALUES, "request": st.sampled_from([*REQUESTS]) | VALUES},
        optional=dict.fromkeys(
            ("technique", "values", "melody", "first", "lines", "other"), VALUES
        ),
    )
)
def test_an_object_is_a_request_or_refused(content: dict[str, Any]) -> None:
    with suppress(ControlError):
        request = read_request(json.dumps(content).encode())
        takes = REQUESTS[request.name]
        assert all(type(value) in takes[key] for key, value in request.arguments.items())


@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_values_are_set_or_refused_and_stay_in_their_ranges(values: dict[str, Any]) -> None:
    with suppress(ParameterError):
        settings = changed_settings(Settings(), values)
        for technique in Technique:
            parameters(settings, technique)  # checks each value
        assert 40 <= settings.tempo_bpm <= 220


@given(st.sampled_from([*REQUESTS]), st.dictionaries(st.text(), VALUES, max_size=3))
def test_what_is_written_is_read_back(name: str, content: dict[str, Any]) -> None:
    assert read_request(request_line(name, {})).name == name
    known = {"version", "ok", "progress", "error", "remedy"}
    content = {key: value for key, value in content.items() if key not in known}
    answer = read_answer(answer_line(content))
    assert answer.pop("ok") is True
    assert json.dumps(answer) == json.dumps(content), "which tells one NaN from another not"
    assert read_answer(progress_line({"done": 1}))["progress"] == {"done": 1}


@given(st.text(), st.text())
def test_a_refusal_is_always_short_enough(error: str, remedy: str) -> None:
    line = refusal_line(ControlError(error * 5000, remedy=remedy * 5000))
    assert len(line) <= MAX_LINE_BYTES
    assert read_answer(line)["ok"] is False
