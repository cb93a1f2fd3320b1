"""Chord symbols become the notes that the rules say."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from firmware.music.band import Role
from firmware.music.tokens import GridNote
from training.band.layers import Section
from training.band.rules import (
    PlayedChord,
    chord_classes,
    comping,
    guide_tones,
    lead_sheets,
    pad,
    picking,
    played_chords,
    song_bass,
    strumming,
    swung_written_straight,
    walking_bass,
)
from training.scores import ChordSymbol, Part, Score, read_musicxml_score

_STEPS = 16 * 16


def _symbol(root: int, kind: str, *degrees: tuple[str, int, int], start: int = 0) -> ChordSymbol:
    return ChordSymbol(start=start, root=root, bass=root, kind=kind, degrees=degrees)


def _chord(start: int, end: int, root: int, kind: str) -> PlayedChord:
    classes = chord_classes(_symbol(root, kind))
    return PlayedChord(start=start, end=end, classes=classes, bass=root)


def _turnaround() -> list[PlayedChord]:
    """Dm7 G7 C C, a bar each, four times."""
    bar = [(2, "minor-seventh"), (7, "dominant"), (0, "major"), (0, "major")] * 4
    return [_chord(16 * n, 16 * (n + 1), root, kind) for n, (root, kind) in enumerate(bar)]


def _rng() -> np.random.Generator:
    return np.random.default_rng(3)


@pytest.mark.parametrize(
    ("symbol", "classes"),
    [
        (_symbol(0, "major"), (0, 4, 7)),
        (_symbol(9, "minor-seventh"), (9, 0, 4, 7)),
        (_symbol(7, "dominant"), (7, 11, 2, 5)),
        (_symbol(5, "major-sixth"), (5, 9, 0, 2)),
        (_symbol(11, "half-diminished"), (11, 2, 5, 9)),
        (_symbol(7, "dominant", ("add", 9, -1)), (7, 11, 2, 5, 8)),
        (_symbol(0, "dominant", ("alter", 5, -1)), (0, 4, 10, 6)),
        (_symbol(2, "major", ("add", 7, 0)), (2, 6, 9, 0)),
        (_symbol(4, "dominant", ("subtract", 5, 0)), (4, 8, 2)),
        (_symbol(3, "what-nobody-knows"), (3, 7, 10)),
        (_symbol(0, "none"), ()),
    ],
)
def test_a_symbol_names_its_pitch_classes(symbol: ChordSymbol, classes: tuple[int, ...]) -> None:
    """The root first, then the third, the fifth and what the kind adds."""
    assert chord_classes(symbol) == classes


def test_a_symbol_is_read_with_its_bass_its_degrees_and_where_it_stands(tmp_path: Path) -> None:
    """After the notes before it, later by its offset."""
    note = "<note><pitch><step>C</step><octave>5</octave></pitch><duration>4</duration></note>"
    harmony = (
        "<harmony><root><root-step>F</root-step><root-alter>1</root-alter></root>"
        "<kind text='m7b5/E'>minor-seventh</kind><bass><bass-step>E</bass-step></bass>"
        "<degree><degree-value>5</degree-value><degree-alter>-1</degree-alter>"
        "<degree-type>alter</degree-type></degree><offset>2</offset></harmony>"
    )
    head = "<attributes><divisions>2</divisions></attributes>"
    names = "<part-list><score-part id='P1'><part-name>x</part-name></score-part></part-list>"
    music = f"<measure>{head}{note * 2}</measure><measure>{note}{harmony}{note}</measure>"
    path = tmp_path / "sheet.xml"
    path.write_text(f"<score-partwise>{names}<part id='P1'>{music}</part></score-partwise>")
    (symbol,) = read_musicxml_score(path, name="x").chords
    assert symbol == ChordSymbol(
        start=12 * (4 + 2 + 1), root=6, bass=4, kind="minor-seventh", degrees=(("alter", 5, -1),)
    )
    assert chord_classes(symbol) == (6, 9, 4, 0)


def test_a_chord_is_in_force_from_its_beat_to_the_next_symbol() -> None:
    """In steps of the band's grid from the section's start; no chord is a gap."""
    symbols = [
        _symbol(0, "major", start=48),
        _symbol(7, "dominant", start=48 + 25),
        _symbol(0, "none", start=96),
        _symbol(5, "major", start=120),
        _symbol(2, "minor", start=144),
    ]
    found = played_chords(symbols, Section(start=48, end=144, beats_per_bar=4))
    assert [(chord.start, chord.end, chord.bass) for chord in found] == [
        (0, 8, 0),
        (8, 16, 7),
        (24, 32, 5),
    ]


def test_the_bass_walks_from_root_to_root() -> None:
    """A note a beat: the root on each chord, chord notes, and a step or fifth to the next root."""
    chords = _turnaround()
    line = walking_bass(chords, _rng())
    assert [note.start for note in line] == list(range(0, _STEPS, 4))
    assert {note.duration for note in line} == {4}
    assert all(28 <= note.pitch <= 52 for note in line)
    for number, chord in enumerate(chords[:-1]):
        root, *inner, approach = line[4 * number : 4 * number + 4]
        assert root.pitch % 12 == chord.bass
        assert all(note.pitch % 12 in chord.classes for note in inner)
        assert approach.pitch - line[4 * number + 4].pitch in (-1, 1, -2, 2, 7)
    assert all(a.pitch != b.pitch for a, b in pairwise(line) if b.start % 16 != 0)


def test_a_chord_of_one_beat_has_its_root_in_the_bass() -> None:
    line = walking_bass([_chord(0, 4, 0, "major"), _chord(4, 8, 5, "major")], _rng())
    assert [note.pitch % 12 for note in line] == [0, 5]


@pytest.mark.parametrize(("beats_per_bar", "kind"), [(4, "dominant"), (3, "minor-seventh")])
def test_comping_leaves_the_root_to_the_bass(beats_per_bar: int, kind: str) -> None:
    """Third, seventh and fifth within the octave below the melody; some bars off the beat."""
    chord = _chord(0, 12 * 16, 7, kind)
    strokes = comping([chord], beats_per_bar=beats_per_bar, steps=12 * 16, rng=_rng())
    assert {note.pitch % 12 for note in strokes} == set(chord.classes) - {7}
    assert all(50 <= note.pitch <= 67 for note in strokes)
    assert any(note.start % 4 for note in strokes)
    assert all(note.end <= 12 * 16 for note in strokes)


def test_a_stroke_on_the_last_off_beat_is_the_next_bars_chord() -> None:
    chords = _turnaround()
    strokes = comping(chords, beats_per_bar=4, steps=_STEPS, rng=_rng())
    early = [note for note in strokes if note.start % 16 == 14]
    assert early
    for note in early:
        assert note.pitch % 12 in (*chords[(note.start + 2) // 16].classes, 9)
    for note in strokes:
        if note not in early:
            assert note.pitch % 12 in (*chords[note.start // 16].classes, 9)


def test_triads_are_comped_with_a_sixth_or_a_seventh() -> None:
    for root, kind, classes in ((0, "major", {4, 7, 9}), (2, "minor", {5, 9, 0})):
        chord = _chord(0, _STEPS, root, kind)
        strokes = comping([chord], beats_per_bar=4, steps=_STEPS, rng=_rng())
        assert {note.pitch % 12 for note in strokes} == classes


def test_guide_tones_move_by_step_through_a_turnaround() -> None:
    """F (or C) over Dm7, F (or B) over G7, E (or A) over C: never far."""
    line = guide_tones(_turnaround(), bar=16)
    assert [note.start for note in line] == list(range(0, _STEPS, 16))
    guides = [{5, 0}, {11, 5}, {4, 9}, {4, 9}]
    assert all(note.pitch % 12 in guides[n % 4] for n, note in enumerate(line))
    assert all(abs(a.pitch - b.pitch) <= 6 for a, b in pairwise(line))
    (held,) = (_chord(0, 32, 0, "dominant"),)
    first, second = guide_tones([held], bar=16)
    assert {first.pitch % 12, second.pitch % 12} == {4, 10}


@pytest.mark.parametrize("beats_per_bar", [2, 3, 4, 6, 5])
def test_a_songs_bass_plays_roots_and_fifths(beats_per_bar: int) -> None:
    """In every metre, one note at a time, the root first."""
    bar = 4 * beats_per_bar
    chords = [_chord(0, 2 * bar, 0, "major"), _chord(2 * bar, 4 * bar, 9, "diminished")]
    for seed in range(8):
        rng = np.random.default_rng(seed)
        line = song_bass(chords, beats_per_bar=beats_per_bar, steps=4 * bar, rng=rng)
        first = [note for note in line if note.start < 2 * bar]
        second = [note for note in line if note.start >= 2 * bar]
        assert (first[0].start, first[0].pitch % 12) == (0, 0)
        assert {note.pitch % 12 for note in first} <= {0, 7}
        assert (second[0].start, second[0].pitch % 12) == (2 * bar, 9)
        assert {note.pitch % 12 for note in second} <= {9, 3}
        assert all(a.end <= b.start for a, b in pairwise(line))


@pytest.mark.parametrize("beats_per_bar", [2, 3, 4, 6, 5])
def test_strummed_and_picked_chords_have_the_chords_notes(beats_per_bar: int) -> None:
    """A chord that comes in the middle of a bar is struck when it comes."""
    bar = 4 * beats_per_bar
    change = bar + 4
    chords = [_chord(0, change, 7, "dominant"), _chord(change, 2 * bar, 0, "major")]
    for play in (strumming, picking):
        notes = play(chords, beats_per_bar=beats_per_bar, steps=2 * bar, rng=_rng())
        for chord in chords:
            mine = [note for note in notes if chord.start <= note.start < chord.end]
            assert {note.pitch % 12 for note in mine} <= set(chord.classes)
            assert min(note.start for note in mine) == chord.start
            assert max(note.end for note in mine) <= chord.end
    whole = strumming(chords, beats_per_bar=beats_per_bar, steps=2 * bar, rng=_rng())
    assert {note.pitch % 12 for note in whole if note.start == 0} == {7, 11, 2, 5}


def test_a_pad_holds_the_upper_notes_and_moves_little() -> None:
    chords = [_chord(0, 16, 0, "major"), _chord(16, 32, 9, "minor"), _chord(32, 48, 5, "major")]
    found = [{note for note in pad(chords) if note.start == chord.start} for chord in chords]
    classes = [{note.pitch % 12 for note in notes} for notes in found]
    assert classes == [{4, 7}, {0, 4}, {9, 0}]
    assert all(note.duration == 16 for notes in found for note in notes)
    heights = [sum(note.pitch for note in notes) / len(notes) for notes in found]
    assert all(abs(a - b) <= 6 for a, b in pairwise(heights))


def _score(notes: Sequence[tuple[int, int]]) -> Score:
    line = tuple(GridNote(start=start, pitch=72, duration=end - start) for start, end in notes)
    return Score(name="x", parts=(Part(name="voice", notes=line),), bars=())


def test_a_melody_that_swings_is_written_straight_and_another_stays() -> None:
    """Triplets and dotted eighths alike."""
    swung = _score([(0, 8), (8, 12), (12, 21), (21, 24), (24, 36)])
    spans = [(note.start, note.end) for note in swung_written_straight(swung).parts[0].notes]
    assert spans == [(0, 6), (6, 12), (12, 18), (18, 24), (24, 36)]
    straight = _score([(0, 6), (6, 12), (12, 18), (18, 24), (24, 32), (32, 36)])
    assert swung_written_straight(straight) is straight


_SHEET_BARS = 10


def _write_sheet(folder: Path, metre: int) -> None:
    harmony = (
        "<harmony><root><root-step>{}</root-step><root-alter>-1</root-alter></root>"
        "<kind>{}</kind></harmony>"
    )
    note = "<note><pitch><step>{}</step><octave>5</octave></pitch><duration>1</duration></note>"
    measures = ""
    for number in range(_SHEET_BARS):
        symbol = harmony.format(*(("B", "major"), ("E", "dominant"))[number % 2])
        measures += f"<measure>{symbol}{note.format('DFGA'[number % 4]) * metre}</measure>"
    measures = measures.replace(
        "<measure>", "<measure><attributes><divisions>1</divisions></attributes>", 1
    )
    names = "<part-list><score-part id='P1'><part-name>x</part-name></score-part></part-list>"
    sheets = folder / "leadsheets-openewld"
    sheets.mkdir(exist_ok=True)
    (sheets / f"tune{metre}.mxl").write_text(
        f"<score-partwise>{names}<part id='P1'>{measures}</part></score-partwise>"
    )


def test_a_lead_sheet_becomes_jazz_and_a_song(tmp_path: Path) -> None:
    """All but the melody is made; a metre that jazz has no rules for is a song alone."""
    for metre in (4, 2):
        _write_sheet(tmp_path, metre)
    rows = ["file", "tune4.mxl", "tune2.mxl"]
    (tmp_path / "leadsheets-openewld" / "index.csv").write_text("\n".join(rows))
    found = {piece.name.partition("/")[2]: piece for piece, split in lead_sheets(tmp_path)}
    assert set(found) == {"tune2#songwriter-0", "tune4#jazz-0", "tune4#songwriter-0"}
    for piece in found.values():
        assert piece.made == {Role.BASS, Role.HARMONY, Role.COUNTER}
        assert piece.steps == 4 * piece.beats_per_bar * _SHEET_BARS
        bar = 4 * piece.beats_per_bar
        on_one = [n for n in piece.notes if n.role is Role.BASS and n.start % bar == 0]
        assert [note.pitch % 12 for note in on_one] == [10, 3] * 5
    jazz = found["tune4#jazz-0"]
    assert sum(note.role is Role.BASS for note in jazz.notes) == 4 * _SHEET_BARS
    again = {piece.name.partition("/")[2]: piece for piece, _ in lead_sheets(tmp_path)}
    assert again == found
