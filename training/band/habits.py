"""How a genre's habits are found: what its players do more or less often than the band does.

The band plays melodies of the training split, again and again; after each time every habit is
moved a little toward where the figure that it is there for is that of the genre's own training
rows. Nothing of the test split is looked at.

| habit | figure, by role or pair of roles |
|---|---|
| lowest, highest | the pitches at home that all but one note of a hundred lie between |
| presence | pitches that sound at a time; of the drums, strokes a bar |
| foreign | share of the notes that are out of the melody's key |
| movement | pitch classes a bar |
| off eighths | share of the notes that begin on an eighth |
| resting | empty bars |
| nearness | tonal distance |
| staccato | notes that are shorter than an eighth |
| repetition | groove consistency of the whole band |
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware.inference.band import BandModel
from firmware.inference.band_habits import Habits
from firmware.inference.bundle import MANIFEST_FILE, Bundle
from firmware.music.band import BAND_ENCODING, BandRolls, Role
from firmware.music.home_key import WHITE_KEYS
from firmware.music.tonal_space import OCTAVE
from firmware.techniques.bands import band_of
from training.band import metrics
from training.band.batches import melody_shift, moved_home
from training.band.figures import Advance
from training.band.genre import PASSAGE_BARS, Genre, HeldOut, count_bars
from training.band.play import device_play
from training.band.shards import BandPiece

Who = Role | tuple[Role, ...]

ROUNDS: Final = 44
"""How often the band plays before the habits are settled."""

_SETTLED: Final = 12
"""Over so many last rounds they are averaged."""

_MELODIES: Final = 176
AT_A_TIME: Final = 16
"""So many of them are played in a round, each time others."""

_FINER: Final = 2
"""What is gone on from is searched by steps of this part, with so many times the melodies."""

_SHORTEST: Final = 0.15
"""A step is never less than this share of the first, for the other habits move as well."""

_FORGOTTEN: Final = 0.03
"""What share of a habit is given up in a round that needed no more of it."""

_REACH: Final = (0.5, 99.5)
"""Percentiles of a player's pitches, beyond which lies what is rare."""

_PIECES: Final = 240
_SEED: Final = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """How one kind of habit is found.

    Attributes:
        figure: Of pieces and a role or a pair; it rises with the habit.
        enough: So near the figures need not be: the less is changed of what was learned the better.
        near: From so far on the habit is moved by whole steps.
        step: How far it is moved at first.
        least: Where it begins, and below which it does not go.
        most: Above which it does not go.
        starts: Where it begins.
    """

    figure: Callable[[Sequence[BandRolls], "Who"], float]
    enough: float
    near: float
    step: float
    least: float
    most: float
    starts: float = 0.0


def found_habits(
    model: BandModel,
    name: str,
    train: Sequence[BandPiece],
    *,
    advance: Advance,
    known: Habits | None = None,
) -> Habits:
    """Find the habits of a genre's players, as far as there is real music to know them by.

    Args:
        model: It knows the genre; its own habits are not looked at.
        name: The genre.
        train: The training split, of any genres.
        advance: Told of the progress.
        known: What was found before, to go on from by shorter steps and with more melodies a
            round.
    """
    band = band_of(name)
    mine = [piece for piece in train if piece.genre == name]
    order = np.random.default_rng(_SEED).permutation(len(mine))[:_PIECES]
    sung = [mine[number] for number in order.tolist()]
    genre = Genre(name, mine, sung, has_drums=band.has_drums, swings=band.swings)
    melodies = genre.held_out(_MELODIES * PASSAGE_BARS)[:_MELODIES]
    searches = []
    for habit, rule in _RULES.items():
        for who in _WHO[habit](genre):
            judged: Who = genre.together if habit == _OF_ALL else who
            wanted = rule.figure(genre.real.of(_roles(judged)), judged)
            search = _Search(habit, who, rule, judged=judged, wanted=wanted)
            if known is not None:
                search.go_on(known.to_json()[habit].get(_name(who), rule.starts))
            searches.append(search)
    at_a_time = AT_A_TIME if known is None else _FINER * AT_A_TIME
    rounds = ROUNDS if known is None else ROUNDS // _FINER
    lowest, highest = _reaches(genre)
    settled: list[Habits] = []
    for turn in range(rounds):
        settled.append(_habits(searches))
        habits = replace(settled[-1], lowest=lowest, highest=highest)
        numbers = range(turn * at_a_time, (turn + 1) * at_a_time)
        played = _played(_Habitual(model, name, habits), name, melodies, numbers)
        for search in searches:
            search.learn(played)
        advance(turn + 1, rounds)
    settled.append(_habits(searches))
    return replace(_mean(settled[-_SETTLED:]), lowest=lowest, highest=highest)


