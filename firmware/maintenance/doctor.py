"""All checks, in the order in which a maker would look: the panel, then sound, then the rest."""

import logging
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from firmware.config import Config
from firmware.errors import ContinuoError
from firmware.maintenance import software_checks, system_checks, wiring_checks
from firmware.maintenance.findings import Found, fault
from firmware.maintenance.probe import Probe

Check = Callable[[Probe, Config], Found]

CHECKS: Final[Mapping[str, Check]] = MappingProxyType(
    {
        "i2c": wiring_checks.check_i2c,
        "display": wiring_checks.check_display,
        "buttons": wiring_checks.check_buttons,
        "encoders": wiring_checks.check_encoders,
        "leds": wiring_checks.check_leds,
        "potentiometers": wiring_checks.check_potentiometers,
        "sound": software_checks.check_sound,
        "midi": software_checks.check_midi,
        "throttling": system_checks.check_throttling,
        "temperature": system_checks.check_temperature,
        "disk": system_checks.check_disk,
        "clock": system_checks.check_clock,
        "permissions": system_checks.check_permissions,
        "python": software_checks.check_python,
        "bundles": software_checks.check_bundles,
        "service": software_checks.check_service,
    }
)

_LOG = logging.getLogger(__name__)


def examine(
    probe: Probe, config: Config, names: Iterable[str] = CHECKS
) -> Iterator[tuple[str, Found]]:
    """Check one thing after the other; a check that fails itself is a finding, too."""
    for name in names:
        yield name, _examined(CHECKS[name], probe, config)


def _examined(check: Check, probe: Probe, config: Config) -> Found:
    try:
        return check(probe, config)
    except ContinuoError as error:
        return fault(error.message, error.remedy or "mend that, and look again")
    except Exception as error:  # the others are still to be looked at
        _LOG.error("a check failed\n%s", traceback.format_exc())
        return fault(
            f"the check itself failed: {type(error).__name__}: {error}",
            "report it with the lines above",
        )
