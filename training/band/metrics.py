"""Figures of what a band plays, on the grid of `firmware.music.band`; NumPy and nothing else.

Every figure is of many pieces together, so that a long piece counts for more than a short one.
Where there is nothing to measure it is not-a-number. Shares are 0..1.

Those of MuseGAN are by the paper's definitions, at the grid's four time steps a beat. Its
published code differs in places, and these do not follow it: there, the empty bars are the
share of the others, seven neighbouring pitches make a pitch class, and each bar's drums are
moved to wherever they fit the pattern best.

Letters: S time steps of a piece, P pitches, D drums, N bars, V beats.

Reference:
    H.-W. Dong, W.-Y. Hsiao, L.-C. Yang, Y.-H. Yang, "MuseGAN", AAAI 2018, section "Objective
    metrics for evaluation".
    C. Harte, M. Sandler, M. Gasser, "Detecting harmonic change in musical audio", AMCMM 2006.
"""

import math
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from firmware.music import metrics
from firmware.music.band import BAND_ENCODING, PITCHED_ROLES, BandNote, BandRolls, Role, band_notes
from firmware.music.metrics import Mode
from firmware.music.notes import Composition, Note, Track
from firmware.music.timing import TICKS_PER_BEAT
from firmware.music.tonal_space import CIRCLES

QUALIFIED_BEATS: Final = 3 / 24
"""How long a note of MuseGAN must be: three time steps of a twenty-fourth of a beat."""

QUALIFIED_STEPS: Final = math.ceil(QUALIFIED_BEATS * BAND_ENCODING.beat_resolution)
"""The same on our grid: one time step, so that every note is long enough."""

EIGHTH_STEPS: Final = BAND_ENCODING.beat_resolution // 2
"""Half a beat."""

NEIGHBOUR_CREDIT: Final = 0.1
"""What a drum beside the pattern counts."""

CONSONANT_CLASSES: Final = frozenset({0, 3, 4, 5})
"""Interval classes: unison, thirds and sixths, fourth and fifth."""

PAIRS: Final = tuple(combinations((Role.MELODY, *PITCHED_ROLES), 2))
"""Between whom the tonal distance is measured."""

Value = TypeVar("Value", bound=np.generic)

_STEP_TICKS: Final = TICKS_PER_BEAT // BAND_ENCODING.beat_resolution


def sounding(rolls: BandRolls, role: Role) -> NDArray[np.bool_]:
    """(S, P) what sounds of a role; of the drums (S, D) what is struck."""
    if role is Role.DRUMS:
        return rolls.drums
    if role is Role.MELODY:
        return rolls.melody[:, :, 0]
    return rolls.band[:, :, 2 * PITCHED_ROLES.index(role)]


def onsets(rolls: BandRolls, role: Role) -> NDArray[np.bool_]:
    """(S, P) or (S, D): where a role's notes begin; unstruck after a silence counts."""
    if role is Role.DRUMS:
        return rolls.drums
    planes = rolls.melody
    if role is not Role.MELODY:
        first = 2 * PITCHED_ROLES.index(role)
        planes = rolls.band[:, :, first : first + 2]
    sounds, struck = planes[:, :, 0], planes[:, :, 1]
    begins = sounds & struck
    begins[1:] |= sounds[1:] & ~sounds[:-1]
    begins[:1] |= sounds[:1]
    return begins


def empty_bars(pieces: Iterable[BandRolls], role: Role) -> float:
    """MuseGAN's EB: share of the bars in which a role does not sound at all."""
    return _mean(
        np.logical_not(_bars(sounding(rolls, role), rolls).any(axis=(1, 2))) for rolls in pieces
    )


def pitch_classes_per_bar(pieces: Iterable[BandRolls], role: Role) -> float:
    """MuseGAN's UPC: pitch classes that a role uses in a bar, 0..12; empty bars are left out."""
    return _mean(_used_pitch_classes(rolls, role) for rolls in pieces)


def qualified_notes(
    pieces: Iterable[BandRolls], role: Role, *, least_steps: int = QUALIFIED_STEPS
) -> float:
    """MuseGAN's QN: share of a role's notes that are not too short.

    MuseGAN asks for an eighth of a beat, half a time step of ours: by that, all notes are
    long enough. `eighth_notes` finds what the figure is there for, music in fragments.

    Args:
        pieces: What is played.
        role: A role with pitches.
        least_steps: How long a note must be.
    """
    return _mean(_is_long(rolls, role, least_steps) for rolls in pieces)


def eighth_notes(pieces: Iterable[BandRolls], role: Role) -> float:
    """Share of a role's notes that are an eighth or longer: where `qualified_notes` is blind."""
    return qualified_notes(pieces, role, least_steps=EIGHTH_STEPS)


def drum_pattern(pieces: Iterable[BandRolls]) -> float:
    """MuseGAN's DP: share of the drums struck on the eighths, a tenth for those beside them.

    MuseGAN's pattern is of eighths where a bar has sixteen time steps, as ours; of sixteenths
    all drums of the grid would be.
    """
    credit = np.full(EIGHTH_STEPS, NEIGHBOUR_CREDIT)
    credit[0] = 1.0
    return _mean(credit[np.nonzero(rolls.drums)[0] % EIGHTH_STEPS] for rolls in pieces)


