"""`make system-test`: the appliance on a real kernel, in QEMU, claim by claim."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.system.checks import CHECKS
from tests.system.image import ROOT, make_image, missing
from tests.system.machine import Guest, GuestError


def main(arguments: Sequence[str]) -> int:
    """Run the checks, all or those whose claim has one of the words; a table of what was shown."""
    reason = missing()
    if reason:
        sys.stdout.write(f"The system test is not run: {reason}\n")
        return 2
    packages = sorted((ROOT / "dist").glob("continuo_*_amd64.deb"), key=_age)
    if not packages:
        sys.stdout.write("The system test is not run: there is no package yet, make deb\n")
        return 2
    rows: list[tuple[str, str, float, str]] = []

    def show(claim: str, result: str, took_s: float, what: str) -> None:
        rows.append((claim, result, took_s, what))
        sys.stdout.write(f"{result:<7} {took_s:6.1f} s  {claim}: {what}\n")
        sys.stdout.flush()

    began = time.monotonic()
    guest = Guest(make_image(packages[-1]))
    show("the package is installed", "ok", time.monotonic() - began, packages[-1].name)
    try:
        show("the guest boots", "ok", guest.boot(), "Debian 12, amd64")
        for check in CHECKS:
            if arguments and not any(word in check.claim for word in arguments):
                continue
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


def _age(path: Path) -> float:
    return path.stat().st_mtime


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
