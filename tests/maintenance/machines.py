"""A computer that is updated, and the releases that it is given."""

import math
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from firmware.errors import ContinuoError
from firmware.maintenance.probe import Said, run_program
from firmware.maintenance.release import FILES, sign_release
from firmware.maintenance.releases import CURRENT
from firmware.maintenance.update import Around

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@dataclass(slots=True)
class Machine:
    """A computer whose service is started anew by what the link leads to, on a clock of its own.

    Attributes:
        root: A folder for everything.
        behaves: What a version says of itself once it runs; an error says nothing.
        is_dead: Whether starting the service fails.
        ends_each_s: So often a version ends by itself; systemd starts it again.
        is_quick: Whether a new release is taken for one that starts, untried.
    """

    root: Path
    behaves: dict[str, dict[str, object] | ContinuoError] = field(default_factory=dict)
    is_dead: bool = False
    ends_each_s: dict[str, float] = field(default_factory=dict)
    is_quick: bool = False
    running: str = "1.0.0"
    now_s: float = 0.0
    restarted_s: float = -3600.0
    commands: list[tuple[str, ...]] = field(default_factory=list)

    @property
    def around(self) -> Around:
        """For an update."""
        return Around(
            releases=self.root / "releases",
            signers=self.root / "signers",
            run=self.run,
            status=self.status,
            now_s=lambda: self.now_s,
            wait=self.wait,
        )

    def run(self, *words: str, **more: Any) -> Said | None:
        """Systemd is a simulation, all else is real."""
        self.commands.append(words)
        if self.is_quick and words[-1] in ("--version", "--help"):
            return Said(code=0, text=words[0])
        if words[0] not in ("systemctl", "systemd-run"):
            return run_program(*words, **more)
        if words[:2] == ("systemctl", "restart"):
            self.running = started(self.root / "releases")
            self.restarted_s = self.now_s
        if words[:2] == ("systemctl", "show"):
            each_s = self.ends_each_s.get(self.running, math.inf)
            return Said(code=0, text=f"{int((self.now_s - self.restarted_s) // each_s)}\n")
        return Said(code=int(self.is_dead and words[0] == "systemctl"), text="")

    def status(self) -> dict[str, object]:
        """What the instrument says."""
        said = self.behaves.get(self.running, {})
        if isinstance(said, ContinuoError):
            raise said
        uptime_s = round(self.now_s - self.restarted_s)
        return {"continuo": self.running, "is_safe": False, "uptime_s": uptime_s, **said}

    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.now_s += seconds


def started(root: Path) -> str:
    """The version that the machine's start script would start, seen to be whole."""
    program = root / CURRENT / "bin" / "continuo"
    if not program.exists():
        return "1.0.0"  # the package's own
    release = program.parents[1]
    assert (release / "lib" / "code.py").read_text() == "music = True\n" * 100
    assert (release / "bin" / "python").is_symlink()
    found = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return found.stdout.removeprefix("continuo ").strip()


def build(
    folder: Path, version: str, key: Path, *, says: str | None = None, does: str = ""
) -> Path:
    """A release that is signed."""
    program = folder / FILES / "bin" / "continuo"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\n{does}\necho continuo {says or version}\n")
    program.chmod(0o755)
    (program.parent / "python").symlink_to("/usr/bin/python3")
    code = folder / FILES / "lib" / "code.py"
    code.parent.mkdir()
    code.write_text("music = True\n" * 100)
    sign_release(folder, version, key, NOW)
    return folder
