"""The encoding that training and device share."""

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.music.encoding import (
    ATTACK_HELD,
    ATTACK_STRUCK,
    ATTACK_UNKNOWN,
    CHORALE_ENCODING,
    EncodingSpec,
    encode_planes,
)

OTHER_VALUES: dict[str, Any] = {
    "name": "other",
    "version": 99,
    "beat_resolution": 8,
    "time_steps": 64,
    "lowest_pitch": 35,
    "grid_pitches": 47,
    "voices": ("soprano", "alto", "bass", "tenor"),
    "planes": (("voice", 4), ("masked", 4)),
}


def at_of(plane: str, spec: EncodingSpec = CHORALE_ENCODING) -> slice:
    """Where a group of planes stands, from the table in the specification."""
    at = 0
    for name, width in spec.planes:
        if name == plane:
            return slice(at, at + width)
        at += width
    raise KeyError(plane)


def encode(seed: int, *, first_step: int = 0, steps: int = 16) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    spec = CHORALE_ENCODING
    arguments: dict[str, Any] = {
        "cells": rng.integers(0, spec.grid_pitches, (steps, 4)).astype(np.int16),
        "masked": rng.random((steps, 4)) < 0.5,
        "attacks": rng.integers(-1, 2, (steps, 4)).astype(np.int8),
        "inside": np.arange(steps) < steps - 3,
    }
    planes = encode_planes(**arguments, first_step=first_step)
    return {**arguments, "planes": planes, "rng": rng}


@pytest.mark.parametrize("field", [field.name for field in fields(EncodingSpec)])
def test_the_fingerprint_differs_when_anything_differs(field: str) -> None:
    changed = replace(CHORALE_ENCODING, **{field: OTHER_VALUES[field]})
    assert changed.fingerprint() != CHORALE_ENCODING.fingerprint()


def test_the_fingerprint_of_the_shipped_encoding_is_pinned() -> None:
    """Changing the encoding orphans every bundle: whoever means it changes this line too."""
    assert CHORALE_ENCODING.fingerprint() == "de4027db183b2352"


def test_the_grid_reaches_from_its_lowest_pitch_to_the_one_below_the_rest() -> None:
    spec = CHORALE_ENCODING
    assert (spec.lowest_pitch, spec.highest_pitch, spec.rest) == (36, 82, 47)
    assert spec.plane_count == sum(width for _, width in spec.planes) == 16


@given(seed=st.integers(0, 2**32), first_step=st.integers(0, 1000))
def test_the_planes_say_exactly_what_the_cells_say(seed: int, first_step: int) -> None:
    """Every plane is read back and compared with what went in."""
    made = encode(seed, first_step=first_step)
    planes, masked = made["planes"], made["masked"]
    spec = CHORALE_ENCODING
    assert planes.shape == (16, spec.grid_pitches, spec.plane_count)
    assert planes.dtype == np.float32
    voice = planes[:, :, at_of("voice")]
    assert np.array_equal(voice.sum(axis=1), (~masked).astype(np.float32))
    assert np.array_equal(voice.argmax(axis=1)[~masked], made["cells"][~masked])
    for plane, expected in (("masked", masked), ("attack", made["attacks"])):
        every_pitch = np.repeat(expected[:, None, :], spec.grid_pitches, axis=1)
        assert np.array_equal(planes[:, :, at_of(plane)], every_pitch)
    steps = first_step + np.arange(16)
    for plane, truth in (
        ("beat", steps % 4 == 0),
        ("half_beat", steps % 4 == 2),
        ("inside", made["inside"]),
    ):
        assert np.array_equal(planes[:, 0, at_of(plane)][:, 0], truth)
        assert np.ptp(planes[:, :, at_of(plane)], axis=1).max() == 0
    height = planes[:, :, at_of("height")][:, :, 0]
    assert height[0, 0] == 0.0
    assert height[0, -1] == 1.0
    assert (np.diff(height, axis=1) > 0).all()


@given(seed=st.integers(0, 2**32))
def test_what_stands_in_a_masked_cell_cannot_be_seen(seed: int) -> None:
    """Else a model would learn to copy the answer."""
    made = encode(seed)
    hidden = made["cells"].copy()
    hidden[made["masked"]] = made["rng"].integers(0, 48, int(made["masked"].sum()))
    again = encode_planes(
        hidden, made["masked"], made["attacks"], first_step=0, inside=made["inside"]
    )
    assert np.array_equal(again, made["planes"])


def test_the_words_for_attacks_are_signs() -> None:
    assert (ATTACK_STRUCK, ATTACK_UNKNOWN, ATTACK_HELD) == (1, 0, -1)
