"""A composition as messages: channels, programs, and no two strikes of a key that overlap."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from firmware.engine.schedule import (
    KEYBOARD_CHANNEL,
    key_moves,
    playable,
    schedule_of,
)
from firmware.midi.messages import DRUM_CHANNEL
from firmware.music.notes import Composition, Melody, Note, Track

notes = st.builds(
    Note,
    start_ticks=st.integers(0, 2000),
    pitch=st.integers(58, 62),
    duration_ticks=st.integers(1, 800),
    velocity=st.integers(1, 127),
)
tracks = st.builds(
    Track,
    name=st.just("track"),
    notes=st.lists(notes, max_size=12).map(tuple),
    program=st.integers(0, 127),
    is_drum=st.booleans(),
)
compositions = st.builds(Composition, tracks=st.lists(tracks, max_size=20).map(tuple))


def test_each_track_has_a_channel_and_drums_have_the_tenth() -> None:
    note = Note(start_ticks=0, pitch=60, duration_ticks=10)
    parts = [Track(name=str(i), notes=(note,), program=i) for i in range(11)]
    parts.insert(4, Track(name="drums", notes=(note,), program=8, is_drum=True))
    schedule = schedule_of(Composition(tracks=tuple(parts)))
    assert [p.channel for p in schedule.programs] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
    assert [p.program for p in schedule.programs] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 9, 10]


@given(composition=compositions)
def test_only_drums_are_on_the_drum_channel_and_nothing_on_the_keyboards(
    composition: Composition,
) -> None:
    schedule = schedule_of(composition)
    channels = {strike.channel for strike in schedule.strikes}
    assert KEYBOARD_CHANNEL not in channels
    has_drums = any(track.is_drum and track.notes for track in composition.tracks)
    assert (DRUM_CHANNEL in channels) == has_drums


@given(composition=compositions)
def test_on_one_channel_no_two_strikes_of_a_pitch_overlap(composition: Composition) -> None:
    ends: dict[tuple[int, int], int] = {}
    schedule = schedule_of(composition)
    for strike in schedule.strikes:
        key = (strike.channel, strike.pitch)
        assert strike.start_ticks >= ends.get(key, 0)
        assert strike.end_ticks > strike.start_ticks
        ends[key] = strike.end_ticks
    assert schedule.end_ticks == max(ends.values(), default=0)


@given(given_notes=st.lists(notes, max_size=30))
def test_what_is_playable_keeps_every_strike_and_is_playable_as_it_is(
    given_notes: Sequence[Note],
) -> None:
    kept = playable(given_notes)
    assert {(n.start_ticks, n.pitch) for n in kept} == {
        (n.start_ticks, n.pitch) for n in given_notes
    }
    assert playable(kept) == kept


def test_a_key_goes_up_before_it_goes_down_again() -> None:
    melody = Melody(
        notes=(
            Note(start_ticks=0, pitch=60, duration_ticks=480, velocity=70),
            Note(start_ticks=480, pitch=60, duration_ticks=480, velocity=90),
        )
    )
    assert key_moves(melody) == [
        (0, True, 60, 70),
        (480, False, 60, 0),
        (480, True, 60, 90),
        (960, False, 60, 0),
    ]
