"""Scores on the token grid: what the corpora's MIDI and MusicXML files are read into.

All times are time steps of the grid. Bar lines lie on beats: a score that begins with a
fraction of a beat is moved until they do.
"""

import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

import symusic

from firmware.errors import MidiFileError
from firmware.music.timing import divide_rounded
from firmware.music.tokens import TOKEN_ENCODING, GridNote, TokenSpec, written

_STEP_OF_LETTER: Final = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
# Divisible by every number of divisions that a score is likely to have, so that times
# inside of a measure stay integers.
_FINE_PER_BEAT: Final = 10080
_LONGEST_SILENCE_BEATS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One instrument, voice or hand.

    Attributes:
        name: As the file has it.
        notes: In order of start.
        staves: Staves that the instrument is written on.
    """

    name: str
    notes: tuple[GridNote, ...]
    staves: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ChordSymbol:
    """A chord as a lead sheet names it.

    Attributes:
        start: Time step from which it is in force.
        root: Pitch class.
        bass: Pitch class of the lowest note.
        kind: MusicXML's word for it, such as "minor-seventh".
        degrees: What is changed in it: "add", "alter" or "subtract"; the degree; by how many
            semitones.
    """

    start: int
    root: int
    bass: int
    kind: str
    degrees: tuple[tuple[str, int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One piece or movement.

    Attributes:
        name: Corpus and file.
        parts: In the order of the score.
        bars: Time steps of the bar lines that lie on a beat; empty where none are known.
        chords: The chord symbols, in order.
    """

    name: str
    parts: tuple[Part, ...]
    bars: tuple[int, ...]
    chords: tuple[ChordSymbol, ...] = ()

    @property
    def end(self) -> int:
        """The first time step after the last note."""
        return max((note.end for part in self.parts for note in part.notes), default=0)

    @property
    def bar_steps(self) -> int:
        """The most common distance between bar lines; four beats where none are known."""
        distances = Counter(b - a for a, b in pairwise(self.bars))
        return distances.most_common(1)[0][0] if distances else 4 * TOKEN_ENCODING.beat_resolution

    def texture(self, *, spec: TokenSpec = TOKEN_ENCODING) -> list[GridNote]:
        """All parts together, ready for `encode`."""
        notes = (note for part in self.parts for note in part.notes)
        return written(_in_range(notes, spec), spec=spec)


def read_midi_score(path: Path, *, name: str, spec: TokenSpec = TOKEN_ENCODING) -> Score:
    """Read a MIDI file whose beats are the music's beats.

    Raises:
        MidiFileError: If it is no MIDI file.
    """
    try:
        file: Any = symusic.Score(path, ttype="tick")
    except (RuntimeError, ValueError, OSError) as error:
        raise MidiFileError(f"{path.name} cannot be read: {error}") from error
    beat = file.ticks_per_quarter

    def step(tick: int) -> int:
        return divide_rounded(tick * spec.beat_resolution, beat)

    parts = []
    for track in file.tracks:
        if track.is_drum:
            continue
        notes = tuple(
            sorted(
                GridNote(
                    start=step(note.start),
                    pitch=note.pitch,
                    duration=max(step(note.end) - step(note.start), 1),
                )
                for note in track.notes
            )
        )
        if notes:
            parts.append(Part(name=track.name, notes=notes))
    end = max((note.end for part in parts for note in part.notes), default=0)
    lines: list[int] = []
    changes = sorted(file.time_signatures, key=lambda signature: signature.time)
    for number, signature in enumerate(changes):
        until = step(changes[number + 1].time) if number + 1 < len(changes) else end
        bar = divide_rounded(4 * signature.numerator * spec.beat_resolution, signature.denominator)
        lines.extend(range(step(signature.time), until, max(bar, 1)))
    return _on_beats(Score(name=name, parts=tuple(parts), bars=tuple(lines)), spec)


