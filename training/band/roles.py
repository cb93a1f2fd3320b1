"""Who plays what: the tracks of a piece become melody, bass, harmony and counter.

A track tells by its program, its name, how high it lies, how many of its notes sound at once
and how it moves. Each role is chosen in this order, from what the ones before have left:

* a track that plays what another one plays (doubled, or as its echo) is left out, and so is
  what has no pitch to speak of (drums that are tuned, noises); a phrase in which a track goes
  with the melody in octaves is left out too;
* bass: the tracks of General MIDI's bass programs, or the lowest one that plays single notes,
  or the lowest notes of the lowest chords; one note at a time;
* melody: in every phrase of four bars the piece's first lead, while it plays in two of them;
  where it is silent, the best of the other leads that does, so that there is a melody most of
  the time. Of a lead that plays chords the melody is the highest line, and the notes under it
  are harmony. A lead is somebody else's accompaniment where it does not lead;
* counter: of those that play lines or sustained layers the leads and the two that move most
  like a melody; harmony: the others, and who plays chords. In a phrase in which one of the two
  would have nobody and the other has several, it is given the most fitting of them.
"""

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from firmware.errors import ContinuoError
from firmware.music.band import BandNote, Role
from firmware.music.tokens import GridNote
from training.band.layers import MOST_NOTES, layer, lowest_line, without_doubles
from training.scores import highest_line

PHRASE_BARS: Final = 4

_BASS_PROGRAMS: Final = range(32, 40)
# Timpani; agogo, woodblock, taiko, tuned toms, cymbals backwards; noises.
_NO_PITCH: Final = frozenset({47, 113, *range(115, 128)})
# Strings, choirs and the synthesizers' pads: layers rather than strokes.
_PADS: Final = frozenset({*range(48, 55), *range(88, 104)})
_CHORDAL: Final = frozenset({*range(32), 46, 104, 105, 106, 107})
_LEAD_NAME: Final = re.compile(
    r"\b(mel|melod\w*|lead\w*|vocals?|voice|vox|solo\w*|sing\w*)\b", re.I
)
_NO_LEAD_NAME: Final = re.compile(
    r"\b(ba[sx]s?|rhy\w*|rythm|chords?|pads?|backing|comp\w*|acc\w*|arp\w*|echo|delay|drone)\b",
    re.I,
)
_BASS_NAME: Final = re.compile(r"\b(bass|base|bas|contrabass)\b", re.IGNORECASE)
# How likely the programs of a family of eight are to lead, beside what their notes say.
_LEADS_BY_FAMILY: Final = (
    *(1.0, 1.0, 0.9, 0.9),  # pianos, mallets, organs, guitars
    *(0.5, 1.0, 0.7, 1.15),  # basses, solo strings, ensembles, brass
    *(1.25, 1.25, 1.3, 0.5),  # reeds, pipes, synthesizer leads, pads
    *(0.5, 0.9, 0.5, 0.1),  # effects, folk, percussive, noises
)
_LATEST_ECHO: Final = 3
_DOUBLED: Final = 0.8
_HIGHEST_BASS: Final = 55
_SPLIT_PITCH: Final = 52
_FEWEST_NOTES: Final = 8
_WORST_LEAD: Final = 0.1
_COUNTERS: Final = 2
_CHORDS: Final = 1.5  # notes that sound at once, on average


