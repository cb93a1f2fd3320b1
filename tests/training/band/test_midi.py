"""One MIDI file: who plays what, where it swings, where its metre changes, why it is refused."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest

from firmware.errors import MidiFileError
from firmware.music.band import BAND_ENCODING, Role
from training.band.midi import DRUM_OF_KEY, drum_notes, read_band_midi, straightened, swung
from training.band.roles import NoBandError
from training.band.shards import BandPiece

_QUARTER = 96
_TUNE = (67, 69, 71, 72, 74, 72, 71, 67)
_ROOTS = (36, 41, 43, 36)

Notes = Iterable[tuple[float, float, int]]
"""(start, end, pitch) of each note, in quarter notes."""


def _track(notes: Notes, *, program: int = 0, channel: int = 0, name: str = "") -> mido.MidiTrack:
    events: list[tuple[int, int, mido.Message]] = []
    for start, end, pitch in notes:
        for beat, kind in ((start, "note_on"), (end, "note_off")):
            message = mido.Message(kind, note=pitch, channel=channel)
            events.append((round(beat * _QUARTER), kind == "note_on", message))
    track = mido.MidiTrack([mido.MetaMessage("track_name", name=name)])
    track.append(mido.Message("program_change", program=program, channel=channel))
    now = 0
    for tick, _, message in sorted(events, key=lambda event: event[:2]):
        track.append(message.copy(time=tick - now))
        now = tick
    return track


def _file(
    path: Path, tracks: Sequence[mido.MidiTrack], metres: Sequence[tuple[float, int, int]] = ()
) -> Path:
    file = mido.MidiFile(ticks_per_beat=_QUARTER)
    signs, now = mido.MidiTrack(), 0
    for beat, above, below in metres:
        tick = round(beat * _QUARTER)
        signs.append(
            mido.MetaMessage("time_signature", numerator=above, denominator=below, time=tick - now)
        )
        now = tick
    file.tracks += [signs, *tracks]
    file.save(path)
    return path


def _lead(
    bars: range = range(16), *, up: int = 0, beats: int = 4
) -> list[tuple[float, float, int]]:
    """A tune that goes on differently in each bar."""
    rng = np.random.default_rng(3)
    order = [rng.permutation(beats) for _ in range(max(bars, default=0) + 1)]
    return [
        (bar * beats + beat, bar * beats + beat + 1, _TUNE[order[bar][beat] + bar % 4] + up)
        for bar in bars
        for beat in range(beats)
    ]


def _bass(bars: int = 16, *, beats: int = 4) -> list[tuple[float, float, int]]:
    return [
        (bar * beats + beat, bar * beats + beat + 1, _ROOTS[bar % 4])
        for bar in range(bars)
        for beat in range(beats)
    ]


def _chords(bars: int = 16, *, beats: int = 4) -> list[tuple[float, float, int]]:
    return [
        (bar * beats, (bar + 1) * beats, _ROOTS[bar % 4] + above)
        for bar in range(bars)
        for above in (16, 19, 24)
    ]


def _pad(bars: int = 16) -> list[tuple[float, float, int]]:
    return [(bar * 4, bar * 4 + 4, _ROOTS[bar % 4] + 33) for bar in range(bars)]


def _drums(bars: int = 16) -> list[tuple[float, float, int]]:
    return [(beat, beat + 0.1, (36, 38)[beat % 2]) for beat in range(4 * bars)]


def _band() -> list[mido.MidiTrack]:
    return [
        _track(_chords(), program=0, channel=0),
        _track(_bass(), program=33, channel=1),
        _track(_lead(), program=73, channel=2),
        _track(_pad(), program=48, channel=3),
        _track(_drums(), channel=9),
    ]


def _read(path: Path, **said: Any) -> tuple[BandPiece, ...]:
    return read_band_midi(path, **{"corpus": "c", "name": "c/a", "genre": "rock", **said})


def _of(piece: BandPiece, role: Role) -> list[tuple[int, int, int]]:
    return [(note.start, note.end, note.pitch) for note in piece.notes if note.role is role]


def _steps(notes: Notes) -> list[tuple[int, int, int]]:
    return sorted((round(4 * start), round(4 * end), pitch) for start, end, pitch in notes)


def test_each_track_gets_its_role(tmp_path: Path) -> None:
    """The flute leads, the bass guitar is bass, the piano harmony, the strings counter."""
    (piece,) = _read(_file(tmp_path / "a.mid", _band()))
    assert _of(piece, Role.MELODY) == _steps(_lead())
    assert _of(piece, Role.BASS) == _steps(_bass())
    assert _of(piece, Role.HARMONY) == _steps(_chords())
    assert _of(piece, Role.COUNTER) == _steps(_pad())
    assert _of(piece, Role.DRUMS) == [(4 * n, 4 * n + 1, n % 2) for n in range(64)]
    assert (piece.corpus, piece.name, piece.genre) == ("c", "c/a", "rock")
    assert (piece.beats_per_bar, piece.steps, piece.made) == (4, 256, frozenset())


def test_a_bass_is_one_by_its_program_or_its_name(tmp_path: Path) -> None:
    """Also where a tuba plays lower still."""
    tuba = [(start, end, pitch - 5) for start, end, pitch in _bass()]
    for program, name in ((33, ""), (0, "Base")):
        tracks = [
            _track(tuba, program=58, channel=3),
            _track(_chords(), channel=0),
            _track(_bass(), program=program, channel=1, name=name),
            _track(_lead(), program=73, channel=2),
        ]
        (piece,) = _read(_file(tmp_path / "a.mid", tracks))
        assert _of(piece, Role.BASS) == _steps(_bass())


def test_the_lowest_single_notes_are_the_bass_where_no_program_says_so(tmp_path: Path) -> None:
    """All tracks are pianos."""
    tracks = [_track(notes, channel=n) for n, notes in enumerate((_bass(), _chords(), _lead()))]
    (piece,) = _read(_file(tmp_path / "a.mid", tracks))
    assert _of(piece, Role.BASS) == _steps(_bass())
    assert _of(piece, Role.MELODY) == _steps(_lead())
    assert _of(piece, Role.HARMONY) == _steps(_chords())


def test_the_lowest_notes_of_chords_are_the_bass_where_nobody_plays_single_ones(
    tmp_path: Path,
) -> None:
    """A pianist's two hands in one track."""
    hands = [*_bass(), *_chords()]
    tracks = [_track(hands), _track(_lead(), program=73, channel=1)]
    (piece,) = _read(_file(tmp_path / "a.mid", tracks))
    assert _of(piece, Role.BASS) == _steps(_bass())
    assert _of(piece, Role.HARMONY) == _steps(_chords())


