"""An update on the appliance itself: one that is good, one that is not, and a cut in the middle."""

import time
from typing import Final

from tests.system.checks.check import Check, see
from tests.system.machine import Guest

_GOOD, _BAD = "9.1.0", "9.2.0"
_FOLDER: Final = "/var/tmp/release"  # noqa: S108 - of a guest that is nobody else's
# Not to a terminal, where it would draw bars.
_UPDATE: Final = (
    f"(continuo update {_FOLDER} >/run/update.txt 2>&1; code=$?; tail -n 2 /run/update.txt; "
    "exit $code)"
)


def is_updated(guest: Guest) -> str:
    """A signed release is tried, proves itself and stays."""
    guest.run(
        "test -e /root/release || ssh-keygen -q -t ed25519 -N '' -f /root/release; "
        'echo "continuo-release $(cat /root/release.pub)" >/etc/continuo/release-signers'
    )
    # Of the installed program's own files; only what is written anew is another's.
    guest.run(
        f"rm -rf {_FOLDER} && mkdir {_FOLDER} && cp -al /usr/lib/continuo {_FOLDER}/files && "
        f"find {_FOLDER} -name __pycache__ -prune -exec rm -r {{}} + && "
        f"rm -rf {_FOLDER}/files/lib/python3.13",
        timeout_s=120,
    )
    _sign(guest, _GOOD)
    said = guest.run(_UPDATE, timeout_s=400)
    see(f"{_GOOD} runs and has proved itself" in said, said)
    see(_version(guest) == _GOOD, _version(guest))
    return said.splitlines()[-1]


def returns_from_a_bad_update(guest: Guest) -> str:
    """One that can be loaded, and ends by itself as soon as it is to play, is taken back."""
    _break(guest, f"{_FOLDER}/files/app/firmware/engine/engine.py")
    _sign(guest, _BAD)
    began = time.monotonic()
    said = guest.fails(_UPDATE, timeout_s=500)
    see(f"{_BAD} has ended by itself" in said and "what ran before runs again" in said, said)
    took_s = time.monotonic() - began
    back_s = guest.wait(f"continuo status --json | grep -q {_GOOD}", 120)
    return f"{said.splitlines()[-1]}; after {took_s:.0f} s, and {_GOOD} answers {back_s:.0f} s later"


def returns_after_a_cut(guest: Guest) -> str:
    """The power is cut in the trial of the bad one: the machine starts with what ran before."""
    guest.run(f"(continuo update {_FOLDER} >/run/update.txt 2>&1 &)")
    guest.wait("test -e /opt/continuo/releases/trial.json", 300)
    guest.run("sync")  # only the cut is to be unexpected, not the moment
    guest.cut_power()
    booted_s = guest.boot()
    guest.wait(f"continuo status --json | grep -q {_GOOD}", 300)
    guest.run("test ! -e /opt/continuo/releases/trial.json")
    return f"booted in {booted_s:.0f} s, with {_GOOD}"


def _break(guest: Guest, path: str) -> None:
    copy = f"{path}.copy"  # it is a link to the program that runs
    guest.run(f"cp {path} {copy}; echo 'Engine.__init__ = None' >>{copy}; mv {copy} {path}")


def _sign(guest: Guest, version: str) -> None:
    """Say that the release is of a version, and sign it."""
    app = f"{_FOLDER}/files/app"
    guest.run(
        f"rm -r {app}/continuo-*.dist-info && mkdir {app}/continuo-{version}.dist-info && "
        f"printf 'Metadata-Version: 2.1\\nName: continuo\\nVersion: {version}\\n' "
        f">{app}/continuo-{version}.dist-info/METADATA && "
        f"continuo update {_FOLDER} --sign /root/release --version {version}",
        timeout_s=200,
    )


def _version(guest: Guest) -> str:
    python = "python3 -c 'import json,sys; print(json.load(sys.stdin)[\"continuo\"])'"
    return guest.run(f"continuo status --json | {python}").strip()


CHECKS: Final = (
    Check(claim="an update is tried, and stays", show=is_updated),
    Check(claim="a bad update is taken back", show=returns_from_a_bad_update),
    Check(claim="a power cut in an update is taken back", show=returns_after_a_cut),
)
