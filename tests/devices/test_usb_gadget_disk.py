"""The disk on the cable holds the compositions, and is changed as a medium is."""

import errno
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from firmware.devices.fat_image import DiskFile
from firmware.devices.usb_gadget import LUN, bring_up, gadget_steps, identity_of
from firmware.devices.usb_gadget_disk import LABEL, image_name, make_image, put_in
from firmware.errors import DeviceError
from tests.devices.fake_configfs import FakeConfigfs

NAMES = (
    "2025-11-20_14-02-11_ode-to-joy_enhance.mid",
    "2025-11-20_14-05-00_a-melody-with-a-name-of-forty-characters_accompany-2.mid",
    "Größe.mid",
    "short.mid",
    "exactly-13.mi",
)
FILES = [
    DiskFile(name=name, content=name.encode() * 700 * n, modified_s=1_763_647_331 + n)
    for n, name in enumerate(NAMES)
]
needs_mtools = pytest.mark.skipif(
    shutil.which("mcopy") is None, reason="mtools, which reads the disk back, is not installed"
)


def mtools(*arguments: str) -> str:
    done = subprocess.run(
        arguments,
        env={**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout


def contents(image: Path, out: Path) -> dict[str, tuple[bytes, float]]:
    """Content and time of what another reader of FAT finds in the folder of compositions."""
    out.mkdir()
    mtools("mcopy", "-n", "-m", "-s", "-i", str(image), "::Compositions", str(out))
    paths = (out / "Compositions").iterdir()
    return {path.name: (path.read_bytes(), path.stat().st_mtime) for path in paths}


@pytest.fixture
def configfs(tmp_path: Path) -> FakeConfigfs:
    (tmp_path / "usb_gadget").mkdir()
    configfs = FakeConfigfs(tmp_path / "usb_gadget")
    bring_up(configfs, gadget_steps(identity_of("machine"), "udc"))
    return configfs


@needs_mtools
def test_a_computer_finds_every_composition_under_its_whole_name(tmp_path: Path) -> None:
    image = make_image(tmp_path, FILES)
    # FAT counts in steps of two seconds.
    expected = {file.name: (file.content, file.modified_s // 2 * 2) for file in FILES}
    assert contents(image, tmp_path / "out") == expected
    assert LABEL in mtools("mlabel", "-s", "-i", str(image), "::")
    assert "can only be read" in mtools("mtype", "-i", str(image), "::README.TXT")
    assert {path.name for path in tmp_path.iterdir()} == {image.name, "out"}


@needs_mtools
@pytest.mark.parametrize(
    "sizes",
    [[], [0, 1, 2047, 2048, 2049], [3_000] * 700, [2_000_000] * 70],
    ids=["nothing", "at the borders of clusters", "hundreds", "larger clusters"],
)
def test_a_library_of_any_size_fits(tmp_path: Path, sizes: list[int]) -> None:
    """More than the 512 entries of a FAT's first folder, and more than 65,500 of its clusters."""
    files = [
        DiskFile(name=f"{n:04}_{'long-name-' * 3}_enhance.mid", content=bytes([n % 251]) * size)
        for n, size in enumerate(sizes)
    ]
    image = make_image(tmp_path, files)
    found = {name: content for name, (content, _) in contents(image, tmp_path / "out").items()}
    assert found == {file.name: file.content for file in files}


@pytest.mark.skipif(shutil.which("fsck.fat") is None, reason="dosfstools is not installed")
@pytest.mark.parametrize("files", [[], FILES], ids=["empty", "some"])
def test_the_check_of_file_systems_finds_nothing_to_mend(
    tmp_path: Path, files: list[DiskFile]
) -> None:
    mtools("fsck.fat", "-n", str(make_image(tmp_path, files)))


def test_the_same_files_need_no_other_image(tmp_path: Path) -> None:
    image = make_image(tmp_path, FILES)
    made_at_ns = image.stat().st_mtime_ns
    assert make_image(tmp_path, FILES) == image
    assert image.stat().st_mtime_ns == made_at_ns
    one, other = DiskFile(name="a", content=b"bc"), DiskFile(name="ab", content=b"c")
    assert len({image_name([]), image_name([one]), image_name([other])}) == 3


def test_compositions_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    class Endless(bytes):
        def __len__(self) -> int:
            return 2_200_000_000

    with pytest.raises(DeviceError, match="do not fit on a disk of 2 GB"):
        make_image(tmp_path, [DiskFile(name="endless.mid", content=Endless())])
    assert list(tmp_path.iterdir()) == []


def test_another_image_is_put_in_and_the_old_one_thrown_away(
    tmp_path: Path, configfs: FakeConfigfs
) -> None:
    old, new = tmp_path / "disk-old.img", tmp_path / "disk-new.img"
    old.touch()
    assert put_in(configfs, old)
    new.touch()
    assert put_in(configfs, new)
    assert configfs.read(f"{LUN}/file") == str(new)
    assert not old.exists()
    assert not put_in(configfs, new)
    # As the kernel tells it in another sandbox than the one that it was put in from.
    (configfs.root / LUN / "file").write_text("/disk-new.img\n")
    assert not put_in(configfs, new)


def test_a_computer_that_has_mounted_the_disk_sees_the_medium_change(
    tmp_path: Path, configfs: FakeConfigfs
) -> None:
    """It holds the door shut; the disk is ejected by force, as a hand would with a paper clip."""
    old, new = tmp_path / "disk-old.img", tmp_path / "disk-new.img"
    put_in(configfs, old)
    configfs.is_locked = True
    assert put_in(configfs, new)
    assert configfs.read(f"{LUN}/file") == str(new)


def test_a_kernel_that_refuses_keeps_the_old_disk(
    tmp_path: Path, configfs: FakeConfigfs, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "disk-old.img"
    old.touch()
    put_in(configfs, old)

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))

    monkeypatch.setattr(configfs, "write", refuse)
    with pytest.raises(DeviceError, match="was not put in"):
        put_in(configfs, tmp_path / "disk-new.img")
    assert old.exists()
