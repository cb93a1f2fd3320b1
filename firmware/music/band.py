"""How a melody and the band around it become tensors: the one encoder of training and device.

The melody is moved to its home key (`home_key`) and the band plays there; what it plays is moved
back. Music is cut into windows of four beats times four. What the band played in the four beats
before a window is known to the model, so that consecutive windows belong together.

Letters: S time steps of a piece, T of a window, K known ones before it, P pitches, D drums,
R planes of the pitched roles (two a role), F features of a time step.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from firmware.music.fingerprint import fingerprint_of

_OCTAVE: Final = 12

Cell = TypeVar("Cell", np.bool_, np.float32)


class Role(StrEnum):
    """Who plays."""

    MELODY = "melody"
    BASS = "bass"
    HARMONY = "harmony"  # chords: the hand that comps, the middle of the strings
    COUNTER = "counter"  # a second line or layer: a countermelody, a pad, an upper voice
    DRUMS = "drums"


PITCHED_ROLES: Final = (Role.BASS, Role.HARMONY, Role.COUNTER)
"""The roles of the band that have pitches, in the order of their planes."""


class BandNote(NamedTuple):
    """A note on the grid of `BandSpec`.

    Attributes:
        role: Who plays it.
        start: Its first time step.
        end: The time step after its last one.
        pitch: MIDI pitch; of drums the index into `BandSpec.drums`.
    """

    role: Role
    start: int
    end: int
    pitch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BandSpec:
    """Everything that training and device must agree on about a model's tensors.

    Attributes:
        name: What kind of encoding it is.
        version: Raised when the meaning of a plane changes.
        beat_resolution: Time steps per quarter note.
        time_steps: T.
        known_steps: K.
        pitches: P, rows of the rolls.
        lowest_pitches: MIDI pitch of row 0 by role; they differ by octaves, so that a row has
            the same pitch class in all roles.
        drums: General MIDI percussion keys of the rows of the drums' roll.
        features: Names of the features of a time step, in order.
        genre_slots: Most genres that one model can tell apart.
        noise_shape: Segments of a window, the first of which is for all of it, and numbers a
            segment.
    """

    name: str
    version: int
    beat_resolution: int
    time_steps: int
    known_steps: int
    pitches: int
    lowest_pitches: tuple[tuple[Role, int], ...]
    drums: tuple[int, ...]
    features: tuple[str, ...]
    genre_slots: int
    noise_shape: tuple[int, int]

    @property
    def planes(self) -> int:
        """R: of each pitched role whether a pitch sounds, and whether it is struck."""
        return 2 * len(PITCHED_ROLES)

    def lowest_pitch(self, role: Role) -> int:
        """MIDI pitch of a role's row 0."""
        return dict(self.lowest_pitches)[role]

    def row(self, role: Role, pitch: int) -> int:
        """A pitch's row, an octave or more away where the roll does not reach it."""
        row = pitch - self.lowest_pitch(role)
        if row < 0:
            return row % 12
        if row >= self.pitches:
            return self.pitches - 12 + (row - self.pitches) % 12
        return row

    def bars(self, beats_per_bar: int) -> int:
        """Whole bars of a window; 0 where a bar is longer than that."""
        return self.time_steps // (beats_per_bar * self.beat_resolution)

    def hop(self, beats_per_bar: int) -> int:
        """Time steps from one window of a piece to the next: whole bars where they fit."""
        return self.bars(beats_per_bar) * beats_per_bar * self.beat_resolution or self.time_steps

    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that differ when anything above differs."""
        return fingerprint_of(self)


BAND_ENCODING: Final = BandSpec(
    name="band-rolls",
    version=2,
    beat_resolution=4,
    time_steps=64,
    known_steps=16,
    pitches=64,
    lowest_pitches=((Role.MELODY, 36), (Role.BASS, 24), (Role.HARMONY, 36), (Role.COUNTER, 36)),
    # Kick, snare, closed and open hi-hat, low, middle and high tom, crash, ride.
    drums=(36, 38, 42, 46, 45, 47, 50, 49, 51),
    # In the piece; on a bar line, a beat, half a beat; heard before; in the last bar.
    features=("inside", "downbeat", "beat", "half_beat", "known", "ending"),
    genre_slots=8,
    noise_shape=(5, 32),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BandRolls:
    """A piece on the grid.

    Attributes:
        melody: (S, P, 2) bool: sounding, struck.
        band: (S, P, R) bool: sounding and struck of bass, harmony and counter.
        drums: (S, D) bool: struck.
        beats_per_bar: Quarter notes a bar; a bar line is at step 0.
    """

    melody: NDArray[np.bool_]
    band: NDArray[np.bool_]
    drums: NDArray[np.bool_]
    beats_per_bar: int

    @property
    def steps(self) -> int:
        """S."""
        return len(self.melody)


def band_rolls(
    notes: Iterable[BandNote],
    *,
    beats_per_bar: int,
    steps: int | None = None,
    spec: BandSpec = BAND_ENCODING,
) -> BandRolls:
    """Put a piece on the grid; a role plays each pitch once at a time.

    Args:
        notes: Of all roles, in any order; what lies beyond the end is left out.
        beats_per_bar: Quarter notes a bar.
        steps: S; by default up to the end of the bar in which the last note ends.
        spec: The encoding.
    """
    found = sorted(notes, key=lambda note: (note.start, note.pitch, note.end))
    if steps is None:
        bar = beats_per_bar * spec.beat_resolution
        steps = -(-max((note.end for note in found), default=0) // bar) * bar
    melody = np.zeros((steps, spec.pitches, 2), dtype=np.bool_)
    band = np.zeros((steps, spec.pitches, spec.planes), dtype=np.bool_)
    drums = np.zeros((steps, len(spec.drums)), dtype=np.bool_)
    for note in found:
        if note.start >= steps:
            continue
        if note.role is Role.DRUMS:
            drums[note.start, note.pitch] = True
            continue
        planes = melody
        if note.role is not Role.MELODY:
            first = 2 * PITCHED_ROLES.index(note.role)
            planes = band[:, :, first : first + 2]
        row = spec.row(note.role, note.pitch)
        # What is struck again ends there.
        planes[note.start :, row] = False
        planes[note.start : note.end, row, 0] = True
        planes[note.start, row, 1] = True
    return BandRolls(melody=melody, band=band, drums=drums, beats_per_bar=beats_per_bar)


def band_notes(
    band: NDArray[np.bool_], drums: NDArray[np.bool_], *, spec: BandSpec = BAND_ENCODING
) -> list[BandNote]:
    """Read the band's rolls as notes; what sounds without having been struck counts as struck.

    Args:
        band: (S, P, R).
        drums: (S, D).
        spec: The encoding.

    Returns:
        In order of start. A drum's note is one time step long.
    """
    found: list[BandNote] = []
    for number, role in enumerate(PITCHED_ROLES):
        sounding, struck = band[:, :, 2 * number], band[:, :, 2 * number + 1]
        before = np.zeros_like(sounding)
        before[1:] = sounding[:-1]
        starts = sounding & (struck | ~before)
        for row in np.flatnonzero(starts.any(axis=0)).tolist():
            # Every change ends what sounded before it.
            silent = np.flatnonzero(~sounding[:, row])
            begun = np.flatnonzero(starts[:, row])
            edges = np.sort(np.concatenate([silent, begun, [len(sounding)]]))
            ends = edges[np.searchsorted(edges, begun, side="right")]
            pitch = row + spec.lowest_pitch(role)
            found += [
                BandNote(role, start, end, pitch)
                for start, end in zip(begun.tolist(), ends.tolist(), strict=True)
            ]
    found += [
        BandNote(Role.DRUMS, start, start + 1, drum)
        for start, drum in zip(*(axis.tolist() for axis in np.nonzero(drums)), strict=True)
    ]
    return sorted(found, key=lambda note: (note.start, note.role, note.pitch))


def window_inputs(
    rolls: BandRolls, start: int, *, spec: BandSpec = BAND_ENCODING
) -> Mapping[str, NDArray[np.float32]]:
    """What the model is told about one window, but for the genre and the noise.

    Args:
        rolls: The piece; of the band, only what comes before the window is looked at.
        start: The window's first time step.
        spec: The encoding.

    Returns:
        `melody` (K + T, P, 2), from K steps before the window on; `known` (K, P, R) and
        `known_drums` (K, D), what the band played then; `features` (K + T, F); `tonality`
        (P,), how much of the melody around the window has the pitch class of each row of
        harmony and counter, 1 for that which has most. All 0..1; 0 beyond the piece.
    """
    known, total = spec.known_steps, spec.known_steps + spec.time_steps
    first = start - known
    around = slice(max(start - spec.time_steps, 0), start + 2 * spec.time_steps)
    return {
        "melody": cut(rolls.melody, first, total).astype(np.float32),
        "known": cut(rolls.band, first, known).astype(np.float32),
        "known_drums": cut(rolls.drums, first, known).astype(np.float32),
        "features": _features(rolls, first, total, spec),
        "tonality": _tonality(rolls.melody[around, :, 0], spec),
    }


def cut(roll: NDArray[np.bool_], start: int, steps: int) -> NDArray[np.bool_]:
    """Time steps of a roll, empty where it does not reach."""
    found = np.zeros((steps, *roll.shape[1:]), dtype=roll.dtype)
    low, high = max(start, 0), min(start + steps, len(roll))
    if low < high:
        found[low - start : high - start] = roll[low:high]
    return found


def moved(rolls: NDArray[Cell], semitones: int) -> NDArray[Cell]:
    """Transpose rolls (…, P, any); what leaves the roll comes back by octaves.

    Raises:
        ValueError: If they are to be moved farther than the roll is high.
    """
    pitches = rolls.shape[-2]
    if abs(semitones) >= pitches:
        raise ValueError(f"a roll of {pitches} pitches cannot be moved by {semitones}")
    if not semitones:
        return rolls
    row = np.arange(pitches) + semitones
    row = np.where(row < 0, row % _OCTAVE, row)
    over = row - pitches
    row = np.where(over >= 0, pitches - _OCTAVE + over % _OCTAVE, row)
    inside = row == np.arange(pitches) + semitones
    found = np.zeros_like(rolls)
    found[..., row[inside], :] = rolls[..., inside, :]
    for old in np.flatnonzero(~inside).tolist():
        np.maximum(found[..., row[old], :], rolls[..., old, :], out=found[..., row[old], :])
    return found


def genre_slot(number: int, *, spec: BandSpec = BAND_ENCODING) -> NDArray[np.float32]:
    """(genre_slots,): 1 at the genre's number in its model's list of genres, else 0."""
    slot = np.zeros(spec.genre_slots, dtype=np.float32)
    slot[number] = 1.0
    return slot


def _features(rolls: BandRolls, first: int, total: int, spec: BandSpec) -> NDArray[np.float32]:
    step = first + np.arange(total)
    beat, bar = spec.beat_resolution, spec.beat_resolution * rolls.beats_per_bar
    columns = {
        "inside": (step >= 0) & (step < rolls.steps),
        "downbeat": step % bar == 0,
        "beat": step % beat == 0,
        "half_beat": step % beat == beat // 2,
        "known": np.arange(total) < spec.known_steps,
        "ending": (step >= rolls.steps - bar) & (step < rolls.steps),
    }
    return np.stack([columns[name] for name in spec.features], axis=-1).astype(np.float32)


def _tonality(sounding: NDArray[np.bool_], spec: BandSpec) -> NDArray[np.float32]:
    """(any, P) of the melody -> (P,)."""
    classes = (np.arange(spec.pitches) + spec.lowest_pitch(Role.MELODY)) % 12
    shares = np.bincount(classes, weights=sounding.sum(axis=0), minlength=12).astype(np.float32)
    most = max(float(shares.max()), 1.0)
    return shares[classes] / most
