"""Compositions are listed, shown, exported and deleted from the command line."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from firmware.library.store import Library, read_folder

if TYPE_CHECKING:
    from tests.cli.conftest import Continuo


@pytest.fixture
def name(continuo: "Continuo", bundle: Path, requests: object, library: Library) -> str:
    """A composition in the library, made of the scale of Frère Jacques."""
    assert requests is not None
    said = continuo("generate", "frere-jacques", "--bundle", bundle, "--seed", 3)
    assert said.code == 0, said.err
    return library.list()[0].name


def test_an_empty_library_is_no_error(continuo: "Continuo", library: Library) -> None:
    said = continuo("library", "list")
    assert said == type(said)(code=0, out=f"no composition yet in {library.root}\n", err="")
    assert continuo("library", "list", "--json").json["compositions"] == []


def test_a_composition_is_listed_and_shown(continuo: "Continuo", name: str) -> None:
    (entry,) = continuo("library", "list", "--json").json["compositions"]
    assert (entry["name"], entry["melody"], entry["seed"]) == (name, "Frère Jacques", 3)
    assert name in continuo("library", "list").out
    (shown,) = continuo("library", "show", name, "--json").json["compositions"]
    assert shown["notes"] == {"kept": 32, "added": 32, "removed": 0}
    assert [track["name"] for track in shown["tracks"]] == ["above", "below"]
    assert "kept 32, added 32, removed 0" in continuo("library", "show", name).out


def test_an_unreadable_one_is_listed_with_the_reason(
    continuo: "Continuo", library: Library, name: str
) -> None:
    (library.root / name / "input.mid").unlink()
    assert "unreadable: it has no input.mid" in continuo("library", "list").out
    assert f"{name}: it has no input.mid" in continuo("library", "show", name).error
    assert f"{name}: it has no input.mid" in continuo("library", "export", name).error


def test_an_export_is_a_copy(
    continuo: "Continuo", library: Library, name: str, tmp_path: Path
) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    said = continuo("library", "export", name, "--to", stick)
    assert said.out == f"exported {stick / name}\n"
    assert read_folder(stick / name) == library.load(name)
    assert "there is no folder" in continuo("library", "export", name, "--to", stick / "x").error


def test_a_deleted_one_is_gone(continuo: "Continuo", library: Library, name: str) -> None:
    assert continuo("library", "delete", name, "--json").json == {"deleted": [name]}
    assert library.list() == ()
    assert "there is no composition" in continuo("library", "delete", name).error


def test_a_slip_in_the_last_name_leaves_the_first_alone(
    continuo: "Continuo", library: Library, name: str, tmp_path: Path
) -> None:
    assert "no composition 'slip'" in continuo("library", "delete", name, "slip").error
    assert "no composition 'slip'" in continuo("library", "export", name, "slip").error
    assert [entry.name for entry in library.list()] == [name]
    said = continuo("library", "export", name, name, "--to", tmp_path, "--json")
    assert said.json == {"exported": [str(tmp_path / name)]}
    assert continuo("library", "delete", name, name, "--json").json == {"deleted": [name]}
