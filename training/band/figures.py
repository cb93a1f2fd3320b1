"""Every figure of a bundle of Accompany for a genre, by the keys that `evaluate` prints.

| key | what | bar |
|---|---|---|
| `empty_bars` | by role, `training.band.metrics.empty_bars` | gap ≤ 0.067 |
| `pitch_classes_per_bar` | by role with pitches | gap ≤ 0.85 |
| `qualified_notes` | by role with pitches; 1 of everything on our grid | gap ≤ 0.27 |
| `eighth_notes` | the same of notes as long as an eighth, which can differ | gap ≤ 0.27 |
| `drum_pattern` | where the genre has drums | gap ≤ 0.03 |
| `tonal_distance` | by pair of roles | gap ≤ 0.07 |
| `groove_consistency`, `onsets_on_grid` | of the whole band | within 10 % |
| `consonance`, `consonance_real`, `consonance_shuffled` | bands made, real, of other pieces | ≥ \
real less 0.05, and past the middle between real and shuffled |
| `key_follow_rate` | `key_follow_rate` | ≥ 0.9 |
| `take_distance`, `take_distance_real`, `equal_takes` | `take_distances` | ≥ half, none equal |
| `risks` | `risk_table` | the last three columns rise |
| `float` | all of the same of the network that was trained | none on another side of its bar |
| `bars`, `bars_held_out` | what was played; of these, what is not there again in another key | |
| `bars_corpus`, `roles` | training bars beside; the roles that are judged | |
| `held_out` | of the held-out pieces' own bands: how far real music is from real music | |
| `judged` | of each figure its gap, its bar, whether it holds, and where it is worst | |

The melodies are of the test shard. Where a genre has too few, they are played in other keys too.
Figures whose names end with `_corpus` or `_real` are of the genre's own rows of the training
shard: of the pieces that have the roles in question, and in which nobody made these up
(`BandPiece.made`). A role of which a genre has next to no real bar is left out.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from firmware.music.band import PITCHED_ROLES, BandRolls, Role
from firmware.music.notes import Melody
from training.band import metrics
from training.band.genre import (
    Genre,
    HeldOut,
    RealMusic,
    count_bars,
    opening,
    transposed,
    windows_of,
)
from training.band.verdicts import beside, judged, near_corpus
from training.figures import Figures

Advance = Callable[[int, int], None]
"""Told how many melodies have been played, and how many will be."""

TRANSPOSITIONS: Final = (2, 5, -3)
"""In which keys the band is asked to follow, in semitones."""

RISKS: Final = (0.3, 1.0, 2.0, 4.0)
"""Creative risks of the table; the first is the safe take."""

TAKES: Final = 16
"""Of one melody."""

_DEFAULT_RISK: Final = 1.0
_OPENING_WINDOWS: Final = 2


class Play(Protocol):
    """A band at work, on whatever model."""

    def __call__(self, melody: Melody, *, seed: int, risk: float) -> BandRolls:
        """Accompany a melody.

        Args:
            melody: Its first bar line is at its beginning.
            seed: Another one, another take.
            risk: Creative risk.

        Returns:
            The melody on the grid and what is played around it: as long whatever the seed, the
            risk and the key.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How much is played.

    Attributes:
        bars: Of held-out melodies.
        followed: How many bars of these are played in other keys too.
        varied: Melodies of which there are `TAKES` takes.
        risked: Melodies that the table of risks is made of.
    """

    bars: int
    followed: int
    varied: int
    risked: int


FULL: Final = Effort(bars=2000, followed=600, varied=8, risked=16)
QUICK: Final = Effort(bars=320, followed=64, varied=2, risked=4)


def band_figures(
    genre: Genre, play: Play, effort: Effort, *, float_play: Play | None, advance: Advance
) -> Figures:
    """All figures of a genre; see the table above.

    Args:
        genre: Its music.
        play: The band as it ships.
        effort: How much is played.
        float_play: The network that was trained, or None where it cannot be had.
        advance: Told of the progress.
    """
    held_out = genre.held_out(effort.bars)
    bands = [play] if float_play is None else [play, float_play]
    corpus = corpus_figures(genre)
    own = RealMusic(passage.piece for passage in held_out if not passage.is_transposed)
    told = _Told(advance, len(bands) * _plays(held_out, effort))
    measured = [played_figures(genre, told.of(band), held_out, effort) for band in bands]
    verdicts = [judged({**ours, **corpus}) for ours in measured]
    real = _figures(genre, own.of)
    for name, verdict in near_corpus({**real, **corpus}).items():
        verdicts[0][name]["held_out_gap"] = verdict["gap"]
    found: Figures = {
        "bars": sum(passage.bars for passage in held_out),
        "bars_held_out": sum(passage.bars for passage in held_out if not passage.is_transposed),
        "bars_corpus": count_bars(genre.real.of(())),
        "roles": [str(role) for role in genre.roles],
        **measured[0],
        **corpus,
        "held_out": real,
        "judged": verdicts[0],
    }
    if float_play is not None:
        found["float"] = {**measured[1], "judged": verdicts[1]}
        found["judged"] = {**verdicts[0], "float": beside(*verdicts)}
    return {key: _for_json(value) for key, value in found.items()}


def played_figures(
    genre: Genre, play: Play, held_out: Sequence[HeldOut], effort: Effort
) -> Figures:
    """The figures of what is played around held-out melodies."""
    played = [
        play(passage.melody, seed=number, risk=_DEFAULT_RISK)
        for number, passage in enumerate(held_out)
    ]
    followed = [
        (number, held_out[number].melody, played[number])
        for number in _first_bars(held_out, effort.followed)
    ]
    return {
        **_figures(genre, lambda _: played),
        "key_follow_rate": key_follow_rate(play, followed),
        **take_distances(genre, play, [p.melody for p in held_out[: effort.varied]]),
        "risks": risk_table(genre, play, [p.melody for p in held_out[: effort.risked]]),
    }


def corpus_figures(genre: Genre) -> Figures:
    """The twins of the figures: those of the genre's own training rows."""
    found = {f"{name}_corpus": value for name, value in _figures(genre, genre.real.of).items()}
    found["consonance_real"] = found.pop("consonance_corpus")
    pieces = genre.real.of((Role.MELODY, *genre.pitched))
    others = metrics.shuffled(pieces, np.random.default_rng(0)) if len(pieces) > 1 else []
    found["consonance_shuffled"] = metrics.consonance(others, genre.pitched)
    real = [
        metrics.take_distance(
            [metrics.played(window, genre.together) for window in genre.windows(TAKES, seed=seed)]
        )
        for seed in range(FULL.varied)
    ]
    return {**found, "take_distance_real": float(np.mean(real))}


