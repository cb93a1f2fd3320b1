"""A folder of MIDI files becomes a genre, or the refusal says what is missing."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import mido
import numpy as np
import pytest

from firmware.cli import main as continuo
from firmware.library.melodies import bundled_melodies
from firmware.midi.files import read_composition
from firmware.music.band import Role
from training.band.own_genre import FEWEST_BARS, genre_pieces, make_genre_shards
from training.band.roles import NoBandError
from training.band.shards import read_band_shard
from training.cli import main
from training.shards import SPLITS, shard_path

REPOSITORY = Path(__file__).parents[3]
_QUARTER = 96
_FLUTE, _BASS, _PIANO = 73, 33, 0


def _write(path: Path, *, seed: int, bars: int = 80, without: Sequence[int] = ()) -> None:
    """A tune with a bass and chords of a fifth."""
    rng = np.random.default_rng(seed)
    tune = [[pitch] for pitch in (67 + rng.integers(-7, 8, 4 * bars)).tolist()]
    players: dict[int, list[list[int]]] = {
        _FLUTE: tune,
        _BASS: [[36]] * len(tune),
        _PIANO: [[55, 60, 64]] * len(tune),
    }
    file = mido.MidiFile(ticks_per_beat=_QUARTER)
    for channel, (program, played) in enumerate(players.items()):
        if program in without:
            continue
        track = mido.MidiTrack([mido.Message("program_change", program=program, channel=channel)])
        for pitches in played:
            for kind, length in (("note_on", 0), ("note_off", _QUARTER)):
                for number, pitch in enumerate(pitches):
                    time = 0 if number else length
                    track.append(mido.Message(kind, note=pitch, channel=channel, time=time))
        file.tracks.append(track)
    path.parent.mkdir(parents=True, exist_ok=True)
    file.save(path)


def test_a_folder_becomes_a_genre(tmp_path: Path) -> None:
    """Files below it too, whatever the case of their ending; what cannot be used is left out."""
    _write(tmp_path / "one.mid", seed=1)
    _write(tmp_path / "live" / "one.MID", seed=2)
    _write(tmp_path / "live" / "take #2.midi", seed=3)
    _write(tmp_path / "no bass.mid", seed=4, without=[_BASS, _PIANO])
    (tmp_path / "notes.txt").write_text("no music")
    told: list[tuple[str, int, int]] = []
    pieces = genre_pieces(tmp_path, "klezmer", tick=lambda *said: told.append(said))
    names = {"klezmer/one", "klezmer/live/one", "klezmer/live/take -2"}
    assert {piece.name for piece in pieces} == names
    for piece in pieces:
        assert (piece.corpus, piece.genre, piece.steps) == ("klezmer", "klezmer", 80 * 16)
        assert {note.role for note in piece.notes} == {Role.MELODY, Role.BASS, Role.HARMONY}
    assert told[-1] == ("reading MIDI files", 4, 4)


def test_its_shards_hold_out_a_tune_for_each_look(tmp_path: Path) -> None:
    """Of three tunes one is learned from; of thirty, three choose and three judge."""
    for tunes, bars, held_out in ((3, 80, 1), (30, 8, 3)):
        folder, shards = tmp_path / str(tunes), tmp_path / f"shards-{tunes}"
        for seed in range(tunes):
            _write(folder / f"{seed}.mid", seed=seed, bars=bars)
        counts = make_genre_shards(folder, "klezmer", shards)
        found = {split: read_band_shard(shard_path(shards, split)) for split in SPLITS}
        assert {split: len(mine) for split, mine in found.items()} == {
            "train": tunes - 2 * held_out,
            "valid": held_out,
            "test": held_out,
        }
        assert counts["klezmer"]["test"] == held_out * bars
        assert len({piece.name for mine in found.values() for piece in mine}) == tunes


def test_versions_of_a_tune_are_no_different_tunes(tmp_path: Path) -> None:
    """Nobody can be judged by what was learned."""
    for name, seed in (("one", 1), ("one again", 1), ("two", 2), ("two again", 2)):
        _write(tmp_path / f"{name}.mid", seed=seed)
    with pytest.raises(NoBandError, match=r"different tunes: 2, 3 are needed"):
        genre_pieces(tmp_path, "klezmer")


def test_too_few_bars_are_refused_with_how_many_are_missing(tmp_path: Path) -> None:
    """And with the files that would have had some."""
    for seed in range(3):
        _write(tmp_path / f"{seed}.mid", seed=seed, bars=16)
    _write(tmp_path / "hum.mid", seed=4, without=[_BASS, _PIANO])
    with pytest.raises(NoBandError) as refused:
        genre_pieces(tmp_path, "klezmer")
    said = str(refused.value)
    assert f"48 bars with melody and band, {FEWEST_BARS} are needed" in said
    assert "hum.mid: no bass was found" in said


def test_a_folder_without_midi_files_is_refused(tmp_path: Path) -> None:
    """As is one that is not there."""
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(NoBandError, match="there are no MIDI files in"):
            genre_pieces(folder, "klezmer")


def test_of_many_unusable_files_a_few_are_named(tmp_path: Path) -> None:
    """A missing melody and a broken file are told apart; the list ends."""
    for seed in range(5):
        _write(tmp_path / f"{seed}.mid", seed=seed, without=[_FLUTE])
    (tmp_path / "0 broken.mid").write_bytes(b"MThd")
    with pytest.raises(NoBandError) as refused:
        make_genre_shards(tmp_path, "klezmer", tmp_path / "shards")
    said = str(refused.value)
    assert "0 bars with melody and band" in said
    assert "0 broken.mid cannot be read" in said
    assert "0.mid: no melody was found" in said
    assert "and 3 more" in said
    assert not (tmp_path / "shards").exists()


def test_the_command_makes_the_shards_of_a_genre_of_ones_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It wants a name and a folder, lest Continuo's own shards be written over."""
    for seed in range(3):
        _write(tmp_path / f"{seed}.mid", seed=seed)
    midi = ["--midi", str(tmp_path)]
    assert main(["shards", "accompany", *midi, "--genre", "klezmer"]) == 2
    assert "a folder of its own" in capsys.readouterr().err
    assert main(["shards", "accompany", *midi]) == 2
    assert "belong together" in capsys.readouterr().err
    assert main(["shards", *midi, "--genre", "klezmer"]) == 2
    assert "--midi is of accompany" in capsys.readouterr().err
    shards = ["--shards", str(tmp_path / "shards")]
    assert main(["shards", "accompany", *midi, "--genre", "klezmer", *shards]) == 0
    assert "bars of klezmer: train 80, valid 80, test 80" in capsys.readouterr().out
    assert main(["shards", "accompany", "--midi", "nowhere", "--genre", "klezmer", *shards]) == 2
    assert "there are no MIDI files in nowhere" in capsys.readouterr().err


