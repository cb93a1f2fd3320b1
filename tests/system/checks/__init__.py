"""What the appliance is to show, claim by claim, on a real kernel."""

from typing import Final

from tests.system.checks import access, disks, panel, playing, power, services, updating
from tests.system.checks.check import Check

CHECKS: Final[tuple[Check, ...]] = (
    *services.CHECKS[:2],
    *panel.CHECKS,  # before anything has been played or kept
    *playing.CHECKS,
    *services.CHECKS[2:],
    *disks.CHECKS,
    *access.CHECKS,
    *power.CHECKS,  # before the disk has grown, of which twenty copies are made
    *updating.CHECKS,
)
