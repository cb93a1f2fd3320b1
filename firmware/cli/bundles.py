"""Which bundle a user means by a name or a folder."""

from pathlib import Path

from firmware.engine.bundles import choose_bundle
from firmware.errors import BundleError
from firmware.inference.bundle import Bundle, read_bundle, shipped_bundles
from firmware.parameters import Technique


def bundle_for(text: str, technique: Technique) -> Bundle:
    """The bundle of this name or in this folder, or the device's choice for an empty text.

    Raises:
        BundleError: If there is none, it fails its checks, or it serves another technique.
    """
    bundle = read_bundle(_chosen(technique, text))
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
    # The technique only matters where none is wanted by name.
    return [_chosen(Technique.ENHANCE, text) for text in texts]


def _chosen(technique: Technique, text: str) -> Path:
    try:
        return choose_bundle(technique, wanted=text)
    except OSError as error:
        raise BundleError(
            f"there is no bundle {text!r:.80}: {error.strerror}", remedy="continuo models list"
        ) from error
