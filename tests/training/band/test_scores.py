"""Who plays what in scores: roles, metres, pickups, playable layers."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import mido
import pytest

from firmware.music.band import BandNote, Role
from firmware.music.tokens import GridNote
from training.band.layers import (
    bass_of_hand,
    layer,
    leading_parts,
    lowest_line,
    metre_sections,
)
from training.band.scores import (
    chorales,
    orchestras,
    quartets,
    rags,
    songs,
    synthetic_chorales,
    tunes,
)
from training.band.shards import BandPiece
from training.scores import Part, Score

# (beats, pitches struck together; none is a rest), one after another.
Voice = Sequence[tuple[float, Sequence[int]]]

_LETTERS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


def _line(*pitches: int, beats: float = 1) -> list[tuple[float, Sequence[int]]]:
    return [(beats, [pitch]) for pitch in pitches]


def _note(pitch: int | None, beats: float, *, chord: bool, staff: int) -> str:
    duration = f"<duration>{round(4 * beats)}</duration><staff>{staff}</staff>"
    if pitch is None:
        return f"<note><rest/>{duration}</note>"
    letter = _LETTERS[pitch % 12]
    alter = f"<alter>{len(letter) - 1}</alter>"
    tone = f"<step>{letter[0]}</step>{alter}<octave>{pitch // 12 - 1}</octave>"
    return f"<note>{'<chord/>' if chord else ''}<pitch>{tone}</pitch>{duration}</note>"


def _measures(voices: Sequence[Voice], bars: Sequence[float], head: str) -> Iterator[str]:
    """Voices that keep to the bar lines; each is a staff."""
    left = [list(voice) for voice in voices]
    for number, beats in enumerate(bars):
        text = head if number == 0 else ""
        for staff, voice in enumerate(left, start=1):
            at = 0.0
            while at < beats and voice:
                length, pitches = voice.pop(0)
                for index, pitch in enumerate(pitches or [None]):
                    text += _note(pitch, length, chord=index > 0, staff=staff)
                at += length
            text += f"<backup><duration>{round(4 * at)}</duration></backup>"
        yield f"<measure>{text}<forward><duration>{round(4 * beats)}</duration></forward></measure>"


def _write_score(
    path: Path,
    parts: Sequence[tuple[str, Sequence[Voice]]],
    *,
    bars: Sequence[float],
    transposed: str = "",
) -> None:
    """MusicXML; `transposed` is what the first part's attributes say beside the divisions."""
    names, music = "", ""
    for number, (name, voices) in enumerate(parts):
        names += f"<score-part id='P{number}'><part-name>{name}</part-name></score-part>"
        more = transposed if number == 0 else ""
        head = f"<divisions>4</divisions><staves>{len(voices)}</staves>{more}"
        measures = "".join(_measures(voices, bars, f"<attributes>{head}</attributes>"))
        music += f"<part id='P{number}'>{measures}</part>"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"<score-partwise><part-list>{names}</part-list>{music}</score-partwise>")


def _write_midi(path: Path, voices: Sequence[Voice], *, metre: tuple[int, int]) -> None:
    file = mido.MidiFile(ticks_per_beat=96)
    signature = mido.MetaMessage("time_signature", numerator=metre[0], denominator=metre[1])
    file.tracks.append(mido.MidiTrack([signature]))
    for voice in voices:
        track, rest = mido.MidiTrack(), 0
        for beats, pitches in voice:
            ticks = round(96 * beats)
            for pitch in pitches:
                track.append(mido.Message("note_on", note=pitch, velocity=80, time=rest))
                rest = 0
            for pitch in pitches:
                track.append(mido.Message("note_off", note=pitch, time=ticks))
                ticks = 0
            rest += ticks
        file.tracks.append(track)
    path.parent.mkdir(parents=True, exist_ok=True)
    file.save(path)


def _of(piece: BandPiece, role: Role) -> list[BandNote]:
    return [note for note in piece.notes if note.role is role]


def _pitches(piece: BandPiece, role: Role) -> list[int]:
    return [note.pitch for note in _of(piece, role)]


