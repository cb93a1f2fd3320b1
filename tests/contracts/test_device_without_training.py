"""The device never loads what only a desktop has."""

import subprocess
import sys

_IMPORT_EVERYTHING = """
import importlib, pkgutil, sys
import firmware
for module in pkgutil.walk_packages(firmware.__path__, "firmware."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
print(" ".join(sorted({name.partition(".")[0] for name in sys.modules})))
"""

_DESKTOP_ONLY = {"tensorflow", "keras", "jax", "matplotlib", "training", "converters", "muspy"}
_DRIVERS = {"rtmidi", "gpiod", "periphery", "luma", "ai_edge_litert", "tflite_runtime"}


def test_importing_the_whole_firmware_loads_neither_desktop_code_nor_a_driver() -> None:
    """A driver's library is imported where it is opened, so that a missing one is one sentence."""
    run = subprocess.run(
        [sys.executable, "-c", _IMPORT_EVERYTHING], capture_output=True, text=True, check=True
    )
    loaded = set(run.stdout.split())
    assert "firmware" in loaded
    assert not loaded & (_DESKTOP_ONLY | _DRIVERS)
