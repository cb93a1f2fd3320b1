"""The pictures of the wiring, which WireViz and Graphviz draw.

Another Graphviz sets the same diagram a little differently. So a picture is kept as long as it was
drawn from the diagram that there is now: a stamp beside it tells, without any of these programs.
"""

import hashlib
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from firmware.errors import ContinuoError
from hardware.documents import WIRING

PICTURES = ("wiring.svg", "wiring.png")
STAMP = "wiring.json"

TIMEOUT_S = 120
_COLOURS = 256
_COMMENT = re.compile(r"<!--.*?-->\n?", re.DOTALL)


def stale_pictures(folder: Path) -> tuple[str, ...]:
    """Names of the pictures in a board's folder that are not drawn from its diagram.

    A picture that somebody has changed by hand is one of them.
    """
    stamp = _stamp(folder)
    if _differs(stamp, folder, WIRING):
        return PICTURES
    return tuple(name for name in PICTURES if _differs(stamp, folder, name))


def draw(folder: Path) -> None:
    """Draw a board's pictures from the diagram in its folder.

    Raises:
        ContinuoError: If WireViz or Graphviz is missing, or they fail.
    """
    _look_for_programs()
    with tempfile.TemporaryDirectory(prefix="continuo-") as temporary:
        shutil.copy(folder / WIRING, temporary)
        _run_wireviz(Path(temporary))
        svg = _COMMENT.sub("", Path(temporary, "wiring.svg").read_text(encoding="utf-8"))
        svg = svg.replace("DejaVu Sans", "DejaVu Sans,Verdana,sans-serif")
        (folder / "wiring.svg").write_text(svg, encoding="utf-8")
        with Image.open(Path(temporary, "wiring.png")) as picture:
            few = picture.convert("RGB").quantize(
                _COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE
            )
            few.save(folder / "wiring.png", optimize=True)
    stamp = {name: _digest(folder / name) for name in (WIRING, *PICTURES)}
    (folder / STAMP).write_text(json.dumps(stamp, indent=2) + "\n", encoding="utf-8")


def _look_for_programs() -> None:
    if importlib.util.find_spec("wireviz") is None:
        raise ContinuoError(
            "the wiring cannot be drawn: WireViz is missing", remedy="pip install -e '.[hardware]'"
        )
    if shutil.which("dot") is None:
        raise ContinuoError(
            "the wiring cannot be drawn: Graphviz is missing",
            remedy="sudo apt install graphviz fonts-dejavu-core",
        )


def _run_wireviz(folder: Path) -> None:
    command = [sys.executable, "-m", "wireviz.wv_cli", "-f", "ps", WIRING]
    try:
        done = subprocess.run(  # noqa: S603 - our own arguments, no shell
            command, cwd=folder, capture_output=True, text=True, check=False, timeout=TIMEOUT_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ContinuoError(f"the wiring cannot be drawn: {error}") from error
    if done.returncode or not all((folder / name).is_file() for name in PICTURES):
        said = (done.stderr or done.stdout).strip().splitlines()
        raise ContinuoError(f"WireViz did not draw: {said[-1] if said else 'no reason'}")


def _stamp(folder: Path) -> Mapping[str, Any]:
    try:
        stamp = json.loads((folder / STAMP).read_bytes())
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def _differs(stamp: Mapping[str, Any], folder: Path, name: str) -> bool:
    try:
        return bool(stamp.get(name) != _digest(folder / name))
    except OSError:  # it is missing
        return True


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
