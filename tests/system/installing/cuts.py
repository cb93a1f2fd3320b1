"""What becomes of an installation that is killed, and what a purge leaves."""

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.system.installing.chroot import ChrootError
from tests.system.installing.trial import COMPOSE, CONFIG_TXT, HIGHER, Trial, see

_HOME: Final = Path("usr/lib/continuo")
_REACHED_S: Final = 1800.0
# What dpkg and apt write for themselves, and this test.
_THEIRS: Final = ("var/lib/dpkg", "var/lib/apt", "var/cache", "var/log", "root", "tmp", "run")
_DOCUMENTED: Final = (
    "var/lib/continuo",  # the player's
    "boot/firmware/config.txt",  # the maker's, and the one before
    # users, whose number may not become another's
    *(f"etc/{name}" for name in ("passwd", "group", "shadow", "gshadow", "subuid", "subgid")),
)


def unpacking_is_mended(trial: Trial) -> str:
    """The first installation, with what it depends on there already."""
    depends = trial.chroot.run("dpkg-deb -f /root/continuo.deb Depends").strip()
    trial.chroot.run(f"apt-get satisfy -y --no-install-recommends '{depends}'")
    trial.kept = _files(trial.root)
    app = trial.root / _HOME / "app/firmware/models"
    state = _cut(trial, "continuo.deb", app.exists)
    trial.chroot.run("dpkg --configure -a")
    broken = trial.state()
    said = trial.chroot.run("apt install -y --no-install-recommends /root/continuo.deb")
    see(said, holds="Continuo: added to" in said)
    _is_whole(trial, trial.version)
    return f"{state}; after dpkg --configure -a {broken}; after apt install ./… installed"


def configuring_is_mended(trial: Trial) -> str:
    """An upgrade."""
    app = trial.root / _HOME / "app"
    unpacked = app / f"continuo-{HIGHER}.dist-info/METADATA"
    state = _cut(
        trial,
        "higher.deb",
        lambda: unpacked.exists() and any((app / "firmware").glob("__pycache__")),
    )
    see(state, holds=state.startswith("half-configured"))
    trial.chroot.run("dpkg --configure -a")
    trial.chroot.run("apt-get install -y -f")
    _is_whole(trial, HIGHER)
    return f"{state}; after dpkg --configure -a and apt -f install: installed"


def purge_is_clean(trial: Trial) -> str:
    """Beside the system without the package: only what the documents say."""
    root = trial.root
    trial.chroot.run(COMPOSE)
    trial.chroot.run("apt-get purge -y continuo")
    after = _files(root)
    new = sorted(path for path in after if trial.kept.get(path) != after[path])
    lost = sorted(trial.kept.keys() - after.keys())
    strange = [str(p) for p in new if not str(p.relative_to(root)).startswith(_DOCUMENTED)]
    see(f"left: {strange}, lost: {lost}", holds=not strange and not lost)
    return f"{len(after)} files and folders as without it; left: compositions, users, config.txt"


def _cut(trial: Trial, name: str, is_reached: Callable[[], bool]) -> str:
    """Kill an installation at a moment, with all that it started.

    Returns:
        What dpkg says of the package then.
    """
    # All of them hold standard error, so that its end is the end of the last.
    process = trial.chroot.start(
        f"apt-get install -y --no-install-recommends /root/{name} >/root/log"
    )
    deadline = time.monotonic() + _REACHED_S
    while not is_reached():
        if process.poll() is not None or time.monotonic() > deadline:
            said = (trial.root / "root/log").read_text()
            raise ChrootError(f"it was not cut in time:\n{said[-1500:]}")
        time.sleep(0.01)
    process.kill()
    process.communicate()
    return trial.state()


def _is_whole(trial: Trial, version: str) -> None:
    see(trial.state(), holds=trial.state() == f"installed ok {version}")
    see("files are not whole", holds=trial.chroot.run("dpkg --verify continuo").strip() == "")
    see("apt is not content", holds=trial.chroot.run("apt-get check -qq").strip() == "")
    see(trial.started(), holds=trial.started() == f"continuo {version}")
    trial.chroot.run("systemctl --root=/ is-enabled continuo.service continuo-sound.service")
    text = (trial.root / CONFIG_TXT).read_text()
    see(
        f"boot settings not once:\n{text}",
        holds=text.count("dtparam=i2c_arm_baudrate=400000\n") == 1,
    )


def _files(root: Path) -> dict[Path, bytes]:
    """Everything that lies there, with a digest of what a package may change in place."""
    found: dict[Path, bytes] = {}
    for path in root.rglob("*"):
        place = path.relative_to(root)
        if str(place).startswith(_THEIRS):
            continue
        is_text = place.parts[0] in ("etc", "boot") and path.is_file() and not path.is_symlink()
        found[path] = hashlib.sha256(path.read_bytes()).digest() if is_text else b""
    return found
