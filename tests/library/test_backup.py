"""What is backed up comes back byte for byte, and nothing that was there is lost on the way."""

import errno
import hashlib
import json
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from firmware.config import Config
from firmware.errors import ArchiveError, LibraryError
from firmware.library import restore
from firmware.library.backup import Backup, write_backup
from firmware.library.notebook import MEMORY_FOLDER, Notebook
from firmware.library.presets import Presets
from firmware.library.records import CompositionRecord
from firmware.library.restore import STAGE, finish_restore, restore_backup
from firmware.library.store import Library
from firmware.parameters import Technique, parameters_for
from tests.power_cuts import PowerCut, power

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SETTINGS = "tempo_bpm = 72.0  # slow\n"


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    path = tmp_path / "config" / "config.toml"
    path.parent.mkdir()
    path.write_text(SETTINGS)
    return path


@pytest.fixture
def config(library: Library, record: CompositionRecord) -> Config:
    """Settings with a library that has one of everything."""
    root = library.root
    name = library.save(record)
    library.save(replace(record, seed=8))
    (root / name / "piano-roll.png").write_bytes(os.urandom(5000))
    Presets(root).save("Calm", parameters_for(Technique.ENHANCE))
    for path, content in (
        ("melodies/Für Elise.mid", b"MThd"),
        ("models/mine/model.tflite", bytes(100_000)),
        (f"{MEMORY_FOLDER}/memory.json", b"{}"),
        (f"{MEMORY_FOLDER}/running.json", b"{}"),
    ):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    (root / "lost+found").mkdir()
    (root / ".continuo-1234").mkdir()
    (root / ".continuo-1234" / "half").write_text("half")
    (root / "link").symlink_to("/etc")
    return Config(library=root)


def write(config: Config, target: Path, settings: Path | None = None, **more: Any) -> Backup:
    return write_backup(config.library, settings, target, now=NOW, **{"with_models": True, **more})


def kept(config: Config) -> dict[str, bytes]:
    """What of a library is a player's: not what is being written, or is true of this run alone."""
    found = contents(config.library)
    return {
        name: content
        for name, content in found.items()
        if not name.startswith(".continuo") and name != f"{MEMORY_FOLDER}/running.json"
    }


def test_everything_comes_back_byte_for_byte(
    config: Config, settings: Path, tmp_path: Path
) -> None:
    before, seen = kept(config), list[tuple[int, int]]()
    written = write(config, tmp_path / "b.zip", settings, on_progress=lambda *x: seen.append(x))
    assert {entry.path.removeprefix("library/") for entry in written.entries} == {
        *before,
        "settings/config.toml",
    }
    assert seen[-1][0] == written.total_bytes
    other = Config(library=tmp_path / "other")
    place = tmp_path / "other-config" / "config.toml"
    place.parent.mkdir()
    seen.clear()
    restored = restore_backup(
        tmp_path / "b.zip", other, place, on_progress=lambda *x: seen.append(x)
    )
    assert seen[-1] == (written.total_bytes, written.total_bytes)
    assert contents(other.library) == before
    assert place.read_text() == SETTINGS
    assert restored == written
    write(other, tmp_path / "c.zip", place)
    with ZipFile(tmp_path / "b.zip") as one, ZipFile(tmp_path / "c.zip") as two:
        assert json.loads(one.read("manifest.json")) == json.loads(two.read("manifest.json"))


def test_what_was_there_makes_way_as_a_whole(
    config: Config, tmp_path: Path, record: CompositionRecord, settings: Path
) -> None:
    """What came after the backup is gone; what is no player's stays."""
    write(config, tmp_path / "b.zip", settings)
    before = kept(config)
    Library(config.library).save(replace(record, seed=9))
    (config.library / "melodies" / "new.mid").write_text("new")
    settings.write_text("tempo_bpm = 100.0")
    restore_backup(tmp_path / "b.zip", config, None)
    assert kept(config) == before
    assert settings.read_text() == "tempo_bpm = 100.0", "nobody asked for these"
    restore_backup(tmp_path / "b.zip", config, settings)
    assert settings.read_text() == SETTINGS
    assert (config.library / "lost+found").is_dir()
    assert (config.library / "link").is_symlink()
    assert not (config.library / STAGE).exists()


