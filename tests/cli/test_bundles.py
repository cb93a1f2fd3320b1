"""Which bundle serves: the one that was asked for, the settings' own, or the device's choice."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from firmware.cli.bundles import bundle_for
from firmware.engine import bundles
from firmware.errors import BundleError
from firmware.inference.manifest import read_manifest
from firmware.parameters import Technique, parameters_for

ENHANCE, EXTEND = parameters_for(Technique.ENHANCE), parameters_for(Technique.EXTEND)


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
    assert bundle_for("", ENHANCE).manifest.name == "toy"
    assert bundle_for("", EXTEND).manifest.name == "going-on"


@pytest.mark.usefixtures("_both_installed")
def test_the_bundle_in_the_settings_is_for_the_technique_that_it_serves(extending: Path) -> None:
    """Who has chosen a model for one technique still has the other."""
    for preferred in ("going-on", str(extending)):
        assert bundle_for("", EXTEND, preferred=preferred).folder == extending
        assert bundle_for("", ENHANCE, preferred=preferred).manifest.name == "toy"
    with pytest.raises(BundleError, match="there is no bundle 'gone'"):
        bundle_for("", ENHANCE, preferred="gone")


@pytest.mark.usefixtures("_both_installed")
def test_a_bundle_that_was_asked_for_must_serve_the_technique() -> None:
    assert bundle_for("toy", ENHANCE, preferred="going-on").manifest.name == "toy"
    with pytest.raises(BundleError, match="toy is for enhance, not for extend"):
        bundle_for("toy", EXTEND)


@pytest.fixture
def _bands_installed(
    bundle: Path, extending: Path, band: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Besides those: one band of two genres, one of a trainer's own, and one for chorales."""
    folders = [bundle, extending, band]
    for name, like, changes in (
        ("polka-band", band, {"serves": {"model": ("unet",), "genre": ("polka",)}}),
        ("large-band", band, {"mmac": 900.0}),
        ("extend-chorale", extending, {"serves": {"style": ("chorale",)}, "mmac": 900.0}),
    ):
        folder = Path(shutil.copytree(like, tmp_path / name))
        manifest = replace(read_manifest(folder / "manifest.json"), name=name, **changes)
        (folder / "manifest.json").write_text(manifest.to_json())
        folders.append(folder)
    installed = {folder.name: folder for folder in folders}
    monkeypatch.setattr(bundles, "shipped_bundles", lambda: installed)


def _chosen(technique: Technique, preferred: str = "", **values: str) -> str:
    parameters = parameters_for(technique, values)
    return bundle_for("", parameters, preferred=preferred).manifest.name


@pytest.mark.usefixtures("_bands_installed")
def test_a_generation_gets_a_bundle_that_serves_its_parameters() -> None:
    """Of two that do, that which asks least of the board."""
    assert _chosen(Technique.ACCOMPANY, genre="rock", model="unet") == "toy-band"
    assert _chosen(Technique.ACCOMPANY, genre="polka", model="unet") == "polka-band"
    assert _chosen(Technique.ACCOMPANY, "large-band", genre="jazz", model="unet") == "large-band"
    assert _chosen(Technique.ACCOMPANY, "large-band", genre="polka", model="unet") == "polka-band"


@pytest.mark.usefixtures("_bands_installed")
def test_a_bundle_that_was_made_for_a_style_goes_before_one_for_all_styles() -> None:
    """However much it asks of the board."""
    assert _chosen(Technique.EXTEND, style="chorale") == "extend-chorale"
    assert _chosen(Technique.EXTEND, style="piano") == "going-on"
    assert bundles.choose_bundle(Technique.EXTEND).name == "going-on", "piano is the default"


@pytest.mark.usefixtures("_bands_installed")
def test_a_genre_that_nothing_serves_is_one_sentence_with_what_is_installed() -> None:
    with pytest.raises(BundleError) as caught:
        _chosen(Technique.ACCOMPANY, genre="waltz", model="unet")
    assert caught.value.message == (
        "no model for accompany is installed that has genre waltz and model unet"
    )
    for words in (
        "make train-genre",
        "toy-band has genre rock, jazz and model unet",
        "polka-band has genre polka and model unet",
    ):
        assert words in caught.value.remedy
    with pytest.raises(BundleError, match="that has genre symphony and model musegan"):
        _chosen(Technique.ACCOMPANY)


@pytest.mark.usefixtures("_bands_installed")
def test_what_is_installed_can_be_turned_to(tmp_path: Path) -> None:
    """A bundle that cannot be read brings nothing, and keeps nobody from the others."""
    assert bundles.installed_values() == {
        "model": ("unet",),
        "genre": ("rock", "jazz", "polka"),
        "style": ("chorale",),
    }
    waltz = Path(shutil.copytree(tmp_path / "polka-band", tmp_path / "waltz-band"))
    text = (waltz / "manifest.json").read_text()
    (waltz / "manifest.json").write_text(text.replace('"polka"', '"waltz"'))
    installed = bundles.installed_values(preferred=str(waltz))
    assert installed["genre"] == ("rock", "jazz", "polka", "waltz")
    assert bundles.installed_values(preferred="gone") == bundles.installed_values()
    (tmp_path / "toy-band" / "manifest.json").write_text("{}")
    (tmp_path / "large-band" / "manifest.json").write_text("{}")
    assert bundles.installed_values()["genre"] == ("polka",)


def test_a_band_without_a_bundle_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "shipped_bundles", dict)
    with pytest.raises(BundleError, match="installed that has genre jazz and model musegan"):
        _chosen(Technique.ACCOMPANY, genre="jazz")


def test_a_technique_without_a_bundle_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "shipped_bundles", dict)
    with pytest.raises(BundleError, match="no model for extend is installed"):
        bundle_for("", EXTEND)
