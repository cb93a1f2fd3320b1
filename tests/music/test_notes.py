"""Notes, melodies, compositions and what changed between them."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.errors import MusicError
from firmware.music.notes import Composition, Melody, Note, Track, changes

notes = st.builds(
    Note,
    start_ticks=st.integers(0, 4) | st.integers(0, 10**6),
    pitch=st.integers(60, 63) | st.integers(0, 127),
    duration_ticks=st.integers(1, 3) | st.integers(1, 10**5),
    velocity=st.integers(1, 127),
)
melodies = st.lists(notes, max_size=30).map(lambda them: Melody(notes=tuple(them)))


def composition_of(*tracks: tuple[Note, ...]) -> Composition:
    return Composition(tracks=tuple(Track(name="", notes=them) for them in tracks))


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("pitch", 128, "pitch must be in 0..127, got 128"),
        ("pitch", -1, "pitch must be in 0..127, got -1"),
        ("velocity", 0, "velocity must be in 1..127, got 0"),
        ("start_ticks", -1, "start_ticks must be 0 or more, got -1"),
        ("duration_ticks", 0, "duration_ticks must be 1 or more, got 0"),
    ],
)
def test_a_note_that_cannot_be_is_refused_with_the_rule_and_the_value(
    field: str, value: int, rule: str
) -> None:
    values = {"start_ticks": 0, "pitch": 60, "duration_ticks": 1, "velocity": 80, field: value}
    with pytest.raises(MusicError, match=rule):
        Note(**values)


@pytest.mark.parametrize("kind", [Melody, Composition])
@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({"tempo_bpm": 39.9}, "tempo_bpm must be in 40..220, got 39.9"),
        ({"tempo_bpm": 220.5}, "tempo_bpm must be in 40..220, got 220.5"),
        ({"tempo_bpm": float("nan")}, "tempo_bpm must be in 40..220, got nan"),
        ({"beats_per_bar": 0}, "beats_per_bar must be in 1..32, got 0"),
    ],
)
def test_a_piece_with_an_impossible_tempo_or_bar_is_refused(
    kind: type, values: dict[str, Any], rule: str
) -> None:
    content = {"notes": ()} if kind is Melody else {"tracks": ()}
    with pytest.raises(MusicError, match=rule):
        kind(**content, **values)


def test_a_track_with_an_impossible_program_is_refused() -> None:
    with pytest.raises(MusicError, match=r"program must be in 0..127, got 128"):
        Track(name="", notes=(), program=128)


@given(melody=melodies)
def test_notes_stand_in_order_however_they_were_given(melody: Melody) -> None:
    shuffled = melody.with_notes(reversed(melody.notes))
    assert shuffled == melody
    order = [(note.start_ticks, note.pitch) for note in melody.notes]
    assert order == sorted(order)


@given(first=melodies, second=melodies)
def test_a_composition_is_as_long_as_its_longest_track(first: Melody, second: Melody) -> None:
    composition = composition_of(first.notes, second.notes)
    assert composition.end_ticks == max(first.end_ticks, second.end_ticks)
    assert Counter(composition.notes) == Counter(first.notes + second.notes)


def test_a_composition_as_a_melody_has_no_drums_and_keeps_tempo_bars_and_name() -> None:
    note = Note(start_ticks=0, pitch=60, duration_ticks=480)
    hit = replace(note, pitch=36)
    composition = Composition(
        tracks=(
            Track(name="a", notes=(note,)),
            Track(name="b", notes=(note,)),
            Track(name="drums", notes=(hit,), is_drum=True),
        ),
        tempo_bpm=90.0,
        beats_per_bar=3,
        name="waltz",
    )
    expected = Melody(notes=(note, note), tempo_bpm=90.0, beats_per_bar=3, name="waltz")
    assert composition.as_melody() == expected
    assert expected.ticks_per_bar == 1440


def identities(them: tuple[Note, ...]) -> Counter[tuple[int, int, int]]:
    return Counter(note.identity for note in them)


@given(melody=melodies, other=melodies)
def test_kept_and_removed_make_the_melody_and_kept_and_added_the_composition(
    melody: Melody, other: Melody
) -> None:
    """Counted with repetitions: of two equal notes, one can be kept and one removed."""
    composition = composition_of(melody.notes[::2] + other.notes)
    found = changes(melody, composition)
    assert identities(found.kept + found.removed) == identities(melody.notes)
    assert identities(found.kept + found.added) == identities(composition.notes)
    assert not identities(found.added) & identities(found.removed)


def test_a_note_struck_harder_is_kept() -> None:
    note = Note(start_ticks=0, pitch=60, duration_ticks=480, velocity=40)
    found = changes(Melody(notes=(note,)), composition_of((replace(note, velocity=90),)))
    assert (len(found.kept), found.added, found.removed) == (1, (), ())
