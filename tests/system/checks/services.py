"""The services: they start, stay in their sandboxes, and come back."""

import json
import re
import time
from typing import Any, Final

from tests.system.checks.check import Check, see
from tests.system.checks.programs import GENERATE
from tests.system.machine import Guest

MOST_EXPOSURE: Final = 1.5
_RESTART_S: Final = 90.0  # emulated; on a Pi a second or two, and the start


def starts(guest: Guest) -> str:
    """Nothing failed, and nothing listens."""
    guest.wait("systemctl is-active continuo continuo-sound", 300)
    guest.wait("systemctl show -p StatusText continuo | grep FluidSynth", 120)
    failed = guest.run("systemctl --failed --plain --no-legend").strip()
    listening = guest.run("ss -H -lntu").strip()
    see(not failed, f"failed: {failed}")
    see(not listening, f"listening: {listening}")
    return guest.run("systemctl show -p StatusText --value continuo").strip()


def is_sandboxed(guest: Guest) -> str:
    """Of the services as they are installed, with this system's systemd."""
    worst = {}
    names = guest.run("cd /usr/lib/systemd/system && ls continuo*.service").split()
    for name in names:
        unit = name.replace("@.", "@sda1.")
        said = guest.run(f"systemd-analyze security --offline=true {unit} | tail -1")
        score = re.search(r": ([\d.]+) ", said)
        see(score is not None, said)
        worst[name] = float(score[1]) if score else 10.0
    see(max(worst.values()) <= MOST_EXPOSURE, str(worst))
    return ", ".join(f"{name.removesuffix('.service')} {score}" for name, score in worst.items())


def comes_back_after_a_kill(guest: Guest) -> str:
    """Each of the processes is killed, and is there again."""
    figures = []
    for service in ("continuo", "continuo-sound"):
        before = restarts(guest, service)
        guest.run(f"systemctl kill -s KILL --kill-whom=main {service}")
        took_s = guest.wait(
            f"test $(systemctl show -p NRestarts --value {service}) -gt {before} && "
            f"systemctl is-active {service}",
            _RESTART_S,
        )
        figures.append(f"{service} {took_s:.1f} s")
    worker = _status(guest)["worker"]
    guest.run(f"kill -KILL {worker['pid']}")
    guest.run(GENERATE, timeout_s=400)
    starts = _status(guest)["worker"]["starts"]
    see(starts == worker["starts"] + 1, f"the model's process was started {starts} times")
    figures.append("the model with the next generation")
    return ", ".join(figures)


def comes_back_after_a_hang(guest: Guest) -> str:
    """The instrument hangs: the watchdog ends it."""
    before = restarts(guest, "continuo")
    guest.run("kill -STOP $(systemctl show -p MainPID --value continuo)")
    noticed_s = guest.wait(
        f"test $(systemctl show -p NRestarts --value continuo) -gt {before}", _RESTART_S
    )
    back_s = guest.wait("systemctl is-active continuo", _RESTART_S)
    return f"noticed in {noticed_s:.1f} s, playing {back_s:.1f} s later"


def ends_a_hanging_model(guest: Guest) -> str:
    """The model's process stands still: whoever asks it is told so, and the next one is served."""
    before = _status(guest)["worker"]
    guest.run(f"kill -STOP {before['pid']}")
    began = time.monotonic()
    said = guest.fails(GENERATE, timeout_s=200)
    noticed_s = time.monotonic() - began
    guest.run(GENERATE, timeout_s=400)
    after = _status(guest)["worker"]
    see(after["starts"] == before["starts"] + 1, f"{before} before, {after} after: {said}")
    return f"noticed after {noticed_s:.0f} s, and another one works"


def ends_a_hanging_synthesizer(guest: Guest) -> str:
    """The synthesizer stands still: it is started anew, and sounds."""
    pid = guest.run("systemctl show -p MainPID --value continuo-sound").strip()
    guest.run(f"kill -STOP {pid}")
    took_s = guest.wait(
        f"test $(systemctl show -p MainPID --value continuo-sound) -gt 0 && "
        f"test $(systemctl show -p MainPID --value continuo-sound) -ne {pid} && "
        "grep -q RUNNING /proc/asound/card*/pcm*p/sub0/status",
        _RESTART_S,
    )
    return f"sounds again after {took_s:.0f} s"


def asks_for_help(guest: Guest) -> str:
    """Settings that cannot be: after six starts the rescue page takes over, until a new try."""
    guest.run("cp /etc/continuo/config.toml /tmp && echo tempo_bpm=999 >>/etc/continuo/config.toml")
    guest.run("systemctl reset-failed continuo; systemctl restart --no-block continuo")
    took_s = guest.wait("journalctl -b -u continuo-rescue | grep -q Start", 300)
    guest.run("systemctl is-failed continuo")
    guest.run("cp /tmp/config.toml /etc/continuo && systemctl stop continuo-rescue")
    guest.run("systemctl reset-failed continuo; systemctl start continuo", timeout_s=300)
    return f"the page is asked for after {took_s:.0f} s, and a mended file starts it again"


def restarts(guest: Guest, service: str) -> int:
    return int(guest.run(f"systemctl show -p NRestarts --value {service}"))


def _status(guest: Guest) -> dict[str, Any]:
    """What the instrument says of itself."""
    status: dict[str, Any] = json.loads(guest.run("continuo status --json"))
    return status


CHECKS: Final = (
    Check(claim="starts, and listens to nobody", show=starts, is_quick=True),
    Check(claim="every service is in a sandbox", show=is_sandboxed, is_quick=True),
    Check(claim="killed, it comes back", show=comes_back_after_a_kill),
    Check(claim="hung, it comes back", show=comes_back_after_a_hang),
    Check(claim="a model that hangs is ended", show=ends_a_hanging_model),
    Check(
        claim="a synthesizer that hangs is ended",
        show=ends_a_hanging_synthesizer,
        needs_panel=True,  # a simulated instrument may be on a desktop, whose sound is not its own
    ),
    Check(claim="what cannot start asks for help", show=asks_for_help),
)
