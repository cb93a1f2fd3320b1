"""What the computer tells of itself, and what it keeps to itself."""

from pathlib import Path

from firmware.devices.host import LinuxHost, SimulatedHost

# Columns: user nice system idle iowait irq softirq steal guest guest_nice.
STAT = "cpu  100 0 50 800 50 0 0 0 7 0\ncpu0 100 0 50 800 50 0 0 0 7 0\n"
LATER = "cpu  160 0 65 875 75 0 0 0 9 0\n"
MEMORY = "MemTotal:        3882756 kB\nMemFree: 100 kB\nMemAvailable:    2882756 kB\n"


def fake(root: Path) -> Path:
    (root / "proc").mkdir()
    (root / "sys/class/thermal/thermal_zone0").mkdir(parents=True)
    (root / "proc/stat").write_text(STAT)
    (root / "proc/meminfo").write_text(MEMORY)
    (root / "sys/class/thermal/thermal_zone0/temp").write_text("48312\n")
    return root


def test_the_facts_are_linuxs_own(tmp_path: Path) -> None:
    """Of 175 ticks 75 were worked; guests' are in user's already, waiting for a disk is none."""
    host = LinuxHost(fake(tmp_path), address=lambda: "192.168.1.23")
    (tmp_path / "proc/stat").write_text(LATER)
    facts = host.look(tmp_path / "not" / "there" / "yet")
    assert facts["cpu_percent"] == round(100 * 75 / 175)
    assert facts["memory_mb"] == 3882756 * 1024 // 1_000_000
    assert facts["memory_used_mb"] == facts["memory_mb"] - 2882756 * 1024 // 1_000_000
    assert facts["temperature_c"] == 48
    assert facts["address"] == "192.168.1.23"
    assert facts["disk_free_mb"] is not None
    assert host.look(tmp_path)["cpu_percent"] is None, "no tick has passed"


def test_what_the_computer_does_not_tell_is_not_made_up(tmp_path: Path) -> None:
    host = LinuxHost(tmp_path, address=lambda: None)
    facts = host.look(tmp_path)
    unknown = ("cpu_percent", "memory_mb", "memory_used_mb", "temperature_c", "address")
    assert [facts.get(key) for key in unknown] == [None] * len(unknown)
    fake(tmp_path)
    (tmp_path / "proc/stat").write_text("cpu  many\n")
    (tmp_path / "proc/meminfo").write_text("MemTotal: lots\n")
    (tmp_path / "sys/class/thermal/thermal_zone0/temp").write_text("")
    facts = host.look(tmp_path)
    assert [facts.get(key) for key in unknown] == [None] * len(unknown)


def test_this_computer_can_be_looked_at(tmp_path: Path) -> None:
    facts = LinuxHost().look(tmp_path)
    assert facts.keys() == SimulatedHost().look(tmp_path).keys()
    assert facts["memory_mb"] is None or facts["memory_mb"] > 0


def test_the_address_is_read_where_the_sandbox_has_no_socket(tmp_path: Path) -> None:
    """Of a network first, of the USB cable if there is no other, never that of the loop."""
    table = "Local:\n  +-- 127.0.0.0/8 2 0 2\n     |-- 127.0.0.1\n        /32 host LOCAL\n"
    cable = "  |-- 169.254.55.1\n     /32 host LOCAL\n  |-- 169.254.0.0\n     /16 link UNICAST\n"
    network = "  |-- 192.168.1.0\n     /24 link UNICAST\n  |-- 192.168.1.23\n     /32 host LOCAL\n"
    fake(tmp_path)
    (tmp_path / "proc/net").mkdir()
    for text, expected in (
        (table, None),
        (table + cable, "169.254.55.1"),
        (table + cable + network, "192.168.1.23"),
    ):
        (tmp_path / "proc/net/fib_trie").write_text(text)
        assert LinuxHost(tmp_path).look(tmp_path)["address"] == expected