class NoBandError(ContinuoError, ValueError):
    """Music in which no melody with a band around it was found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GridTrack:
    """One instrument of a piece.

    Attributes:
        name: As the file has it.
        program: General MIDI program.
        notes: In order of start; of no drums.
    """

    name: str
    program: int
    notes: tuple[GridNote, ...]

    @property
    def height(self) -> float:
        """Mean pitch."""
        return sum(note.pitch for note in self.notes) / len(self.notes)

    @property
    def polyphony(self) -> float:
        """How many notes sound where any do."""
        covered = {step for note in self.notes for step in range(note.start, note.end)}
        return sum(note.duration for note in self.notes) / len(covered)


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """The notes of a piece by role.

    Attributes:
        notes: Of the pitched roles, in order of start.
        led: For each phrase of four bars whether somebody has the melody in it.
    """

    notes: tuple[BandNote, ...]
    led: tuple[bool, ...]


def assign_roles(tracks: Sequence[GridTrack], *, bar: int, bars: int) -> Roles:
    """Find out who plays what.

    Args:
        tracks: Of a piece in one metre, without the drums.
        bar: Time steps of a bar.
        bars: How many bars it has.

    Raises:
        NoBandError: If there is no bass, no melody, or nothing beside them.
    """
    rest = _without_doubled_tracks(
        [t for t in tracks if t.program not in _NO_PITCH and len(t.notes) >= _FEWEST_NOTES]
    )
    bass, rest = _bass(rest)
    if not bass:
        raise NoBandError("no bass was found", remedy="it needs a track of low single notes")
    values = [_melodic(track, bar=bar) * _program_and_name(track) for track in rest]
    leading = _leading(rest, _leads(rest, values, bar=bar, bars=bars), bar=bar, bars=bars)
    if all(lead is None for lead in leading):
        raise NoBandError(
            "no melody was found", remedy="it needs a track of single notes in a middle register"
        )
    melody, counter, harmony = _parted(rest, values, leading, bass, bar=bar)
    if not counter and not harmony:
        raise NoBandError(
            "nothing plays beside melody and bass", remedy="it needs a track of chords or a line"
        )
    layers = {
        Role.MELODY: melody,
        Role.BASS: bass,
        Role.HARMONY: harmony,
        Role.COUNTER: counter,
    }
    notes = [
        BandNote(role, note.start, note.end, note.pitch)
        for role, line in layers.items()
        for note in line
    ]
    return Roles(
        notes=tuple(sorted(notes, key=lambda note: (note.start, note.role, note.pitch))),
        led=tuple(lead is not None for lead in leading),
    )


def _parted(
    tracks: Sequence[GridTrack],
    values: Sequence[float],
    leading: Sequence[int | None],
    bass: Sequence[GridNote],
    *,
    bar: int,
) -> tuple[list[GridNote], list[GridNote], list[GridNote]]:
    """Melody, counter and harmony, phrase by phrase."""
    counters = _counters(tracks, values, set(leading))
    melody: list[GridNote] = []
    counter: list[GridNote] = []
    harmony: list[GridNote] = []
    for number, lead in enumerate(leading):
        start = number * PHRASE_BARS * bar
        phrase = [_within(track, start, start + PHRASE_BARS * bar) for track in tracks]
        led = phrase[lead] if lead is not None else []
        line = highest_line(led)
        melody += line
        harmony += without_doubles(led, line, octaves=True)
        others = [
            track
            for track, notes in enumerate(phrase)
            if notes and track != lead and not _double(notes, line)
        ]
        lines = {
            track for track in counters.intersection(others) if not _double(phrase[track], bass)
        }
        playing = _balanced(lines, others, tracks, values)
        for track in others:
            (counter if track in playing else harmony).extend(phrase[track])
    counter = layer(counter, at_once=MOST_NOTES[Role.COUNTER])
    harmony = layer(without_doubles(harmony, counter), at_once=MOST_NOTES[Role.HARMONY])
    # A lead's last note may reach into the next lead's phrase.
    return highest_line(melody), counter, harmony


def _without_doubled_tracks(tracks: Sequence[GridTrack]) -> list[GridTrack]:
    kept: list[GridTrack] = []
    for track in sorted(tracks, key=lambda track: -len(track.notes)):
        if not any(_doubles(track, other) for other in kept):
            kept.append(track)
    order = {id(track): number for number, track in enumerate(tracks)}
    return sorted(kept, key=lambda track: order[id(track)])


def _double(notes: Sequence[GridNote], line: Sequence[GridNote]) -> bool:
    """Whether most notes go with a line, at whatever octave."""
    return len(without_doubles(notes, line, octaves=True)) < (1 - _DOUBLED) * len(notes)


def _doubles(track: GridTrack, other: GridTrack) -> bool:
    """Whether most of a track is in another one: as it is, later, or an octave away."""
    # Basses double guitars, and are needed.
    octaves = (-12, 0, 12) if min(track.height, other.height) > _SPLIT_PITCH else (0,)
    there = {(note.start, note.pitch) for note in other.notes}
    most = max(
        sum((note.start + later, note.pitch + up) in there for note in track.notes)
        for later in range(-_LATEST_ECHO, _LATEST_ECHO + 1)
        for up in octaves
    )
    return most >= _DOUBLED * len(track.notes)


def _bass(tracks: Sequence[GridTrack]) -> tuple[list[GridNote], list[GridTrack]]:
    """The bass line, and the tracks that are left."""

    def split(chosen: Callable[[GridTrack], bool]) -> tuple[list[GridNote], list[GridTrack]]:
        line = lowest_line(note for track in tracks if chosen(track) for note in track.notes)
        return line, [track for track in tracks if not chosen(track)]

    low = [track for track in tracks if track.height < _HIGHEST_BASS]
    if any(_is_bass(track) for track in low):
        return split(lambda track: track.height < _HIGHEST_BASS and _is_bass(track))
    single = [track for track in low if track.polyphony < 1.5 and track.height < _SPLIT_PITCH]
    if single:
        lowest = min(single, key=lambda track: track.height)
        return split(lambda track: track is lowest)
    wide = [track for track in tracks if _low_notes(track) >= _FEWEST_NOTES]
    if not wide:
        return [], list(tracks)
    lowest = max(wide, key=lambda track: (track.program in _CHORDAL, _low_notes(track)))
    line = lowest_line(note for note in lowest.notes if note.pitch < _SPLIT_PITCH)
    upper = tuple(note for note in lowest.notes if note.pitch >= _SPLIT_PITCH)
    left = [
        GridTrack(name=t.name, program=t.program, notes=upper if t is lowest else t.notes)
        for t in tracks
    ]
    return line, [track for track in left if len(track.notes) >= _FEWEST_NOTES]


def _is_bass(track: GridTrack) -> bool:
    return track.program in _BASS_PROGRAMS or bool(_BASS_NAME.search(track.name))


def _low_notes(track: GridTrack) -> int:
    return sum(note.pitch < _SPLIT_PITCH for note in track.notes)


def _leads(
    tracks: Sequence[GridTrack], values: Sequence[float], *, bar: int, bars: int
) -> list[int]:
    """The tracks that may lead: the one whose piece it is, then the others, the best first."""

    def worth(number: int) -> float:
        active = len({note.start // bar for note in tracks[number].notes}) / bars
        return float(values[number] * active**0.5)

    able = [number for number, value in enumerate(values) if value >= _WORST_LEAD]
    first = max(able, key=worth, default=None)
    return sorted(able, key=lambda number: (number == first, values[number]), reverse=True)


def _program_and_name(track: GridTrack) -> float:
    value = _LEADS_BY_FAMILY[track.program // 8]
    if _LEAD_NAME.search(track.name):
        return 2 * value
    return value / 2 if _NO_LEAD_NAME.search(track.name) else value


def _melodic(track: GridTrack, *, bar: int) -> float:
    """0..1: single notes of a singable register that move by steps and do not go in circles."""
    line = highest_line(track.notes)
    moves = [abs(b.pitch - a.pitch) for a, b in pairwise(line)] or [0]
    steps = sum({1: 1.0, 2: 1.0, 3: 0.7, 4: 0.7, 5: 0.5, 7: 0.4}.get(move, 0.0) for move in moves)
    height = sum(note.pitch for note in line) / len(line)
    out_of_reach = max(57 - height, height - 84, 0.0)
    # Of two voices that move alike the upper one is heard.
    upper = min(max((height - 57) / 20, 0.0), 1.0)
    shapes = Counter(_bar_shapes(line, bar=bar))
    variety = len(shapes) / sum(shapes.values())
    a_bar = len(line) / sum(shapes.values())
    beats = bar / 4
    haste = max(a_bar / beats - 2.5, 0.0) + max(0.4 - a_bar / beats, 0.0) * 3
    return float(
        (0.2 + 0.8 * steps / len(moves))
        * (0.3 + 0.7 * variety)
        * (0.7 + 0.3 * upper)
        / track.polyphony**1.2
        * 2 ** (-out_of_reach / 5)
        * 2**-haste
    )


def _bar_shapes(line: Sequence[GridNote], *, bar: int) -> list[tuple[tuple[int, int], ...]]:
    """What is played in each bar that has notes, from its first pitch on."""
    inside: dict[int, list[GridNote]] = defaultdict(list)
    for note in line:
        inside[note.start // bar].append(note)
    return [
        tuple((note.start % bar, note.pitch - notes[0].pitch) for note in notes)
        for notes in inside.values()
    ]


def _leading(
    tracks: Sequence[GridTrack], leads: Sequence[int], *, bar: int, bars: int
) -> list[int | None]:
    """Which track leads in each phrase."""
    played = [{note.start // bar for note in track.notes} for track in tracks]
    found: list[int | None] = []
    for first in range(0, bars, PHRASE_BARS):
        phrase = range(first, min(first + PHRASE_BARS, bars))
        # Two bars of four; of a shorter last phrase, half.
        enough = -(-len(phrase) // 2)
        active = (lead for lead in leads if len(played[lead].intersection(phrase)) >= enough)
        found.append(next(active, None))
    return found


def _counters(
    tracks: Sequence[GridTrack], values: Sequence[float], leads: Collection[int | None]
) -> set[int]:
    """The tracks that are counter rather than harmony: the leads, and the two best others."""
    lines = [
        number
        for number, track in enumerate(tracks)
        if track.polyphony < _CHORDS or track.program in _PADS
    ]
    others = [number for number in lines if number not in leads]
    others.sort(key=lambda number: values[number], reverse=True)
    return {*others[:_COUNTERS], *(number for number in lines if number in leads)}


def _balanced(
    counters: set[int], playing: Sequence[int], tracks: Sequence[GridTrack], values: Sequence[float]
) -> set[int]:
    """Who is counter in a phrase: where two or more play, neither nobody nor everybody."""
    if len(playing) < 2:
        return counters
    if not counters:
        return {max(playing, key=lambda number: values[number])}
    if len(counters) == len(playing):
        chords = max(counters, key=lambda n: (round(tracks[n].polyphony, 1), -values[n]))
        return counters - {chords}
    return counters


def _within(track: GridTrack, start: int, end: int) -> list[GridNote]:
    """The notes that begin in a phrase."""
    first, last = (
        bisect_left(track.notes, step, key=lambda note: note.start) for step in (start, end)
    )
    return list(track.notes[first:last])
