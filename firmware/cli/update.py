"""Install a signed release from a folder, a stick's for instance.

It is copied beside the one that runs, checked, started, and has two minutes to prove itself; else
the one before is started again. Wherever power fails meanwhile, the old or the new one starts.
"""

import argparse
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from firmware.cli.answer import Answer
from firmware.cli.arguments import Parser, UsageError
from firmware.cli.progress import LATE_S, Report, progress_bar
from firmware.config import load_config
from firmware.maintenance.release import SIGNERS, sign_release
from firmware.maintenance.update import around_of, restart, settle, update
from firmware.version import installed_version


def add_arguments(parser: Parser) -> None:
    """Describe the command line."""
    parser.epilog = (
        f"Whose releases are trusted stands in {SIGNERS}, a public key of OpenSSH's each:\n"
        "  continuo-release ssh-ed25519 AAAA…\n\n"
        "examples:\n"
        "  sudo continuo update /media/stick/continuo-1.4.0\n"
        "\nwhoever makes a release has its program in the folder files, and signs that:\n"
        "  continuo update continuo-1.4.0 --sign ~/.ssh/release --version 1.4.0"
    )
    parser.add_argument("folder", nargs="?", type=Path, metavar="FOLDER", help="the release")
    parser.add_argument(
        "--older", action="store_true", help="even if it is not newer than what runs"
    )
    parser.add_argument(
        "--settle",
        action="store_true",
        help="end what a power cut left in the middle; at each start, before the instrument's",
    )
    parser.add_argument(
        "--restart", action="store_true", help="with --settle: the instrument, if that changes it"
    )
    making = parser.add_argument_group("making a release")
    making.add_argument("--sign", type=Path, metavar="KEY", help="sign the folder with this key")
    making.add_argument("--version", metavar="X.Y.Z", help="what the release is called")


def run(arguments: argparse.Namespace) -> Answer:
    """Do what is asked for."""
    if arguments.settle:
        return _settle(is_restarted=arguments.restart)
    if arguments.folder is None:
        raise UsageError("update wants a folder", remedy="continuo update /media/stick/continuo-…")
    if arguments.sign is not None:
        return _sign(arguments)
    if arguments.version is not None:
        raise UsageError("--version is for --sign", remedy="leave it out")
    before = installed_version()
    with closing(_Bars()) as bars:
        release = update(
            arguments.folder,
            around_of(load_config().control),
            running=before,
            may_be_older=arguments.older,
            on_copy=partial(bars.show, "copy"),
            on_trial=partial(bars.show, "trial, at most"),
        )
    return Answer(
        content={"version": release.version, "before": before},
        lines=[f"{release.version} runs and has proved itself; before it was {before}"],
    )


class _Bars:
    """A progress bar for one thing after the other."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._label = ""
        self._report: Report = lambda _done, _total: None

    def show(self, label: str, done: int, total: int) -> None:
        """Say how far something is; what came before it is over."""
        if label != self._label:
            self.close()
            self._label = label
            self._report = self._stack.enter_context(progress_bar(label, after_s=LATE_S))
        self._report(done, total)

    def close(self) -> None:
        """Nothing more comes."""
        self._stack.close()


def _settle(*, is_restarted: bool) -> Answer:
    # Without a look at the settings: a mistake in them must not keep a bad release.
    around = around_of(None)
    returned = settle(around)
    if returned and is_restarted:
        restart(around)
    said = "an update that had not proved itself was taken back" if returned else "all is settled"
    return Answer(content={"taken_back": returned}, lines=[said])


def _sign(arguments: argparse.Namespace) -> Answer:
    if arguments.version is None:
        raise UsageError("--sign wants --version", remedy="--version 1.4.0")
    release = sign_release(arguments.folder, arguments.version, arguments.sign, datetime.now(UTC))
    return Answer(
        content={"version": release.version, "files": len(release.files)},
        lines=[f"signed {len(release.files)} files as {release.version}"],
    )
