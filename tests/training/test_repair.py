"""Damage, and how a repair is judged."""

from collections import Counter

import numpy as np
import pytest

from firmware.music.encoding import CHORALE_ENCODING
from firmware.music.notes import Composition, Note, Track
from training.markov import VoiceChains
from training.repair import (
    composition_f1,
    damage,
    f1,
    markov_f1,
    notes_of,
    starts_of,
    untouched_f1,
)

REST = CHORALE_ENCODING.rest


def chorale(steps: int = 400) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    """Four voices that move on every beat, each by its own pattern."""
    beats = np.arange(steps // 4)
    voices = [36 + beats % 5, 28 + beats % 3, 22 + beats % 4, 12 + 2 * (beats % 3)]
    return np.repeat(np.stack(voices, axis=1), 4, axis=0).astype(np.int16)


def test_cells_become_notes_with_voices() -> None:
    cells = np.array([[30, REST], [30, REST], [31, 10], [31, 10]], dtype=np.int16)
    assert notes_of(cells) == [
        (Note(start_ticks=0, pitch=66, duration_ticks=240), 0),
        (Note(start_ticks=240, pitch=67, duration_ticks=240), 0),
        (Note(start_ticks=240, pitch=46, duration_ticks=240), 1),
    ]


def test_half_of_the_notes_go_and_a_few_wrong_ones_come() -> None:
    """Over a long piece; no wrong note has a pitch that sounds there in the original."""
    damaged = damage(chorale(4000), np.random.default_rng(0))
    original = [note for voice in damaged.original for note in voice]
    kept = Counter(damaged.melody.notes) & Counter(original)
    wrong = Counter(damaged.melody.notes) - Counter(original)
    assert sum(kept.values()) / len(original) == pytest.approx(0.5, abs=0.02)
    assert sum(wrong.values()) / len(original) == pytest.approx(0.015, abs=0.001)
    for note in wrong:
        assert not any(
            note.pitch == other.pitch
            and other.start_ticks < note.end_ticks
            and note.start_ticks < other.end_ticks
            for other in original
        )


def test_a_note_that_goes_on_in_its_track_is_one_note() -> None:
    """In another track it is another note: that voice did strike it."""
    first = Note(start_ticks=0, pitch=60, duration_ticks=120)
    second = Note(start_ticks=120, pitch=60, duration_ticks=120)
    assert starts_of([[first, second]]) == Counter({(0, 60): 1})
    assert starts_of([[first], [second]]) == Counter({(0, 60): 1, (120, 60): 1})


def test_f1_by_hand() -> None:
    """Three of four found, one wrong: precision and recall 3/4."""
    original = Counter({(0, 60): 1, (1, 60): 1, (2, 60): 1, (3, 60): 1})
    other = Counter({(0, 60): 1, (1, 60): 1, (2, 60): 1, (3, 61): 1})
    assert f1(original, other) == pytest.approx(0.75)
    assert f1(original, original) == 1.0


def test_the_original_itself_is_a_perfect_repair_and_the_damage_is_none() -> None:
    damaged = damage(chorale(), np.random.default_rng(1))
    tracks = tuple(Track(name=str(n), notes=own) for n, own in enumerate(damaged.original))
    assert composition_f1(damaged, Composition(tracks=tracks)) == 1.0
    assert 0.5 < untouched_f1(damaged) < 0.75


def test_chains_that_know_the_tune_fill_it_in() -> None:
    """Sixteenths that two steps before decide, in every voice, with six steps missing."""
    cells = chorale()[::4]
    free = np.zeros(cells.shape, dtype=np.bool_)
    free[51:57] = True
    assert (VoiceChains([cells] * 20).filled(cells, free) == cells).all()


def test_a_markov_repair_is_judged_like_any_other() -> None:
    cells = chorale()
    damaged = damage(cells, np.random.default_rng(2))
    assert 0.0 < markov_f1(damaged, VoiceChains([cells])) <= 1.0


def test_chains_leave_alone_what_is_given() -> None:
    cells = chorale()
    free = np.random.default_rng(0).random(cells.shape) < 0.5
    filled = VoiceChains([cells[::-1]]).filled(cells, free)
    assert (filled[~free] == cells[~free]).all()
