"""Folders to write to: seen beforehand to be there, and explained where the disk refuses."""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from firmware.errors import ContinuoError, LibraryError

_REASONS: Mapping[int, tuple[str, str]] = MappingProxyType(
    {
        # errno: what is wrong with {place}, and what helps
        errno.ENOSPC: ("there is no room left on the disk of {place}", "delete or export some"),
        errno.EDQUOT: ("your share of the disk of {place} is used up", "delete or export some"),
        errno.EFBIG: ("files in {place} may not become this large", "raise the file size limit"),
        errno.EROFS: ("the disk of {place} is read-only", "switch its write protection off"),
        errno.EACCES: ("{place} must not be written to", "give yourself the right to write there"),
        errno.EPERM: ("{place} must not be written to", "give yourself the right to write there"),
        errno.EIO: ("the disk of {place} does not work", "try another disk or stick"),
        errno.EEXIST: ("{place} is a file, not a folder", "choose another name"),
        errno.ENOTDIR: ("{place} is not in a folder but in a file", "choose another place"),
        errno.ENAMETOOLONG: ("a name in {place} is too long", "choose a shorter one"),
    }
)


def check_folder(folder: Path) -> None:
    """See, before the work is done, whether files could be written into a folder.

    Nothing is made: what is looked at is the folder, or the nearest one above it that is there.

    Raises:
        LibraryError: If it or what is above it is no folder, or must not be written to.
    """
    with explained("nothing can be written: {reason}", folder):
        there = folder.absolute()
        while not _is_there(there):
            there = there.parent
        if not stat.S_ISDIR(there.stat().st_mode):
            code = errno.EEXIST if there == folder.absolute() else errno.ENOTDIR
            raise OSError(code, os.strerror(code))
        is_writable = os.access(there, os.W_OK | os.X_OK, effective_ids=True)
        if not is_writable:
            read_only = os.statvfs(there).f_flag & os.ST_RDONLY
            raise OSError(errno.EROFS if read_only else errno.EACCES, "")


def give_to_owner(folder: Path, like: Path) -> None:
    """Give what root has made to the user whose instrument it is for; others own what they make.

    Args:
        folder: What was made, with all that is in it.
        like: Whose owner shall have it.
    """
    if os.geteuid() != 0:
        return
    owner = like.stat()
    for path in (folder, *folder.rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _is_there(path: Path) -> bool:
    """Whether a path leads anywhere; where that cannot be known, the refusal is passed on."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return path.is_symlink()
    return True


@contextlib.contextmanager
def explained(sentence: str, place: Path) -> Iterator[None]:
    """Turn the operating system's refusal into one sentence a player understands."""
    try:
        yield
    except ContinuoError:
        raise
    except OSError as error:
        unknown = ("{place}: " + str(error.strerror or error), "")
        reason, remedy = _REASONS.get(error.errno or 0, unknown)
        text = sentence.replace("{reason}", reason.replace("{place}", str(place)))
        raise LibraryError(text, remedy=remedy) from error