def _write_chorale(folder: Path, soprano: Sequence[tuple[int, int]]) -> None:
    """(pitch, beats) of the soprano; the other voices go with it."""
    steps = [pitch for pitch, beats in soprano for _ in range(4 * beats)]
    piece = [[pitch, pitch - 5, pitch - 12, pitch - 24] for pitch in steps]
    (folder / "bach-jsb").mkdir()
    text = json.dumps({"train": [], "valid": [], "test": [piece]})
    (folder / "bach-jsb" / "Jsb16thSeparated.json").write_text(text)


def test_a_chorale_ends_with_a_bar_and_begins_with_its_pickup(tmp_path: Path) -> None:
    """Its four voices are the four roles, on the side that the corpus fixes."""
    phrase = [(67, 1), (69, 1), (71, 1), (72, 1), (71, 1), (69, 1), (72, 2)]
    _write_chorale(tmp_path, [(67, 1), *phrase * 4])
    ((piece, split),) = chorales(tmp_path)
    assert (split, piece.genre, piece.beats_per_bar) == ("test", "bach", 4)
    assert piece.name == "bach-jsb/test-0"
    assert piece.steps == 16 + 4 * 32
    first = [next(n for n in piece.notes if n.role is role) for role in Role if role != "drums"]
    assert {note.start for note in first} == {12}
    assert {note.role: note.pitch for note in first} == {
        Role.MELODY: 67,
        Role.COUNTER: 62,
        Role.HARMONY: 55,
        Role.BASS: 43,
    }
    assert not piece.made


def test_a_chorale_in_three_is_told_by_its_long_notes(tmp_path: Path) -> None:
    _write_chorale(tmp_path, [(67, 2), (69, 1), (71, 1), (72, 1), (74, 1), (72, 2), (71, 1)] * 4)
    ((piece, _),) = chorales(tmp_path)
    assert (piece.beats_per_bar, piece.steps) == (3, 4 * 36)


def test_synthetic_chorales_are_learned_from_and_never_judged_by(tmp_path: Path) -> None:
    """Long notes an odd number of beats after the start tell of a pickup of one beat."""
    voices = [
        [(1, [top]), *[(1, [top + 2]), (1, [top]), (2, [top + 4])][::-1] * 8]
        for top in (72, 65, 60, 48)
    ]
    _write_midi(tmp_path / "bach-jsfakes" / "midi" / "7.mid", voices, metre=(4, 4))
    ((piece, split),) = synthetic_chorales(tmp_path)
    assert split == "train"
    assert piece.made == {Role.COUNTER, Role.HARMONY, Role.BASS}
    assert min(note.start for note in piece.notes) == 12
    assert piece.steps == 4 * (3 + 33)


def test_in_a_quartet_violin_one_leads_until_it_rests(tmp_path: Path) -> None:
    """Then the next one does; the cello is the bass, and violin two the counter."""
    first = [*_line(*[76, 77, 79, 81] * 8), *[(4.0, [])] * 4]
    second = _line(*[71, 72, 74, 72] * 12)
    viola = _line(*[64] * 24, beats=2)
    cello = _line(*[48, 43] * 12, beats=2)
    path = tmp_path / "symphony-openscore-quartets" / "A" / "sq1.mxl"
    voices = [("Violin 1", [first]), ("Violin 2", [second]), ("Viola", [viola])]
    _write_score(path, [*voices, ("Cello", [cello])], bars=[4] * 12)
    ((piece, split),) = quartets(tmp_path)
    assert (split, piece.genre, piece.name) == ("", "symphony", "symphony-openscore-quartets/sq1")
    assert _pitches(piece, Role.MELODY) == [76, 77, 79, 81] * 8 + [71, 72, 74, 72] * 4
    assert _pitches(piece, Role.BASS) == [48, 43] * 12
    assert _pitches(piece, Role.COUNTER)[:32] == [71, 72, 74, 72] * 8
    assert set(_pitches(piece, Role.HARMONY) + _pitches(piece, Role.COUNTER)[32:]) == {64}


