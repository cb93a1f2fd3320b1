"""Which bundle a user means by a name or a folder."""

from pathlib import Path

from firmware.config import load_config
from firmware.engine.bundles import check_serves, choose_bundle, find_bundle, installed_bundles
from firmware.inference.bundle import Bundle, read_bundle
from firmware.library.names import MODELS_FOLDER
from firmware.parameters import Parameters


def bundle_for(
    text: str, parameters: Parameters, *, preferred: str = "", own: Path | None = None
) -> Bundle:
    """The bundle of this name or in this folder, or the device's choice for an empty text.

    Args:
        text: What the user wants.
        parameters: What it must serve, technique and values.
        preferred: The settings' bundle, for what it serves; "" for none.
        own: The folder of the bundles that do not ship, or None.

    Raises:
        BundleError: If there is none, it fails its checks, or it serves something else.
    """
    if not text:
        return read_bundle(
            choose_bundle(parameters.technique, parameters=parameters, preferred=preferred, own=own)
        )
    bundle = read_bundle(find_bundle(text, own=own))
    check_serves(bundle.manifest, parameters)
    return bundle


def bundle_folders(texts: list[str]) -> list[Path]:
    """The folders of bundles by name or folder; of all installed ones for an empty list.

    Raises:
        BundleError: If there is none of a name.
        ConfigError: If the settings, which say where the maker's own are, cannot be read.
    """
    own = load_config().library / MODELS_FOLDER
    if not texts:
        return list(installed_bundles(own).values())
    return [find_bundle(text, own=own) for text in texts]
