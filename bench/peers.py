"""A peer in a process of its own, on one thread."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).parents[1]
_PATIENCE_S: Final = 300
_SINGLE: Final = {
    f"{name}_NUM_THREADS": "1"
    for name in ("OMP", "OPENBLAS", "MKL", "TF_NUM_INTRAOP", "TF_NUM_INTEROP")
}


def ask(
    module: str, *arguments: str, python: str = sys.executable
) -> tuple[dict[str, float] | None, str]:
    """Run `python -m MODULE ARGUMENT…` and read the line of JSON that it ends with.

    Args:
        module: What to run.
        arguments: What to tell it.
        python: The interpreter.

    Returns:
        Its figures by name, and ""; or None, and why there are none.
    """
    try:
        done = subprocess.run(  # noqa: S603 - our own arguments, no shell
            (python, "-m", module, *arguments),
            cwd=_ROOT,
            env={**os.environ, **_SINGLE, "PYTHONPATH": str(_ROOT)},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=_PATIENCE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None, f"it took more than {_PATIENCE_S} s"
    if done.returncode:
        said = done.stderr.strip().splitlines()
        return None, said[-1] if said else f"exit code {done.returncode}"
    figures: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return figures, ""
