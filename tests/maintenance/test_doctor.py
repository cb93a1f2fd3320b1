"""Each check tells sound from unsound, and says what helps; nothing that is absent is a fault."""

import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from firmware.config import Config
from firmware.engine.control.server import ControlServer
from firmware.maintenance import lines, software_checks
from firmware.maintenance.doctor import CHECKS, examine
from firmware.maintenance.findings import Verdict
from firmware.maintenance.lines import Line
from firmware.maintenance.probe import Probe, Reply, Said
from tests.maintenance.patient import ABSENT, FAULT, OK, WARNING, Patient, assert_found


def test_a_pi_that_is_well_has_no_fault(patient: Patient) -> None:
    found = {name: patient.examined(name) for name in CHECKS}
    verdicts = {name: finding.verdict for name, finding in found.items()}
    assert {n for n, v in verdicts.items() if v is not OK} == {"potentiometers", "service"}
    assert verdicts["potentiometers"] is verdicts["service"] is ABSENT
    assert "AKM322" in found["midi"].sentence
    assert "FLUID" not in found["midi"].sentence
    assert "read-only as intended" in found["disk"].sentence
    assert found["clock"].sentence == "2026-05-01 12:30 UTC, set by the network"


def test_a_desktop_has_no_panel_and_that_is_no_fault(tmp_path: Path) -> None:
    """The real probe, with an empty root: nothing there, and nobody to complain."""
    probe = Probe(root=tmp_path)
    config = Config(library=Path("/home/ada/Continuo"))
    found = {n: f.verdict for n, f in examine(probe, config, list(CHECKS)[:10])}
    assert set(found.values()) == {ABSENT}


def test_the_bus_of_the_screen(patient: Patient) -> None:
    place = "sys/class/i2c-adapter/i2c-1/of_node/clock-frequency"
    patient.write(place, struct.pack(">I", 400_000))
    assert_found(patient.examined("i2c"), OK, "at 400 kHz")
    patient.write(place, struct.pack(">I", 100_000))
    assert_found(patient.examined("i2c"), WARNING, "at 100 kHz", "i2c_arm_baudrate=400000")
    (patient.root / "dev/i2c-1").unlink()
    assert_found(patient.examined("i2c"), FAULT, "no bus /dev/i2c-1", "dtparam=i2c_arm=on")


def test_the_screen(patient: Patient) -> None:
    assert_found(patient.examined("display"), OK, "the ssd1306 answers at 0x3c")
    patient.addresses = {}
    assert_found(patient.examined("display"), FAULT, "nothing answers at 0x3c", "SDA (pin 3)")
    patient.addresses = {0x3D: Reply.ANSWERS}
    assert_found(patient.examined("display"), FAULT, "does at 0x3d", "address = 0x3d")
    patient.addresses = {0x3C: Reply.REFUSED}
    assert_found(patient.examined("display"), FAULT, "you may not use", "usermod -aG i2c")
    patient.addresses = {0x3C: Reply.NO_BUS}
    assert_found(patient.examined("display"), FAULT, "has no bus", "see i2c")


def test_the_lines_of_buttons_encoders_and_lights(patient: Patient) -> None:
    assert_found(patient.examined("buttons"), OK, "8 buttons, lines free")
    assert_found(patient.examined("encoders"), OK, "4 encoders, lines free")
    assert_found(patient.examined("leds"), OK, "2 lights, lines free")
    patient.taken = {5: "continuo", 17: "continuo", 9: "continuo"}
    assert_found(patient.examined("buttons"), OK, "in use by the instrument")
    patient.taken = {5: "w1", 17: "spi0 CS1", 9: "spi0"}
    assert_found(patient.examined("buttons"), FAULT, "line 5 of button record is taken by w1")
    assert_found(patient.examined("encoders"), FAULT, "line 17 of encoder menu.a is taken by spi0")
    assert_found(patient.examined("leds"), FAULT, "line 9 of light record is taken by spi0")


def test_a_button_that_reads_as_pressed(patient: Patient) -> None:
    patient.low = {5, 13}
    found = patient.examined("buttons")
    assert_found(found, WARNING, "record and play reads as pressed", "between line 5 and ground")


def test_lines_that_may_not_be_seen_or_are_not_there(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Patient, "lines", refuse)
    assert_found(patient.examined("leds"), FAULT, "may not look", "usermod -aG gpio")
    monkeypatch.setattr(Patient, "lines", lambda *_: None)
    assert_found(patient.examined("leds"), FAULT, "shows no GPIO chip", "update")


