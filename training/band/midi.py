"""One MIDI file becomes pieces of a band, each in one metre, or a refusal that says why.

The file's beats must be the music's beats. Swung eighths are written straight (see
`straightened`). The General MIDI percussion keys become the nine drums of the encoding.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import symusic
from numpy.typing import NDArray

from firmware.errors import MidiFileError
from firmware.music.band import BAND_ENCODING, BandNote, BandSpec, Role
from firmware.music.tokens import GridNote
from training.band.layers import FEWEST_BARS
from training.band.roles import PHRASE_BARS, GridTrack, NoBandError, Roles, assign_roles
from training.band.shards import BandPiece

_LONGEST_BAR_BEATS: Final = 8
_ALIGNED: Final = 0.35
_PARTS_OF_A_BEAT: Final = (1, 2, 3, 4)
_NEAR: Final = 0.06

Beats = NDArray[np.float64]
"""(n,), quarter notes."""

DRUM_OF_KEY: Final[Mapping[int, int]] = MappingProxyType(
    {
        # Kicks.
        **dict.fromkeys((35, 36), 36),
        # Side stick, snares, hand clap.
        **dict.fromkeys((37, 38, 39, 40), 38),
        # Hi-hat closed and by pedal; tambourine, cabasa, maracas and shaker keep its time.
        **dict.fromkeys((42, 44, 54, 69, 70, 82), 42),
        46: 46,
        # Floor toms and low tom, low timbale, low conga.
        **dict.fromkeys((41, 43, 45, 64, 66), 45),
        # Middle toms, low bongo, open high conga.
        **dict.fromkeys((47, 48, 61, 63), 47),
        # High tom, high bongo, muted high conga, high timbale.
        **dict.fromkeys((50, 60, 62, 65), 50),
        # Crashes, china, splash.
        **dict.fromkeys((49, 52, 55, 57), 49),
        # Rides, ride bell, cowbell.
        **dict.fromkeys((51, 53, 56, 59), 51),
    }
)
"""Which of `BandSpec.drums` stands for a General MIDI percussion key.

Whistles, agogos, blocks, scrapers, triangles and bells have none.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Metre:
    """A stretch of a file in one metre, in quarter notes from the beginning of the file."""

    start: float
    end: float
    beats_per_bar: float


def read_band_midi(
    path: Path,
    *,
    corpus: str,
    name: str,
    genre: str,
    drums: bool = True,
    spec: BandSpec = BAND_ENCODING,
) -> tuple[BandPiece, ...]:
    """Read the bands of a MIDI file.

    A file is cut where its metre changes and where nobody has a melody for more than four bars;
    pieces that are shorter than eight bars are left out. 6/8 counts as three quarter notes;
    metres that are no whole number of them, such as 7/8, are left out.

    Args:
        path: The file.
        corpus: Name of the corpus.
        name: Name of the file's pieces; where there are several, `#2` and so on is added.
        genre: Name of the genre.
        drums: Whether the genre has drums; else those of the file are left out.
        spec: The encoding.

    Returns:
        At least one piece.

    Raises:
        MidiFileError: If it is no MIDI file.
        NoBandError: If no piece is found; its message says what is missing.
    """
    file = _opened(path)
    found: list[BandPiece] = []
    refusal: NoBandError | None = None
    # The longest first: its refusal is the file's.
    for metre in sorted(_metres(file), key=lambda metre: metre.start - metre.end):
        try:
            found.extend(
                _pieces(file, metre, corpus=corpus, name=name, genre=genre, drums=drums, spec=spec)
            )
        except NoBandError as error:
            refusal = refusal or error
    if refusal is not None and not found:
        raise NoBandError(f"{path.name}: {refusal.message}", remedy=refusal.remedy)
    return tuple(
        replace(piece, name=f"{name}#{number}" if number > 1 else name)
        for number, piece in enumerate(found, start=1)
    )


