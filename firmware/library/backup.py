"""Everything that a player has, in one archive: compositions, presets, memory, settings, models.

A backup is a zip archive, which every computer opens, with a manifest of hashes in it.
"""

import contextlib
import errno
import hashlib
import json
import os
import secrets
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from firmware.errors import ArchiveError, ContinuoError, LibraryError
from firmware.library.archive import CHUNK_BYTES, Archive, checked_member
from firmware.library.fields import Fields
from firmware.library.names import (
    FOREIGN,
    MODELS_FOLDER,
    TEMPORARY_PREFIX,
)
from firmware.library.notebook import MEMORY_FOLDER
from firmware.library.places import explained
from firmware.library.store import sync_folder
from firmware.version import installed_version

FORMAT_VERSION: Final = 1
MANIFEST: Final = "manifest.json"
LIBRARY: Final = "library"
SETTINGS: Final = "settings/config.toml"
MAX_MANIFEST_BYTES: Final = 64 * 1024 * 1024

_RUNNING: Final = f"{MEMORY_FOLDER}/running.json"  # of an instrument that runs now, not later
_MOST_TOGETHER: Final = 32
_LARGE_BYTES: Final = 2**31 - 1  # from here on zip needs its 64-bit fields

Report = Callable[[int, int], None]
"""Called with the bytes done and the bytes in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupEntry:
    """One file of a backup.

    Attributes:
        path: Its name in the archive.
        size: In bytes.
        sha256: Of its content, in hexadecimal.
    """

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """What a backup says of itself.

    Attributes:
        version: Of the Continuo that wrote it.
        created_at: ISO 8601, with time zone.
        entries: Its files.
        has_models: Whether the player's own models are part of it, if there were any.
    """

    version: str
    created_at: str
    entries: tuple[BackupEntry, ...]
    has_models: bool

    @property
    def total_bytes(self) -> int:
        """Of all files."""
        return sum(entry.size for entry in self.entries)


def write_backup(
    root: Path,
    settings: Path | None,
    target: Path,
    *,
    now: datetime,
    with_models: bool,
    on_progress: Report = lambda _done, _total: None,
) -> Backup:
    """Write a backup; it is whole, or not there.

    Args:
        root: The library's folder.
        settings: The settings file, or None; it need not be there.
        target: The archive, which must not be there yet.
        now: Date and time, with time zone.
        with_models: Whether the player's own models are part of it.
        on_progress: Told how far it is.

    Raises:
        LibraryError: If something cannot be read, or the archive not be written.
    """
    if os.path.lexists(target):
        raise LibraryError(f"{target} is there already", remedy="choose another name")
    total = sum(sizes_of(root, with_models=with_models))
    done = 0

    def count(more: int) -> None:
        nonlocal done
        done += more
        on_progress(done, max(total, done))

    temporary = target.parent / f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}"
    with explained("no backup was written: {reason}", target.parent):
        try:
            with temporary.open("xb") as file:
                backup = _write(file, root, settings, now=now, with_models=with_models, count=count)
                file.flush()
                os.fsync(file.fileno())
            os.rename(temporary, target)
            sync_folder(target.parent)
        finally:
            temporary.unlink(missing_ok=True)
    return backup


def read_manifest(archive: Archive) -> Backup:
    """What a backup says of itself, once that is seen to be true of the archive's list of files.

    Raises:
        ArchiveError: If it is no backup, of an unknown version, or says something else.
    """
    text = archive.read(MANIFEST, MAX_MANIFEST_BYTES)
    try:
        backup = _read_manifest(Fields(json.loads(text), file=MANIFEST))
    except (ValueError, RecursionError, LibraryError) as error:
        if isinstance(error, ArchiveError):
            raise
        sentence = error.message if isinstance(error, ContinuoError) else f"{MANIFEST}: {error}"
        raise ArchiveError(f"the backup is damaged: {sentence}") from error
    sizes = {entry.path: entry.size for entry in backup.entries}
    found = {name: size for name, size in archive.entries.items() if name != MANIFEST}
    if len(sizes) != len(backup.entries) or sizes != found:
        odd = sorted(set(sizes.items()) ^ set(found.items()))
        what = odd[0][0] if odd else "a file that it names twice"
        raise ArchiveError(
            f"the backup is damaged: its manifest and its files differ in {what!r:.80}",
            remedy="copy the archive again",
        )
    return backup


def kept_folders(root: Path, *, with_models: bool) -> list[str]:
    """The folders in the library's that are the player's: compositions, and what is beside them.

    Raises:
        LibraryError: If the library cannot be read.
    """
    with explained("the library cannot be read: {reason}", root):
        try:
            found = sorted(os.scandir(root), key=lambda item: item.name)
        except FileNotFoundError:
            return []
    return [
        item.name
        for item in found
        if item.is_dir(follow_symlinks=False)
        and (not item.name.startswith(".") or item.name == MEMORY_FOLDER)
        and item.name.lower() not in FOREIGN
        and (with_models or item.name != MODELS_FOLDER)
    ]


def sizes_of(root: Path, *, with_models: bool) -> Iterator[int]:
    """Bytes of each file that a backup would have."""
    for folder in kept_folders(root, with_models=with_models):
        for path in _kept_files(root, folder):
            with contextlib.suppress(OSError):
                yield path.stat().st_size


def _write(
    file: IO[bytes],
    root: Path,
    settings: Path | None,
    *,
    now: datetime,
    with_models: bool,
    count: Callable[[int], None],
) -> Backup:
    entries: list[BackupEntry] = []
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for folder in kept_folders(root, with_models=with_models):
            for group in _groups(_kept_files(root, folder)):
                with _opened_together(group) as opened:
                    for path, source in opened:
                        name = _member(path, root)
                        entries.append(_add(archive, name, source, now, count))
        if settings is not None:
            with _opened_together([settings]) as opened:
                entries += [_add(archive, SETTINGS, source, now, count) for _, source in opened]
        backup = Backup(
            version=installed_version(),
            created_at=now.isoformat(timespec="seconds"),
            entries=tuple(entries),
            has_models=with_models,
        )
        archive.writestr(_info(MANIFEST, now.timestamp()), _manifest_json(backup))
    return backup


def _add(
    archive: ZipFile, name: str, source: IO[bytes], now: datetime, count: Callable[[int], None]
) -> BackupEntry:
    state = os.fstat(source.fileno())
    info = _info(name, min(state.st_mtime, now.timestamp()))
    digest, size = hashlib.sha256(), 0
    with archive.open(info, "w", force_zip64=state.st_size >= _LARGE_BYTES) as target:
        while chunk := source.read(CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
            target.write(chunk)
            count(len(chunk))
    return BackupEntry(path=name, size=size, sha256=digest.hexdigest())


def _member(path: Path, root: Path) -> str:
    """A file's name in the archive: one that can be read again, on every computer."""
    try:
        return _place(f"{LIBRARY}/{path.relative_to(root).as_posix()}")
    except ArchiveError as error:
        raise LibraryError(
            f"{str(path)!r} cannot be kept in a backup: not every computer takes that name",
            remedy="rename it, or move it out of the library",
        ) from error


