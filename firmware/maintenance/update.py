"""One update from its folder to the release that has proved itself, or back to the one before."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from firmware.engine.control.client import ControlClient
from firmware.errors import ControlError, UpdateError
from firmware.maintenance.probe import Said, run_program
from firmware.maintenance.release import (
    PROGRAM,
    PYTHON,
    SIGNERS,
    Release,
    Report,
    read_release,
    version_key,
)
from firmware.maintenance.releases import RELEASES, Releases
from firmware.maintenance.update_states import Event, State

TRIAL_S: Final = 120.0
"""So long a release has to prove itself."""
GUARD_S: Final = 150
"""After that somebody else returns to the old one, if whoever tries it died."""
PROVED_S: Final = 10.0
"""So long it must have run: one that ends and is started again proves nothing."""
MOST_ENDS: Final = 2
"""A release that has ended by itself so often in its trial is taken back at once."""
UNIT: Final = "continuo"
GUARD: Final = "continuo-settle"

_LOOK_S: Final = 1.0
_FIRST_START_S: Final = 60.0  # nothing of it is compiled yet
_COMPILED_S: Final = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What an update needs of the machine.

    Attributes:
        releases: Where they lie.
        signers: Whose releases are trusted.
        run: Runs a program.
        status: What the instrument says of itself; raises `ControlError` while it says nothing.
        now_s: A clock that never goes back, in seconds.
        wait: Waits so many seconds.
    """

    releases: Path = RELEASES
    signers: Path = SIGNERS
    run: Callable[..., Said | None] = run_program
    status: Callable[[], dict[str, object]]
    now_s: Callable[[], float] = monotonic
    wait: Callable[[float], None] = sleep


def around_of(control: Path | None) -> Around:
    """This machine, with the instrument at a socket."""

    def status() -> dict[str, object]:
        with ControlClient(control) as client:
            return client.ask("status")

    return Around(status=status)


def update(
    source: Path,
    around: Around,
    *,
    running: str,
    may_be_older: bool = False,
    on_copy: Report = lambda _done, _total: None,
    on_trial: Report = lambda _done, _total: None,
) -> Release:
    """Install a release and see that the instrument runs with it.

    Args:
        source: The release's folder.
        around: The machine.
        running: The version that runs now.
        may_be_older: Whether it may be older than that.
        on_copy: Told of bytes that are copied.
        on_trial: Told of seconds of the trial.

    Returns:
        The release that runs now.

    Raises:
        UpdateError: If it cannot be trusted, copied or started, or has not proved itself in
            time. What ran before runs again then.
        LibraryError: If the disk refuses; the same is true.
    """
    release = read_release(source, around.signers)
    _check_newer(release, running, may_be_older=may_be_older)
    with Releases(around.releases) as releases:
        if releases.state is State.TRYING:  # somebody died over it
            _return(releases, around)
        folder = releases.stage(release, source, on_copy)
        _check_starts(folder, release, around)
        with _unbothered(), _guarded(around):
            try:
                releases.happen(Event.STAGED, release.version)
                why_not = restart(around) or _tried(release, around, on_trial)
            except BaseException:
                if releases.state is State.TRYING:
                    _return(releases, around)
                raise
            if why_not:
                _return(releases, around)
                raise UpdateError(
                    f"{release.version} {why_not}; what ran before runs again",
                    remedy="continuo log says more",
                )
            releases.happen(Event.HEALTHY)
    return release


def settle(around: Around) -> bool:
    """At a start of the machine, before the instrument's: end what was left in the middle.

    Returns:
        Whether there was a trial, so that the old release is started now.

    Raises:
        UpdateError: If an update is under way.
        LibraryError: If the disk refuses.
    """
    if not around.releases.is_dir():
        return False
    with Releases(around.releases) as releases:
        was_trying = releases.state is State.TRYING
        releases.happen(Event.BOOTED)
    return was_trying