def swung(beats: Beats) -> bool:
    """Whether a piece swings: its off-beats lie at two thirds of a beat, not at half of it.

    Args:
        beats: (n,) where its notes begin, in quarter notes.
    """
    if not len(beats):
        return False
    place = beats % 1.0
    late = np.mean(np.abs(place - 2 / 3) < _NEAR)
    half = np.mean(np.abs(place - 1 / 2) < _NEAR)
    return bool(late >= 0.03 and late > 2 * half)


def straightened(beats: Beats) -> Beats:
    """Write swung quarter notes straight: what lies at two thirds of a beat moves to its half."""
    whole, place = np.floor(beats), beats % 1.0
    return whole + np.where(place <= 2 / 3, place * 3 / 4, 1 / 2 + (place - 2 / 3) * 3 / 2)


def drum_notes(
    keys: Iterable[tuple[int, int]], *, spec: BandSpec = BAND_ENCODING
) -> Iterator[BandNote]:
    """Drums of the encoding, one time step long.

    Args:
        keys: Time step and General MIDI percussion key of each stroke.
        spec: The encoding.
    """
    struck = {(at, spec.drums.index(DRUM_OF_KEY[key])) for at, key in keys if key in DRUM_OF_KEY}
    for start, drum in sorted(struck):
        yield BandNote(Role.DRUMS, start, start + 1, drum)


def _opened(path: Path) -> Any:
    try:
        return symusic.Score(path, ttype="tick")
    except (RuntimeError, ValueError, OSError) as error:
        raise MidiFileError(f"{path.name} cannot be read: {error}") from error


def _metres(file: Any) -> list[_Metre]:
    """Stretches of one metre; four quarter notes where the file says nothing."""
    quarter = file.ticks_per_quarter
    end = file.end() / quarter
    found: list[_Metre] = []
    for sign in sorted(file.time_signatures, key=lambda sign: sign.time):
        start, bar = sign.time / quarter, 4 * sign.numerator / max(sign.denominator, 1)
        if found and found[-1].beats_per_bar == bar and not (start - found[-1].start) % bar:
            continue
        if found:
            found[-1] = replace(found[-1], end=start)
        found.append(_Metre(start=start, end=end, beats_per_bar=bar))
    if not found or found[0].start > 0:
        until = found[0].start if found else end
        found.insert(0, _Metre(start=0.0, end=until, beats_per_bar=4.0))
    return [metre for metre in found if metre.end > metre.start] or found[:1]


def _pieces(
    file: Any,
    metre: _Metre,
    *,
    corpus: str,
    name: str,
    genre: str,
    drums: bool,
    spec: BandSpec,
) -> list[BandPiece]:
    """The pieces of one stretch.

    Raises:
        NoBandError: If there are none.
    """
    if metre.beats_per_bar % 1 or not 2 <= metre.beats_per_bar <= _LONGEST_BAR_BEATS:
        raise NoBandError(
            f"a bar of {metre.beats_per_bar:g} quarter notes cannot be used",
            remedy=f"it needs a whole number of them, 2 to {_LONGEST_BAR_BEATS}",
        )
    bar = int(metre.beats_per_bar) * spec.beat_resolution
    tracks, strokes = _on_grid(file, metre, spec)
    last = max((note.start for track in tracks for note in track.notes), default=-1)
    bars = last // bar + 1
    if bars < FEWEST_BARS:
        raise NoBandError(f"it has {bars} bars of one metre", remedy=f"it needs {FEWEST_BARS}")
    roles = assign_roles(tracks, bar=bar, bars=bars)
    notes = [*roles.notes, *(drum_notes(strokes, spec=spec) if drums else ())]
    found = [
        BandPiece(
            corpus=corpus,
            name=name,
            genre=genre,
            notes=tuple(_between(notes, stretch.start * bar, stretch.stop * bar)),
            beats_per_bar=int(metre.beats_per_bar),
            steps=len(stretch) * bar,
        )
        for stretch in _stretches_with_melody(roles, bar=bar, bars=bars)
    ]
    found = [piece for piece in found if _is_band(piece)]
    if not found:
        raise NoBandError(
            f"melody and band are nowhere together for {FEWEST_BARS} bars",
            remedy="it needs a melody, a bass and another part that play at the same time",
        )
    return found


