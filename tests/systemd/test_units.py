"""The units are sound, as narrow as can be, and agree with the code that they run."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from configparser import RawConfigParser
from pathlib import Path

import pytest

from firmware.cli import COMMANDS
from firmware.devices.sound_card import SETTINGS, SYNTHESIZER
from firmware.devices.usb_gadget import LUN, NAME, USB_ID
from firmware.devices.usb_gadget_disk import LABEL
from firmware.engine.clocks import PRIORITY
from firmware.engine.keeper import CRASHES, WITHIN_S
from firmware.engine.service import POWER_OFF_FILE, SOUND_AGAIN_FILE, STUCK_NS
from firmware.engine.service_switches import KEY_FOUND, SSH_OFF, SSH_ON, SWITCHES_FOLDER
from firmware.engine.sound_watch import FIRST_PAUSE, LOOK_S
from firmware.library.stick_status import STICKS
from firmware.maintenance.releases import RELEASES

SYSTEMD = Path(__file__).parents[2] / "systemd"
UNITS = SYSTEMD / "units"
SERVICES = sorted(UNITS.glob("*.service"))
INSTRUMENT = UNITS / "continuo.service"
SETTLE = UNITS / "continuo-settle-boot.service"
MOST_EXPOSURE = 1.5

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)


class Unit(RawConfigParser):
    """A unit file: what is given more than once is one text with several lines."""

    def __init__(self, path: Path) -> None:
        super().__init__(strict=False, delimiters=("=",), comment_prefixes=("#",))
        self.optionxform = str  # type: ignore[assignment, method-assign]
        lines: dict[tuple[str, str], list[str]] = {}
        section = ""
        for line in path.read_text().splitlines():
            if line.startswith("["):
                section = line.strip("[]")
                self.add_section(section)
            elif "=" in line and not line.startswith("#"):
                key, _, value = line.partition("=")
                lines.setdefault((section, key), []).append(value)
                self.set(section, key, "\n".join(lines[section, key]))


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A root with the units of this system and ours, and with the programs that ours name."""
    units = tmp_path / "usr/lib/systemd/system"
    for folder in ("/usr/lib/systemd/system", "/lib/systemd/system"):
        if Path(folder).is_dir():
            shutil.copytree(folder, units, symlinks=True, ignore_dangling_symlinks=True)
            break
    shutil.copytree(UNITS, units, symlinks=True, dirs_exist_ok=True)
    ssh = "[Service]\nExecStartPre=/usr/sbin/sshd -t\nExecStart=/usr/sbin/sshd -D\n"
    (units / "ssh.service").write_text(ssh)
    for program in _programs():
        path = tmp_path / program.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o755)
    return tmp_path


def _programs() -> Iterator[str]:
    yield "/usr/sbin/sshd"
    for unit in (*SERVICES, UNITS / "ssh.service.d/continuo.conf"):
        yield from re.findall(r"^Exec\w+=[+!-]*(/\S+)", unit.read_text(), re.MULTILINE)


