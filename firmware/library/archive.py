"""Zip archives from anywhere, unpacked where they can do no harm.

Everything that an archive says of itself is checked before the first byte is written, and what it
holds is counted against that while it is read. Nothing leaves the folder that it is unpacked into,
and nothing is written but plain files that were not there.
"""

import hashlib
import os
import re
import stat
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Final, Self
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from firmware.errors import ArchiveError

CHUNK_BYTES: Final = 256 * 1024

_MIB: Final = 1024 * 1024
_MAX_DIRECTORY_BYTES: Final = 64 * _MIB
_MAX_NAME: Final = 400
_MAX_DEPTH: Final = 6
_FORBIDDEN: Final = re.compile(r"[\\\x00-\x1f\x7f\ud800-\udfff]")
_END, _END_64, _LOCATOR_64 = b"PK\5\6", b"PK\6\6", b"PK\6\7"  # APPNOTE.TXT 4.3.14 to 4.3.16
_ENCRYPTED: Final = 0x1
_DAMAGED = (
    BadZipFile,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
    struct.error,
    zlib.error,
)

Count = Callable[[int], None]
"""Called with so many bytes more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveLimits:
    """What an archive may ask for.

    Attributes:
        entries: Files in it.
        entry_bytes: Of one file.
        total_bytes: Of all files.
        ratio: How many times larger than the archive they may be, from `free_bytes` on.
        free_bytes: A total that is never a bomb.
    """

    entries: int = 200_000
    entry_bytes: int = 4 * 1024 * _MIB
    total_bytes: int = 64 * 1024 * _MIB
    ratio: int = 200
    free_bytes: int = 64 * _MIB


class Archive:
    """A zip archive that is fit to be unpacked, for a `with` block.

    Args:
        path: The file.
        limits: What it may ask for.

    Attributes:
        entries: The size of each file in it, in bytes, by name.

    Raises:
        ArchiveError: If it is none, or asks for more, or for anything but plain files.
    """

    def __init__(self, path: Path, limits: ArchiveLimits | None = None) -> None:
        self._path = path
        self._file = _opened(path)
        try:
            size = os.fstat(self._file.fileno()).st_size
            _check_directory(self._file, size, path)
            self._zip = ZipFile(self._file)
            self._infos = self._checked(size, limits or ArchiveLimits())
        except _DAMAGED as error:
            self._file.close()
            if isinstance(error, ArchiveError):
                raise
            raise _damaged(path, error) from error
        except BaseException:
            self._file.close()
            raise
        self.entries: Mapping[str, int] = {n: info.file_size for n, info in self._infos.items()}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()
        self._file.close()

    def read(self, name: str, limit: int) -> bytes:
        """The content of one file.

        Raises:
            ArchiveError: If there is none of this name, it is larger than the limit (bytes), or
                damaged.
        """
        info = self._info(name)
        if info.file_size > limit:
            raise ArchiveError(f"{self._path.name}: {name} is larger than it can be")
        try:
            with self._zip.open(info) as source:
                content = source.read(limit + 1)
        except _DAMAGED as error:
            raise _damaged(self._path, error) from error
        self._check_length(name, len(content))
        return content

    def unpack(self, name: str, target: Path, count: Count | None = None) -> str:
        """Write one file where none is, and onto the disk.

        Args:
            name: Of the file in the archive.
            target: Where to.
            count: Told of bytes as they are written.

        Returns:
            Its SHA-256, in hexadecimal.

        Raises:
            ArchiveError: If it is damaged, or longer or shorter than the archive says.
            OSError: If the disk refuses.
        """
        info, digest, done = self._info(name), hashlib.sha256(), 0
        with target.open("xb") as file:
            for chunk in self._chunks(info):
                done += len(chunk)
                digest.update(chunk)
                file.write(chunk)
                if count is not None:
                    count(len(chunk))
            self._check_length(name, done)
            file.flush()
            os.fsync(file.fileno())
        return digest.hexdigest()

    def _chunks(self, info: ZipInfo) -> "_Chunks":
        try:
            return _Chunks(self._zip.open(info), self._path)
        except _DAMAGED as error:
            raise _damaged(self._path, error) from error

    def _info(self, name: str) -> ZipInfo:
        info = self._infos.get(name)
        if info is None:
            raise ArchiveError(f"{self._path.name} has no {name!r:.80}")
        return info

    def _check_length(self, name: str, length: int) -> None:
        if length != self._info(name).file_size:
            raise ArchiveError(
                f"{self._path.name} is damaged: {name} is not as long as it says",
                remedy="copy the archive again",
            )

    def _checked(self, size: int, limits: ArchiveLimits) -> dict[str, ZipInfo]:
        found: dict[str, ZipInfo] = {}
        where = self._path.name
        infos = self._zip.infolist()
        if len(infos) > limits.entries:
            raise ArchiveError(f"{where} has more than {limits.entries} files in it")
        for info in infos:
            if info.is_dir() and not info.file_size:
                continue  # folders are made where files need them
            name = checked_member(info.orig_filename, where)
            if name in found:
                raise ArchiveError(f"{where} has {name!r:.80} twice")
            mode = info.external_attr >> 16
            if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                raise ArchiveError(f"{where}: {name!r:.80} is a link or a device, not a file")
            if info.flag_bits & _ENCRYPTED:
                raise ArchiveError(f"{where}: {name!r:.80} is encrypted")
            if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
                raise ArchiveError(f"{where}: {name!r:.80} is compressed in an unknown way")
            if info.file_size > limits.entry_bytes:
                raise ArchiveError(f"{where}: {name!r:.80} is larger than any file can be")
            found[name] = info
        total = sum(info.file_size for info in found.values())
        is_bomb = total > limits.free_bytes and total > limits.ratio * size
        if total > limits.total_bytes or is_bomb:
            raise ArchiveError(
                f"{where} would unpack to {total / 1e6:,.0f} MB, which no backup or bundle does"
            )
        return found


class _Chunks:
    """The content of one file, piece by piece; damage on the way is one of our errors."""

    def __init__(self, source: IO[bytes], path: Path) -> None:
        self._source = source
        self._path = path

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        try:
            chunk = self._source.read(CHUNK_BYTES)
        except _DAMAGED as error:
            raise _damaged(self._path, error) from error
        if not chunk:
            self._source.close()
            raise StopIteration
        return chunk


def checked_member(name: str, where: str, *, depth: int = _MAX_DEPTH) -> str:
    """Give back a name that can only mean a file somewhere inside of a folder.

    Args:
        name: As it stands in an archive.
        where: What the error calls the archive.
        depth: How many folders deep it may be.

    Raises:
        ArchiveError: If it could mean anything else.
    """
    path = PurePosixPath(name)
    is_plain = bool(name) and len(name) <= _MAX_NAME and not _FORBIDDEN.search(name)
    is_inside = is_plain and not path.is_absolute() and ".." not in path.parts
    if not is_inside or str(path) != name or len(path.parts) > depth or not path.parts:
        raise ArchiveError(
            f"{where} has a file named {name!r:.80}, which leads out of its folder or nowhere"
        )
    return name


def _opened(path: Path) -> IO[bytes]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no file can be named so"
        raise ArchiveError(f"{str(path)!r:.80} cannot be read: {reason}") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ArchiveError(f"{path} is no file")
    return os.fdopen(descriptor, "rb")


def _check_directory(file: IO[bytes], size: int, path: Path) -> None:
    """See how long the list of files claims to be, before it is read into memory as a whole."""
    tail_bytes = min(size, 22 + 65535 + 20)
    file.seek(size - tail_bytes)
    tail = file.read(tail_bytes)
    end = tail.rfind(_END)
    if end < 0:
        raise ArchiveError(
            f"{path.name} is no zip archive, or the end of it is missing",
            remedy="copy the archive again",
        )
    (claimed,) = struct.unpack_from("<L", tail, end + 12)
    locator = tail[max(end - 20, 0) : end]
    if locator.startswith(_LOCATOR_64):
        file.seek(struct.unpack_from("<Q", locator, 8)[0])
        record = file.read(56)
        if record.startswith(_END_64):
            (claimed,) = struct.unpack_from("<Q", record, 40)
    if claimed > _MAX_DIRECTORY_BYTES:
        raise ArchiveError(f"{path.name} has a list of files that is larger than any can be")
    file.seek(0)


def _damaged(path: Path, error: Exception) -> ArchiveError:
    return ArchiveError(
        f"{path.name} is damaged: {error or type(error).__name__}", remedy="copy the archive again"
    )
