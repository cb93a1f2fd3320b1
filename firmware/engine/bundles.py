"""Which installed bundle the device uses."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from firmware.errors import BundleError
from firmware.inference.bundle import MANIFEST_FILE, shipped_bundles
from firmware.inference.manifest import Manifest, read_manifest
from firmware.parameters import Parameters, Technique, parameters_for

_USUALLY_SERVED: Final = frozenset({"genre", "model"})
"""What bundles differ by, where none is there to say it."""


def installed_bundles(own: Path | None = None) -> dict[str, Path]:
    """Folders of the installed bundles, by name.

    Args:
        own: The folder of those that were installed besides those that ship, and go before them;
            or None.
    """
    found = shipped_bundles()
    if own is not None:
        mine = (path.parent for path in sorted(own.glob(f"*/{MANIFEST_FILE}")))
        found |= {folder.name: folder for folder in mine if not folder.name.startswith(".")}
    return found


def find_bundle(text: str, *, own: Path | None = None) -> Path:
    """The folder of the installed bundle of this name, or this folder of a bundle.

    Args:
        text: What a person wrote.
        own: As for `installed_bundles`.

    Raises:
        BundleError: If there is none.
    """
    installed = installed_bundles(own)
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


def choose_bundle(
    technique: Technique,
    *,
    parameters: Parameters | None = None,
    preferred: str = "",
    own: Path | None = None,
) -> Path:
    """The folder of the bundle to use for a technique.

    Of the installed ones that serve the parameters, the most specific comes first: one that is
    for fewer values of a parameter was made for them. So a bundle for one style goes before one
    for all styles, which still serves the others. Of two that are as specific, that which asks
    least of the board.

    Args:
        technique: What it must serve.
        parameters: What it must serve it with; by default the technique's own defaults.
        preferred: An installed bundle's name or any bundle's folder, which is used for what it
            serves; "" for none.
        own: As for `installed_bundles`. One of these that cannot be read, as after an update of
            the firmware, keeps nobody from the others.

    Raises:
        BundleError: If there is none, or not the preferred one.
    """
    wanted = parameters or parameters_for(technique)
    if preferred:
        folder = find_bundle(preferred, own=own)
        if read_manifest(folder / MANIFEST_FILE).is_for(wanted):
            return folder
    manifests: list[tuple[Manifest, Path]] = []
    for path in installed_bundles(own).values():
        try:
            manifests.append((read_manifest(path / MANIFEST_FILE), path))
        except BundleError:
            if path.parent != own:
                raise
    fitting = [(m, path) for m, path in manifests if m.is_for(wanted)]
    if not fitting:
        raise _missing(wanted, [m for m, _ in manifests if m.technique is technique])
    return min(fitting, key=lambda entry: _rank(entry[0]))[1]


def installed_values(*, preferred: str = "", own: Path | None = None) -> dict[str, tuple[str, ...]]:
    """Values of parameters that there are bundles for, by `ParameterSpec.key`.

    A bundle that is not there or cannot be read brings none: it is refused where it is used.

    Args:
        preferred: Besides the installed ones, the name or folder of another; "" for none.
        own: As for `installed_bundles`.
    """
    found: dict[str, dict[str, None]] = {}
    for bundle in filter(None, (*installed_bundles(own), preferred)):
        try:
            served = read_manifest(find_bundle(bundle, own=own) / MANIFEST_FILE).serves
        except BundleError:
            continue
        for key, values in served.items():
            found.setdefault(key, {}).update(dict.fromkeys(values))
    return {key: tuple(values) for key, values in found.items()}


def check_serves(manifest: Manifest, parameters: Parameters) -> None:
    """Refuse a bundle that somebody named for what it is not for.

    Raises:
        BundleError: If it is for another technique, or for other values of its parameters.
    """
    technique = parameters.technique
    if manifest.technique is not technique:
        raise BundleError(
            f"{manifest.name} is for {manifest.technique}, not for {technique}",
            remedy="continuo models list",
        )
    if not manifest.is_for(parameters):
        raise BundleError(
            f"{manifest.name} has no {_wanted(parameters, [manifest])}",
            remedy=f"it has {_served(manifest)}",
        )


def _rank(manifest: Manifest) -> tuple[int, int, float, str]:
    """The smallest is the most specific."""
    values = math.prod(len(values) for values in manifest.serves.values())
    return -len(manifest.serves), values, manifest.mmac, manifest.name


def _missing(parameters: Parameters, others: list[Manifest]) -> BundleError:
    """Nothing serves the parameters; other bundles may serve the technique."""
    installed = "; ".join(f"{other.name} has {_served(other)}" for other in others)
    train = "train one (make train-genre)" if "genre" in parameters.as_dict() else "install one"
    return BundleError(
        f"no model for {parameters.technique} is installed"
        + (f" that has {wanted}" if (wanted := _wanted(parameters, others)) else ""),
        remedy=f"{train}, or name its folder" + (f"; installed: {installed}" if installed else ""),
    )


def _wanted(parameters: Parameters, others: Iterable[Manifest]) -> str:
    """What of the parameters it is that bundles differ by: `genre jazz and model unet`."""
    keys = {key for other in others for key in other.serves} or _USUALLY_SERVED
    values = parameters.as_dict()
    return " and ".join(f"{key} {values[key]}" for key in sorted(keys) if key in values)


def _served(manifest: Manifest) -> str:
    return " and ".join(
        f"{key} {', '.join(values)}" for key, values in sorted(manifest.serves.items())
    )
