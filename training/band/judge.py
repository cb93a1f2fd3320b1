"""How a band sounds while it is still learning: passages played from the validation split.

A passage is played as the instrument would, window after window, each told what was said in the
one before. What it plays is measured beside what the corpus plays there, by the definitions of
`training.band.metrics`; a role that a piece does not have is left out of both.

Letters: T time steps of a window, P pitches, R planes of the pitched roles, D drums.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware.errors import ConfigError
from firmware.music.band import (
    BAND_ENCODING,
    PITCHED_ROLES,
    BandRolls,
    BandSpec,
    Role,
    cut,
    genre_slot,
    window_inputs,
)
from firmware.techniques.band_decision import decide
from firmware.techniques.bands import band_of
from training.band import metrics
from training.band.batches import BandPieces, Window, melody_shift, moved_home

Predict = Callable[
    [Mapping[str, NDArray[np.float32]]], tuple[NDArray[np.float32], NDArray[np.float32]]
]
"""A batch of what a network is told to the logits of band and drums."""

Figures = dict[str, float]

FIGURES: Final = (
    "empty_bars",
    "pitch_classes_per_bar",
    "qualified_notes",
    "drum_pattern",
    "tonal_distance",
    "consonance",
    "groove_consistency",
    "in_scale",
    "polyphonic",
    "take_distance",
)
"""What is measured, each with a twin of the corpus, whose name ends in `CORPUS`."""

CORPUS: Final = "_corpus"

ALLOWED: Final[Mapping[str, float]] = {
    "empty_bars": 0.067,
    "pitch_classes_per_bar": 0.85,
    "qualified_notes": 0.27,
    "drum_pattern": 0.03,
    "tonal_distance": 0.07,
    "consonance": 0.05,
    "groove_consistency": 0.1,
    "take_distance": 0.5,
}
"""How far from the corpus is near enough; of the last two a share of the corpus's own."""

_ONE_SIDED: Final = frozenset({"consonance", "take_distance"})
"""More of these than the corpus has is no fault."""

_MOST_GAP: Final = 5.0
"""One figure that is far off shall not outweigh all others."""

