"""`make` says what it can do, and what is missing, before it does anything."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

MAKE = shutil.which("make") or ""

pytestmark = pytest.mark.skipif(not MAKE, reason="make is not installed")


def make(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Call make in a folder that has nothing but the Makefile."""
    shutil.copy(ROOT / "Makefile", folder)
    (folder / "pyproject.toml").touch()
    return subprocess.run(
        [MAKE, *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )


def python(folder: Path, script: str) -> Path:
    """A Python of our making."""
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_make_alone_lists_the_commands(tmp_path: Path) -> None:
    done = make(tmp_path)
    assert done.returncode == 0
    commands = (
        "demo",
        "test",
        "check",
        "evaluate",
        "train-genre",
        "hardware",
        "bench",
        "fuzz",
        "deb",
        "system-test",
        "goldens",
        "clean",
        "help",
    )
    for command in commands:
        assert f"  {command} " in done.stdout


def test_an_old_python_is_refused_by_its_version(tmp_path: Path) -> None:
    old = python(tmp_path, 'case "$*" in --version) echo Python 3.9.2;; *) exit 1;; esac')
    done = make(tmp_path, "demo", f"PYTHON={old}")
    assert done.returncode != 0
    assert "needs Python 3.11 or later" in done.stdout
    assert "Python 3.9.2" in done.stdout
    assert "make PYTHON=python3.13" in done.stdout


def test_a_python_without_venv_gets_debians_remedy(tmp_path: Path) -> None:
    """Debian splits venv off into a package of its own."""
    bare = python(tmp_path, f'case "$*" in *ensurepip*) exit 1;; esac\nexec {sys.executable} "$@"')
    done = make(tmp_path, "demo", f"PYTHON={bare}")
    assert done.returncode != 0
    assert "sudo apt install python3-venv" in done.stdout
    assert not (tmp_path / ".venv").exists()


def test_evaluating_without_corpora_says_where_they_come_from(tmp_path: Path) -> None:
    for folder in (".venv", ".venv-dev"):
        (tmp_path / folder).mkdir()
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    (tmp_path / ".venv-dev" / f".continuo-{version}").touch()
    done = make(
        tmp_path, "evaluate", f"PYTHON={sys.executable}", "CORPORA=", "-o", "pyproject.toml"
    )
    assert done.returncode == 2
    assert "training/README.md" in done.stdout


def test_training_a_genre_without_its_name_says_what_it_wants(tmp_path: Path) -> None:
    done = make(tmp_path, "-o", "dev", "train-genre", "NAME=klezmer")
    assert done.returncode != 0
    assert "NAME=klezmer MIDI=folder-of-midi-files" in done.stdout
