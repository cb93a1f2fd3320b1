"""Keys that releases are signed with, and a computer that trusts one of them."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.maintenance.machines import Machine


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
