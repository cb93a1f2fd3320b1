"""The bundled melodies are the tunes that people know."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.library.melodies import DEFAULT_MELODY, TUNES, Tune, bundled_melodies, melody_of
from firmware.music.timing import TICKS_PER_BEAT


def tune(text: str) -> Tune:
    return Tune(title="t", origin="", tempo_bpm=100.0, beats_per_bar=4, text=text)


def intervals(key: str) -> list[int]:
    pitches = [note.pitch for note in bundled_melodies()[key].notes]
    return [after - before for before, after in pairwise(pitches)]


def test_there_are_at_least_five_and_the_default_is_one_of_them() -> None:
    assert len(TUNES) >= 5
    assert DEFAULT_MELODY in TUNES


@pytest.mark.parametrize("key", TUNES)
def test_each_has_whole_bars_and_one_voice(key: str) -> None:
    """Its bars add up, it is 8 to 17 bars long, sings in a voice's range and never overlaps."""
    melody = bundled_melodies()[key]
    assert melody.end_ticks % melody.ticks_per_bar == 0
    assert 8 <= melody.end_ticks // melody.ticks_per_bar <= 17
    for note, following in pairwise(melody.notes):
        assert note.end_ticks <= following.start_ticks
    assert {note.pitch for note in melody.notes} <= set(range(55, 82))


@pytest.mark.parametrize(
    ("key", "opening"),
    [
        # Semitones from note to note, as anyone sings them.
        ("old-hundredth", [0, -1, -2, -2, 5, 2, 2]),
        ("nun-danket", [0, 0, 2, 0, -2, -3, 1, -1, -2]),
        ("o-haupt", [5, -2, -2, -1, -2, 2]),
        ("ode-to-joy", [0, 1, 2, 0, -2, -1, -2, -2, 0, 2, 2]),
        ("frere-jacques", [2, 2, -4, 0, 2, 2, -4, 4, 1, 2]),
        ("greensleeves", [3, 2, 2, 2, -2, -2, -3, -4]),
        ("fuer-elise", [-1, 1, -1, 1, -5, 3, -2, -3]),
    ],
)
def test_each_begins_as_people_know_it(key: str, opening: list[int]) -> None:
    assert intervals(key)[: len(opening)] == opening


def test_the_famous_syncopation_of_the_ode_is_tied_over_the_bar() -> None:
    melody = bundled_melodies()["ode-to-joy"]
    (across,) = [
        note
        for note in melody.notes
        if note.start_ticks // melody.ticks_per_bar != (note.end_ticks - 1) // melody.ticks_per_bar
    ]
    assert (across.pitch, across.duration_ticks) == (66, 2 * TICKS_PER_BEAT)
    assert across.start_ticks == 11 * melody.ticks_per_bar + 3 * TICKS_PER_BEAT


def test_signs_octaves_lengths_and_rests_are_read() -> None:
    melody = melody_of(tune("c4 c#4:0.5 db4:0.5 r b3 |"))
    assert [(n.pitch, n.start_ticks, n.duration_ticks) for n in melody.notes] == [
        (60, 0, 480),
        (61, 480, 240),
        (61, 720, 240),
        (59, 1440, 480),
    ]


@pytest.mark.parametrize("text", ["c4 c4 c4 |", "h4:4 |", "c:4 |", "c4:x |"])
def test_a_slip_of_the_pen_is_noticed(text: str) -> None:
    with pytest.raises(ValueError, match=r"bar ends|not a note|Fraction"):
        melody_of(tune(text))


@given(st.lists(st.tuples(st.integers(0, 127 - 12), st.integers(1, 16)), max_size=30))
def test_what_is_typed_is_what_sounds(typed: list[tuple[int, int]]) -> None:
    """Any melody of plain notes can be written in the notation and read back."""
    names = ("c", "c#", "d", "d#", "e", "f", "f#", "g", "g#", "a", "a#", "b")
    text = " ".join(f"{names[p % 12]}{p // 12}:{quarters / 4}" for p, quarters in typed)
    melody = melody_of(tune(text))
    assert [(n.pitch, n.duration_ticks) for n in melody.notes] == [
        (p + 12, quarters * 120) for p, quarters in typed
    ]
