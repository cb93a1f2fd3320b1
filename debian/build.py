"""Build Continuo's Debian package: its code, its models and its Python libraries in one file.

The package carries the wheels of every Python that Debian and Raspberry Pi OS have (3.11 and 3.13),
in a virtual environment whose interpreter is the system's: nothing is downloaded or compiled on the
instrument. The wheels are those of the lock files beside this, by their hashes; from the same
commit and wheels come the same bytes.

    python -m debian.build arm64        dist/continuo_VERSION_arm64.deb
    python -m debian.build --lock       look for newer wheels, and write the lock files anew
"""

import argparse
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from debian.tree import HOME, Tree

ROOT: Final = Path(__file__).parents[1]
HERE: Final = Path(__file__).parent
WHEELS: Final = ROOT / "build" / "wheels"

PYTHONS: Final = ("3.11", "3.13")
MACHINES: Final[Mapping[str, str]] = MappingProxyType({"arm64": "aarch64", "amd64": "x86_64"})
_OLDEST_GLIBC, _NEWEST_GLIBC = 17, 36  # Debian 12 has 2.36
EXTRAS: Final = ("litert", "device")

FROM_DEBIAN: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {"3.11": frozenset(), "3.13": frozenset({"python-rtmidi"})}
)
"""What has no wheel for a Python: packages of Debian, see `control`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One Python on one kind of machine.

    Attributes:
        python: Its version, such as `3.11`.
        architecture: As Debian calls it.
    """

    python: str
    architecture: str

    @property
    def name(self) -> str:
        """For files."""
        return f"python{self.python}-{self.architecture}"

    @property
    def lock(self) -> Path:
        """The wheels that it gets."""
        return HERE / "wheels" / f"{self.name}.txt"

    @property
    def pip_options(self) -> list[str]:
        """What makes pip choose wheels for it, and not for the machine at hand."""
        machine = MACHINES[self.architecture]
        glibcs = range(_NEWEST_GLIBC, _OLDEST_GLIBC - 1, -1)
        platforms = [f"manylinux_2_{minor}_{machine}" for minor in glibcs]
        options = ["--only-binary=:all:", "--implementation=cp", f"--python-version={self.python}"]
        return options + [f"--platform={p}" for p in (*platforms, f"manylinux2014_{machine}")]