def _on_grid(
    file: Any, metre: _Metre, spec: BandSpec
) -> tuple[list[GridTrack], list[tuple[int, int]]]:
    """Pitched tracks, and time step and key of each drum stroke, from a stretch's first bar on.

    Raises:
        NoBandError: If the notes do not keep to the beats.
    """
    arrays = [(track, track.notes.numpy()) for track in file.tracks if track.notes]

    quarter = float(file.ticks_per_quarter)

    def beats(ticks: NDArray[np.int32]) -> Beats:
        return ticks / quarter - metre.start

    onsets = np.concatenate([beats(notes["time"]) for _, notes in arrays] or [np.zeros(0)])
    onsets = onsets[(onsets >= 0) & (onsets < metre.end - metre.start)]
    if not _keeps_to_beats(onsets):
        raise NoBandError("its notes keep to no beats", remedy="quantize it to its own beats")
    written = straightened if swung(onsets) else lambda beats: beats
    end = int((metre.end - metre.start) * spec.beat_resolution)

    def steps(ticks: NDArray[np.int32]) -> NDArray[np.int64]:
        return np.floor(written(beats(ticks)) * spec.beat_resolution + 0.5).astype(np.int64)

    tracks: list[GridTrack] = []
    strokes: list[tuple[int, int]] = []
    for track, notes in arrays:
        starts = steps(notes["time"])
        ends = np.maximum(steps(notes["time"] + notes["duration"]), starts + 1)
        inside = (starts >= 0) & (starts < end)
        rows = zip(
            *(array[inside].tolist() for array in (starts, ends, notes["pitch"])), strict=True
        )
        if track.is_drum:
            strokes += [(start, pitch) for start, _, pitch in rows]
        elif inside.any():
            found = [GridNote(start, pitch, end - start) for start, end, pitch in rows]
            tracks.append(
                GridTrack(name=track.name, program=track.program, notes=tuple(_apart(found)))
            )
    return tracks, strokes


def _apart(notes: Sequence[GridNote]) -> list[GridNote]:
    """Notes in order, ended where the next begins if they only reach a sixteenth into it."""
    starts = sorted({note.start for note in notes})
    found = []
    for note in sorted(notes):
        after = bisect_left(starts, max(note.end - 1, note.start + 1))
        if after < len(starts) and starts[after] < note.end:
            found.append(note._replace(duration=starts[after] - note.start))
        else:
            found.append(note)
    return found


def _keeps_to_beats(onsets: Beats) -> bool:
    """Whether notes begin near the same places of a beat, or of a part of it."""
    if not len(onsets):
        return True
    phases = np.exp(2j * np.pi * np.outer(_PARTS_OF_A_BEAT, onsets))
    return bool(np.abs(phases.mean(axis=1)).max() >= _ALIGNED)


def _stretches_with_melody(roles: Roles, *, bar: int, bars: int) -> Iterator[range]:
    """Bars, from the first to the last of phrases that are led; one that is not may be between."""
    led = [number for number, is_led in enumerate(roles.led) if is_led]
    sounding = max(note.end for note in roles.notes)
    # Nothing is kept of a last bar into which notes only ring.
    bars = min(bars, -(-sounding // bar))
    first = 0
    for at, number in enumerate(led):
        if at + 1 < len(led) and led[at + 1] - number <= 2:
            continue
        stretch = range(led[first] * PHRASE_BARS, min((number + 1) * PHRASE_BARS, bars))
        first = at + 1
        if len(stretch) >= FEWEST_BARS:
            yield stretch


def _between(notes: Iterable[BandNote], start: int, end: int) -> Iterator[BandNote]:
    """Notes that begin in a stretch, cut at its end, in its own time steps."""
    for note in notes:
        if start <= note.start < end:
            yield note._replace(start=note.start - start, end=min(note.end, end) - start)


def _is_band(piece: BandPiece) -> bool:
    roles = {note.role for note in piece.notes}
    return {Role.MELODY, Role.BASS} <= roles and bool(roles & {Role.HARMONY, Role.COUNTER})