_RISK: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A part of a piece, some windows long.

    Attributes:
        piece: Index of the piece.
        starts: First time step of each window.
        end: The time step after the passage.
    """

    piece: int
    starts: tuple[int, ...]
    end: int


class BandJudge:
    """Plays passages and measures them.

    Args:
        pieces: The validation split.
        genres: Names of the genres, in the order of the model's slots; the split need not
            have pieces of all of them.
        chains: Passages of each genre.
        links: Windows of a passage.
        seed: Start of all randomness; the same passages and noise at every look.
        spec: The encoding.

    Attributes:
        genres: Those that the split has pieces of.
        passages: All passages.
        real: What the corpus plays there, at home as all that is played.

    Raises:
        ConfigError: If it has pieces of none.
    """

    def __init__(
        self,
        pieces: BandPieces,
        *,
        genres: Sequence[str],
        chains: int,
        links: int,
        seed: int,
        spec: BandSpec = BAND_ENCODING,
    ) -> None:
        self._pieces, self._seed, self._spec = pieces, seed, spec
        self._slots = {
            genre: number
            for number, genre in enumerate(genres)
            if (pieces.genre_of == number).any()
        }
        self.genres = tuple(self._slots)
        if not self.genres:
            raise ConfigError(
                f"the band shard for validation has no piece of {', '.join(genres)}",
                remedy="name other genres, or make shards that have them",
            )
        names = tuple(genres)
        self._genre_of = [names[number] for number in pieces.genre_of]
        rng = np.random.default_rng(seed)
        self.passages = [
            passage
            for number in self._slots.values()
            for passage in _passages(pieces, number, chains, links, rng)
        ]
        self.real = [self._cut(self._at_home(one), one) for one in self.passages]
        self._corpus = {genre: self._measured(genre, [self.real]) for genre in self.genres}

    def play(self, predict: Predict, *, take: int) -> list[BandRolls]:
        """Play all passages; another take has other noise."""
        spec = self._spec
        rng = np.random.default_rng((self._seed, take))
        played = [self._at_home(one) for one in self.passages]
        size = len(self.passages)
        whole = rng.standard_normal((size, 1, spec.noise_shape[1]))
        for link in range(max(len(one.starts) for one in self.passages)):
            own = rng.standard_normal((size, spec.noise_shape[0] - 1, spec.noise_shape[1]))
            mine = [n for n, one in enumerate(self.passages) if link < len(one.starts)]
            told = [self._told(played[n], self.passages[n], link) for n in mine]
            arrays = {name: np.stack([one[name] for one in told]) for name in told[0]}
            noise = np.concatenate([whole, own], axis=1).astype(np.float32)[mine]
            bands, drums = predict(arrays | {"noise": noise})
            for n, band, drum in zip(mine, bands, drums, strict=True):
                self._write(played[n], self.passages[n], link, (band, drum), rng)
        return [self._cut(rolls, one) for rolls, one in zip(played, self.passages, strict=True)]

    def first_of(self, genre: str) -> int:
        """Index of a genre's first passage."""
        return self._of(genre)[0]

    def figures(self, takes: Sequence[Sequence[BandRolls]]) -> dict[str, Figures]:
        """Measure all takes of all passages, by genre; each figure with its twin."""
        return {
            genre: self._measured(genre, takes)
            | {f"{name}{CORPUS}": value for name, value in self._corpus[genre].items()}
            for genre in self.genres
        }

    def _at_home(self, passage: Passage) -> BandRolls:
        rolls = self._pieces.rolls(passage.piece)
        return moved_home(rolls, melody_shift(rolls.melody, passage.starts[0], passage.end))

    def _told(
        self, rolls: BandRolls, passage: Passage, link: int
    ) -> dict[str, NDArray[np.float32]]:
        slot = genre_slot(int(self._pieces.genre_of[passage.piece]), spec=self._spec)
        told = window_inputs(rolls, passage.starts[link], spec=self._spec)
        return dict(told) | {"genre": slot}

    def _write(
        self,
        rolls: BandRolls,
        passage: Passage,
        link: int,
        logits: tuple[NDArray[np.float32], NDArray[np.float32]],
        rng: np.random.Generator,
    ) -> None:
        """Decide what a window's logits mean, and write it into the piece."""
        start, spec = passage.starts[link], self._spec
        bar = rolls.beats_per_bar * spec.beat_resolution
        genre = self._genre_of[passage.piece]
        inside = np.arange(start, start + spec.time_steps) < rolls.steps
        band, drums = decide(
            *logits,
            risk=_RISK,
            rng=rng,
            has_drums=band_of(genre).has_drums,
            inside=inside,
            melody=cut(rolls.melody[..., 0], start, spec.time_steps),
            beats_per_bar=rolls.beats_per_bar,
            past=(cut(rolls.band, start - bar, bar), cut(rolls.drums, start - bar, bar)),
            spec=spec,
        ).played
        roles = self._pieces.roles[passage.piece]
        band &= np.repeat(roles[: len(PITCHED_ROLES)], 2)
        steps = min(spec.time_steps, rolls.steps - start)
        rolls.band[start : start + steps] = band[:steps]
        rolls.drums[start : start + steps] = drums[:steps] & roles[-1]

    def _cut(self, rolls: BandRolls, passage: Passage) -> BandRolls:
        cut = slice(passage.starts[0], passage.end)
        return BandRolls(
            melody=rolls.melody[cut].copy(),
            band=rolls.band[cut].copy(),
            drums=rolls.drums[cut].copy(),
            beats_per_bar=rolls.beats_per_bar,
        )

    def _measured(self, genre: str, takes: Sequence[Sequence[BandRolls]]) -> Figures:
        mine = self._of(genre)
        roles = self._pieces.roles[[self.passages[n].piece for n in mine]]
        played = [[take[n] for n in mine] for take in takes]
        return _figures(played, roles)

    def _of(self, genre: str) -> list[int]:
        """Indices of a genre's passages."""
        return [n for n, one in enumerate(self.passages) if self._genre_of[one.piece] == genre]


def gaps(figures: Mapping[str, float]) -> Figures:
    """How far each figure is from the corpus's, 1 being as far as is allowed."""
    found = {}
    for name, allowed in ALLOWED.items():
        ours, corpus = figures[name], figures[f"{name}{CORPUS}"]
        gap = max(corpus - ours, 0.0) if name in _ONE_SIDED else abs(corpus - ours)
        if name in {"take_distance", "groove_consistency"}:
            gap = gap / corpus if corpus else math.nan
        if not math.isnan(corpus):
            found[name] = min(gap / allowed, _MOST_GAP) if gap == gap else _MOST_GAP  # noqa: PLR0124
    return found


def mean_gap(figures: Mapping[str, Mapping[str, float]]) -> float:
    """The mean over genres and figures."""
    return float(np.mean([np.mean(list(gaps(one).values())) for one in figures.values()]))


