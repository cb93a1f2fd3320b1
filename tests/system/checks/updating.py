"""An update on the appliance itself: one that is good, one that is not, and a cut in the middle."""

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
    _make_release(guest, _GOOD)
    said = guest.run(_UPDATE, timeout_s=400)
    see(f"{_GOOD} runs and has proved itself" in said, said)
    see(_version(guest) == _GOOD, _version(guest))
    return said.splitlines()[-1]


def returns_from_a_bad_update(guest: Guest) -> str:
    """One that starts and does not live is taken back within its 120 s."""
    _make_release(guest, _BAD)
    guest.run(f"echo 'raise SystemExit(3)' >>{_FOLDER}/files/app/firmware/engine/engine.py")
    _sign(guest, _BAD)
    said = guest.fails(_UPDATE, timeout_s=500)
    see("what ran before runs again" in said, said)
    took_s = guest.wait(f"continuo status --json | grep -q {_GOOD}", 120)
    return f"{said.splitlines()[-1]}; {_GOOD} answers {took_s:.0f} s after that"


def returns_after_a_cut(guest: Guest) -> str:
    """The power is cut in the trial of the bad one: the machine starts with what ran before."""
    guest.run(f"(continuo update {_FOLDER} >/run/update.txt 2>&1 &)")
    guest.wait("test -e /opt/continuo/releases/trial.json", 300)
    guest.run("sync")  # only the cut is to be unexpected, not the moment
    guest.cut_power()
    booted_s = guest.boot()
    guest.wait(f"continuo status --json | grep -q {_GOOD}", 300)
    guest.run("test ! -e /opt/continuo/releases/trial.json")
    guest.run("rm -rf /opt/continuo/releases/current && systemctl restart continuo", timeout_s=300)
    return f"booted in {booted_s:.0f} s, with {_GOOD}"


def _make_release(guest: Guest, version: str) -> None:
    """The installed program under another version; its own files where it is changed."""
    app = f"{_FOLDER}/files/app"
    guest.run(
        f"rm -rf {_FOLDER} && mkdir {_FOLDER} && cp -al /usr/lib/continuo {_FOLDER}/files && "
        f"find {_FOLDER} -name __pycache__ -prune -exec rm -r {{}} + && "
        f"rm -rf {_FOLDER}/files/lib/python3.13 && "
        f"mkdir {app}/continuo-{version}.dist-info && rm -r {app}/continuo-0*.dist-info && "
        f"printf 'Metadata-Version: 2.1\\nName: continuo\\nVersion: {version}\\n' "
        f">{app}/continuo-{version}.dist-info/METADATA && "
        f"cp {app}/firmware/engine/engine.py /tmp/engine.py && "
        f"rm {app}/firmware/engine/engine.py && mv /tmp/engine.py {app}/firmware/engine/",
        timeout_s=120,
    )
    _sign(guest, version)


def _sign(guest: Guest, version: str) -> None:
    guest.run(f"continuo update {_FOLDER} --sign /root/release --version {version}", timeout_s=200)


def _version(guest: Guest) -> str:
    python = "python3 -c 'import json,sys; print(json.load(sys.stdin)[\"continuo\"])'"
    return guest.run(f"continuo status --json | {python}").strip()


CHECKS: Final = (
    Check(claim="an update is tried, and stays", show=is_updated),
    Check(claim="a bad update is taken back", show=returns_from_a_bad_update),
    Check(claim="a power cut in an update is taken back", show=returns_after_a_cut),
)