def test_models_are_part_of_it_only_if_wanted(config: Config, tmp_path: Path) -> None:
    written = write(config, tmp_path / "b.zip", with_models=False)
    assert not any("models" in entry.path for entry in written.entries)
    before = kept(config)
    restore_backup(tmp_path / "b.zip", config, None)
    assert kept(config) == before, "those that are there stay"


def test_an_empty_library_has_an_empty_backup(tmp_path: Path) -> None:
    nothing = Config(library=tmp_path / "none")
    assert write(nothing, tmp_path / "b.zip", tmp_path / "no.toml").entries == ()
    restore_backup(tmp_path / "b.zip", nothing, None)
    assert contents(nothing.library) == {}


def test_a_backup_takes_nobodys_place(config: Config, tmp_path: Path) -> None:
    (tmp_path / "b.zip").write_text("precious")
    with pytest.raises(LibraryError, match="is there already"):
        write(config, tmp_path / "b.zip")
    assert (tmp_path / "b.zip").read_text() == "precious"


def test_a_composition_that_is_deleted_meanwhile_is_left_out_as_a_whole(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim = Library(config.library).list()[0].name
    opened = os.open

    def vanish(path: Any, *rest: Any, **more: Any) -> int:
        if str(path).endswith(f"{victim}/composition.mid"):
            Library(config.library).delete(victim)
        return opened(path, *rest, **more)

    monkeypatch.setattr(os, "open", vanish)
    written = write(config, tmp_path / "b.zip")
    assert written.entries
    assert not any(victim in entry.path for entry in written.entries)


@pytest.mark.parametrize("call", ["fsync", "rename"])
def test_a_full_disk_leaves_no_half_backup(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    before = contents(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(os, call, _refuse)
        with pytest.raises(LibraryError, match="no backup was written: there is no room left"):
            write(config, tmp_path / "b.zip")
    assert contents(tmp_path) == before


def test_a_name_that_not_every_computer_takes_is_told(config: Config, tmp_path: Path) -> None:
    (config.library / "melodies" / "a\\b.mid").write_text("x")
    with pytest.raises(LibraryError, match="not every computer takes that name"):
        write(config, tmp_path / "b.zip")


def test_a_full_disk_is_one_sentence_and_nothing_is_lost(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the first byte where that can be known, and in the middle where it cannot."""
    write(config, tmp_path / "b.zip")
    before = contents(config.library)
    with monkeypatch.context() as patch:
        patch.setattr(restore, "_MARGIN_BYTES", 2**60)
        with pytest.raises(LibraryError, match="there is no room: the backup unpacks to"):
            restore_backup(tmp_path / "b.zip", config, None)
    assert contents(config.library) == before
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", _refuse)
        with pytest.raises(LibraryError, match="nothing was restored: there is no room left"):
            restore_backup(tmp_path / "b.zip", config, None)
    assert contents(config.library) == before


def test_while_the_instrument_runs_nothing_is_restored(config: Config, tmp_path: Path) -> None:
    write(config, tmp_path / "b.zip")
    notebook = Notebook(config.library / MEMORY_FOLDER)
    notebook.open()
    before = contents(config.library)
    with pytest.raises(LibraryError, match="the instrument runs") as caught:
        restore_backup(tmp_path / "b.zip", config, None)
    assert "systemctl stop" in caught.value.remedy
    assert contents(config.library) == before
    notebook.close()
    restore_backup(tmp_path / "b.zip", config, None)


Forge = Callable[[dict[str, bytes], dict[str, Any]], object]


def _change_manifest(**changes: object) -> Forge:
    return lambda _, manifest: manifest.update(changes)


def _add(name: str, *, is_listed: bool) -> Forge:
    def forge(files: dict[str, bytes], manifest: dict[str, Any]) -> None:
        files[name] = b"evil"
        if is_listed:
            sha256 = hashlib.sha256(b"evil").hexdigest()
            manifest["files"].append({"path": name, "bytes": 4, "sha256": sha256})

    return forge


FORGED: dict[str, tuple[Forge, str]] = {
    "wrong hash": (
        lambda _, manifest: manifest["files"][0].update(sha256="0" * 64),
        "is not what it was when it was written",
    ),
    "wrong size": (lambda _, m: m["files"][0].update(bytes=1), "its files differ in"),
    "a file missing": (lambda files, _: files.pop(next(iter(files))), "its files differ in"),
    "a file too many": (_add("library/x/y", is_listed=False), "its files differ in"),
    "listed twice": (lambda _, m: m["files"].append(m["files"][0]), "its files differ in"),
    "a newer format": (_change_manifest(format=2), "has format 2, this version"),
    "no format": (_change_manifest(format=None), "format is missing or of a wrong kind"),
    "no list": (_change_manifest(files=7), "files is missing or of a wrong kind"),
    "traversal": (_add("library/../evil", is_listed=True), "leads out of its folder"),
    "absolute": (_add("/evil", is_listed=True), "leads out of its folder"),
    "elsewhere": (_add("etc/passwd", is_listed=True), "belongs nowhere"),
    "beside": (_add("settings/other", is_listed=True), "belongs nowhere"),
    "no folder": (_add("library/x", is_listed=True), "belongs nowhere"),
    "hidden": (_add("library/.ssh/keys", is_listed=True), "belongs nowhere"),
    "the stage": (_add(f"library/{STAGE}/plan.json", is_listed=True), "belongs nowhere"),
    "unusable settings": (_add("settings/config.toml", is_listed=True), "is not TOML"),
    "a file as a folder": (
        _add("library/presets/Calm.json/x", is_listed=True),
        "nothing was restored",
    ),
}


@pytest.mark.parametrize("kind", FORGED)
def test_a_forged_backup_is_refused_and_nothing_changes(
    config: Config, tmp_path: Path, kind: str
) -> None:
    forge, said = FORGED[kind]
    write(config, tmp_path / "good.zip")
    with ZipFile(tmp_path / "good.zip") as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(files.pop("manifest.json"))
    forge(files, manifest)
    with ZipFile(tmp_path / "b.zip", "w", ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
        archive.writestr("manifest.json", json.dumps(manifest))
    before = contents(tmp_path)
    with pytest.raises((ArchiveError, LibraryError)) as caught:
        restore_backup(tmp_path / "b.zip", config, tmp_path / "config.toml")
    assert said in caught.value.message
    assert contents(tmp_path) == before


def test_settings_for_another_library_are_refused_with_a_way_out(
    config: Config, settings: Path, tmp_path: Path
) -> None:
    settings.write_text('library = "/elsewhere"')
    write(config, tmp_path / "b.zip", settings)
    with pytest.raises(ArchiveError, match="for another library, /elsewhere") as caught:
        restore_backup(tmp_path / "b.zip", config, settings)
    assert caught.value.remedy == "add --without-settings"
    restore_backup(tmp_path / "b.zip", config, None)


def test_a_power_cut_at_any_step_leaves_the_old_or_the_new(
    tmp_path: Path,
    record: CompositionRecord,
    settings: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every change of the disk is the last one once; then the instrument starts again."""
    monkeypatch.setattr(os, "fsync", lambda _: None)  # no kernel dies here
    source = Config(library=tmp_path / "source")
    Library(source.library).save(record)
    Presets(source.library).save("Calm", parameters_for(Technique.ENHANCE))
    write(source, tmp_path / "b.zip", settings)
    new = kept(source)
    outcomes: list[bool] = []
    for changes in range(1000):
        config = Config(library=tmp_path / f"library-{changes}")
        Library(config.library).save(replace(record, seed=1))
        Presets(config.library).save("Calm", parameters_for(Technique.EXTEND))
        settings.write_text("tempo_bpm = 100.0")
        old = kept(config)
        is_cut = True
        try:
            with power(changes):
                restore_backup(tmp_path / "b.zip", config, settings)
                is_cut = False
        except PowerCut:
            pass
        for more in range(changes % 3):  # and again while it is mended
            with suppress(PowerCut), power(more):
                finish_restore(config.library)
        finish_restore(config.library)
        Library(config.library).sweep()
        found = kept(config)
        assert found in (old, new)
        assert (settings.read_text() == SETTINGS) == (found == new)
        assert not (config.library / STAGE).exists()
        outcomes.append(found == new)
        if not is_cut:
            break
    assert outcomes == sorted(outcomes), "the old ones first, then the new ones"
    assert outcomes.count(False) > 10
    assert outcomes.count(True) > 5


def _refuse(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
