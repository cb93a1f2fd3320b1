"""What the package is to do to a Debian, claim by claim, in four journeys."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from tests.system.installing.boot import BOOT, PI_OS, boot_settings, other_config_txts
from tests.system.installing.cuts import configuring_is_mended, purge_is_clean, unpacking_is_mended
from tests.system.installing.trial import AS_PLAYER, COMPOSE, CONFIG_TXT, HIGHER, Trial, see

MOST_EXPOSURE: Final = 1.5
UNITS: Final = Path("usr/lib/systemd/system")
USERS: Final = ("continuo", "continuo-sound", "continuo-usb", "continuo-stick", "continuo-ssh")
GROUPS: Final = ("i2c", "spi", "gpio", "audio")
CONFIG: Final = Path("etc/continuo/config.toml")
_MAKERS: Final = 'midi_input = "My keyboard"  # the maker\'s\n'
_DISABLED: Final = "continuo-disk.path"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One claim.

    Attributes:
        claim: In a sentence.
        show: Shows it, and says with which figures; raises `ChrootError` where it does not hold.
    """

    claim: str
    show: Callable[[Trial], str]


def prepared_card(trial: Trial) -> str:
    """The boot partition as Raspberry Pi OS ships it."""
    for path, text in BOOT.items():
        target = trial.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return ", ".join(path.name for path in BOOT)


def installs_small(trial: Trial) -> str:
    """Without what is only recommended."""
    return _installs(trial, "--no-install-recommends")


def installs_whole(trial: Trial) -> str:
    """With what is recommended, as apt does it unless told otherwise; SSH's settings are sound."""
    said = _installs(trial)
    trial.chroot.run("mkdir -p /run/sshd && ssh-keygen -A && sshd -t")
    return said


def _installs(trial: Trial, *options: str) -> str:
    # One yes to apt's own question; a second question would find no answer and fail.
    command = " ".join(("apt install", *options, "/root/continuo.deb"))
    said = trial.chroot.run(command, answers="y\n")
    see(f"boot settings were not reported:\n{said[-1500:]}", holds="\nContinuo: added to" in said)
    see(trial.state(), holds=trial.state() == f"installed ok {trial.version}")
    count = re.search(r"Installing: (\d+)|(\d+) newly installed", said)
    size = re.search(r"Download size: (.+)|Need to get (.+) of archives", said)
    space = re.search(r"Space needed: (.+?) /|this operation, (.+?) of add", said)
    figures = [next(filter(None, f.groups())) if f else "?" for f in (count, size, space)]
    return "{} packages, {} to fetch, {} on the disk".format(*figures)


def is_enabled(trial: Trial) -> str:
    """Every unit that can be, by the suite's own systemd."""
    units = sorted((trial.root / UNITS).glob("continuo*"))
    can_be = [u.name for u in units if u.is_file() and "[Install]" in u.read_text()]
    said = trial.chroot.run(f"systemctl --root=/ is-enabled {' '.join(can_be)}").split()
    see(str(dict(zip(can_be, said, strict=False))), holds=set(said) == {"enabled"})
    return f"{len(can_be)} units"


def has_users(trial: Trial) -> str:
    """A user for each service, who cannot log in, and the groups of the wires."""
    for user in USERS:
        line = trial.chroot.run(f"getent passwd {user}").strip()
        see(line, holds=line.endswith("/usr/sbin/nologin"))
    trial.chroot.run(f"getent group {' '.join(GROUPS)}")
    see(
        "maker may not read the library",
        holds="continuo" in trial.chroot.run("id -nG maker").split(),
    )
    return f"{len(USERS)} users of services, maker, {len(GROUPS)} groups"


def is_sandboxed(trial: Trial) -> str:
    """By the figure of the suite's own systemd, which finds nothing to complain about either."""
    units = sorted(p.name for p in (trial.root / UNITS).glob("continuo*") if p.is_file())
    named = [name.replace("@.", "@sda1.") for name in units]
    said = trial.chroot.run(f"systemd-analyze verify --man=no {' '.join(named)}")
    see(said, holds=said.strip() == "")
    services = " ".join(name for name in named if name.endswith(".service"))
    said = trial.chroot.run(
        f"for unit in {services}; do systemd-analyze security --offline=true --no-pager $unit; done"
    )
    scores = re.findall(r"exposure level for (\S+)\.service: ([\d.]+)", said)
    worst = max(float(score) for _, score in scores)
    see(str(scores), holds=len(scores) == len(services.split()) and worst <= MOST_EXPOSURE)
    return f"{len(units)} units verified, {len(scores)} services at most {worst}"


def program_starts(trial: Trial) -> str:
    """As the user that the service is, from another folder than its own."""
    see(trial.started(), holds=trial.started() == f"continuo {trial.version}")
    return trial.started()


def models_are_well(trial: Trial) -> str:
    """Each gives what it gave when it was made, on this processor and this suite's Python."""
    tested = trial.chroot.run(f"{AS_PLAYER} selftest --passes 1")
    return f"{tested.count(' ok ')} models"


def machine_is_well(trial: Trial) -> str:
    """The doctor finds no fault, and the suite's own Python with the package's runtime."""
    said = trial.chroot.run(f"{AS_PLAYER} doctor")
    python = re.search(r"Python \S+ with litert \S+", said)
    see(said, holds=python is not None)
    return python[0] if python else ""


def composes(trial: Trial) -> str:
    """With a shipped model, into the library that the service uses."""
    said = trial.chroot.run(COMPOSE)
    found = re.search(r"^composition +/(\S+)", said, re.MULTILINE)
    see(said, holds=found is not None)
    composition = trial.root / (found[1] if found else "")
    see(str(composition), holds=composition.read_bytes().startswith(b"MThd"))
    return composition.parent.name


