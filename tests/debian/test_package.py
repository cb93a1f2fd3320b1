"""The package is in order, is the same however often it is built, and holds a whole instrument."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from debian.build import EXTRAS, MACHINES, PYTHONS, Target, pack, project, requirements
from debian.tree import HOME, Tree

ROOT = Path(__file__).parents[2]
VERSION = "1.2.3"
EPOCH = 1_763_647_331

pytestmark = pytest.mark.skipif(
    shutil.which("dpkg-deb") is None, reason="dpkg-deb is not installed"
)


def wheel(folder: Path) -> Path:
    """A wheel with everything that wheels have."""
    path = folder / "library-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as content:
        content.writestr("library/__init__.py", "ANSWER = 42\n")
        content.writestr("library/tests/test_it.py", "")
        content.writestr("library-1.0.data/purelib/more.py", "")
        content.writestr("library-1.0.data/scripts/library", "#!python")
        content.writestr(
            "library-1.0.dist-info/METADATA",
            "Name: library\nVersion: 1.0\nLicense-Expression: MIT\n\nLicense: not this one\n",
        )
    return path


def build(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package as `make deb` builds it, with one small library in place of the real ones."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(EPOCH))
    folder.mkdir()
    tree = Tree(folder / "tree")
    tree.add_firmware(ROOT, VERSION)
    for python in PYTHONS:
        tree.add_libraries(python, [wheel(folder)])
    tree.add_system_files(ROOT)
    tree.add_documents(ROOT)
    tree.add_control(ROOT / "debian", version=VERSION, architecture="arm64")
    tree.settle(EPOCH)
    pack(folder / "tree", folder / "continuo.deb", compression="none")
    return folder / "continuo.deb"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        return build(tmp_path_factory.mktemp("package") / "build", patch)


@pytest.fixture(scope="module")
def members(package: Path) -> dict[str, tarfile.TarInfo]:
    """The files in the package, by path."""
    with tarfile.open(fileobj=BytesIO(said("--fsys-tarfile", package))) as content:
        return {member.name.removeprefix("./"): member for member in content}


@pytest.fixture(scope="module")
def installed(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package's files in a folder."""
    folder = tmp_path_factory.mktemp("installed")
    said("-x", package, folder)
    said("-e", package, folder / "DEBIAN")
    return folder


def said(*arguments: object) -> bytes:
    return subprocess.run(
        ["dpkg-deb", *map(str, arguments)],  # noqa: S607
        capture_output=True,
        check=True,
        timeout=60,
    ).stdout