def _groups(paths: list[Path]) -> list[list[Path]]:
    """Files that belong together: those of a composition, which are few."""
    return [paths] if len(paths) <= _MOST_TOGETHER else [[path] for path in paths]


def _info(name: str, at_s: float) -> ZipInfo:
    # Zip knows the years from 1980 to 2107, and a board without a battery may not know its own.
    year, *rest = time.localtime(at_s)[:6]
    info = ZipInfo(name, (min(max(year, 1980), 2107), rest[0], rest[1], rest[2], rest[3], rest[4]))
    info.compress_type = ZIP_DEFLATED
    info.external_attr = (stat.S_IFREG | 0o644) << 16
    return info


def _kept_files(root: Path, folder: str) -> list[Path]:
    return [path for path in _files_below(root / folder) if path != root / _RUNNING]


def _files_below(folder: Path) -> Iterator[Path]:
    """Plain files; what is hidden is being written, and a link leads elsewhere."""
    try:
        found = sorted(os.scandir(folder), key=lambda item: item.name)
    except FileNotFoundError:
        return
    for item in found:
        if item.name.startswith(TEMPORARY_PREFIX):
            continue
        if item.is_dir(follow_symlinks=False):
            yield from _files_below(Path(item.path))
        elif item.is_file(follow_symlinks=False):
            yield Path(item.path)


@contextlib.contextmanager
def _opened_together(paths: list[Path]) -> Iterator[list[tuple[Path, IO[bytes]]]]:
    """The files of a composition, all of them or none: it may be deleted at this moment."""
    with contextlib.ExitStack() as stack:
        opened: list[tuple[Path, IO[bytes]]] = []
        for path in paths:
            try:
                descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            except OSError as error:
                if error.errno not in (errno.ENOENT, errno.ELOOP):
                    raise
                opened = []
                break
            opened.append((path, stack.enter_context(os.fdopen(descriptor, "rb"))))
        yield opened


def _manifest_json(backup: Backup) -> str:
    content = {
        "format": FORMAT_VERSION,
        "continuo": backup.version,
        "created_at": backup.created_at,
        "has_models": backup.has_models,
        "files": [
            {"path": entry.path, "bytes": entry.size, "sha256": entry.sha256}
            for entry in backup.entries
        ],
    }
    return json.dumps(content, indent=1) + "\n"


def _read_manifest(fields: Fields) -> Backup:
    version = fields.take("format", int)
    if version != FORMAT_VERSION:
        raise ArchiveError(
            f"the backup has format {version}, this version of Continuo reads {FORMAT_VERSION}",
            remedy="update Continuo",
        )
    entries = tuple(
        BackupEntry(
            path=_place(part.take("path", str)),
            size=part.whole("bytes", 0, 2**62),
            sha256=part.take("sha256", str),
        )
        for part in fields.parts("files")
    )
    return Backup(
        version=fields.take("continuo", str),
        created_at=fields.take("created_at", str),
        entries=entries,
        has_models=fields.take("has_models", bool),
    )


def _place(path: str) -> str:
    """A name that a backup can have a file under."""
    checked_member(path, "the backup")
    top, _, rest = path.partition("/")
    folder = rest.partition("/")[0]
    is_hidden = folder.startswith(".") and folder != MEMORY_FOLDER
    is_ours = top == LIBRARY and "/" in rest and not is_hidden and folder.lower() not in FOREIGN
    if path != SETTINGS and not is_ours:
        raise ArchiveError(f"the backup has a file {path!r:.80} that belongs nowhere")
    return path
