"""Note-ons and note-offs become notes."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.midi.messages import ControlChange, MidiMessage, NoteOff, NoteOn, Realtime
from firmware.midi.pairing import NOTE_CONTROLS, NotePairer, PairedNote

pitches = st.integers(60, 63)
channels = st.integers(0, 1)
messages = st.one_of(
    st.builds(NoteOn, pitch=pitches, velocity=st.integers(0, 127), channel=channels),
    st.builds(NoteOff, pitch=pitches, channel=channels),
    st.builds(
        ControlChange,
        control=st.sampled_from((64, 64, 64, 120, 121, 123, 7)),
        value=st.sampled_from((0, 63, 64, 127)),
        channel=channels,
    ),
    st.just(Realtime.CLOCK),
)
performances = st.lists(st.tuples(st.integers(0, 3), messages), max_size=60)


def on(pitch: int, velocity: int = 80) -> NoteOn:
    return NoteOn(pitch=pitch, velocity=velocity)


def off(pitch: int) -> NoteOff:
    return NoteOff(pitch=pitch)


def pedal(value: int) -> ControlChange:
    return ControlChange(control=64, value=value)


def paired(*events: tuple[int, MidiMessage], has_pedal: bool = True) -> list[tuple[int, int, int]]:
    """(start, end, pitch) of what the events give; nothing may be left sounding."""
    pairer = NotePairer(has_pedal=has_pedal)
    ended = [note for now, message in events for note in pairer.feed(now, message)]
    assert not pairer.sounding
    return [(note.start, note.end, note.pitch) for note in ended]


def test_a_note_lasts_from_its_on_to_its_off_and_keeps_the_velocity_of_the_on() -> None:
    pairer = NotePairer()
    assert pairer.feed(10, on(60, 33)) == []
    assert pairer.sounding == {(0, 60)}
    assert pairer.feed(20, off(60)) == [PairedNote(start=10, end=20, pitch=60, velocity=33)]


def test_velocity_zero_is_an_off() -> None:
    assert paired((0, on(60)), (5, on(60, 0))) == [(0, 5, 60)]


def test_a_key_struck_again_ends_the_earlier_note() -> None:
    assert paired((0, on(60)), (5, on(60)), (9, off(60))) == [(0, 5, 60), (5, 9, 60)]


def test_on_before_off_at_one_instant_is_a_repeat_and_not_a_note_of_no_length() -> None:
    """As many files write a repeated note."""
    assert paired((0, on(60)), (5, on(60)), (5, off(60)), (9, off(60))) == [(0, 5, 60), (5, 9, 60)]


def test_a_note_of_no_length_is_a_note() -> None:
    assert paired((5, on(60)), (5, off(60))) == [(5, 5, 60)]


def test_the_pedal_holds_a_note_whose_key_is_up() -> None:
    events = ((0, pedal(127)), (1, on(60)), (2, off(60)), (7, pedal(0)))
    assert paired(*events) == [(1, 7, 60)]
    assert paired(*events, has_pedal=False) == [(1, 2, 60)]


def test_the_pedal_leaves_a_held_key_alone() -> None:
    assert paired((0, on(60)), (1, pedal(127)), (2, pedal(0)), (9, off(60))) == [(0, 9, 60)]


def test_a_note_that_the_pedal_holds_ends_when_it_is_struck_again() -> None:
    events = ((0, pedal(64)), (1, on(60)), (2, off(60)), (5, on(60)), (6, off(60)), (8, pedal(63)))
    assert paired(*events) == [(1, 5, 60), (5, 8, 60)]


def test_an_off_at_the_instant_of_a_strike_is_its_own_if_the_key_was_up() -> None:
    """The earlier note, which the pedal held, has had its off."""
    events = ((0, pedal(127)), (1, on(60)), (2, off(60)), (5, on(60)), (5, off(60)), (8, pedal(0)))
    assert paired(*events) == [(1, 5, 60), (5, 8, 60)]


@pytest.mark.parametrize(
    ("control", "pedal_is_down", "ends"),
    [(120, False, 5), (120, True, 5), (123, False, 5), (123, True, 9), (121, True, 7)],
)
def test_channel_mode_messages_end_notes_as_the_specification_says(
    control: int, *, pedal_is_down: bool, ends: int
) -> None:
    """All notes off (123) leaves to the pedal what it holds, all sound off (120) does not."""
    assert paired(
        (0, pedal(127 if pedal_is_down else 0)),
        (1, on(60)),
        (5, ControlChange(control=control, value=0)),
        (7, off(60)),
        (9, pedal(0)),
    ) == [(1, ends, 60)]


def test_all_notes_off_ends_a_note_struck_again_at_the_same_instant() -> None:
    assert paired((0, on(60)), (5, on(60)), (5, ControlChange(control=123, value=0))) == [
        (0, 5, 60),
        (5, 5, 60),
    ]


def test_channels_do_not_touch_each_other() -> None:
    pairer = NotePairer()
    pairer.feed(0, NoteOn(pitch=60, velocity=1, channel=0))
    pairer.feed(1, NoteOn(pitch=60, velocity=2, channel=1))
    assert [n.velocity for n in pairer.feed(2, NoteOff(pitch=60, channel=1))] == [2]
    assert pairer.sounding == {(0, 60)}


@given(performance=performances, has_pedal=st.booleans())
def test_every_strike_becomes_one_note_and_nothing_is_left_sounding(
    performance: list[tuple[int, MidiMessage]], *, has_pedal: bool
) -> None:
    """Whatever was sent; hanging notes are closed in the end."""
    pairer = NotePairer(has_pedal=has_pedal)
    now = 0
    struck: list[tuple[int, int, int]] = []
    notes: list[PairedNote] = []
    for wait, message in performance:
        now += wait
        if isinstance(message, NoteOn) and message.velocity:
            struck.append((now, message.pitch, message.velocity))
        notes += pairer.feed(now, message)
    notes += pairer.close_all(now)
    assert not pairer.sounding
    assert sorted((n.start, n.pitch, n.velocity) for n in notes) == sorted(struck)
    assert all(n.start <= n.end <= now for n in notes)


@given(performance=performances)
def test_on_one_channel_the_notes_of_a_key_follow_each_other(
    performance: list[tuple[int, MidiMessage]],
) -> None:
    pairer = NotePairer()
    now = 0
    notes: list[PairedNote] = []
    for wait, message in performance:
        now += wait
        if getattr(message, "channel", 0) == 0:
            notes += pairer.feed(now, message)
    notes += pairer.close_all(now)
    for pitch in {n.pitch for n in notes}:
        of_the_key = sorted(n for n in notes if n.pitch == pitch)
        assert all(before.end <= after.start for before, after in pairwise(of_the_key))


@given(control=st.integers(0, 127), value=st.integers(0, 127))
def test_only_the_controllers_of_the_table_can_end_a_note(control: int, value: int) -> None:
    pairer = NotePairer()
    pairer.feed(0, pedal(127))
    pairer.feed(1, on(60))
    pairer.feed(2, off(60))
    ended = pairer.feed(3, ControlChange(control=control, value=value))
    assert not ended or control in NOTE_CONTROLS
