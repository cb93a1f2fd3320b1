"""Training batches: crops of chorales with masks, as integers.

The network's input planes are made from these integers in the training graph
(`training.models.planes`), so that a batch is small and the host is never the bottleneck.

Letters: B batch, T time steps of a window, V voices.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware.music.encoding import (
    ATTACK_HELD,
    ATTACK_STRUCK,
    ATTACK_UNKNOWN,
    CHORALE_ENCODING,
    EncodingSpec,
)
from training.corpora import Chorale

VOICE_PITCH_RANGES: Final = ((60, 81), (52, 74), (46, 69), (36, 66))
"""Lowest and highest MIDI pitch of soprano, alto, tenor and bass in Bach's training split."""

_SHORTEST_RAGGED_STEPS: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchConfig:
    """How training batches are drawn.

    Attributes:
        batch_size: B.
        synthetic_share: Share of the crops taken from the synthetic chorales.
        ragged_share: Share of the crops that may reach beyond the end of their piece.
        told_attacks_share: Share of the synthetic crops whose visible cells come with
            their attacks; the others must be understood without.
        whole_voices_share: Share of the crops in which some voices are wholly visible,
            as when a melody is given and the other voices are asked for.
        whole_notes_share: Share of the crops in which notes are masked as a whole.
    """

    batch_size: int = 64
    synthetic_share: float = 0.25
    ragged_share: float = 0.15
    told_attacks_share: float = 0.5
    whole_voices_share: float = 0.12
    whole_notes_share: float = 0.06


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One batch of windows.

    Attributes:
        cells: (B, T, V) int32 true grid classes; rest beyond the piece.
        masked: (B, T, V) bool, cells to be said by the network.
        attacks: (B, T, V) int8, what the network is told of attacks.
        inside: (B, T) bool, False beyond the end of the piece.
        struck: (B, T, V) bool, True where a note starts (where that is known).
        attack_judged: (B, T, V) bool, cells where the network must say whether a pitch
            that goes on is struck again.
    """

    cells: NDArray[np.int32]
    masked: NDArray[np.bool_]
    attacks: NDArray[np.int8]
    inside: NDArray[np.bool_]
    struck: NDArray[np.bool_]
    attack_judged: NDArray[np.bool_]

    def inputs(self) -> dict[str, NDArray[np.generic]]:
        """What the training graph reads."""
        return {
            "cells": self.cells,
            "masked": self.masked.astype(np.float32),
            "attacks": self.attacks.astype(np.float32),
            "inside": self.inside.astype(np.float32),
        }

    def targets(self) -> dict[str, NDArray[np.float32]]:
        """Class, and weight within the crop, of each cell: (B, T, V, 2) and (B, T, V, 3)."""
        cells = self.cells.astype(np.float32)
        return {
            "pitch_logits": np.stack([cells, _shares(self.masked)], axis=-1),
            "attack_logits": np.stack(
                [cells, self.struck.astype(np.float32), _shares(self.attack_judged)], axis=-1
            ),
        }


class ChoraleSampler:
    """Draws training batches from chorales.

    Batch number n of a seed is always the same, so an interrupted training goes on with
    the batches that it would have seen.

    Args:
        natural: Bach's chorales, of unknown attacks.
        synthetic: More chorales; may be empty.
        config: How to draw.
        seed: Start of all randomness.
        spec: The encoding.
    """

    def __init__(
        self,
        natural: Sequence[Chorale],
        synthetic: Sequence[Chorale],
        *,
        config: BatchConfig,
        seed: int,
        spec: EncodingSpec = CHORALE_ENCODING,
    ) -> None:
        pieces = [*natural, *synthetic]
        self._config = config
        self._seed = seed
        self._spec = spec
        self._cells = np.concatenate([piece.cells for piece in pieces])
        self._attacks = np.concatenate([piece.attacks for piece in pieces])
        self._lengths = np.array([len(piece.cells) for piece in pieces])
        self._offsets = np.cumsum(self._lengths) - self._lengths
        natural_steps = self._lengths.astype(np.float64)
        natural_steps[len(natural) :] = 0.0
        synthetic_steps = self._lengths - natural_steps
        share = config.synthetic_share if len(synthetic) else 0.0
        self._weights = (1.0 - share) * natural_steps / natural_steps.sum()
        if share:
            self._weights = self._weights + share * synthetic_steps / synthetic_steps.sum()

    def batch(self, number: int) -> Batch:
        """Draw batch `number`."""
        rng = np.random.default_rng((self._seed, number))
        cells, attacks, inside = self._crops(rng)
        cells = transpose_within_ranges(cells, rng, self._spec)
        sounding = (cells != self._spec.rest) & inside[:, :, None]
        goes_on = np.zeros(cells.shape, dtype=np.bool_)
        goes_on[:, 1:] = sounding[:, 1:] & (cells[:, 1:] == cells[:, :-1])
        masked = self._masks(rng, cells, attacks, inside, goes_on)
        known = attacks != ATTACK_UNKNOWN
        told = self._told(rng, attacks, masked)
        return Batch(
            cells=cells,
            masked=masked,
            attacks=told,
            inside=inside,
            struck=attacks == ATTACK_STRUCK,
            attack_judged=goes_on & known & (told == ATTACK_UNKNOWN),
        )

    def _crops(
        self, rng: np.random.Generator
    ) -> tuple[NDArray[np.int32], NDArray[np.int8], NDArray[np.bool_]]:
        size, steps = self._config.batch_size, self._spec.time_steps
        beat = self._spec.beat_resolution
        piece = rng.choice(len(self._lengths), size=size, p=self._weights)
        length = self._lengths[piece]
        latest = np.where(
            rng.random(size) < self._config.ragged_share,
            length - _SHORTEST_RAGGED_STEPS,
            length - steps,
        )
        starts_on_beats = np.maximum(latest, 0) // beat + 1
        start = beat * rng.integers(starts_on_beats)
        position = start[:, None] + np.arange(steps)
        inside = position < length[:, None]
        index = self._offsets[piece][:, None] + np.minimum(position, length[:, None] - 1)
        outside = ~inside[:, :, None]
        cells = np.where(outside, self._spec.rest, self._cells[index]).astype(np.int32)
        attacks = np.where(outside, ATTACK_UNKNOWN, self._attacks[index]).astype(np.int8)
        return cells, attacks, inside

    def _masks(
        self,
        rng: np.random.Generator,
        cells: NDArray[np.int32],
        attacks: NDArray[np.int8],
        inside: NDArray[np.bool_],
        goes_on: NDArray[np.bool_],
    ) -> NDArray[np.bool_]:
        size, _, voices = cells.shape
        config = self._config
        free = np.repeat(inside[:, :, None], voices, axis=2)
        kind = rng.random(size)
        whole_voices = kind < config.whole_voices_share
        hidden = rng.random((size, voices)) < 0.6
        hidden[np.arange(size), rng.integers(voices, size=size)] = True
        free &= np.logical_not(whole_voices)[:, None, None] | hidden[:, None, :]
        count = free.sum(axis=(1, 2))
        masks = rng.integers(1, count + 1)
        all_of_them = whole_voices & (rng.random(size) < 0.3)
        masked = mask_count(rng, free, np.where(all_of_them, count, masks))
        whole_notes = (kind >= config.whole_voices_share) & (
            kind < config.whole_voices_share + config.whole_notes_share
        )
        starts = np.logical_not(goes_on) | (attacks == ATTACK_STRUCK)
        for row in np.flatnonzero(whole_notes):
            masked[row] = _mask_notes(rng, starts[row], inside[row])
        return masked

    def _told(
        self, rng: np.random.Generator, attacks: NDArray[np.int8], masked: NDArray[np.bool_]
    ) -> NDArray[np.int8]:
        tells = rng.random(len(attacks)) < self._config.told_attacks_share
        told = np.where(tells[:, None, None] & ~masked, attacks, ATTACK_UNKNOWN).astype(np.int8)
        # "Held" would give away what stands in a masked cell just before.
        gives_away = (told[:, 1:] == ATTACK_HELD) & masked[:, :-1]
        told[:, 1:][gives_away] = ATTACK_UNKNOWN
        return told


def mask_count(
    rng: np.random.Generator, free: NDArray[np.bool_], count: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Choose `count` (B,) of the `free` (B, T, V) cells of each window, each equally likely."""
    chance = np.where(free, rng.random(free.shape), 2.0)
    ordered = np.sort(chance.reshape(len(free), -1), axis=1)
    last = ordered[np.arange(len(free)), count - 1]
    return free & (chance <= last[:, None, None])