def tonal_distance(pieces: Iterable[BandRolls], pair: tuple[Role, Role]) -> float:
    """MuseGAN's TD: how far two roles are from each other in tonal space, beat by beat.

    The distance of Harte's tonal centroids of both roles' chroma, over the beats in which both
    sound. 0 is the same chroma; a minor second apart 2 at most.
    """
    return _mean(_tonal_distances(rolls, pair) for rolls in pieces)


def tonal_centroid(chroma: NDArray[np.float64]) -> NDArray[np.float64]:
    """(…, 12) -> (…, 6): where a chroma is on the circles of fifths, minor and major thirds.

    The radii are 1, 1 and 0.5; not-a-number for a chroma of nothing.
    """
    with np.errstate(invalid="ignore"):
        shares = chroma / chroma.sum(axis=-1, keepdims=True)
    return np.asarray(shares @ CIRCLES)


def consonance(pieces: Iterable[BandRolls], roles: Iterable[Role] = PITCHED_ROLES) -> float:
    """Share of melody–accompaniment pairs that sound together at interval classes 0, 3, 4, 5.

    Every pitch of the melody with every pitch of the roles that sounds in the same time step
    is a pair; so an interval counts for as long as it is heard.
    """
    intervals = np.zeros(12)
    for rolls in pieces:
        melody = pitch_class_counts(rolls, Role.MELODY)
        band = sum(pitch_class_counts(rolls, role) for role in roles)
        joint = melody.T @ band
        for above in range(12):
            intervals[above] += np.trace(np.roll(joint, -above, axis=1))
    is_consonant = [min(above, 12 - above) in CONSONANT_CLASSES for above in range(12)]
    return float(intervals[is_consonant].sum() / intervals.sum()) if intervals.any() else math.nan


def shuffled(pieces: Sequence[BandRolls], rng: np.random.Generator) -> list[BandRolls]:
    """Every piece's melody with the band of another one, as far as both go.

    Raises:
        ValueError: If there is no other one.
    """
    if len(pieces) < 2:
        raise ValueError("of a single piece nothing can be shuffled")
    order = rng.permutation(len(pieces)).tolist()
    return [
        _with_band(pieces[mine], pieces[other])
        for mine, other in zip(order, [*order[1:], order[0]], strict=True)
    ]


def groove_consistency(pieces: Iterable[BandRolls], roles: Sequence[Role]) -> float:
    """How alike neighbouring bars are in the places where notes of the roles begin; 1 is equal.

    muspy's definition at one element a time step: one minus the mean Hamming distance between
    the onset vectors of neighbouring bars. muspy, though, adds a bar without onsets where the
    last note ends on a bar line.
    """
    return 1.0 - _mean(_groove_distances(rolls, roles) for rolls in pieces)


def onsets_on_grid(pieces: Iterable[BandRolls], roles: Sequence[Role]) -> float:
    """Share of the roles' notes that begin on an eighth of the bar, swung or straight."""
    return _mean(
        np.nonzero(onsets(rolls, role))[0] % EIGHTH_STEPS == 0 for rolls in pieces for role in roles
    )


def out_of_scale(pieces: Iterable[BandRolls], roles: Sequence[Role] = PITCHED_ROLES) -> float:
    """Share of the roles' notes that are not in the scale that the piece's melody fits best.

    By `firmware.music.metrics.pitch_in_scale_rate`, of the 24 major and natural minor scales.
    """
    return _mean(_are_out_of_scale(rolls, roles) for rolls in pieces)


def followed(
    untransposed: NDArray[np.float64], transposed: NDArray[np.float64], semitones: int
) -> float:
    """Whether a band went along when its melody was transposed, by pitch classes.

    Turned by how many semitones is what was played for the untransposed melody most like what
    was played for the transposed one? Likeness is the product of both counts, summed over the
    pitch classes.

    Args:
        untransposed: (12,) how long each pitch class sounded.
        transposed: The same of the take for the transposed melody.
        semitones: How far that was transposed.

    Returns:
        1 where it is most alike turned by as many semitones, and 0 where it is not; a part
        where other turns are as good: of a band that plays all pitch classes alike a twelfth.
        0 where only one of both takes has a pitch; not-a-number where neither has.
    """
    if not (untransposed.any() and transposed.any()):
        return 0.0 if untransposed.any() or transposed.any() else math.nan
    alike = np.array([np.roll(untransposed, turn) @ transposed for turn in range(12)])
    best = np.isclose(alike, alike.max(), rtol=1e-9)
    return float(best[semitones % 12] / best.sum())


def pitch_class_counts(rolls: BandRolls, role: Role) -> NDArray[np.float64]:
    """(S, 12): how many pitches of each pitch class sound, 0 being C."""
    sounds = sounding(rolls, role)
    classes = (np.arange(sounds.shape[1]) + BAND_ENCODING.lowest_pitch(role)) % 12
    return sounds.astype(np.float64) @ np.eye(12)[classes]