@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
def test_one_command_makes_a_genre_that_can_be_played(tmp_path: Path) -> None:
    """Shards, a short training of small networks, a bundle; and then a melody in that genre."""
    for seed in range(3):
        _write(tmp_path / "midi" / f"{seed}.mid", seed=seed)
    small = {
        "precision": "float32",
        "starts_from": "",
        "batches.batch_size": "2",
        "judged_chains": "1",
        "judged_links": "1",
        "validate_every": "2",
        "sample_every": "2",
        "net.level_widths": "[4,4,4,4]",
        "net.bottom_width": "4",
        "net.drum_width": "4",
        **{
            f"{network}.{key}": value
            for network in ("critic", "encoder")
            for key, value in {
                "roll_widths": "[4,4,4]",
                "time_width": "4",
                "bar_width": "4",
            }.items()
        },
    }
    settings = " ".join(f"--set {key}={value}" for key, value in small.items())
    genres = tmp_path / "genres"
    # This Python's environment stands for the one that make would set up.
    made = subprocess.run(
        [
            *("make", "-o", "dev", "train-genre", f"DEV={Path(sys.prefix)}"),
            *("NAME=klezmer", f"MIDI={tmp_path / 'midi'}", "STEPS=2"),
            *(f"SETTINGS={settings}", f"GENRES={genres}"),
        ],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert made.returncode == 0, made.stderr
    bundle = genres / "klezmer" / "klezmer-unet"
    assert f"--bundle {bundle}" in made.stdout
    assert "bars of klezmer: train 80, valid 80, test 80" in made.stdout
    assert (genres / "klezmer" / "run-unet" / "report.html").stat().st_size
    played = tmp_path / "played.mid"
    command = ("generate", "ode-to-joy", "--technique", "accompany", "--bundle", str(bundle))
    assert continuo([*command, "--genre", "klezmer", "--model", "unet", "-o", str(played)]) == 0
    tracks = read_composition(played.read_bytes()).tracks
    assert tracks[0].notes == bundled_melodies()["ode-to-joy"].notes