def makes_it_theirs(trial: Trial) -> str:
    """A maker changes settings, boot settings, a service, and puts a melody there."""
    root = trial.root
    with (root / CONFIG).open("a") as settings:
        settings.write(_MAKERS)
    config_txt = root / CONFIG_TXT
    text = config_txt.read_text().replace("baudrate=400000", "baudrate=100000")
    config_txt.write_text(text)
    trial.chroot.run(f"systemctl disable {_DISABLED}")
    trial.chroot.run("runuser -u continuo -- cp /etc/hostname /var/lib/continuo/melodies/mine.mid")
    library = sorted(p for p in (root / "var/lib/continuo").rglob("*") if p.is_file())
    files = [root / CONFIG, config_txt, *library]
    trial.kept = {path: path.read_bytes() for path in files}
    return f"{len(files)} files, {_DISABLED} disabled"


def upgrades(trial: Trial) -> str:
    """To a higher version: the one of the package is started, all else is as it was."""
    said = trial.chroot.run("apt install -y /root/higher.deb")
    return _is_kept(trial, HIGHER, said)


def goes_back(trial: Trial) -> str:
    """Apt asks for it by name, and then does it."""
    refused = trial.chroot.fails("apt install -y /root/continuo.deb")
    see(refused, holds="allow-downgrades" in refused)
    said = trial.chroot.run("apt install -y --allow-downgrades /root/continuo.deb")
    return _is_kept(trial, trial.version, said)


def installs_again(trial: Trial) -> str:
    """The same version over itself, once as apt says it and once after a removal."""
    said = trial.chroot.run("apt install -y --reinstall /root/continuo.deb")
    return _is_kept(trial, trial.version, said)


def is_removed(trial: Trial) -> str:
    """Settings, compositions and users stay; the program and its folder go."""
    said = trial.chroot.run("apt remove -y continuo")
    see(said, holds="your compositions stay in /var/lib/continuo" in said)
    _files_are_kept(trial)
    root = trial.root
    for gone in ("usr/lib/continuo", "usr/bin/continuo", UNITS / "continuo.service"):
        see(f"/{gone} is still there", holds=not (root / gone).exists())
    return f"{len(trial.kept)} files as they were"


def is_purged(trial: Trial) -> str:
    """Settings go, compositions stay, and what apt fetched for it goes with autoremove."""
    said = trial.chroot.run("apt purge -y --autoremove continuo")
    see(said, holds="your compositions are still in /var/lib/continuo" in said)
    root = trial.root
    library = {p: text for p, text in trial.kept.items() if (root / "var") in p.parents}
    see(str(library), holds=len(library) > 3)
    see("a composition is not as it was", holds={p: p.read_bytes() for p in library} == library)
    see("settings are still there", holds=not (root / CONFIG).exists())
    (root / CONFIG_TXT).write_text(PI_OS)
    return f"{len(library)} files of the library as they were"


def _is_kept(trial: Trial, version: str, said: str) -> str:
    see(trial.state(), holds=trial.state() == f"installed ok {version}")
    started = trial.started()
    see(started, holds=started == f"continuo {version}")
    see(f"boot settings were applied again:\n{said[-1500:]}", holds="Continuo: added" not in said)
    _files_are_kept(trial)
    listed = trial.chroot.run(f"{AS_PLAYER} library list --json")
    see(listed, holds="ode-to-joy" in listed)
    state = trial.chroot.run(f"systemctl --root=/ is-enabled {_DISABLED} || true").strip()
    see(f"{_DISABLED} is {state}", holds=state == "disabled")
    return f"{started}; {len(trial.kept)} files as they were, {_DISABLED} still disabled"


def _files_are_kept(trial: Trial) -> None:
    for path, content in trial.kept.items():
        see(f"{path} is not as it was", holds=path.is_file() and path.read_bytes() == content)


_CARD: Final = Claim(claim="a Raspberry Pi's boot partition", show=prepared_card)
JOURNEYS: Final[Mapping[str, tuple[Claim, ...]]] = MappingProxyType(
    {
        "install": (
            _CARD,
            Claim(claim="one apt install, nothing recommended", show=installs_small),
            Claim(claim="units are enabled", show=is_enabled),
            Claim(claim="users and groups are made", show=has_users),
            Claim(claim="units are sound and narrow", show=is_sandboxed),
            Claim(claim="the program starts", show=program_starts),
            Claim(claim="the models are well", show=models_are_well),
            Claim(claim="the machine is well", show=machine_is_well),
            Claim(claim="a composition is made", show=composes),
            Claim(claim="boot settings are applied once", show=boot_settings),
            Claim(claim="any config.txt is taken as it is", show=other_config_txts),
            Claim(claim="a maker makes it theirs", show=makes_it_theirs),
            Claim(claim="an upgrade keeps everything", show=upgrades),
            Claim(claim="a downgrade keeps everything", show=goes_back),
            Claim(claim="a removal keeps data and settings", show=is_removed),
            Claim(claim="an installation after a removal", show=installs_again),
            Claim(claim="a purge keeps compositions", show=is_purged),
            Claim(claim="one apt install after a purge, with recommended", show=installs_whole),
        ),
        "interrupt": (
            _CARD,
            Claim(claim="killed while unpacking, it is mended", show=unpacking_is_mended),
            Claim(claim="killed while configuring, it is mended", show=configuring_is_mended),
            Claim(claim="a purge leaves what is documented", show=purge_is_clean),
        ),
    }
)