def test_the_converter_of_potentiometers_and_a_screen_on_spi(patient: Patient) -> None:
    patient.board(
        'name = "p"\nmodels = ["Raspberry Pi 4"]\n[display]\ncontroller = "ssd1306"\nbus = "spi"\n'
        "data_command = 24\nreset = 25\n"
        '[potentiometers.first]\nchannel = 0\nturns = "first"\n'
    )
    assert_found(patient.examined("potentiometers"), FAULT, "no bus /dev/spidev0.1", "spi=on")
    assert_found(patient.examined("display"), FAULT, "no bus /dev/spidev0.0", "spi=on")
    patient.write("dev/spidev0.1", "")
    assert_found(patient.examined("potentiometers"), OK, "for 1 potentiometers")
    assert_found(patient.examined("i2c"), ABSENT, "has nothing on I²C")


def test_a_board_file_that_cannot_be_is_a_finding(patient: Patient) -> None:
    patient.board("name = 7")
    assert_found(patient.examined("buttons"), FAULT, "board.toml", "")


def test_midi(patient: Patient) -> None:
    patient.write("proc/asound/seq/clients", 'Client   0 : "System" [Kernel Legacy]\n')
    assert_found(patient.examined("midi"), WARNING, "no MIDI keyboard", "plug one in")
    (patient.root / "proc/asound/seq/clients").unlink()
    assert_found(patient.examined("midi"), FAULT, "no ALSA sequencer", "modprobe snd-seq")


@pytest.mark.parametrize(
    ("bits", "verdict", "said"),
    [
        ("0x50005", FAULT, "the voltage is too low now"),
        ("0x50000", WARNING, "the voltage was too low since power-up"),
        ("0x8", FAULT, "too hot now"),
        ("0x80000", WARNING, "too hot since power-up"),
        ("0x20002", OK, "high enough"),
    ],
)
def test_the_supply(patient: Patient, bits: str, verdict: Verdict, said: str) -> None:
    """As vcgencmd tells, or the kernel where that is not installed."""
    patient.programs["vcgencmd"] = Said(code=0, text=f"throttled={bits}\n")
    assert_found(patient.examined("throttling"), verdict, said)
    del patient.programs["vcgencmd"]
    patient.write("sys/devices/platform/soc/soc:firmware/get_throttled", f"{bits[2:]}\n")
    assert_found(patient.examined("throttling"), verdict, said)


def test_the_supply_as_the_kernels_sensor_tells(patient: Patient) -> None:
    patient.programs["vcgencmd"] = Said(code=255, text="VCHI initialization failed")
    patient.write("sys/class/hwmon/hwmon1/name", "rpi_volt\n")
    patient.write("sys/class/hwmon/hwmon1/in0_lcrit_alarm", "0\n")
    assert_found(patient.examined("throttling"), OK, "high enough")
    patient.write("sys/class/hwmon/hwmon1/in0_lcrit_alarm", "1\n")
    assert_found(patient.examined("throttling"), FAULT, "too low now", "5.1 V")


def test_the_temperature(patient: Patient) -> None:
    for milli, verdict in (("69499", OK), ("70000", WARNING), ("80000", FAULT)):
        patient.write("sys/class/thermal/thermal_zone0/temp", milli)
        assert patient.examined("temperature").verdict is verdict


