"""Which piece goes to which side of the split, in which genre, and what the shards hold."""

import csv
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest

from converters.licences import corpora_named
from firmware.music.band import PITCHED_ROLES, BandNote, Role
from firmware.techniques.bands import BANDS
from training.band import corpora
from training.band.corpora import bar_counts, make_band_shards, split_pieces
from training.band.groove import FOLDER as DRUMS
from training.band.shards import BandPiece, read_band_shard
from training.cli import main
from training.corpora import CorporaError
from training.shards import SPLITS, shard_path

_STEPS = 16 * 16


def _piece(name: str, *, seed: int, up: int = 0, **said: Any) -> BandPiece:
    rng = np.random.default_rng(seed)
    pitches = 67 + up + rng.integers(-9, 10, _STEPS // 4)
    tune = [
        BandNote(Role.MELODY, 4 * at, 4 * at + 4, int(pitch)) for at, pitch in enumerate(pitches)
    ]
    bass = [BandNote(Role.BASS, at, at + 16, 36) for at in range(0, _STEPS, 16)]
    piece = BandPiece(
        corpus=name.partition("/")[0],
        name=name,
        genre="rock",
        notes=tuple(sorted([*tune, *bass], key=lambda note: note.start)),
        beats_per_bar=4,
        steps=_STEPS,
    )
    return replace(piece, **said)


def _names(pieces: dict[str, list[BandPiece]]) -> dict[str, set[str]]:
    return {split: {piece.name for piece in mine} for split, mine in pieces.items()}


def _free(pieces: Iterable[BandPiece]) -> list[tuple[BandPiece, str]]:
    return [(piece, "") for piece in pieces]


def test_sections_of_a_piece_and_versions_of_a_tune_stay_together() -> None:
    """Whatever their keys, corpora and genres are; and wherever the others go."""
    for seed in range(40):
        found = split_pieces(
            _free(
                [
                    _piece(f"a/tune{seed}", seed=seed),
                    _piece(f"a/tune{seed}#2", seed=1000 + seed),
                    _piece(f"b/cover{seed}", seed=seed, up=4, genre="pop"),
                ]
            )
        )
        assert sorted(map(len, found.values())) == [0, 0, 3]


def test_a_standard_split_stays_and_nothing_shares_its_held_out_tunes() -> None:
    """Its own training pieces may, as everybody else's do; synthetic ones may not."""
    found = _names(
        split_pieces(
            [
                (_piece("bach/test", seed=1), "test"),
                (_piece("bach/same-tune", seed=1, up=2), "train"),
                (_piece("bach/train", seed=2), "train"),
                (_piece("made/of-test", seed=1, up=5), "train"),
                (_piece("made/of-train", seed=2, up=5), "train"),
                (_piece("other/of-test", seed=1, up=-3), ""),
                (_piece("other/of-train", seed=2, up=-3), ""),
            ]
        )
    )
    assert found == {
        "train": {"bach/same-tune", "bach/train", "made/of-train", "other/of-train"},
        "valid": set(),
        "test": {"bach/test"},
    }


def test_small_genres_hold_out_more_of_their_tunes() -> None:
    """A third of pop is there to be judged by, a twentieth of the songs."""
    shares = {}
    for genre in ("pop", "songwriter"):
        found = split_pieces(_free(_piece(f"{genre}/{n}", seed=n, genre=genre) for n in range(200)))
        shares[genre] = len(found["test"]) / 200
        assert found["valid"]
    assert 0.2 < shares["pop"] < 0.4
    assert 0.02 < shares["songwriter"] < 0.1


def test_what_rules_arranged_holds_out_less_than_what_was_written() -> None:
    """A tune that is there in both ways counts as written."""
    made = frozenset(PITCHED_ROLES)
    names = [f"sheets/{n}" for n in range(300)]
    arranged = [_piece(name, seed=n, genre="jazz", made=made) for n, name in enumerate(names)]
    written = [replace(piece, made=frozenset()) for piece in arranged]
    both = [replace(piece, name=f"{piece.name}#made", made=made) for piece in written]
    sides = [
        _names(split_pieces(_free(pieces)))["test"]
        for pieces in (arranged, written, [*both, *written])
    ]
    assert len(sides[0]) < len(sides[1]) / 1.5
    assert sides[0] < sides[1]
    assert {name for name in sides[2] if "#" not in name} == sides[1]


def test_a_corpus_more_moves_no_piece() -> None:
    """A tune's side follows from its name alone."""
    tunes = _free(_piece(f"a/{n}", seed=n) for n in range(60))
    more = _free(_piece(f"b/{n}", seed=500 + n) for n in range(20))
    few, many = _names(split_pieces(tunes)), _names(split_pieces([*more, *tunes]))
    assert all(few[split] <= many[split] for split in SPLITS)


def test_bars_are_counted_by_genre_and_split() -> None:
    """Bars of the piece's own metre."""
    waltz = _piece("a/waltz", seed=1, genre="jazz", beats_per_bar=3, steps=120)
    counts = bar_counts({"train": [waltz, _piece("a/rock", seed=2)], "valid": [], "test": [waltz]})
    assert counts["jazz"] == {"train": 10, "valid": 0, "test": 10}
    assert counts["rock"] == {"train": 16, "valid": 0, "test": 0}


_PROGRAMS = {Role.MELODY: 73, Role.BASS: 33, Role.HARMONY: 0}


def _write_midi(path: Path, *, seed: int, drums: bool = False) -> None:
    rng = np.random.default_rng(seed)
    pitches = 67 + np.cumsum(rng.integers(-3, 4, 64)).clip(-9, 9)
    file = mido.MidiFile(ticks_per_beat=96)
    chords = {Role.MELODY: (), Role.BASS: (-31,), Role.HARMONY: (-8, -5, 0)}
    for number, (role, program) in enumerate(_PROGRAMS.items()):
        track = mido.MidiTrack([mido.Message("program_change", program=program, channel=number)])
        for at, pitch in enumerate(pitches.tolist()):
            struck = [67 + above for above in chords[role]] or [pitch]
            if role is not Role.MELODY:
                struck = [p + (0, 5, 7, 0)[at // 4 % 4] for p in struck]
            for kind, time in (("note_on", 0), ("note_off", 96)):
                for n, p in enumerate(struck):
                    message = mido.Message(kind, note=p, channel=number, time=0 if n else time)
                    track.append(message)
        file.tracks.append(track)
    if drums:
        track = mido.MidiTrack()
        for _ in range(64):
            track.append(mido.Message("note_on", note=36, channel=9, time=0))
            track.append(mido.Message("note_off", note=36, channel=9, time=96))
        file.tracks.append(track)
    file.save(path)


_HINTS = {"one.mid": "rock", "two.mid": "acoustic", "three.mid": "electronic", "four.mid": "other"}


@pytest.fixture
def game_corpora(tmp_path: Path) -> Path:
    """A corpus of four files with an index, one broken file and one that the index lacks."""
    folder = tmp_path / "corpora" / "game-simutrans"
    folder.mkdir(parents=True)
    for seed, name in enumerate([*_HINTS, "unlisted.mid", "30-On-the-waterfront.mid"]):
        _write_midi(folder / name, seed=seed, drums=True)
    (folder / "broken.mid").write_bytes(b"no MIDI")
    with (folder / "index.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["file", "genre_hint"])
        writer.writeheader()
        hints = {**_HINTS, "broken.mid": "rock"}
        writer.writerows({"file": name, "genre_hint": hint} for name, hint in hints.items())
    return folder.parent


def test_shards_hold_every_piece_in_its_genre(game_corpora: Path, tmp_path: Path) -> None:
    """The index tells the genre; where a genre has no drums, the file's are left out."""
    told: list[tuple[str, int, int]] = []
    counts = make_band_shards(game_corpora, tmp_path / "s", tick=lambda *said: told.append(said))
    pieces = [p for split in SPLITS for p in read_band_shard(shard_path(tmp_path / "s", split))]
    assert {(piece.name, piece.genre) for piece in pieces} == {
        ("game-simutrans/one", "rock"),
        ("game-simutrans/two", "songwriter"),
        ("game-simutrans/three", "pop"),
        ("game-simutrans/30-On-the-waterfront", "pop"),
    }
    for piece in pieces:
        roles = {note.role for note in piece.notes}
        assert (Role.DRUMS in roles) == (piece.genre != "songwriter")
        assert not piece.made
    assert {genre: sum(bars.values()) for genre, bars in counts.items()} == {
        "rock": 16,
        "songwriter": 16,
        "pop": 32,
    }
    last = {what: (done, total) for what, done, total in told}
    assert all(done == total for done, total in last.values())
    assert "reading game-simutrans" in last


def test_drums_are_borrowed_where_a_piece_has_none(game_corpora: Path, tmp_path: Path) -> None:
    """They are said to be made, so that nobody is judged by them."""
    for seed, name in enumerate(_HINTS):
        _write_midi(game_corpora / "game-simutrans" / name, seed=seed)
    _write_drumming(game_corpora / DRUMS)
    make_band_shards(game_corpora, tmp_path)
    pieces = [p for split in SPLITS for p in read_band_shard(shard_path(tmp_path, split))]
    rock = next(piece for piece in pieces if piece.genre == "rock")
    song = next(piece for piece in pieces if piece.genre == "songwriter")
    assert rock.made == {Role.DRUMS}
    assert sum(note.role is Role.DRUMS for note in rock.notes) >= 64
    assert not song.made


def _write_drumming(folder: Path) -> None:
    folder.mkdir()
    track = mido.MidiTrack()
    for _ in range(32):
        track.append(mido.Message("note_on", note=36, channel=9, velocity=90, time=0))
        track.append(mido.Message("note_off", note=36, channel=9, time=96))
    file = mido.MidiFile(ticks_per_beat=96)
    file.tracks.append(track)
    file.save(folder / "beat.mid")
    columns = ["style", "time_signature", "beat_type", "split", "midi_filename"]
    with (folder / "info.csv").open("w", newline="") as text:
        writer = csv.writer(text)
        writer.writerow(columns)
        writer.writerow(["rock", "4-4", "beat", "train", "beat.mid"])


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    """And no shard is written."""
    with pytest.raises(CorporaError, match="there is no corpus"):
        make_band_shards(tmp_path, tmp_path / "shards")
    assert not (tmp_path / "shards").exists()


def test_the_command_writes_the_shards_and_says_how_many_bars(
    game_corpora: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`shards accompany`, beside the tokens of extend."""
    shards = tmp_path / "new"
    folders = ["--corpora", str(game_corpora), "--shards", str(shards)]
    assert main(["shards", "accompany", *folders]) == 0
    assert "bars of rock:" in capsys.readouterr().out
    assert all(shard_path(shards, split).is_file() for split in SPLITS)
    assert main(["shards", "extend", *folders]) == 2
    assert "Jsb16thSeparated" in capsys.readouterr().err


def test_every_corpus_has_a_licence_and_every_genre_a_band() -> None:
    """A bundle cannot be made without the one, nor played without the other."""
    folders = [corpus.folder for corpus in corpora._CORPORA]
    assert len(corpora_named([*folders, DRUMS])) == len(folders) + 1
    genres = {*corpora._GENRE_OF_HINT.values(), *corpora._HELD_OUT}
    assert genres - {corpora._ARRANGED} <= set(BANDS)
