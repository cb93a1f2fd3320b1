"""The package is in order, is the same however often it is built, and holds a whole instrument."""

import gzip
import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from debian.build import (
    EXTRAS,
    MACHINES,
    PYTHONS,
    Target,
    completion,
    libraries_here,
    pack,
    project,
    requirements,
)
from debian.tree import HOME, Tree
from firmware.cli import COMMANDS
from firmware.maintenance.release import LAUNCHER, PROGRAM
from firmware.maintenance.releases import CURRENT, NOTE, RELEASES

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
        content.writestr("library/__init__.pyi", "")
        content.writestr("library/library.h", "")
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
    tree.add_completion(completion(Path(sysconfig.get_path("purelib"))))
    tree.add_documents(ROOT, version=VERSION, timestamp=EPOCH)
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


def test_debian_has_its_own_changelog_of_it(installed: Path) -> None:
    text = gzip.decompress(
        (installed / "usr/share/doc/continuo/changelog.gz").read_bytes()
    ).decode()
    assert text.startswith(f"continuo ({VERSION}) stable; ")
    maintainer = "The Continuo authors <continuo@localhost>"
    assert text.endswith(f" -- {maintainer}  Thu, 20 Nov 2025 14:02:11 +0000\n")


def test_what_the_buttons_need_is_in_the_package() -> None:
    """No Debian has it for both Pythons."""
    for lock in (ROOT / "debian/wheels").glob("*.txt"):
        names = {line.partition("==")[0] for line in lock.read_text().splitlines()}
        assert names >= {"gpiod", "python-periphery", "luma-oled"}, lock.name


def test_a_maker_who_logs_in_starts_no_second_synthesizer(installed: Path) -> None:
    """Debian's own for every user would take the sound card, and listen to the network."""
    drop_in = installed / "usr/lib/systemd/user/fluidsynth.service.d/continuo.conf"
    assert "ConditionPathExists=!/usr/bin/continuo\n" in drop_in.read_text()


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
    for needed in (
        "fluidsynth",
        "libasound2",
        "python3-rtmidi",
        "systemd (>= 252)",
        "openssh-client",
    ):
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


@pytest.fixture
def machine(installed: Path, tmp_path: Path) -> Path:
    """A root with the command, whose Python only says where it is and what it was called with."""
    for name in ("usr/bin/continuo", "DEBIAN/postinst"):
        target = tmp_path / name
        target.parent.mkdir(parents=True)
        text = (installed / name).read_text()
        target.write_text(
            re.sub(r"(?<![\w.])/(usr/lib/continuo|opt|run)/", rf"{tmp_path}/\1/", text)
        )
        target.chmod(0o755)
    python(tmp_path / HOME)
    return tmp_path


def python(folder: Path) -> None:
    path = folder / "bin/python3"
    path.parent.mkdir(parents=True)
    path.write_text('#!/bin/sh\necho "$0" "$@"\n')
    path.chmod(0o755)


def release(machine: Path, name: str) -> Path:
    """A release as `continuo update` leaves it, with the launcher that signing gives it."""
    folder = machine / str(RELEASES).lstrip("/") / name
    python(folder)
    (folder / PROGRAM).write_text(LAUNCHER)
    (folder / PROGRAM).chmod(0o755)
    return folder


def started(machine: Path) -> str:
    done = subprocess.run(
        [machine / "usr/bin/continuo", "library", "show", "a name"],
        capture_output=True,
        text=True,
        check=True,
        timeout=10,
    )
    assert done.stdout.endswith("/bin/python3 -P -s -m firmware library show a name\n")
    return done.stdout.partition("/bin/python3")[0]


def test_the_command_starts_the_release_that_an_update_brought(machine: Path) -> None:
    own = str(machine / HOME)
    assert started(machine) == own
    folder = release(machine, "1.4.0")
    assert started(machine) == own, "one that nothing leads to"
    link = folder.with_name(CURRENT)
    link.symlink_to("1.4.0")
    assert started(machine) == str(folder)
    (folder / PROGRAM).chmod(0o644)
    assert started(machine) == own, "one that cannot be started"


