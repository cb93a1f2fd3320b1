"""Backups and models are kept, brought back, installed and removed from the command line."""

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

import numpy as np
import pytest

from firmware.cli import COMMANDS
from firmware.engine.bundles import choose_bundle
from firmware.inference.bundle import shipped_bundles
from firmware.inference.manifest import read_manifest
from firmware.library.store import Library
from firmware.parameters import Technique

if TYPE_CHECKING:
    from tests.cli.conftest import Continuo


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A bundle of one's own: the smallest that ships, under another name."""
    folder = Path(shutil.copytree(shipped_bundles()["bach-arcnn"], tmp_path / "brought"))
    manifest = replace(read_manifest(folder / "manifest.json"), name="my-own", mmac=0.1)
    (folder / "manifest.json").write_text(manifest.to_json())
    return folder


def test_a_backup_is_written_and_brought_back(
    continuo: "Continuo", library: Library, tmp_path: Path
) -> None:
    melodies = library.root / "melodies"
    melodies.mkdir(parents=True)
    (melodies / "mine.mid").write_bytes(b"MThd")
    said = continuo("backup", tmp_path / "b.zip", "--json")
    assert said.json["files"] == 1
    assert said.err == "", "it was quick, and needed no bar"
    (melodies / "mine.mid").unlink()
    assert "restored 1 files" in continuo("restore", tmp_path / "b.zip").out
    assert (melodies / "mine.mid").read_bytes() == b"MThd"
    assert "is there already" in continuo("backup", tmp_path / "b.zip").error
    (tmp_path / "c.zip").write_bytes((tmp_path / "b.zip").read_bytes()[:-30])
    assert "is no zip archive, or the end of it is missing" in (
        continuo("restore", tmp_path / "c.zip").error
    )
    assert "cannot be read: No such file" in continuo("restore", tmp_path / "none.zip").error


def test_a_backup_without_a_name_carries_the_day(
    continuo: "Continuo", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    name = continuo("backup", "--json").json["file"]
    assert name.startswith("continuo-20")
    assert (tmp_path / name).is_file()


@pytest.mark.parametrize("form", ["folder", "archive", "archive of the folder"])
def test_a_model_is_installed_used_and_removed(
    continuo: "Continuo", library: Library, mine: Path, tmp_path: Path, form: str
) -> None:
    source = mine
    if form != "folder":
        source, prefix = tmp_path / "x.zip", "brought/" if "folder" in form else ""
        with ZipFile(source, "w") as archive:
            for path in mine.iterdir():
                archive.write(path, f"{prefix}{path.name}")
            archive.writestr(f"{prefix}README", "read me")
    own = library.root / "models"
    assert "installed my-own for enhance" in continuo("models", "install", source).out
    assert sorted(p.name for p in own.iterdir()) == ["my-own"]
    assert sorted(p.name for p in (own / "my-own").iterdir()) == [
        "golden.npz",
        "manifest.json",
        "model.tflite",
    ]
    assert choose_bundle(Technique.ENHANCE, own=own) == own / "my-own"
    assert "my-own" in continuo("models", "list").out
    assert continuo("models", "show", "my-own").code == 0
    assert "is installed already" in continuo("models", "install", source).error
    assert continuo("models", "remove", "my-own").out == "removed my-own\n"
    assert list(own.iterdir()) == []
    assert "no model 'my-own' was installed" in continuo("models", "remove", "my-own").error


def test_a_model_that_does_not_verify_is_refused_and_leaves_nothing(
    continuo: "Continuo", library: Library, mine: Path, tmp_path: Path
) -> None:
    """Golden arrays that it does not reproduce; a wrong hash; a name that leads elsewhere; none."""
    manifest = read_manifest(mine / "manifest.json")
    golden = (mine / "golden.npz").read_bytes()
    with np.load(mine / "golden.npz") as arrays:
        changed = {n: v + 1000.0 if n.startswith("output_") else v for n, v in arrays.items()}
    np.savez(mine / "golden.npz", **changed)
    assert "differs by" in continuo("models", "install", mine).error
    (mine / "golden.npz").write_bytes(golden)
    changes: tuple[tuple[dict[str, Any], str], ...] = (
        ({"sha256": "0" * 64}, "its manifest says 000000000000"),
        ({"name": "../evil"}, "a model cannot be called '../evil'"),
        ({"fingerprint": "0"}, "was trained for encoding 0"),
    )
    for change, said in changes:
        (mine / "manifest.json").write_text(replace(manifest, **change).to_json())
        assert said in continuo("models", "install", mine).error
    (mine / "manifest.json").unlink()
    assert "has no manifest.json that can be read" in continuo("models", "install", mine).error
    with ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("README", "nothing here")
    assert "has 0 bundles in it" in continuo("models", "install", tmp_path / "x.zip").error
    assert "cannot be read" in continuo("models", "install", tmp_path / "none").error
    assert "install wants a bundle" in continuo("models", "install").error
    assert "was installed" in continuo("models", "remove", "../brought").error
    assert "(those that ship with Continuo stay)" in continuo("models", "remove", "bach-arcnn").err
    own = library.root / "models"
    assert not own.exists() or list(own.iterdir()) == []


def test_an_installed_model_that_an_update_made_unreadable_keeps_nobody_from_the_others(
    continuo: "Continuo", library: Library
) -> None:
    own = library.root / "models"
    (own / "old").mkdir(parents=True)
    (own / "old" / "manifest.json").write_text('{"schema": 1}')
    assert choose_bundle(Technique.ENHANCE, own=own) == shipped_bundles()["bach-arcnn"]
    said = continuo("models", "list", "--json").json
    assert [entry["folder"] for entry in said["unusable"]] == [str(own / "old")]


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion_knows_every_command_and_its_options(continuo: "Continuo", shell: str) -> None:
    script = continuo("completion", shell).out
    for command in COMMANDS:
        assert f"{command}" in script
    for option in ("--without-settings", "--transpose", "--passes", "--only", "--models"):
        assert option in script
    assert continuo("completion", shell, "--json").json["script"].splitlines() == (
        script.splitlines()
    )


@pytest.mark.skipif(not os.path.exists("/bin/bash"), reason="this system has no bash")
@pytest.mark.parametrize(
    ("typed", "offered"),
    [("", set(COMMANDS)), ("mo", {"models"}), ("models in", {"install"}), ("re", {"render"})],
)
def test_bash_completes_what_is_typed(
    continuo: "Continuo", tmp_path: Path, typed: str, offered: set[str]
) -> None:
    """The script as bash runs it, not as it reads."""
    (tmp_path / "script").write_text(continuo("completion", "bash").out)
    words = f"continuo {typed}".split(" ")
    asks = (
        f"source {tmp_path}/script; COMP_WORDS=({' '.join(words[:-1])} '{words[-1]}'); "
        f"COMP_CWORD={len(words) - 1}; _shtab_continuo; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    )
    found = subprocess.run(
        ["/bin/bash", "--norc", "-c", asks], capture_output=True, text=True, check=True
    )
    assert offered <= {line.strip() for line in found.stdout.splitlines()}