def analyze(machine: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["systemd-analyze", *arguments[:1], f"--root={machine}", "--no-pager", *arguments[1:]],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def _instance(unit: Path) -> str:
    return unit.name.replace("@.", "@sda1.")


@needs_systemd
def test_systemd_finds_nothing_to_complain_about(machine: Path) -> None:
    names = [_instance(p) for p in sorted(UNITS.iterdir()) if p.is_file()]
    done = analyze(machine, "verify", "--man=no", "ssh.service", *names)
    assert (done.returncode, done.stderr) == (0, "")


@needs_systemd
def test_systemd_would_complain(machine: Path) -> None:
    """The test above can fail: a program that is not there, a word that systemd does not know."""
    (machine / "usr/bin/continuo").unlink()
    unit = machine / "usr/lib/systemd/system/continuo.service"
    unit.write_text(unit.read_text().replace("WatchdogSec", "WatchSec"))
    done = analyze(machine, "verify", "--man=no", "continuo.service")
    assert done.returncode != 0
    assert "WatchSec" in done.stderr
    assert "/usr/bin/continuo" in done.stderr


@needs_systemd
@pytest.mark.parametrize("service", SERVICES, ids=lambda path: path.name)
def test_every_service_is_hardly_exposed(machine: Path, service: Path) -> None:
    """By systemd's own figure, where 10 is a service without any sandbox."""
    done = analyze(machine, "security", "--offline=true", _instance(service))
    score = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert score is not None, done.stderr
    assert float(score[1]) <= MOST_EXPOSURE


@pytest.mark.parametrize("service", SERVICES, ids=lambda path: path.name)
def test_every_service_is_a_user_of_its_own_and_no_root(service: Path) -> None:
    """But for one, which owns the releases and may do nothing else that root may."""
    unit = Unit(service)
    if service == SETTLE:
        assert unit.get("Service", "User") == "root"
        assert unit.get("Service", "CapabilityBoundingSet") == ""
        assert unit.get("Service", "RestrictAddressFamilies") == "none"
        return
    is_dynamic = unit.get("Service", "DynamicUser", fallback="no") == "yes"
    assert is_dynamic or unit.get("Service", "User") in _users()


def test_nothing_waits_for_the_network_and_nothing_listens() -> None:
    for path in UNITS.rglob("*"):
        text = path.read_text() if path.is_file() else ""
        assert "network-online" not in text
        assert "network.target" not in text
        assert not re.search(r"Listen(Stream|Datagram|SequentialPacket)", text)
    sound = Unit(UNITS / "continuo-sound.service").get("Service", "ExecStart").split()
    assert not {"-s", "--server", "-is", "-si"} & set(sound), "FluidSynth's server is a port"
    assert not {"-n", "--no-midi-in", "-i", "--no-shell"} & set(sound), "it would not hear, or end"
    families = [
        Unit(service).get("Service", "RestrictAddressFamilies").split() for service in SERVICES
    ]
    assert {f for names in families for f in names} == {"AF_UNIX", "AF_NETLINK", "none"}


def test_every_command_that_a_unit_calls_is_there() -> None:
    call = re.compile(r"(?:bin/continuo|-m firmware) (\w+)")
    called = [call.findall(path.read_text()) for path in SERVICES]
    names = {name for found in called for name in found}
    assert names == {"run", "rescue", "gadget", "stick", "update"}
    assert names <= COMMANDS.keys()


def test_an_update_is_settled_before_the_instrument_and_where_there_was_one() -> None:
    unit = Unit(SETTLE)
    assert unit.get("Unit", "Before") == INSTRUMENT.name
    assert unit.get("Service", "Type") == "oneshot", "else the instrument would not wait for it"
    program, *_, command, option = unit.get("Service", "ExecStart").split()
    assert program == "/usr/lib/continuo/bin/python3", "the release on trial may not start"
    assert (command, option) == ("update", "--settle")
    assert unit.get("Unit", "ConditionPathExists") == str(RELEASES)
    assert unit.get("Service", "ReadWritePaths") == str(RELEASES)
    assert unit.get("Install", "WantedBy") == "multi-user.target"


def test_the_clock_alone_may_go_into_real_time_and_no_further_than_it_asks() -> None:
    """Read after the sandbox, which forbids it; allowed alone of all that concerns resources."""
    drop_in = UNITS / "continuo.service.d/20-priorities.conf"
    assert sorted(path.name for path in drop_in.parent.iterdir())[-1] == drop_in.name
    unit = Unit(drop_in)
    assert unit.get("Service", "RestrictRealtime") == "no"
    assert int(unit.get("Service", "LimitRTPRIO")) == PRIORITY
    calls = unit.get("Service", "SystemCallFilter").split()
    assert "sched_setscheduler" in calls
    assert not [call for call in calls if call.startswith(("@", "~"))]
    sandbox = Unit(UNITS / "continuo-.service.d/10-sandbox.conf")
    assert sandbox.get("Service", "RestrictRealtime") == "yes"


def test_sound_has_explicit_buffers_and_real_time() -> None:
    sound = Unit(UNITS / "continuo-sound.service")
    command = sound.get("Service", "ExecStart")
    assert "-z ${PERIOD_FRAMES} -c ${PERIODS}" in command
    assert sound.get("Service", "CPUSchedulingPolicy") == "rr"
    assert 1 <= int(sound.get("Service", "CPUSchedulingPriority")) <= 99
    settings = (SYSTEMD / "default/continuo-sound").read_text()
    given = set(re.findall(r"^(\w+)=\S+$", settings, re.MULTILINE))
    assert set(re.findall(r"\$\{(\w+)\}", command)) == given


def test_what_stops_the_synthesizer_starts_it_again_and_waits_for_its_end() -> None:
    """Whether it ends when it is told to or has to be killed, and without a right of ours."""
    again = Unit(UNITS / "continuo-sound-again.service")
    for key in ("Conflicts", "After", "OnSuccess", "OnFailure"):
        assert again.get("Unit", key) == "continuo-sound.service"
    assert again.get("Service", "ExecStart") == "/usr/bin/true"
    path = Unit(UNITS / "continuo-sound-again.path")
    assert path.get("Path", "Unit") == "continuo-sound-again.service"
    assert path.get("Install", "WantedBy") == "multi-user.target"
    sound = Unit(UNITS / "continuo-sound.service")
    assert int(sound.get("Service", "TimeoutStopSec")) <= FIRST_PAUSE * LOOK_S
    assert sound.get("Service", "EnvironmentFile") == str(SETTINGS)
    name = re.search(r" -p (\S+)", sound.get("Service", "ExecStart"))
    assert name is not None
    assert f"{name[1]}:{name[1]}" == SYNTHESIZER


def test_the_instrument_sees_what_sound_cards_play() -> None:
    """`/proc/asound` is there in its sandbox, as nothing of /proc but processes is not hidden."""
    drop_ins = [
        *(UNITS / "continuo-.service.d").iterdir(),
        *(UNITS / "continuo.service.d").iterdir(),
    ]
    units = [Unit(path) for path in (INSTRUMENT, *drop_ins) if path.is_file()]
    assert {unit.get("Service", "ProtectProc", fallback="") for unit in units} == {"", "invisible"}
    for unit in units:
        assert unit.get("Service", "ProcSubset", fallback="all") == "all"
        assert "/proc" not in unit.get("Service", "InaccessiblePaths", fallback="")


def test_the_instrument_has_three_starts_and_three_in_safe_mode_before_the_rescue_page() -> None:
    unit = Unit(UNITS / "continuo.service")
    assert int(unit.get("Unit", "StartLimitBurst")) == 2 * CRASHES
    assert int(unit.get("Unit", "StartLimitIntervalSec")) == WITHIN_S
    assert unit.get("Unit", "OnFailure") == "continuo-rescue.service"
    assert unit.get("Service", "Restart") == "always"
    assert unit.get("Service", "Type") == "notify"
    rescue = Unit(UNITS / "continuo-rescue.service")
    assert rescue.get("Unit", "OnSuccess") == "continuo.service"
    # Else systemd would refuse the try that the button is for.
    assert "reset-failed continuo.service" in rescue.get("Service", "ExecStopPost")


def test_a_loop_that_hangs_is_given_up_before_systemd_counts_twice() -> None:
    watchdog_s = int(Unit(UNITS / "continuo.service").get("Service", "WatchdogSec"))
    assert watchdog_s > STUCK_NS / 1e9


def test_code_and_units_name_the_same_places() -> None:
    instrument = Unit(UNITS / "continuo.service")
    library = "/var/lib/continuo"
    assert f"CONTINUO_HOME={library}" in instrument.get("Service", "Environment")
    runtime = instrument.get("Service", "RuntimeDirectory")
    power_off = Unit(UNITS / "continuo-power-off.path").get("Path", "PathExists")
    assert power_off == f"/run/{runtime}/{POWER_OFF_FILE}"
    sound_again = Unit(UNITS / "continuo-sound-again.path").get("Path", "PathChanged")
    assert sound_again == f"/run/{runtime}/{SOUND_AGAIN_FILE}"
    assert Unit(UNITS / "continuo-disk.path").get("Path", "PathChanged") == library
    disk = Unit(UNITS / "continuo-disk.service").get("Unit", "ConditionPathExists")
    assert disk == f"/sys/kernel/config/usb_gadget/{Path(LUN).parent}"
    stick = Unit(UNITS / "continuo-stick@.service").get("Service", "RuntimeDirectory")
    assert stick == f"{STICKS.name}/%i"
    switches = f"{library}/{SWITCHES_FOLDER}"
    for switch in (SSH_ON, SSH_OFF):
        watched = Unit(UNITS / f"continuo-{switch}.path").get("Path", "PathChanged")
        assert watched == f"{switches}/{switch}"
    conditions = Unit(UNITS / "ssh.service.d/continuo.conf").get("Unit", "ConditionPathExists")
    assert conditions.splitlines() == [
        f"|{KEY_FOUND}",
        f"|{switches}/{SSH_ON}",
        f"!{switches}/{SSH_OFF}",
    ]


def test_the_rules_of_devices_name_units_and_marks_that_are_there() -> None:
    rules = (SYSTEMD / "udev/70-continuo.rules").read_text()
    for wanted in re.findall(r'SYSTEMD_WANTS}\+="([^"]+)"', rules):
        assert (UNITS / wanted.replace("%k", "")).is_file()
    assert f'ENV{{ID_FS_LABEL}}!="{LABEL}"' in rules
    assert f'KERNEL=="{NAME}[0-9]*"' in rules
    assert USB_ID.split(":")[0] == "1d6b"
    groups = set(re.findall(r'GROUP="(\w+)"', rules))
    assert groups <= _groups()


def test_groups_that_services_need_are_made_or_debians_own() -> None:
    for service in SERVICES:
        wanted = Unit(service).get("Service", "SupplementaryGroups", fallback="").split()
        assert set(wanted) <= _groups() | _users() | {"audio"}


def test_ssh_takes_keys_only_and_never_root() -> None:
    text = (SYSTEMD / "sshd_config.d/10-continuo.conf").read_text()
    settings = dict(line.split(None, 1) for line in text.splitlines() if line[:1].isalpha())
    assert settings["PasswordAuthentication"] == "no"
    assert settings["KbdInteractiveAuthentication"] == "no"
    assert settings["AuthenticationMethods"] == "publickey"
    assert settings["PermitRootLogin"] == "no"
    assert settings["AuthorizedKeysCommandUser"] in _users()
    assert "keys/%u" in settings["AuthorizedKeysCommand"]


def _users() -> set[str]:
    return set(re.findall(r"^u (\S+)", _sysusers(), re.MULTILINE))


def _groups() -> set[str]:
    return set(re.findall(r"^g (\S+)", _sysusers(), re.MULTILINE))


def _sysusers() -> str:
    return (SYSTEMD / "sysusers.d/continuo.conf").read_text()