def test_the_package_has_no_launcher_where_a_release_made_of_it_gets_its_own(
    installed: Path,
) -> None:
    """One that asks for the current release would call itself for ever there."""
    assert not (installed / HOME / PROGRAM).exists()
    assert str(RELEASES) not in LAUNCHER


def test_a_package_wins_over_an_update_even_over_one_on_trial(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = release(machine, "1.4.0")
    folder.with_name(CURRENT).symlink_to("1.4.0")
    folder.with_name(NOTE).write_text('{"old": "1.3.0", "new": "1.4.0"}')
    programs = machine / "programs"
    programs.mkdir()
    for name in ("systemd-sysusers", "systemd-tmpfiles", "deb-systemd-helper"):
        (programs / name).write_text("#!/bin/sh\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("SUDO_USER", raising=False)
    postinst = machine / "DEBIAN/postinst"
    subprocess.run([postinst, "abort-upgrade", VERSION], check=True, timeout=10)
    assert started(machine) == str(folder), "the package before is here still"
    subprocess.run([postinst, "configure", VERSION], check=True, timeout=10)
    assert started(machine) == str(machine / HOME)
    assert [path.name for path in folder.parent.iterdir()] == ["1.4.0"], "no trial to return from"


def test_a_purge_leaves_what_is_the_players_and_no_empty_folder(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    postrm = tmp_path / "postrm"
    text = (installed / "DEBIAN/postrm").read_text()
    postrm.write_text(re.sub(r"(?<![\w.>])/(var|opt|run)/", rf"{tmp_path}/\1/", text))
    helper = tmp_path / "programs/deb-systemd-helper"
    helper.parent.mkdir()
    helper.write_text("#!/bin/sh\n")
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{helper.parent}{os.pathsep}{os.environ['PATH']}")
    library = tmp_path / "var/lib/continuo"
    composition = library / "a-melody/composition.mid"
    for place in (
        *(library / name for name in ("melodies", ".switches", composition.parent.name)),
        *(tmp_path / name for name in ("var/lib/continuo-maker", "opt/continuo/releases/1.4.0")),
    ):
        place.mkdir(parents=True)
    composition.write_bytes(b"MThd")
    said = ""
    for expected in ("var/lib/continuo/a-melody/composition.mid", ""):
        done = subprocess.run(
            ["sh", postrm, "purge"],  # noqa: S607
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
        said = done.stdout
        left = [p for name in ("var/lib", "opt") for p in (tmp_path / name).rglob("*")]
        files = [path.relative_to(tmp_path).as_posix() for path in left if path.is_file()]
        assert files == [expected] * bool(expected)
        assert ("compositions are still in" in said) == bool(expected)
        shutil.rmtree(composition.parent, ignore_errors=True)
    assert not left, "nor an empty folder"


def test_bash_completes_what_the_firmware_knows(installed: Path) -> None:
    script = installed / "usr/share/bash-completion/completions/continuo"
    line = "COMP_WORDS=({}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _shtab_continuo; "

    def offered(words: str) -> set[str]:
        typed = f'. "{script}"; {line.format(words)} printf "%s\\n" "${{COMPREPLY[@]}}"'
        done = subprocess.run(
            ["bash", "--norc", "-c", typed],  # noqa: S607
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
        return set(done.stdout.split())

    assert offered("continuo ''") == set(COMMANDS)
    assert offered("continuo gad") == {"gadget"}
    assert {"--settle", "--older"} <= offered("continuo update --")


def test_a_python_without_wheels_does_not_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(SystemExit, match=r"not by 3\.\d+ on riscv64: .* make deb PYTHON="):
        libraries_here()


def test_a_wheel_is_unpacked_without_what_nobody_reads_here(installed: Path) -> None:
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
    missing = {"python-rtmidi"}
    assert len(requirements("3.13")) == len(every) - len(missing)
    assert not any(line.startswith(tuple(missing)) for line in requirements("3.13"))