def together(figures: Mapping[str, Mapping[str, float]]) -> Figures:
    """Each figure's mean over the genres that have it."""
    names = [f"{name}{twin}" for name in FIGURES for twin in ("", CORPUS)]
    return {name: _known_mean([one[name] for one in figures.values()]) for name in names}


def _figures(takes: Sequence[Sequence[BandRolls]], roles: NDArray[np.bool_]) -> Figures:
    """Of one genre; `roles` (passages, 4) says who there is in each passage."""
    count = len(takes[0])
    has = {
        role: [n for n in range(count) if roles[n, number]]
        for number, role in enumerate((*PITCHED_ROLES, Role.DRUMS))
    }
    # The drums of a single piece in a genre without drums are no drums of the genre.
    if len(has[Role.DRUMS]) * 2 < count:
        has[Role.DRUMS] = []
    has[Role.MELODY] = list(range(count))

    def of(*needed: Role) -> list[BandRolls]:
        mine = set.intersection(*(set(has[role]) for role in needed))
        return [take[n] for take in takes for n in sorted(mine)]

    pitched, first = list(PITCHED_ROLES), list(takes[0])
    players = [*pitched, *([Role.DRUMS] if has[Role.DRUMS] else [])]
    everyone = [rolls for take in takes for rolls in take]
    return {
        "empty_bars": _known_mean([metrics.empty_bars(of(role), role) for role in players]),
        "pitch_classes_per_bar": _known_mean(
            [metrics.pitch_classes_per_bar(of(role), role) for role in pitched]
        ),
        "qualified_notes": _known_mean(
            [
                metrics.qualified_notes(of(role), role, least_steps=metrics.EIGHTH_STEPS)
                for role in pitched
            ]
        ),
        "drum_pattern": metrics.drum_pattern(of(Role.DRUMS)),
        "tonal_distance": _known_mean(
            [metrics.tonal_distance(of(*pair), pair) for pair in metrics.PAIRS]
        ),
        "consonance": metrics.consonance(everyone),
        "groove_consistency": metrics.groove_consistency(everyone, players),
        "in_scale": 1.0 - metrics.out_of_scale(first),
        "polyphonic": _polyphonic(everyone),
        "take_distance": _take_distance(takes),
    }


def _polyphonic(pieces: Sequence[BandRolls]) -> float:
    """Share of the time steps in which the band sounds where two of its pitches or more do."""
    voices = np.concatenate([rolls.band[:, :, ::2].sum(axis=(1, 2)) for rolls in pieces])
    return float(np.mean(voices[voices > 0] > 1)) if voices.any() else math.nan


def _take_distance(takes: Sequence[Sequence[BandRolls]]) -> float:
    """Hamming distance of the takes of each passage, or of real passages among each other.

    It is given as a share of what sounds in both, so that busy music is not farther apart.
    """
    if len(takes) > 1:
        pairs = [pair for same in zip(*takes, strict=True) for pair in combinations(same, 2)]
    else:
        pairs = list(combinations(takes[0], 2))
    apart, among = 0, 0
    for one, other in pairs:
        steps = min(one.steps, other.steps)
        for a, b in ((one.band, other.band), (one.drums, other.drums)):
            apart += int((a[:steps] ^ b[:steps]).sum())
            among += int(a[:steps].sum()) + int(b[:steps].sum())
    return apart / among if among else 0.0


def _passages(
    pieces: BandPieces, genre: int, count: int, links: int, rng: np.random.Generator
) -> list[Passage]:
    """Choose passages of one genre, of as many pieces as there are."""
    mine = np.flatnonzero(pieces.genre_of == genre)
    chosen = [int(piece) for piece in rng.permutation(mine)[:count]]
    while len(chosen) < count:
        chosen.append(int(rng.choice(mine)))
    found = []
    for piece in chosen:
        windows: list[Window] = pieces.windows(piece)
        first = int(rng.integers(max(len(windows) - links, 0) + 1))
        taken = windows[first : first + links]
        after = windows[first + links].start if first + links < len(windows) else None
        end = int(pieces.steps[piece]) if after is None else after
        found.append(Passage(piece=piece, starts=tuple(one.start for one in taken), end=end))
    return found


def _known_mean(values: Sequence[float]) -> float:
    """The mean of those that are numbers."""
    known = [value for value in values if not math.isnan(value)]
    return float(np.mean(known)) if known else math.nan
