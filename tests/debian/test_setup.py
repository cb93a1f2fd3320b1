"""What the package does to a machine once: boot settings, SSH as it finds it, the maker's key."""

import importlib.util
import shutil
import subprocess
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

import pytest

from firmware.devices.board_file import load_board, shipped_boards
from hardware.boot import config_txt

SETUP = Path(__file__).parents[2] / "systemd" / "setup"
PI_OS = """\
# For more options and information see http://rptl.io/configtxt
dtparam=audio=on
camera_auto_detect=1
dtparam=i2c_arm=off  # no bus
[cm5]
dtoverlay=dwc2,dr_mode=host

[all]
"""
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJmz0Lp7wP0pV6bQ7e1cZq3sG8cB7sN9m1xg0mJ6sW2k"


@pytest.fixture(scope="module")
def boot_settings() -> Any:
    """The script as a module."""
    loader = SourceFileLoader("boot_settings", str(SETUP / "boot-settings"))
    spec = importlib.util.spec_from_loader("boot_settings", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def config(root: Path, text: str = PI_OS) -> Path:
    path = root / "boot/firmware/config.txt"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return path


def counting(text: str, model: str) -> dict[str, str]:
    """What counts for a model of Pi: the last line of each setting under a filter that fits."""
    settings: dict[str, str] = {}
    section = "all"
    for line in text.splitlines():
        words = line.partition("#")[0].strip()
        if words.startswith("["):
            section = words.strip("[]")
        elif words and section in ("all", model):
            key, _, value = words.partition("=")
            name, _, more = value.partition("=") if key == "dtparam" else value.partition(",")
            settings[name] = more
    return settings


@pytest.mark.parametrize(
    ("model", "role"),
    [("pi4", "dr_mode=peripheral"), ("pi5", "dr_mode=peripheral"), ("pi02", "dr_mode=otg")],
)
def test_every_pi_gets_its_buses_and_its_role_on_the_cable(
    tmp_path: Path, boot_settings: Any, model: str, role: str
) -> None:
    path = config(tmp_path)
    assert boot_settings.main(tmp_path) == boot_settings.CHANGED
    found = counting(path.read_text(), model)
    assert found["i2c_arm"] == "on"
    assert found["i2c_arm_baudrate"] == "400000"
    assert found["dwc2"] == role
    assert counting(path.read_text(), "pi3").get("dwc2") is None


def test_spi_and_sound_are_left_to_the_board(tmp_path: Path, boot_settings: Any) -> None:
    path = config(tmp_path)
    boot_settings.main(tmp_path)
    found = counting(path.read_text(), "pi4")
    assert found["audio"] == "on", "as the maker has it"
    assert "spi" not in found


@pytest.mark.parametrize("board", shipped_boards())
def test_nothing_that_a_board_asks_for_overrules_the_package(
    tmp_path: Path, boot_settings: Any, board: str
) -> None:
    path = config(tmp_path)
    boot_settings.main(tmp_path)
    package = path.read_text()
    both = counting(package + config_txt(load_board(board)), "pi4")
    ours = counting(package.partition(boot_settings.BEGIN)[2], "pi4")
    assert ours.keys() == {"i2c_arm", "i2c_arm_baudrate", "dwc2"}
    assert ours.items() <= both.items()
    assert (both["spi"], both["audio"]) == ("off", "off")


def test_it_is_done_once_reported_and_can_be_undone(
    tmp_path: Path, boot_settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    path = config(tmp_path)
    boot_settings.main(tmp_path)
    said = capsys.readouterr().out
    for line in ("dtparam=i2c_arm=on", "dtoverlay=dwc2,dr_mode=peripheral"):
        assert line in said
    assert "dtparam=i2c_arm=off does not count any more" in said
    assert "audio=on does not count" not in said
    after = path.read_text()
    assert after.startswith(PI_OS.rstrip())
    assert path.with_name("config.txt.before-continuo").read_text() == PI_OS
    assert boot_settings.main(tmp_path) == 0
    assert path.read_text() == after
    assert {p.name for p in path.parent.iterdir()} == {"config.txt", "config.txt.before-continuo"}


@pytest.mark.parametrize(
    "before",
    [
        PI_OS.rstrip().encode(),
        PI_OS.replace("\n", "\r\n").encode(),
        PI_OS.encode() + "# für das Gerät\n".encode("latin-1"),
        b"",
    ],
    ids=["no last newline", "from Windows", "no UTF-8", "empty"],
)
def test_every_byte_of_the_makers_stays(tmp_path: Path, boot_settings: Any, before: bytes) -> None:
    path = config(tmp_path)
    path.write_bytes(before)
    assert boot_settings.main(tmp_path) == boot_settings.CHANGED
    after = path.read_bytes()
    assert after.startswith(before.rstrip())
    assert path.with_name("config.txt.before-continuo").read_bytes() == before
    end = b"\r\n" if b"\r\n" in before else b"\n"
    assert after.count(b"\n") == after.count(end)
    assert after.count(b"\r") == (after.count(end) if end == b"\r\n" else 0)
    assert end + b"dtparam=i2c_arm_baudrate=400000" + end in after
    assert boot_settings.main(tmp_path) == 0
    assert path.read_bytes() == after


def test_another_computer_has_no_boot_settings(
    tmp_path: Path, boot_settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert boot_settings.main(tmp_path) == 0
    assert "no boot setting was changed" in capsys.readouterr().out


def adopt(root: Path) -> str:
    done = subprocess.run(
        ["sh", SETUP / "adopt-ssh", root],  # noqa: S607
        capture_output=True,
        text=True,
        check=True,
        timeout=10,
    )
    return done.stdout


def enable_ssh(root: Path) -> None:
    wants = root / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir(parents=True)
    (wants / "ssh.service").symlink_to("/lib/systemd/system/ssh.service")


def test_a_maker_who_has_ssh_with_a_key_keeps_it(tmp_path: Path) -> None:
    enable_ssh(tmp_path)
    keys = tmp_path / "home/ada/.ssh/authorized_keys"
    keys.parent.mkdir(parents=True)
    keys.write_text(KEY)
    assert "SSH stays on" in adopt(tmp_path)
    assert (tmp_path / "var/lib/continuo/.switches/ssh-on").is_file()


def test_a_maker_who_has_ssh_with_a_password_is_told_before_it_ends(tmp_path: Path) -> None:
    enable_ssh(tmp_path)
    (tmp_path / "home/ada").mkdir(parents=True)
    assert "SSH is off from the next restart on" in adopt(tmp_path)
    assert not (tmp_path / "var").exists()


def test_where_ssh_was_off_it_stays_off_without_a_word(tmp_path: Path) -> None:
    assert adopt(tmp_path) == ""
    assert list(tmp_path.iterdir()) == []


def take(source: Path, target: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["sh", SETUP / "take-key", source, target],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
        timeout=10,
    )


needs_ssh = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="no ssh-keygen")


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """A private key, with the public one beside it."""
    path = tmp_path / "key"
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ada", "-f", path],  # noqa: S607
        check=True,
        timeout=20,
    )
    return path


@needs_ssh
def test_a_public_key_is_taken_over(tmp_path: Path, pair: Path) -> None:
    public = pair.with_suffix(".pub")
    assert take(public, tmp_path / "maker").returncode == 0
    assert (tmp_path / "maker").read_text() == public.read_text()


@needs_ssh
@pytest.mark.parametrize("kind", ["private", "text", "options", "empty"])
def test_anything_else_is_refused_and_leaves_the_key_before(
    tmp_path: Path, pair: Path, kind: str
) -> None:
    public = pair.with_suffix(".pub").read_text()
    content = {
        "private": pair.read_text(),
        "text": "my key\n",
        "options": f'command="/bin/rm" {public}',
        "empty": "",
    }[kind]
    (tmp_path / "given").write_text(content)
    (tmp_path / "maker").write_text("the key before")
    done = take(tmp_path / "given", tmp_path / "maker")
    assert done.returncode == 1
    assert "given" in done.stderr
    assert ("is a private key" in done.stderr) == (kind == "private")
    assert (tmp_path / "maker").read_text() == "the key before"
    assert not (tmp_path / "maker.new").exists()
