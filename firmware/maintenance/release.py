"""A release: a folder with the program's files, a list of them, and a signature of that list.

`release.json` names every file with its hash, and every link; `release.json.sig` is OpenSSH's
signature of it. So the folder may lie on any stick: what a file system cannot keep, the list does.
"""

import hashlib
import json
import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from firmware.errors import ArchiveError, ContinuoError, LibraryError, UpdateError
from firmware.inference.manifest import read_bounded
from firmware.library.archive import CHUNK_BYTES, checked_member
from firmware.library.fields import Fields
from firmware.maintenance.probe import run_program

FORMAT_VERSION: Final = 1
LIST: Final = "release.json"
SIGNATURE: Final = "release.json.sig"
FILES: Final = "files"
PROGRAM: Final = "bin/continuo"
"""What every release has, and is started by."""
PYTHON: Final = "bin/python3"

LAUNCHER: Final = """\
#!/bin/sh
# Continuo, in the virtual environment of this release, wherever that lies.
exec "$(dirname "$(readlink -f "$0")")/python3" -P -s -m firmware "$@"
"""
"""What starts a release that has a virtual environment and nothing else to start it by."""

SIGNERS: Final = Path("/etc/continuo/release-signers")
"""Whose releases are trusted: OpenSSH's list of allowed signers, for the principal below."""
PRINCIPAL: Final = "continuo-release"
NAMESPACE: Final = "continuo-release"

MAX_LIST_BYTES: Final = 64 * 1024 * 1024
MAX_TOTAL_BYTES: Final = 4 * 1024 * 1024 * 1024

_VERSION: Final = re.compile(r"\d{1,6}(\.\d{1,6}){1,3}")

Report = Callable[[int, int], None]
"""Called with the bytes done and the bytes in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseFile:
    """One file, or one link.

    Attributes:
        path: Its place in the release.
        size: In bytes; 0 of a link.
        sha256: Of its content, in hexadecimal; "" of a link.
        is_program: Whether it can be run.
        link: Where a link leads, or "" for a file.
    """

    path: str
    size: int = 0
    sha256: str = ""
    is_program: bool = False
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What a release says of itself.

    Attributes:
        version: Such as `1.4.0`.
        created_at: ISO 8601, with time zone.
        files: All of it.
    """

    version: str
    created_at: str
    files: tuple[ReleaseFile, ...]

    @property
    def total_bytes(self) -> int:
        """Of all files."""
        return sum(file.size for file in self.files)


def version_key(version: str) -> tuple[int, ...]:
    """What versions are compared by.

    Raises:
        UpdateError: If it is none.
    """
    if not _VERSION.fullmatch(version):
        raise UpdateError(f"{version!r:.40} is no version", remedy="two to four numbers and dots")
    return tuple(map(int, version.split(".")))


def read_release(folder: Path, signers: Path = SIGNERS) -> Release:
    """Read a release's list, once its signature is seen to be of somebody who is trusted.

    Raises:
        UpdateError: If it is none, or nobody's who is trusted.
    """
    if not signers.is_file():
        raise UpdateError(
            f"nobody's releases are trusted: there is no {signers}",
            remedy=f"put a line `{PRINCIPAL} KEY` with the public key there",
        )
    try:
        content = read_bounded(folder / LIST, MAX_LIST_BYTES)
    except (OSError, ValueError) as error:
        raise UpdateError(
            f"{folder} is no release: its {LIST} cannot be read",
            remedy=f"a release is a folder with {LIST}, {SIGNATURE} and {FILES}",
        ) from error
    _verify(content, folder / SIGNATURE, signers)
    # Only what was signed is read from here on.
    try:
        return _read(Fields(json.loads(content), file=LIST))
    except (ValueError, RecursionError, LibraryError) as error:
        if isinstance(error, UpdateError):
            raise
        why = error.message if isinstance(error, ContinuoError) else str(error)
        raise UpdateError(f"the release is damaged: {why}", remedy="copy it again") from error


def copy_release(release: Release, source: Path, target: Path, on_progress: Report) -> None:
    """Copy a release's files where none are, checking each, and onto the disk.

    Args:
        release: Its list, as it was signed.
        source: Its folder.
        target: An empty folder.
        on_progress: Told how far it is.

    Raises:
        UpdateError: If a file is missing, or is not what was signed.
        OSError: If the disk refuses.
    """
    done = 0
    for file in release.files:
        place = target / file.path
        place.parent.mkdir(parents=True, exist_ok=True)
        if file.link:
            place.symlink_to(file.link)
            continue
        for size in _copy(file, source / FILES / file.path, place):
            done += size
            on_progress(done, release.total_bytes)
    os.sync()  # one for all: of thousands of files, one by one takes a card minutes


