"""A MIDI file becomes sound, and nothing but a MIDI file does."""

import os
import subprocess
import sys
import wave
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from firmware.midi.files import write_melody
from firmware.music.notes import Melody, Note

if TYPE_CHECKING:
    from tests.cli.conftest import Continuo

ROOT = Path(__file__).parents[2]


@pytest.fixture
def midi(tmp_path: Path, scale: tuple[Note, ...]) -> Path:
    path = tmp_path / "scale.mid"
    path.write_bytes(write_melody(Melody(notes=scale)))
    return path


def test_the_sound_lies_beside_the_file_or_where_it_was_asked_for(
    continuo: "Continuo", midi: Path, tmp_path: Path
) -> None:
    content = continuo("render", midi, "--json").json
    assert content["sound"] == str(midi.with_suffix(".wav"))
    assert content["music_s"] == pytest.approx(4.0, abs=0.1)
    assert content["renderer"].startswith("sound by ")
    other = tmp_path / "other.wav"
    said = continuo("render", midi, "-o", other, "--renderer", "symusic")
    assert "sound by symusic" in said.out
    assert other.read_bytes().startswith(b"RIFF")


@pytest.mark.parametrize("closed", ["<&-", "<&- >&- 2>&-"])
def test_closed_standard_streams_do_not_get_into_the_sound(
    midi: Path, tmp_path: Path, closed: str
) -> None:
    """The file that is opened first would else take the number of the stream."""
    subprocess.run(
        ["/bin/sh", "-c", f'"$0" -m firmware render "$1" {closed}', sys.executable, str(midi)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)},
        capture_output=True,
        timeout=60,
        check=False,
    )
    with wave.open(str(midi.with_suffix(".wav"))) as file:
        assert file.getnframes() >= 4 * file.getframerate()
        assert any(file.readframes(file.getframerate()))


def test_what_is_no_music_is_refused(continuo: "Continuo", tmp_path: Path, midi: Path) -> None:
    (tmp_path / "bad.mid").write_bytes(b"MThd")
    assert "bad.mid" in continuo("render", tmp_path / "bad.mid").error
    assert "was not written" in continuo("render", midi, "-o", tmp_path / "no" / "x.wav").error


def test_the_music_is_not_replaced_by_its_sound(
    continuo: "Continuo", midi: Path, tmp_path: Path
) -> None:
    content = midi.read_bytes()
    assert "would take the place of" in continuo("render", midi, "-o", midi).error
    odd = midi.rename(tmp_path / "odd.wav")
    assert "would take the place of" in continuo("render", odd).error
    assert odd.read_bytes() == content


def test_a_pipe_keeps_nobody_waiting(continuo: "Continuo", tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mid")
    assert "not a file" in continuo("render", tmp_path / "pipe.mid").error
    assert "not a file" in continuo("generate", tmp_path / "pipe.mid").error
