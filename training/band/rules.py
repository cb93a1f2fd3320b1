"""Arrangements by written rules: a lead sheet's melody and chord symbols become a band.

All but the melody is made, never judged by. Every choice that the rules leave open is drawn
from a generator that follows from the piece's name, so a corpus gives the same band again.

Chords. A symbol is its root, third, fifth and what its kind adds, in that order; it is in force
from the beat nearest to it until the next one. A kind that is not known counts as major. The
jazz band plays a major triad with its sixth and a minor triad with its seventh.

Jazz, four or three beats a bar. Melodies that swing are written straight.

* Bass walks a note a beat: the chord's bass on its first beat; on its last, a half step or a
  step from the next chord's bass, or a fifth above it; between them chord notes on an arch
  from one to the other.
* Harmony comps: third and seventh (or sixth) with fifth and ninth, without the root, moved as
  little as possible from the chord before; two bars' rhythm is chosen for a phrase of four
  and plays twice. A stroke on the last off-beat of a bar takes the chord of the next one.
* Counter plays guide tones: at each chord, and again each bar, the third or the seventh that
  is nearest to its last note, and the other one where the chord stays.

Songwriter, any number of beats a bar.

* Bass plays roots, or roots and fifths in turn, or a dotted rhythm of them; one way a piece.
* Harmony is strummed (the whole chord in one of a few rhythms) or picked (its notes one after
  another in eighths); one way a piece.
* Counter is a pad: three notes, or two, held as long as the chord, moved as little as possible.
"""

import csv
import unicodedata
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from firmware.errors import MidiFileError
from firmware.music.band import BAND_ENCODING, Role
from firmware.music.timing import divide_rounded
from firmware.music.tokens import TOKEN_ENCODING, GridNote
from training.band.layers import (
    Section,
    SplitPiece,
    band_piece,
    in_section,
    metre_sections,
)
from training.scores import ChordSymbol, Score, highest_line, read_musicxml_score

_BEAT: Final = BAND_ENCODING.beat_resolution
_FINE_BEAT: Final = TOKEN_ENCODING.beat_resolution
_KINDS: Final[Mapping[str, tuple[int, ...]]] = {
    "major": (0, 4, 7),
    "minor": (0, 3, 7),
    "diminished": (0, 3, 6),
    "augmented": (0, 4, 8),
    "suspended-fourth": (0, 5, 7),
    "suspended-second": (0, 2, 7),
    "power": (0, 7),
    "major-sixth": (0, 4, 7, 9),
    "minor-sixth": (0, 3, 7, 9),
    "maj69": (0, 4, 7, 9, 2),
    "dominant": (0, 4, 7, 10),
    "augmented-seventh": (0, 4, 8, 10),
    "half-diminished": (0, 3, 6, 10),
    "diminished-seventh": (0, 3, 6, 9),
    "major-seventh": (0, 4, 7, 11),
    "minor-seventh": (0, 3, 7, 10),
    "minor-major": (0, 3, 7, 11),
    "major-minor": (0, 3, 7, 11),
    "dominant-ninth": (0, 4, 7, 10, 2),
    "augmented-ninth": (0, 4, 8, 10, 2),
    "major-ninth": (0, 4, 7, 11, 2),
    "minor-ninth": (0, 3, 7, 10, 2),
    "dominant-11th": (0, 4, 7, 10, 5),
    "minor-11th": (0, 3, 7, 10, 5),
    "dominant-13th": (0, 4, 7, 10, 9),
    "minor-13th": (0, 3, 7, 10, 9),
}
_NO_CHORD: Final = "none"
_SEMITONES: Final = {1: 0, 2: 2, 3: 4, 4: 5, 5: 7, 6: 9, 7: 10, 9: 2, 11: 5, 13: 9}
_ADDED_TO_TRIAD: Final[Mapping[tuple[int, ...], int]] = {(0, 4, 7): 9, (0, 3, 7): 10}

_BASS_RANGE: Final = range(28, 53)
_LOWEST_VOICING: Final = range(50, 57)
_LOWEST_PAD: Final = range(57, 65)
_GUIDE_RANGE: Final = range(57, 77)
_LOWEST_STRUM: Final = range(48, 55)