def test_a_second_build_is_the_same_to_the_last_byte(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = build(tmp_path / "elsewhere", monkeypatch)
    assert again.read_bytes() == package.read_bytes()


def test_every_file_is_roots_and_nobody_else_may_change_it(
    members: dict[str, tarfile.TarInfo],
) -> None:
    for member in members.values():
        assert (member.uid, member.gid) == (0, 0), member.name
        assert member.mode & 0o7022 == 0 or member.issym(), member.name
        assert member.mtime == EPOCH, member.name
    executable = {name for name, m in members.items() if m.isfile() and m.mode & 0o111}
    scripts = {path.name for path in (ROOT / "systemd/setup").iterdir()}
    assert executable == {"usr/bin/continuo", *(f"{HOME}/setup/{name}" for name in scripts)}


def test_nothing_is_compiled_nothing_is_left_over_and_no_link_is_broken(
    members: dict[str, tarfile.TarInfo],
) -> None:
    for name in members:
        assert not re.search(r"__pycache__|\.pyc$|\.git|~$|\.swp$|/tests?/", name), name
    links = {name: m.linkname for name, m in members.items() if m.issym()}
    assert links.pop(f"{HOME}/bin/python3") == "/usr/bin/python3"
    for name, target in links.items():
        assert os.path.normpath(Path(name).parent / target) in members


def test_what_a_maker_may_change_is_asked_about_at_an_upgrade(installed: Path) -> None:
    found = [path for path in (installed / "etc").rglob("*") if path.is_file()]
    settings = [f"/{path.relative_to(installed)}" for path in found]
    conffiles = (installed / "DEBIAN/conffiles").read_text().splitlines()
    assert sorted(settings) == sorted(conffiles)
    assert "/etc/continuo/config.toml" in conffiles


def test_the_sums_are_those_of_the_files(installed: Path) -> None:
    lines = (installed / "DEBIAN/md5sums").read_text().splitlines()
    assert len(lines) > 200
    for line in lines:
        digest, name = line.split("  ")
        content = (installed / name).read_bytes()
        assert hashlib.md5(content, usedforsecurity=False).hexdigest() == digest


def test_the_control_file_says_what_it_needs(package: Path) -> None:
    control = said("-f", package).decode()
    assert f"Version: {VERSION}\n" in control
    assert "Architecture: arm64\n" in control
    assert "@" not in re.sub(r"<[^>]*>", "", control)
    for needed in ("fluidsynth", "libasound2", "python3-lgpio", "systemd (>= 252)"):
        assert needed in control


@pytest.mark.parametrize("name", ["postinst", "prerm", "postrm"])
def test_maintainer_scripts_can_be_read_by_the_shell(installed: Path, name: str) -> None:
    script = installed / "DEBIAN" / name
    assert script.stat().st_mode & 0o111
    subprocess.run(["sh", "-n", script], check=True, timeout=10)  # noqa: S607
    assert script.read_text().startswith("#!/bin/sh\nset -e\n")


def test_scripts_and_units_name_the_same_units(installed: Path) -> None:
    """What is enabled at the installation is what says that it can be, and no more."""
    units = installed / "usr/lib/systemd/system"
    can_be = {
        path.name for path in units.iterdir() if path.is_file() and "[Install]" in path.read_text()
    }
    for name in ("postinst", "postrm"):
        text = (installed / "DEBIAN" / name).read_text().replace("\\\n", "")
        found = re.search(r'^UNITS="([^"]+)"', text, re.MULTILINE)
        assert found is not None
        assert set(found[1].split()) == can_be


def test_a_wheel_is_unpacked_without_its_scripts_and_tests(installed: Path) -> None:
    for python in PYTHONS:
        packages = installed / HOME / "lib" / f"python{python}" / "site-packages"
        assert sorted(path.name for path in packages.iterdir()) == [
            "continuo.pth",
            "library",
            "library-1.0.dist-info",
            "more.py",
        ]
        assert [path.name for path in (packages / "library").iterdir()] == ["__init__.py"]
    licences = (installed / "usr/share/doc/continuo/libraries.txt").read_text()
    assert "library 1.0: MIT\n" in licences


def test_the_environment_finds_libraries_and_firmware_wherever_it_lies(installed: Path) -> None:
    """Its Python is the system's; a link to this one stands for it, which has the libraries."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    if version not in PYTHONS:
        pytest.skip(f"the package is for Python {' and '.join(PYTHONS)}, this is {version}")
    python = installed / HOME / "bin" / "python3"
    python.unlink()
    python.symlink_to(Path(sys.executable).resolve())
    code = "import firmware, library, sys; print(firmware.__file__, library.ANSWER, sys.prefix)"
    done = subprocess.run(
        [python, "-B", "-P", "-s", "-c", code],
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    app = installed / HOME / "app" / "firmware" / "__init__.py"
    assert done.stdout.split() == [str(app), "42", str(installed / HOME)]


def test_the_models_in_the_package_pass_the_selftest(installed: Path) -> None:
    """The package's own code and models; the libraries are those that the tests run with."""
    app = installed / HOME / "app"
    done = subprocess.run(
        [sys.executable, "-B", "-P", "-m", "firmware", "selftest", "--passes", "1", "--json"],
        cwd=app,
        env={**os.environ, "PYTHONPATH": str(app)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    shipped = {path.parent.name for path in (ROOT / "firmware/models").glob("*/manifest.json")}
    assert {name for name in shipped if f'"bundle": "{name}"' in done.stdout} == shipped


@pytest.mark.parametrize("architecture", MACHINES)
@pytest.mark.parametrize("python", PYTHONS)
def test_the_lock_files_have_everything_that_the_instrument_asks_for(
    architecture: str, python: str
) -> None:
    lines = Target(python=python, architecture=architecture).lock.read_text().splitlines()
    locked = {line.partition("==")[0] for line in lines}
    wanted = {re.split(r"[<>=!~;\[ ]", line)[0].lower() for line in requirements(python)}
    assert {re.sub(r"[_.]", "-", name) for name in wanted} <= locked
    assert all(re.search(r" --hash=sha256:[0-9a-f]{64}$", line) for line in lines)


def test_what_has_no_wheel_is_left_to_debian() -> None:
    every = [
        *project()["dependencies"],
        *(line for extra in EXTRAS for line in project()["optional-dependencies"][extra]),
    ]
    assert len(requirements("3.11")) == len(every)
    missing = {"lgpio", "python-rtmidi"}
    assert len(requirements("3.13")) == len(every) - len(missing)
    assert not any(line.startswith(tuple(missing)) for line in requirements("3.13"))
