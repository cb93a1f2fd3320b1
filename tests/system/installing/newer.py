"""The same package under a higher version, to upgrade to."""

import hashlib
import re
import shutil
import subprocess
from pathlib import Path

from debian.build import pack
from debian.tree import HOME


def newer(package: Path, version: str, folder: Path) -> Path:
    """A package that differs in its version alone.

    Args:
        package: The one before.
        version: The higher one.
        folder: Where to.

    Returns:
        The package.
    """
    tree = folder / "newer"
    shutil.rmtree(tree, ignore_errors=True)
    subprocess.run(["dpkg-deb", "--raw-extract", package, tree], check=True)  # noqa: S607
    control = tree / "DEBIAN/control"
    control.write_text(
        re.sub("^Version: .*", f"Version: {version}", control.read_text(), flags=re.MULTILINE)
    )
    before = next((tree / HOME / "app").glob("continuo-*.dist-info"))
    after = before.with_name(f"continuo-{version}.dist-info")
    before.rename(after)
    metadata = after / "METADATA"
    metadata.write_text(
        re.sub("^Version: .*", f"Version: {version}", metadata.read_text(), flags=re.MULTILINE)
    )
    digest = hashlib.md5(metadata.read_bytes(), usedforsecurity=False).hexdigest()
    sums = tree / "DEBIAN/md5sums"
    text = sums.read_text().replace(before.name, after.name)
    sums.write_text(re.sub(rf".*({after.name}/METADATA)", rf"{digest}  {HOME}/app/\1", text))
    made = folder / package.name.replace(package.name.split("_")[1], version)
    pack(tree, made, compression="none")
    shutil.rmtree(tree)
    return made
