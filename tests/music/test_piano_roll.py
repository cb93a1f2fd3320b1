"""Piano rolls with an onset plane."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from firmware.music.notes import Note
from firmware.music.piano_roll import PianoRoll, notes_of_piano_roll, piano_roll, span_in_steps
from firmware.music.timing import tick_of_step, ticks_per_step

resolutions = st.sampled_from([1, 2, 4, 12, 24])


@st.composite
def grids(draw: st.DrawFn) -> tuple[int, tuple[Note, ...]]:
    """Notes on a grid of which no two overlap on a pitch, some of them repeated at once."""
    resolution = draw(resolutions)
    them: list[Note] = []
    for pitch in draw(st.sets(st.integers(0, 127), max_size=4)):
        step = 0
        for gap, length in draw(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 5)))):
            step += gap
            them.append(
                Note(
                    start_ticks=tick_of_step(step, resolution),
                    pitch=pitch,
                    duration_ticks=length * ticks_per_step(resolution),
                )
            )
            step += length
    return resolution, tuple(sorted(them))


@given(grid=grids())
def test_notes_on_the_grid_come_back_as_they_were_also_those_struck_again(
    grid: tuple[int, tuple[Note, ...]],
) -> None:
    resolution, them = grid
    assert notes_of_piano_roll(piano_roll(them, beat_resolution=resolution)) == them


def test_a_repeated_note_is_not_a_held_one() -> None:
    """The trap of a roll without an onset plane."""
    twice = [Note(start_ticks=t, pitch=60, duration_ticks=480) for t in (0, 480)]
    once = [Note(start_ticks=0, pitch=60, duration_ticks=960)]
    struck, held = piano_roll(twice, beat_resolution=2), piano_roll(once, beat_resolution=2)
    assert np.array_equal(struck.sounding, held.sounding)
    assert struck.onsets[:, 60].tolist() == [True, False, True, False]
    assert held.onsets[:, 60].tolist() == [True, False, False, False]


@given(start=st.integers(0, 5000), duration=st.integers(1, 2000), resolution=resolutions)
def test_every_note_however_short_takes_a_time_step_near_where_it_was_played(
    start: int, duration: int, resolution: int
) -> None:
    note = Note(start_ticks=start, pitch=60, duration_ticks=duration)
    first, end = span_in_steps(note, beat_resolution=resolution)
    assert first < end
    assert 2 * abs(tick_of_step(first, resolution) - start) <= ticks_per_step(resolution)


@given(grid=grids())
def test_onsets_are_a_part_of_what_sounds(grid: tuple[int, tuple[Note, ...]]) -> None:
    resolution, them = grid
    roll = piano_roll(them, beat_resolution=resolution)
    assert not (roll.onsets & ~roll.sounding).any()
    assert int(roll.onsets.sum()) == len(them)


def test_a_second_note_cuts_the_first_on_its_pitch() -> None:
    first = Note(start_ticks=0, pitch=60, duration_ticks=1920)
    second = Note(start_ticks=480, pitch=60, duration_ticks=480)
    found = notes_of_piano_roll(piano_roll([first, second], beat_resolution=1))
    assert [note.start_ticks for note in found] == [0, 480]
    assert found[0].duration_ticks == 480


def test_a_pitch_that_begins_without_an_onset_counts_as_struck() -> None:
    sounding = np.zeros((3, 128), dtype=np.bool_)
    sounding[1:, 64] = True
    roll = PianoRoll(sounding=sounding, onsets=np.zeros_like(sounding), beat_resolution=4)
    assert notes_of_piano_roll(roll, velocity=33) == (
        Note(start_ticks=120, pitch=64, duration_ticks=240, velocity=33),
    )


def test_no_notes_make_an_empty_roll() -> None:
    roll = piano_roll([], beat_resolution=4)
    assert roll.sounding.shape == (0, 128)
    assert notes_of_piano_roll(roll) == ()
