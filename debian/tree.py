"""The files of the package, as they will lie on the instrument."""

import gzip
import hashlib
import os
import re
import shutil
import stat
import zipfile
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path, PurePosixPath
from typing import Final

HOME: Final = "usr/lib/continuo"
"""The virtual environment, with the code beside it."""

_UNITS: Final = "usr/lib/systemd/system"
PLACES: Final = (
    # a folder of the repository, and where its files go
    ("systemd/units", _UNITS),
    ("systemd/user", "usr/lib/systemd/user"),
    ("systemd/udev", "usr/lib/udev/rules.d"),
    ("systemd/tmpfiles.d", "usr/lib/tmpfiles.d"),
    ("systemd/sysusers.d", "usr/lib/sysusers.d"),
    ("systemd/modules-load.d", "usr/lib/modules-load.d"),
    ("systemd/system.conf.d", "usr/lib/systemd/system.conf.d"),
    ("systemd/setup", f"{HOME}/setup"),
    ("systemd/sshd_config.d", "etc/ssh/sshd_config.d"),
    ("systemd/default", "etc/default"),
    ("systemd/etc", "etc/continuo"),
)
_LEFT_OUT: Final = frozenset({"__pycache__", "tests", "test"})
_NEVER_READ: Final = frozenset({".h", ".pyi", ".sf2"})
"""What compilers and type checkers read, and a sound bank: the one that plays is Debian's."""
_NEVER_LOADED: Final = "libLiteRtWebGpuAccelerator.so"
"""Of LiteRT: the models run on the processor."""
_LAUNCHER: Final = """\
#!/bin/sh
# Continuo: the release that `continuo update` installed, or else the package's own.
current=/opt/continuo/releases/current/bin/continuo
[ -x "$current" ] && exec "$current" "$@"
exec /usr/lib/continuo/bin/python3 -P -s -m firmware "$@"
"""
_CHANGES: Final = """\
continuo ({version}) stable; urgency=medium

  * What a player, a maker or a trainer notices is in CHANGELOG.md beside this.

 -- {maintainer}  {when}
"""
_SCRIPTS: Final = frozenset({"usr/bin/continuo"})
_MAINTAINER: Final = ("preinst", "postinst", "prerm", "postrm")


