"""Which bundle a user means by a name or a folder."""

from pathlib import Path

from firmware.engine.bundles import choose_bundle, find_bundle
from firmware.errors import BundleError
from firmware.inference.bundle import Bundle, read_bundle, shipped_bundles
from firmware.parameters import Technique


def bundle_for(text: str, technique: Technique, *, preferred: str = "") -> Bundle:
    """The bundle of this name or in this folder, or the device's choice for an empty text.

    Args:
        text: What the user wants.
        technique: What it must serve.
        preferred: The settings' bundle, for the technique that it serves; "" for none.

    Raises:
        BundleError: If there is none, it fails its checks, or it serves another technique.
    """
    if not text:
        return read_bundle(choose_bundle(technique, preferred=preferred))
    bundle = read_bundle(find_bundle(text))
    if bundle.manifest.technique is not technique:
        raise BundleError(
            f"{bundle.manifest.name} is for {bundle.manifest.technique}, not for {technique}",
            remedy="continuo models list",
        )
    return bundle


def bundle_folders(texts: list[str]) -> list[Path]:
    """The folders of bundles by name or folder; of all installed ones for an empty list.

    Raises:
        BundleError: If there is none of a name.
    """
    if not texts:
        return list(shipped_bundles().values())
    return [find_bundle(text) for text in texts]
