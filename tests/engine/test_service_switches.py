"""SSH is off until somebody switches it on, and off at the panel has the last word."""

from pathlib import Path

import pytest

from firmware.engine.service_switches import SWITCHES_FOLDER, is_ssh_on, switch_ssh
from firmware.errors import LibraryError


def test_it_is_off_until_a_key_or_the_panel_switches_it_on(tmp_path: Path) -> None:
    key = tmp_path / "on"
    assert not is_ssh_on(tmp_path, key_found=key)
    key.touch()
    assert is_ssh_on(tmp_path, key_found=key)
    switch_ssh(tmp_path, on=False)
    assert not is_ssh_on(tmp_path, key_found=key)
    key.unlink()
    switch_ssh(tmp_path, on=True)
    assert is_ssh_on(tmp_path, key_found=key)
    assert [path.name for path in (tmp_path / SWITCHES_FOLDER).iterdir()] == ["ssh-on"]


def test_a_disk_that_refuses_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / SWITCHES_FOLDER).touch()
    with pytest.raises(LibraryError, match="SSH was not switched"):
        switch_ssh(tmp_path, on=True)