def _reaches(genre: Genre) -> tuple[dict[Role, float], dict[Role, float]]:
    """The lowest and the highest pitch of each role at home."""
    lowest, highest = {}, {}
    for role in genre.pitched:
        homes = (moved_home(r, melody_shift(r.melody)) for r in genre.real.of((role,)))
        rows = np.concatenate([np.nonzero(metrics.onsets(home, role))[1] for home in homes])
        bounds = np.percentile(rows, _REACH) + BAND_ENCODING.lowest_pitch(role)
        lowest[role], highest[role] = (float(round(bound)) for bound in bounds)
    return lowest, highest


def settle(
    bundle: Bundle,
    train: Sequence[BandPiece],
    genres: Sequence[str] = (),
    *,
    tell: Callable[[str, int, int], None],
) -> None:
    """Find the habits of all genres that a bundle knows, and write them into its manifest.

    Args:
        bundle: Of Accompany.
        train: The training split.
        genres: Of these alone, going on from what the manifest has.
        tell: Told of each genre how many rounds are done, and of how many.

    Raises:
        BundleError: If it is no bundle of Accompany.
        ConfigError: If there is no music of a genre.
    """
    model = bundle.load_band()
    habits = dict(bundle.manifest.habits)
    for name in genres or model.genres:
        known = model.habits.get(name) if genres else None
        found = found_habits(model, name, train, advance=partial(tell, name), known=known)
        habits[name] = found.to_json()
    text = replace(bundle.manifest, habits=habits).to_json()
    fresh = bundle.folder / f"new-{MANIFEST_FILE}"
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(bundle.folder / MANIFEST_FILE)


class _Habitual:
    """A model whose players have these habits."""

    def __init__(self, model: BandModel, genre: str, habits: Habits) -> None:
        self.genres, self.said = model.genres, model.said
        self.habits: Mapping[str, Habits] = {genre: habits}


class _Search:
    """Looks for one number: a step toward the figure, shorter each time it was too far."""

    def __init__(self, habit: str, who: Who, rule: _Rule, *, judged: Who, wanted: float) -> None:
        self.habit, self.who, self._rule = habit, who, rule
        self._judged, self._wanted = judged, wanted
        self.value, self._step, self._last = rule.starts, rule.step, 0.0

    def go_on(self, value: float) -> None:
        """From what was found before, in shorter steps."""
        self.value = value
        self._step /= _FINER

    def learn(self, played: Sequence[BandRolls]) -> None:
        rule = self._rule
        gap = self._wanted - rule.figure(played, self._judged)
        if math.isnan(gap):
            return
        if abs(gap) <= rule.enough:
            self.value += (rule.starts - self.value) * _FORGOTTEN
            return
        toward = float(np.clip(gap / rule.near, -1.0, 1.0))
        shorter = 0.7 if toward * self._last < 0.0 else 1.05
        self._step = max(self._step * shorter, self._rule.step * _SHORTEST)
        self._last = toward
        self.value = float(np.clip(self.value + self._step * toward, rule.least, rule.most))


def _played(
    model: BandModel, name: str, melodies: Sequence[HeldOut], numbers: Iterable[int]
) -> list[BandRolls]:
    play = device_play(model, name)
    return [
        play(melodies[number % len(melodies)].melody, seed=number, risk=1.0) for number in numbers
    ]


def _habits(searches: Sequence[_Search]) -> Habits:
    found: dict[str, dict[str, float]] = {habit: {} for habit in _RULES}
    for search in searches:
        found[search.habit][_name(search.who)] = search.value
    return Habits.from_json(found)


