"""Which installed bundle the device uses."""

from pathlib import Path

from firmware.errors import BundleError
from firmware.inference.bundle import MANIFEST_FILE, shipped_bundles
from firmware.inference.manifest import read_manifest
from firmware.parameters import Technique


def find_bundle(text: str) -> Path:
    """The folder of the installed bundle of this name, or this folder of a bundle.

    Raises:
        BundleError: If there is none.
    """
    installed = shipped_bundles()
    folder = installed.get(text, Path(text))
    refused: OSError | None = None
    try:
        if (folder / MANIFEST_FILE).is_file():
            return folder
    except OSError as error:  # no path can be like this, or nobody may look there
        refused = error
    raise BundleError(
        f"there is no bundle {text!r:.80}" + (f": {refused.strerror}" if refused else ""),
        remedy=f"installed: {', '.join(installed) or 'none'}; or give a bundle's folder",
    ) from refused


def choose_bundle(technique: Technique, *, preferred: str = "") -> Path:
    """The folder of the bundle to use for a technique: the one that asks least of the board.

    Args:
        technique: What it must serve.
        preferred: An installed bundle's name or any bundle's folder, which is used for the
            technique that it serves; "" for none.

    Raises:
        BundleError: If there is none, or not the preferred one.
    """
    if preferred:
        folder = find_bundle(preferred)
        if read_manifest(folder / MANIFEST_FILE).technique is technique:
            return folder
    manifests = [(read_manifest(path / MANIFEST_FILE), path) for path in shipped_bundles().values()]
    fitting = [(m.mmac, m.name, path) for m, path in manifests if m.technique is technique]
    if not fitting:
        raise BundleError(
            f"no model for {technique} is installed", remedy="install one, or name its folder"
        )
    return min(fitting)[2]