def test_an_orchestra_is_thinned_to_playable_layers(tmp_path: Path) -> None:
    """What transposes sounds; the flute's doublings and the timpani are left out."""
    tune = [76, 77, 79, 81] * 8
    chord = [(4.0, [48, 52, 55, 58, 60, 64, 67])] * 8
    parts: list[tuple[str, Sequence[Voice]]] = [
        ("Bb Clarinet", [_line(*[pitch + 2 for pitch in tune])]),
        ("Flute", [_line(*[pitch - 12 for pitch in tune])]),
        ("Timpani", [_line(*[40] * 32)]),
        ("Violas", [chord]),
        ("Violin 2", [_line(*[69, 71] * 8, beats=2)]),
        ("Contrabass", [_line(*[36] * 8, beats=4)]),
    ]
    down = "<transpose><chromatic>-2</chromatic></transpose>"
    path = tmp_path / "symphony-openscore-orchestra" / "B.mxl"
    _write_score(path, parts, bars=[4] * 8, transposed=down)
    ((piece, _),) = orchestras(tmp_path)
    assert _pitches(piece, Role.MELODY) == tune
    assert _pitches(piece, Role.BASS) == [36] * 8
    assert _pitches(piece, Role.COUNTER) == [69, 71] * 8
    harmony = _of(piece, Role.HARMONY)
    assert max(sum(n.start <= at < n.end for n in harmony) for at in range(piece.steps)) == 4
    assert 40 not in {note.pitch for note in piece.notes}


def test_a_piece_is_cut_where_its_metre_changes(tmp_path: Path) -> None:
    """Both parts keep one name up to `#`; a bar that a repeat sign cuts in two is one bar."""
    bars = [1, *[3] * 4, 2, 1, *[3] * 4, *[4] * 8]
    notes = [(float(bar), [72 + number % 5]) for number, bar in enumerate(bars)]
    low = [(float(bar), [48]) for bar in bars]
    path = tmp_path / "symphony-openscore-quartets" / "sq2.mxl"
    _write_score(path, [("Violin 1", [notes]), ("Cello", [low])], bars=bars)
    first, second = (piece for piece, _ in quartets(tmp_path))
    assert first.name.partition("#")[0] == second.name.partition("#")[0] != first.name
    assert (first.beats_per_bar, first.steps) == (3, 12 * 10)
    assert (second.beats_per_bar, second.steps) == (4, 16 * 8)
    # The pickup stands at the end of a bar that begins with silence.
    assert _of(first, Role.MELODY)[0] == BandNote(Role.MELODY, 8, 12, 72)


def test_bars_of_three_eighths_count_in_pairs() -> None:
    bars = tuple(range(0, 36 * 20, 36))
    note = GridNote(start=0, pitch=60, duration=36 * 20)
    score = Score(name="x", parts=(Part(name="voice", notes=(note,)),), bars=bars)
    (section,) = metre_sections(score)
    assert (section.beats_per_bar, section.start, section.end) == (3, 0, 36 * 20)


def test_in_a_song_the_voice_leads_and_the_right_hand_fills_its_rests(tmp_path: Path) -> None:
    """The left hand parts into bass and counter; the right is harmony when it does not lead."""
    voice = [*[(4.0, [])] * 4, *_line(*[67, 69, 71, 72] * 6)]
    right = [(1.0, [64, 72 + number % 3]) for number in range(40)]
    left = [(1.0, [43]), (1.0, [55, 59, 62])] * 20
    path = tmp_path / "song-openscore-lieder" / "A" / "lc1.mxl"
    _write_score(path, [("Voice", [voice]), ("Piano", [right, left])], bars=[4] * 10)
    ((piece, _),) = songs(tmp_path)
    assert piece.genre == "songwriter"
    assert _pitches(piece, Role.MELODY)[:4] == [72, 73, 74, 72]
    assert _pitches(piece, Role.MELODY)[16:] == [67, 69, 71, 72] * 6
    assert _pitches(piece, Role.BASS) == [43] * 20
    assert _pitches(piece, Role.COUNTER) == [55, 59, 62] * 20
    assert _pitches(piece, Role.HARMONY)[:16] == [64] * 16
    assert _pitches(piece, Role.HARMONY)[16:20] == [64, 73, 64, 74]


def test_a_tune_has_its_chords_and_a_bass_and_a_pad_made_of_them(tmp_path: Path) -> None:
    melody = _line(*[67, 71, 74, 71] * 8)
    chords = [(4.0, [43, 47, 50]), (4.0, [38, 42, 45])] * 4
    _write_midi(tmp_path / "folk-nottingham" / "MIDI" / "jig.mid", [melody, chords], metre=(4, 4))
    ((piece, _),) = tunes(tmp_path)
    assert _pitches(piece, Role.MELODY) == [67, 71, 74, 71] * 8
    assert _pitches(piece, Role.BASS) == [43, 38] * 4
    assert {pitch % 12 for pitch in _pitches(piece, Role.HARMONY)[:3]} == {7, 11, 2}
    assert {pitch % 12 for pitch in _pitches(piece, Role.COUNTER)[:2]} == {11, 2}
    assert piece.made == {Role.BASS, Role.COUNTER}


