"""No archive, whatever it says of itself, writes anywhere or anything that it must not."""

import os
import random
import stat
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZipFile, ZipInfo

import pytest

from firmware.errors import ArchiveError
from firmware.library.archive import Archive, ArchiveLimits

MIB = 1024 * 1024


def unpack(path: Path, target: Path, limits: ArchiveLimits | None = None) -> None:
    """What every user of archives does with them."""
    with Archive(path, limits) as archive:
        for name in archive.entries:
            place = target / name
            place.parent.mkdir(parents=True, exist_ok=True)
            archive.unpack(name, place)


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "deep" / "target"
    folder.mkdir(parents=True)
    return folder


def everything(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


def test_plain_files_come_out_as_they_went_in(tmp_path: Path, target: Path) -> None:
    files = {"a.txt": b"", "b/c.bin": bytes(range(256)) * 5000, "b/\N{SNOWMAN}.mid": b"MThd"}
    unpack(zipped(tmp_path / "x.zip", files), target)
    found = {p.relative_to(target).as_posix(): p.read_bytes() for p in target.rglob("*.*")}
    assert found == files


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "a/../../evil",
        "/evil",
        "//evil",
        "a//b",
        "./a",
        "a/./b",
        "..",
        ".",
        "a\\..\\..\\evil",
        "C:\\evil",
        "a\nb",
        "a\x7f",
        "x" * 500,
        "a/b/c/d/e/f/g",
    ],
)
def test_a_name_that_leads_elsewhere_is_refused_before_anything_is_written(
    tmp_path: Path, target: Path, name: str
) -> None:
    path = zipped(tmp_path / "x.zip", {"good": b"good", name: b"evil"})
    before = everything(tmp_path)
    with pytest.raises(ArchiveError, match="leads out of its folder or nowhere"):
        unpack(path, target)
    assert everything(tmp_path) == before


def test_a_name_with_a_nul_in_it_is_refused(tmp_path: Path, target: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"good!evil": b""})
    path.write_bytes(path.read_bytes().replace(b"good!evil", b"good\0evil"))
    with pytest.raises(ArchiveError, match="leads out of its folder"):
        unpack(path, target)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO, stat.S_IFSOCK])
def test_what_is_no_plain_file_is_refused(tmp_path: Path, target: Path, kind: int) -> None:
    info = ZipInfo("link")
    info.external_attr = (kind | 0o777) << 16
    with ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(ArchiveError, match="is a link or a device"):
        unpack(tmp_path / "x.zip", target)


def test_a_file_that_is_there_is_never_replaced(tmp_path: Path, target: Path) -> None:
    (target / "a").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        unpack(zipped(tmp_path / "x.zip", {"a": b"evil"}), target)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_is_there_twice_is_refused(tmp_path: Path, target: Path) -> None:
    with ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a", "one")
        archive.writestr("a", "two")
    with pytest.raises(ArchiveError, match="has 'a' twice"):
        unpack(tmp_path / "x.zip", target)


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (ArchiveLimits(entries=1), "more than 1 files"),
        (ArchiveLimits(entry_bytes=MIB), "larger than any file can be"),
        (ArchiveLimits(total_bytes=MIB), "would unpack to 2 MB"),
        (ArchiveLimits(free_bytes=MIB), "would unpack to 2 MB"),
    ],
    ids=["entries", "entry", "total", "ratio"],
)
def test_a_bomb_is_refused_by_what_it_says(
    tmp_path: Path, target: Path, limits: ArchiveLimits, said: str
) -> None:
    path = zipped(tmp_path / "x.zip", {"a": bytes(2 * MIB), "b": b""})
    unpack(path, target)
    with pytest.raises(ArchiveError, match=said):
        unpack(path, tmp_path, limits)


@pytest.mark.parametrize("claimed", [10, 3 * MIB], ids=["less than it is", "more than it is"])
def test_a_file_that_is_not_as_long_as_it_says_is_refused(
    tmp_path: Path, target: Path, claimed: int
) -> None:
    """The length in the list of files is another one than that of the data."""
    path = zipped(tmp_path / "x.zip", {"a": bytes(2 * MIB)})
    content = bytearray(path.read_bytes())
    entry = content.index(b"PK\1\2")
    struct.pack_into("<L", content, entry + 24, claimed)
    path.write_bytes(content)
    with pytest.raises(ArchiveError, match="is damaged"):
        unpack(path, target)
    assert (target / "a").stat().st_size <= 2 * MIB


def test_a_list_of_files_that_would_fill_the_memory_is_not_read(
    tmp_path: Path, target: Path
) -> None:
    path = zipped(tmp_path / "x.zip", {"a": b"a"})
    content = bytearray(path.read_bytes())
    end = content.rindex(b"PK\5\6")
    struct.pack_into("<L", content, end + 12, 2**31)
    path.write_bytes(content)
    with pytest.raises(ArchiveError, match="list of files that is larger than any"):
        unpack(path, target)
    record = b"PK\6\6" + bytes(36) + struct.pack("<Q", 2**40) + bytes(8)
    locator = b"PK\6\7" + bytes(4) + struct.pack("<Q", 0) + bytes(4)
    path.write_bytes(record + locator + b"PK\5\6" + bytes(18))
    with pytest.raises(ArchiveError, match="list of files that is larger than any"):
        unpack(path, target)


def test_what_is_encrypted_or_compressed_otherwise_is_refused(tmp_path: Path, target: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"a": b"a"})
    content = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\1\2", 8), (b"PK\3\4", 6)):
        content[content.index(mark) + offset] |= 1
    path.write_bytes(content)
    with pytest.raises(ArchiveError, match="is encrypted"):
        unpack(path, target)
    with ZipFile(path, "w", ZIP_BZIP2) as archive:
        archive.writestr("a", "a")
    with pytest.raises(ArchiveError, match="compressed in an unknown way"):
        unpack(path, target)


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"PK"),
        lambda path: path.write_bytes(os.urandom(1000)),
        lambda path: path.mkdir(),
        os.mkfifo,
        lambda _: None,
    ],
    ids=["empty", "two bytes", "noise", "a folder", "a pipe", "nothing"],
)
def test_what_is_no_archive_is_one_sentence(
    tmp_path: Path, target: Path, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "x.zip")
    with pytest.raises(ArchiveError):
        unpack(tmp_path / "x.zip", target)
    assert everything(target) == set()


def test_an_archive_cut_anywhere_or_with_a_wrong_byte_is_refused_or_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two hundred damages: one of our errors, or nothing lost (a byte that says nothing)."""
    monkeypatch.setattr(os, "fsync", lambda _: None)  # no kernel dies here
    dice = random.Random(3)
    files = {f"file-{i}": dice.randbytes(300) for i in range(5)}
    content = zipped(tmp_path / "x.zip", files).read_bytes()
    refused = 0
    for number in range(200):
        damaged = bytearray(content)
        if number % 2:
            del damaged[dice.randrange(len(damaged)) :]
        else:
            damaged[dice.randrange(len(damaged))] ^= 1 << dice.randrange(8)
        (tmp_path / "y.zip").write_bytes(damaged)
        target = tmp_path / str(number)
        try:
            unpack(tmp_path / "y.zip", target)
        except ArchiveError:
            refused += 1
            continue
        found = sorted(zlib.crc32(p.read_bytes()) for p in target.iterdir())
        if len(found) == len(files):
            assert found == sorted(map(zlib.crc32, files.values()))
    assert refused > 150
