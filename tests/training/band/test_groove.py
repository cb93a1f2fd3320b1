"""Drumming on the grid, and who borrows it."""

from collections.abc import Sequence
from pathlib import Path

import mido
import numpy as np
import pytest

from firmware.errors import MidiFileError
from firmware.music.band import BAND_ENCODING, BandNote, Role
from training.band.groove import genre_of, groove_of, read_groove, read_grooves, with_borrowed_drums
from training.band.shards import BandPiece

_KICK, _SNARE, _HAT, _RIDE = 0, 1, 2, 8
_ROCK = [(0, 36), (0, 42), (1, 42), (1, 38), (2, 42), (2, 36), (3, 42), (3, 38)]
_SWING = [(0, 51), (1, 51), (1 + 2 / 3, 51), (2, 51), (3, 51), (3 + 2 / 3, 51), (0, 36)]
_TOMS = [(n / 4, 43) for n in range(16)]


def _rows(strokes: Sequence[tuple[float, int]]) -> list[tuple[float, int]]:
    rows = {36: _KICK, 38: _SNARE, 42: _HAT, 51: _RIDE, 43: 4}
    return [(time, rows[key]) for time, key in strokes]


def _write(path: Path, strokes: Sequence[tuple[float, int]], *, velocity: int = 90) -> None:
    events = [(round(480 * time), key, velocity) for time, key in strokes]
    events += [(at + 30, key, 0) for at, key, _ in events]
    track, now = mido.MidiTrack(), 0
    for at, key, loud in sorted(events):
        track.append(mido.Message("note_on", note=key, velocity=loud, time=at - now, channel=9))
        now = at
    file = mido.MidiFile(ticks_per_beat=480)
    file.tracks.append(track)
    path.parent.mkdir(parents=True, exist_ok=True)
    file.save(path)


def _repeated(strokes: Sequence[tuple[float, int]], bars: int) -> list[tuple[float, int]]:
    return [(4 * bar + time, key) for bar in range(bars) for time, key in strokes]


@pytest.fixture
def corpora(tmp_path: Path) -> Path:
    """Rock and swing to borrow, a fill, and a groove of the test split that is nobody's."""
    files = [
        ("rock", "beat", "train", _repeated(_ROCK, 4)),
        ("rock", "fill", "train", _TOMS),
        ("jazz/swing", "beat", "train", _repeated(_SWING, 6)),
        ("rock", "beat", "test", _repeated([(time, 51) for time, _ in _ROCK], 4)),
        ("pop", "beat", "train", _repeated(_SWING, 6)),
        ("pop", "beat", "train", _repeated(_ROCK, 2)),
    ]
    lines = ["style,beat_type,time_signature,midi_filename,split"]
    for number, (style, kind, split, strokes) in enumerate(files):
        _write(tmp_path / "drums-groove" / f"{number}.mid", strokes)
        lines.append(f"{style},{kind},4-4,{number}.mid,{split}")
    (tmp_path / "drums-groove" / "info.csv").write_text("\n".join(lines))
    return tmp_path


def _piece(genre: str, *, bars: int = 9, beats: int = 4, drums: bool = False) -> BandPiece:
    bar = 4 * beats
    notes = [BandNote(Role.MELODY, bar * n, bar * (n + 1), 60) for n in range(bars)]
    notes[-1] = notes[-1]._replace(end=notes[-1].start + 4)
    if drums:
        notes.insert(0, BandNote(Role.DRUMS, 0, 1, _SNARE))
    return BandPiece(
        corpus="x",
        name=f"x/{genre}",
        genre=genre,
        notes=tuple(notes),
        beats_per_bar=beats,
        steps=bars * bar,
    )


def _lent(piece: BandPiece, corpora: Path, seed: int = 1) -> BandPiece:
    (found,) = with_borrowed_drums([piece], corpora, np.random.default_rng(seed))
    return found


