"""Keys that releases are signed with, a computer that trusts one, and one that a doctor sees."""

import shutil
import subprocess
from pathlib import Path

import pytest

from firmware.devices.audio import Renderer
from firmware.maintenance import software_checks
from tests.maintenance.machines import Machine
from tests.maintenance.patient import Patient


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two keys; the machine trusts the one called ours."""
    folder = tmp_path_factory.mktemp("keys")
    for name in ("ours", "theirs"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(command, check=True)
    public = (folder / "ours.pub").read_text()
    (folder / "signers").write_text(f"continuo-release {public}")
    return folder


@pytest.fixture
def machine(tmp_path: Path, keys: Path) -> Machine:
    shutil.copy(keys / "signers", tmp_path / "signers")
    return Machine(tmp_path)


@pytest.fixture
def patient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Patient:
    font = Renderer(
        name="fluidsynth", version="", soundfont=Path("/x/TimGM6mb.sf2"), play=lambda *_: None
    )
    monkeypatch.setattr(software_checks, "find_renderer", lambda _: font)
    return Patient(tmp_path)
