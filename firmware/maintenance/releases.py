"""The releases on this machine: which there are, which is started, which is only tried.

They lie in one folder, each under its version. The link `current` leads to the one that is
started; where there is none, the package's own is. A note beside it says that one is only tried.
"""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from firmware.errors import UpdateError
from firmware.library.fields import Fields
from firmware.library.places import explained
from firmware.library.store import (
    Library,
    lock_folder,
    read_file,
    sync_folder,
    temporary_folder,
    write_files,
)
from firmware.maintenance.release import PROGRAM, Release, Report, copy_release
from firmware.maintenance.update_states import Event, State, Step, move

RELEASES: Final = Path("/opt/continuo/releases")
CURRENT: Final = "current"
NOTE: Final = "trial.json"

_NEXT: Final = ".next"
_MARGIN_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A release that has not proved itself.

    Attributes:
        old: The release to return to; "" for the package's own.
        new: The release that is tried.
    """

    old: str
    new: str


class Releases:
    """Those in one folder; one program at a time changes them, for a `with` block.

    Args:
        root: The folder; it is made if need be.
    """

    def __init__(self, root: Path = RELEASES) -> None:
        self.root = root
        self._lock: int | None = None

    def __enter__(self) -> "Releases":
        with explained("no update is possible: {reason}", self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            self._lock = lock_folder(self.root)
        if self._lock is None:
            raise UpdateError("another update is under way", remedy="wait for it")
        return self

    def __exit__(self, *_: object) -> None:
        lock, self._lock = self._lock, None
        if lock is not None:
            os.close(lock)

    @property
    def current(self) -> str:
        """The release that is started; "" for the package's own."""
        try:
            name = os.readlink(self.root / CURRENT)
        except OSError:
            return ""
        return name if (self.root / name / PROGRAM).exists() else ""

    @property
    def trial(self) -> Trial | None:
        """What is tried, or None."""
        if not os.path.lexists(self.root / NOTE):
            return None
        try:
            fields = Fields(json.loads(read_file(self.root / NOTE)), file=NOTE)
        except ValueError as error:
            raise UpdateError(f"{self.root / NOTE} is not JSON", remedy="remove it") from error
        return Trial(old=fields.take("old", str), new=fields.take("new", str))

    @property
    def state(self) -> State:
        """As the disk has it."""
        return State.SETTLED if self.trial is None else State.TRYING

    def stage(self, release: Release, source: Path, on_progress: Report) -> Path:
        """Copy a release beside the others; it is there as a whole, or not at all.

        Returns:
            Its folder.

        Raises:
            UpdateError: If it is damaged, there already, or there is no room.
        """
        target = self.root / release.version
        Library(self.root).sweep()  # what a kill left
        with explained("the release was not copied: {reason}", self.root):
            if release.version in (self.current, self.trial.new if self.trial else ""):
                raise UpdateError(f"{release.version} is what runs already")
            state = os.statvfs(self.root)
            if release.total_bytes + _MARGIN_BYTES > state.f_bavail * state.f_frsize:
                raise UpdateError(
                    f"there is no room for the {release.total_bytes / 1e6:,.0f} MB of the release",
                    remedy="continuo library delete, or export some compositions",
                )
            self._remove(release.version)
            with temporary_folder(self.root) as temporary:
                folder = temporary / "release"
                folder.mkdir()
                copy_release(release, source, folder, on_progress)
                os.rename(folder, target)
                sync_folder(self.root)
        return target

    def happen(self, event: Event, new: str = "") -> State:
        """Let something happen, as the table says.

        Args:
            event: What.
            new: The release that lies ready, if that is what happened.

        Raises:
            UpdateError: If it makes no sense now.
            LibraryError: If the disk refuses.
        """
        found = move(self.state, event)
        trial = self.trial or Trial(old=self.current, new=new)
        with explained("the update was not ended: {reason}", self.root):
            for step in found.steps:
                self._do(step, trial)
        return found.state

    def _do(self, step: Step, trial: Trial) -> None:
        match step:
            case Step.NOTE_TRIAL:
                note = json.dumps({"old": trial.old, "new": trial.new})
                write_files(self.root, {NOTE: note.encode()})
            case Step.START_NEW:
                self._lead_to(trial.new)
            case Step.START_OLD:
                self._lead_to(trial.old)
            case Step.FORGET_TRIAL:
                (self.root / NOTE).unlink(missing_ok=True)
                sync_folder(self.root)
            case Step.SWEEP:
                self._sweep()

    def _lead_to(self, name: str) -> None:
        link, following = self.root / CURRENT, self.root / _NEXT
        following.unlink(missing_ok=True)
        if name:
            following.symlink_to(name)
            os.replace(following, link)  # never a moment without a link
        else:
            link.unlink(missing_ok=True)
        sync_folder(self.root)

    def _sweep(self) -> None:
        """Remove what nothing leads to: all but the release that is started."""
        Library(self.root).sweep()
        for path in self.root.iterdir():
            is_release = path.is_dir() and not path.is_symlink() and not path.name.startswith(".")
            if is_release and path.name != self.current:
                self._remove(path.name)

    def _remove(self, name: str) -> None:
        if os.path.lexists(self.root / name):
            with temporary_folder(self.root) as grave:
                os.rename(self.root / name, grave / "release")
                shutil.rmtree(grave, ignore_errors=True)
