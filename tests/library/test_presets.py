"""Presets are read back equal, refuse what cannot be, and are never lost by a damaged neighbour."""

import errno
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.errors import LibraryError, ParameterError
from firmware.library.names import PRESETS_FOLDER
from firmware.library.presets import Presets, preset_from_json, preset_to_json
from firmware.library.store import Library
from firmware.parameters import Technique, parameters_for, specs_of

CALM = parameters_for(Technique.ENHANCE, {"creative_risk": 0.5})


@given(technique=st.sampled_from(Technique), positions=st.lists(st.floats(0, 1), min_size=30))
def test_a_preset_is_read_back_equal(technique: Technique, positions: list[float]) -> None:
    given_ = {s.key: s.at(p) for s, p in zip(specs_of(technique), positions, strict=False)}
    parameters = parameters_for(technique, given_)
    assert preset_from_json(preset_to_json(parameters), file="f") == parameters


def test_presets_are_kept_listed_and_deleted(tmp_path: Path) -> None:
    presets = Presets(tmp_path)
    assert presets.list() == ()
    presets.save("Für die Orgel", CALM)
    assert [presets.save_next(CALM) for _ in range(2)] == ["Enhance 1", "Enhance 2"]
    presets.delete("Enhance 1")
    presets.delete("Enhance 1")
    assert [p.name for p in presets.list()] == ["Enhance 2", "Für die Orgel"]
    assert presets.load("Für die Orgel") == CALM
    assert presets.save_next(CALM) == "Enhance 1"
    assert Library(tmp_path).list() == (), "they are no composition"


def test_a_preset_is_renamed_with_its_file(tmp_path: Path) -> None:
    presets = Presets(tmp_path)
    presets.save("a", CALM)
    (tmp_path / PRESETS_FOLDER / "a.json").rename(tmp_path / PRESETS_FOLDER / "b.json")
    assert presets.load("b") == CALM


def test_a_preset_gets_another_name_that_no_other_has(tmp_path: Path) -> None:
    presets = Presets(tmp_path)
    presets.save("a", CALM)
    presets.rename("a", "Für die Orgel")
    presets.rename("Für die Orgel", "Für die Orgel")
    assert [preset.name for preset in presets.list()] == ["Für die Orgel"]
    assert presets.load("Für die Orgel") == CALM
    presets.save("b", CALM)
    with pytest.raises(LibraryError, match="there is a preset 'b' already"):
        presets.rename("Für die Orgel", "b")
    with pytest.raises(LibraryError, match="gone was not renamed"):
        presets.rename("gone", "c")
    with pytest.raises(ParameterError, match="no name of a preset"):
        presets.rename("b", "a/b")
    assert [preset.name for preset in presets.list()] == ["Für die Orgel", "b"]


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../a", "a\n", "x" * 41, ".a", "a ", "\0"])
def test_a_name_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    presets = Presets(tmp_path)
    with pytest.raises(ParameterError, match="no name of a preset"):
        presets.save(name, CALM)
    with pytest.raises(ParameterError, match="no name of a preset"):
        presets.load(name)
    assert list(tmp_path.iterdir()) == []


def test_a_preset_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    presets = Presets(tmp_path)
    with pytest.raises(LibraryError, match="there is no preset 'a'"):
        presets.load("a")
    presets.save("b", CALM)
    with pytest.raises(LibraryError) as caught:
        presets.load("a")
    assert caught.value.remedy == "there are b"


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("format", 2, "another format"),
        ("technique", "dance", "dance"),
        ("parameters", [], "parameters is not an object"),
        ("parameters", {"creative_risk": 99}, "creative_risk must be"),
        ("parameters", {"style": "song"}, "enhance has no parameter 'style'"),
        ("parameters", {"creative_risk": None}, "of a wrong kind"),
    ],
)
def test_a_damaged_preset_says_why_and_the_others_are_there(
    tmp_path: Path, key: str, value: object, said: str
) -> None:
    presets = Presets(tmp_path)
    presets.save("a", CALM)
    presets.save("b", CALM)
    path = tmp_path / PRESETS_FOLDER / "a.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), key: value}))
    damaged, whole = presets.list()
    assert damaged.parameters is None
    assert said in damaged.problem
    assert whole.parameters == CALM
    path.write_bytes(b"\xff")
    assert "not UTF-8" in presets.list()[0].problem


def test_a_full_disk_leaves_the_preset_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    presets = Presets(tmp_path)
    presets.save("a", CALM)

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refuse)
        with pytest.raises(LibraryError, match="no room left"):
            presets.save("a", parameters_for(Technique.EXTEND))
    assert presets.load("a") == CALM
