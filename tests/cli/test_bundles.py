"""Which bundle serves: the one that was asked for, the settings' own, or the device's choice."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from firmware.cli.bundles import bundle_for
from firmware.engine import bundles
from firmware.errors import BundleError
from firmware.inference.manifest import read_manifest
from firmware.parameters import Technique


@pytest.fixture
def extending(bundle: Path, tmp_path: Path) -> Path:
    """Another bundle, which serves extend."""
    folder = Path(shutil.copytree(bundle, tmp_path / "going-on"))
    manifest = read_manifest(folder / "manifest.json")
    manifest = replace(manifest, name="going-on", technique=Technique.EXTEND)
    (folder / "manifest.json").write_text(manifest.to_json())
    return folder


@pytest.fixture
def _both_installed(bundle: Path, extending: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = {folder.name: folder for folder in (bundle, extending)}
    monkeypatch.setattr(bundles, "shipped_bundles", lambda: installed)


@pytest.mark.usefixtures("_both_installed")
def test_each_technique_has_a_bundle_of_its_own() -> None:
    assert bundle_for("", Technique.ENHANCE).manifest.name == "toy"
    assert bundle_for("", Technique.EXTEND).manifest.name == "going-on"


@pytest.mark.usefixtures("_both_installed")
def test_the_bundle_in_the_settings_is_for_the_technique_that_it_serves(extending: Path) -> None:
    """Who has chosen a model for one technique still has the other."""
    for preferred in ("going-on", str(extending)):
        assert bundle_for("", Technique.EXTEND, preferred=preferred).folder == extending
        assert bundle_for("", Technique.ENHANCE, preferred=preferred).manifest.name == "toy"
    with pytest.raises(BundleError, match="there is no bundle 'gone'"):
        bundle_for("", Technique.ENHANCE, preferred="gone")


@pytest.mark.usefixtures("_both_installed")
def test_a_bundle_that_was_asked_for_must_serve_the_technique() -> None:
    assert bundle_for("toy", Technique.ENHANCE, preferred="going-on").manifest.name == "toy"
    with pytest.raises(BundleError, match="toy is for enhance, not for extend"):
        bundle_for("toy", Technique.EXTEND)


def test_a_technique_without_a_bundle_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "shipped_bundles", dict)
    with pytest.raises(BundleError, match="no model for extend is installed"):
        bundle_for("", Technique.EXTEND)
