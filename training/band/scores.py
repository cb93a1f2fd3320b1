"""Scores as band pieces: chorales, orchestras and quartets, songs with piano, tunes, rags.

Each reader takes the folder of the corpora and yields every piece with the side of the split
that its corpus fixes, or an empty text where the piece is free to go to any. A score whose
metre changes becomes a piece for each section; they share the name up to `#`, and belong on
one side. A corpus that is not there yields nothing.

What plays what:

* chorales: soprano melody, alto counter, tenor harmony, bass bass.
* quartets and orchestras: in each bar one part leads, in quartets mostly violin 1; the lowest
  line of the lowest part that plays is the bass; of the others the part that would lead next
  is the counter, and the rest, without what doubles melody or bass, harmony.
* songs: the voice leads, and where it rests the pianist's right hand; the left hand's lowest
  line is the bass, the rest of it the counter, the right hand harmony.
* tunes: their chords' lowest notes, two octaves below the middle of the keyboard, are the bass,
  the chords harmony; a rule writes a pad (`training.band.rules.pad`) as the counter.
* rags: the right hand's highest line is the melody and the rest of that hand the counter; the
  left hand's low notes are the bass, the chords between them harmony. A rag's two beats are
  written as four of twice the length, which is how a jazz band counts them.
"""

import csv
import json
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from firmware.errors import MidiFileError
from firmware.music.band import BAND_ENCODING, Role
from firmware.music.tokens import TOKEN_ENCODING, GridNote
from training.band.layers import (
    MOST_NOTES,
    Section,
    SplitPiece,
    band_piece,
    bass_of_hand,
    in_section,
    layer,
    leading_parts,
    lowest_line,
    metre_sections,
    played_by,
    without_doubles,
)
from training.band.rules import PlayedChord, pad
from training.corpora import JSB_FILE, JSFAKES_FOLDER
from training.scores import Part, Score, highest_line, read_midi_score, read_musicxml_score

_BEAT: Final = BAND_ENCODING.beat_resolution
_FINE_BEAT: Final = TOKEN_ENCODING.beat_resolution
_VOICES: Final = (Role.MELODY, Role.COUNTER, Role.HARMONY, Role.BASS)
_NO_PITCH: Final = ("timpani", "pauken", "drum", "triangle", "cymbal", "becken", "percussion")
_HIGHEST_BASS: Final = 60
_FIRST_VIOLIN: Final = 1.0
_VOICE: Final = 4.0
_DOUBLING: Final = 0.7


def chorales(folder: Path) -> Iterator[SplitPiece]:
    """Bach's chorales, with their standard split.

    The file has sixteenths and no metre. A chorale is in 3/4 if more of its long notes begin
    on the first of three beats than on the first and third of four, counted so that the piece
    ends with a bar; otherwise in 4/4. A piece that is no whole number of bars long begins with
    a pickup. In 322 chorales whose print is known the metre is right in 98 %, and of these the
    bar line in 98 %.
    """
    path = folder / JSB_FILE
    if not path.is_file():
        return
    for split, pieces in json.loads(path.read_text()).items():
        for number, steps in enumerate(pieces):
            voices = [_runs([step[voice] for step in steps]) for voice in range(len(_VOICES))]
            end = max(note.end for voice in voices for note in voice)
            beats = _beats_per_bar(voices, end)
            yield from _chorale(
                "bach-jsb",
                f"{split}-{number}",
                voices,
                beats_per_bar=beats,
                pickup=end % (beats * _BEAT),
                split=split,
            )


