"""Training batches: windows of pieces for a melody and a band, with what the networks are told.

Letters: B batch, K + T time steps (known ones, and those of the window), P pitches, R planes of
the pitched roles, D drums, G genre slots, S segments.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
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
from training.band.shards import BandPiece

_LOWEST_SHIFT: Final = -6
_HIGHEST_SHIFT: Final = 5
_OCTAVE: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class BandBatchConfig:
    """How training windows are drawn.

    Attributes:
        batch_size: B.
        shares: Share of the windows of single genres; those not named share the rest alike.
        length_power: A piece's weight within its genre is its length to this power: 1 weighs
            all bars alike, 0 all pieces.
        blank_share: Share of the windows whose known bar is hidden, as where a piece begins.
        noised_share: Share of the windows whose known bar is as faulty as the model's own.
        octave_share: Share of the melodies that are moved by an octave.
    """

    batch_size: int = 8
    shares: tuple[tuple[str, float], ...] = ()
    length_power: float = 0.75
    blank_share: float = 0.1
    noised_share: float = 0.3
    octave_share: float = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class BandBatch:
    """One batch of windows; all arrays float32.

    Attributes:
        conditions: What `firmware.music.band.window_inputs` says of each window, and `genre`
            (B, G).
        band: (B, T, P, R) what the band plays.
        drums: (B, T, D).
        weights: (B, 4) of bass, harmony, counter and drums: 0 where a piece has nobody in that
            role, so that nothing is to be learned of it.
    """

    conditions: Mapping[str, NDArray[np.float32]]
    band: NDArray[np.float32]
    drums: NDArray[np.float32]
    weights: NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Where a window is.

    Attributes:
        piece: Index of its piece.
        start: Its first time step.
    """

    piece: int
    start: int


class BandPieces:
    """Pieces as packed rolls, which take an eighth of the memory.

    Args:
        pieces: The pieces of `genres`; others are left out.
        genres: Names of the genres, in the order of the model's slots.
        spec: The encoding.
    """

    def __init__(
        self,
        pieces: Iterable[BandPiece],
        *,
        genres: Sequence[str],
        spec: BandSpec = BAND_ENCODING,
    ) -> None:
        self._spec = spec
        found = [
            _Packed(piece, genres.index(piece.genre), spec)
            for piece in pieces
            if piece.genre in genres and piece.steps
        ]
        self._pieces = tuple(found)
        self.genre_of = np.array([piece.genre for piece in found], dtype=np.int64)
        self.steps = np.array([piece.steps for piece in found], dtype=np.int64)
        self.roles = np.array([piece.roles for piece in found], dtype=np.bool_).reshape(-1, 4)

    def __len__(self) -> int:
        """Number of pieces."""
        return len(self._pieces)

    def rolls(self, number: int) -> BandRolls:
        """A piece's rolls."""
        return self._pieces[number].unpacked(self._spec)

    def beats_per_bar(self, number: int) -> int:
        """Quarter notes a bar of a piece."""
        return self._pieces[number].beats_per_bar

    def windows(self, number: int) -> list[Window]:
        """A piece cut into windows one after another, as the device goes through it."""
        hop = self._spec.hop(self.beats_per_bar(number))
        return [Window(piece=number, start=at) for at in range(0, int(self.steps[number]), hop)]


