"""Which version of Continuo this is."""

from importlib.metadata import PackageNotFoundError, version


def installed_version() -> str:
    """The version of the installed distribution."""
    try:
        return version("continuo")
    except PackageNotFoundError:  # run from a folder where it was not installed
        return "(not installed)"
