"""An update proves itself or is taken back, and whatever happens, old or new can be started."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from firmware.errors import ContinuoError, InstrumentOffError, LibraryError, UpdateError
from firmware.maintenance import releases as releases_module
from firmware.maintenance.release import (
    FILES,
    LIST,
    SIGNATURE,
    read_release,
    sign_release,
    version_key,
)
from firmware.maintenance.releases import CURRENT, NOTE, Releases
from firmware.maintenance.update import settle, update
from firmware.maintenance.update_states import TABLE, Event, State, Step, move
from tests.maintenance.machines import NOW, Machine, build, started
from tests.power_cuts import MAINS, PowerCut, power

pytestmark = pytest.mark.skipif(
    shutil.which("ssh-keygen") is None, reason="releases are signed by OpenSSH's ssh-keygen"
)


def test_the_table_knows_every_event_in_every_state() -> None:
    assert TABLE.keys() == set(State)
    assert all(events.keys() == set(Event) for events in TABLE.values())
    with pytest.raises(UpdateError, match="another release is being tried"):
        move(State.TRYING, Event.STAGED)
    with pytest.raises(UpdateError, match="no release is being tried"):
        move(State.SETTLED, Event.HEALTHY)


def test_whatever_is_tried_is_noted_before_and_forgotten_after_the_link_is_changed() -> None:
    """So that the note is there whenever the link may lead to what is not proved."""
    begins = TABLE[State.SETTLED][Event.STAGED]
    assert not isinstance(begins, str)
    assert begins.steps == (Step.NOTE_TRIAL, Step.START_NEW)
    for event in (Event.UNHEALTHY, Event.BOOTED):
        ends = TABLE[State.TRYING][event]
        assert not isinstance(ends, str)
        assert ends.steps == (Step.START_OLD, Step.FORGET_TRIAL)


def test_a_release_that_proves_itself_stays(machine: Machine, keys: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    release = build(tmp_path / "r", "1.1.0", keys / "ours")
    found = update(release, machine.around, running="1.0.0", on_copy=lambda *x: seen.append(x))
    assert found.version == "1.1.0"
    assert machine.running == started(tmp_path / "releases") == "1.1.0"
    assert seen[-1] == (found.total_bytes, found.total_bytes)
    root = tmp_path / "releases"
    assert os.readlink(root / CURRENT) == "1.1.0"
    assert os.access(root / "1.1.0" / "bin" / "continuo", os.X_OK)
    assert not os.access(root / "1.1.0" / "lib" / "code.py", os.X_OK)
    assert not settle(machine.around)
    second = build(tmp_path / "s", "1.2.0", keys / "ours")
    update(second, machine.around, running="1.1.0")
    assert started(root) == "1.2.0"
    assert not settle(machine.around)
    assert sorted(p.name for p in root.iterdir()) == ["1.2.0", CURRENT], "the old one is swept"
    guard = next(words for words in machine.commands if words[0] == "systemd-run")
    assert "--on-active=150" in guard
    assert f"--property=ReadWritePaths={root}" in guard
    assert guard[-8:-3] == (sys.executable, "-P", "-s", "-m", "firmware"), "by what works"
    assert guard[-3:] == ("update", "--settle", "--restart")
    assert machine.commands[-1] == ("systemctl", "stop", "continuo-settle.timer")


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        (InstrumentOffError("silence"), "1.1.0 does not answer after 120 s"),
        ({"uptime_s": 3}, "1.1.0 does not run for long after 120 s"),
        ({"uptime_s": 99, "is_safe": True}, "runs in safe mode only"),
        ({"uptime_s": 99, "continuo": "1.0.0"}, "is not what runs, but 1.0.0"),
        ({"uptime_s": 9999}, "was not started anew"),
    ],
)
def test_a_release_that_does_not_prove_itself_is_taken_back(
    machine: Machine,
    keys: Path,
    tmp_path: Path,
    behaviour: dict[str, object] | ContinuoError,
    said: str,
) -> None:
    machine.behaves["1.1.0"] = behaviour
    trial: list[int] = []
    with pytest.raises(UpdateError) as caught:
        update(
            build(tmp_path / "r", "1.1.0", keys / "ours"),
            machine.around,
            running="1.0.0",
            on_trial=lambda done, _: trial.append(done),
        )
    assert said in caught.value.message
    assert "what ran before runs again" in caught.value.message
    assert machine.running == started(tmp_path / "releases") == "1.0.0"
    assert 119 <= trial[-1] <= 120
    assert not (tmp_path / "releases" / NOTE).exists()


def test_a_service_that_does_not_start_is_taken_back_at_once(
    machine: Machine, keys: Path, tmp_path: Path
) -> None:
    machine.is_dead = True
    with pytest.raises(UpdateError, match=r"1\.1\.0 does not start; what ran before"):
        update(build(tmp_path / "r", "1.1.0", keys / "ours"), machine.around, running="1.0.0")
    assert machine.now_s == 0
    assert started(tmp_path / "releases") == "1.0.0"


def test_a_release_that_keeps_ending_is_taken_back_without_a_wait(
    machine: Machine, keys: Path, tmp_path: Path
) -> None:
    machine.behaves["1.1.0"] = InstrumentOffError("silence")
    machine.ends_each_s["1.1.0"] = 4.0
    with pytest.raises(UpdateError, match=r"1\.1\.0 has ended by itself 2 times; what ran before"):
        update(build(tmp_path / "r", "1.1.0", keys / "ours"), machine.around, running="1.0.0")
    assert machine.now_s == pytest.approx(8.0)
    assert machine.running == started(tmp_path / "releases") == "1.0.0"


def test_ends_of_one_release_do_not_keep_systemd_from_starting_another(
    machine: Machine, keys: Path, tmp_path: Path
) -> None:
    machine.behaves["1.1.0"] = InstrumentOffError("silence")
    with pytest.raises(UpdateError):
        update(build(tmp_path / "r", "1.1.0", keys / "ours"), machine.around, running="1.0.0")
    asked = [words[1] for words in machine.commands if words[:1] == ("systemctl",)]
    asked = [word for word in asked if word in ("reset-failed", "restart")]
    assert asked == ["reset-failed", "restart"] * 2


def test_an_interrupted_trial_is_taken_back(machine: Machine, keys: Path, tmp_path: Path) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    machine.behaves["1.1.0"] = InstrumentOffError("silence")
    around = machine.around
    object.__setattr__(around, "wait", interrupt)
    with pytest.raises(KeyboardInterrupt):
        update(build(tmp_path / "r", "1.1.0", keys / "ours"), around, running="1.0.0")
    assert machine.running == started(tmp_path / "releases") == "1.0.0"


@pytest.mark.parametrize("lacks", [{"says": "nothing"}, {"does": '[ "$1" != run ] || exit 1'}])
def test_a_program_that_does_not_start_here_is_never_tried(
    machine: Machine, keys: Path, tmp_path: Path, lacks: dict[str, str]
) -> None:
    release = build(tmp_path / "r", "1.1.0", keys / "ours", **lacks)
    with pytest.raises(UpdateError, match="does not start on this machine"):
        update(release, machine.around, running="1.0.0")
    assert not any(words[0] == "systemctl" for words in machine.commands)
    assert not (tmp_path / "releases" / CURRENT).exists()


@pytest.mark.parametrize("version", ["1.1.0", "1.1"])
def test_only_what_is_newer_is_installed_unless_wanted(
    machine: Machine, keys: Path, tmp_path: Path, version: str
) -> None:
    release = build(tmp_path / "r", version, keys / "ours")
    with pytest.raises(UpdateError, match=r"is not newer than 1\.10\.0, which runs"):
        update(release, machine.around, running="1.10.0")
    update(release, machine.around, running="1.10.0", may_be_older=True)
    assert started(tmp_path / "releases") == version
    with pytest.raises(UpdateError, match="is what runs already"):
        update(release, machine.around, running="1.0", may_be_older=True)
    assert started(tmp_path / "releases") == version


def _rewritten(folder: Path, change: Callable[[dict[str, Any]], object], key: Path) -> None:
    """A list that was changed, and signed again."""
    content = json.loads((folder / LIST).read_text())
    change(content)
    (folder / LIST).write_text(json.dumps(content))
    (folder / SIGNATURE).unlink()
    command = ["ssh-keygen", "-q", "-Y", "sign", "-n", "continuo-release", "-f", str(key)]
    subprocess.run([*command, str(folder / LIST)], check=True)


def test_what_nobody_trusted_has_signed_is_refused(
    machine: Machine, keys: Path, tmp_path: Path
) -> None:
    """Another's key; no signature; another's text under it; no list of whom to trust."""
    signers = tmp_path / "signers"
    theirs = build(tmp_path / "theirs", "1.1.0", keys / "theirs")
    ours = build(tmp_path / "ours", "1.1.0", keys / "ours")
    assert read_release(ours, signers).version == "1.1.0"
    unsigned = Path(shutil.copytree(ours, tmp_path / "unsigned", symlinks=True))
    (unsigned / SIGNATURE).unlink()
    changed = Path(shutil.copytree(ours, tmp_path / "changed", symlinks=True))
    (changed / LIST).write_text((ours / LIST).read_text() + " ")
    for folder in (theirs, unsigned, changed):
        with pytest.raises(UpdateError, match="is not signed by anybody who is trusted here"):
            update(folder, machine.around, running="1.0.0")
    with pytest.raises(UpdateError, match="is no release"):
        update(tmp_path / "none", machine.around, running="1.0.0")
    signers.unlink()
    with pytest.raises(UpdateError, match="nobody's releases are trusted"):
        update(ours, machine.around, running="1.0.0")
    assert not (tmp_path / "releases").exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c.update(format=2), "is for another Continuo"),
        (lambda c: c.update(version="../1"), "is no version"),
        (lambda c: c["files"].append({"path": "../x", "link": "y"}), "leads out of its folder"),
        (lambda c: c["files"].append(c["files"][0]), "names a file twice"),
        (lambda c: c["files"].clear(), "has no bin/continuo"),
        (lambda c: c.update(files=3), "is damaged: release.json: files is missing"),
        (
            lambda c: c["files"].append(
                {"path": "x", "bytes": 2**40, "sha256": "", "is_program": False}
            ),
            "must be in 0..",
        ),
    ],
)
def test_a_list_that_makes_no_sense_is_refused_whoever_signed_it(
    machine: Machine,
    keys: Path,
    tmp_path: Path,
    change: Callable[[dict[str, Any]], object],
    said: str,
) -> None:
    release = build(tmp_path / "r", "1.1.0", keys / "ours")
    _rewritten(release, change, keys / "ours")
    with pytest.raises(UpdateError) as caught:
        update(release, machine.around, running="1.0.0")
    assert said in caught.value.message
    assert not (tmp_path / "releases" / CURRENT).exists()


def test_files_that_are_not_what_was_signed_are_refused(
    machine: Machine, keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = build(tmp_path / "r", "1.1.0", keys / "ours")
    code = release / FILES / "lib" / "code.py"
    good = code.read_text()
    code.write_text(good.replace("True", "False"))
    with pytest.raises(UpdateError, match=r"lib/code\.py is not what was signed"):
        update(release, machine.around, running="1.0.0")
    code.write_text(good + "evil")
    update(release, machine.around, running="1.0.0")  # what was signed is a whole release
    code.unlink()
    code.symlink_to("/etc/passwd")
    with pytest.raises(UpdateError, match=r"the release has no lib/code\.py"):
        _stage_only(release, machine)
    monkeypatch.setattr(releases_module, "_MARGIN_BYTES", 2**60)
    with pytest.raises(UpdateError, match="there is no room"):
        _stage_only(build(tmp_path / "s", "1.3.0", keys / "ours"), machine)
    assert started(tmp_path / "releases") == "1.1.0"


def _stage_only(release: Path, machine: Machine) -> None:
    found = read_release(release, machine.around.signers)
    with Releases(machine.root / "other") as releases:
        releases.stage(found, release, lambda *_: None)


def test_a_virtual_environment_is_given_what_starts_it(
    machine: Machine, keys: Path, tmp_path: Path
) -> None:
    """From wherever the release lies, through the link that leads to it, too."""
    python = tmp_path / "r" / FILES / "bin" / "python3"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$0 $*: continuo 1.1.0"\n')
    python.chmod(0o755)
    sign_release(tmp_path / "r", "1.1.0", keys / "ours", NOW)
    _stage_only(tmp_path / "r", machine)
    root = machine.root / "other"
    (root / CURRENT).symlink_to("1.1.0")
    found = subprocess.run(
        [root / CURRENT / "bin" / "continuo", "a b"], capture_output=True, text=True, check=True
    )
    assert found.stdout == f"{root}/1.1.0/bin/python3 -P -s -m firmware a b: continuo 1.1.0\n"


def test_two_updates_at_once_are_one(machine: Machine, keys: Path, tmp_path: Path) -> None:
    release = build(tmp_path / "r", "1.1.0", keys / "ours")
    with (
        Releases(tmp_path / "releases"),
        pytest.raises(UpdateError, match="another update is under way"),
    ):
        update(release, machine.around, running="1.0.0")


def test_a_trial_that_somebody_died_over_is_taken_back_at_the_next_start(
    machine: Machine, keys: Path, tmp_path: Path
) -> None:
    release = build(tmp_path / "r", "1.1.0", keys / "ours")
    found = read_release(release, machine.around.signers)
    with Releases(tmp_path / "releases") as releases:
        releases.stage(found, release, lambda *_: None)
        releases.happen(Event.STAGED, "1.1.0")
    assert started(tmp_path / "releases") == "1.1.0"
    assert settle(machine.around)
    assert started(tmp_path / "releases") == "1.0.0"
    assert not settle(machine.around)
    assert sorted(p.name for p in (tmp_path / "releases").iterdir()) == []


@pytest.mark.parametrize(
    ("old", "proves"),
    [("1.0.5", True), ("1.0.0", False)],
    ids=["from a release, healthy", "from the package, unhealthy"],
)
def test_cut_at_every_step_it_always_starts_old_or_new(
    keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, *, proves: bool
) -> None:
    """Each change of the disk is the last one once: there is a whole version, and a way on."""
    monkeypatch.setattr(os, "fsync", lambda _: None)  # no kernel dies here
    before = build(tmp_path / "before", "1.0.5", keys / "ours")
    new = build(tmp_path / "new", "1.1.0", keys / "ours")
    outcomes: list[str] = []
    for changes in range(1000):
        root = tmp_path / f"machine-{changes}"
        root.mkdir()
        shutil.copy(keys / "signers", root / "signers")
        machine = Machine(root)
        machine.is_quick = True
        if old != "1.0.0":
            update(before, machine.around, running="1.0.0")
        if not proves:
            machine.behaves["1.1.0"] = InstrumentOffError("silence")
        is_cut = True
        with suppress(PowerCut, UpdateError), power(changes):
            try:
                update(new, machine.around, running=old)
            finally:
                is_cut = MAINS.passed >= changes
        assert started(root / "releases") in (old, "1.1.0")
        for more in range(changes % 3):
            with suppress(PowerCut), power(more):
                settle(machine.around)
            assert started(root / "releases") in (old, "1.1.0")
        settle(machine.around)
        outcomes.append(started(root / "releases"))
        assert not (root / "releases" / NOTE).exists()
        if not is_cut:
            break
    assert set(outcomes) == ({old, "1.1.0"} if proves else {old})
    assert len(outcomes) > 10


def test_a_disk_that_refuses_is_one_sentence_and_the_old_one_starts(
    machine: Machine, keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = build(tmp_path / "r", "1.1.0", keys / "ours")

    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refuse)
        with pytest.raises(LibraryError, match="the release was not copied: there is no room"):
            update(release, machine.around, running="1.0.0")
    assert started(tmp_path / "releases") == "1.0.0"
    update(release, machine.around, running="1.0.0")
    assert started(tmp_path / "releases") == "1.1.0"


@pytest.mark.parametrize("text", ["", "1", "1.2.3.4.5", "1.a", "v1.2", "1..2", "1.2 "])
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(UpdateError, match="is no version"):
        version_key(text)