def sign_release(folder: Path, version: str, key: Path, now: datetime) -> Release:
    """Write and sign the list of a folder's files.

    Args:
        folder: With the program in its folder `files`: the whole of `/usr/lib/continuo` as a
            package has it, for instance, which is given a launcher.
        version: Of the release.
        key: A private key of OpenSSH's, Ed25519 for instance.
        now: Date and time, with time zone.

    Raises:
        UpdateError: If it is no program, or the key does not sign.
    """
    version_key(version)
    program = folder / FILES / PROGRAM
    if not program.exists() and os.path.lexists(folder / FILES / PYTHON):
        program.write_text(LAUNCHER)
        program.chmod(0o755)
    files = tuple(_listed(folder / FILES))
    if PROGRAM not in {file.path for file in files}:
        raise UpdateError(f"{folder} has no {FILES}/{PROGRAM}")
    release = Release(version=version, created_at=now.isoformat(timespec="seconds"), files=files)
    path = folder / LIST
    path.write_text(_to_json(release))
    (folder / SIGNATURE).unlink(missing_ok=True)
    said = run_program("ssh-keygen", "-q", "-Y", "sign", "-n", NAMESPACE, "-f", str(key), str(path))
    if said is None or said.code != 0:
        raise UpdateError(f"{key} does not sign", remedy="it must be a private key without a word")
    return release


def _verify(content: bytes, signature: Path, signers: Path) -> None:
    words = ("-Y", "verify", "-f", str(signers), "-I", PRINCIPAL, "-n", NAMESPACE)
    said = run_program("ssh-keygen", *words, "-s", str(signature), content=content)
    if said is None:
        raise UpdateError(
            "the signature cannot be checked: ssh-keygen is not installed",
            remedy="sudo apt install openssh-client",
        )
    if said.code != 0:
        raise UpdateError(
            "the release is not signed by anybody who is trusted here",
            remedy=f"copy it again; who is trusted stands in {signers}",
        )


def _copy(file: ReleaseFile, source: Path, place: Path) -> Iterator[int]:
    """Copy a file and yield the sizes of its pieces; the hash is of what was written."""
    digest, size = hashlib.sha256(), 0
    try:
        descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise UpdateError(f"the release has no {file.path}", remedy="copy it again") from error
    mode = 0o755 if file.is_program else 0o644
    with os.fdopen(descriptor, "rb") as reading, place.open("xb") as writing:
        while size < file.size and (chunk := reading.read(min(CHUNK_BYTES, file.size - size))):
            digest.update(chunk)
            size += len(chunk)
            writing.write(chunk)
            yield len(chunk)
        if digest.hexdigest() != file.sha256:
            sentence = f"the release is damaged: {file.path} is not what was signed"
            raise UpdateError(sentence, remedy="copy it again")
        writing.flush()
        os.fchmod(writing.fileno(), mode)


def _listed(root: Path) -> Iterator[ReleaseFile]:
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_symlink():
            yield ReleaseFile(path=name, link=os.readlink(path))
        elif path.is_file():
            state = path.stat()
            with path.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            is_program = bool(state.st_mode & stat.S_IXUSR)
            yield ReleaseFile(path=name, size=state.st_size, sha256=sha256, is_program=is_program)


def _to_json(release: Release) -> str:
    files = [
        {"path": file.path, "link": file.link}
        if file.link
        else {
            "path": file.path,
            "bytes": file.size,
            "sha256": file.sha256,
            "is_program": file.is_program,
        }
        for file in release.files
    ]
    content = {
        "format": FORMAT_VERSION,
        "version": release.version,
        "created_at": release.created_at,
        "files": files,
    }
    return json.dumps(content, indent=1) + "\n"


def _read(fields: Fields) -> Release:
    if fields.take("format", int) != FORMAT_VERSION:
        raise UpdateError("the release is for another Continuo", remedy="install its package")
    version = fields.take("version", str)
    version_key(version)
    files = tuple(_read_file(part) for part in fields.parts("files"))
    if len({file.path for file in files}) != len(files):
        raise UpdateError("the release names a file twice")
    if PROGRAM not in {file.path for file in files}:
        raise UpdateError(f"the release has no {PROGRAM}")
    release = Release(version=version, created_at=fields.take("created_at", str), files=files)
    if release.total_bytes > MAX_TOTAL_BYTES:
        raise UpdateError("the release is larger than any can be")
    return release


def _read_file(part: Fields) -> ReleaseFile:
    try:
        path = checked_member(part.take("path", str), "the release", depth=32)
    except ArchiveError as error:
        raise UpdateError(error.message) from error
    if "link" in part.raw:
        return ReleaseFile(path=path, link=part.take("link", str))
    return ReleaseFile(
        path=path,
        size=part.whole("bytes", 0, MAX_TOTAL_BYTES),
        sha256=part.take("sha256", str),
        is_program=part.take("is_program", bool),
    )