def test_a_name_decides_between_two_leads(tmp_path: Path) -> None:
    """The same tune in thirds: who is called melody has it, the other one is counter."""
    for named, other in ((0, 1), (1, 0)):
        names = ["", ""]
        names[named] = "Lead vocal"
        voices = [
            _track(_lead(up=(0, 3)[n]), program=73, channel=2 + n, name=names[n]) for n in range(2)
        ]
        (piece,) = _read(_file(tmp_path / "a.mid", [*_band()[:2], *voices]))
        assert _of(piece, Role.MELODY) == _steps(_lead(up=(0, 3)[named]))
        assert _of(piece, Role.COUNTER) == _steps(_lead(up=(0, 3)[other]))


def test_another_lead_takes_over_where_the_first_is_silent(tmp_path: Path) -> None:
    """Bars 5 to 12 belong to the trumpet; where the flute is back it is accompaniment."""
    flute = [*_lead(range(4)), *_lead(range(12, 20))]
    trumpet = _lead(range(4, 16), up=-5)
    tracks = [
        _track(_chords(20), channel=0),
        _track(_bass(20), program=33, channel=1),
        _track(flute, program=73, channel=2, name="Melody"),
        _track(trumpet, program=56, channel=3),
    ]
    (piece,) = _read(_file(tmp_path / "a.mid", tracks))
    handed_over = [*flute, *(note for note in trumpet if note[0] < 48)]
    assert _of(piece, Role.MELODY) == _steps(handed_over)
    assert _of(piece, Role.COUNTER) == _steps(note for note in trumpet if note[0] >= 48)


