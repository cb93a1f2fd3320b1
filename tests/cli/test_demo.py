"""The demo is the whole instrument: keys, buttons, model, library, sound and pictures."""

import wave
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from firmware.library.melodies import bundled_melodies
from firmware.library.store import read_folder
from firmware.midi.files import write_melody
from firmware.music.notes import Melody, Note, changes

if TYPE_CHECKING:
    from tests.cli.conftest import Continuo


def test_a_melody_goes_all_the_way(continuo: "Continuo", tmp_path: Path) -> None:
    """What lies in the folder is the melody, enhanced, and it can be heard and seen."""
    said = continuo("demo", "frere-jacques", "--seed", 4, "-o", tmp_path / "demo", "--json")
    assert said.code == 0, said.err
    content = said.json
    record = read_folder(Path(content["folder"]))
    assert record.melody == bundled_melodies()["frere-jacques"]
    assert (record.seed, record.technique) == (4, "enhance")
    difference = changes(record.melody, record.composition)
    assert len(difference.added) == content["notes"]["added"] > 20
    assert len(record.composition.tracks) > 1
    with wave.open(content["sound"]) as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
        seconds = file.getnframes() / file.getframerate()
    assert 17 < seconds < 30
    assert 0.8 < np.abs(sound.astype(np.int32)).max() / 32768 < 0.95
    with Image.open(content["picture"]) as picture:
        assert picture.width == 1600
    assert len(content["frames"]) > 10
    for path in content["frames"]:
        with Image.open(path) as frame:
            assert frame.mode == "1"
            assert frame.width == 2 * frame.height

    # The panel and the command line lead to the same music.
    out = tmp_path / "generated"
    room = f"max_notes_added={content['parameters']['max_notes_added']}"
    again = continuo("generate", "frere-jacques", "--seed", 4, "--set", room, "-o", out)
    assert again.code == 0, again.err
    assert read_folder(out).composition == record.composition


def test_it_takes_the_users_own_file_and_says_where_all_is(
    continuo: "Continuo", tmp_path: Path
) -> None:
    notes = tuple(Note(start_ticks=480 * i, pitch=60 + 2 * i, duration_ticks=480) for i in range(4))
    path = tmp_path / "mine.mid"
    path.write_bytes(write_melody(Melody(notes=notes, tempo_bpm=200.0)))
    said = continuo("demo", path, "-o", tmp_path / "demo")
    assert said.code == 0, said.err
    assert "struck 4 notes of mine" in said.out
    assert "sound by" in said.out
    for line in said.out.splitlines():
        words = line.split()
        if words and words[0] in {"composition", "input", "record", "sound", "picture", "panel"}:
            assert Path(words[1]).is_file()
    assert "100%" in said.err


def test_the_simulated_player_turns_the_knobs(continuo: "Continuo", tmp_path: Path) -> None:
    """As near as clicks come: 33 iterations exactly, 23 added notes by clicks of five."""
    said = continuo(
        *("demo", "frere-jacques", "-o", tmp_path / "demo", "--json"),
        *("--set", "max_notes_added=23", "--set", "sampling_iterations=33"),
    )
    assert said.code == 0, said.err
    assert said.json["parameters"]["sampling_iterations"] in {32, 33, 34}
    assert said.json["parameters"]["max_notes_added"] == 25
    assert said.json["notes"]["added"] <= 25


@pytest.mark.parametrize("arguments", [["nothing.mid"], ["ode-to-joy", "--seed", "x"]])
def test_a_slip_is_one_line(continuo: "Continuo", tmp_path: Path, arguments: list[str]) -> None:
    assert continuo("demo", *arguments, "-o", tmp_path / "demo").error
    assert not (tmp_path / "demo").exists()