def test_a_rags_two_beats_are_written_as_four(tmp_path: Path) -> None:
    """Low notes are the bass and the chords between them harmony; share-alike is left alone."""
    right = [(0.5, [72, 84]), (0.25, [81]), (0.25, [79])] * 16
    left = [(0.5, [36, 48]), (0.5, [55, 60, 64])] * 16
    folder = tmp_path / "mutopia"
    for name in ("public-domain/rag.mid", "cc-by-sa/other.mid"):
        _write_midi(folder / name, [right, left], metre=(2, 4))
    rows = ["file,style", "public-domain/rag.mid,Jazz", "cc-by-sa/other.mid,Jazz"]
    (folder / "index.csv").write_text("\n".join(rows))
    ((piece, _),) = rags(tmp_path)
    assert (piece.name, piece.genre) == ("mutopia/rag", "jazz")
    assert (piece.beats_per_bar, piece.steps) == (4, 16 * 8)
    melody = _of(piece, Role.MELODY)
    assert [note.pitch for note in melody[:3]] == [84, 81, 79]
    assert [note.start for note in melody[:4]] == [0, 4, 6, 8]
    assert _pitches(piece, Role.BASS) == [36] * 16
    assert [note.start for note in _of(piece, Role.HARMONY)[:6]] == [4, 4, 4, 12, 12, 12]
    assert _pitches(piece, Role.COUNTER) == [72] * 16


@pytest.mark.parametrize("read", [chorales, synthetic_chorales, quartets, songs, tunes, rags])
def test_a_corpus_that_is_not_there_has_no_pieces(tmp_path: Path, read: object) -> None:
    assert callable(read)
    assert list(read(tmp_path)) == []


def test_what_still_sounds_yields_to_what_is_struck() -> None:
    """Octaves go before other notes, and the oldest note first."""
    held = [GridNote(start=0, pitch=pitch, duration=16) for pitch in (60, 64, 67, 72)]
    struck = [GridNote(start=4, pitch=pitch, duration=4) for pitch in (62, 65)]
    assert layer(held, at_once=3) == [note for note in held if note.pitch != 72]
    found = layer([*held, *struck], at_once=3)
    assert max(sum(n.start <= at < n.end for n in found) for at in range(16)) == 3
    assert set(struck) <= set(found)
    assert sum(note.end == 16 for note in found) == 1


def test_a_left_hands_octaves_are_bass_and_its_chords_are_not() -> None:
    """A walk within an octave stays in the bass."""
    hand = [
        GridNote(start=0, pitch=36, duration=4),
        GridNote(start=0, pitch=48, duration=4),
        *(GridNote(start=4, pitch=pitch, duration=4) for pitch in (55, 60)),
        GridNote(start=8, pitch=43, duration=4),
        GridNote(start=12, pitch=47, duration=4),
    ]
    bass, above = bass_of_hand(hand)
    assert [note.pitch for note in bass] == [36, 43, 47]
    assert [note.pitch for note in above] == [55, 60]


def test_the_bass_is_the_lowest_line() -> None:
    notes = [
        GridNote(start=0, pitch=40, duration=8),
        GridNote(start=0, pitch=52, duration=4),
        GridNote(start=4, pitch=55, duration=4),
        GridNote(start=8, pitch=43, duration=8),
    ]
    assert lowest_line(notes) == [notes[0], notes[3]]


def test_a_phrase_stays_with_its_leader() -> None:
    """One bar of a somewhat higher second part does not take the lead away."""
    first = [GridNote(start=4 * n, pitch=70 + n % 4, duration=4) for n in range(32)]
    second = [GridNote(start=4 * n, pitch=60 + n % 2, duration=4) for n in range(32)]
    second[12:16] = [note._replace(pitch=note.pitch + 13) for note in second[12:16]]
    assert leading_parts([first, second], bar=16, bars=8, favour=[0, 0]) == [0] * 8
    assert leading_parts([first, second], bar=16, bars=8, favour=[0, 4]) == [1] * 8
