"""What the claims about the package share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.system.installing.chroot import Chroot, ChrootError

HIGHER: Final = "9.9.9"
"""The version that is upgraded to."""

AS_PLAYER: Final = "cd / && runuser -u continuo -- continuo"
COMPOSE: Final = f"{AS_PLAYER} generate ode-to-joy --set sampling_iterations=1 --seed 1"
CONFIG_TXT: Final = Path("boot/firmware/config.txt")


@dataclass(slots=True, kw_only=True)
class Trial:
    """What a journey goes through.

    Attributes:
        chroot: The Debian, with the packages in `/root`.
        version: Of the package.
        kept: Files that are to outlive whatever comes, with what is in them.
    """

    chroot: Chroot
    version: str
    kept: Mapping[Path, bytes] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        """Of the Debian, as it is seen from outside."""
        return self.chroot.root

    def state(self) -> str:
        """What dpkg says of the package, such as `installed ok 0.1.0`."""
        shown = "${db:Status-Status} ${db:Status-Eflag} ${Version}"
        return self.chroot.run(f"dpkg-query -W -f '{shown}' continuo").strip()

    def started(self) -> str:
        """What the program says of itself, as the user that the service is."""
        return self.chroot.run(f"{AS_PLAYER} --version").strip()


def see(why: str, *, holds: bool) -> None:
    """Look at what must be so.

    Raises:
        ChrootError: If it is not.
    """
    if not holds:
        raise ChrootError(why)