def played(rolls: BandRolls, roles: Iterable[Role]) -> NDArray[np.bool_]:
    """All that roles play as one vector: what sounds and where it begins."""
    parts = [part(rolls, role).ravel() for role in roles for part in (sounding, onsets)]
    return np.concatenate(parts) if parts else np.zeros(0, np.bool_)


def take_distance(takes: Sequence[NDArray[np.bool_]]) -> float:
    """Mean Hamming distance of all pairs of takes: the share of the cells in which they differ."""
    pairs = combinations(takes, 2)
    return _mean(np.array([np.mean(one != other)]) for one, other in pairs)


def equal_takes(takes: Sequence[NDArray[np.bool_]]) -> int:
    """How many takes are the same as an earlier one."""
    return len(takes) - len({take.tobytes() for take in takes})


def _bars(steps: NDArray[Value], rolls: BandRolls) -> NDArray[Value]:
    """(S, …) -> (N, steps a bar, …); what is less than a bar at the end is left out."""
    length = rolls.beats_per_bar * BAND_ENCODING.beat_resolution
    bars = len(steps) // length
    return steps[: bars * length].reshape(bars, length, *steps.shape[1:])


def _used_pitch_classes(rolls: BandRolls, role: Role) -> NDArray[np.int64]:
    """Of each bar that is not empty."""
    used = (_bars(pitch_class_counts(rolls, role), rolls) > 0).any(axis=1).sum(axis=-1)
    return np.asarray(used[used > 0])


def _is_long(rolls: BandRolls, role: Role, least_steps: int) -> NDArray[np.bool_]:
    """Of each note, whether it has as many time steps."""
    begins = onsets(rolls, role)
    held = sounding(rolls, role) & ~begins
    lasts = begins.copy()
    for later in range(1, least_steps):
        lasts[len(lasts) - later :] = False
        lasts[:-later] &= held[later:]
    return lasts[begins]


def _tonal_distances(rolls: BandRolls, pair: tuple[Role, Role]) -> NDArray[np.float64]:
    """Of each beat in which both sound."""
    beat = BAND_ENCODING.beat_resolution
    beats = rolls.steps // beat
    # (S, 12) -> (V, 12)
    one, other = (
        pitch_class_counts(rolls, role)[: beats * beat].reshape(beats, beat, 12).sum(axis=1)
        for role in pair
    )
    both = one.any(axis=1) & other.any(axis=1)
    apart = tonal_centroid(one[both]) - tonal_centroid(other[both])
    return np.asarray(np.linalg.norm(apart, axis=-1))


def _groove_distances(rolls: BandRolls, roles: Sequence[Role]) -> NDArray[np.float64]:
    """Of each bar and the next."""
    begins = np.zeros(rolls.steps, np.bool_)
    for role in roles:
        begins |= onsets(rolls, role).any(axis=1)
    bars = _bars(begins, rolls)
    return np.asarray((bars[1:] != bars[:-1]).mean(axis=1))


def _with_band(melody: BandRolls, band: BandRolls) -> BandRolls:
    steps = min(melody.steps, band.steps)
    return BandRolls(
        melody=melody.melody[:steps],
        band=band.band[:steps],
        drums=band.drums[:steps],
        beats_per_bar=melody.beats_per_bar,
    )


def _are_out_of_scale(rolls: BandRolls, roles: Sequence[Role]) -> NDArray[np.float64]:
    """Of each note, 1 where it is out of the melody's scale."""
    # Planes of the melody are read as those of the bass, which begins an octave lower.
    silent = np.zeros((*rolls.melody.shape[:2], 2 * len(PITCHED_ROLES) - 2), np.bool_)
    as_band = np.concatenate([rolls.melody, silent], axis=-1)
    melody = _composition(band_notes(as_band, np.zeros_like(rolls.drums)))
    scales: list[tuple[int, Mode]] = [(root, "major") for root in range(12)]
    scales += [(root, "minor") for root in range(12)]
    if not melody.notes:
        return np.zeros(0)
    root, mode = max(scales, key=lambda scale: metrics.pitch_in_scale_rate(melody, *scale))
    band = _composition(note for note in band_notes(rolls.band, rolls.drums) if note.role in roles)
    count = len(band.notes)
    return np.full(count, 1.0 - metrics.pitch_in_scale_rate(band, root, mode))


def _composition(notes: Iterable[BandNote]) -> Composition:
    track = tuple(
        Note(
            start_ticks=note.start * _STEP_TICKS,
            pitch=note.pitch,
            duration_ticks=(note.end - note.start) * _STEP_TICKS,
        )
        for note in notes
        if note.role is not Role.DRUMS
    )
    return Composition(tracks=(Track(name="", notes=track),))


def _mean(parts: Iterable[NDArray[np.generic]]) -> float:
    """The mean of all numbers of all parts; not-a-number where there is none."""
    total, count = 0.0, 0
    for part in parts:
        total += float(part.sum())
        count += part.size
    return total / count if count else math.nan
