"""The computer that the instrument runs on, and what only an appliance has."""

from dataclasses import dataclass
from pathlib import Path

from firmware.devices.host import Host
from firmware.devices.throttling import throttling_of
from firmware.engine.lines import strain_of
from firmware.engine.service_switches import SshSwitch
from firmware.panel.overview import SystemFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """One computer.

    Attributes:
        host: Tells how it is.
        sticks: A folder with one for each stick that is plugged in, or None where nothing sees to
            sticks.
        ssh: The switch of SSH, or None where there is none.
        loses_power: Whether it is switched off with the instrument.
    """

    host: Host
    sticks: Path | None = None
    ssh: SshSwitch | None = None
    loses_power: bool = False

    def look(self, folder: Path) -> SystemFacts:
        """See how it is; may wait for a disk.

        Args:
            folder: Whose disk's room is told.
        """
        facts = self.host.look(folder)
        bits = facts["throttled"]
        return SystemFacts(
            version=facts["version"],
            cpu_percent=facts["cpu_percent"],
            memory_used_mb=facts["memory_used_mb"],
            memory_mb=facts["memory_mb"],
            temperature_c=facts["temperature_c"],
            disk_free_mb=facts["disk_free_mb"],
            host=facts["host"],
            address=facts["address"],
            strains=None if bits is None else tuple(map(strain_of, throttling_of(bits))),
            ssh=self.ssh.look() if self.ssh else None,
            loses_power=self.loses_power,
        )