def synthetic_chorales(folder: Path) -> Iterator[SplitPiece]:
    """The JS Fake Chorales, in 4/4: all but the melody counts as made, and none is held out.

    A piece begins with a pickup of a beat if more of its long notes begin an odd number of beats
    after its start than an even one.
    """
    for path in sorted((folder / JSFAKES_FOLDER).glob("*/*.mid")):
        score = _readable(read_midi_score, path)
        if score is not None and len(score.parts) == len(_VOICES):
            whole = Section(start=0, end=score.end, beats_per_bar=4)
            voices = [highest_line(in_section(part.notes, whole)) for part in score.parts]
            beats = [note.start // _BEAT for note in _long_notes(voices) if note.end < score.end]
            yield from _chorale(
                JSFAKES_FOLDER,
                f"{path.parent.name}-{path.stem}",
                voices,
                beats_per_bar=4,
                pickup=_BEAT if 2 * sum(beat % 2 for beat in beats) > len(beats) else 0,
                split="train",
                made=frozenset(_VOICES[1:]),
            )


def quartets(folder: Path) -> Iterator[SplitPiece]:
    """String quartets."""
    corpus = "symphony-openscore-quartets"
    for path in _all(folder / corpus, "**/*.mxl"):
        score = _readable(read_musicxml_score, path)
        if score is not None:
            yield from _ensemble(corpus, score, favour_first=_FIRST_VIOLIN)


def orchestras(folder: Path) -> Iterator[SplitPiece]:
    """Orchestral works, some with choir."""
    corpus = "symphony-openscore-orchestra"
    for path in _all(folder / corpus, "**/*.mxl"):
        score = _readable(read_musicxml_score, path)
        if score is not None:
            yield from _ensemble(corpus, score, favour_first=0)


def songs(folder: Path) -> Iterator[SplitPiece]:
    """Songs for voice and piano."""
    corpus = "song-openscore-lieder"
    for path in _all(folder / corpus, "**/*.mxl"):
        score = _readable(read_musicxml_score, path, by_staff=True)
        if score is not None:
            yield from _song(corpus, score)


def tunes(folder: Path) -> Iterator[SplitPiece]:
    """The Nottingham tunes that have chords."""
    corpus = "folk-nottingham"
    for path in _all(folder / corpus, "MIDI/*.mid"):
        score = _readable(read_midi_score, path)
        if score is not None and len(score.parts) == 2:
            yield from _tune(corpus, score)


def rags(folder: Path) -> Iterator[SplitPiece]:
    """Mutopia's rags with a free licence."""
    corpus = "mutopia"
    index = folder / corpus / "index.csv"
    if not index.is_file():
        return
    with index.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if _is_free_rag(row)]
    for row in rows:
        score = _readable(read_midi_score, folder / corpus / row["file"])
        if score is not None and len(score.parts) == 2:
            yield from _rag(corpus, score)


