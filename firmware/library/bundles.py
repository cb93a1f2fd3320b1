"""Model bundles that somebody brings: checked, then moved into their place, or refused."""

import os
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Final

from firmware.errors import BundleError, LibraryError
from firmware.inference.bundle import (
    GOLDEN_FILE,
    MANIFEST_FILE,
    MAX_GOLDEN_BYTES,
    MAX_MODEL_BYTES,
    MODEL_FILE,
    read_bundle,
    replay_golden,
)
from firmware.inference.manifest import MAX_BYTES, Manifest, read_bounded
from firmware.inference.runtime import installed_runtimes
from firmware.library.archive import Archive
from firmware.library.places import explained, give_to_owner
from firmware.library.store import Library, sync_folder, temporary_folder, write_synced

_LIMITS: Final[Mapping[str, int]] = MappingProxyType(
    {MANIFEST_FILE: MAX_BYTES, MODEL_FILE: MAX_MODEL_BYTES, GOLDEN_FILE: MAX_GOLDEN_BYTES}
)
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}")
_SHAPE: Final = f"a bundle is a folder, or a zip archive of one, with {', '.join(_LIMITS)}"


def install_bundle(source: Path, models: Path) -> Manifest:
    """Check a bundle as the instrument does, replay its golden arrays, and put it in its place.

    Args:
        source: Its folder, or a zip archive of that.
        models: Where bundles are installed; the folder is made if need be.

    Raises:
        BundleError: If it is none, or does not say here what it said when it was made.
        ArchiveError: If it is an archive that is damaged, or unfit to be unpacked.
        LibraryError: If one of its name is there already, or the disk refuses.
    """
    files = _files_of(source)
    with explained("the model was not installed: {reason}", models):
        _make(models)
        with temporary_folder(models) as temporary:
            folder = temporary / "bundle"
            folder.mkdir()
            for name, content in files.items():
                write_synced(folder / name, content)
            sync_folder(folder)
            manifest = _verified(folder)
            target = models / manifest.name
            if os.path.lexists(target):
                raise LibraryError(
                    f"a model {manifest.name} is installed already",
                    remedy=f"continuo models remove {manifest.name}",
                )
            give_to_owner(folder, models.parent)
            os.rename(folder, target)
            sync_folder(models)
    return manifest


def remove_bundle(name: str, models: Path) -> None:
    """Remove a bundle that was installed.

    Raises:
        LibraryError: If there is none of this name, or the disk refuses.
    """
    if not _NAME.fullmatch(name) or not (models / name).is_dir():
        raise LibraryError(
            f"no model {name!r:.80} was installed", remedy="those that ship with Continuo stay"
        )
    sentence = f"{name} was not removed: {{reason}}"
    with explained(sentence, models), temporary_folder(models) as grave:
        # Gone for every reader with the rename; a kill after it leaves rubbish to sweep.
        os.rename(models / name, grave / name)
        sync_folder(models)


def _make(models: Path) -> None:
    if not models.is_dir():
        models.mkdir(parents=True)
        give_to_owner(models, models.parent)
    Library(models).sweep()  # what a kill left


def _files_of(source: Path) -> dict[str, bytes]:
    if not source.is_dir():
        return _archived(source)
    files: dict[str, bytes] = {}
    for name, limit in _LIMITS.items():
        try:
            files[name] = read_bounded(source / name, limit)
        except OSError as error:
            raise BundleError(
                f"{source} has no {name} that can be read: {error.strerror}", remedy=_SHAPE
            ) from error
    return files


def _archived(path: Path) -> dict[str, bytes]:
    with Archive(path) as archive:
        folders = {
            PurePosixPath(name).parent
            for name in archive.entries
            if PurePosixPath(name).name == MANIFEST_FILE
        }
        if len(folders) != 1:
            raise BundleError(f"{path.name} has {len(folders)} bundles in it", remedy=_SHAPE)
        (folder,) = folders
        return {name: archive.read(str(folder / name), limit) for name, limit in _LIMITS.items()}


def _verified(folder: Path) -> Manifest:
    bundle = read_bundle(folder)
    name = bundle.manifest.name
    if not _NAME.fullmatch(name):
        raise BundleError(
            f"a model cannot be called {name!r:.80}",
            remedy="60 lower-case letters, digits, dots and hyphens at most",
        )
    runtimes = installed_runtimes()
    if not runtimes:
        raise BundleError("no runtime is installed to try the model with", remedy="continuo doctor")
    for runtime in runtimes:
        replay = replay_golden(bundle, runtime=runtime)
        if not replay.passed:
            raise BundleError(
                f"{name} differs by {replay.difference:g} on {runtime} from what it was when it "
                f"was made; {replay.allowed:g} is allowed",
                remedy="convert it again",
            )
    return bundle.manifest
