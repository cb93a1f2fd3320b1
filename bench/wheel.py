"""How large the thing is that a device downloads."""

import subprocess
import sys
import tempfile
from pathlib import Path

from bench.row import Row
from firmware.errors import ContinuoError

BOUND_MB = 30.0


def rows() -> list[Row]:
    """Build a wheel and weigh it against what was asked for."""
    with tempfile.TemporaryDirectory(prefix="continuo-") as folder:
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder, "."]
        done = subprocess.run(  # noqa: S603 - our own arguments, no shell
            command,
            cwd=Path(__file__).parents[1],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=300,
            check=False,
        )
        wheels = list(Path(folder).glob("continuo-*.whl"))
        if done.returncode or not wheels:
            said = done.stderr.strip().splitlines()
            raise ContinuoError(f"the wheel was not built: {said[-1] if said else 'no reason'}")
        size = wheels[0].stat().st_size / 1e6
    return [Row(name="wheel", unit="MB", ours=round(size, 3), peer_name="asked for", peer=BOUND_MB)]