def main(arguments: Sequence[str]) -> int:
    """Build, or write the lock files."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("architectures", nargs="*", metavar="ARCH", help=", ".join(MACHINES))
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="where to")
    parser.add_argument("--lock", action="store_true", help="write the lock files anew")
    parser.add_argument("--compression", default="zstd", help="as of dpkg-deb's -Z")
    options = parser.parse_args(arguments)
    for architecture in options.architectures or MACHINES:
        if architecture not in MACHINES:
            parser.error(f"there is no architecture {architecture!r}: {', '.join(MACHINES)}")
        for python in PYTHONS if options.lock else ():
            write_lock(Target(python=python, architecture=architecture))
        if not options.lock:
            package = build(architecture, options.out, compression=options.compression)
            megabytes = package.stat().st_size / 1e6
            checked = selftest(ROOT / "build" / f"deb-{architecture}", architecture)
            sys.stdout.write(f"{package} ({megabytes:.0f} MB, {checked})\n")
    return 0


def build(architecture: str, out: Path, *, compression: str) -> Path:
    """Build the package of one architecture.

    Returns:
        The package.
    """
    version = project()["version"]
    out.mkdir(parents=True, exist_ok=True)
    folder = ROOT / "build" / f"deb-{architecture}"
    shutil.rmtree(folder, ignore_errors=True)
    tree = Tree(folder)
    tree.add_firmware(ROOT, version)
    for python in PYTHONS:
        target = Target(python=python, architecture=architecture)
        tree.add_libraries(python, fetch(target))
    tree.add_system_files(ROOT)
    tree.add_completion(completion(libraries_here()))
    tree.add_documents(ROOT, version=version, timestamp=timestamp())
    tree.add_control(HERE, version=version, architecture=architecture)
    tree.settle(timestamp())
    package = out / f"continuo_{version}_{architecture}.deb"
    pack(folder, package, compression=compression)
    return package


def pack(folder: Path, package: Path, *, compression: str) -> None:
    """Make a package of a folder."""
    dpkg_deb = shutil.which("dpkg-deb")
    if dpkg_deb is None:
        sys.exit("dpkg-deb is not installed: on Debian it is part of the package dpkg")
    subprocess.run(
        [dpkg_deb, "--root-owner-group", f"-Z{compression}", "--build", folder, package],
        env={**os.environ, "SOURCE_DATE_EPOCH": str(timestamp())},
        stdout=subprocess.DEVNULL,
        check=True,
    )


def selftest(folder: Path, architecture: str) -> str:
    """Let the package's own Python replay its models' golden arrays, if it runs on this machine.

    Returns:
        What was shown.
    """
    here = next((name for name, m in MACHINES.items() if m == platform.machine()), "")
    python = folder / HOME / "bin" / "python3"
    if architecture != here or not python.exists():
        return "selftest not run: it is for another machine"
    version = subprocess.run(
        [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    if version not in PYTHONS:
        return f"selftest not run: the system's Python is {version}"
    firmware = ["-B", "-P", "-s", "-m", "firmware"]
    command = [str(python), *firmware, "selftest", "--passes", "1"]
    subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, check=True)
    return f"selftest passed on Python {version}"


def libraries_here() -> Path:
    """Unpack the libraries of the Python that builds, which the firmware is asked with.

    Returns:
        Their folder.
    """
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    here = next((name for name, m in MACHINES.items() if m == platform.machine()), "")
    if python not in PYTHONS or not here:
        sys.exit(
            f"the package is built by Python {' or '.join(PYTHONS)} on {' or '.join(MACHINES)}, "
            f"not by {python} on {platform.machine()}: rm -r build/deb-tools, and "
            f"make deb PYTHON=python{PYTHONS[-1]}"
        )
    folder = ROOT / "build" / "deb-libraries"
    shutil.rmtree(folder, ignore_errors=True)
    Tree(folder).add_libraries(python, fetch(Target(python=python, architecture=here)))
    return folder / HOME / "lib" / f"python{python}" / "site-packages"


def completion(libraries: Path) -> str:
    """What bash completes the command with, as the firmware itself says it.

    Args:
        libraries: What it needs, for the Python that runs this.
    """
    command = [sys.executable, "-B", "-P", "-s", "-m", "firmware", "completion", "bash"]
    search = os.pathsep.join(map(str, (ROOT, libraries)))
    done = subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": search},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout


def fetch(target: Target) -> list[Path]:
    """The wheels of a lock file, downloaded unless they are here already.

    Returns:
        The wheels, by name.
    """
    wanted = target.lock.read_text()
    folder = WHEELS / target.name
    stamp = folder / "lock.txt"
    if not stamp.is_file() or stamp.read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        _download(target, folder, "--no-deps", "--require-hashes", "-r", str(target.lock))
        stamp.write_text(wanted)
    return sorted(folder.glob("*.whl"))


def write_lock(target: Target) -> None:
    """Choose the newest wheels that pyproject.toml allows."""
    folder = WHEELS / f"lock-{target.name}"
    shutil.rmtree(folder, ignore_errors=True)
    _download(target, folder, *requirements(target.python))
    lines = []
    for wheel in sorted(folder.glob("*.whl"), key=lambda path: path.name.lower()):
        name, version = wheel.name.split("-")[:2]
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        lines.append(f"{name.replace('_', '-').lower()}=={version} --hash=sha256:{digest}\n")
    target.lock.parent.mkdir(exist_ok=True)
    target.lock.write_text("".join(lines))
    shutil.rmtree(folder)


def requirements(python: str) -> list[str]:
    """What the instrument needs of the registry, for one Python."""
    content = project()
    extras = content["optional-dependencies"]
    wanted = [*content["dependencies"], *(line for extra in EXTRAS for line in extras[extra])]
    # pip would judge a marker by the Python that runs it, not by the one that it is asked for.
    plain = (line.partition(";")[0].strip() for line in wanted)
    return [line for line in plain if _name(line) not in FROM_DEBIAN[python]]


def project() -> dict[str, Any]:
    """The table `project` of pyproject.toml."""
    content: dict[str, dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return content["project"]


def timestamp() -> int:
    """Of the last commit, in seconds since 1970, or of `SOURCE_DATE_EPOCH`."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given:
        return int(given)
    git = shutil.which("git") or "git"
    said = subprocess.run(
        [git, "-C", ROOT, "log", "-1", "--format=%ct"], capture_output=True, text=True, check=False
    )
    return int(said.stdout) if said.stdout.strip() else 0


def _download(target: Target, folder: Path, *what: str) -> None:
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *target.pip_options, "-d", folder, *what], check=True)


def _name(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found is not None
    return found[0].lower()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
