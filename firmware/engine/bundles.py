"""Which installed bundle the device uses."""

from pathlib import Path

from firmware.errors import BundleError
from firmware.inference.bundle import MANIFEST_FILE, shipped_bundles
from firmware.inference.manifest import read_manifest
from firmware.parameters import Technique


def choose_bundle(technique: Technique, *, wanted: str = "") -> Path:
    """The folder of the bundle to use for a technique.

    Args:
        technique: What it must serve.
        wanted: An installed bundle's name or any bundle's folder; "" for the one that asks
            least of the board.

    Raises:
        BundleError: If there is none.
    """
    installed = shipped_bundles()
    if wanted:
        folder = installed.get(wanted, Path(wanted))
        if (folder / MANIFEST_FILE).is_file():
            return folder
        raise BundleError(
            f"there is no bundle {wanted!r}",
            remedy=f"installed: {', '.join(installed) or 'none'}; or give a bundle's folder",
        )
    manifests = [(read_manifest(path / MANIFEST_FILE), path) for path in installed.values()]
    fitting = [(m.mmac, m.name, path) for m, path in manifests if m.technique is technique]
    if not fitting:
        raise BundleError(
            f"no model for {technique} is installed", remedy="install one, or name its folder"
        )
    return min(fitting)[2]