def test_the_disk(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_found(patient.examined("disk"), OK, "MB free on /dev/mmcblk0p3 (ext4)")
    patient.mount(options="ro,noatime")
    assert_found(patient.examined("disk"), FAULT, "is read-only", "fsck /dev/mmcblk0p3")
    patient.mount(root="rw")
    assert "as intended" not in patient.examined("disk").sentence
    patient.write("sys/fs/ext4/mmcblk0p3/errors_count", "3\n")
    assert_found(patient.examined("disk"), WARNING, "has seen 3 errors", "continuo backup")
    patient.write("sys/fs/ext4/mmcblk0p3/errors_count", "0\n")
    for free, verdict in ((99, FAULT), (499, WARNING), (501, OK)):
        state: Any = type("State", (), {"f_bavail": free, "f_frsize": 1_000_000})
        monkeypatch.setattr(os, "statvfs", lambda _, state=state: state)
        assert patient.examined("disk").verdict is verdict


def test_the_clock(patient: Patient) -> None:
    patient.programs["timedatectl"] = Said(code=0, text="no\n")
    assert_found(patient.examined("clock"), OK, "not set by a network, which it does not need")
    patient.now = datetime(1970, 1, 1, tzinfo=UTC)
    assert_found(patient.examined("clock"), WARNING, "the clock says 1970", "set-time")


def test_what_may_not_be_used(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = {"dev/snd/seq", "dev/i2c-1"}
    monkeypatch.setattr(Probe, "may_use", lambda _, path: path not in refused)
    found = patient.examined("permissions")
    assert_found(found, WARNING, "/dev/i2c-1, /dev/snd/seq", "usermod -aG audio,i2c")
    refused.clear()
    mode = {os.W_OK: False}
    monkeypatch.setattr(os, "access", lambda _, wanted: mode.get(wanted, True))
    assert_found(patient.examined("permissions"), WARNING, "not write to it", "sudo -u continuo")
    mode[os.R_OK | os.X_OK] = False
    assert_found(patient.examined("permissions"), FAULT, "may not read", "-aG continuo")


def test_the_environment(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    patient.packages = {"gpiod": "2"}
    said = "lacks luma.oled, python-periphery, python-rtmidi for the panel"
    assert_found(patient.examined("python"), FAULT, said, "continuo[device]")
    monkeypatch.setattr(software_checks, "installed_runtimes", dict)
    assert_found(patient.examined("python"), FAULT, "no runtime for models", "litert")


def test_the_models(patient: Patient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(software_checks, "installed_bundles", lambda _: {})
    assert_found(patient.examined("bundles"), FAULT, "no model is installed", "install")
    monkeypatch.setattr(software_checks, "installed_bundles", lambda _: {"old": tmp_path})
    assert_found(patient.examined("bundles"), FAULT, "old: ", "")


@pytest.mark.parametrize(
    ("shown", "verdict", "said"),
    [
        ("ActiveState=failed\nResult=watchdog", FAULT, "does not run (watchdog)"),
        ("ActiveState=inactive\nResult=success", FAULT, "the service continuo does not run"),
        ("ActiveState=active\nNRestarts=4", WARNING, "started again 4 times"),
        ("ActiveState=active\nNRestarts=0", FAULT, "runs, but does not answer"),
    ],
)
def test_the_service(patient: Patient, shown: str, verdict: Verdict, said: str) -> None:
    patient.programs["systemctl"] = Said(code=0, text=f"LoadState=loaded\n{shown}\n")
    assert_found(patient.examined("service"), verdict, said)


def test_an_instrument_that_answers(patient: Patient, tmp_path: Path) -> None:
    status = {"state": "playing", "is_safe": False}
    control = tmp_path / "control.sock"
    patient.config = replace(patient.config, control=control)
    server = ControlServer(control, lambda exchange: exchange.finish(status))
    server.start()
    try:
        assert_found(patient.examined("service"), OK, "the instrument answers: playing")
        active = "LoadState=loaded\nActiveState=inactive\n"
        patient.programs["systemctl"] = Said(code=0, text=active)
        assert_found(patient.examined("service"), OK, "but not as the service")
        status["is_safe"] = True
        assert_found(patient.examined("service"), WARNING, "in safe mode", "continuo log")
    finally:
        server.close()


def test_a_check_that_fails_itself_is_a_finding(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "statvfs", lambda _: 1 // 0)
    assert_found(patient.examined("disk"), FAULT, "the check itself failed: ZeroDivisionError")


def test_a_line_that_is_taken_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Line 5 is the instrument's, line 6 is free and low, and an output is only looked at."""
    line = pytest.importorskip("gpiod.line", reason="gpiod is for Linux")
    chip = FakeChip(line, {5: "continuo"}, low=(6, 7))
    monkeypatch.setattr(lines, "open_chip", lambda folder: chip if folder.name == "dev" else None)
    found = lines.look_at_lines(tmp_path, [5, 6, 8], [7])
    assert found == {
        5: Line(user="continuo"),
        6: Line(is_high=False),
        7: Line(),
        8: Line(is_high=True),
    }
    assert chip.read == [6, 8]
    assert chip.is_closed
    monkeypatch.setattr(lines, "open_chip", lambda _: None)
    assert lines.look_at_lines(tmp_path, [5], []) is None


class FakeChip:
    """gpiod's `Chip`, with the users of its lines and those that are low."""

    def __init__(self, line: Any, users: dict[int, str], low: tuple[int, ...]) -> None:
        self.line = line
        self.users = users
        self.low = low
        self.read: list[int] = []
        self.is_closed = False

    def __enter__(self) -> "FakeChip":
        return self

    def __exit__(self, *_: object) -> None:
        self.is_closed = True

    def get_line_info(self, number: int) -> SimpleNamespace:
        """See `gpiod.Chip`."""
        user = self.users.get(number, "")
        return SimpleNamespace(used=bool(user), consumer=user)

    @contextmanager
    def request_lines(self, config: dict[int, Any], *, consumer: str) -> Iterator[SimpleNamespace]:
        """See `gpiod.Chip`."""
        assert consumer == "continuo doctor"
        ((number, settings),) = config.items()
        assert settings.direction is self.line.Direction.INPUT
        assert settings.bias is self.line.Bias.PULL_UP
        self.read.append(number)
        value = self.line.Value.INACTIVE if number in self.low else self.line.Value.ACTIVE
        yield SimpleNamespace(get_value={number: value}.__getitem__)
