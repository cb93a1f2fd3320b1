"""Bundles are listed, shown, verified and timed, and a damaged one is named."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from firmware.inference.bundle import shipped_bundles
from firmware.inference.runtime import installed_runtimes

if TYPE_CHECKING:
    from tests.cli.conftest import Continuo

NAME = "bach-arcnn"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A bundle in a folder of its own, that may be damaged."""
    return Path(shutil.copytree(shipped_bundles()[NAME], tmp_path / "copy"))


def test_what_is_installed_is_listed(continuo: "Continuo") -> None:
    content = continuo("models", "list", "--json").json
    assert [entry["name"] for entry in content["bundles"]] == sorted(shipped_bundles())
    assert content["unusable"] == []
    assert NAME in continuo("models", "list").out


def test_a_bundle_is_shown_with_its_licences(continuo: "Continuo", copy: Path) -> None:
    content = continuo("models", "show", copy, "--json").json
    (manifest,) = content["bundles"]
    assert manifest["name"] == NAME
    assert all(corpus["licence"] for corpus in manifest["training"]["corpora"])
    assert "trained on" in continuo("models", "show", NAME).out


def test_every_bundle_is_verified_on_every_runtime(continuo: "Continuo") -> None:
    said = continuo("models", "verify", "--json")
    assert said.code == 0
    checks = said.json["checks"]
    assert len(checks) == len(shipped_bundles()) * len(installed_runtimes())
    assert all(check["difference"] <= check["tolerance"] for check in checks)


def test_a_model_that_answers_otherwise_fails(continuo: "Continuo", copy: Path) -> None:
    """Golden arrays that the model does not reproduce, written as a bundle's own are."""
    with np.load(copy / "golden.npz") as golden:
        arrays = {name: golden[name] for name in golden.files}
    wrong = {
        name: values + 1000.0 if name.startswith("output_") else values
        for name, values in arrays.items()
    }
    np.savez(copy / "golden.npz", **wrong)
    for command in (["models", "verify"], ["selftest", "--passes", "1"]):
        said = continuo(*command, copy)
        assert "failed" in said.error
        assert "differs by" in said.out
        assert continuo(*command, copy, "--json").json["error"]


@pytest.mark.parametrize("name", ["model.tflite", "golden.npz"])
def test_a_damaged_file_is_named(continuo: "Continuo", copy: Path, name: str) -> None:
    (copy / name).write_bytes(b"damaged")
    said = continuo("models", "verify", copy, "--json")
    assert said.code == 2
    (check,) = said.json["checks"][:1]
    assert ("hash" if name == "model.tflite" else "golden.npz") in check["problem"]
    assert "failed" in continuo("selftest", copy).error


def test_a_damaged_bundle_is_still_listed(continuo: "Continuo", copy: Path) -> None:
    (copy / "manifest.json").write_text("{")
    said = continuo("models", "list", copy, "--json")
    assert said.code == 0
    assert "not JSON" in said.json["unusable"][0]["problem"]
    assert "not JSON" in continuo("models", "show", copy).error


def test_the_selftest_prints_latency(continuo: "Continuo") -> None:
    said = continuo("selftest", "--passes", "3", "--json")
    assert said.code == 0
    for result in said.json["results"]:
        assert result["problem"] == ""
        assert 0 < result["median_ms"] <= result["p90_ms"] < 10_000
    table = continuo("selftest", "--passes", "1").out
    assert " ms" in table
    assert "ok" in table
