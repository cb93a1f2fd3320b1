"""Habits are counted: on pieces that repeat themselves, on pieces that do not, and by hand."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware.inference.recall import FEATURES, KINDS, SILENCES, Recall, TokenHabits
from firmware.music.tokens import TOKEN_ENCODING, GridNote, Texture, encode
from training.shards import TokenPiece, with_borders
from training.token_habits import WINDOW_BEATS, count_habits, recalled_nats, windows

BEAT = TOKEN_ENCODING.beat_resolution
V = TOKEN_ENCODING.vocabulary


def piece(pitches: Sequence[int | None], *, bar: int = 4, style: str = "piano") -> TokenPiece:
    """A note a beat, where there is one."""
    notes = [
        GridNote(start=BEAT * beat, pitch=pitch, duration=BEAT)
        for beat, pitch in enumerate(pitches)
        if pitch is not None
    ]
    beats = len(pitches)
    bars = range(0, BEAT * beats, BEAT * bar) if bar else ()
    return TokenPiece(
        corpus="invented",
        name="invented",
        style=TOKEN_ENCODING.styles.index(style),
        texture=TOKEN_ENCODING.textures.index(Texture.LINE),
        tokens=with_borders(encode(notes, bars=bars, beats=beats)),
        notes=len(notes),
    )


def drawn(count: int, *, seed: int) -> list[int]:
    found: list[int] = np.random.default_rng(seed).integers(40, 90, count).tolist()
    return found


class Unknowing:
    """A model that knows nothing."""

    def begin(self, *, style: int, texture: int) -> "Unknowing":  # noqa: ARG002 - the protocol's
        """See `TokenModel.begin`."""
        return self

    def read_each(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        """See `RingReader.read_each`."""
        return np.zeros((len(tokens), V), np.float32)


def counted(pieces: Sequence[TokenPiece]) -> TokenHabits:
    return count_habits(Unknowing(), pieces, styles=("piano",))  # type: ignore[arg-type]


def test_windows_begin_with_bars_and_are_half_prompt() -> None:
    """A piece of 170 beats in bars of three: at 0, at 51 and, for 68 beats, at 102."""
    whole = piece(drawn(170, seed=1), bar=3)
    found = list(windows(whole))
    beats = [
        int(np.isin(one.tokens, (TOKEN_ENCODING.beat, TOKEN_ENCODING.bar)).sum()) for one in found
    ]
    assert beats == [WINDOW_BEATS, WINDOW_BEATS, 68]
    assert all(
        one.tokens[:2].tolist() == [TOKEN_ENCODING.start, TOKEN_ENCODING.bar] for one in found
    )
    # START, and a beat, a pitch and a duration for each of the beats of the prompt.
    assert [one.first_counted for one in found] == [1 + 3 * 50, 1 + 3 * 50, 1 + 3 * 34]
    assert TOKEN_ENCODING.end not in found[-1].tokens
    assert not list(windows(piece(drawn(39, seed=1))))
    assert len(list(windows(piece(drawn(102, seed=1), bar=0)))) == 2


def test_who_always_repeats_is_believed_and_who_never_does_is_not() -> None:
    """The same ten bars again and again, and notes in which no two are ever twice the same."""
    surely = counted([piece(drawn(20, seed=seed) * 5) for seed in range(4)])
    never = counted([piece(drawn(100, seed=seed)) for seed in range(4)])
    tune = drawn(20, seed=9)
    tokens = piece([*tune, *tune[:5], None]).tokens[:-1].tolist()  # a note is to follow
    shares = {}
    for name, habits in (("surely", surely), ("never", never)):
        recall = Recall(habits)
        recall.read(tokens)
        copied = recall.copied(np.zeros(V, np.float32))
        assert copied is not None
        shares[name] = copied.share
    assert shares["surely"] > 0.95
    assert shares["never"] < 0.5


def test_rests_are_counted_by_their_length() -> None:
    """Four silent beats always: a rest goes on after one and after two or three, and then ends."""
    notes = [*drawn(3, seed=1), None, None, None, None]
    habits = counted([piece(notes * 20) for _ in range(4)])
    chance = math.log(2 / V / (1 - 2 / V))  # BEAT and BAR are two of V
    shares = [
        1 / (1 + math.exp(-constant - weight * chance)) for constant, weight in habits.resting
    ]
    assert shares[0] > 0.9
    assert shares[1] > 0.9
    assert shares[2] < 0.3
    assert habits.resting[3:] == ((0.0, 1.0), (0.0, 1.0))  # never seen: the network is right


def test_where_nothing_is_seen_the_network_is_right() -> None:
    habits = counted([])
    assert all(weights[FEATURES.index("chance")] == 1.0 for weights in habits.copying.values())
    assert sum(map(sum, habits.copying.values())) == len(KINDS)
    assert habits.resting == ((0.0, 1.0),) * len(SILENCES)
    known = piece(drawn(20, seed=2) * 3)
    said = np.zeros((len(known.tokens), V), np.float32)
    assert recalled_nats(habits, said, known) == pytest.approx(
        (len(said) - 1) * math.log(V), rel=1e-4
    )


def test_what_was_counted_foretells_the_next_piece() -> None:
    habits = counted([piece(drawn(20, seed=seed) * 5) for seed in range(4)])
    other = piece(drawn(20, seed=7) * 5)
    said = np.zeros((len(other.tokens), V), np.float32)
    assert recalled_nats(habits, said, other) < 0.4 * (len(said) - 1) * math.log(V)