def restart(around: Around) -> str:
    """Have the instrument started anew, soon; why that is not possible, or ""."""
    # Else systemd counts how often another release has ended, and may refuse to start this one.
    around.run("systemctl", "reset-failed", UNIT)
    said = around.run("systemctl", "restart", "--no-block", UNIT)
    if said is None:
        return "cannot be tried without systemd"
    return "" if said.code == 0 else "does not start"


def _check_newer(release: Release, running: str, *, may_be_older: bool) -> None:
    try:
        is_newer = version_key(release.version) > version_key(running)
    except UpdateError:  # what runs was not installed, and has no version
        version_key(release.version)
        return
    if not is_newer and not may_be_older:
        raise UpdateError(
            f"{release.version} is not newer than {running}, which runs", remedy="add --older"
        )


def _check_starts(folder: Path, release: Release, around: Around) -> None:
    """See that it can say its version here and has all its parts, before anything depends on it."""
    for asked, answer in ((("--version",), release.version), (("run", "--help"), "")):
        said = around.run(str(folder / PROGRAM), *asked, within_s=_FIRST_START_S)
        if said is None or said.code != 0 or answer not in said.text:
            raise UpdateError(
                f"{release.version} does not start on this machine, and was left alone",
                remedy="get the release that is made for it",
            )
    # The services' own users may write nothing there, and would compile it at each of their starts.
    around.run(
        str(folder / PYTHON), "-m", "compileall", "-q", str(folder / "app"), within_s=_COMPILED_S
    )


def _tried(release: Release, around: Around, on_trial: Report) -> str:
    """Wait until it has proved itself; why it has not, or ""."""
    began_s = around.now_s()
    why_not = "does not answer"
    while (passed_s := around.now_s() - began_s) < TRIAL_S:
        on_trial(int(passed_s), int(TRIAL_S))
        try:
            status = around.status()
        except ControlError:
            why_not = "does not answer"
        else:
            why_not = _lacking(status, release, passed_s)
            if not why_not:
                return ""
        if _ends(around) >= MOST_ENDS:
            return f"has ended by itself {MOST_ENDS} times"
        around.wait(_LOOK_S)
    return f"{why_not} after {TRIAL_S:g} s"


def _ends(around: Around) -> int:
    """How often systemd had to start the instrument again since `restart`."""
    said = around.run("systemctl", "show", "--value", "--property=NRestarts", UNIT)
    return int(said.text) if said is not None and said.text.strip().isdecimal() else 0


def _lacking(status: dict[str, object], release: Release, passed_s: float) -> str:
    uptime_s = status.get("uptime_s")
    if status.get("continuo") != release.version:
        return f"is not what runs, but {status.get('continuo')}"
    if status.get("is_safe"):
        return "runs in safe mode only"
    if not isinstance(uptime_s, int | float) or uptime_s < PROVED_S:
        return "does not run for long"
    if uptime_s > passed_s + _LOOK_S:
        return "was not started anew"
    return ""


def _return(releases: Releases, around: Around) -> None:
    releases.happen(Event.UNHEALTHY)
    restart(around)


@contextmanager
def _guarded(around: Around) -> Iterator[None]:
    """Have systemd return to the old release, should this process die in the block."""
    around.run(
        "systemd-run",
        f"--unit={GUARD}",
        "--collect",
        "--quiet",
        f"--on-active={GUARD_S}",
        # It is named as our services are, and their sandbox lets it write nowhere else.
        f"--property=ReadWritePaths={around.releases}",
        # By what runs and works, and not by what is being tried.
        *(sys.executable, "-P", "-s", "-m", "firmware"),
        "update",
        "--settle",
        "--restart",
    )
    try:
        yield
    finally:
        around.run("systemctl", "stop", f"{GUARD}.timer")


@contextmanager
def _unbothered() -> Iterator[None]:
    """An SSH connection that breaks off must not end a trial in its middle."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)