def read_musicxml_score(
    path: Path, *, name: str, by_staff: bool = False, spec: TokenSpec = TOKEN_ENCODING
) -> Score:
    """Read a MusicXML file (`.mxl` or plain), repeats not unfolded, grace notes left out.

    Args:
        path: The file.
        name: The score's name.
        by_staff: Whether each staff of an instrument becomes a part of its own.
        spec: The grid.

    Raises:
        MidiFileError: If it is no partwise MusicXML.
    """
    try:
        root = ElementTree.fromstring(_musicxml_text(path))  # noqa: S314 - the trainer's own files
    except (ElementTree.ParseError, zipfile.BadZipFile, KeyError, OSError) as error:
        raise MidiFileError(f"{path.name} cannot be read: {error}") from error
    if root.tag != "score-partwise":
        raise MidiFileError(f"{path.name} is {root.tag}, not score-partwise")
    names = {
        entry.get("id", ""): entry.findtext("part-name") or ""
        for entry in root.iterfind("part-list/score-part")
    }
    readers = [_PartReader(names.get(part.get("id", ""), "")) for part in root.iterfind("part")]
    lengths: dict[int, int] = defaultdict(int)
    for reader, part in zip(readers, root.iterfind("part"), strict=True):
        for number, measure in enumerate(part.iterfind("measure")):
            lengths[number] = max(lengths[number], reader.read_measure(measure, number))
    starts = [0]
    for number in range(len(lengths)):
        starts.append(starts[-1] + lengths[number])
    bars = tuple(
        divide_rounded(start * spec.beat_resolution, _FINE_PER_BEAT) for start in starts[:-1]
    )
    parts = tuple(
        part for reader in readers for part in reader.parts(starts, spec, by_staff=by_staff)
    )
    chords = (chord for reader in readers for chord in reader.chords(starts, spec))
    score = Score(
        name=name,
        parts=parts,
        bars=bars,
        chords=tuple(sorted(chords, key=lambda chord: chord.start)),
    )
    return _on_beats(score, spec)


def highest_line(notes: Iterable[GridNote]) -> list[GridNote]:
    """The melody of a part: the highest note at each start, ended by the next one."""
    line: list[GridNote] = []
    for note in sorted(notes, key=lambda note: (note.start, -note.pitch)):
        if line and line[-1].start == note.start:
            continue
        # A note under a longer and higher one is accompaniment.
        if line and line[-1].end > note.start and note.pitch < line[-1].pitch - 4:
            continue
        if line and line[-1].end > note.start:
            line[-1] = line[-1]._replace(duration=note.start - line[-1].start)
        line.append(note)
    return line


def without_long_silences(score: Score) -> Score:
    """Take whole bars out of silences, so that a voice's rests do not fill its melody."""
    bar = score.bar_steps
    longest = max(_LONGEST_SILENCE_BEATS * TOKEN_ENCODING.beat_resolution, bar)
    cuts: list[tuple[int, int]] = []
    silent_from = 0
    for note in sorted(note for part in score.parts for note in part.notes):
        spare = (note.start - silent_from - longest) // bar
        if spare > 0:
            cuts.append((silent_from, silent_from + spare * bar))
        silent_from = max(silent_from, note.end)
    if not cuts:
        return score

    def moved(step: int) -> int:
        return step - sum(min(step, until) - start for start, until in cuts if step > start)

    parts = tuple(
        replace(part, notes=tuple(n._replace(start=moved(n.start)) for n in part.notes))
        for part in score.parts
    )
    bars = tuple(sorted({moved(b) for b in score.bars if not any(a < b <= z for a, z in cuts)}))
    chords = tuple(replace(chord, start=moved(chord.start)) for chord in score.chords)
    return _on_beats(replace(score, parts=parts, bars=bars, chords=chords), TOKEN_ENCODING)


