"""A backup comes back: staged beside what is there, checked as a whole, then switched.

The staging folder lies in the library's own, so that a switch is nothing but renames on one disk.
Until the plan is written, nothing that was there is touched; from then on, whatever happens, the
next `finish_restore` goes on where it was left. So there is what was or what the backup has, and
what was is only removed when all of the backup is in its place.
"""

import json
import logging
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from firmware.config import Config, read_config
from firmware.errors import ArchiveError, ConfigError, LibraryError
from firmware.library.archive import Archive
from firmware.library.backup import (
    LIBRARY,
    SETTINGS,
    Backup,
    Report,
    kept_folders,
    read_manifest,
)
from firmware.library.fields import Fields
from firmware.library.names import MODELS_FOLDER
from firmware.library.notebook import MEMORY_FOLDER
from firmware.library.places import check_folder, explained, give_to_owner
from firmware.library.store import lock_folder, read_file, sync_folder, write_files

STAGE: Final = ".restore"
"""In the library's folder, while a backup comes back."""

_PLAN, _STAGED_SETTINGS = "plan.json", "settings.toml"
_NEW, _OLD = "new", "old"
_MARGIN_BYTES: Final = 16 * 1024 * 1024
_MAX_SETTINGS_BYTES: Final = 1024 * 1024
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What is switched.

    Attributes:
        old: Folders that make way.
        new: Folders that take their place.
        settings: Where the settings belong, or "" if they stay.
    """

    old: tuple[str, ...]
    new: tuple[str, ...]
    settings: str


def restore_backup(
    path: Path,
    config: Config,
    settings: Path | None,
    *,
    on_progress: Report = lambda _done, _total: None,
) -> Backup:
    """Put a backup in the place of what there is.

    Args:
        path: The archive.
        config: The present settings; its library is replaced.
        settings: Where the settings file belongs, or None to leave it as it is.
        on_progress: Told how far it is.

    Returns:
        What was restored.

    Raises:
        ArchiveError: If the archive is damaged, or no backup.
        LibraryError: If the disk refuses, or the instrument runs. Nothing has changed then.
    """
    root = config.library
    finish_restore(root)
    with Archive(path) as archive:
        backup = read_manifest(archive)
        has_settings = SETTINGS in archive.entries and settings is not None
        if has_settings and settings is not None:
            _check_settings(archive.read(SETTINGS, _MAX_SETTINGS_BYTES), config)
            check_folder(settings.parent)
        with explained("nothing was restored: {reason}", root):
            root.mkdir(parents=True, exist_ok=True)
            lock = _stopped(root)
            try:
                _check_room(root, backup.total_bytes)
                stage = root / STAGE
                try:
                    new = _stage(archive, backup, stage, on_progress)
                    plan = _Plan(
                        old=tuple(
                            name
                            for name in kept_folders(root, with_models=True)
                            if backup.has_models or name != MODELS_FOLDER
                        ),
                        new=new,
                        settings=str(settings) if has_settings else "",
                    )
                    _write_plan(stage, plan)
                except BaseException:
                    _give_up(stage)
                    raise
                _switch(root, plan)
            finally:
                if lock is not None:
                    os.close(lock)
    return backup


def finish_restore(root: Path) -> bool:
    """Go on with a restore that a power cut left; called before the library is used.

    Args:
        root: The library's folder.

    Returns:
        Whether there was one that has now come to its end.

    Raises:
        LibraryError: If the disk refuses.
    """
    stage = root / STAGE
    with explained("a restore was not finished: {reason}", root):
        if not os.path.lexists(stage):
            return False
        plan = _read_plan(stage)
        if plan is None:  # it was not whole yet
            shutil.rmtree(stage)
            return False
        _switch(root, plan)
    _LOG.warning("a restore that was interrupted was finished")
    return True


def _stage(archive: Archive, backup: Backup, stage: Path, on_progress: Report) -> tuple[str, ...]:
    """Unpack it beside what there is; the folders that it has."""
    done, total = 0, backup.total_bytes

    def count(more: int) -> None:
        nonlocal done
        done += more
        on_progress(done, total)

    new = stage / _NEW
    new.mkdir(parents=True)
    made: set[Path] = {stage, new}
    for entry in backup.entries:
        target = stage / _STAGED_SETTINGS
        if entry.path != SETTINGS:
            target = new / Path(entry.path).relative_to(LIBRARY)
            target.parent.mkdir(parents=True, exist_ok=True)
            made.update(parent for parent in target.parents if new in parent.parents)
        try:
            sha256 = archive.unpack(entry.path, target, count)
        except FileExistsError as error:
            raise ArchiveError(f"{entry.path} and another file are one on this disk") from error
        if sha256 != entry.sha256:
            raise ArchiveError(
                f"the backup is damaged: {entry.path} is not what it was when it was written",
                remedy="copy the archive again",
            )
    give_to_owner(stage, stage.parent)
    for folder in sorted(made, reverse=True):
        sync_folder(folder)
    return tuple(sorted(path.name for path in new.iterdir()))


def _switch(root: Path, plan: _Plan) -> None:
    """Do what the plan says, or what is left of it."""
    stage = root / STAGE
    if plan.settings:
        target = Path(plan.settings)
        write_files(target.parent, {target.name: read_file(stage / _STAGED_SETTINGS)})
    _move(plan.old, root, stage / _OLD)
    _move(plan.new, stage / _NEW, root)
    (stage / _PLAN).unlink()
    sync_folder(stage)
    shutil.rmtree(stage)


def _give_up(stage: Path) -> None:
    (stage / _PLAN).unlink(missing_ok=True)  # first: without a plan nothing is switched
    shutil.rmtree(stage, ignore_errors=True)


def _move(names: tuple[str, ...], source: Path, target: Path) -> None:
    target.mkdir(exist_ok=True)
    for name in names:
        # What is there already was moved before a power cut.
        if os.path.lexists(source / name) and not os.path.lexists(target / name):
            os.rename(source / name, target / name)
    sync_folder(target)
    sync_folder(source)


def _check_settings(content: bytes, config: Config) -> None:
    """See that the settings can be read, and mean the same library."""
    remedy = "add --without-settings"
    try:
        found = read_config(content.decode(), defaults=config, source="the backup's settings file")
    except UnicodeDecodeError as error:
        raise ArchiveError("the backup's settings file is no text", remedy=remedy) from error
    except ConfigError as error:
        raise ArchiveError(error.message, remedy=remedy) from error
    if found.library != config.library:
        raise ArchiveError(
            f"the backup's settings are for another library, {found.library}", remedy=remedy
        )


def _stopped(root: Path) -> int | None:
    """The lock of the instrument's memory, so that none runs meanwhile; None if there is none.

    Raises:
        LibraryError: If an instrument has it.
    """
    if not (root / MEMORY_FOLDER).is_dir():
        return None
    lock = lock_folder(root / MEMORY_FOLDER)
    if lock is None:
        raise LibraryError(
            "the instrument runs, and would not see what is restored",
            remedy="sudo systemctl stop continuo, then restore, then start it again",
        )
    return lock


def _check_room(root: Path, total_bytes: int) -> None:
    state = os.statvfs(root)
    free = state.f_bavail * state.f_frsize
    if total_bytes + _MARGIN_BYTES > free:
        raise LibraryError(
            f"there is no room: the backup unpacks to {total_bytes / 1e6:,.0f} MB, "
            f"and {free / 1e6:,.0f} MB are free beside what is there",
            remedy="delete or export some compositions first",
        )


def _write_plan(stage: Path, plan: _Plan) -> None:
    content = {"old": list(plan.old), "new": list(plan.new), "settings": plan.settings}
    write_files(stage, {_PLAN: json.dumps(content).encode()})


def _read_plan(stage: Path) -> _Plan | None:
    """The plan, or None if it was not written."""
    if not os.path.lexists(stage / _PLAN):
        return None
    try:
        fields = Fields(json.loads(read_file(stage / _PLAN)), file=_PLAN)
    except ValueError as error:
        raise LibraryError(f"{stage / _PLAN} is not JSON") from error
    return _Plan(
        old=tuple(map(str, fields.take("old", list))),
        new=tuple(map(str, fields.take("new", list))),
        settings=fields.take("settings", str),
    )