class Tree:
    """A folder that becomes the package.

    Args:
        folder: Where it is; it is made.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)

    def add_firmware(self, root: Path, version: str) -> None:
        """Add the instrument's code and models, and what tells its version."""
        app = self.folder / HOME / "app"
        ignore = shutil.ignore_patterns("__pycache__", "*.pyc")
        shutil.copytree(root / "firmware", app / "firmware", ignore=ignore)
        self._write(
            f"{HOME}/app/continuo-{version}.dist-info/METADATA",
            f"Metadata-Version: 2.1\nName: continuo\nVersion: {version}\n",
        )
        self._write(f"{HOME}/app/continuo-{version}.dist-info/RECORD", "")
        # What python3 -m venv --system-site-packages makes; each Python looks into its own lib.
        self._write(f"{HOME}/pyvenv.cfg", "home = /usr/bin\ninclude-system-site-packages = true\n")
        (self.folder / HOME / "bin").mkdir(parents=True)
        (self.folder / HOME / "bin" / "python3").symlink_to("/usr/bin/python3")
        self._write("usr/bin/continuo", _LAUNCHER)

    def add_libraries(self, python: str, wheels: Iterable[Path]) -> None:
        """Add what one Python needs."""
        packages = self.folder / HOME / "lib" / f"python{python}" / "site-packages"
        packages.mkdir(parents=True)
        for wheel in wheels:
            with zipfile.ZipFile(wheel) as content:
                for member in content.namelist():
                    place = _place(member)
                    if place is not None and not member.endswith("/"):
                        target = packages / place
                        target.parent.mkdir(parents=True, exist_ok=True)
                        target.write_bytes(content.read(member))
        (packages / "continuo.pth").write_text("../../../app\n")

    def add_system_files(self, root: Path) -> None:
        """Add units, rules and settings."""
        for source, place in PLACES:
            shutil.copytree(root / source, self.folder / place, symlinks=True, dirs_exist_ok=True)

    def add_completion(self, script: str) -> None:
        """Add what bash completes the command with."""
        self._write("usr/share/bash-completion/completions/continuo", script)

    def add_documents(self, root: Path, *, version: str, timestamp: int) -> None:
        """Add what there is to read, with the licences of everything that comes along.

        Args:
            root: The repository.
            version: Of the package.
            timestamp: Of its last change, in seconds since 1970.
        """
        place = "usr/share/doc/continuo"
        for name in ("README.md", "CHANGELOG.md"):
            self._write(f"{place}/{name}", (root / name).read_text())
        self._write(f"{place}/copyright", (root / "debian" / "copyright").read_text())
        maintainer = _field((root / "debian" / "control").read_text(), "Maintainer")
        when = format_datetime(datetime.fromtimestamp(timestamp, UTC))
        changes = _CHANGES.format(version=version, maintainer=maintainer, when=when)
        # Without its own time, which would make other bytes of it at every build.
        (self.folder / place / "changelog.gz").write_bytes(gzip.compress(changes.encode(), mtime=0))
        self._write(f"{place}/libraries.txt", "".join(self._licences()))

    def add_control(self, source: Path, *, version: str, architecture: str) -> None:
        """Add what dpkg has to know; everything else is there already."""
        control = self.folder / "DEBIAN"
        control.mkdir()
        files = [path for path in self._files() if not path.is_symlink()]
        kilobytes = sum(-(-path.stat().st_size // 1024) for path in files)
        text = (source / "control").read_text()
        for name, value in (
            ("VERSION", version),
            ("ARCHITECTURE", architecture),
            ("SIZE", str(kilobytes)),
        ):
            text = text.replace(f"@{name}@", value)
        (control / "control").write_text(text)
        for name in _MAINTAINER:
            if (source / name).is_file():
                shutil.copyfile(source / name, control / name)
        relative = sorted(path.relative_to(self.folder).as_posix() for path in files)
        settings = [f"/{path}\n" for path in relative if path.startswith("etc/")]
        (control / "conffiles").write_text("".join(settings))
        sums = (f"{_md5(self.folder / p)}  {p}\n" for p in relative if not p.startswith("etc/"))
        (control / "md5sums").write_text("".join(sums))

    def settle(self, timestamp: int) -> None:
        """Give every file the mode that it is to have, and the time of the last change."""
        for path in sorted(self.folder.rglob("*"), reverse=True):
            if not path.is_symlink():
                path.chmod(self._mode(path))
            os.utime(path, (timestamp, timestamp), follow_symlinks=False)
        self.folder.chmod(0o755)
        os.utime(self.folder, (timestamp, timestamp))

    def _mode(self, path: Path) -> int:
        relative = path.relative_to(self.folder)
        is_script = relative.as_posix() in _SCRIPTS or path.parent.name == "setup"
        is_control = relative.parts[0] == "DEBIAN" and path.name in _MAINTAINER
        return 0o755 if path.is_dir() or is_script or is_control else 0o644

    def _files(self) -> list[Path]:
        found = sorted(self.folder.rglob("*"))
        return [p for p in found if stat.S_ISREG(p.lstat().st_mode) or p.is_symlink()]

    def _licences(self) -> list[str]:
        lines = ["Libraries in this package, with their licences as they name them.\n\n"]
        found = (self.folder / HOME / "lib").glob("*/site-packages/*.dist-info/METADATA")
        rows = {_licence(path.read_text(errors="replace")) for path in found}
        return lines + [f"{row}\n" for row in sorted(rows)]

    def _write(self, place: str, text: str) -> None:
        path = self.folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _md5(path: Path) -> str:
    """The sum that dpkg checks files by; it guards against broken disks, not against people."""
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def _place(member: str) -> PurePosixPath | None:
    """Where a file of a wheel goes below site-packages; None for one that stays away."""
    path = PurePosixPath(member)
    if path.parts[0].endswith(".data"):
        if path.parts[1] not in ("purelib", "platlib"):  # scripts, headers
            return None
        path = PurePosixPath(*path.parts[2:])
    # Libraries bring their own tests along, up to half of what they weigh.
    if _LEFT_OUT & set(path.parts[:-1]) or path.suffix in _NEVER_READ:
        return None
    return None if path.name == _NEVER_LOADED else path


def _field(text: str, name: str) -> str:
    """A field of a text with fields, or an empty text."""
    found = re.search(rf"^{name}: (.+)$", text, re.MULTILINE)
    return found[1].strip() if found else ""


def _licence(metadata: str) -> str:
    """Name, version and licence out of a library's description."""
    head = metadata.split("\n\n", 1)[0]
    classified = re.findall(
        r"^Classifier: License :: (?:OSI Approved :: )?(.+)$", head, re.MULTILINE
    )
    licence = _field(head, "License-Expression") or "; ".join(classified) or _field(head, "License")
    return f"{_field(head, 'Name')} {_field(head, 'Version')}: {licence or 'see its files'}"