class _PartReader:
    """Reads the measures of one MusicXML part."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._divisions = 1
        self._transpose = 0
        self._staves = 1
        # (measure, start in the measure, pitch, duration, tied to the note before, staff), all fine
        self._found: list[tuple[int, int, int, int, bool, int]] = []
        # (measure, symbol with its fine start in the measure)
        self._chords: list[tuple[int, ChordSymbol]] = []

    def read_measure(self, measure: ElementTree.Element, number: int) -> int:
        """Take the notes of a measure; returns its length."""
        now = last_start = longest = 0
        for element in measure:
            if element.tag == "note":
                if element.find("grace") is not None or element.find("cue") is not None:
                    continue
                duration = self._fine(element)
                start = last_start if element.find("chord") is not None else now
                self._take(element, number, start, duration)
                last_start = start
                if element.find("chord") is None:
                    now = start + duration
            elif element.tag == "backup":
                now = max(now - self._fine(element), 0)
            elif element.tag == "forward":
                now += self._fine(element)
            elif element.tag == "attributes":
                self._read_attributes(element)
            elif element.tag == "harmony":
                self._read_harmony(element, number, now)
            longest = max(longest, now)
        return longest

    def parts(self, starts: Sequence[int], spec: TokenSpec, *, by_staff: bool) -> Iterator[Part]:
        """All notes, ties joined, on the grid: one part, or one of each staff that has notes."""
        spans: list[list[int]] = []
        open_at: dict[tuple[int, int], list[int]] = {}
        for measure, start, pitch, duration, tied, staff in self._found:
            at = starts[measure] + start
            span = open_at.pop((pitch, at), None) if tied else None
            if span is None:
                span = [at, pitch, at, staff if by_staff else 1]
                spans.append(span)
            span[2] = at + duration
            open_at[pitch, span[2]] = span
        notes: dict[int, list[GridNote]] = defaultdict(list)
        for begin, pitch, end, staff in spans:
            first, after = (
                divide_rounded(fine * spec.beat_resolution, _FINE_PER_BEAT) for fine in (begin, end)
            )
            notes[staff].append(GridNote(start=first, pitch=pitch, duration=max(after - first, 1)))
        for staff in sorted(notes):
            yield Part(name=self._name, notes=tuple(sorted(notes[staff])), staves=self._staves)

    def chords(self, starts: Sequence[int], spec: TokenSpec) -> Iterator[ChordSymbol]:
        """The chord symbols, on the grid."""
        for measure, chord in self._chords:
            fine = starts[measure] + chord.start
            yield replace(chord, start=divide_rounded(fine * spec.beat_resolution, _FINE_PER_BEAT))

    def _fine(self, element: ElementTree.Element, field: str = "duration") -> int:
        text = element.findtext(field)
        if text is None:
            return 0
        return divide_rounded(round(float(text)) * _FINE_PER_BEAT, self._divisions)

    def _take(self, note: ElementTree.Element, measure: int, start: int, duration: int) -> None:
        pitch = note.find("pitch")
        if pitch is None or duration <= 0:
            return
        letter = pitch.findtext("step") or "C"
        octave = int(pitch.findtext("octave") or 4)
        alter = round(float(pitch.findtext("alter") or 0))
        number = 12 * (octave + 1) + _STEP_OF_LETTER[letter] + alter + self._transpose
        tied = any(tie.get("type") == "stop" for tie in note.iterfind("tie"))
        staff = int(note.findtext("staff") or 1)
        self._found.append((measure, start, number, duration, tied, staff))

    def _read_harmony(self, harmony: ElementTree.Element, measure: int, now: int) -> None:
        root = self._pitch_class(harmony, "root")
        if root is None:
            return
        bass = self._pitch_class(harmony, "bass")
        symbol = ChordSymbol(
            start=now + self._fine(harmony, "offset"),
            root=root,
            bass=root if bass is None else bass,
            kind=harmony.findtext("kind") or "",
            degrees=tuple(
                (
                    degree.findtext("degree-type") or "",
                    int(degree.findtext("degree-value") or 0),
                    round(float(degree.findtext("degree-alter") or 0)),
                )
                for degree in harmony.iterfind("degree")
            ),
        )
        self._chords.append((measure, symbol))

    def _pitch_class(self, harmony: ElementTree.Element, of: str) -> int | None:
        letter = harmony.findtext(f"{of}/{of}-step")
        if letter not in _STEP_OF_LETTER:
            return None
        alter = round(float(harmony.findtext(f"{of}/{of}-alter") or 0))
        return (_STEP_OF_LETTER[letter] + alter + self._transpose) % 12

    def _read_attributes(self, attributes: ElementTree.Element) -> None:
        divisions = attributes.findtext("divisions")
        if divisions is not None:
            self._divisions = round(float(divisions))
        staves = attributes.findtext("staves")
        if staves is not None:
            self._staves = max(self._staves, int(staves))
        transpose = attributes.find("transpose")
        if transpose is not None:
            chromatic = round(float(transpose.findtext("chromatic") or 0))
            self._transpose = chromatic + 12 * int(transpose.findtext("octave-change") or 0)


def _musicxml_text(path: Path) -> bytes:
    if not zipfile.is_zipfile(path):
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        names = [n for n in archive.namelist() if n.endswith((".xml", ".musicxml"))]
        scores = [n for n in names if not n.startswith("META-INF")]
        if not scores:
            raise MidiFileError(f"{path.name} holds no score")
        return archive.read(scores[0])


def _on_beats(score: Score, spec: TokenSpec) -> Score:
    """Move a score later until most bar lines lie on a beat, then keep those that do."""
    beat = spec.beat_resolution
    phases = Counter(-bar % beat for bar in score.bars)
    shift = phases.most_common(1)[0][0] if phases else 0
    parts = tuple(
        replace(part, notes=tuple(n._replace(start=n.start + shift) for n in part.notes))
        for part in score.parts
    )
    bars = sorted({bar + shift for bar in score.bars if (bar + shift) % beat == 0})
    chords = tuple(replace(chord, start=chord.start + shift) for chord in score.chords)
    return Score(name=score.name, parts=parts, bars=tuple(bars), chords=chords)


def _in_range(notes: Iterable[GridNote], spec: TokenSpec) -> Iterable[GridNote]:
    return (note for note in notes if spec.lowest_pitch <= note.pitch <= spec.highest_pitch)
