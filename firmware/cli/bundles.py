"""Which bundle a user means by a name or a folder."""

from pathlib import Path

from firmware.engine.bundles import check_serves, choose_bundle, find_bundle
from firmware.inference.bundle import Bundle, read_bundle, shipped_bundles
from firmware.parameters import Parameters


def bundle_for(text: str, parameters: Parameters, *, preferred: str = "") -> Bundle:
    """The bundle of this name or in this folder, or the device's choice for an empty text.

    Args:
        text: What the user wants.
        parameters: What it must serve, technique and values.
        preferred: The settings' bundle, for what it serves; "" for none.

    Raises:
        BundleError: If there is none, it fails its checks, or it serves something else.
    """
    if not text:
        return read_bundle(
            choose_bundle(parameters.technique, parameters=parameters, preferred=preferred)
        )
    bundle = read_bundle(find_bundle(text))
    check_serves(bundle.manifest, parameters)
    return bundle


def bundle_folders(texts: list[str]) -> list[Path]:
    """The folders of bundles by name or folder; of all installed ones for an empty list.

    Raises:
        BundleError: If there is none of a name.
    """
    if not texts:
        return list(shipped_bundles().values())
    return [find_bundle(text) for text in texts]
