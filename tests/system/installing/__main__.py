"""The package on a fresh Debian: installed, upgraded, interrupted, removed, claim by claim.

    sudo python3 -m tests.system.installing [--suite bookworm] [--architecture amd64] [WORD…]

It needs root, a Debian mirror, mmdebstrap, and qemu-user-static for another processor's Debian,
which takes ten times as long. A Debian is fetched once and kept in build/system-test/installing.
"""

import argparse
import shutil
import sys
import time
from collections.abc import Sequence
from itertools import product
from pathlib import Path

from tests.system.image import ROOT
from tests.system.installing.chroot import (
    ARCHITECTURES,
    FOLDER,
    SUITES,
    Chroot,
    ChrootError,
    Debian,
    missing,
)
from tests.system.installing.claims import JOURNEYS
from tests.system.installing.newer import newer
from tests.system.installing.trial import HIGHER, Trial


def main(arguments: Sequence[str]) -> int:
    """Run the claims; a table of what was shown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("words", nargs="*", metavar="WORD", help="only journeys with it")
    parser.add_argument("--suite", choices=list(SUITES), help="only this Debian")
    parser.add_argument("--architecture", choices=ARCHITECTURES, help="only this machine")
    parser.add_argument("--packages", type=Path, default=ROOT / "dist", help="where they lie")
    options = parser.parse_args(arguments)
    suites = [options.suite] if options.suite else SUITES
    architectures = [options.architecture] if options.architecture else ARCHITECTURES
    debians = [Debian(suite=s, architecture=a) for a, s in product(architectures, suites)]
    reason = missing(debians)
    packages = {a: _newest(options.packages, a) for a in architectures}
    absent = [a for a, package in packages.items() if package is None]
    if reason or absent:
        reason = reason or f"there is no package for {' and '.join(absent)} yet, make deb"
        sys.stdout.write(f"The installation is not tried: {reason}\n")
        return 2
    began = time.monotonic()
    shown = [
        result
        for debian in debians
        if (package := packages[debian.architecture]) is not None
        for result in _travel(debian, package, options.words)
    ]
    took_s = time.monotonic() - began
    sys.stdout.write(f"{len(shown)} shown, {shown.count(False)} failed, {took_s:.0f} s\n")
    return 0 if all(shown) else 1


def _travel(debian: Debian, package: Path, words: Sequence[str]) -> list[bool]:
    """Each journey begins with a fresh Debian, and goes on when a claim does not hold.

    Returns:
        Which claims held.
    """
    results: list[bool] = []
    place = f"{SUITES[debian.suite]} {debian.architecture}"

    def show(claim: str, result: str, took_s: float, what: str) -> None:
        sys.stdout.write(f"{result:<7} {took_s:6.1f} s  {place}: {claim}: {what}\n")
        sys.stdout.flush()

    made = FOLDER / f"newer-{debian.name}"
    made.mkdir(parents=True, exist_ok=True)
    higher = newer(package, HIGHER, made)
    for name, journey in JOURNEYS.items():
        if words and not any(word in name for word in words):
            continue
        began = time.monotonic()
        with Chroot(debian) as chroot:
            chroot.run("apt-get update")
            show(f"{name}: a fresh Debian", "ok", time.monotonic() - began, debian.name)
            for deb, there in ((package, "continuo.deb"), (higher, "higher.deb")):
                shutil.copyfile(deb, chroot.root / "root" / there)
            trial = Trial(chroot=chroot, version=package.name.split("_")[1])
            for claim in journey:
                started = time.monotonic()
                try:
                    result, what = "ok", claim.show(trial)
                except ChrootError as error:
                    result, what = "FAILED", str(error)
                show(claim.claim, result, time.monotonic() - started, what)
                results.append(result == "ok")
    shutil.rmtree(made)
    return results


def _newest(folder: Path, architecture: str) -> Path | None:
    found = folder.glob(f"continuo_*_{architecture}.deb")
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
