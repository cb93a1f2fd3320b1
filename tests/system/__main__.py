"""`make system-test`: the appliance on a real kernel, in QEMU, claim by claim."""

import argparse
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.system.architecture import ARCHITECTURES, Architecture
from tests.system.checks import CHECKS
from tests.system.checks.check import Check
from tests.system.image import ROOT, is_kept, make_image
from tests.system.machine import Guest, GuestError
from tests.system.tools import missing


def main(arguments: Sequence[str]) -> int:
    """Run the checks; a table of what was shown."""
    parser = argparse.ArgumentParser(prog="make system-test", description=__doc__)
    parser.add_argument(
        "--machine",
        choices=tuple(ARCHITECTURES),
        help="a Raspberry Pi with its panel (arm64), or a PC that simulates one (amd64); by "
        "default the Pi, or the PC where this machine has not got what a Pi needs",
    )
    parser.add_argument("--quick", action="store_true", help="only what every change has to pass")
    parser.add_argument(
        "--look", action="store_true", help="only say whether it can be run here within minutes"
    )
    parser.add_argument("words", nargs="*", metavar="WORD", help="only claims with one of these")
    options = parser.parse_args(arguments)
    architecture = _chosen(options.machine)
    reason = missing(architecture)
    if options.look:
        return _look(reason, architecture)
    packages = (ROOT / "dist").glob(f"continuo_*_{architecture.name}.deb")
    package = max(packages, key=_age, default=None)
    if not reason and package is None:
        reason = "there is no package yet, make deb"
    if reason or package is None:
        sys.stdout.write(f"The system test is not run: {reason}\n")
        return 2
    checks = [
        check
        for check in CHECKS
        if (architecture.has_panel or not check.needs_panel)
        and (check.is_quick or not options.quick)
        and (not options.words or any(word in check.claim for word in options.words))
    ]
    return _run(checks, package, architecture)


def _look(reason: str, architecture: Architecture) -> int:
    if not reason and not is_kept(architecture):
        reason = f"its Debian for {architecture.name} would have to be fetched first"
    sys.stdout.write(f"not run: {reason} (make system-test)\n" if reason else "can be run\n")
    return 1 if reason else 0


def _run(checks: Iterable[Check], package: Path, architecture: Architecture) -> int:
    rows: list[tuple[str, str, float, str]] = []

    def show(claim: str, result: str, took_s: float, what: str) -> None:
        rows.append((claim, result, took_s, what))
        sys.stdout.write(f"{result:<7} {took_s:6.1f} s  {claim}: {what}\n")
        sys.stdout.flush()

    began = time.monotonic()
    guest = Guest(make_image(package, architecture))
    show("the package is installed", "ok", time.monotonic() - began, package.name)
    try:
        show("the guest boots", "ok", guest.boot(), f"Debian 12, {architecture.title}")
        for check in checks:
            started = time.monotonic()
            try:
                result, what = "ok", check.show(guest)
            except (GuestError, TimeoutError) as error:
                result, what = "FAILED", str(error)
            show(check.claim, result, time.monotonic() - started, what)
    finally:
        guest.cut_power()
    failed = sum(result == "FAILED" for _, result, _, _ in rows)
    sys.stdout.write(f"{len(rows)} shown, {failed} failed, {time.monotonic() - began:.0f} s\n")
    return 1 if failed else 0


def _chosen(name: str | None) -> Architecture:
    """The machine that was asked for, or else the best that can be had here."""
    if name is not None:
        return ARCHITECTURES[name]
    pi, pc = ARCHITECTURES["arm64"], ARCHITECTURES["amd64"]
    reason = missing(pi)
    if not reason or missing(pc):
        return pi
    sys.stdout.write(f"On a PC, without GPIO lines and a screen of its own: for a Pi {reason}\n")
    return pc


def _age(path: Path) -> float:
    return path.stat().st_mtime


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
