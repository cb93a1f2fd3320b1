"""Releases are made, installed and settled from the command line."""

import itertools
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from firmware.cli import update as command
from firmware.maintenance.probe import Said, run_program
from firmware.maintenance.releases import NOTE, Releases
from firmware.maintenance.update import Around
from firmware.maintenance.update_states import Event, State

if TYPE_CHECKING:
    from tests.cli.conftest import Continuo

pytestmark = pytest.mark.skipif(
    shutil.which("ssh-keygen") is None, reason="releases are signed by OpenSSH's ssh-keygen"
)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a machine's releases, whose instrument is always well."""

    def run(*words: str, **more: Any) -> Said | None:
        if words[0].startswith("systemd") or words[0] == "systemctl":
            return Said(code=0, text="")
        return run_program(*words, **more)

    around = Around(
        releases=tmp_path / "releases",
        signers=tmp_path / "signers",
        run=run,
        status=lambda: {"continuo": "9.1.0", "uptime_s": 12, "is_safe": False},
        now_s=itertools.count(0.0, 10.0).__next__,
        wait=lambda _: None,
    )
    monkeypatch.setattr(command, "around_of", lambda _: around)
    return tmp_path / "releases"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A key that the machine trusts."""
    words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "key")]
    subprocess.run(words, check=True)
    public = (tmp_path / "key.pub").read_text()
    (tmp_path / "signers").write_text(f"continuo-release {public}")
    return tmp_path / "key"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A release that is not signed yet."""
    program = tmp_path / "new" / "files" / "bin" / "continuo"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\necho continuo 9.1.0\n")
    program.chmod(0o755)
    return tmp_path / "new"


def test_a_release_is_signed_and_installed(
    continuo: "Continuo", machine: Path, key: Path, folder: Path
) -> None:
    assert "is no release" in continuo("update", folder).error
    said = continuo("update", folder, "--sign", key, "--version", "9.1.0")
    assert said.out == "signed 1 files as 9.1.0\n"
    assert continuo("update", folder, "--json").json["version"] == "9.1.0"
    assert (machine / "current" / "bin" / "continuo").is_file()
    again = continuo("update", folder)
    assert "9.1.0 is what runs already" in again.error


def test_a_key_that_does_not_sign_is_one_sentence(
    continuo: "Continuo", folder: Path, key: Path, tmp_path: Path
) -> None:
    assert key.is_file()
    words = ("update", folder, "--version", "9.1.0", "--sign")
    assert "none does not sign" in continuo(*words, tmp_path / "none").error
    assert "has no files/bin/continuo" in (
        continuo("update", tmp_path, "--version", "9.1.0", "--sign", key).error
    )
    assert "is no version" in continuo("update", folder, "--version", "x", "--sign", key).error


def test_a_trial_in_the_middle_is_settled(continuo: "Continuo", machine: Path) -> None:
    assert continuo("update", "--settle").out == "all is settled\n"
    with Releases(machine) as releases:
        releases.happen(Event.STAGED, "9.1.0")
        assert releases.state is State.TRYING
    assert continuo("update", "--settle", "--json").json == {"taken_back": True}
    assert not (machine / NOTE).exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "update wants a folder"),
        (["x", "--version", "1.0"], "--version is for --sign"),
        (["x", "--sign", "y"], "--sign wants --version"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(
    continuo: "Continuo", words: list[str], said: str
) -> None:
    assert said in continuo("update", *words).error