def _mean(each: Sequence[Habits]) -> Habits:
    tables = [habits.to_json() for habits in each]
    return Habits.from_json(
        {
            habit: {
                who: round(float(np.mean([table[habit][who] for table in tables])), 3)
                for who in numbers
            }
            for habit, numbers in tables[0].items()
        }
    )


def _name(who: Who) -> str:
    return "-".join(who) if isinstance(who, tuple) else str(who)


def _roles(who: Who) -> tuple[Role, ...]:
    return who if isinstance(who, tuple) else (who,)


def _busy(pieces: Sequence[BandRolls], who: Who) -> float:
    if who is Role.DRUMS:
        return sum(float(rolls.drums.sum()) for rolls in pieces) / max(count_bars(pieces), 1) / 4
    role = _role(who)
    return _mean_of([metrics.sounding(rolls, role).sum(axis=1) for rolls in pieces])


def _classes(pieces: Sequence[BandRolls], who: Who) -> float:
    return metrics.pitch_classes_per_bar(pieces, _role(who))


def _foreign(pieces: Sequence[BandRolls], who: Who) -> float:
    role = _role(who)
    found = []
    for rolls in pieces:
        first = BAND_ENCODING.lowest_pitch(role) + melody_shift(rolls.melody)
        classes = (first + np.nonzero(metrics.onsets(rolls, role))[1]) % OCTAVE
        found.append(np.isin(classes, WHITE_KEYS, invert=True))
    return _mean_of(found)


def _mean_of(parts: Sequence[NDArray[np.generic]]) -> float:
    count = sum(part.size for part in parts)
    return sum(float(part.sum()) for part in parts) / count if count else math.nan


def _off_eighths(pieces: Sequence[BandRolls], who: Who) -> float:
    return 1.0 - metrics.onsets_on_grid(pieces, (_role(who),))


def _near(pieces: Sequence[BandRolls], who: Who) -> float:
    first, second = _roles(who)
    return -metrics.tonal_distance(pieces, (first, second))


def _repetition(pieces: Sequence[BandRolls], who: Who) -> float:
    return metrics.groove_consistency(pieces, _roles(who))


def _role(who: Who) -> Role:
    assert isinstance(who, Role)
    return who


_OF_ALL: Final = "repetition"
"""Players keep a groove together: each is moved by the groove of all."""

_RULES: Final[Mapping[str, _Rule]] = {
    "presence": _Rule(figure=_busy, enough=0.03, near=0.3, step=0.5, least=-4.0, most=4.0),
    "foreign": _Rule(
        figure=_foreign,
        enough=0.01,
        near=0.08,
        step=0.4,
        least=-4.0,
        most=2.0,
    ),
    "movement": _Rule(figure=_classes, enough=0.55, near=0.6, step=0.4, least=-4.0, most=6.0),
    "off_eighths": _Rule(
        figure=_off_eighths, enough=0.02, near=0.15, step=0.6, least=-4.0, most=6.0
    ),
    "staccato": _Rule(
        figure=lambda pieces, who: 1.0 - metrics.eighth_notes(pieces, _role(who)),
        enough=0.15,
        near=0.2,
        step=0.6,
        least=0.0,
        most=6.0,
    ),
    "resting": _Rule(
        figure=lambda pieces, who: metrics.empty_bars(pieces, _role(who)),
        enough=0.005,
        near=0.1,
        step=0.6,
        least=-8.0,
        most=8.0,
        starts=-1.0,
    ),
    "nearness": _Rule(figure=_near, enough=0.015, near=0.1, step=0.3, least=-4.0, most=4.0),
    "repetition": _Rule(figure=_repetition, enough=0.02, near=0.1, step=0.2, least=0.0, most=2.0),
}

_WHO: Final[Mapping[str, Callable[[Genre], Sequence[Who]]]] = {
    "presence": lambda genre: genre.roles,
    "movement": lambda genre: genre.pitched,
    "foreign": lambda genre: genre.pitched,
    "off_eighths": lambda genre: genre.roles,
    "staccato": lambda genre: genre.pitched,
    "resting": lambda genre: genre.roles,
    "nearness": lambda genre: [
        pair for pair in metrics.PAIRS if set(pair) <= {Role.MELODY, *genre.pitched}
    ],
    "repetition": lambda genre: genre.roles,
}