def key_follow_rate(play: Play, played: Sequence[tuple[int, Melody, BandRolls]]) -> float:
    """Share of the windows in which the band follows its melody into other keys.

    Each melody is played again 2 and 5 semitones higher and 3 lower, by the same seed; see
    `training.band.metrics.followed`. Windows without a pitch, before and after, are left out.

    Args:
        play: The band.
        played: Seed, melody, and what was played for it.
    """
    follows = [
        metrics.followed(_pitch_classes(before), _pitch_classes(after), semitones)
        for seed, melody, untransposed in played
        for semitones in TRANSPOSITIONS
        for before, after in zip(
            windows_of(untransposed),
            windows_of(play(transposed(melody, semitones), seed=seed, risk=_DEFAULT_RISK)),
            strict=True,
        )
    ]
    return _mean([share for share in follows if not math.isnan(share)])


def take_distances(genre: Genre, play: Play, melodies: Sequence[Melody]) -> Figures:
    """How different takes are.

    `take_distance` is the mean Hamming distance of the pairs of 16 takes of a melody's first
    window, over the melodies; its twin, that of 16 windows of different real pieces.
    `equal_takes` counts the takes that are the same as another one of the melody.
    """
    distances, equal = [], 0
    for melody in melodies:
        takes = [
            metrics.played(_first_window(play, melody, seed), genre.together)
            for seed in range(TAKES)
        ]
        distances.append(metrics.take_distance(takes))
        equal += metrics.equal_takes(takes)
    return {"take_distance": _mean(distances), "equal_takes": equal}


def risk_table(genre: Genre, play: Play, melodies: Sequence[Melody]) -> list[Figures]:
    """What creative risk does, a row a risk.

    `notes_per_bar`; `random_choices`, the share of the cells in which two takes differ;
    `out_of_scale`, the share of the notes that are not in the melody's scale; and
    `distance_from_safe`, the share of the cells that differ from the safe take of the same seed.
    """
    openings = [opening(melody, _OPENING_WINDOWS) for melody in melodies]
    rows: list[Figures] = []
    safe: list[BandRolls] = []
    for risk in RISKS:
        takes, others = (
            [play(melody, seed=first + n, risk=risk) for n, melody in enumerate(openings)]
            for first in (0, len(openings))
        )
        safe = safe or takes
        rows.append(
            {
                "risk": risk,
                "notes_per_bar": _notes(takes, genre.roles) / count_bars(takes),
                "random_choices": _apart(takes, others, genre.roles),
                "out_of_scale": metrics.out_of_scale(takes, genre.pitched),
                "distance_from_safe": _apart(takes, safe, genre.roles),
            }
        )
    return rows


