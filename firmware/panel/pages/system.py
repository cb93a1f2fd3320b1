"""How the computer is, and switching off."""

from collections.abc import Sequence
from dataclasses import dataclass

from firmware.panel.commands import Commands, Refresh, Shelf, SwitchOff
from firmware.panel.overview import Overview, Strain, SystemFacts
from firmware.panel.pages.listing import LEADS_ON, ListPage, Row, opening
from firmware.panel.pages.reading import ConfirmPage, TextPage, fact
from firmware.panel.pages.recovery import RecoveryPage, recovery_title
from firmware.panel.pages.ssh import ssh_row
from firmware.panel.pages.wiring import WiringPage


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemPage(ListPage):
    """Facts, and what can be done."""

    def enter(self, overview: Overview) -> Commands:
        """Look at the computer."""
        del overview
        return (Refresh(Shelf.SYSTEM),)

    def title(self, overview: Overview) -> str:
        """What it is about."""
        del overview
        return "System"

    def right(self, overview: Overview) -> str:
        """The firmware's version."""
        return overview.system.version if overview.system else "…"

    def rows(self, overview: Overview) -> Sequence[Row]:
        """What slows it down comes first; what the computer does not say is left out."""
        system = overview.system
        strains = (system.strains or ()) if system else ()
        facts = _facts(system) if system else ()
        recovery = (opening(recovery_title(overview), RecoveryPage()),) if overview.recovery else ()
        return (
            *(_strain(strain) for strain in strains),
            *(fact(label, value) for label, value in facts if value),
            *recovery,
            *((opening("Wiring", WiringPage()),) if overview.wiring else ()),
            *((ssh_row(system.ssh),) if system and system.ssh else ()),
            opening("Switch off", _switch_off(loses_power=bool(system and system.loses_power))),
        )


def _switch_off(*, loses_power: bool) -> ConfirmPage:
    plug = " Pull the plug ten seconds after the screen is dark." if loses_power else ""
    return ConfirmPage(
        title="Switch off?",
        subject="Compositions are kept.",
        consequence=f"Of the takes, only this one.{plug}",
        commands=(SwitchOff(),),
    )


def _strain(strain: Strain) -> Row:
    page = TextPage(title=strain.label, text=strain.text)
    return opening(strain.label, page, f"{strain.value} {LEADS_ON}")


def _facts(system: SystemFacts) -> tuple[tuple[str, str], ...]:
    memory = ""
    if system.memory_used_mb is not None and system.memory_mb is not None:
        memory = f"{_size(system.memory_used_mb)} of {_size(system.memory_mb)}"
    return (
        ("Processor", _with_unit(system.cpu_percent, "%")),
        ("Temperature", _with_unit(system.temperature_c, " °C")),
        ("Power", "fine" if system.strains == () else ""),
        ("Memory", memory),
        ("Disk", "" if system.disk_free_mb is None else f"{_size(system.disk_free_mb)} free"),
        ("Name", system.host or ""),
        ("Address", system.address or "no network"),
    )


def _with_unit(value: int | None, unit: str) -> str:
    return "" if value is None else f"{value}{unit}"


def _size(mb: int) -> str:
    return f"{mb} MB" if mb < 10_000 else f"{mb / 1000:.0f} GB"