class BandSampler:
    """Draws training batches; batch number n of a seed is always the same.

    Args:
        pieces: The training split.
        genres: Names of the genres, in the order of the model's slots.
        config: How to draw.
        seed: Start of all randomness.
        spec: The encoding.

    Raises:
        ConfigError: If a genre has no piece.
    """

    def __init__(
        self,
        pieces: BandPieces,
        *,
        genres: Sequence[str],
        config: BandBatchConfig,
        seed: int,
        spec: BandSpec = BAND_ENCODING,
    ) -> None:
        self._pieces, self._config, self._seed, self._spec = pieces, config, seed, spec
        self._weights = np.zeros(len(pieces))
        for number, share in enumerate(_shares(config, genres)):
            mine = pieces.genre_of == number
            if not mine.any():
                raise ConfigError(
                    f"the band shard for training has no piece of the genre {genres[number]!r}",
                    remedy="name others with --set genres=[...], or make shards that have it",
                )
            lengths = pieces.steps[mine].astype(np.float64) ** config.length_power
            self._weights[mine] = share * lengths / lengths.sum()

    def batch(self, number: int) -> BandBatch:
        """Draw batch `number`."""
        rng = np.random.default_rng((self._seed, number))
        chosen = rng.choice(len(self._pieces), size=self._config.batch_size, p=self._weights)
        return joined([self._window(rng, int(piece)) for piece in chosen])

    def _window(self, rng: np.random.Generator, number: int) -> BandBatch:
        pieces, config = self._pieces, self._config
        rolls = pieces.rolls(number)
        bar = rolls.beats_per_bar * self._spec.beat_resolution
        # Any bar line that has at least a bar behind it.
        start = bar * int(rng.integers(max(rolls.steps // bar, 1)))
        batch = window_batch(pieces, Window(piece=number, start=start), rolls, spec=self._spec)
        shift = int(rng.integers(_LOWEST_SHIFT, _HIGHEST_SHIFT + 1))
        octave = 0
        if rng.random() < config.octave_share:
            octave = _OCTAVE * int(rng.choice((-1, 1)))
        kind, conditions = rng.random(), dict(batch.conditions)
        if kind < config.blank_share:
            for name in ("known", "known_drums"):
                conditions[name] = np.zeros_like(conditions[name])
        elif kind < config.blank_share + config.noised_share:
            conditions |= _noised(rng, conditions)
        conditions["melody"] = moved(conditions["melody"], shift + octave)
        conditions["known"] = moved(conditions["known"], shift)
        conditions["tonality"] = _turned(conditions["tonality"], shift)
        return BandBatch(
            conditions=conditions,
            band=moved(batch.band, shift),
            drums=batch.drums,
            weights=batch.weights,
        )


def window_batch(
    pieces: BandPieces,
    window: Window,
    rolls: BandRolls | None = None,
    *,
    spec: BandSpec = BAND_ENCODING,
) -> BandBatch:
    """One window as it stands in its piece, as a batch of one.

    Args:
        pieces: Where it is from.
        window: Where it is.
        rolls: Its piece's, where they are at hand.
        spec: The encoding.
    """
    rolls = pieces.rolls(window.piece) if rolls is None else rolls
    genre = genre_slot(int(pieces.genre_of[window.piece]), spec=spec)
    conditions = dict(window_inputs(rolls, window.start, spec=spec)) | {"genre": genre}
    return BandBatch(
        conditions={name: array[None] for name, array in conditions.items()},
        band=cut(rolls.band, window.start, spec.time_steps)[None].astype(np.float32),
        drums=cut(rolls.drums, window.start, spec.time_steps)[None].astype(np.float32),
        weights=pieces.roles[window.piece][None].astype(np.float32),
    )


def joined(batches: Sequence[BandBatch]) -> BandBatch:
    """Several batches as one."""
    return BandBatch(
        conditions={
            name: np.concatenate([batch.conditions[name] for batch in batches])
            for name in batches[0].conditions
        },
        band=np.concatenate([batch.band for batch in batches]),
        drums=np.concatenate([batch.drums for batch in batches]),
        weights=np.concatenate([batch.weights for batch in batches]),
    )


def moved(rolls: NDArray[np.float32], semitones: int) -> NDArray[np.float32]:
    """Transpose rolls (B, steps, P, any); what leaves the roll comes back by an octave.

    Raises:
        ValueError: If they are to be moved farther than the roll is high.
    """
    if not semitones:
        return rolls
    pitches = rolls.shape[2]
    row = np.arange(pitches) + semitones
    row = np.where(row < 0, row % _OCTAVE, row)
    over = row - pitches
    row = np.where(over >= 0, pitches - _OCTAVE + over % _OCTAVE, row)
    if abs(semitones) >= pitches:
        raise ValueError(f"a roll of {pitches} pitches cannot be moved by {semitones}")
    inner = np.flatnonzero(row == np.arange(pitches) + semitones)
    outer = np.flatnonzero(row != np.arange(pitches) + semitones)
    found = np.zeros_like(rolls)
    found[:, :, row[inner]] = rolls[:, :, inner]
    for old in outer:
        np.maximum(found[:, :, row[old]], rolls[:, :, old], out=found[:, :, row[old]])
    return found


def _turned(tonality: NDArray[np.float32], semitones: int) -> NDArray[np.float32]:
    """(B, P): the shares of the pitch classes go along with the pitches."""
    row = np.arange(tonality.shape[1])
    return tonality[:, (row - semitones) % _OCTAVE]


def _noised(
    rng: np.random.Generator, conditions: Mapping[str, NDArray[np.float32]]
) -> dict[str, NDArray[np.float32]]:
    """The known bar with faults: notes missing, notes a few semitones off, or a role silent."""
    known, drums = conditions["known"].copy(), conditions["known_drums"]
    _, steps, pitches, planes = known.shape
    # A beat of a pitch at a time, so that notes come and go as a whole.
    beats = steps // BAND_ENCODING.beat_resolution
    lost = rng.random((1, beats, pitches, planes // 2)) < rng.uniform(0.0, 0.4)
    lost = lost.repeat(BAND_ENCODING.beat_resolution, axis=1).repeat(2, axis=-1)
    strayed = moved(known, int(rng.choice((-7, -5, -2, -1, 1, 2, 5, 7))))
    stray = rng.random((1, beats, pitches, planes // 2)) < rng.uniform(0.0, 0.15)
    stray = stray.repeat(BAND_ENCODING.beat_resolution, axis=1).repeat(2, axis=-1)
    known = np.where(lost, 0.0, known)
    known = np.where(stray, np.maximum(known, strayed), known).astype(np.float32)
    if rng.random() < 0.25:
        silent = 2 * int(rng.integers(len(PITCHED_ROLES)))
        known[..., silent : silent + 2] = 0.0
    kept = rng.random(drums.shape) >= rng.uniform(0.0, 0.4)
    return {"known": known, "known_drums": np.where(kept, drums, 0.0).astype(np.float32)}


def _shares(config: BandBatchConfig, genres: Sequence[str]) -> list[float]:
    named = dict(config.shares)
    rest = [genre for genre in genres if genre not in named]
    left = 1.0 - sum(named[genre] for genre in genres if genre in named)
    if left < -1e-9 or (rest and left <= 0.0):
        raise ConfigError(f"the shares of genres must sum to less than 1, got {named}")
    shares = [named[genre] if genre in named else left / len(rest) for genre in genres]
    return [share / sum(shares) for share in shares]


class _Packed:
    """One piece: its rolls as bits."""

    def __init__(self, piece: BandPiece, genre: int, spec: BandSpec) -> None:
        rolls = piece.rolls(spec=spec)
        self.genre, self.steps, self.beats_per_bar = genre, piece.steps, piece.beats_per_bar
        played = {note.role for note in piece.notes}
        self.roles = [role in played for role in (*PITCHED_ROLES, Role.DRUMS)]
        planes = np.concatenate([rolls.melody, rolls.band], axis=-1)
        self._planes = np.packbits(planes, axis=1)
        self._drums = np.packbits(rolls.drums, axis=1)

    def unpacked(self, spec: BandSpec) -> BandRolls:
        planes = np.unpackbits(self._planes, axis=1, count=spec.pitches).view(np.bool_)
        drums = np.unpackbits(self._drums, axis=1, count=len(spec.drums)).view(np.bool_)
        return BandRolls(
            melody=planes[..., :2],
            band=planes[..., 2:],
            drums=drums,
            beats_per_bar=self.beats_per_bar,
        )
