"""Shipped bundles, and copies of one to damage."""

import shutil
from pathlib import Path

import pytest

from firmware.inference.bundle import shipped_bundles


@pytest.fixture
def bundle_folder(tmp_path: Path) -> Path:
    """A copy of the first shipped bundle."""
    name = "bach-arcnn"
    folder = shipped_bundles()[name]
    return Path(shutil.copytree(folder, tmp_path / name))
