"""An update on the appliance itself: one that is good, and one that is not."""

import time
from typing import Final

from tests.system.checks.check import Check, see
from tests.system.machine import Guest

_GOOD, _BAD = "9.1.0", "9.2.0"
_FOLDER: Final = "/var/tmp/release"  # noqa: S108 - of a guest that is nobody else's
_TRIAL: Final = "/opt/continuo/releases/trial.json"
# Not to a terminal, where it would draw bars.
_UPDATE: Final = (
    f"(continuo update {_FOLDER} >/run/update.txt 2>&1; code=$?; tail -n 2 /run/update.txt; "
    "exit $code)"
)


def is_updated(guest: Guest) -> str:
    """A signed release is tried, proves itself and stays."""
    _sign(guest, _GOOD)
    said = guest.run(_UPDATE, timeout_s=400)
    see(f"{_GOOD} runs and has proved itself" in said, said)
    see(_version(guest) == _GOOD, _version(guest))
    return said.splitlines()[-1]


def returns_from_a_bad_update(guest: Guest) -> str:
    """One that can be loaded, and ends by itself as soon as it is to play, is taken back."""
    before = _version(guest)
    _sign(guest, _BAD)
    began = time.monotonic()
    said = guest.fails(_UPDATE, timeout_s=500)
    see(f"{_BAD} has ended by itself" in said and "what ran before runs again" in said, said)
    took_s = time.monotonic() - began
    back_s = see_back(guest, before)
    return f"{said.splitlines()[-1]}; after {took_s:.0f} s, and {before} answers {back_s:.0f} s on"


def begin_trial(guest: Guest) -> str:
    """Let a release be tried that will not prove itself; it is on trial when this returns.

    Returns:
        The version that ran before.
    """
    before = _version(guest)
    _sign(guest, _BAD)
    guest.run(f"(continuo update {_FOLDER} >/run/update.txt 2>&1 &)")
    guest.wait(f"test -e {_TRIAL}", 300)
    guest.run("sync")  # only the cut is to be unexpected, not the moment
    return before


def see_back(guest: Guest, version: str) -> float:
    """See that a version runs and nothing is on trial.

    Returns:
        How long that took, in seconds.
    """
    took_s = guest.wait(f"continuo status --json | grep -q {version}", 300)
    guest.run(f"test ! -e {_TRIAL}")
    return took_s


def _sign(guest: Guest, version: str) -> None:
    """Sign the installed program as a release of that version, by somebody who is trusted.

    The bad one is the same, but that its engine cannot be made. Nothing is done where that very
    release lies there already.
    """
    if f'"version": "{version}"' in guest.run(f"head {_FOLDER}/release.json || true"):
        return
    guest.run(
        "test -e /root/release || ssh-keygen -q -t ed25519 -N '' -f /root/release; "
        'echo "continuo-release $(cat /root/release.pub)" >/etc/continuo/release-signers'
    )
    # Most of its files are links to the installed ones: what is changed has to be another file.
    guest.run(
        f"rm -rf {_FOLDER} && mkdir {_FOLDER} && cp -al /usr/lib/continuo {_FOLDER}/files && "
        f"find {_FOLDER} -name __pycache__ -prune -exec rm -r {{}} + && "
        f"rm -rf {_FOLDER}/files/lib/python3.13",
        timeout_s=120,
    )
    engine = "firmware/engine/engine.py"
    broken = f"cp {engine} bad.py && echo 'Engine.__init__ = None' >>bad.py && mv bad.py {engine}"
    guest.run(
        f"cd {_FOLDER}/files/app && ({broken if version == _BAD else 'true'}) && "
        f"rm -r continuo-*.dist-info && mkdir continuo-{version}.dist-info && "
        f"printf 'Metadata-Version: 2.1\\nName: continuo\\nVersion: {version}\\n' "
        f">continuo-{version}.dist-info/METADATA && cd / && "
        f"continuo update {_FOLDER} --sign /root/release --version {version}",
        timeout_s=200,
    )


def _version(guest: Guest) -> str:
    python = "python3 -c 'import json,sys; print(json.load(sys.stdin)[\"continuo\"])'"
    return guest.run(f"continuo status --json | {python}").strip()


CHECKS: Final = (
    Check(claim="a bad update is taken back", show=returns_from_a_bad_update),
    Check(claim="an update is tried, and stays", show=is_updated),
)
