"""What a guest takes itself for: QEMU's own machine, described as a Raspberry Pi 4."""

from pathlib import Path
from typing import Final

from tests.system.architecture import CORES, MEMORY_MB, Architecture
from tests.system.tools import run

MODEL: Final = "Raspberry Pi 4 Model B Rev 1.4"
REVISION: Final = 0xC03114
"""As the Pi's firmware says it. Reference: the Raspberry Pi documentation, "Revision codes"."""

_OWN_LINES: Final = ("/pl061@9030000", "/gpio-keys")  # QEMU's, which would be the first GPIO chip


def make_device_tree(architecture: Architecture, tree: Path) -> Path:
    """Describe the machine that QEMU makes of the same options.

    Returns:
        The description.
    """
    name, version = architecture.machine[:2]
    dump = f"{version},dumpdtb={tree}"
    size = ("-smp", CORES, "-m", MEMORY_MB)
    run(architecture.emulator, name, dump, *architecture.machine[2:], *size, "-display", "none")
    run("fdtput", "--type", "s", tree, "/", "model", MODEL)
    run("fdtput", "--create", tree, "/system")
    run("fdtput", "--type", "x", tree, "/system", "linux,revision", f"{REVISION:x}")
    for node in _OWN_LINES:
        run("fdtput", "--type", "s", tree, node, "status", "disabled")
    return tree
