"""MusicXML and MIDI on the grid, and versions of one tune kept together."""

import json
from pathlib import Path

import numpy as np

from firmware.music.tokens import GridNote, decode, parts_apart
from training.corpora import JSB_FILE
from training.duplicates import groups_of_versions
from training.score_corpora import read_jsb_scores, token_pieces
from training.scores import Part, Score, highest_line, read_musicxml_score, without_long_silences

MUSICXML = """<?xml version="1.0"?>
<score-partwise><part-list><score-part id="P1"><part-name>Flute</part-name></score-part>
</part-list><part id="P1">
<measure number="0"><attributes><divisions>2</divisions></attributes>
 <note><pitch><step>G</step><octave>4</octave></pitch><duration>1</duration></note></measure>
<measure number="1">
 <note><pitch><step>C</step><octave>5</octave></pitch><duration>6</duration></note>
 <note><chord/><pitch><step>E</step><octave>5</octave></pitch><duration>6</duration></note>
 <note><grace/><pitch><step>D</step><octave>5</octave></pitch></note>
 <note><pitch><step>F</step><alter>1</alter><octave>5</octave></pitch><duration>2</duration>
  <tie type="start"/></note>
 <backup><duration>8</duration></backup>
 <note><rest/><duration>4</duration></note>
 <note><pitch><step>C</step><octave>3</octave></pitch><duration>4</duration></note></measure>
<measure number="2"><attributes><divisions>3</divisions></attributes>
 <note><pitch><step>F</step><alter>1</alter><octave>5</octave></pitch><duration>3</duration>
  <tie type="stop"/></note>
 <note><pitch><step>A</step><octave>5</octave></pitch><duration>1</duration></note>
 <note><rest/><duration>8</duration></note></measure>
</part></score-partwise>"""


def test_musicxml_is_read_with_pickup_chord_voices_tie_and_triplet(tmp_path: Path) -> None:
    """An eighth before the first bar line is moved so that bars begin on beats."""
    path = tmp_path / "score.xml"
    path.write_text(MUSICXML)
    score = read_musicxml_score(path, name="x")
    assert score.bars == (12, 60)
    assert score.parts[0].name == "Flute"
    assert sorted(score.parts[0].notes) == [
        GridNote(start=6, pitch=67, duration=6),
        GridNote(start=12, pitch=72, duration=36),
        GridNote(start=12, pitch=76, duration=36),
        GridNote(start=36, pitch=48, duration=24),
        GridNote(start=48, pitch=78, duration=24),
        GridNote(start=72, pitch=81, duration=4),
    ]


def test_whole_bars_leave_a_long_silence() -> None:
    """What follows keeps its place in the bar, and bars stay bars."""
    notes = (
        GridNote(start=0, pitch=60, duration=12),
        GridNote(start=30 * 48 + 12, pitch=62, duration=12),
    )
    bars = tuple(range(0, 32 * 48, 48))
    score = Score(name="x", parts=(Part(name="voice", notes=notes),), bars=bars)
    short = without_long_silences(score)
    first, second = short.parts[0].notes
    assert first == notes[0]
    assert 96 - 48 <= second.start - first.end <= 96 + 48
    assert second.start % 48 == 12
    assert set(np.diff(short.bars)) == {48}


def test_the_melody_is_the_highest_line() -> None:
    """Accompaniment under a held note is left out; the next melody note ends it."""
    notes = [
        GridNote(start=0, pitch=72, duration=24),
        GridNote(start=0, pitch=60, duration=6),
        GridNote(start=12, pitch=62, duration=6),
        GridNote(start=18, pitch=74, duration=6),
    ]
    assert highest_line(notes) == [
        GridNote(start=0, pitch=72, duration=18),
        GridNote(start=18, pitch=74, duration=6),
    ]


def test_a_transposed_version_is_found_and_another_tune_is_not() -> None:
    """Versions share a group whatever their key and note values."""
    rng = np.random.default_rng(1)
    pitches = (60 + np.cumsum(rng.integers(-4, 5, 80))).tolist()
    other = (60 + np.cumsum(rng.integers(-4, 5, 80))).tolist()
    lines = {
        "a": [GridNote(start=6 * n, pitch=p, duration=6) for n, p in enumerate(pitches)],
        "b": [GridNote(start=12 * n, pitch=p + 5, duration=3) for n, p in enumerate(pitches[9:])],
        "c": [GridNote(start=6 * n, pitch=p, duration=6) for n, p in enumerate(other)],
    }
    groups = groups_of_versions(lines)
    assert groups["a"] == groups["b"] != groups["c"]


def test_a_chorale_is_written_without_loss(tiny_corpora: Path) -> None:
    """Every voice of every sixteenth can be read back from the tokens, silence included."""
    path = tiny_corpora / JSB_FILE
    splits = json.loads(path.read_text())
    for sourced in read_jsb_scores(path):
        _, split, number = sourced.score.name.split("-")
        truth = np.array(splits[split][int(number)])
        piece = next(token_pieces(sourced))
        sixteenths = np.full_like(truth, -1)
        for voice, notes in enumerate(parts_apart(decode(piece.tokens)[0], parts=4)):
            for note in notes:
                sixteenths[note.start // 3 : note.end // 3, voice] = note.pitch
        assert np.array_equal(sixteenths, truth), sourced.score.name
        assert piece.sixteenths == len(truth)