def _drums(piece: BandPiece, bar: int) -> set[tuple[int, int]]:
    steps = 4 * piece.beats_per_bar
    drums = (note for note in piece.notes if note.role is Role.DRUMS)
    return {(n.start % steps, n.pitch) for n in drums if n.start // steps == bar}


_ROCK_BAR = {(0, 0), (0, 2), (4, 2), (4, 1), (8, 2), (8, 0), (12, 2), (12, 1)}
_SWING_BAR = {(0, 8), (4, 8), (6, 8), (8, 8), (12, 8), (14, 8), (0, 0)}


def test_a_drummer_who_is_always_early_is_put_on_the_beat() -> None:
    """The same bar comes out, whatever the lag and the scatter."""
    rng = np.random.default_rng(5)
    for lag in (-0.11, 0, 0.09):
        strokes = [
            (time + lag + rng.normal(scale=0.01), row)
            for time, row in _rows(_repeated(_ROCK, 4))
            if time > 0
        ]
        groove = groove_of(strokes, style="rock", beats_per_bar=4)
        assert not groove.swings
        assert [set(bar) for bar in groove.bars[1:]] == [_ROCK_BAR] * 3


def test_swing_is_written_straight() -> None:
    groove = groove_of(_rows(_repeated(_SWING, 4)), style="jazz", beats_per_bar=4)
    assert groove.swings
    assert [set(bar) for bar in groove.bars] == [_SWING_BAR] * 4


def test_a_style_that_is_called_swing_swings_however_fast() -> None:
    """Off-beats at 0.57 of a beat are nearer to its half than to two thirds of it."""
    fast = [(time - 0.1 if time % 1 else time, row) for time, row in _rows(_repeated(_SWING, 4))]
    named = groove_of(fast, style="jazz/swing", beats_per_bar=4)
    assert [set(bar) for bar in named.bars] == [_SWING_BAR] * 4
    assert not groove_of(fast, style="jazz", beats_per_bar=4).swings


def test_sixteenths_are_no_swing() -> None:
    groove = groove_of(_rows(_TOMS), style="rock", beats_per_bar=4)
    assert not groove.swings
    assert {step for step, _ in groove.bars[0]} == set(range(16))


def test_the_kits_keys_become_nine_drums_and_ghosts_are_left_out(tmp_path: Path) -> None:
    """Rims are snares, and edges are hi-hats: the electronic kit has keys of its own."""
    keys = [36, 40, 22, 26, 58, 45, 48, 57, 59]
    strokes = [(number / 4, key) for number, key in enumerate(keys)]
    _write(tmp_path / "loud.mid", strokes)
    groove = read_groove(tmp_path / "loud.mid", style="rock", beats_per_bar=4)
    assert groove.bars[0] == tuple((n, n) for n in range(len(BAND_ENCODING.drums)))
    _write(tmp_path / "soft.mid", strokes, velocity=20)
    assert read_groove(tmp_path / "soft.mid", style="rock", beats_per_bar=4).bars == ()
    (tmp_path / "broken.mid").write_bytes(b"MThd nothing")
    with pytest.raises(MidiFileError, match=r"broken\.mid"):
        read_groove(tmp_path / "broken.mid", style="rock", beats_per_bar=4)


@pytest.mark.parametrize(
    ("style", "genre"),
    [
        ("jazz/swing", "jazz"),
        ("blues/shuffle", "jazz"),
        ("jazz/funk", None),
        ("soul/motown", "pop"),
        ("rock/indie", "rock"),
        ("latin/samba", None),
    ],
)
def test_a_style_serves_a_genre_or_none(style: str, genre: str | None) -> None:
    assert genre_of(style) == genre


def test_only_the_training_split_is_lent_and_pop_borrows_no_swing(corpora: Path) -> None:
    """A recording of two bars is too short to be lent."""
    grooves = read_grooves(corpora)
    assert set(grooves.beats) == {("rock", 4), ("jazz", 4)}
    (rock,) = grooves.beats["rock", 4]
    assert [set(bar) for bar in rock.bars] == [_ROCK_BAR] * 4
    assert [len(bar) for bar in grooves.fills["rock", 4]] == [16]


def test_drums_of_the_genre_are_lent_bar_by_bar(corpora: Path) -> None:
    """Begun again where the recording ends; a fill or the groove ends the phrase of eight."""
    fill = {(step, 4) for step in range(16)}
    ends = set()
    for seed in range(12):
        found = _lent(_piece("rock"), corpora, seed)
        assert found.made == {Role.DRUMS}
        assert all(_drums(found, bar) == _ROCK_BAR for bar in range(7))
        # The drums stop with the last note.
        assert _drums(found, 8) == {(0, 0), (0, 2)}
        ends.add(frozenset(_drums(found, 7)))
    assert ends == {frozenset(_ROCK_BAR), frozenset(fill)}
    found = _lent(_piece("jazz"), corpora)
    assert all(_drums(found, bar) == _SWING_BAR for bar in range(8))
    assert [n for n in found.notes if n.role is Role.MELODY] == list(_piece("jazz").notes)


def test_two_beats_borrow_bars_of_four(corpora: Path) -> None:
    found = _lent(_piece("rock", beats=2), corpora)
    first, second = _drums(found, 0), _drums(found, 1)
    assert first | {(step + 8, row) for step, row in second} == _ROCK_BAR


@pytest.mark.parametrize(
    "piece",
    [_piece("rock", drums=True), _piece("bach"), _piece("pop"), _piece("rock", beats=3)],
    ids=["has drums", "genre without", "nothing of the genre", "nothing in the metre"],
)
def test_other_pieces_pass_as_they_are(piece: BandPiece, corpora: Path) -> None:
    assert _lent(piece, corpora) is piece


def test_without_the_corpus_nothing_is_lent(tmp_path: Path) -> None:
    assert _lent(_piece("rock"), tmp_path).made == frozenset()
