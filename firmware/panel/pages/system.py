"""How the computer is, and switching off."""

from collections.abc import Sequence
from dataclasses import dataclass

from firmware.panel.commands import Commands, Refresh, Shelf, SwitchOff
from firmware.panel.overview import Overview, SystemFacts
from firmware.panel.pages.listing import ListPage, Row, opening
from firmware.panel.pages.reading import ConfirmPage
from firmware.panel.pages.recovery import RecoveryPage, recovery_title
from firmware.panel.pages.wiring import WiringPage

_SWITCH_OFF = ConfirmPage(
    title="Switch off?",
    subject="Compositions are kept.",
    consequence="Of the takes, only the present one is.",
    commands=(SwitchOff(),),
)


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
        """What the computer does not say is left out."""
        system = overview.system
        facts = _facts(system) if system else ()
        recovery = (opening(recovery_title(overview), RecoveryPage()),) if overview.recovery else ()
        return (
            *(Row(label=label, value=value) for label, value in facts if value),
            *recovery,
            *((opening("Wiring", WiringPage()),) if overview.wiring else ()),
            opening("Switch off", _SWITCH_OFF),
        )


def _facts(system: SystemFacts) -> tuple[tuple[str, str], ...]:
    memory = ""
    if system.memory_used_mb is not None and system.memory_mb is not None:
        memory = f"{_size(system.memory_used_mb)} of {_size(system.memory_mb)}"
    return (
        ("Processor", _with_unit(system.cpu_percent, "%")),
        ("Temperature", _with_unit(system.temperature_c, " °C")),
        ("Memory", memory),
        ("Disk", "" if system.disk_free_mb is None else f"{_size(system.disk_free_mb)} free"),
        ("Name", system.host or ""),
        ("Address", system.address or "no network"),
    )


def _with_unit(value: int | None, unit: str) -> str:
    return "" if value is None else f"{value}{unit}"


def _size(mb: int) -> str:
    return f"{mb} MB" if mb < 10_000 else f"{mb / 1000:.0f} GB"