# (start, end) of the strokes of a bar, in time steps.
_Rhythm = tuple[tuple[int, int], ...]
_COMPING: Final[Mapping[int, tuple[_Rhythm, ...]]] = {
    4: (
        ((0, 5), (6, 8)),
        ((2, 4), (8, 11)),
        ((4, 6), (12, 14)),
        ((0, 3), (10, 12)),
        ((6, 8), (14, 16)),
        ((2, 4), (6, 12)),
        ((0, 8), (14, 16)),
        ((0, 12),),
    ),
    3: (((0, 5), (6, 8)), ((4, 6), (8, 10)), ((2, 6),), ((0, 4), (10, 12)), ((0, 8),)),
}
_STRUMMING: Final[Mapping[int, tuple[_Rhythm, ...]]] = {
    2: (((0, 4), (4, 6), (6, 8)), ((0, 2), (2, 4), (4, 6), (6, 8)), ((0, 4), (4, 8))),
    3: (((0, 4), (4, 8), (8, 12)), ((0, 4), (4, 6), (6, 8), (8, 10), (10, 12)), ((0, 8), (8, 12))),
    4: (
        ((0, 4), (4, 6), (6, 10), (10, 12), (12, 14), (14, 16)),
        ((0, 4), (4, 8), (8, 12), (12, 16)),
        ((0, 4), (4, 6), (6, 8), (8, 12), (12, 14), (14, 16)),
        ((0, 8), (8, 12), (12, 16)),
        ((0, 6), (6, 12), (12, 16)),
    ),
}
# Indices of chord notes, from the lowest up; a pattern is repeated over the bar.
_PICKING: Final = ((0, 1, 2, 3), (0, 2, 1, 3), (0, 2, 3, 2), (0, 3, 2, 1))
_SONG_BASS: Final[Mapping[int, tuple[_Rhythm, ...]]] = {
    2: (((0, 8),), ((0, 4), (4, 8)), ((0, 3), (3, 4), (4, 8))),
    3: (((0, 12),), ((0, 8), (8, 12)), ((0, 6), (6, 12))),
    4: (
        ((0, 16),),
        ((0, 8), (8, 16)),
        ((0, 6), (6, 8), (8, 16)),
        ((0, 6), (6, 8), (8, 14), (14, 16)),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedChord:
    """A chord and the time in which it is in force.

    Attributes:
        start: Time step, on a beat.
        end: The time step after it.
        classes: Pitch classes, the root first.
        bass: Pitch class of the lowest note.
    """

    start: int
    end: int
    classes: tuple[int, ...]
    bass: int


def chord_classes(symbol: ChordSymbol) -> tuple[int, ...]:
    """Pitch classes of a chord symbol, the root first; empty where it says that there is none."""
    if symbol.kind == _NO_CHORD:
        return ()
    above = list(_KINDS.get(symbol.kind, _KINDS["major"]))
    for change, degree, alter in symbol.degrees:
        plain = _SEMITONES.get(degree, 0)
        if change in ("alter", "subtract") and plain in above:
            above.remove(plain)
        if change in ("alter", "add") and (plain + alter) % 12 not in above:
            above.append((plain + alter) % 12)
    return tuple(dict.fromkeys((symbol.root + semitones) % 12 for semitones in above))


def walking_bass(chords: Sequence[PlayedChord], rng: np.random.Generator) -> list[GridNote]:
    """A note a beat; see the module."""
    line: list[GridNote] = []
    pitch = 40
    for number, chord in enumerate(chords):
        after = chords[number + 1] if number + 1 < len(chords) else chord
        root = _nearest([chord.bass], pitch, _BASS_RANGE)
        target = _nearest([after.bass], root, _BASS_RANGE)
        beats = max((chord.end - chord.start) // _BEAT, 1)
        walk = [root, *_walk(chord, root, target, beats, rng)][:beats]
        line += [
            GridNote(start=chord.start + _BEAT * beat, pitch=note, duration=_BEAT)
            for beat, note in enumerate(walk)
        ]
        pitch = walk[-1]
    return line


def comping(
    chords: Sequence[PlayedChord], *, beats_per_bar: int, steps: int, rng: np.random.Generator
) -> list[GridNote]:
    """Strokes of rootless chords; see the module."""
    rhythms = _COMPING[beats_per_bar]
    voicings = _voicings([_rootless(chord) for chord in chords], _LOWEST_VOICING)
    bar = beats_per_bar * _BEAT
    strokes: list[GridNote] = []
    phrase: list[_Rhythm] = []
    for number in range(steps // bar):
        if number % 4 == 0:
            phrase = [rhythms[rng.integers(len(rhythms))] for _ in range(2)]
        for start, end in phrase[number % 2]:
            at = number * bar + start
            early = start == bar - _BEAT // 2
            chord = _in_force(chords, at + _BEAT // 2 if early else at)
            if chord is not None:
                strokes += _struck(voicings[chord], at, number * bar + end)
    return strokes


def guide_tones(chords: Sequence[PlayedChord], *, bar: int) -> list[GridNote]:
    """A line of thirds and sevenths; see the module."""
    line: list[GridNote] = []
    for chord in chords:
        guides = _rootless(chord)[:2]
        for start in [chord.start, *range((chord.start // bar + 1) * bar, chord.end, bar)]:
            last = line[-1].pitch if line else 67
            stays = start > chord.start
            choice = [g for g in guides if not (stays and g == last % 12)] or guides
            end = min(chord.end, (start // bar + 1) * bar)
            pitch = _nearest(choice, last, _GUIDE_RANGE)
            line.append(GridNote(start=start, pitch=pitch, duration=end - start))
    return line


def song_bass(
    chords: Sequence[PlayedChord], *, beats_per_bar: int, steps: int, rng: np.random.Generator
) -> list[GridNote]:
    """Roots and fifths; see the module."""
    rhythm = _of_bar(_SONG_BASS, beats_per_bar, rng)
    fifths = bool(rng.integers(2))
    line: list[GridNote] = []
    for start, end, number, stroke in _strokes(rhythm, chords, beats_per_bar, steps):
        chord = chords[number]
        root = _nearest([chord.bass], 38, _BASS_RANGE)
        fifth = _fifth(chord)
        alone = fifths and stroke and fifth is not None
        pitch = _nearest([fifth], root, _BASS_RANGE) if alone and fifth is not None else root
        line.append(GridNote(start=start, pitch=pitch, duration=end - start))
    return line


def strumming(
    chords: Sequence[PlayedChord], *, beats_per_bar: int, steps: int, rng: np.random.Generator
) -> list[GridNote]:
    """Whole chords in a strummer's rhythm; see the module."""
    rhythm = _of_bar(_STRUMMING, beats_per_bar, rng)
    voicings = _voicings([_whole(chord) for chord in chords], _LOWEST_STRUM)
    return [
        note
        for start, end, number, _ in _strokes(rhythm, chords, beats_per_bar, steps)
        for note in _struck(voicings[number], start, end)
    ]


def picking(
    chords: Sequence[PlayedChord], *, beats_per_bar: int, steps: int, rng: np.random.Generator
) -> list[GridNote]:
    """A chord's notes one after another in eighths, each held for a beat; see the module."""
    pattern = _PICKING[rng.integers(len(_PICKING))]
    eighth = _BEAT // 2
    voicings = _voicings([_whole(chord) for chord in chords], _LOWEST_STRUM)
    rhythm = tuple((at, at + _BEAT) for at in range(0, beats_per_bar * _BEAT, eighth))
    notes: list[GridNote] = []
    for start, end, number, stroke in _strokes(rhythm, chords, beats_per_bar, steps):
        voicing = voicings[number]
        pitch = voicing[min(pattern[stroke % len(pattern)], len(voicing) - 1)]
        notes.append(GridNote(start=start, pitch=pitch, duration=end - start))
    return notes


def pad(chords: Sequence[PlayedChord], *, at_once: int = 2) -> list[GridNote]:
    """Held chords, moved as little as possible.

    Args:
        chords: In order.
        at_once: How many notes, from the third up: the root is the bass player's.
    """
    upper = [(*chord.classes[1:], chord.classes[0])[:at_once] for chord in chords]
    return [
        note
        for chord, voicing in zip(chords, _voicings(upper, _LOWEST_PAD), strict=True)
        for note in _struck(voicing, chord.start, chord.end)
    ]


def played_chords(symbols: Sequence[ChordSymbol], section: Section) -> list[PlayedChord]:
    """The chords of a section, from its first symbol on; each lasts at least a beat."""
    steps = (section.end - section.start) * _BEAT // _FINE_BEAT
    found: dict[int, ChordSymbol] = {}
    for symbol in symbols:
        if section.start <= symbol.start < section.end:
            beat = divide_rounded(symbol.start - section.start, _FINE_BEAT)
            found[beat * _BEAT] = symbol
    starts = sorted(start for start in found if start < steps)
    return [
        PlayedChord(start=start, end=end, classes=classes, bass=found[start].bass)
        for start, end in zip(starts, [*starts[1:], steps], strict=True)
        if (classes := chord_classes(found[start]))
    ]


def swung_written_straight(score: Score) -> Score:
    """Write a melody that swings as one that does not, and leave any other as it is.

    A melody swings where more of its notes begin at two thirds or three quarters of a beat than
    on its half. Both are then written on the half, and what lies around moves with them.
    """
    at = [note.start % _FINE_BEAT for part in score.parts for note in part.notes]
    late = sum(place in (_FINE_BEAT * 2 // 3, _FINE_BEAT * 3 // 4) for place in at)
    if late <= at.count(_FINE_BEAT // 2):
        return score
    parts = []
    for part in score.parts:
        notes = []
        for note in part.notes:
            start, end = _straight(note.start), _straight(note.end)
            notes.append(note._replace(start=start, duration=max(end - start, 1)))
        parts.append(replace(part, notes=tuple(sorted(notes))))
    return replace(score, parts=tuple(parts))


def lead_sheets(folder: Path) -> Iterator[SplitPiece]:
    """Each lead sheet as a jazz piece, where it has three or four beats, and as a song.

    Args:
        folder: The folder of the corpora.
    """
    corpus = "leadsheets-openewld"
    index = folder / corpus / "index.csv"
    if not index.is_file():
        return
    with index.open(newline="") as file:
        paths = [folder / corpus / row["file"] for row in csv.DictReader(file)]
    for path in sorted(paths):
        try:
            score = read_musicxml_score(path, name=unicodedata.normalize("NFC", path.stem))
        except MidiFileError:
            continue
        yield from _arranged(corpus, score)


def _arranged(corpus: str, score: Score) -> Iterator[SplitPiece]:
    rng = np.random.default_rng(zlib.crc32(score.name.encode()))
    for genre, written in (("jazz", swung_written_straight(score)), ("songwriter", score)):
        for number, section in enumerate(metre_sections(written)):
            chords = played_chords(written.chords, section)
            if not chords or (genre == "jazz" and section.beats_per_bar not in _COMPING):
                continue
            steps = (section.end - section.start) * _BEAT // _FINE_BEAT
            melody = highest_line(
                note for part in written.parts for note in in_section(part.notes, section)
            )
            band = _jazz_band if genre == "jazz" else _song_band
            layers = band(chords, section.beats_per_bar, steps, rng)
            piece = band_piece(
                corpus=corpus,
                name=f"{score.name}#{genre}-{number}",
                genre=genre,
                beats_per_bar=section.beats_per_bar,
                steps=steps,
                layers={Role.MELODY: melody, **layers},
                made=frozenset(layers),
            )
            if piece is not None:
                yield piece, ""


def _jazz_band(
    chords: Sequence[PlayedChord], beats: int, steps: int, rng: np.random.Generator
) -> dict[Role, list[GridNote]]:
    return {
        Role.BASS: walking_bass(chords, rng),
        Role.HARMONY: comping(chords, beats_per_bar=beats, steps=steps, rng=rng),
        Role.COUNTER: guide_tones(chords, bar=beats * _BEAT),
    }


def _song_band(
    chords: Sequence[PlayedChord], beats: int, steps: int, rng: np.random.Generator
) -> dict[Role, list[GridNote]]:
    played = (strumming, picking)[rng.integers(2)]
    return {
        Role.BASS: song_bass(chords, beats_per_bar=beats, steps=steps, rng=rng),
        Role.HARMONY: played(chords, beats_per_bar=beats, steps=steps, rng=rng),
        Role.COUNTER: pad(chords, at_once=int(rng.integers(2, 4))),
    }


def _walk(
    chord: PlayedChord, root: int, target: int, beats: int, rng: np.random.Generator
) -> list[int]:
    """What follows the root, up to the last note before the target."""
    near = [target - 1, target + 1, target - 2, target + 2, target + 7]
    chances = np.array([0.35, 0.25, 0.1, 0.1, 0.2])
    inside = [pitch in _BASS_RANGE and pitch != root for pitch in near]
    chances = np.where(inside, chances, 0)
    approach = near[int(rng.choice(len(near), p=chances / chances.sum()))]
    arch = int(rng.choice([-6, 0, 6])) if abs(approach - root) > 4 else int(rng.choice([-7, 7]))
    walk: list[int] = []
    last = root
    for beat in range(1, beats - 1):
        way = beat / (beats - 1)
        aim = root + (approach - root) * way + arch * 4 * way * (1 - way)
        low, high = _BASS_RANGE[0], _BASS_RANGE[-1]
        choice = [
            pitch
            for pitch in _BASS_RANGE
            if pitch % 12 in chord.classes[:4] and pitch not in (last, approach)
        ]
        aim = min(max(aim, low), high)
        last = min(choice, key=lambda pitch: (abs(pitch - aim), pitch))
        walk.append(last)
    return [*walk, approach]


def _rootless(chord: PlayedChord) -> tuple[int, ...]:
    """Third, seventh or sixth, fifth, ninth: as far as the chord has them."""
    root = chord.classes[0]
    above = tuple((pitch - root) % 12 for pitch in chord.classes)
    added = _ADDED_TO_TRIAD.get(above)
    # What has no third, or nothing else than one, is played with its root.
    upper = [*above[1:], 0, 0][: max(len(above) - 1, 2)]
    third, fifth, *more = upper if added is None else [*upper, added]
    guides = [third, *more[:1], fifth, *more[1:2]]
    return tuple((root + semitones) % 12 for semitones in dict.fromkeys(guides))


def _whole(chord: PlayedChord) -> tuple[int, ...]:
    return chord.classes[:4]


def _fifth(chord: PlayedChord) -> int | None:
    above = {(pitch - chord.classes[0]) % 12: pitch for pitch in chord.classes}
    return next((above[fifth] for fifth in (7, 6, 8) if fifth in above), None)


def _voicings(chords: Sequence[Sequence[int]], lowest: range) -> list[tuple[int, ...]]:
    """Each chord within the octave that moves least from the chord before."""
    voicings: list[tuple[int, ...]] = []
    for classes in chords:
        choice = [tuple(sorted(base + (pitch - base) % 12 for pitch in classes)) for base in lowest]
        if voicings:
            last = voicings[-1]
            middle = (lowest[0] + lowest[-1]) // 2 + 6
            voicings.append(
                min(
                    choice,
                    key=lambda notes: (
                        _distance(notes, last) + abs(sum(notes) / len(notes) - middle) / 4
                    ),
                )
            )
        else:
            voicings.append(choice[len(choice) // 2])
    return voicings


def _distance(notes: Sequence[int], last: Sequence[int]) -> float:
    return sum(min(abs(note - other) for other in last) for note in notes) / len(notes)


def _strokes(
    rhythm: _Rhythm, chords: Sequence[PlayedChord], beats_per_bar: int, steps: int
) -> Iterator[tuple[int, int, int, int]]:
    """(start, end, number of the chord, number of the stroke since the chord or bar began).

    A chord that comes between two strokes is struck when it comes, and ends what sounds.
    """
    bar = beats_per_bar * _BEAT
    for number, chord in enumerate(chords):
        first = chord.start // bar * bar
        planned = [
            (at + start, at + end)
            for at in range(first, min(chord.end, steps), bar)
            for start, end in rhythm
            if chord.start <= at + start < chord.end
        ]
        if not planned or planned[0][0] > chord.start:
            planned.insert(0, (chord.start, planned[0][0] if planned else chord.end))
        count, in_bar = 0, planned[0][0] // bar
        for start, end in planned:
            count, in_bar = (count, in_bar) if start // bar == in_bar else (0, start // bar)
            yield start, min(end, chord.end, steps), number, count
            count += 1


def _of_bar(
    table: Mapping[int, tuple[_Rhythm, ...]], beats_per_bar: int, rng: np.random.Generator
) -> _Rhythm:
    """One bar's rhythm; a bar that the table has not is filled with the longest that fit."""
    rhythms = table.get(beats_per_bar)
    if rhythms is not None:
        return rhythms[rng.integers(len(rhythms))]
    part = 3 if beats_per_bar % 3 == 0 else 2
    rhythm = table[part][rng.integers(len(table[part]))]
    length = part * _BEAT
    return tuple(
        (at + start, at + end)
        for at in range(0, beats_per_bar * _BEAT - length + 1, length)
        for start, end in rhythm
    )


def _in_force(chords: Sequence[PlayedChord], step: int) -> int | None:
    return next((n for n, chord in enumerate(chords) if chord.start <= step < chord.end), None)


def _struck(voicing: Sequence[int], start: int, end: int) -> list[GridNote]:
    return [GridNote(start=start, pitch=pitch, duration=end - start) for pitch in voicing]


def _nearest(classes: Sequence[int], to: int, within: range) -> int:
    """The pitch of one of the pitch classes that is nearest to a pitch."""
    choice = [pitch for pitch in within if pitch % 12 in classes]
    return min(choice, key=lambda pitch: (abs(pitch - to), pitch))


def _straight(step: int) -> int:
    beat, place = divmod(step, _FINE_BEAT)
    late = _FINE_BEAT * 2 // 3
    if late <= place <= _FINE_BEAT * 3 // 4:
        place = _FINE_BEAT // 2
    elif place < late:
        place = divide_rounded(place * 3, 4)
    else:
        place = _FINE_BEAT // 2 + divide_rounded((place - late) * 3, 2)
    return beat * _FINE_BEAT + place