def _chorale(
    corpus: str,
    name: str,
    voices: Sequence[Sequence[GridNote]],
    *,
    beats_per_bar: int,
    pickup: int,
    split: str,
    made: frozenset[Role] = frozenset(),
) -> Iterator[SplitPiece]:
    end = max(note.end for voice in voices for note in voice)
    bar = beats_per_bar * _BEAT
    shift = -pickup % bar
    piece = band_piece(
        corpus=corpus,
        name=name,
        genre="bach",
        beats_per_bar=beats_per_bar,
        steps=-(-(end + shift) // bar) * bar,
        layers={
            role: [note._replace(start=note.start + shift) for note in voice]
            for role, voice in zip(_VOICES, voices, strict=True)
        },
        made=made,
    )
    if piece is not None:
        yield piece, split


def _beats_per_bar(voices: Sequence[Sequence[GridNote]], end: int) -> int:
    """3 or 4; see `chorales`."""
    beats_left = [(end - note.start) // _BEAT for note in _long_notes(voices)]
    threes = sum(beats % 3 == 0 for beats in beats_left)
    fours = sum(beats % 2 == 0 for beats in beats_left)
    return 3 if threes > fours else 4


def _long_notes(voices: Sequence[Sequence[GridNote]]) -> list[GridNote]:
    """Notes of two beats and more, but for those with which a piece begins."""
    notes = (note for voice in voices for note in voice)
    return [note for note in notes if note.duration >= 2 * _BEAT and note.start > 0]


def _runs(pitches: Sequence[int]) -> list[GridNote]:
    """A voice's sixteenths, -1 where it is silent; what is struck again is not known."""
    runs: list[GridNote] = []
    for step, pitch in enumerate(pitches):
        if runs and runs[-1].end == step and runs[-1].pitch == pitch:
            runs[-1] = runs[-1]._replace(duration=runs[-1].duration + 1)
        elif pitch >= 0:
            runs.append(GridNote(start=step, pitch=pitch, duration=1))
    return runs


def _ensemble(corpus: str, score: Score, *, favour_first: float) -> Iterator[SplitPiece]:
    playing = [p for p in score.parts if not any(word in p.name.lower() for word in _NO_PITCH)]
    for name, section in _named_sections(score):
        parts = [in_section(part.notes, section) for part in playing]
        bar, bars = _shape(section)
        favour = [favour_first, *[0.0] * (len(parts) - 1)]
        leaders = leading_parts(parts, bar=bar, bars=bars, favour=favour)
        led = played_by(parts, leaders, bar=bar)
        melody = highest_line(led)
        rest = _without(parts, leaders, bar=bar)
        lowest = _lowest_parts(rest, bar=bar, bars=bars)
        bass = lowest_line(played_by(rest, lowest, bar=bar))
        rest = [
            _without_doubling(_without_doubling(part, melody, bar=bar), bass, bar=bar)
            for part in _without(rest, lowest, bar=bar)
        ]
        seconds = leading_parts(rest, bar=bar, bars=bars, favour=[0.0] * len(rest))
        counter = played_by(rest, seconds, bar=bar)
        harmony = [note for part in _without(rest, seconds, bar=bar) for note in part]
        # What else the leading part and the lowest one play is a part of the chords.
        harmony += without_doubles(led, melody)
        harmony += without_doubles(played_by(parts, lowest, bar=bar), bass, octaves=True)
        yield from _piece(
            corpus,
            name,
            "symphony",
            section,
            melody=melody,
            bass=bass,
            harmony=without_doubles(harmony, [*melody, *counter]),
            counter=counter,
        )


def _song(corpus: str, score: Score) -> Iterator[SplitPiece]:
    voices = [part for part in score.parts if part.staves == 1]
    piano = [part for part in score.parts if part.staves > 1]
    if not voices or len(piano) < 2:
        return
    for name, section in _named_sections(score):
        right, left = (in_section(part.notes, section) for part in (piano[0], piano[-1]))
        leading = [*(in_section(voice.notes, section) for voice in voices), right]
        bar, bars = _shape(section)
        favour = [_VOICE] * len(voices) + [0.0]
        leaders = leading_parts(leading, bar=bar, bars=bars, favour=favour)
        led = played_by(leading, leaders, bar=bar)
        melody = highest_line(led)
        bass, above = bass_of_hand(left)
        others = _without(leading, leaders, bar=bar)
        yield from _piece(
            corpus,
            name,
            "songwriter",
            section,
            melody=melody,
            bass=bass,
            harmony=without_doubles(right, melody),
            counter=without_doubles(
                [note for voice in others[:-1] for note in voice] + above, [*melody, *right]
            ),
        )


def _tune(corpus: str, score: Score) -> Iterator[SplitPiece]:
    for name, section in _named_sections(score):
        melody, chords = (in_section(part.notes, section) for part in score.parts)
        roots = lowest_line(chords)
        struck: dict[int, list[int]] = defaultdict(list)
        for note in chords:
            struck[note.start].append(note.pitch % 12)
        played = [
            PlayedChord(
                start=root.start,
                end=root.end,
                classes=tuple(dict.fromkeys([root.pitch % 12, *struck[root.start]])),
                bass=root.pitch % 12,
            )
            for root in roots
        ]
        yield from _piece(
            corpus,
            name,
            "songwriter",
            section,
            melody=highest_line(melody),
            bass=[_within(note, 36) for note in roots],
            harmony=[_within(note, 52) for note in chords],
            counter=pad(played),
            made=frozenset({Role.BASS, Role.COUNTER}),
        )


def _rag(corpus: str, score: Score) -> Iterator[SplitPiece]:
    right, left = sorted(score.parts, key=_height, reverse=True)
    for name, written in _named_sections(score):
        section, times = _counted_in_four(written)
        hands = [
            [
                note._replace(start=times * note.start, duration=times * note.duration)
                for note in in_section(hand.notes, written)
            ]
            for hand in (right, left)
        ]
        melody = highest_line(hands[0])
        bass, chords = bass_of_hand(hands[1])
        yield from _piece(
            corpus,
            name,
            "jazz",
            section,
            melody=melody,
            bass=bass,
            harmony=chords,
            counter=without_doubles(hands[0], melody),
        )


def _piece(
    corpus: str,
    name: str,
    genre: str,
    section: Section,
    *,
    melody: Sequence[GridNote],
    bass: Sequence[GridNote],
    harmony: Iterable[GridNote],
    counter: Iterable[GridNote],
    made: frozenset[Role] = frozenset(),
) -> Iterator[SplitPiece]:
    bar, bars = _shape(section)
    piece = band_piece(
        corpus=corpus,
        name=name,
        genre=genre,
        beats_per_bar=section.beats_per_bar,
        steps=bar * bars,
        layers={
            Role.MELODY: melody,
            Role.BASS: bass,
            Role.HARMONY: layer(harmony, at_once=MOST_NOTES[Role.HARMONY]),
            Role.COUNTER: layer(counter, at_once=MOST_NOTES[Role.COUNTER]),
        },
        made=made,
    )
    if piece is not None:
        yield piece, ""


def _named_sections(score: Score) -> Iterator[tuple[str, Section]]:
    sections = list(metre_sections(score))
    for number, section in enumerate(sections):
        yield score.name if len(sections) == 1 else f"{score.name}#{number}", section


def _shape(section: Section) -> tuple[int, int]:
    """(time steps of a bar, number of bars)."""
    bar = section.beats_per_bar * _BEAT
    return bar, (section.end - section.start) // (section.beats_per_bar * _FINE_BEAT)


def _without(
    parts: Sequence[Sequence[GridNote]], taken: Sequence[int], *, bar: int
) -> list[list[GridNote]]:
    """Each part without the bars in which it was taken."""
    last = len(taken) - 1
    return [
        [note for note in part if taken[min(note.start // bar, last)] != number]
        for number, part in enumerate(parts)
    ]


def _lowest_parts(parts: Sequence[Sequence[GridNote]], *, bar: int, bars: int) -> list[int]:
    """For each bar the part that plays lowest, or -1 where nobody plays low."""
    lowest = [(_HIGHEST_BASS, -1)] * bars
    for number, part in enumerate(parts):
        pitches: dict[int, list[int]] = {}
        for note in part:
            pitches.setdefault(note.start // bar, []).append(note.pitch)
        for at, mine in pitches.items():
            if at < bars:
                lowest[at] = min(lowest[at], (sum(mine) // len(mine), number))
    return [number for _, number in lowest]


def _without_doubling(
    part: Sequence[GridNote], of: Sequence[GridNote], *, bar: int
) -> list[GridNote]:
    """A part without the bars in which it doubles a line, at whatever octave."""
    alone = {id(note) for note in without_doubles(part, of, octaves=True)}
    total = Counter(note.start // bar for note in part)
    apart = Counter(note.start // bar for note in part if id(note) in alone)
    return [
        note
        for note in part
        if apart[note.start // bar] > (1 - _DOUBLING) * total[note.start // bar]
    ]


def _within(note: GridNote, lowest: int) -> GridNote:
    """The same pitch class in the octave from `lowest` on."""
    return note._replace(pitch=lowest + (note.pitch - lowest) % 12)


def _counted_in_four(section: Section) -> tuple[Section, int]:
    """Two beats as four of twice the length, and how many times as long everything is then."""
    if section.beats_per_bar != 2:
        return section, 1
    end = 2 * section.end - section.start
    return replace(section, end=end, beats_per_bar=4), 2


def _height(part: Part) -> float:
    return sum(note.pitch for note in part.notes) / len(part.notes)


def _is_free_rag(row: dict[str, str]) -> bool:
    return row["style"] == "Jazz" and row["file"].startswith(("public-domain/", "cc-by/"))


def _readable(read: Callable[..., Score], path: Path, **how: bool) -> Score | None:
    """A corpus' file, or None where it is broken or has no notes."""
    try:
        score = read(path, name=unicodedata.normalize("NFC", path.stem), **how)
    except MidiFileError:
        return None
    return score if score.parts else None


def _all(folder: Path, pattern: str) -> list[Path]:
    return sorted(folder.glob(pattern))
