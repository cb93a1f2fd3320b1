"""Prompts, human continuations, and how an extension is set beside them."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware.music.notes import Melody, Note
from firmware.music.timing import TICKS_PER_BEAT
from firmware.music.tokens import TOKEN_ENCODING, GridNote, Texture, encode, written
from training.continuations import (
    MEASURES,
    PASSAGES,
    TEMPO_BPM,
    Passage,
    continuations,
    passages,
    repeated,
)
from training.shards import TokenPiece, with_borders

BEAT = TOKEN_ENCODING.beat_resolution
BAR_TICKS = 4 * TICKS_PER_BEAT


def piece(style: str, texture: Texture, *, beats: int, bar: int = 3, seed: int = 0) -> TokenPiece:
    """A note, or three of them, on every beat; no pitch twice in a row."""
    rng = np.random.default_rng(seed)
    steps = rng.choice([-3, -2, -1, 1, 2, 4], size=beats)
    tops = 72 + np.cumsum(steps) % 12
    added = (0,) if texture == Texture.LINE else (0, -12, -16)
    notes = [
        GridNote(start=BEAT * beat, pitch=int(top) + below, duration=BEAT)
        for beat, top in enumerate(tops)
        for below in added
    ]
    bars = range(0, BEAT * beats, BEAT * bar) if style != "chorale" else ()
    return TokenPiece(
        corpus="invented",
        name=f"{style}-{texture}-{seed}",
        style=TOKEN_ENCODING.styles.index(style),
        texture=TOKEN_ENCODING.textures.index(texture),
        tokens=with_borders(encode(written(notes), bars=bars)),
        notes=len(notes),
    )


def pieces() -> list[TokenPiece]:
    """One of each kind; longer than a passage, which ends before the piece says that it does."""
    return [piece(kind.split(":")[0], Texture(kind.split(":")[1]), beats=120) for kind in PASSAGES]


class Knowing:
    """A model that has heard these pieces, and knows how each goes on."""

    def __init__(self, known: Sequence[TokenPiece]) -> None:
        self._known = [piece.tokens.tolist() for piece in known]

    def begin(self, *, style: int, texture: int) -> "Knowing":  # noqa: ARG002 - the protocol's
        """See `TokenModel.begin`."""
        self._read: list[int] = []
        return self

    def read(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        """See `TokenReader.read`."""
        self._read += tokens
        so_far = len(self._read)
        logits = np.zeros(TOKEN_ENCODING.vocabulary, np.float32)
        for known in self._known:
            if known[:so_far] == self._read:
                logits[known[so_far]] = 50.0
        return logits


def test_a_passage_is_half_prompt_and_half_what_follows() -> None:
    """In bars of three, 60 beats are ten bars and ten bars, of 18 seconds."""
    (found,) = [p for p in passages([piece("piano", Texture.LINE, beats=60)]) if p]
    assert found.prompt.beats_per_bar == 3
    assert found.prompt.tempo_bpm == TEMPO_BPM
    assert found.prompt.end_ticks == found.human[0].start_ticks == 30 * TICKS_PER_BEAT
    assert (len(found.prompt.notes), len(found.human)) == (30, 30)
    assert found.duration_s == pytest.approx(18.0)


def test_a_long_piece_is_cut_into_passages_of_a_minute() -> None:
    """The bar in which a passage would end is where the next one looks for its bar line."""
    found = passages([piece("quartet", Texture.FULL, beats=302)])
    assert [p.duration_s for p in found] == pytest.approx([30.0, 30.0, 30.0], abs=2.5)
    assert all(p.prompt.end_ticks <= 50 * TICKS_PER_BEAT for p in found)
    assert all(p.prompt.notes[0].start_ticks == 0 for p in found)


def test_each_piece_gives_one_passage_before_any_gives_two() -> None:
    long = [piece("song", Texture.LINE, beats=400, seed=seed) for seed in range(4)]
    first = {_first_pitches(p) for piece in long for p in passages([piece])[:1]}
    assert {_first_pitches(p) for p in passages(long)[:4]} == first
    assert len(passages(long)) == 16
    assert len(passages(long, share=0.16)) == 4


def test_what_is_too_short_is_left_out() -> None:
    assert not passages([piece("song", Texture.FULL, beats=30)])


def test_rests_of_parts_are_no_notes() -> None:
    notes = [GridNote(start=BEAT * beat, pitch=60, duration=BEAT) for beat in range(0, 64, 2)]
    rests = [GridNote(start=BEAT * beat, pitch=-1, duration=BEAT) for beat in range(1, 64, 2)]
    tokens = with_borders(encode(sorted([*notes, *rests])))
    full = TOKEN_ENCODING.textures.index(Texture.FULL)
    silent = TokenPiece(corpus="", name="", style=0, texture=full, tokens=tokens, notes=32)
    (found,) = passages([silent])
    assert {note.pitch for note in (*found.prompt.notes, *found.human)} == {60}
    # The prompt is the first 28 of 63 beats; its last note ends after 27, a rest goes on.
    assert found.duration_s == pytest.approx((63 - 27) * 0.6)


def test_who_goes_on_as_the_composer_did_differs_in_nothing() -> None:
    """Real extensions by a model that knows the pieces, in every style and texture."""
    known = pieces()
    table = continuations(Knowing(known), known, share=0.04)
    assert list(table) == ["TopK", "Nucleus", "Random"]
    for found in table.values():
        assert found.pop("extensions") == len(PASSAGES)
        for name, figure in found.items():
            assert figure["extension"] == pytest.approx(figure["human"]), name
            assert figure["difference"] in (None, pytest.approx(0.0)), name


def test_who_knows_nothing_differs() -> None:
    """Anything that is allowed, drawn alike: out of key, in other rhythms, never repeated."""
    table = continuations(Knowing([]), pieces(), share=0.04)
    found = table["Random"]
    assert found["pitches"]["extension"] < 0.6
    assert found["durations"]["extension"] < 0.3
    assert found["starts_changed"]["extension"] > 3 * found["starts_changed"]["human"]


def test_a_silence_where_the_prompt_was_cut_is_told_apart() -> None:
    """Two bars of silence, a note, another silent bar, a note: of five bars three are empty."""
    (prompt,) = (p.prompt for p in passages([piece("piano", Texture.LINE, beats=60, bar=4)]))
    after = prompt.end_ticks // BAR_TICKS
    notes = [
        Note(start_ticks=(after + bar) * BAR_TICKS, pitch=60, duration_ticks=TICKS_PER_BEAT)
        for bar in (2, 4)
    ]

    assert MEASURES["empty_measures"](prompt, notes) == pytest.approx(3 / 5)
    assert MEASURES["empty_measures_between"](prompt, notes) == pytest.approx(1 / 3)


def test_progress_reaches_its_end() -> None:
    told: list[tuple[int, int]] = []
    known = pieces()
    continuations(
        Knowing(known), known, share=0.04, advance=lambda done, total: told.append((done, total))
    )
    total = 3 * len(PASSAGES)
    assert told == [(number + 1, total) for number in range(total)]


@pytest.mark.parametrize(
    ("pattern", "share", "share_of_rhythms"),
    [
        # Bars by the pitches of their four quarters; the prompt has A B C D.
        ("ABCD", 1.0, 1.0),
        ("EFGH", 0.0, 1.0),
        ("EEEEEEEE", 4 / 5, 1.0),
    ],
)
def test_patterns_of_four_bars_are_found_again(
    pattern: str, share: float, share_of_rhythms: float
) -> None:
    prompt = Melody(notes=_bars("ABCD", first=0))
    assert repeated(prompt, _bars(pattern, first=4)) == pytest.approx(share)
    rhythms = repeated(prompt, _bars(pattern, first=4), with_pitch=False)
    assert rhythms == pytest.approx(share_of_rhythms)


def test_three_bars_hold_no_pattern() -> None:
    assert np.isnan(repeated(Melody(notes=_bars("A", first=0)), _bars("BC", first=1)))


def _bars(letters: str, *, first: int) -> tuple[Note, ...]:
    return tuple(
        Note(
            start_ticks=(first + number) * BAR_TICKS + beat * TICKS_PER_BEAT,
            pitch=ord(letter) + beat,
            duration_ticks=TICKS_PER_BEAT,
        )
        for number, letter in enumerate(letters)
        for beat in range(4)
    )


def _first_pitches(passage: Passage) -> tuple[int, ...]:
    return tuple(note.pitch for note in passage.prompt.notes[:24])
