"""A kill at any instant leaves the old state or the new one."""

import json
import os
import subprocess
import sys
from pathlib import Path

KILLS = 300


def test_no_kill_leaves_an_unreadable_or_half_old_composition(folder: Path) -> None:
    """SIGKILL at 300 random instants of saving and deleting: nothing is broken, nothing lost."""
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("dying_saver.py"), folder, str(KILLS), "1"],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["faults"] == []
    # The kills did hit saves and deletes in the middle, and others had time to finish.
    assert found["swept"] > KILLS // 20
    assert found["saves"] > KILLS // 20
