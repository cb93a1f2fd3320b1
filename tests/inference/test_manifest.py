"""What a manifest must say, and how it refuses."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from firmware.errors import BundleSchemaError
from firmware.inference.manifest import Manifest, read_manifest

SHAPES: list[Any] = [[1, -128], [1, 0], [1, 2.5], [float("inf")], [10**30], "1234", 5, [True]]


@pytest.fixture
def raw(bundle_folder: Path) -> dict[str, Any]:
    """A good manifest as JSON values."""
    values: dict[str, Any] = json.loads((bundle_folder / "manifest.json").read_text())
    return values


def test_a_manifest_survives_the_round_trip(raw: dict[str, Any]) -> None:
    manifest = Manifest.from_json(json.dumps(raw))
    assert Manifest.from_json(manifest.to_json()) == manifest
    assert json.loads(manifest.to_json()) == {**raw, "habits": {}}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "not a JSON object"),
        ("{}", "schema None"),
        ('{"schema": 99}', "schema 99"),
        ('{"schema": 2}', "schema 2"),
        ('{"schema": 3}', "incomplete"),
    ],
)
def test_what_is_no_manifest_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(BundleSchemaError, match=words):
        Manifest.from_json(text)


@pytest.mark.parametrize(
    "path",
    [
        (),
        ("training",),
        ("signatures", 0),
        ("signatures", 0, "inputs", 0),
        ("training", "corpora", 0),
    ],
)
def test_an_unknown_field_is_refused_by_name(
    raw: dict[str, Any], path: tuple[str | int, ...]
) -> None:
    place: Any = raw
    for key in path:
        place = place[key]
    place["colour"] = "blue"
    with pytest.raises(BundleSchemaError, match="colour"):
        Manifest.from_json(json.dumps(raw))


def test_a_missing_field_and_an_impossible_value_are_refused(raw: dict[str, Any]) -> None:
    (signature,) = raw["signatures"]
    changes: list[dict[str, Any]] = [
        {"technique": "levitate"},
        {"signatures": [{}]},
        {"training": None},
        {"schema": True},
        {"name": 5},
        {"name": "two\nlines"},
        {"technique": []},
        {"encoding": []},
        {"sha256": None},
        {"parameters": "many"},
        {"mmac": "much"},
        {"mmac": float("nan")},
        {"golden_tolerance": "some"},
        {"golden_tolerance": float("inf")},
        {"golden_tolerance": -1.0},
        {"quality": 5},
        {"quality": {"loss": float("nan")}},
        {"training": raw["training"] | {"steps": "x"}},
        {"training": raw["training"] | {"corpora": ["x"]}},
        {"serves": ["genre"]},
        {"serves": {"ensemble": "choir"}},
        {"serves": {"ensemble": []}},
        {"serves": {"ensemble": ["choir", "choir"]}},
        {"serves": {"ensemble": ["Choir"]}},
        {"serves": {"ensemble": ["kazoo"]}},
        {"serves": {"genre": ["rock"]}},
        *(
            {"signatures": [signature | {"inputs": [signature["inputs"][0] | damage]}]}
            for damage in (
                *({"shape": shape} for shape in SHAPES),
                {"scale": float("nan")},
                {"scale": "x"},
                {"name": []},
            )
        ),
    ]
    for change in changes:
        with pytest.raises(BundleSchemaError, match=r"incomplete or wrong|has schema True"):
            Manifest.from_json(json.dumps(raw | change))
    del raw["sha256"]
    with pytest.raises(BundleSchemaError, match="sha256"):
        Manifest.from_json(json.dumps(raw))


def test_a_folder_without_a_manifest_is_refused_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(BundleSchemaError, match=r"no readable manifest.*golden\.npz"):
        read_manifest(tmp_path / "manifest.json")
    (tmp_path / "manifest.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BundleSchemaError, match="no readable manifest"):
        read_manifest(tmp_path / "manifest.json")


def test_a_pipe_is_no_manifest_and_keeps_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "manifest.json")
    with pytest.raises(BundleSchemaError, match="no readable manifest"):
        read_manifest(tmp_path / "manifest.json")