def test_what_nobody_leads_is_cut_away(tmp_path: Path) -> None:
    """Eight bars without a melody part the piece in two; four do not; what is short is lost."""
    for first, silence, bars in ((8, 8, [8, 12]), (8, 4, [24]), (4, 8, [12])):
        after = first + silence
        tune = [*_lead(range(first)), *_lead(range(after, after + 12))]
        tracks = [
            _track(_chords(after + 12), channel=0),
            _track(_bass(after + 12), program=33, channel=1),
            _track(tune, program=73, channel=2),
        ]
        pieces = _read(_file(tmp_path / "a.mid", tracks))
        assert [piece.steps // 16 for piece in pieces] == bars
        assert [piece.name for piece in pieces] == ["c/a", "c/a#2"][: len(bars)]


def test_of_a_lead_in_chords_the_highest_line_is_the_melody(tmp_path: Path) -> None:
    """What it plays below is harmony."""
    below = [(start, end, pitch - 4) for start, end, pitch in _lead()]
    tracks = [_track([*_lead(), *below], program=73), _track(_bass(), program=33, channel=1)]
    (piece,) = _read(_file(tmp_path / "a.mid", tracks))
    assert _of(piece, Role.MELODY) == _steps(_lead())
    assert _of(piece, Role.HARMONY) == _steps(below)


@pytest.mark.parametrize(("later", "up"), [(0.0, 0), (0.5, 0), (0.0, 12)])
def test_a_doubled_melody_is_nobodys_accompaniment(tmp_path: Path, later: float, up: int) -> None:
    """Nor is its echo, nor its octave."""
    double = [(start + later, end + later, pitch + up) for start, end, pitch in _lead()]
    plain = _file(tmp_path / "a.mid", _band())
    doubled = _file(tmp_path / "b.mid", [*_band(), _track(double, program=40, channel=5)])
    told = _read(plain)[0].notes
    found = _read(doubled)[0].notes
    # An octave above, the double is the upper voice of the two.
    higher = [n._replace(pitch=n.pitch + up) if n.role is Role.MELODY else n for n in told]
    assert sorted(found) in (sorted(told), sorted(higher))


def test_noises_and_tuned_drums_have_no_role(tmp_path: Path) -> None:
    """Timpani and a helicopter are no melody, whatever they are called."""
    for program in (47, 116, 125):
        tracks = [*_band(), _track(_lead(up=5), program=program, channel=6, name="solo")]
        (piece,) = _read(_file(tmp_path / "a.mid", tracks))
        assert piece.notes == _read(_file(tmp_path / "b.mid", _band()))[0].notes


def test_legato_drops_no_note(tmp_path: Path) -> None:
    """A player's notes reach a little into the next one, also downwards."""
    legato = [(start, end + 0.2, pitch) for start, end, pitch in _lead()]
    tracks = [*_band()[:2], _track(legato, program=73, channel=2)]
    (piece,) = _read(_file(tmp_path / "a.mid", tracks))
    starts = [start for start, _, _ in _of(piece, Role.MELODY)]
    assert starts == [start for start, _, _ in _steps(_lead())]


def test_genres_without_drums_get_none(tmp_path: Path) -> None:
    """The file's are left out."""
    (piece,) = _read(_file(tmp_path / "a.mid", _band()), drums=False)
    assert not _of(piece, Role.DRUMS)


def test_every_percussion_key_is_one_of_the_nine_drums() -> None:
    """The nine stand for themselves; what is written twice at a time is struck once."""
    assert set(DRUM_OF_KEY.values()) == set(BAND_ENCODING.drums)
    assert all(DRUM_OF_KEY[key] == key for key in BAND_ENCODING.drums)
    found = list(drum_notes([(0, 36), (0, 35), (3, 81), (2, 57)]))
    assert [(note.start, note.end, note.pitch) for note in found] == [(0, 1, 0), (2, 3, 7)]


def _swing(notes: Notes, late: float) -> list[tuple[float, float, int]]:
    """Each quarter as two notes, the second one late."""
    return [
        part
        for start, end, pitch in notes
        for part in ((start, start + late, pitch), (start + late, end, pitch + 2))
    ]


def test_swung_eighths_are_written_straight(tmp_path: Path) -> None:
    """At two thirds of a beat they swing and move to its half, where straight ones are already."""
    found: list[BandPiece] = []
    for late in (2 / 3, 1 / 2):
        tracks = [*_band()[:2], _track(_swing(_lead(), late), program=73, channel=2)]
        found += _read(_file(tmp_path / "a.mid", tracks))
    assert found[0].notes == found[1].notes
    assert _of(found[0], Role.MELODY)[:2] == [(0, 2, 72), (2, 4, 74)]


def test_sixteenths_are_not_swing() -> None:
    """Three quarters of a beat are near two thirds of it."""
    beats = np.arange(64) / 4
    assert not swung(beats)
    swing = np.concatenate([np.arange(16), np.arange(16) + 2 / 3])
    assert swung(swing)
    assert swung(np.concatenate([swing, np.arange(4) + 1 / 2]))
    assert not swung(np.concatenate([swing, np.arange(12) + 1 / 2]))
    assert not swung(np.zeros(0))


def test_straightening_keeps_beats_and_order() -> None:
    """The beat stays, its third becomes a quarter, its two thirds a half."""
    beats = np.array([2.0, 2 + 1 / 3, 2 + 2 / 3, 2 + 5 / 6, 3.0])
    assert straightened(beats) == pytest.approx([2, 2.25, 2.5, 2.75, 3])


def test_a_file_is_cut_where_its_metre_changes(tmp_path: Path) -> None:
    """Nine bars of four, ten of three; bar lines begin anew."""
    four, three = _lead(range(9)), _lead(range(10), beats=3)
    later = [(start + 36, end + 36, pitch) for start, end, pitch in three]
    bass = [*_bass(9), *((start + 36, end + 36, p) for start, end, p in _bass(10, beats=3))]
    chords = [*_chords(9), *((start + 36, end + 36, p) for start, end, p in _chords(10, beats=3))]
    tracks = [
        _track([*four, *later], program=73),
        _track(bass, program=33, channel=1),
        _track(chords, channel=2),
    ]
    pieces = _read(_file(tmp_path / "a.mid", tracks, [(0, 4, 4), (36, 3, 4)]))
    assert sorted((p.beats_per_bar, p.steps) for p in pieces) == [(3, 120), (4, 144)]
    in_three = next(piece for piece in pieces if piece.beats_per_bar == 3)
    assert _of(in_three, Role.MELODY) == _steps(three)


def test_a_metre_said_again_changes_nothing_and_a_pickup_moves_the_bar_line(
    tmp_path: Path,
) -> None:
    """Some files say 4/4 in each bar; some begin with an eighth in a bar of its own."""
    again = _file(tmp_path / "a.mid", _band(), [(4 * bar, 4, 4) for bar in range(16)])
    assert _read(again) == _read(_file(tmp_path / "b.mid", _band(), [(0, 4, 4)]))
    late = [
        _track([(s + 0.5, e + 0.5, p) for s, e, p in notes], program=program, channel=n)
        for n, (notes, program) in enumerate([(_lead(), 73), (_bass(), 33), (_chords(), 0)])
    ]
    (piece,) = _read(_file(tmp_path / "c.mid", late, [(0, 1, 8), (0.5, 4, 4)]))
    assert _of(piece, Role.MELODY) == _steps(_lead())


def test_six_eighths_are_three_quarters_and_seven_are_refused(tmp_path: Path) -> None:
    """The grid's bars are whole quarter notes."""
    (piece, *_) = _read(_file(tmp_path / "a.mid", _band(), [(0, 6, 8)]))
    assert piece.beats_per_bar == 3
    with pytest.raises(NoBandError, match=r"a\.mid: a bar of 3\.5 quarter notes cannot be used"):
        _read(_file(tmp_path / "a.mid", _band(), [(0, 7, 8)]))


def _uneven() -> list[mido.MidiTrack]:
    rng = np.random.default_rng(1)
    starts = np.sort(rng.uniform(0, 64, 400))
    return [
        _track(
            [
                (s, s + 0.2, 60 + int(p))
                for s, p in zip(starts, rng.integers(0, 9, 400), strict=True)
            ]
        )
    ]


_REFUSED: dict[str, tuple[Callable[[], list[mido.MidiTrack]], str]] = {
    "no notes": (lambda: [_track([])], "0 bars of one metre"),
    "too short": (lambda: [_track(_lead(range(7)))], "7 bars of one metre.*it needs 8"),
    "no bass": (lambda: [_track(_lead(), program=73), _track(_chords())], "no bass was found"),
    "no melody": (
        lambda: [_track(_bass(), program=33), _track(_chords(), channel=1)],
        "no melody was found",
    ),
    "no band": (
        lambda: [_track(_bass(), program=33), _track(_lead(), program=73, channel=1)],
        "nothing plays beside melody and bass",
    ),
    "never together": (
        lambda: [
            _track(_lead(range(16)), program=73),
            _track([(s + 64, e + 64, p) for s, e, p in _bass()], program=33, channel=1),
            _track([(s + 64, e + 64, p) for s, e, p in _chords()], channel=2),
        ],
        "nowhere together",
    ),
    "no beats": (_uneven, "keep to no beats.*quantize"),
}


@pytest.mark.parametrize("kind", _REFUSED)
def test_a_refusal_says_what_is_missing(tmp_path: Path, kind: str) -> None:
    """With the file's name, so that one of many can be mended."""
    make, message = _REFUSED[kind]
    with pytest.raises(NoBandError, match=message) as refused:
        _read(_file(tmp_path / "mine.mid", make()))
    assert str(refused.value).startswith("mine.mid: ")


def test_a_broken_file_is_no_midi_file(tmp_path: Path) -> None:
    """It is told apart from one that has no band."""
    (tmp_path / "a.mid").write_bytes(b"MThd\x00\x00")
    with pytest.raises(MidiFileError, match=r"a\.mid cannot be read"):
        _read(tmp_path / "a.mid")
