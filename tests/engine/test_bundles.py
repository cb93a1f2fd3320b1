"""Bundles are found by name and by folder, and what is neither is one sentence."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from firmware.engine import crew
from firmware.engine.bundles import find_bundle
from firmware.errors import BundleError
from firmware.music.notes import Melody
from firmware.parameters import Parameters, Technique

if TYPE_CHECKING:
    from tests.engine.conftest import MakeInstrument


def test_any_folder_with_a_manifest_is_a_bundle(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    assert find_bundle(str(tmp_path)) == tmp_path


@pytest.mark.parametrize(
    "text",
    ["nothing", "long" * 100, "far/" * 2000, "a\0b", "\udc80", " "],
    ids=["missing", "name too long", "path too long", "NUL", "no text", "blank"],
)
def test_a_name_that_nothing_has_or_can_have_is_one_short_sentence(text: str) -> None:
    with pytest.raises(BundleError, match="there is no bundle") as caught:
        find_bundle(text)
    assert len(caught.value.message) < 160
    assert caught.value.remedy.startswith("installed: ")


def test_an_installed_genre_is_turned_to_and_its_bundle_is_asked_for(
    make_instrument: "MakeInstrument", melody: Melody, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The knob finds what is installed, and the generation gets the bundle of its parameters."""
    monkeypatch.setattr(crew, "installed_values", lambda **_: {"genre": ("polka",)})
    rehearsal = make_instrument(technique=Technique.ACCOMPANY)
    instrument = rehearsal.engine.instrument
    asked: list[Parameters] = []
    choose = instrument._outside.choose_bundle

    def asking(parameters: Parameters) -> Path:
        asked.append(parameters)
        return choose(parameters)

    outside = replace(instrument._outside, choose_bundle=asking)
    monkeypatch.setattr(instrument, "_outside", outside)
    rehearsal.open_page("Parameters")
    rehearsal.change("Genre", 99)
    rehearsal.record(melody)
    rehearsal.generate()
    assert [parameters["genre"] for parameters in asked] == ["polka"]
    take = instrument.takes.current
    assert take is not None
    assert take.record is not None
    assert take.record.parameters["genre"] == "polka"