def transpose_within_ranges(
    cells: NDArray[np.int32], rng: np.random.Generator, spec: EncodingSpec
) -> NDArray[np.int32]:
    """Shift each window by a random interval that keeps every voice in its range."""
    ranges = np.array(VOICE_PITCH_RANGES) - spec.lowest_pitch
    sounding = cells != spec.rest
    lowest = np.where(sounding, cells, spec.rest).min(axis=1)
    highest = np.where(sounding, cells, 0).max(axis=1)
    # A silent voice bounds nothing: its `lowest` is the rest, its `highest` 0. A voice
    # that already leaves the range (synthetic chorales) allows no shift further out.
    down = np.maximum(np.minimum(lowest - ranges[:, 0], spec.rest).min(axis=1), 0)
    up = np.maximum(np.where(highest > 0, ranges[:, 1] - highest, spec.rest).min(axis=1), 0)
    shift = rng.integers(-np.minimum(down, 11), np.minimum(up, 11) + 1)
    return np.where(sounding, cells + shift[:, None, None], spec.rest).astype(np.int32)


def _mask_notes(
    rng: np.random.Generator, starts: NDArray[np.bool_], inside: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Mask whole notes of one window, a random share of them and never none."""
    note = np.cumsum(starts, axis=0) + np.arange(starts.shape[1]) * len(starts)
    numbers = np.unique(note[inside])
    chosen = numbers[rng.random(len(numbers)) < rng.random()]
    if not len(chosen):
        chosen = rng.choice(numbers, size=1)
    return np.isin(note, chosen) & inside[:, None]


def _shares(chosen: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Weight 1/n for each of a window's n chosen cells, 0 elsewhere."""
    count = np.maximum(chosen.sum(axis=(1, 2), keepdims=True), 1)
    return np.asarray(chosen / count, dtype=np.float32)
