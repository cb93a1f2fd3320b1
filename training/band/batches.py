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
    moved,
    window_inputs,
)
from firmware.music.home_key import home_shift, way_back
from training.band.shards import BandPiece

_OCTAVE: Final = 12

_STRAYS: Final = (-7, -5, 5, 7)
"""Semitones by which a key is mistaken for its neighbours."""

_PASSAGE_BARS: Final = 32
"""A player's melody is about so long, and its key is that of so much of it."""


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
        stray_share: Share of the windows that are heard in a neighbouring key.
    """

    batch_size: int = 8
    shares: tuple[tuple[str, float], ...] = ()
    length_power: float = 0.75
    blank_share: float = 0.1
    noised_share: float = 0.3
    stray_share: float = 0.1


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
        first = max(start - bar * int(rng.integers(_PASSAGE_BARS)), 0)
        shift = melody_shift(rolls.melody, first, first + bar * _PASSAGE_BARS)
        stray = int(rng.choice(_STRAYS))
        if rng.random() < config.stray_share:
            shift += stray
        band_shift = way_back(-shift)
        kind, conditions = rng.random(), dict(batch.conditions)
        if kind < config.blank_share:
            for name in ("known", "known_drums"):
                conditions[name] = np.zeros_like(conditions[name])
        elif kind < config.blank_share + config.noised_share:
            conditions |= _noised(rng, conditions)
        conditions["melody"] = moved(conditions["melody"], shift)
        conditions["known"] = moved(conditions["known"], band_shift)
        conditions["tonality"] = _turned(conditions["tonality"], shift)
        return BandBatch(
            conditions=conditions,
            band=moved(batch.band, band_shift),
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


def melody_shift(melody: NDArray[np.bool_], start: int = 0, end: int | None = None) -> int:
    """How far a melody is from its home key; see `firmware.music.home_key`.

    Args:
        melody: (S, P, 2).
        start: Where the passage begins whose key it is.
        end: Where that ends.

    Returns:
        Semitones; of a passage without melody those of the whole, and 0 where all is silent.
    """
    for part in (melody[start:end, :, 0], melody[:, :, 0]):
        if part.any():
            lowest = BAND_ENCODING.lowest_pitch(Role.MELODY)
            durations = enumerate(part.sum(axis=0).tolist(), start=lowest)
            last = int(np.nonzero(part)[1][-1]) + lowest
            return home_shift([*durations, (last, 0)])
    return 0


def moved_home(rolls: BandRolls, shift: int) -> BandRolls:
    """A piece in the key in which its melody is moved by so many semitones; it shares nothing."""
    return BandRolls(
        melody=moved(rolls.melody, shift).copy(),
        band=moved(rolls.band, way_back(-shift)).copy(),
        drums=rolls.drums.copy(),
        beats_per_bar=rolls.beats_per_bar,
    )


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
