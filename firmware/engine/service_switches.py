"""The panel's switch of SSH: two files that systemd watches (systemd/units/continuo-ssh-*.path).

The instrument has no right to start or stop anything; that a file appears is enough.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from firmware.library.places import explained
from firmware.panel.overview import SshFacts

SWITCHES_FOLDER: Final = ".switches"
"""In the library's folder."""

SSH_ON, SSH_OFF = "ssh-on", "ssh-off"
KEY_FOUND: Final = Path("/run/continuo-ssh/on")
"""Is there while the maker's key lies on the boot partition."""

WATCHER: Final = Path("/usr/lib/systemd/system/continuo-ssh-on.path")
"""Without it nobody would see the files."""
WATCHED: Final = Path("/var/lib/continuo")
"""The library's folder that it looks into."""

MAKER: Final = "maker"
"""Whom the key from the boot partition is for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SshSwitch:
    """The switch of a machine that has one.

    Attributes:
        library: The library's folder.
        key_found: Is there while there is a maker's key.
    """

    library: Path
    key_found: Path = KEY_FOUND

    def look(self) -> SshFacts:
        """How it is switched."""
        return SshFacts(
            is_on=is_ssh_on(self.library, key_found=self.key_found),
            has_key=self.key_found.exists(),
            user=MAKER,
        )

    def switch(self, *, on: bool) -> None:
        """See `switch_ssh`."""
        switch_ssh(self.library, on=on)


def ssh_switch(library: Path, *, watcher: Path = WATCHER) -> SshSwitch | None:
    """The switch, or None where nothing would come of it: no service of ours watches the library.

    Args:
        library: The library's folder.
        watcher: The unit that watches.
    """
    return SshSwitch(library=library) if library == WATCHED and watcher.exists() else None


def is_ssh_on(library: Path, *, key_found: Path = KEY_FOUND) -> bool:
    """Whether SSH is on: off at the panel has the last word, then on there, then the key."""
    switches = library / SWITCHES_FOLDER
    if (switches / SSH_OFF).exists():
        return False
    return (switches / SSH_ON).exists() or key_found.exists()


def switch_ssh(library: Path, *, on: bool) -> None:
    """Have systemd start or stop SSH, now and at every start of the machine.

    Args:
        library: The library's folder.
        on: Whether it is to be on.

    Raises:
        LibraryError: If the disk refuses.
    """
    switches = library / SWITCHES_FOLDER
    set_, unset = (SSH_ON, SSH_OFF) if on else (SSH_OFF, SSH_ON)
    with explained("SSH was not switched: {reason}", library):
        switches.mkdir(parents=True, exist_ok=True)
        # The other is gone before systemd looks at its conditions, which the second step has it do.
        (switches / unset).unlink(missing_ok=True)
        (switches / set_).write_text("by the panel\n")
