"""A stick's melodies among those that can be worked on: once each, and in nobody's place."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.errors import LibraryError, MidiFileError
from firmware.library.imported import keep_melody, melody_files, melody_from_stick
from firmware.library.importing import ImportSandbox
from firmware.library.names import MELODIES_FOLDER
from firmware.midi.files import write_melody
from firmware.music.notes import Melody
from tests.library.conftest import NOTES

MELODY = Melody(notes=NOTES, name="hymn")
FILE = write_melody(MELODY)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[ImportSandbox]:
    with ImportSandbox() as sandbox:
        yield sandbox


def test_a_file_is_kept_once_and_a_namesake_gets_a_number(
    tmp_path: Path, sandbox: ImportSandbox
) -> None:
    path, folder = tmp_path / "hymn.MID", tmp_path / MELODIES_FOLDER
    path.write_bytes(FILE)
    assert melody_files(tmp_path) == ()
    for _ in range(2):
        assert keep_melody(tmp_path, path, sandbox) == "hymn.MID"
    other = write_melody(Melody(notes=NOTES[:1], name="hymn"))
    path.write_bytes(other)
    for _ in range(2):
        assert keep_melody(tmp_path, path, sandbox) == "hymn 2.MID"
    assert melody_files(tmp_path) == ("hymn 2.MID", "hymn.MID")
    assert (folder / "hymn.MID").read_bytes() == FILE
    assert (folder / "hymn 2.MID").read_bytes() == other
    assert len(list(folder.iterdir())) == 2, "nothing is left behind"


def test_what_is_in_the_way_and_is_no_file_stays(tmp_path: Path, sandbox: ImportSandbox) -> None:
    path, folder = tmp_path / "hymn.mid", tmp_path / MELODIES_FOLDER
    path.write_bytes(FILE)
    (folder / "hymn.mid").mkdir(parents=True)
    (folder / "hymn 2.mid").symlink_to(tmp_path / "nowhere")
    assert keep_melody(tmp_path, path, sandbox) == "hymn 3.mid"
    assert (folder / "hymn.mid").is_dir()


def test_what_is_no_music_is_not_kept(tmp_path: Path, sandbox: ImportSandbox) -> None:
    path = tmp_path / "broken.mid"
    path.write_bytes(b"no music")
    with pytest.raises(MidiFileError, match=r"broken\.mid"):
        keep_melody(tmp_path, path, sandbox)
    with pytest.raises(MidiFileError, match=r"broken\.mid"):
        melody_from_stick(path, sandbox)
    assert melody_files(tmp_path) == ()


def test_a_stick_that_is_gone_is_told_from_a_file_that_is_broken(
    tmp_path: Path, sandbox: ImportSandbox
) -> None:
    path = tmp_path / "gone" / "hymn.mid"
    with pytest.raises(LibraryError, match="the stick was pulled out"):
        keep_melody(tmp_path, path, sandbox)
    with pytest.raises(LibraryError, match="the stick was pulled out"):
        melody_from_stick(path, sandbox)


def test_a_disk_that_refuses_is_one_sentence(tmp_path: Path, sandbox: ImportSandbox) -> None:
    path = tmp_path / "hymn.mid"
    path.write_bytes(FILE)
    assert melody_from_stick(path, sandbox) == MELODY
    (tmp_path / "library").write_text("no folder")
    with pytest.raises(LibraryError, match="nothing was written"):
        keep_melody(tmp_path / "library", path, sandbox)