def _figures(genre: Genre, of: Callable[[Iterable[Role]], Sequence[BandRolls]]) -> Figures:
    """The figures that a corpus has as well as a model.

    Args:
        genre: Its roles are judged.
        of: The pieces in which some roles may be judged.
    """
    pitched = genre.pitched
    pairs = [p for p in metrics.PAIRS if p[0] in (Role.MELODY, *pitched) and p[1] in pitched]

    def each(
        figure: Callable[[Sequence[BandRolls], Role], float], roles: Iterable[Role]
    ) -> dict[str, float]:
        return {str(role): figure(of((role,)), role) for role in roles}

    found: Figures = {
        "empty_bars": each(metrics.empty_bars, genre.roles),
        "pitch_classes_per_bar": each(metrics.pitch_classes_per_bar, pitched),
        "qualified_notes": each(metrics.qualified_notes, pitched),
        "eighth_notes": each(metrics.eighth_notes, pitched),
        "tonal_distance": {
            "-".join(pair): metrics.tonal_distance(of(pair), pair) for pair in pairs
        },
        "consonance": metrics.consonance(of((Role.MELODY, *pitched)), pitched),
        "groove_consistency": metrics.groove_consistency(of(genre.together), genre.together),
        "onsets_on_grid": metrics.onsets_on_grid(of(genre.together), genre.together),
    }
    if Role.DRUMS in genre.roles:
        found["drum_pattern"] = metrics.drum_pattern(of((Role.DRUMS,)))
    return found


class _Told:
    """Tells how many melodies have been played."""

    def __init__(self, advance: Advance, total: int) -> None:
        self._advance, self._total, self._done = advance, total, 0

    def of(self, play: Play) -> Play:
        """A band whose every melody is told."""

        def told(melody: Melody, *, seed: int, risk: float) -> BandRolls:
            rolls = play(melody, seed=seed, risk=risk)
            self._done += 1
            self._advance(self._done, self._total)
            return rolls

        return told


def _plays(held_out: Sequence[HeldOut], effort: Effort) -> int:
    """How many melodies a band is given in all."""
    followed = len(TRANSPOSITIONS) * len(_first_bars(held_out, effort.followed))
    varied = TAKES * len(held_out[: effort.varied])
    return len(held_out) + followed + varied + 2 * len(RISKS) * len(held_out[: effort.risked])


def _first_bars(held_out: Sequence[HeldOut], bars: int) -> list[int]:
    """Numbers of the first passages that have so many bars and are not there twice."""
    found: list[int] = []
    for number, passage in enumerate(held_out):
        if passage.is_transposed or sum(held_out[n].bars for n in found) >= bars:
            break
        found.append(number)
    return found


def _first_window(play: Play, melody: Melody, seed: int) -> BandRolls:
    # The last window would end the music, and most takes end alike.
    rolls = play(opening(melody, _OPENING_WINDOWS), seed=seed, risk=_DEFAULT_RISK)
    return next(windows_of(rolls))


def _pitch_classes(rolls: BandRolls) -> NDArray[np.float64]:
    counts = [metrics.pitch_class_counts(rolls, role).sum(axis=0) for role in PITCHED_ROLES]
    return np.asarray(np.sum(counts, axis=0))


def _notes(pieces: Iterable[BandRolls], roles: Sequence[Role]) -> int:
    return sum(int(metrics.onsets(rolls, role).sum()) for rolls in pieces for role in roles)


def _apart(takes: Sequence[BandRolls], others: Sequence[BandRolls], roles: Sequence[Role]) -> float:
    return _mean(
        [
            metrics.take_distance([metrics.played(take, roles) for take in pair])
            for pair in zip(takes, others, strict=True)
        ]
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else math.nan


def _for_json(value: Any) -> Any:
    """The same, with nothing in the place of what is not a number."""
    if isinstance(value, Mapping):
        return {key: _for_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_for_json(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
